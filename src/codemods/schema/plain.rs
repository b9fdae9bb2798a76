//! An ent that the ORM cannot have, as a plain table of Convex: what ents added to it is written out.

use super::Planner;
use super::facts::{Facts, PartKind};
use super::files::FileContext;
use super::pieces::{comment_text, pieces, verbatim, written};
use super::source::{Definition, Maker};
use super::tables::{line, object_of};
use crate::model::ty::EdgeEnd;
use crate::source::Span;
use crate::writing::code::{Code, Line};

impl Planner<'_> {
    /// The table as it is to stay: `None` where it stays word for word; `Some(None)` where it cannot be written.
    pub fn plain_code(&self, facts: &Facts, definition: &Definition, cx: &FileContext<'_>) -> Option<Option<Code>> {
        (definition.maker == Maker::Ents).then(|| self.as_plain(facts, definition, cx))
    }

    fn as_plain(&self, facts: &Facts, definition: &Definition, cx: &FileContext<'_>) -> Option<Code> {
        let module = self.workspace.hir(definition.file);
        let source = self.workspace.source(definition.file);
        let mut added: Vec<Line> = Vec::new();
        let mut indexes: Vec<String> = Vec::new();
        for (step, mut piece) in definition.steps.iter().zip(definition.step_pieces(self.workspace)) {
            let part = facts.parts.iter().find(|part| part.step.call == step.call)?;
            let index = |name: &str| format!(".index({0}, [{0}])", cx.style.string(name));
            let field = |name: &str, validator: Code| Code::field(name, validator, cx.style);
            let (kept, code) = match &part.kind {
                PartKind::Field { name, validator, default, index: field_index } => {
                    let inner = written(self.workspace, definition.file, *validator);
                    indexes.extend(field_index.map(|_| index(name)));
                    let validator_span = module.span(*validator);
                    let value = if default.is_some() { Code::call(format!("{}.optional", cx.v()), vec![inner]) } else { inner };
                    (Some(validator_span), Some(field(name, value)))
                }
                PartKind::Edges(edges) => {
                    let stored = edges.iter().find_map(|edge| match &edge.edge.end {
                        EdgeEnd::Field(name) => Some((edge, name)),
                        _ => None,
                    });
                    let code = stored.map(|(edge, name)| {
                        indexes.push(index(name));
                        let id = Code::text(format!("{}.id({})", cx.v(), cx.style.string(&edge.edge.to)));
                        field(name, if edge.optional { Code::call(format!("{}.optional", cx.v()), vec![id]) } else { id })
                    });
                    (None, code)
                }
                PartKind::Deletion => (None, Some(field("deletionTime", Code::text(format!("{0}.optional({0}.number())", cx.v()))))),
                PartKind::Index(_) => {
                    indexes.push(self.workspace.text(step.span).to_owned());
                    (Some(step.span), None)
                }
            };
            let lost = source.comments_in(step.span).iter().filter(|c| kept.is_none_or(|k| c.start < k.start || k.end < c.end));
            piece.leading.extend(lost.map(|comment| comment_text(source, comment)));
            match code {
                Some(code) => added.push(line(piece, code)),
                // Comments of a call that adds no field stand at the end of the fields.
                None if !piece.leading.is_empty() || piece.trailing.is_some() => {
                    let leading = piece.leading.into_iter().chain(piece.trailing).collect();
                    added.push(Line { blank_before: false, leading, code: None, trailing: None });
                }
                None => {}
            }
        }
        if let Some(base) = definition.base {
            // What a package defines takes no more fields.
            let head = Code::text(self.workspace.text(module.span(base)));
            let chained =
                || if indexes.is_empty() { head.clone() } else { Code::Chain { head: Box::new(head.clone()), calls: indexes.clone() } };
            return added.iter().all(|line| line.code.is_none()).then(chained);
        }
        let fields = definition.fields?;
        let define = cx.want("convex/server", "defineTable", "defineTable");
        let argument =
            if added.is_empty() { written(self.workspace, definition.file, fields) } else { self.with_fields(definition, added)? };
        let head = Code::call(define, vec![argument]);
        Some(if indexes.is_empty() { head } else { Code::Chain { head: Box::new(head), calls: indexes } })
    }

    /// The fields with more behind them.
    fn with_fields(&self, definition: &Definition, added: Vec<Line>) -> Option<Code> {
        let module = self.workspace.hir(definition.file);
        let source = self.workspace.source(definition.file);
        let mut fields = module.bare(definition.fields?);
        if let Some(inner) = object_of(self.workspace, definition.file, fields) {
            fields = module.bare(inner);
        }
        let Some(props) = module.as_object(fields) else {
            // A name: its fields are taken over, if it is an object of them.
            let is_object = matches!(self.infer.expr(definition.file, fields), crate::model::ty::Ty::Object(_));
            let spread = Line::of(Code::text(format!("...{}", self.workspace.text(module.span(fields)))));
            return is_object.then(|| Code::list("{", std::iter::once(spread).chain(added).collect(), "}", true, true));
        };
        let span = module.span(fields);
        let inside = Span { start: span.start + 1, end: span.end.saturating_sub(1), ..span };
        let spans: Vec<Span> = props.iter().map(|prop| module.at(prop.start, prop.end)).collect();
        let (comments, dangling) = pieces(source, inside, &spans);
        let mut lines: Vec<Line> = spans.iter().zip(comments).map(|(span, piece)| line(piece, verbatim(self.workspace, *span))).collect();
        lines.extend(added);
        if !dangling.is_empty() {
            lines.push(Line { blank_before: false, leading: dangling, code: None, trailing: None });
        }
        Some(Code::list("{", lines, "}", true, true))
    }
}

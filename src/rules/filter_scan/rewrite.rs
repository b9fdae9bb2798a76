//! Turns a plan into edits: the range where the filter stood, what is left of the filter, the index that it needs.

use crate::edit::Edit;
use crate::model::Workspace;
use crate::model::hir::{BindingId, ExprId, ExprKind, Module, TypeNode};
use crate::model::layout::join;
use crate::model::queries::{IndexUse, Step, StepKind, Term, callback};
use crate::model::{DbQuery, hir};
use crate::rule::Cx;
use crate::rules::filter_scan::plan::{Assertion, Chosen, Filter, Plan, Source, op_of, takes_any};
use crate::source::{FileId, SourceFile, Span};
use crate::style::indent_at;
use crate::writing::imports::{Imports, specifier};
use crate::writing::index_range::{Callback, Moved, StepPlace};
use crate::writing::table_index::add_index;

/// The longest code that a message quotes.
const SHOWN: usize = 100;

/// The edits, and whether they lose a comment.
pub(super) struct Rewrite {
    pub edits: Vec<Edit>,
    /// The new step or bounds, where they fit on one short line.
    pub shown: Option<String>,
    pub drops_comment: bool,
    /// A parameter's annotation is left out, and where it came from the compiler may miss it.
    pub drops_annotation: bool,
}

/// `None` where the query is not written in one piece, or the new text could mean something else.
pub(super) fn rewrite(plan: &Plan<'_>, query: &DbQuery, filters: &[Filter<'_>], cx: &Cx<'_>) -> Option<Rewrite> {
    let writer = Writer::new(plan, query, filters, cx.workspace)?;
    let mut imports = Imports::new(writer.source, writer.module, writer.style());
    let id_name = id_type(plan, writer.file, &mut imports, cx)?;
    let writer = Writer { id_name, ..writer };
    if writer.captures() {
        return None;
    }
    let mut edits = match &plan.index {
        Chosen::Same(..) => writer.extend()?,
        Chosen::Other(name, _) => writer.replace(name),
        Chosen::New(name, fields) => {
            let mut edits = writer.replace(name);
            edits.extend(add_index(cx.workspace, cx.project, plan.table, name, fields)?);
            edits
        }
    };
    edits.extend(imports.into_edits());
    edits.sort();
    let drops_comment = edits.iter().any(|edit| {
        let source = cx.workspace.source(edit.span.file);
        source.comments_in(edit.span).iter().any(|comment| !edit.text.contains(source.comment_text(comment)))
    });
    let shown = Some(writer.shown()).filter(|text| text.chars().count() <= SHOWN && !text.contains('\n'));
    Some(Rewrite { edits, shown, drops_comment, drops_annotation: writer.drops_annotation })
}

/// The name of the type of ids in the file, imported if need be; `None` where it cannot be had. Empty where no value needs it.
fn id_type(plan: &Plan<'_>, file: FileId, imports: &mut Imports<'_>, cx: &Cx<'_>) -> Option<String> {
    if !plan.asserts_ids() {
        return Some(String::new());
    }
    let path = &cx.workspace.source(file).path;
    let root = cx.workspace.layout.roots.get(cx.workspace.layout.root_of(path)?)?;
    let from = specifier(path, &join(&root.functions, "_generated/dataModel"));
    imports.of_type(&from, "Id")
}

struct Writer<'a> {
    plan: &'a Plan<'a>,
    query: &'a DbQuery,
    filters: &'a [Filter<'a>],
    workspace: &'a Workspace,
    source: &'a SourceFile,
    module: &'a Module,
    file: FileId,
    /// The call of `db.query`.
    origin: ExprId,
    /// The parameter of the first filter's callback, which becomes that of a new range.
    param: BindingId,
    params: String,
    drops_annotation: bool,
    /// What the type of ids is called in the file.
    id_name: String,
}

impl<'a> Writer<'a> {
    fn new(plan: &'a Plan<'a>, query: &'a DbQuery, filters: &'a [Filter<'a>], workspace: &'a Workspace) -> Option<Self> {
        let first = filters.first()?.step;
        let (source, module) = (workspace.source(first.file), workspace.hir(first.file));
        let origin = origin_under(module, first, query)?;
        let Parameter { binding: param, written, plain } = parameter(module, source, module.call(first.call)?.args.first()?.value)?;
        // What the compiler did not check in the old range, it does not check in the new one.
        let is_any = query.index().is_some_and(|(step, index)| index.range_expr.is_some() && takes_any(module, step.call, 1));
        let drops_annotation = !is_any && plain != written;
        let params = if is_any { format!("({}: any)", module.binding(param).name) } else { plain };
        let id_name = String::new();
        Some(Self { plan, query, filters, workspace, source, module, file: first.file, origin, param, params, drops_annotation, id_name })
    }

    /// Whether a value would mean something else where it is written now: what it calls by the name of a parameter.
    fn captures(&self) -> bool {
        let own =
            |value: ExprId| self.filters.iter().find(|f| self.module.span(f.step.call).contains(self.module.span(value))).map(|f| f.param);
        let is_first = |value: ExprId| own(value) == Some(self.param);
        self.values().any(|value| !is_first(value) && self.names(value, &self.module.binding(self.param).name))
    }

    /// The values that move into the range.
    fn values(&self) -> impl Iterator<Item = ExprId> {
        self.plan.bounds.iter().filter_map(|b| if let Source::Term(compare, _) = b { Some(compare.value) } else { None })
    }

    /// Puts the new bounds behind those that the query's own range has.
    fn extend(&self) -> Option<Vec<Edit>> {
        let (own, index) = self.query.index()?;
        let new = self.plan.bounds.iter().filter(|b| matches!(b, Source::Term(..)));
        let calls: Vec<String> = new.map(|b| self.bound(b)).collect();
        let edit = match index.range_expr {
            Some(range) => self.longer_range(own, index, range, &calls)?,
            None => self.first_range(index, &calls)?,
        };
        Some(std::iter::once(edit).chain(self.shorter_filters(None)).collect())
    }

    fn longer_range(&self, own: &Step, index: &IndexUse, range: ExprId, calls: &[String]) -> Option<Edit> {
        let (param, body) = callback(self.module, range)?;
        let name = &self.module.binding(param).name;
        if self.values().any(|value| self.names(value, name)) {
            return None;
        }
        let body = self.module.bare(body);
        let dot = self.module.method_span(body).map(|span| self.dot(span));
        let break_before = dot.map(|dot| self.line_before(dot)).unwrap_or_default();
        if break_before.is_empty() && self.overflows(self.module.span(body), calls) {
            return Some(self.broken_range(body, name, calls));
        }
        let step = self.with_dot(own.span);
        if !self.line_before(step.start).is_empty() && self.overflows(step, calls) {
            let params = parameter(self.module, self.source, range)?.written;
            let all: Vec<String> = self.plan.bounds.iter().map(|b| self.bound(b)).collect();
            let index_name = self.source.slice(self.module.span(index.name_expr?));
            let text = self.place(step).with_index(index_name, &Callback { params: &params, name }, &all);
            return Some(Edit::replace(step, text));
        }
        let text: String = calls.iter().map(|call| format!("{break_before}{call}")).collect();
        Some(Edit::insert_after(self.module.span(body), text))
    }

    /// Whether the calls do not fit on the line of what stands there, which has the line for itself.
    fn overflows(&self, body: Span, calls: &[String]) -> bool {
        let text = &*self.source.text;
        let has_own_line = !self.line_before(body.start).is_empty() && !self.source.slice(body).contains('\n');
        let more: usize = calls.iter().map(|call| call.chars().count()).sum();
        let width = indent_at(text, body.start).chars().count() + self.source.slice(body).chars().count() + more;
        has_own_line && width >= self.style().width
    }

    /// The range with a line for each bound.
    fn broken_range(&self, body: ExprId, name: &str, calls: &[String]) -> Edit {
        let mut old = Vec::new();
        let mut at = body;
        while let Some((_, object, _)) = self.module.method(at) {
            let span = Span { start: self.module.span(object).end, ..self.module.span(at) };
            old.push(self.source.slice(span));
            at = self.module.bare(object);
        }
        let span = self.module.span(body);
        let newline = self.style().newline;
        let deeper = self.style().deeper(indent_at(&self.source.text, span.start));
        let bounds = old.into_iter().rev().chain(calls.iter().map(|c| &**c));
        Edit::replace(span, bounds.fold(name.to_owned(), |range, bound| format!("{range}{newline}{deeper}{bound}")))
    }

    fn first_range(&self, index: &IndexUse, calls: &[String]) -> Option<Edit> {
        let name = self.module.span(index.name_expr?);
        let q = &self.module.binding(self.param).name;
        Some(Edit::insert_after(name, format!(", {} => {q}{}", self.params, calls.concat())))
    }

    /// Writes `.withIndex`: in place of the index in use or of the scan, else of a filter, else behind `db.query(…)`.
    fn replace(&self, name: &str) -> Vec<Edit> {
        let calls: Vec<String> = self.plan.bounds.iter().map(|b| self.bound(b)).collect();
        let name = self.name_like_table(name);
        let own = self.query.steps.iter().find(|s| matches!(s.kind, StepKind::Index(_) | StepKind::FullTableScan));
        if let Some(own) = own {
            let span = self.with_dot(own.span);
            let text = self.place(span).with_index(&name, &self.callback(), &calls);
            return std::iter::once(Edit::replace(span, text)).chain(self.shorter_filters(None)).collect();
        }
        // All start with the bracket that closes `db.query(…)`, so that two fixes of one query cannot both be made.
        let close = Span { start: self.module.span(self.origin).end - 1, ..self.module.span(self.origin) };
        let first = self.first_step();
        let span = self.with_dot(first.span);
        let line = self.line_before(span.start);
        if let Some((filter, rest)) = self.changed().find(|(f, _)| f.step.call == first.call) {
            let place = self.place(span);
            let between = self.source.slice(Span { end: span.start, ..close });
            let index = place.with_index(&name, &self.callback(), &calls);
            let rest = if rest.is_empty() { String::new() } else { format!("{line}{}", self.filter_text(&place, filter, rest)) };
            let edit = Edit::replace(Span { end: span.end, ..close }, format!("{between}{index}{rest}"));
            return std::iter::once(edit).chain(self.shorter_filters(Some(first))).collect();
        }
        let place = StepPlace { may_break: !line.is_empty(), ..self.place(Span { end: span.start, ..span }) };
        let index = place.with_index(&name, &self.callback(), &calls);
        let edit = Edit::replace(close, format!("{}{line}{index}", self.source.slice(close)));
        std::iter::once(edit).chain(self.shorter_filters(None)).collect()
    }

    /// The filters that lose terms, with those that stay.
    fn changed(&self) -> impl Iterator<Item = (&'a Filter<'a>, &'a [&'a Term])> {
        self.filters.iter().zip(&self.plan.rests).map(|(f, rest)| (f, &**rest)).filter(|(f, rest)| rest.len() < f.terms.len())
    }

    /// The filters with the terms that stay, or without them where there are none.
    fn shorter_filters(&self, but: Option<&Step>) -> Vec<Edit> {
        let others = self.changed().filter(|(f, _)| but.is_none_or(|but| but.call != f.step.call));
        others.map(|(filter, rest)| self.shorter_filter(filter, rest)).collect()
    }

    fn shorter_filter(&self, filter: &Filter<'_>, rest: &[&Term]) -> Edit {
        let span = self.with_dot(filter.step.span);
        if rest.is_empty() {
            // What stands before the `.` goes along, but for comments.
            let before = self.source.slice(Span { end: span.start, ..filter.step.span });
            let kept = before.trim_end().len() as u32;
            return Edit::delete(Span { start: filter.step.span.start + kept, ..span });
        }
        Edit::replace(span, self.filter_text(&self.place(span), filter, rest))
    }

    fn filter_text(&self, place: &StepPlace<'_>, filter: &Filter<'_>, rest: &[&Term]) -> String {
        let text = |t: &&Term| {
            let span = self.module.span(t.expr);
            Moved { text: self.source.slice(span), indent: indent_at(&self.source.text, span.start) }
        };
        let terms: Vec<Moved<'_>> = rest.iter().map(text).collect();
        let argument = self.module.call(filter.step.call).and_then(|c| c.args.first());
        let params = argument.and_then(|a| parameter(self.module, self.source, a.value)).map_or_else(|| self.params.clone(), |p| p.written);
        place.filter(&Callback { params: &params, name: &self.module.binding(filter.param).name }, &terms)
    }

    /// What is new, on one line.
    fn shown(&self) -> String {
        match &self.plan.index {
            Chosen::Same(..) => self.plan.bounds.iter().filter(|b| matches!(b, Source::Term(..))).map(|b| self.bound(b)).collect(),
            Chosen::Other(name, _) | Chosen::New(name, _) => {
                let range: String = self.plan.bounds.iter().map(|b| self.bound(b)).collect();
                let callback = self.callback();
                format!(".withIndex({}, {} => {}{range})", self.name_like_table(name), callback.params, callback.name)
            }
        }
    }

    /// `.eq("email", email)`
    fn bound(&self, bound: &Source<'_>) -> String {
        let text = |id: ExprId| self.source.slice(self.module.span(id));
        match bound {
            Source::Old(bound) => format!(".{}({}, {})", bound.op, text(bound.field_expr), text(bound.value)),
            Source::Term(compare, assertion) => {
                let asserted = match assertion {
                    Assertion::None => String::new(),
                    Assertion::Present => "!".to_owned(),
                    Assertion::Id(table) => format!(" as {}<{}>", self.id_name, self.name_like_table(table)),
                };
                format!(".{}({}, {}{asserted})", op_of(compare), text(compare.field_expr), text(compare.value))
            }
        }
    }

    fn callback(&self) -> Callback<'_> {
        Callback { params: &self.params, name: &self.module.binding(self.param).name }
    }

    fn style(&self) -> &'a crate::style::Style {
        self.workspace.style(self.file)
    }

    fn place(&self, step: Span) -> StepPlace<'a> {
        let was_broken = self.source.slice(step).contains('\n');
        StepPlace::at(&self.source.text, self.style(), step.start, was_broken)
    }

    /// The step after `db.query(…)`.
    fn first_step(&self) -> &'a Step {
        let is_first = |s: &&Step| self.module.method(s.call).is_some_and(|(_, object, _)| self.module.bare(object) == self.origin);
        self.query.steps.iter().find(is_first).unwrap_or(self.filters[0].step)
    }

    /// The line break and the indent that stand before a `.`, if it starts a line.
    fn line_before(&self, dot: u32) -> String {
        let text = &*self.source.text;
        let indent = indent_at(text, dot);
        let starts_line = text[..dot as usize].strip_suffix(indent).is_some_and(|before| before.ends_with('\n'));
        if starts_line { format!("{}{indent}", self.style().newline) } else { String::new() }
    }

    /// The step without what stands before its `.`.
    fn with_dot(&self, step: Span) -> Span {
        Span { start: self.dot(step), ..step }
    }

    /// Where the `.` of a step stands: after white space and comments.
    fn dot(&self, step: Span) -> u32 {
        let text = self.source.text.as_bytes();
        let mut at = step.start;
        while at < step.end {
            if let Some(comment) = self.source.comment_over(at) {
                at = comment.end;
            } else if text[at as usize].is_ascii_whitespace() {
                at += 1;
            } else {
                break;
            }
        }
        at
    }

    /// The name in the quotes that the table's name has.
    fn name_like_table(&self, name: &str) -> String {
        let table = self.module.call(self.origin).and_then(|c| c.args.first()).map(|a| self.source.slice(self.module.span(a.value)));
        match table.and_then(|t| t.chars().next()) {
            Some(quote @ ('"' | '\'')) => format!("{quote}{name}{quote}"),
            _ => self.style().string(name),
        }
    }

    /// Whether something in the expression is called by the name.
    fn names(&self, expr: ExprId, name: &str) -> bool {
        self.module.within(expr).any(|id| match self.module.expr(id) {
            ExprKind::Local(binding) => *self.module.binding(*binding).name == *name,
            ExprKind::Global(global) => **global == *name,
            _ => false,
        })
    }
}

/// The call of `db.query` that the step stands on, where nothing but the query's own calls stands between them.
pub(super) fn origin_under(module: &Module, step: &Step, query: &DbQuery) -> Option<ExprId> {
    let mut at = step.call;
    loop {
        if (step.file, at) == query.origin {
            return Some(at);
        }
        let (call, object, _) = module.method(at)?;
        let is_optional = call.optional || matches!(module.expr(module.bare(call.callee)), ExprKind::Member { optional: true, .. });
        if is_optional {
            return None;
        }
        at = module.bare(object);
    }
}

/// The parameter of a callback as it is written.
struct Parameter {
    binding: BindingId,
    /// With its brackets and annotation.
    written: String,
    /// As it may stand on a range, too: without the type of a filter's builder.
    plain: String,
}

fn parameter(module: &Module, source: &SourceFile, callback: ExprId) -> Option<Parameter> {
    let func = module.func(module.as_func(callback)?);
    let param = func.params.first()?;
    let binding = param.bindings.0;
    let is_any = |ty: hir::TypeId| matches!(module.ty(ty), TypeNode::Keyword(hir::Keyword::Any));
    let text = source.slice(module.at(param.start, param.end));
    let written = if func.is_arrow && func.start == param.start { text.to_owned() } else { format!("({text})") };
    let plain = if param.ty.is_none_or(is_any) { written.clone() } else { format!("({})", module.binding(binding).name) };
    Some(Parameter { binding, written, plain })
}

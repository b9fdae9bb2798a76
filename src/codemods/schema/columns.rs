//! From a validator to a column: `v.optional(v.string())` becomes `text()`.
//!
//! What has no builder of its own is kept word for word in `custom(…)`, which stores exactly what the validator admits.

use super::names::Names;
use super::pieces::{pieces, written};
use crate::codemod::{Nullable, Target};
use crate::model::Workspace;
use crate::model::hir::{ExprId, Key, Name, Prop, PropKind};
use crate::model::infer::Infer;
use crate::model::ty::{Literal, Ty};
use crate::source::{FileId, Span};
use crate::style::Style;
use crate::writing::code::{Code, Line};

/// A column as it will be written.
#[derive(Clone, Debug)]
pub struct Column {
    /// `text()`, `custom(…)`.
    pub head: Code,
    pub not_null: bool,
    /// `.default(…)`, `.references(…)`.
    pub calls: Vec<String>,
    /// Its validator cannot be told, so that whether it may be absent cannot be either.
    pub is_opaque: bool,
}

/// What the rest of the table asks of a column.
#[derive(Clone, Debug, Default)]
pub struct Demands {
    /// It is the field of a vector index of so many dimensions, as written.
    pub vector: Option<String>,
    /// It is the field of a search index.
    pub is_searched: bool,
}

/// How an id is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdColumn {
    /// `custom(v.id("users"))`.
    Plain,
    /// `id("users")`.
    ForeignKey,
    /// `text()`.
    Text,
}

pub struct ColumnWriter<'a> {
    pub workspace: &'a Workspace,
    pub infer: &'a Infer<'a>,
    pub names: &'a Names,
    pub style: &'a Style,
    pub nullable: Nullable,
    pub target: Target,
}

impl Column {
    pub fn new(head: Code) -> Self {
        Self { head, not_null: true, calls: Vec::new(), is_opaque: false }
    }

    pub fn code(self) -> Code {
        let not_null = self.not_null.then(|| ".notNull()".to_owned());
        let calls: Vec<String> = not_null.into_iter().chain(self.calls).collect();
        if calls.is_empty() { self.head } else { Code::Chain { head: Box::new(self.head), calls } }
    }
}

impl ColumnWriter<'_> {
    /// The column that stores what the validator admits. `id` says how an id of a table is written.
    pub fn column(&self, file: FileId, whole: ExprId, demands: &Demands, id: &dyn Fn(&Name) -> IdColumn) -> Column {
        let module = self.workspace.hir(file);
        let mut inner = module.bare(whole);
        let mut is_optional = false;
        let mut is_null = false;
        loop {
            let found = self.validator(file, inner);
            match found.as_ref().map(|(kind, args)| (*kind, &args[..])) {
                Some(("optional", [only])) => {
                    is_optional = true;
                    inner = module.bare(*only);
                }
                Some(("union", members)) if members.iter().any(|member| self.is_null(file, *member)) => {
                    let rest: Vec<ExprId> = members.iter().copied().filter(|member| !self.is_null(file, *member)).collect();
                    match &rest[..] {
                        [only] => {
                            is_null = true;
                            inner = module.bare(*only);
                        }
                        // Of nothing but null, or of more than a builder can say.
                        _ if self.strings(file, &rest).is_none() => break,
                        _ => {
                            is_null = true;
                            break;
                        }
                    }
                }
                _ => break,
            }
        }
        if is_null && !is_optional && self.nullable == Nullable::Exact {
            return Column::new(self.custom(file, whole));
        }
        let Some(head) = self.head(file, inner, demands, id) else { return self.kept(file, whole, inner, is_optional || is_null) };
        // What is dropped around it, or made anew, may not take a comment with it.
        let dropped = match head.keeps {
            Some(kept) => self.comments_outside(file, whole, kept),
            None => self.comments_outside(file, whole, Span::new(file, 0, 0)),
        };
        if dropped {
            return Column::new(self.custom(file, whole));
        }
        Column { not_null: !is_optional && !is_null, ..Column::new(head.code) }
    }

    /// `custom(…)` around what no builder says.
    fn kept(&self, file: FileId, whole: ExprId, inner: ExprId, is_nullable: bool) -> Column {
        let module = self.workspace.hir(file);
        if self.comments_outside(file, whole, module.span(inner)) {
            return Column::new(self.custom(file, whole));
        }
        let is_opaque = !matches!(self.infer.expr(file, inner), Ty::Validator(ref validator) if !validator.ty.is_unknown());
        Column { not_null: !is_nullable, is_opaque, ..Column::new(self.custom(file, inner)) }
    }

    fn custom(&self, file: FileId, id: ExprId) -> Code {
        Code::call(self.names.orm("custom"), vec![written(self.workspace, file, id)])
    }

    fn head(&self, file: FileId, inner: ExprId, demands: &Demands, id: &dyn Fn(&Name) -> IdColumn) -> Option<Head> {
        let simple = |name: &'static str| Some(Head { code: Code::text(format!("{}()", self.names.orm(name))), keeps: None });
        let ty = match self.infer.expr(file, inner) {
            Ty::Validator(validator) if !validator.optional => validator.ty.clone(),
            _ => Ty::Unknown,
        };
        if let Some(dimensions) = &demands.vector
            && matches!(&ty, Ty::Array(element) if **element == Ty::Number)
        {
            return Some(Head { code: Code::text(format!("{}({dimensions})", self.names.orm("vector"))), keeps: None });
        }
        if let Some((kind, args)) = self.validator(file, inner) {
            let found = match (kind, &args[..]) {
                ("string", []) => simple("text"),
                ("number" | "float64", []) => simple("integer"),
                ("boolean", []) => simple("boolean"),
                ("int64" | "bigint", []) => simple("bigint"),
                ("bytes", []) => simple("bytes"),
                ("any", []) => Some(Head { code: Code::text(format!("{}<any>()", self.names.orm("json"))), keeps: None }),
                ("id", [table]) => self.id_head(file, *table, &ty, id),
                ("literal", [_]) => self.enumeration(file, inner, &[inner]),
                ("union", members) => self.enumeration(file, inner, members),
                ("array", [element]) if self.target == Target::Since011 => self.array(file, inner, *element, id),
                ("object", [fields]) if self.target == Target::Since011 => self.object(file, inner, *fields, id),
                _ => None,
            };
            if found.is_some() {
                return found;
            }
        }
        if demands.is_searched {
            let constants: Option<Vec<String>> = ty.members().iter().map(|m| m.as_str().map(|text| self.style.string(text))).collect();
            return match (&ty, constants) {
                (Ty::String, _) => simple("text"),
                (_, Some(values)) => {
                    let list =
                        Code::List { open: "[".to_owned(), items: values.into_iter().map(Code::Text).collect(), close: "]", braces: false };
                    Some(Head { code: Code::call(self.names.orm("textEnum"), vec![list]), keeps: None })
                }
                _ => None,
            };
        }
        None
    }

    /// `arrayOf(…)`, where a builder says what the elements are.
    fn array(&self, file: FileId, whole: ExprId, element: ExprId, id: &dyn Fn(&Name) -> IdColumn) -> Option<Head> {
        let element = self.nested(file, whole, element, id)?;
        Some(Head { code: Code::call(self.names.orm("arrayOf"), vec![element]), keeps: None })
    }

    /// `objectOf({ … })`, where builders say what the fields are, and none may be absent: it has no word for that.
    fn object(&self, file: FileId, whole: ExprId, fields: ExprId, id: &dyn Fn(&Name) -> IdColumn) -> Option<Head> {
        let module = self.workspace.hir(file);
        let field = |prop: &Prop| match &prop.key {
            Key::Name(name) if prop.kind == PropKind::KeyValue => {
                Some(Code::field(name, self.nested(file, whole, prop.value, id)?, self.style))
            }
            _ => None,
        };
        let fields: Vec<Code> = module.as_object(fields)?.iter().map(field).collect::<Option<_>>()?;
        (!fields.is_empty()).then(|| Head { code: Code::call(self.names.orm("objectOf"), vec![Code::object(fields)]), keeps: None })
    }

    /// A column inside of another: a builder, never `custom`, of something that is always there.
    fn nested(&self, file: FileId, whole: ExprId, inner: ExprId, id: &dyn Fn(&Name) -> IdColumn) -> Option<Code> {
        if !self.workspace.source(file).comments_in(self.workspace.hir(file).span(whole)).is_empty() {
            return None;
        }
        let found = self.validator(file, inner);
        if found.is_some_and(|(kind, members)| kind == "union" && members.iter().any(|member| self.is_null(file, *member))) {
            return None;
        }
        let plain = |name: &Name| if id(name) == IdColumn::Text { IdColumn::Text } else { IdColumn::Plain };
        let head = self.head(file, self.workspace.hir(file).bare(inner), &Demands::default(), &plain)?;
        Some(Column::new(head.code).code())
    }

    fn id_head(&self, file: FileId, table: ExprId, ty: &Ty, id: &dyn Fn(&Name) -> IdColumn) -> Option<Head> {
        let Ty::Id(target) = ty else { return None };
        let span = self.workspace.hir(file).span(table);
        let text = self.workspace.text(span);
        match id(target) {
            IdColumn::Plain => None,
            IdColumn::ForeignKey => Some(Head { code: Code::text(format!("{}({text})", self.names.orm("id"))), keeps: Some(span) }),
            IdColumn::Text => Some(Head { code: Code::text(format!("{}()", self.names.orm("text"))), keeps: None }),
        }
    }

    /// `textEnum([…])` for a union of string literals.
    fn enumeration(&self, file: FileId, whole: ExprId, members: &[ExprId]) -> Option<Head> {
        let module = self.workspace.hir(file);
        let members: Vec<ExprId> = members.iter().copied().filter(|member| !self.is_null(file, *member)).collect();
        let values = self.strings(file, &members)?;
        let open = format!("{}([", self.names.orm("textEnum"));
        let spans: Vec<Span> = members.iter().map(|member| module.span(*member)).collect();
        let around = module.span(whole);
        let comments = self.workspace.source(file).comments_in(around);
        if comments.is_empty() {
            let items = values.into_iter().map(Code::Text).collect();
            let list = Code::List { open: "[".to_owned(), items, close: "]", braces: false };
            return Some(Head { code: Code::call(self.names.orm("textEnum"), vec![list]), keeps: None });
        }
        // Comments inside of a member would go with it.
        if comments.iter().any(|c| spans.iter().any(|s| s.start <= c.start && c.end <= s.end)) {
            return None;
        }
        let (pieces, dangling) = pieces(self.workspace.source(file), around, &spans);
        let mut lines: Vec<Line> = values
            .into_iter()
            .zip(pieces)
            .map(|(value, piece)| Line { leading: piece.leading, trailing: piece.trailing, ..Line::of(Code::text(value)) })
            .collect();
        if !dangling.is_empty() {
            lines.push(Line { blank_before: false, leading: dangling, code: None, trailing: None });
        }
        Some(Head { code: Code::Block { open, lines, close: "])" }, keeps: Some(around) })
    }

    /// The literals as written, where all members are string literals.
    fn strings(&self, file: FileId, members: &[ExprId]) -> Option<Vec<String>> {
        if members.is_empty() {
            return None;
        }
        let literal = |member: &ExprId| {
            let (kind, args) = self.validator(file, *member)?;
            let value = *args.first().filter(|_| kind == "literal")?;
            let is_string = matches!(self.infer.expr(file, value), Ty::Literal(Literal::Str(_), _));
            is_string.then(|| self.workspace.text(self.workspace.hir(file).span(value)).to_owned())
        };
        members.iter().map(literal).collect()
    }

    fn is_null(&self, file: FileId, id: ExprId) -> bool {
        self.validator(file, id).is_some_and(|(kind, args)| kind == "null" && args.is_empty())
    }

    /// `v.kind(arguments)`.
    fn validator(&self, file: FileId, id: ExprId) -> Option<(&str, Vec<ExprId>)> {
        validator_call(self.workspace, file, id)
    }

    /// Whether a comment stands in the expression, but not in what is kept of it.
    fn comments_outside(&self, file: FileId, whole: ExprId, kept: Span) -> bool {
        let span = self.workspace.hir(file).span(whole);
        self.workspace.source(file).comments_in(span).iter().any(|c| c.start < kept.start || kept.end < c.end)
    }
}

struct Head {
    code: Code,
    /// The part of the source whose comments are in the code.
    keeps: Option<Span>,
}

/// `v.kind(arguments)`, no argument spread.
pub fn validator_call(workspace: &Workspace, file: FileId, id: ExprId) -> Option<(&str, Vec<ExprId>)> {
    let module = workspace.hir(file);
    let call = module.call(module.bare(id))?;
    let kind = module.validator_method(call)?;
    let args: Vec<ExprId> = call.args.iter().filter(|arg| !arg.spread).map(|arg| arg.value).collect();
    (args.len() == call.args.len()).then_some((kind, args))
}

//! Queries on the database: the table, the steps of the chain, what ends it.

use super::hir::{ExprId, ExprKind, FuncId, Module, Name, Parent};
use super::infer::Infer;
use super::order::{self, OrderSeen};
use super::ty::{Chain, Ty};
use crate::source::{FileId, Span};

/// One chain from `db.query(…)` to what is made of it. A query held in a variable that is ended twice is two of these.
#[derive(Debug)]
pub struct DbQuery {
    /// The file of the chain's last call.
    pub file: FileId,
    /// The last call of the chain: its terminator, or its last step.
    pub call: ExprId,
    /// The whole chain, as far as it is written in one piece.
    pub span: Span,
    /// `None` where the table is not known.
    pub table: Option<Name>,
    /// The call of `db.query`.
    pub origin: (FileId, ExprId),
    pub steps: Vec<Step>,
    pub end: End,
    /// The function that the last call stands in.
    pub func: Option<FuncId>,
    /// Where something depends on the order in which the rows come; `None` where surely nothing does.
    pub order_seen: Option<OrderSeen>,
}

#[derive(Debug)]
pub struct Step {
    pub file: FileId,
    pub call: ExprId,
    /// From the `.` to the closing bracket.
    pub span: Span,
    pub kind: StepKind,
}

#[derive(Debug)]
pub enum StepKind {
    Index(IndexUse),
    /// `.withSearchIndex`.
    Search(IndexUse),
    FullTableScan,
    Filter(Predicate),
    Order,
    Other,
}

/// `.withIndex("name", (q) => q.eq("field", value)…)`.
#[derive(Debug)]
pub struct IndexUse {
    /// `None` where it is not a constant.
    pub name: Option<Name>,
    pub name_expr: Option<ExprId>,
    pub range: Range,
    /// The function that builds the range.
    pub range_expr: Option<ExprId>,
}

#[derive(Debug)]
pub enum Range {
    /// No range: the whole index.
    None,
    /// Every bound was read.
    Bounds(Vec<Bound>),
    /// A range that was not read.
    Unknown,
}

#[derive(Debug)]
pub struct Bound {
    /// `eq`, `gt`, `gte`, `lt`, `lte`, `search`.
    pub op: Name,
    pub field: Name,
    pub field_expr: ExprId,
    pub value: ExprId,
}

/// What a `.filter` asks.
#[derive(Debug)]
pub enum Predicate {
    /// All of these hold.
    All(Vec<Term>),
    /// Written in a way that is not read: statements, a function from elsewhere.
    Opaque,
}

#[derive(Debug)]
pub struct Term {
    /// The whole term, as written.
    pub expr: ExprId,
    /// `q.eq(q.field("f"), value)` and its kin, read from left to right.
    pub compare: Option<Compare>,
}

#[derive(Debug)]
pub struct Compare {
    /// `eq`, `neq`, `gt`, `gte`, `lt`, `lte`.
    pub op: Name,
    pub field: Name,
    pub field_expr: ExprId,
    pub value: ExprId,
    /// What the value is known to be.
    pub value_ty: Ty,
    /// What the compiler takes it for: it believes assertions, and forgets conditions on members inside of a callback.
    pub compiled_ty: Ty,
    /// The field is on the right: `q.gt(5, q.field("age"))`.
    pub flipped: bool,
}

/// What becomes of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Collect,
    /// The first argument.
    Take(Option<ExprId>),
    First,
    Unique,
    Paginate,
    /// `for await (… of query)`.
    Iterated,
    /// Kept, returned, handed on: not known.
    Open,
}

impl DbQuery {
    pub fn index(&self) -> Option<(&Step, &IndexUse)> {
        self.steps.iter().find_map(|s| match &s.kind {
            StepKind::Index(index) => Some((s, index)),
            _ => None,
        })
    }

    pub fn is_search(&self) -> bool {
        self.steps.iter().any(|s| matches!(s.kind, StepKind::Search(_)))
    }

    pub fn is_ordered(&self) -> bool {
        self.steps.iter().any(|s| matches!(s.kind, StepKind::Order))
    }

    pub fn filters(&self) -> impl Iterator<Item = (&Step, &Predicate)> {
        self.steps.iter().filter_map(|s| match &s.kind {
            StepKind::Filter(predicate) => Some((s, predicate)),
            _ => None,
        })
    }

    /// Whether the whole chain is one expression, from `db.query(…)` to its end.
    pub fn is_in_one_piece(&self, module: &Module) -> bool {
        let mut at = self.call;
        loop {
            if (self.file, at) == self.origin {
                return true;
            }
            match module.method(at) {
                Some((_, object, _)) => at = module.bare(object),
                None => return false,
            }
        }
    }
}

/// The queries of one file, in source order of their last calls.
pub(super) fn read(infer: &Infer<'_>, file: FileId) -> Vec<DbQuery> {
    let module = infer.hir(file);
    let mut found = Vec::new();
    for (id, call) in module.calls() {
        let Some((_, object, method)) = module.method(id) else { continue };
        if let Some(end) = terminator(method, call.args.first().map(|a| a.value)) {
            let base = infer.expr(file, object);
            for chain in chains(&base) {
                found.push(query(infer, file, id, chain, end));
            }
            continue;
        }
        // A function that returns a query is a query where it returns it.
        if !is_step(method) {
            continue;
        }
        let ty = infer.expr(file, id);
        if let Ty::Query(chain) = &ty
            && let Some(end) = unended(infer, file, id)
        {
            found.push(query(infer, file, id, chain, end));
        }
    }
    found
}

fn is_step(method: &str) -> bool {
    matches!(method, "query" | "withIndex" | "withSearchIndex" | "fullTableScan" | "filter" | "order" | "limit")
}

fn terminator(method: &str, argument: Option<ExprId>) -> Option<End> {
    Some(match method {
        "collect" => End::Collect,
        "take" => End::Take(argument),
        "first" => End::First,
        "unique" => End::Unique,
        "paginate" => End::Paginate,
        _ => return None,
    })
}

/// The chains that a value may be; none where it may be anything else: a wrapper's `.collect()` is its own.
fn chains(ty: &Ty) -> Vec<&Chain> {
    let members = ty.members().iter().filter(|m| !matches!(m, Ty::Null | Ty::Undefined));
    let chains = members.map(|m| if let Ty::Query(chain) = m { Some(&**chain) } else { None });
    chains.collect::<Option<Vec<&Chain>>>().unwrap_or_default()
}

/// What becomes of a chain that no method is called on; `None` where a later call or a variable goes on with it.
fn unended(infer: &Infer<'_>, file: FileId, id: ExprId) -> Option<End> {
    use super::hir::Place;
    let module = infer.hir(file);
    match module.meaningful_parent(id) {
        (Parent::Expr(parent), child) => match module.expr(parent) {
            ExprKind::Member { object, .. } if *object == child => None,
            // The variable is followed.
            ExprKind::Assign { .. } | ExprKind::Cond { .. } => None,
            _ => Some(End::Open),
        },
        (Parent::Stmt { place: Place::Iterated, .. }, _) => Some(End::Iterated),
        (Parent::Stmt { place: Place::Init(first, end), .. }, _) => {
            let used = module.bindings_in((first, end)).any(|b| !module.binding(b).uses.is_empty());
            if used { None } else { Some(End::Open) }
        }
        _ => Some(End::Open),
    }
}

fn query(infer: &Infer<'_>, file: FileId, call: ExprId, chain: &Chain, end: End) -> DbQuery {
    let module = infer.hir(file);
    let steps: Vec<Step> = chain.steps.iter().filter_map(|(file, call)| step(infer, *file, *call)).collect();
    let mut start = module.span(call);
    let mut at = call;
    while let Some((_, object, _)) = module.method(at) {
        start.start = module.span(object).start;
        if (file, module.bare(object)) == chain.origin {
            break;
        }
        at = module.bare(object);
    }
    let func = module.enclosing_func(call);
    let ordered = steps.iter().find(|s| matches!(s.kind, StepKind::Order)).map(|s| s.span);
    let order_seen = order::of_query(infer, file, call, end, ordered);
    DbQuery { file, call, span: start, table: chain.table.clone(), origin: chain.origin, steps, end, func, order_seen }
}

fn step(infer: &Infer<'_>, file: FileId, id: ExprId) -> Option<Step> {
    let module = infer.hir(file);
    let (call, _, method) = module.method(id)?;
    let argument = |i: usize| call.args.get(i).map(|a| a.value);
    let kind = match &**method {
        "withIndex" => StepKind::Index(index_use(infer, file, argument(0), argument(1))),
        "withSearchIndex" => StepKind::Search(index_use(infer, file, argument(0), argument(1))),
        "fullTableScan" => StepKind::FullTableScan,
        "filter" => StepKind::Filter(argument(0).map_or(Predicate::Opaque, |p| predicate(infer, file, p))),
        "order" => StepKind::Order,
        _ => StepKind::Other,
    };
    Some(Step { file, call: id, span: module.method_span(id)?, kind })
}

fn index_use(infer: &Infer<'_>, file: FileId, name: Option<ExprId>, range: Option<ExprId>) -> IndexUse {
    let text = name.and_then(|n| infer.expr(file, n).as_str().cloned());
    let read = range.map_or(Range::None, |r| bounds(infer, file, r).map_or(Range::Unknown, Range::Bounds));
    IndexUse { name: text, name_expr: name, range: read, range_expr: range }
}

/// Reads `(q) => q.eq("a", x).gt("b", y)`; `None` where it is anything else.
fn bounds(infer: &Infer<'_>, file: FileId, range: ExprId) -> Option<Vec<Bound>> {
    let module = infer.hir(file);
    let (param, body) = callback(module, range)?;
    let mut at = module.bare(body);
    let mut bounds = Vec::new();
    loop {
        if is_local(module, at, param) {
            bounds.reverse();
            return Some(bounds);
        }
        let (call, object, op) = module.method(at)?;
        let [field, value] = &*call.args else { return None };
        if field.spread || value.spread {
            return None;
        }
        let name = infer.expr(file, field.value).as_str()?.clone();
        bounds.push(Bound { op: op.clone(), field: name, field_expr: field.value, value: value.value });
        at = module.bare(object);
    }
}

/// Reads `(q) => q.and(q.eq(q.field("a"), x), …)`.
fn predicate(infer: &Infer<'_>, file: FileId, callback: ExprId) -> Predicate {
    let module = infer.hir(file);
    let Some((param, body)) = self::callback(module, callback) else { return Predicate::Opaque };
    let mut terms = Vec::new();
    let mut queue = vec![body];
    while let Some(at) = queue.pop() {
        let at = module.bare(at);
        match module.method(at) {
            Some((call, object, op)) if is_local(module, object, param) && &**op == "and" && call.args.iter().all(|a| !a.spread) => {
                queue.extend(call.args.iter().rev().map(|a| a.value));
            }
            Some((call, object, op)) if is_local(module, object, param) => {
                terms.push(Term { expr: at, compare: compare(infer, file, call, op, param) });
            }
            _ => terms.push(Term { expr: at, compare: None }),
        }
    }
    Predicate::All(terms)
}

fn compare(infer: &Infer<'_>, file: FileId, call: &super::hir::Call, op: &Name, param: super::hir::BindingId) -> Option<Compare> {
    if !matches!(&**op, "eq" | "neq" | "gt" | "gte" | "lt" | "lte") {
        return None;
    }
    let module = infer.hir(file);
    let [left, right] = &*call.args else { return None };
    if left.spread || right.spread {
        return None;
    }
    let field = |id: ExprId| {
        let (call, object, name) = module.method(module.bare(id))?;
        let [path] = &*call.args else { return None };
        let is_field = is_local(module, object, param) && &**name == "field";
        is_field.then(|| infer.expr(file, path.value).as_str().cloned()).flatten().map(|name| (name, path.value))
    };
    let (field, value, flipped) = match (field(left.value), field(right.value)) {
        (Some(field), None) => (field, right.value, false),
        (None, Some(field)) => (field, left.value, true),
        _ => return None,
    };
    let (value_ty, compiled_ty) = (infer.at_once(file, value), compiled(infer, file, value));
    Some(Compare { op: op.clone(), field: field.0, field_expr: field.1, value, value_ty, compiled_ty, flipped })
}

fn compiled(infer: &Infer<'_>, file: FileId, id: ExprId) -> Ty {
    use super::hir::{Cast, Keyword, TypeNode};
    let module = infer.hir(file);
    match module.expr(id) {
        ExprKind::Paren(inner) => compiled(infer, file, *inner),
        ExprKind::Cast { value, kind } => match kind {
            Cast::As(ty) if matches!(module.ty(*ty), TypeNode::Keyword(Keyword::Any)) => Ty::Any,
            Cast::As(ty) => infer.ty(file, *ty),
            Cast::NonNull => compiled(infer, file, *value).non_null(),
            Cast::Satisfies(_) | Cast::Const => infer.expr(file, id),
        },
        ExprKind::Member { object, property, optional: false } => infer.member(file, &infer.expr(file, *object).non_null(), property),
        _ => infer.expr(file, id),
    }
}

/// The parameter and the value of `(q) => value` or `(q) => { return value; }`.
pub fn callback(module: &Module, id: ExprId) -> Option<(super::hir::BindingId, ExprId)> {
    let func = module.func(module.as_func(id)?);
    let param = func.params.first().filter(|p| p.is_name)?;
    Some((param.bindings.0, func.body.value()?))
}

fn is_local(module: &Module, id: ExprId, binding: super::hir::BindingId) -> bool {
    matches!(module.expr(module.bare(id)), ExprKind::Local(b) if *b == binding)
}

//! Whether something is done again and again: in a loop over elements, or in a callback that is called for each.

use super::calls::{Callee, PlatformCall};
use super::graph::Edge;
use super::hir::{
    Binary, Binding, BindingId, BindingKind, Body, Call, ExprId, ExprKind, FuncId, Loop, Module, Name, Parent, Step, Stmt, Unary,
};
use super::infer::Infer;
use super::promises::is_promise_all;
use super::queries::{DbQuery, End};
use super::ty::{Literal, Ty};
use crate::source::FileId;

/// What repeats.
#[derive(Clone, Copy, Debug)]
pub struct Repetition<'m> {
    /// The array or query that is gone through; `None` for a loop that counts.
    pub subject: Option<ExprId>,
    pub body: Repeated<'m>,
    /// The function that is called for each, or that the loop stands in.
    pub func: FuncId,
    /// What the head of a loop declares.
    bindings: (BindingId, BindingId),
    /// Where it begins.
    pub start: u32,
    pub end: u32,
}

#[derive(Clone, Copy, Debug)]
pub enum Repeated<'m> {
    /// The statements of a loop.
    Loop(&'m [Stmt]),
    /// A callback.
    Callback(FuncId),
}

/// A function that is called for each element of a list, with nothing in between: `list.map(callback)`, and `asyncMap(list, callback)` of
/// convex-helpers, which waits for the list, and for what comes of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    pub call: ExprId,
    pub list: ExprId,
    pub callback: ExprId,
    /// It is a promise of all results, and not a list of them.
    pub waits: bool,
}

/// A read, a run or a call of a function of the project that is made for each of many.
#[derive(Debug)]
pub struct Repeat {
    pub file: FileId,
    /// The call.
    pub at: ExprId,
    pub over: Over,
    /// The most that there are, where that is known.
    pub most: Option<Most>,
}

/// What is gone through.
#[derive(Clone, Debug, PartialEq)]
pub enum Over {
    /// Documents of the table.
    Rows(Name),
    /// Ids of documents of the table.
    Ids(Name),
    /// Lists: the work was cut into pieces before.
    Lists,
    /// A list that is written out.
    Fixed,
    /// Values of another kind, or not known.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Most {
    /// `.take(n)`, `.slice(0, n)`.
    Number(f64),
    /// `.take(n)` of a number that is not known.
    Some,
    /// A page of a query.
    Page,
}

/// The repeated calls of one file, in source order.
pub(super) fn read(infer: &Infer<'_>, file: FileId, calls: &[PlatformCall], queries: &[DbQuery], edges: &[Edge]) -> Vec<Repeat> {
    let module = infer.hir(file);
    let asked = |call: &&PlatformCall| match &call.callee {
        Callee::Db(method) => &**method == "get",
        Callee::Context(part) => matches!(&**part, "runQuery" | "runMutation" | "runAction"),
        _ => false,
    };
    let calls = calls.iter().filter(asked).map(|c| c.call);
    let queries = queries.iter().filter(|q| q.end != End::Open).map(|q| q.call);
    let edges = edges.iter().filter(|e| !e.is_callback).map(|e| e.at);
    let repeat = |at: ExprId| {
        let around = around(module, at)?;
        let (over, most) =
            around.subject.map_or((Over::Other, None), |subject| (over(infer, file, subject), most(infer, file, subject, 0)));
        Some(Repeat { file, at, over, most })
    };
    let mut found: Vec<Repeat> = calls.chain(queries).chain(edges).filter_map(repeat).collect();
    found.sort_by_key(|r| r.at);
    found.dedup_by_key(|r| r.at);
    found
}

fn over(infer: &Infer<'_>, file: FileId, subject: ExprId) -> Over {
    let ty = infer.expr(file, subject).awaited().non_null();
    if matches!(ty, Ty::Tuple(_)) {
        return Over::Fixed;
    }
    let element = infer.element(&ty).awaited().non_null();
    let mut members = element.members().iter().map(|m| match m {
        Ty::Doc(table) => Over::Rows(table.clone()),
        Ty::Id(table) => Over::Ids(table.clone()),
        Ty::Array(_) | Ty::Tuple(_) => Over::Lists,
        _ => Over::Other,
    });
    match members.next() {
        Some(first) if members.all(|m| m == first) => first,
        _ => Over::Other,
    }
}

fn most(infer: &Infer<'_>, file: FileId, subject: ExprId, depth: u32) -> Option<Most> {
    let module = infer.hir(file);
    if depth > 8 {
        return None;
    }
    let deeper = |expr| most(infer, file, expr, depth + 1);
    match module.expr(module.bare_awaited(subject)) {
        ExprKind::Local(binding) => match module.binding(*binding) {
            Binding { kind: BindingKind::Const(Some(init)), path, .. } => match &**path {
                [] => deeper(*init),
                [Step::Key(name)] if &**name == "page" => Some(Most::Page),
                _ => None,
            },
            _ => None,
        },
        ExprKind::Member { property, .. } if &**property == "page" => Some(Most::Page),
        ExprKind::Binary { left, .. } => deeper(*left),
        ExprKind::Call(call) => {
            let number = |at: usize| match call.args.get(at).map(|a| infer.expr(file, a.value)) {
                Some(Ty::Literal(Literal::Num(number), _)) => Most::Number(number),
                _ => Most::Some,
            };
            let (_, object, method) = module.method(module.bare_awaited(subject))?;
            match &**method {
                "take" => Some(number(0)),
                "slice" if call.args.len() == 2 => Some(number(1)),
                "filter" | "map" | "sort" | "toSorted" | "reverse" | "toReversed" => deeper(object),
                "all" => deeper(call.args.first()?.value),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Methods that call back once for each element.
const EACH: [&str; 6] = ["map", "forEach", "flatMap", "filter", "some", "every"];

/// The innermost repetition that the expression is part of, in the function that it stands in or around its callbacks.
///
/// A `while` that goes on until something is done is none: it does not go through elements.
pub fn around(module: &Module, expr: ExprId) -> Option<Repetition<'_>> {
    let mut at = expr;
    loop {
        let (root, func) = root_of(module, at)?;
        let stmts = match &module.func(func).body {
            Body::Block { stmts, .. } => &stmts[..],
            _ => &[],
        };
        if let Some(found) = innermost(module, func, stmts, module.span(root).start) {
            return found;
        }
        let function = module.func(func).expr?;
        let (Parent::Expr(call), child) = module.meaningful_parent(function) else { return None };
        let inner = module.call(call)?;
        let place = inner.args.iter().position(|a| a.value == child)?;
        let method = module.method(call);
        let is_each = method.is_some_and(|(_, _, method)| place == 0 && EACH.contains(&&**method));
        let is_async_map = place == 1 && is_async_map(module, inner);
        if is_each || is_async_map {
            let subject = if is_async_map { inner.args.first().map(|a| a.value) } else { method.map(|(_, object, _)| object) };
            let span = module.span(function);
            let bindings = (BindingId(0), BindingId(0));
            return Some(Repetition { subject, body: Repeated::Callback(func), func, bindings, start: span.start, end: span.end });
        }
        // A callback of another kind is part of what is around it.
        at = call;
    }
}

/// The expression that the statement holds, and the function around it.
fn root_of(module: &Module, expr: ExprId) -> Option<(ExprId, FuncId)> {
    let mut at = expr;
    loop {
        match module.parent(at) {
            Parent::Expr(up) => at = up,
            Parent::Stmt { func, .. } => return Some((at, func?)),
        }
    }
}

/// `Some(None)` for a loop that goes on until something is done.
fn innermost<'m>(module: &'m Module, func: FuncId, stmts: &'m [Stmt], place: u32) -> Option<Option<Repetition<'m>>> {
    stmts.iter().find_map(|stmt| {
        let within = |list: &'m [Stmt]| innermost(module, func, list, place);
        match stmt {
            Stmt::Loop { kind, heads, body, start, end, bindings } => {
                if place < *start || place >= *end {
                    return None;
                }
                let in_head = heads.iter().any(|head| {
                    let span = module.span(*head);
                    span.start <= place && place < span.end
                });
                if in_head {
                    return None;
                }
                if let Some(inner) = within(body) {
                    return Some(inner);
                }
                let subject = match kind {
                    Loop::Of { .. } | Loop::In => heads.first().copied(),
                    Loop::While { .. } if counts_by_one(module, heads) => None,
                    Loop::While { .. } => return Some(None),
                };
                Some(Some(Repetition { subject, body: Repeated::Loop(body), func, bindings: *bindings, start: *start, end: *end }))
            }
            Stmt::If { yes, no, .. } => within(yes).or_else(|| within(no)),
            Stmt::Block(stmts) => within(stmts),
            Stmt::Switch { cases, .. } => cases.iter().find_map(|c| within(&c.body)),
            Stmt::Try { block, handler, finalizer } => {
                within(block).or_else(|| handler.as_ref().and_then(|h| within(h))).or_else(|| within(finalizer))
            }
            _ => None,
        }
    })
}

/// `…; i < n; i++`, and nothing else decides.
fn counts_by_one(module: &Module, heads: &[ExprId]) -> bool {
    let steps = heads.iter().any(|head| matches!(module.expr(*head), ExprKind::Unary { op: Unary::Update, .. }));
    let compares = heads.iter().any(|head| matches!(module.expr(*head), ExprKind::Binary { op: Binary::Compare, .. }));
    steps && compares
}

/// `asyncMap` of convex-helpers, by whatever name.
fn is_async_map(module: &Module, call: &Call) -> bool {
    module.is_of_package(call.callee, "convex-helpers", "asyncMap")
}

impl Mapping {
    /// What the call goes through, if it is such a call.
    pub fn of(module: &Module, call: ExprId) -> Option<Self> {
        let called = module.call(call)?;
        let (list, callback, waits) = match (&*called.args, module.method(call)) {
            ([callback], Some((_, list, method))) if &**method == "map" => (list, callback, false),
            ([list, callback], _) if !list.spread && is_async_map(module, called) => (list.value, callback, true),
            _ => return None,
        };
        (!callback.spread).then_some(Self { call, list, callback: callback.value, waits })
    }

    /// The one whose callback a function is.
    pub fn by(module: &Module, func: FuncId) -> Option<Self> {
        let callback = module.func(func).expr?;
        let (Parent::Expr(call), child) = module.meaningful_parent(callback) else { return None };
        Self::of(module, call).filter(|mapping| mapping.callback == child)
    }

    /// The promise of all results: `Promise.all(list.map(…))`.
    pub fn all(&self, module: &Module) -> Option<ExprId> {
        if self.waits {
            return Some(self.call);
        }
        let Parent::Expr(all) = module.parent(self.call) else { return None };
        is_promise_all(module, all).then_some(all)
    }
}

impl Repetition<'_> {
    /// The name of an element, where it has one.
    pub fn element<'m>(&self, module: &'m Module) -> Option<&'m Binding> {
        match self.body {
            Repeated::Loop(_) => {
                let mut names = module.bindings_in(self.bindings).map(|id| module.binding(id));
                names.find(|b| matches!(b.kind, BindingKind::Element(of) if Some(of) == self.subject))
            }
            Repeated::Callback(func) => Some(module.binding(module.func(func).params.first()?.bindings.0)),
        }
    }

    /// Whether a place of the file lies in it.
    pub fn holds(&self, start: u32) -> bool {
        self.start <= start && start < self.end
    }
}

//! Whether something is done again and again: in a loop over elements, or in a callback that is called for each.

use super::hir::{Binding, BindingKind, Body, ExprId, ExprKind, FuncId, Loop, Module, Parent, Stmt, Unary};

/// What repeats.
#[derive(Clone, Copy, Debug)]
pub struct Repetition<'m> {
    /// The array or query that is gone through; `None` for a loop that counts.
    pub subject: Option<ExprId>,
    pub body: Repeated<'m>,
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
        if let Some(found) = innermost(module, stmts, module.span(root).start) {
            return Some(found);
        }
        let function = module.func(func).expr?;
        let (Parent::Expr(call), child) = module.meaningful_parent(function) else { return None };
        let inner = module.call(call)?;
        let place = inner.args.iter().position(|a| a.value == child)?;
        let method = module.method(call);
        let is_each = method.is_some_and(|(_, _, method)| place == 0 && EACH.contains(&&**method));
        let is_async_map = matches!(module.expr(inner.callee), ExprKind::Local(b) if &*module.binding(*b).name == "asyncMap") && place == 1;
        if is_each || is_async_map {
            let subject = if is_async_map { inner.args.first().map(|a| a.value) } else { method.map(|(_, object, _)| object) };
            let span = module.span(function);
            return Some(Repetition { subject, body: Repeated::Callback(func), start: span.start, end: span.end });
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

fn innermost<'m>(module: &'m Module, stmts: &'m [Stmt], place: u32) -> Option<Repetition<'m>> {
    stmts.iter().find_map(|stmt| {
        let within = |list: &'m [Stmt]| innermost(module, list, place);
        match stmt {
            Stmt::Loop { kind, heads, body, start, end, .. } => {
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
                    Loop::While { .. } if heads.iter().any(|head| counts_by_one(module, *head)) => None,
                    Loop::While { .. } => return None,
                };
                Some(Repetition { subject, body: Repeated::Loop(body), start: *start, end: *end })
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

fn counts_by_one(module: &Module, head: ExprId) -> bool {
    matches!(module.expr(head), ExprKind::Unary { op: Unary::Update, .. })
}

impl Repetition<'_> {
    /// The name of an element, where it has one.
    pub fn element<'m>(&self, module: &'m Module) -> Option<&'m Binding> {
        match self.body {
            Repeated::Loop(_) => module.bindings.iter().find(|b| matches!(b.kind, BindingKind::Element(of) if Some(of) == self.subject)),
            Repeated::Callback(func) => Some(module.binding(module.func(func).params.first()?.bindings.0)),
        }
    }

    /// Whether a place of the file lies in it.
    pub fn holds(&self, start: u32) -> bool {
        self.start <= start && start < self.end
    }
}

//! What becomes of a promise: is it awaited, returned, kept, or lost?
//!
//! Goes by syntax alone: a promise that is given away to anything else counts as kept.

use super::hir::{Binary, BindingId, ExprId, ExprKind, FuncId, Module, Parent, Place, Unary};

/// How a promise is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// A statement throws it away; the expression that an `await` belongs before.
    Discarded(ExprId),
    /// It is stored in a name that nothing reads; likewise.
    Unused(ExprId, BindingId),
    /// A callback returns it to `forEach`, which throws it away: the call of `forEach`.
    ForEach(ExprId),
    /// A callback returns it to `map`, and nothing takes the array of promises: the call of `map`.
    Mapped(ExprId),
}

/// How the promise that the expression yields is lost, if it is.
pub fn lost(module: &Module, promise: ExprId) -> Option<Lost> {
    let mut child = promise;
    // What an `await` would stand before, once an operator makes that something else than the whole.
    let mut inner = None;
    loop {
        let up = match module.parent(child) {
            Parent::Expr(up) => up,
            Parent::Stmt { place, func, .. } => {
                let at = inner.unwrap_or(child);
                return match place {
                    Place::Discarded => Some(Lost::Discarded(at)),
                    Place::Returned => returned(module, func?),
                    Place::Init(first, end) if func.is_some() => {
                        let mut names = module.bindings_in((first, end));
                        let (name, None) = (names.next()?, names.next()) else { return None };
                        let binding = module.binding(name);
                        let is_unused = binding.uses.is_empty() && binding.writes.is_empty() && binding.path.is_empty();
                        is_unused.then_some(Lost::Unused(at, name))
                    }
                    _ => None,
                };
            }
        };
        child = match module.expr(up) {
            ExprKind::Paren(_) | ExprKind::Cast { .. } => up,
            ExprKind::Binary { op: Binary::And | Binary::Or | Binary::Coalesce, right, .. } if *right == child => {
                inner = inner.or(Some(child));
                up
            }
            ExprKind::Cond { test, .. } if *test != child => {
                inner = inner.or(Some(child));
                up
            }
            ExprKind::Sequence(parts) if parts.last() != Some(&child) => return Some(Lost::Discarded(inner.unwrap_or(child))),
            ExprKind::Member { property, .. } if matches!(&**property, "then" | "catch" | "finally") => match module.parent(up) {
                Parent::Expr(call) if module.call(call).is_some_and(|c| c.callee == up) => call,
                _ => return None,
            },
            ExprKind::Array(_) => match module.parent(up) {
                Parent::Expr(call) if joins(module, call) => call,
                _ => return None,
            },
            ExprKind::Call(_) if joins(module, up) => up,
            ExprKind::Unary { op: Unary::Void, .. } => return None,
            _ => return None,
        };
    }
}

/// How the promise of an async function is lost that is a callback, if it is.
pub fn returned(module: &Module, func: FuncId) -> Option<Lost> {
    let expr = module.func(func).expr?;
    let Parent::Expr(call) = module.parent(expr) else { return None };
    let (inner, _, method) = module.method(call)?;
    if inner.args.first().is_none_or(|a| a.value != expr) {
        return None;
    }
    match &**method {
        "forEach" => Some(Lost::ForEach(call)),
        "map" => match module.parent(call) {
            Parent::Stmt { place: Place::Discarded, .. } => Some(Lost::Mapped(call)),
            _ => None,
        },
        _ => None,
    }
}

/// `Promise.all(list)`.
pub fn is_promise_all(module: &Module, call: ExprId) -> bool {
    let Some((called, object, method)) = module.method(call) else { return false };
    let is_promise = matches!(module.expr(module.bare(object)), ExprKind::Global(name) if &**name == "Promise");
    is_promise && &**method == "all" && called.args.len() == 1
}

/// `Promise.all(…)` and its kin.
fn joins(module: &Module, call: ExprId) -> bool {
    let Some((_, object, method)) = module.method(call) else { return false };
    let is_promise = matches!(module.expr(object), ExprKind::Global(name) if &**name == "Promise");
    is_promise && matches!(&**method, "all" | "allSettled" | "race" | "any")
}

//! Whether a callback changes nothing that stands around it, so that nobody can tell in which order several of them went on.

use crate::model::hir::{BindingId, ExprId, ExprKind, FuncId, Module, Unary};

pub fn is_alone(module: &Module, callback: FuncId) -> bool {
    let (start, end) = (module.func(callback).start, module.func(callback).end);
    let is_inside = |binding: BindingId| {
        let at = module.binding(binding).start;
        start <= at && at < end
    };
    let is_own = |id: ExprId| root(module, id).is_none_or(is_inside);
    module.exprs_of(callback).all(|(id, kind)| match kind {
        // What a pattern assigns to is not said.
        ExprKind::Assign { target, .. } => target.is_some_and(is_own),
        ExprKind::Unary { op: Unary::Update | Unary::Delete, operand } => is_own(*operand),
        ExprKind::Call(call) => match module.method(id) {
            Some((_, object, method)) => !CHANGING.contains(&&**method) || is_own(object),
            // A function of the one around may do so in its place.
            None => match module.expr(module.bare(call.callee)) {
                ExprKind::Local(function) => module.is_of_module(*function) || is_inside(*function),
                _ => true,
            },
        },
        ExprKind::Opaque(_) => false,
        _ => true,
    })
}

/// The name that a chain of members, calls and indexes begins with.
pub fn root(module: &Module, id: ExprId) -> Option<BindingId> {
    match module.expr(module.bare(id)) {
        ExprKind::Local(binding) => Some(*binding),
        ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => root(module, *object),
        ExprKind::Call(call) => root(module, call.callee),
        _ => None,
    }
}

/// Methods of lists, maps, sets and dates that change them.
const CHANGING: &[&str] =
    &["add", "clear", "copyWithin", "delete", "fill", "pop", "push", "reverse", "set", "shift", "sort", "splice", "unshift"];

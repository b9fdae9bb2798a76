//! Whether the place where a value stands can tell `null` from `undefined`.

use super::hir::{Binary, Cast, ExprId, ExprKind, Module, Parent, Place, Unary};

/// `if (row)`, `!row`, `row?.name`, `row ?? other`, `row || other`, `row == null`, `row!.name`: of nothing, all that is asked is whether it is.
pub fn is_only_asked_for(module: &Module, value: ExprId) -> bool {
    match module.parent(value) {
        Parent::Stmt { place, .. } => place == Place::Test,
        Parent::Expr(up) => match module.expr(up) {
            ExprKind::Paren(_) => is_only_asked_for(module, up),
            ExprKind::Cond { test, .. } => *test == value,
            ExprKind::Unary { op, .. } => *op == Unary::Not,
            ExprKind::Binary { op: Binary::Or | Binary::Coalesce, left, .. } if *left == value => true,
            ExprKind::Binary { op: Binary::And, left, .. } if *left == value => is_only_asked_for(module, up),
            ExprKind::Binary { op: Binary::LooseEq | Binary::LooseNe, .. } => true,
            ExprKind::Member { optional, .. } => *optional,
            ExprKind::Cast { kind: Cast::NonNull, .. } => {
                matches!(module.parent(up), Parent::Expr(member) if matches!(module.expr(member), ExprKind::Member { .. }))
            }
            _ => false,
        },
    }
}

//! Whether the TypeScript compiler takes a value of one type where another is asked for. Knows data only, and says where it cannot tell.

use super::hir::{ExprId, ExprKind, Module};
use super::schema::Table;
use super::ty::{Literal, Object, Ty};

/// `Some` where it is sure.
pub fn is_assignable(value: &Ty, wanted: &Ty) -> Option<bool> {
    match (value, wanted) {
        (Ty::Never, _) => Some(true),
        (Ty::Unknown, _) | (_, Ty::Unknown) => None,
        // `v.any()` and `as any` are `any` to the compiler.
        (Ty::Any, _) | (_, Ty::Any) => Some(true),
        (a, b) if a == b => Some(true),
        (Ty::Union(members), _) => members.iter().try_fold(true, |all, m| Some(all & is_assignable(m, wanted)?)),
        (Ty::Boolean, Ty::Union(members)) => {
            let has = |value: bool| members.iter().any(|m| is_assignable(&Ty::Literal(Literal::Bool(value), true), m) == Some(true));
            Some(has(true) && has(false))
        }
        (_, Ty::Union(members)) => {
            let answers: Vec<Option<bool>> = members.iter().map(|m| is_assignable(value, m)).collect();
            if answers.contains(&Some(true)) {
                return Some(true);
            }
            answers.iter().all(|a| *a == Some(false)).then_some(false)
        }
        // A constant that may have been widened on its way here.
        (Ty::Literal(_, false), Ty::Literal(..)) => None,
        (Ty::Literal(a, true), Ty::Literal(b, _)) => Some(a == b),
        (Ty::Literal(..) | Ty::Id(_), scalar) if is_scalar(scalar) => {
            Some(scalar.covers(value) || matches!((value, scalar), (Ty::Id(_), Ty::String)))
        }
        (a, b) if is_scalar(a) && is_scalar(b) => Some(false),
        _ => None,
    }
}

/// A literal, or a constant that holds one, has the literal's own type.
pub fn as_written(module: &Module, value: ExprId, ty: &Ty) -> Ty {
    match (module.expr(module.bare(value)), ty) {
        (ExprKind::Str(_) | ExprKind::Num(_) | ExprKind::Bool(_) | ExprKind::Local(_), Ty::Literal(literal, _)) => {
            Ty::Literal(literal.clone(), true)
        }
        _ => ty.clone(),
    }
}

fn is_scalar(ty: &Ty) -> bool {
    matches!(ty, Ty::String | Ty::Number | Ty::Boolean | Ty::Int64 | Ty::Bytes | Ty::Null | Ty::Undefined | Ty::Id(_) | Ty::Literal(..))
}

impl Table {
    /// The type of a field by its path (`"address.city"`) as the compiler sees it; `undefined` for one that no document has.
    pub fn field_type(&self, path: &str) -> Ty {
        match path {
            "_id" => Ty::Id(self.name.clone()),
            "_creationTime" => Ty::Number,
            _ => path.split('.').fold(self.definition.document.clone(), |ty, name| member(&ty, name)),
        }
    }
}

fn member(ty: &Ty, name: &str) -> Ty {
    match ty {
        Ty::Union(members) => Ty::union(members.iter().map(|m| member(m, name))),
        Ty::Object(object) => field(object, name),
        Ty::Record(pair) => Ty::union([pair.1.clone(), Ty::Undefined]),
        Ty::Any => Ty::Any,
        Ty::Unknown | Ty::Doc(_) => Ty::Unknown,
        _ => Ty::Undefined,
    }
}

fn field(object: &Object, name: &str) -> Ty {
    match object.field(name) {
        Some(field) if field.optional => Ty::union([field.ty.clone(), Ty::Undefined]),
        Some(field) => field.ty.clone(),
        None if object.open => Ty::Unknown,
        None => Ty::Undefined,
    }
}

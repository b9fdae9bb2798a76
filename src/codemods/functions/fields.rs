//! The fields that are read of rows, and what has to be done to each where the row is one of the ORM's.

use super::edges;
use super::reader::Reader;
use super::shapes::Use;
use crate::model::hir::{Binary, ExprId, ExprKind, Module, Name, Parent, Place};
use crate::model::ty::{SchemaTy, Ty};

/// `row.name`, and what has to be done to it.
#[derive(Clone, Debug)]
pub struct FieldRead {
    pub member: ExprId,
    pub name: Name,
    /// Documents may lack the field, and whoever reads it here minds null.
    pub minds_null: bool,
    /// The value is wanted as the id of a table.
    pub wants_id: bool,
    /// Something is put into it.
    pub is_written: bool,
    /// It may be missing, and is compared with `undefined` itself.
    pub is_held_against_undefined: bool,
}

pub fn fields(reader: &Reader<'_>, schema: &SchemaTy, table: &Name, uses: &[Use]) -> Vec<FieldRead> {
    let members = uses.iter().filter_map(|usage| match usage {
        Use::Field(member) => Some(*member),
        _ => None,
    });
    members
        .filter_map(|member| {
            let ExprKind::Member { property, .. } = reader.module.expr(member) else { return None };
            let is_nullable = reader.may_lack(schema, table, property);
            let ty = reader.infer.at_once(reader.file, member);
            let is_stored_null = edges::table(schema, table).is_some_and(|definition| match &definition.document {
                Ty::Object(document) => document.field(property).is_some_and(|f| f.ty.members().contains(&Ty::Null)),
                _ => false,
            });
            let may_be_missing = is_nullable && !is_stored_null && (ty.is_unknown() || ty.members().contains(&Ty::Undefined));
            Some(FieldRead {
                member,
                name: property.clone(),
                minds_null: may_be_missing && minds_null(reader.module, member),
                wants_id: &**property == "_id" && !is_compared(reader.module, member),
                is_written: is_written(reader.module, member),
                is_held_against_undefined: is_nullable && !is_stored_null && is_held_against_undefined(reader.module, member),
            })
        })
        .collect()
}

/// Whether it makes a difference to what is around a value if that is null, and not undefined, to the compiler at least.
fn minds_null(module: &Module, at: ExprId) -> bool {
    match module.parent(at) {
        Parent::Stmt { place, .. } => !matches!(place, Place::Test | Place::Discarded),
        Parent::Expr(up) => match module.expr(up) {
            ExprKind::Binary { op, left, .. } => match op {
                Binary::Coalesce | Binary::Or | Binary::And => *left != at && minds_null(module, up),
                Binary::StrictEq | Binary::StrictNe | Binary::LooseEq | Binary::LooseNe => false,
                _ => true,
            },
            ExprKind::Unary { .. } | ExprKind::Template(_) => false,
            ExprKind::Cond { test, .. } => *test != at,
            ExprKind::Member { .. } | ExprKind::Index { .. } => false,
            ExprKind::Paren(_) => minds_null(module, up),
            ExprKind::Cast { kind: crate::model::hir::Cast::NonNull, .. } => false,
            _ => true,
        },
    }
}

fn is_held_against_undefined(module: &Module, at: ExprId) -> bool {
    let Parent::Expr(up) = module.parent(at) else { return false };
    let ExprKind::Binary { op: Binary::StrictEq | Binary::StrictNe, left, right } = module.expr(up) else { return false };
    let other = if *left == at { *right } else { *left };
    matches!(module.expr(module.bare(other)), ExprKind::Global(name) if &**name == "undefined")
}

fn is_compared(module: &Module, at: ExprId) -> bool {
    match module.parent(at) {
        Parent::Stmt { place, .. } => place == Place::Test,
        Parent::Expr(up) => match module.expr(up) {
            ExprKind::Binary { op, .. } => !matches!(op, Binary::And | Binary::Or | Binary::Coalesce),
            ExprKind::Template(_) | ExprKind::Unary { .. } => true,
            _ => false,
        },
    }
}

fn is_written(module: &Module, at: ExprId) -> bool {
    match module.parent(at) {
        Parent::Expr(up) => match module.expr(up) {
            ExprKind::Assign { target, .. } => *target == Some(at),
            ExprKind::Unary { op, .. } => matches!(op, crate::model::hir::Unary::Delete | crate::model::hir::Unary::Update),
            _ => false,
        },
        Parent::Stmt { .. } => false,
    }
}

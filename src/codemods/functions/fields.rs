//! The fields that are read of rows, and what has to be done to each where the row is one of the ORM's.

use super::edges;
use super::reader::Reader;
use super::shapes::Use;
use super::sites::Site;
use crate::model::hir::{Binary, ExprId, ExprKind, Module, Name, Parent, Place};
use crate::model::ty::{SchemaTy, Ty};

/// `row.name`, and what has to be done to it.
#[derive(Clone, Debug)]
pub struct FieldRead {
    pub member: ExprId,
    pub name: Name,
    /// Documents may lack the field, and whoever reads it here minds null.
    pub minds_null: bool,
    /// It is not missing, which the compiler forgets in a callback.
    pub forgotten: Option<Forgotten>,
    /// The value is wanted as the id of a table.
    pub wants_id: bool,
    /// Something is put into it.
    pub is_written: bool,
    /// It may be missing, and is compared with `undefined` itself.
    pub is_held_against_undefined: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Forgotten {
    callback: ExprId,
    /// It has forgotten it around the callback, too.
    is_so_around: bool,
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
            let may_lack = |ty: &Ty| is_nullable && !is_stored_null && (ty.is_unknown() || ty.members().contains(&Ty::Undefined));
            let minds_null = || minds_null(reader.module, member);
            let forgotten = || {
                let func = reader.module.enclosing_func(member)?;
                let is_so_around = may_lack(&reader.infer.without_callback(reader.file, member, func));
                Some(Forgotten { callback: reader.module.func(func).expr?, is_so_around })
            };
            Some(FieldRead {
                member,
                name: property.clone(),
                minds_null: may_lack(&ty) && minds_null(),
                forgotten: if !may_lack(&ty) && may_lack(&reader.ty(member)) && minds_null() { forgotten() } else { None },
                wants_id: &**property == "_id" && !is_compared(reader.module, member),
                is_written: is_written(reader.module, member),
                is_held_against_undefined: is_nullable && !is_stored_null && is_held_against_undefined(reader.module, member),
            })
        })
        .collect()
}

impl FieldRead {
    /// What goes behind it where null must not be read, once the calls that are live are written anew.
    pub fn instead_of_null(&self, module: &Module, live: &[&Site]) -> Option<&'static str> {
        let goes = |callback: ExprId| live.iter().any(|site| goes_with(module, site, callback));
        match self.forgotten {
            _ if self.minds_null => Some(" ?? undefined"),
            Some(forgotten) if !goes(forgotten.callback) => Some(" ?? undefined"),
            // What it is compared with may be undefined to the compiler, and must not be.
            Some(forgotten) => forgotten.is_so_around.then_some("!"),
            None => None,
        }
    }
}

/// Whether a callback goes with the call that is written anew: it says the range of its index, or filters.
fn goes_with(module: &Module, site: &Site, callback: ExprId) -> bool {
    let Parent::Expr(call) = module.parent(callback) else { return false };
    let (chain, link) = (module.span(site.top), module.span(call));
    let is_mapped = site.verdict.as_ref().is_ok_and(|understood| understood.mapped.is_some_and(|mapped| mapped.callback == callback));
    module.call(call).is_some() && link.start == chain.start && chain.contains(link) && !is_mapped
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

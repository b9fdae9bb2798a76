//! What a change of a row removes: Convex removes a field that is set to `undefined`, the ORM leaves it alone unless it is told.

use super::ask::Unset;
use super::reader::Reader;
use crate::model::hir::{ExprId, ExprKind, Key, Name, PropKind};
use crate::model::ty::{Object, Ty};

/// The values that may be undefined, one by one; `None` where the object does not show them.
///
/// Fields that are `passed` are no columns. Of a value that is not known nothing is said where documents always have the field: to remove
/// it was an error before.
pub fn unset(reader: &Reader<'_>, value: ExprId, passed: &dyn Fn(&Name) -> bool, may_lack: &dyn Fn(&Name) -> bool) -> Option<Vec<Unset>> {
    let module = reader.module;
    let Some(props) = module.as_object(value) else {
        return is_whole(&reader.infer.fields_of(reader.file, &reader.ty(value))).then(Vec::new);
    };
    let mut found = Vec::new();
    for prop in props {
        match (&prop.key, prop.kind) {
            (Key::Name(name), _) if passed(name) => {}
            (Key::Spread, _) => {
                let fields = reader.infer.fields_of(reader.file, &reader.ty(prop.value));
                if !is_whole(&fields) {
                    return None;
                }
            }
            (Key::Computed(_), _) => return None,
            (Key::Name(name), PropKind::KeyValue | PropKind::Shorthand) => {
                let ty = reader.infer.at_once(reader.file, prop.value);
                let always = ty == Ty::Undefined;
                let is_literal =
                    matches!(module.expr(module.bare(prop.value)), ExprKind::Object(_) | ExprKind::Array(_) | ExprKind::Template(_));
                let may_be = if ty.is_unknown() { may_lack(name) } else { ty.members().contains(&Ty::Undefined) };
                if !is_literal && may_be {
                    let or_null = ty.is_unknown() || ty.members().contains(&Ty::Null);
                    let shorthand = prop.kind == PropKind::Shorthand;
                    found.push(Unset { value: prop.value, always, or_null, shorthand, is_required: !may_lack(name) });
                }
            }
            _ => return None,
        }
    }
    Some(found)
}

/// Whether all fields are known, and each has a value.
fn is_whole(fields: &Object) -> bool {
    !fields.open && fields.fields.iter().all(|f| !f.optional && !f.ty.is_unknown() && !f.ty.members().contains(&Ty::Undefined))
}

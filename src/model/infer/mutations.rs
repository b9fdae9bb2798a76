//! What the code does to an array or object after it made it: `list.push(x)`, `counts[key] = n`, `result.total = t`.

use std::sync::Arc;

use super::Infer;
use crate::model::hir::{Binding, ExprId, ExprKind, Name, Parent, Unary};
use crate::model::ty::{Field, Object, Ty};
use crate::source::FileId;

/// What one use of a name does to the array or object behind it.
enum Mutation {
    None,
    /// Puts these values in: under a name for an object, spread or not for an array.
    Adds(Vec<(Option<Name>, ExprId, bool)>),
    /// Stores the value under a computed key.
    Puts(ExprId),
    /// Handed to code that may change it.
    Escapes,
    Unknown,
}

impl Infer<'_> {
    /// An array or object that the code goes on to fill is what it is filled with.
    pub(super) fn as_used(&self, file: FileId, binding: &Binding, init: Option<ExprId>, value: Ty) -> Ty {
        let module = self.hir(file);
        if !matches!(value, Ty::Tuple(_) | Ty::Object(_) | Ty::Array(_) | Ty::Record(_)) {
            return value;
        }
        let is_literal = init.is_some_and(|init| matches!(module.expr(module.bare(init)), ExprKind::Object(_) | ExprKind::Array(_)));
        let mut added = Vec::new();
        let mut put = Vec::new();
        for usage in &binding.uses {
            match self.mutation(file, *usage) {
                Mutation::None => {}
                Mutation::Adds(values) => added.extend(values),
                Mutation::Puts(value) => put.push(value),
                Mutation::Unknown => return Ty::Unknown,
                Mutation::Escapes if is_literal && !is_constant(&value) => return Ty::Unknown,
                Mutation::Escapes => {}
            }
        }
        if added.is_empty() && put.is_empty() {
            return value;
        }
        // Under an annotation a constant stays what it is.
        let stored = |value: ExprId| {
            let ty = self.expr(file, value);
            if binding.ty.is_some() { ty } else { ty.widened() }
        };
        match value {
            Ty::Array(_) | Ty::Tuple(_) => {
                let pushed =
                    added.iter().map(|(_, value, spread)| if *spread { self.element(&self.expr(file, *value)) } else { stored(*value) });
                let put = put.iter().map(|value| stored(*value));
                Ty::array(Ty::union(std::iter::once(self.element(&value)).chain(pushed).chain(put)))
            }
            Ty::Record(pair) => {
                let values = added.iter().map(|(_, value, _)| value).chain(&put).map(|value| stored(*value));
                Ty::Record(Arc::new((pair.0.clone(), Ty::union(std::iter::once(pair.1.clone()).chain(values)))))
            }
            Ty::Object(object) if !put.is_empty() => {
                // `const counts: Record<string, number> = {}` that is filled by key.
                let values = added.iter().map(|(_, value, _)| value).chain(&put).map(|value| stored(*value));
                let fields = object.fields.iter().map(|f| f.ty.clone());
                if object.open || binding.ty.is_none() {
                    return Ty::Unknown;
                }
                Ty::Record(Arc::new((Ty::String, Ty::union(fields.chain(values)))))
            }
            Ty::Object(object) => {
                let mut object: Object = (*object).clone();
                for (name, value, _) in added {
                    let Some(name) = name else { return Ty::Unknown };
                    let ty = stored(value);
                    let field = match object.field(&name) {
                        Some(old) => Field { ty: Ty::union([old.ty.clone(), ty]), ..old.clone() },
                        None => Field { name, ty, optional: true, span: None },
                    };
                    object.set(field);
                }
                Ty::Object(Arc::new(object))
            }
            other => other,
        }
    }

    /// Whether the function goes on to change what it is given under the name.
    pub fn is_changed(&self, file: FileId, binding: &Binding) -> bool {
        binding.uses.iter().any(|usage| matches!(self.mutation(file, *usage), Mutation::Adds(_) | Mutation::Puts(_) | Mutation::Unknown))
    }

    /// What this use of an array or object does to it.
    fn mutation(&self, file: FileId, usage: ExprId) -> Mutation {
        let module = self.hir(file);
        if let (Parent::Expr(parent), child) = module.meaningful_parent(usage)
            && let ExprKind::Call(call) = module.expr(parent)
            && call.args.iter().any(|a| a.value == child)
        {
            return self.handed_to(file, parent, call.callee);
        }
        // `x.a[i].b`: from the name outwards.
        let mut place = usage;
        let mut depth = 0;
        loop {
            let (Parent::Expr(parent), child) = module.meaningful_parent(place) else { return Mutation::None };
            match module.expr(parent) {
                ExprKind::Member { object, .. } | ExprKind::Index { object, .. } if *object == child => {
                    depth += 1;
                    place = parent;
                }
                ExprKind::Assign { target: Some(target), value, .. } if module.bare(*target) == module.bare(child) && depth > 0 => {
                    // `(groups[key] ??= []).push(x)`: what is stored is changed at once.
                    let is_used = matches!(module.meaningful_parent(parent), (Parent::Expr(up), _) if matches!(module.expr(up), ExprKind::Member { .. } | ExprKind::Index { .. }));
                    return match module.expr(place) {
                        _ if depth > 1 || is_used => Mutation::Unknown,
                        ExprKind::Member { property, .. } => Mutation::Adds(vec![(Some(property.clone()), *value, false)]),
                        _ => Mutation::Puts(*value),
                    };
                }
                ExprKind::Call(call) if call.callee == child && depth > 0 => {
                    let ExprKind::Member { property, .. } = module.expr(place) else { return Mutation::None };
                    return match &**property {
                        "push" | "unshift" | "splice" | "fill" if depth > 1 => Mutation::Unknown,
                        "push" | "unshift" => Mutation::Adds(call.args.iter().map(|a| (None, a.value, a.spread)).collect()),
                        "splice" if call.args.len() <= 2 => Mutation::None,
                        "splice" | "fill" | "copyWithin" => Mutation::Unknown,
                        _ => Mutation::None,
                    };
                }
                ExprKind::Unary { op: Unary::Delete, .. } if depth > 1 => return Mutation::Unknown,
                _ => return Mutation::None,
            }
        }
    }

    /// What a function may do to its argument.
    fn handed_to(&self, file: FileId, call: ExprId, callee: ExprId) -> Mutation {
        match self.expr(file, callee) {
            // What belongs to Convex or to the language does not change its arguments.
            Ty::External(external) if external.is("global", &["Object", "assign"]) => Mutation::Unknown,
            Ty::External(external) if &*external.module == "global" || &*external.module == "convex/values" => Mutation::None,
            Ty::CtxPart(_) => Mutation::None,
            _ => match self.hir(file).method(call).map(|(_, object, _)| self.expr(file, object)) {
                Some(Ty::Db | Ty::Query(_) | Ty::CtxPart(_) | Ty::Array(_) | Ty::Tuple(_) | Ty::RangeBuilder | Ty::FilterBuilder) => {
                    Mutation::None
                }
                _ => Mutation::Escapes,
            },
        }
    }
}

/// A literal without places whose type is narrower than what may be stored there.
fn is_constant(ty: &Ty) -> bool {
    match ty {
        Ty::Object(object) => !object.open && object.fields.iter().all(|f| is_constant(&f.ty)),
        Ty::Tuple(items) => !items.is_empty() && items.iter().all(is_constant),
        Ty::Null | Ty::Undefined => false,
        Ty::Array(inner) => **inner != Ty::Never,
        _ => true,
    }
}

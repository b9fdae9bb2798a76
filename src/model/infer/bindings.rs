//! What a name is bound to: its declaration, what is assigned to it later, what an import leads to.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::Infer;
use crate::model::hir::{Binding, BindingId, BindingKind, Exported, ExprId, ExprKind, Name, Parent, Step};
use crate::model::ty::{External, Field, FunctionAt, Object, Ty};
use crate::model::world::Origin;
use crate::source::FileId;

impl Infer<'_> {
    pub(super) fn external(&self, module: &str, path: impl IntoIterator<Item = Name>) -> Ty {
        let path: Vec<Name> = path.into_iter().collect();
        self.external_value(External { module: Name::from(module), path })
    }

    pub fn binding(&self, file: FileId, id: BindingId) -> Ty {
        if !self.frames.borrow().is_empty() && self.is_framed(self.hir(file).binding_span(id)) {
            return self.bound(file, id);
        }
        if let Some(ty) = self.world.known.names.get(&(file, id)) {
            return ty.clone();
        }
        match self.names.borrow_mut().entry((file, id)) {
            Entry::Occupied(known) => return known.get().clone().unwrap_or(Ty::Unknown),
            Entry::Vacant(empty) => empty.insert(None),
        };
        let ty = self.bound(file, id);
        self.names.borrow_mut().insert((file, id), Some(ty.clone()));
        ty
    }

    fn bound(&self, file: FileId, id: BindingId) -> Ty {
        let module = self.hir(file);
        let binding = module.binding(id);
        match binding.kind {
            BindingKind::Import(_) => {
                module.import(binding).map_or(Ty::Unknown, |import| self.imported(file, &import.module, &import.name))
            }
            BindingKind::Const(init) | BindingKind::Let(init) => self.variable(file, id, binding, init),
            BindingKind::Param(func, index) => {
                let ty = self.parameter(file, func, index);
                self.at_path(file, ty, binding)
            }
            BindingKind::Element(subject) => {
                let ty = self.element(&self.expr(file, subject)).awaited();
                self.at_path(file, ty, binding)
            }
            BindingKind::Func(func) => Ty::Function(FunctionAt { file, func }),
            BindingKind::Other | BindingKind::TypeAlias(_) => Ty::Unknown,
        }
    }

    fn imported(&self, file: FileId, module: &Name, name: &crate::model::hir::ImportName) -> Ty {
        let origin = self.world.origin(file, module, name);
        self.origin(origin)
    }

    /// What a file exports under the name.
    pub fn exported(&self, file: FileId, name: &str) -> Ty {
        let origin = self.world.export(file, name);
        self.origin(origin)
    }

    fn origin(&self, origin: Origin) -> Ty {
        match origin {
            Origin::Here(file, Exported::Binding(binding)) => self.binding(file, binding),
            Origin::Here(file, Exported::Expr(expr)) => self.expr(file, expr),
            Origin::Here(..) | Origin::Missing => Ty::Unknown,
            Origin::Namespace(file) => Ty::Namespace(file),
            Origin::Package(module, name) => self.external(&module, name),
        }
    }

    fn variable(&self, file: FileId, id: BindingId, binding: &Binding, init: Option<ExprId>) -> Ty {
        if let Some(queries) = self.held_queries(file, id, binding, init) {
            return queries;
        }
        let annotation = || binding.ty.map_or(Ty::Unknown, |ty| self.ty(file, ty));
        // Of data the annotation decides: the compiler forgets what else is known of the value.
        let declared = annotation();
        if binding.ty.is_some()
            && (declared.is_value() || declared.is_unknown() && init.is_none_or(|init| self.expr(file, init).is_value()))
        {
            return declared;
        }
        let Some(init) = init else {
            // `let x: T;`: what is written later decides, within what the annotation allows.
            let written = self.written(file, binding);
            return if written.is_unknown() { annotation() } else { Ty::union([Ty::Undefined, written]) };
        };
        let value = self.expr(file, init);
        let value = self.at_path(file, value, binding);
        if binding.writes.is_empty() {
            return self.as_used(file, id, binding, init, value);
        }
        match Ty::union([value.widened(), self.written(file, binding)]) {
            Ty::Unknown => annotation(),
            Ty::Array(_) | Ty::Tuple(_) | Ty::Object(_) if binding.ty.is_some() => annotation(),
            ty => ty,
        }
    }

    fn written(&self, file: FileId, binding: &Binding) -> Ty {
        Ty::union(binding.writes.iter().map(|w| w.map_or(Ty::Unknown, |value| self.expr(file, value).widened())))
    }

    /// An array or object that the code goes on to fill is what it is filled with.
    fn as_used(&self, file: FileId, id: BindingId, binding: &Binding, init: ExprId, value: Ty) -> Ty {
        let fresh = matches!(value, Ty::Tuple(_) | Ty::Object(_) | Ty::Array(_));
        if !fresh {
            return if value.is_unknown() && binding.ty.is_some() { binding.ty.map_or(Ty::Unknown, |ty| self.ty(file, ty)) } else { value };
        }
        let literal = matches!(self.hir(file).expr(self.hir(file).bare(init)), ExprKind::Object(_) | ExprKind::Array(_));
        let mut added = Vec::new();
        let mut changed = false;
        for usage in &self.hir(file).binding(id).uses {
            match self.mutation(file, *usage) {
                Mutation::None => {}
                Mutation::Adds(values) => added.extend(values),
                Mutation::Unknown => changed = true,
                Mutation::Escapes if literal && !is_constant(&value) => changed = true,
                Mutation::Escapes => {}
            }
        }
        if binding.ty.is_some() && (changed || !added.is_empty() || literal && !is_constant(&value)) {
            return binding.ty.map_or(Ty::Unknown, |ty| self.ty(file, ty));
        }
        if changed {
            return Ty::Unknown;
        }
        if added.is_empty() {
            return value;
        }
        match value {
            Ty::Array(_) | Ty::Tuple(_) => {
                let elements = added.iter().map(|(_, value, spread)| {
                    let ty = self.expr(file, *value);
                    if *spread { self.element(&ty) } else { ty.widened() }
                });
                Ty::array(Ty::union(std::iter::once(self.element(&value)).chain(elements)))
            }
            Ty::Object(object) => {
                let mut object: Object = (*object).clone();
                for (name, value, _) in added {
                    let Some(name) = name else { return Ty::Unknown };
                    let ty = self.expr(file, value).widened();
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
    pub(super) fn is_changed(&self, file: FileId, binding: &Binding) -> bool {
        binding.uses.iter().any(|usage| matches!(self.mutation(file, *usage), Mutation::Adds(_) | Mutation::Unknown))
    }

    /// What this use of an array or object does to it.
    fn mutation(&self, file: FileId, usage: ExprId) -> Mutation {
        let module = self.hir(file);
        let (parent, child) = module.meaningful_parent(usage);
        let Parent::Expr(parent) = parent else { return Mutation::None };
        match module.expr(parent) {
            ExprKind::Member { object, property, .. } if *object == child => self.member_mutation(file, parent, property),
            ExprKind::Index { object, .. } if *object == child => match module.meaningful_parent(parent).0 {
                Parent::Expr(up) if matches!(module.expr(up), ExprKind::Assign { target: Some(target), .. } if module.bare(*target) == parent) => {
                    Mutation::Unknown
                }
                _ => Mutation::None,
            },
            ExprKind::Call(call) if call.args.iter().any(|a| a.value == child) => match self.expr(file, call.callee) {
                // What belongs to Convex or to the language does not change its arguments.
                Ty::External(external) if external.is("global", &["Object", "assign"]) => Mutation::Unknown,
                Ty::External(external) if &*external.module == "global" || &*external.module == "convex/values" => Mutation::None,
                Ty::CtxPart(_) => Mutation::None,
                _ => match module.method(parent).map(|(_, object, _)| self.expr(file, object)) {
                    Some(Ty::Db | Ty::Query(_) | Ty::CtxPart(_) | Ty::Array(_) | Ty::Tuple(_) | Ty::RangeBuilder | Ty::FilterBuilder) => {
                        Mutation::None
                    }
                    _ => Mutation::Escapes,
                },
            },
            _ => Mutation::None,
        }
    }

    fn member_mutation(&self, file: FileId, member: ExprId, property: &Name) -> Mutation {
        let module = self.hir(file);
        let (parent, child) = module.meaningful_parent(member);
        let Parent::Expr(parent) = parent else { return Mutation::None };
        match module.expr(parent) {
            ExprKind::Assign { target: Some(target), value, .. } if module.bare(*target) == child => {
                Mutation::Adds(vec![(Some(property.clone()), *value, false)])
            }
            ExprKind::Call(call) if call.callee == child => match &**property {
                "push" | "unshift" => Mutation::Adds(call.args.iter().map(|a| (None, a.value, a.spread)).collect()),
                "splice" if call.args.len() <= 2 => Mutation::None,
                "splice" | "fill" | "copyWithin" => Mutation::Unknown,
                _ => Mutation::None,
            },
            // `x.list.push(y)`, `x.a.b = y`: deeper than is followed.
            ExprKind::Member { object, .. } | ExprKind::Index { object, .. } if *object == child => {
                match module.meaningful_parent(parent) {
                    (Parent::Expr(up), below) => match module.expr(up) {
                        ExprKind::Assign { target: Some(target), .. } if module.bare(*target) == below => Mutation::Unknown,
                        ExprKind::Call(call) if call.callee == below => match module.expr(below) {
                            ExprKind::Member { property, .. } if matches!(&**property, "push" | "unshift" | "splice" | "fill") => {
                                Mutation::Unknown
                            }
                            _ => Mutation::None,
                        },
                        _ => Mutation::None,
                    },
                    _ => Mutation::None,
                }
            }
            _ => Mutation::None,
        }
    }

    /// Follows a destructuring pattern's path into a value.
    fn at_path(&self, file: FileId, value: Ty, binding: &Binding) -> Ty {
        let mut ty = value;
        for step in &binding.path {
            ty = match step {
                Step::Key(name) => self.member(file, &ty.non_null(), name),
                Step::Index(index) => match &ty {
                    Ty::Tuple(items) => items.get(*index as usize).cloned().unwrap_or(Ty::Undefined),
                    other => match self.element(other) {
                        Ty::Unknown => Ty::Unknown,
                        element => Ty::union([element, Ty::Undefined]),
                    },
                },
                Step::Rest(named) => match &ty {
                    Ty::Ctx(_) => ty,
                    other => {
                        let mut object = self.fields_of(file, other);
                        object.fields.retain(|f| !named.contains(&f.name));
                        if object.open { Ty::Unknown } else { Ty::Object(Arc::new(object)) }
                    }
                },
                Step::Unknown => Ty::Unknown,
            };
        }
        match binding.default {
            Some(default) => Ty::union([ty.filtered(|t| *t != Ty::Undefined), self.expr(file, default)]),
            None => ty,
        }
    }
}

enum Mutation {
    None,
    /// Puts these values in: under a name for an object, spread or not for an array.
    Adds(Vec<(Option<Name>, ExprId, bool)>),
    /// Handed to code that may change it.
    Escapes,
    Unknown,
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

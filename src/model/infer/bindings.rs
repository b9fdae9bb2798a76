//! What a name is bound to: its declaration, what is assigned to it later, what an import leads to.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::{Infer, Slot};
use crate::model::hir::{Binding, BindingId, BindingKind, Exported, ExprId, Name, Step};
use crate::model::ty::{External, FunctionAt, Ty};
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
        let known = match file == self.home {
            true => self.names.borrow_mut().ask(id.0),
            false => match self.names_elsewhere.borrow_mut().entry((file, id)) {
                Entry::Occupied(known) => Some(known.get().seen()),
                Entry::Vacant(empty) => {
                    empty.insert(Slot::Busy);
                    None
                }
            },
        };
        if let Some(known) = known {
            return known;
        }
        let ty = self.world.known_name(file, id).unwrap_or_else(|| self.bound(file, id));
        match file == self.home {
            true => self.names.borrow_mut().keep(id.0, ty.clone()),
            false => _ = self.names_elsewhere.borrow_mut().insert((file, id), Slot::Done(ty.clone())),
        }
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
            BindingKind::Other | BindingKind::TypeAlias(_) | BindingKind::GenericAlias(_) => Ty::Unknown,
        }
    }

    pub(super) fn imported(&self, file: FileId, module: &Name, name: &crate::model::hir::ImportName) -> Ty {
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
        let actual = || self.held_value(file, binding, init);
        match binding.ty.map(|ty| self.ty(file, ty)) {
            None => actual(),
            Some(Ty::Unknown) => match actual() {
                // Some type that cannot be read: the compiler goes by that.
                value if value.is_plain() => Ty::Unknown,
                value => value,
            },
            Some(declared) if declared.is_plain() => Ty::settled(&declared, &actual()),
            Some(declared) => match actual() {
                Ty::Unknown => declared,
                value => value,
            },
        }
    }

    /// What is put into a variable, at first and later on.
    fn held_value(&self, file: FileId, binding: &Binding, init: Option<ExprId>) -> Ty {
        let first = match init {
            Some(init) => self.at_path(file, self.expr(file, init), binding),
            // The compiler sees to it that nothing reads an annotated variable before it is written.
            None if binding.ty.is_some() => Ty::Never,
            None => Ty::Undefined,
        };
        if binding.writes.is_empty() {
            return self.as_used(file, binding, init, first);
        }
        // Under an annotation a constant stays what it is.
        let stored = |ty: Ty| if binding.ty.is_some() { ty } else { ty.widened() };
        let written = binding.writes.iter().map(|write| write.map_or(Ty::Unknown, |value| stored(self.expr(file, value))));
        let value = Ty::union(std::iter::once(stored(first)).chain(written));
        self.as_used(file, binding, init, value)
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

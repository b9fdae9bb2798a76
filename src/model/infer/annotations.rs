//! What type annotations say, as far as values of the model stand behind them: data, documents, contexts, ents.

use std::sync::Arc;

use super::{Infer, ents_calls};
use crate::model::hir::{BindingKind, Exported, Keyword, Name, TypeId, TypeNode};
use crate::model::ty::{Ctx, Field, FunctionKind, Literal, Object, Ty};
use crate::model::world::Origin;
use crate::source::FileId;

impl Infer<'_> {
    /// What a type annotation says, as deep and as wide as anybody would write it.
    pub(super) fn annotation(&self, file: FileId, id: TypeId, depth: u32) -> Ty {
        let Some(left) = self.types_left.get().checked_sub(1).filter(|_| depth <= 12) else { return Ty::Unknown };
        self.types_left.set(left);
        let module = self.hir(file);
        let inner = |id: &TypeId| self.annotation(file, *id, depth + 1);
        match module.ty(id) {
            TypeNode::Keyword(keyword) => match keyword {
                Keyword::String => Ty::String,
                Keyword::Number => Ty::Number,
                Keyword::Boolean => Ty::Boolean,
                Keyword::BigInt => Ty::Int64,
                Keyword::Null => Ty::Null,
                Keyword::Undefined | Keyword::Void => Ty::Undefined,
                Keyword::Never => Ty::Never,
                Keyword::Any | Keyword::Unknown | Keyword::Object | Keyword::Symbol => Ty::Unknown,
            },
            TypeNode::Str(text) => Ty::Literal(Literal::Str(text.clone()), true),
            TypeNode::Num(number) => Ty::Literal(Literal::Num(*number), true),
            TypeNode::Bool(value) => Ty::Literal(Literal::Bool(*value), true),
            TypeNode::Object(fields) => {
                Ty::object(fields.iter().map(|f| Field { name: f.name.clone(), ty: inner(&f.ty), optional: f.optional, span: None }))
            }
            TypeNode::Array(element) => Ty::array(inner(element)),
            TypeNode::Tuple(items) => Ty::Tuple(items.iter().map(inner).collect()),
            TypeNode::Union(members) => Ty::union(members.iter().map(inner)),
            TypeNode::Intersection(parts) => intersection(parts.iter().map(inner).collect()),
            TypeNode::Indexed(object, index) => match (inner(object), inner(index)) {
                (object @ (Ty::Doc(_) | Ty::Object(_) | Ty::Ctx(_)), Ty::Literal(Literal::Str(name), _)) => {
                    self.member(file, &object, &name)
                }
                (list @ (Ty::Array(_) | Ty::Tuple(_)), Ty::Number) => self.element(&list),
                _ => Ty::Unknown,
            },
            TypeNode::TypeOf { binding, path } => {
                let Some(binding) = binding else { return Ty::Unknown };
                path.iter().skip(1).fold(self.binding(file, *binding), |ty, name| self.member(file, &ty, name))
            }
            TypeNode::Ref { binding, path, args } => self.type_reference(file, *binding, path, args, depth),
            TypeNode::Opaque => Ty::Unknown,
        }
    }

    /// A type under the name that the project gives it; the name holds where the type cannot be read. Of a type that is part of itself
    /// the part is not read again.
    fn aliased(&self, file: FileId, ty: TypeId, name: &str, depth: u32) -> Ty {
        if self.aliases.borrow().contains(&(file, ty)) {
            return by_type_name(name);
        }
        self.aliases.borrow_mut().push((file, ty));
        let read = self.annotation(file, ty, depth + 1);
        self.aliases.borrow_mut().pop();
        match read {
            Ty::Unknown => by_type_name(name),
            ty => ty,
        }
    }

    fn type_reference(
        &self,
        file: FileId,
        binding: Option<crate::model::hir::BindingId>,
        path: &[Name],
        args: &[TypeId],
        depth: u32,
    ) -> Ty {
        let module = self.hir(file);
        let arg = |i: usize| args.get(i).map_or(Ty::Unknown, |t| self.annotation(file, *t, depth + 1));
        let Some(name) = path.last() else { return Ty::Unknown };
        let origin = match binding.map(|b| module.binding(b)) {
            Some(declared) => match declared.kind {
                BindingKind::TypeAlias(ty) => return self.aliased(file, ty, name, depth),
                BindingKind::GenericAlias(ty) => return self.generic(file, ty, (name, &arg(0)), depth),
                BindingKind::Import(_) => module.import(declared).map(|import| self.world.origin(file, &import.module, &import.name)),
                _ => None,
            },
            None => None,
        };
        if let Some(Origin::Here(other, Exported::Binding(at))) = &origin
            && let BindingKind::TypeAlias(ty) | BindingKind::GenericAlias(ty) = self.hir(*other).binding(*at).kind
        {
            return self.ent_of_alias(*other, ty, &arg(0), depth).unwrap_or_else(|| self.aliased(*other, ty, name, depth));
        }
        let known = match &origin {
            Some(Origin::Package(_, Some(imported))) => imported.clone(),
            Some(Origin::Package(_, None)) => name.clone(),
            // A name that leads nowhere readable still says whose context it is.
            Some(_) => return by_type_name(name),
            None if binding.is_none() => name.clone(),
            None => return by_type_name(name),
        };
        match (&*known, args.len()) {
            ("Promise" | "PromiseLike", 1) => Ty::promise(arg(0)),
            ("Array", 1) => Ty::array(arg(0)),
            ("Record", 2) => Ty::Record(Arc::new((arg(0), arg(1)))),
            ("NonNullable", 1) => arg(0).non_null(),
            // A part of a context is as good as the whole.
            ("Pick" | "Omit", 2) | ("Partial" | "Readonly" | "Required", 1) if matches!(arg(0), Ty::Ctx(_) | Ty::Db) => arg(0),
            ("Readonly" | "Required", 1) if matches!(arg(0), Ty::Object(_)) => arg(0),
            ("Id" | "GenericId", 1) => arg(0).as_str().map_or(Ty::Unknown, |table| Ty::Id(table.clone())),
            ("Doc", 1) => arg(0).as_str().map_or(Ty::Unknown, |table| Ty::Doc(table.clone())),
            // `ReturnType<typeof withTable>`: of contexts that a function of the project makes.
            ("ReturnType", 1) => match arg(0) {
                Ty::Function(at) => Some(self.returns(at)).filter(|ty| is_ctx(&ty.awaited())).unwrap_or(Ty::Unknown),
                _ => Ty::Unknown,
            },
            ("Awaited", 1) if is_ctx(&arg(0).awaited()) => arg(0).awaited(),
            ("CustomCtx", 1) => match arg(0) {
                Ty::Builder(builder) => self.ctx_of(&builder),
                _ => Ty::Unknown,
            },
            ("Infer", 1) => match arg(0) {
                Ty::Validator(validator) => validator.ty.clone(),
                _ => Ty::Unknown,
            },
            ("GenericEnt" | "GenericEntWriter", 2) => ents_calls::row_of(&arg(0), &arg(1)),
            ("ObjectType", 1) => self.object_of_validators(&arg(0)).unwrap_or(Ty::Unknown),
            _ => by_type_name(&known),
        }
    }
}

/// `QueryCtx & { user: … }`: the part that is Convex's own, with what the others name.
fn intersection(parts: Vec<Ty>) -> Ty {
    let Some(own) = parts.iter().position(|t| matches!(t, Ty::Ctx(_) | Ty::Db)) else { return Ty::Unknown };
    let Ty::Ctx(ctx) = &parts[own] else { return Ty::Db };
    let mut ctx = (**ctx).clone();
    let named = parts.iter().flat_map(|part| match part {
        Ty::Object(object) => &object.fields[..],
        _ => &[],
    });
    let is_own = |name: &str| matches!(name, "db" | "auth" | "storage" | "scheduler" | "runQuery" | "runMutation" | "runAction");
    for field in named.filter(|field| !field.optional && !is_own(&field.name)) {
        if ctx.custom.field(&field.name).is_none() {
            ctx.custom.set(field.clone());
        }
    }
    Ty::Ctx(Arc::new(ctx))
}

fn is_ctx(ty: &Ty) -> bool {
    matches!(ty, Ty::Ctx(_))
}

/// A context of Convex's own.
pub(super) fn ctx(kind: Option<FunctionKind>) -> Ty {
    Ty::Ctx(Arc::new(Ctx { kind, custom: Object::default() }))
}

pub(super) fn by_type_name(name: &str) -> Ty {
    match name {
        "DatabaseReader"
        | "DatabaseWriter"
        | "GenericDatabaseReader"
        | "GenericDatabaseWriter"
        | "GenericDatabaseReaderWithTable"
        | "GenericDatabaseWriterWithTable" => Ty::Db,
        _ if name.ends_with("QueryCtx") => ctx(Some(FunctionKind::Query)),
        _ if name.ends_with("MutationCtx") => ctx(Some(FunctionKind::Mutation)),
        _ if name.ends_with("ActionCtx") => ctx(Some(FunctionKind::Action)),
        _ => Ty::Unknown,
    }
}

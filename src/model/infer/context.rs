//! Where a function stands decides what its parameters are: a handler's context and arguments, a callback's element.

use std::sync::Arc;

use super::Infer;
use super::annotations::ctx;
use super::wrappers::Given;
use crate::model::Role;
use crate::model::hir::{ExprId, ExprKind, FuncId, Keyword, Name, Parent, Prop, TypeId, TypeNode};
use crate::model::ty::{Builder, Ctx, Field, Flavor, FunctionKind, Object, Ty};
use crate::model::world::Maker;
use crate::source::FileId;

impl Infer<'_> {
    /// What the parameter of a function is known to be, before destructuring.
    pub fn parameter(&self, file: FileId, func: FuncId, index: u32) -> Ty {
        let module = self.hir(file);
        let function = module.func(func);
        let Some(param) = function.params.get(index as usize) else { return Ty::Unknown };
        if param.is_rest {
            return param.ty.map_or(Ty::Unknown, |ty| self.ty(file, ty));
        }
        let declared = param.ty.map(|ty| self.with_database(file, self.ty(file, ty)));
        let given = self.frame_arg(file, func, index).filter(|ty| !ty.is_unknown());
        let is_given = given.as_ref().is_some_and(|ty| ty.members().iter().all(|m| *m != Ty::Undefined));
        let ty = match (declared, given) {
            (None, given) => given.unwrap_or_else(|| self.in_context(file, func, index)),
            // `oneOf(["a", "b"])` of `(values: string[]) => …`: the program goes by the constants, the compiler by what is declared.
            (Some(declared), Some(given)) if given.is_constants() && (declared.is_unknown() || declared.admits(&given)) => given.loose(),
            // Some type that cannot be read: the compiler goes by that.
            (Some(Ty::Unknown), Some(given)) if given.is_plain() && !param.ty.is_some_and(|ty| self.says_nothing(file, ty)) => Ty::Unknown,
            (Some(Ty::Unknown), given) => given.unwrap_or_else(|| self.in_context(file, func, index)),
            (Some(declared), given) if declared.is_plain() => {
                let actual = given.unwrap_or_else(|| self.in_context(file, func, index));
                let is_data = actual.is_unknown() || actual.is_plain();
                if is_data { Ty::settled(&declared, &actual) } else { declared.opened() }
            }
            (Some(declared), None) => declared,
            (Some(_), Some(given)) => given,
        };
        let ty = if param.is_optional { Ty::union([ty, Ty::Undefined]) } else { ty };
        match param.default {
            Some(_) if is_given => ty,
            Some(default) => Ty::union([ty.filtered(|t| *t != Ty::Undefined), self.expr(file, default)]),
            None => ty,
        }
    }

    /// `any`, or a type parameter: what is given decides.
    fn says_nothing(&self, file: FileId, ty: TypeId) -> bool {
        match self.hir(file).ty(ty) {
            TypeNode::Keyword(Keyword::Any) => true,
            TypeNode::Ref { path, args, .. } if args.is_empty() => {
                let is_parameter = |name: &str| name.len() == 1 || name.starts_with('T') && name[1..].starts_with(char::is_uppercase);
                path.len() == 1 && path.last().is_some_and(|name| is_parameter(name))
            }
            _ => false,
        }
    }

    /// What the annotation of a parameter says that callers give; `Unknown` where they need not give it.
    pub fn declared_parameter(&self, file: FileId, func: FuncId, index: u32) -> Ty {
        let param = self.hir(file).func(func).params.get(index as usize);
        let required = param.filter(|p| !p.is_rest && !p.is_optional && p.default.is_none());
        required.and_then(|p| p.ty).map_or(Ty::Unknown, |ty| self.ty(file, ty))
    }

    fn in_context(&self, file: FileId, func: FuncId, index: u32) -> Ty {
        let module = self.hir(file);
        let role = module.func(func).expr.map_or(Ty::Unknown, |at| match module.meaningful_parent(at) {
            (Parent::Expr(parent), child) => match module.expr(parent) {
                ExprKind::Call(call) => match call.args.iter().position(|a| a.value == child) {
                    Some(place) => self.as_argument(file, parent, call.callee, place, func, index),
                    None => Ty::Unknown,
                },
                ExprKind::Object(props) => self.as_property(file, parent, props, child, index),
                _ => Ty::Unknown,
            },
            // `const handler = async (ctx) => …`, given to a registration by name.
            (Parent::Stmt { place: crate::model::hir::Place::Init(first, end), .. }, _) => {
                module.bindings_in((first, end)).find_map(|b| self.as_named(file, b, func, index)).unwrap_or(Ty::Unknown)
            }
            _ => Ty::Unknown,
        });
        if role.is_unknown() { self.by_name(file, func, index) } else { role }
    }

    /// The function is bound to a name: is one of the name's uses a handler?
    ///
    /// What it is given as data by one use, another may not give it: `rows.map(withoutIds)` says nothing of `withoutIds(user)`.
    fn as_named(&self, file: FileId, binding: crate::model::hir::BindingId, func: FuncId, index: u32) -> Option<Ty> {
        let module = self.hir(file);
        let is_only_use = || module.binding(binding).uses.len() == 1 && !module.is_exported(binding);
        module.binding(binding).uses.iter().find_map(|usage| {
            let (Parent::Expr(parent), child) = module.meaningful_parent(*usage) else { return None };
            let ty = match module.expr(parent) {
                ExprKind::Object(props) => self.as_property(file, parent, props, child, index),
                ExprKind::Call(call) => {
                    let place = call.args.iter().position(|a| a.value == child)?;
                    self.as_argument(file, parent, call.callee, place, func, index)
                }
                _ => return None,
            };
            (!ty.is_unknown() && (!ty.is_value() || is_only_use())).then_some(ty)
        })
    }

    /// A parameter `ctx` in backend code, without a type, or with one that says no more: the name is all there is to go by.
    fn by_name(&self, file: FileId, func: FuncId, index: u32) -> Ty {
        let module = self.hir(file);
        let is_backend = self.world.file(file).role == Role::Backend;
        let says_no_more = |ty: TypeId| match module.ty(ty) {
            TypeNode::Keyword(Keyword::Any) => true,
            // `UserCtx`, made by the project in a way that is not read, or a type parameter.
            TypeNode::Ref { path, .. } => path.last().is_some_and(|name| name.ends_with("Ctx") || name.len() == 1),
            _ => false,
        };
        let untyped = module.func(func).params.get(index as usize).filter(|p| p.ty.is_none_or(says_no_more) && p.is_name);
        if is_backend && untyped.is_some_and(|p| &*module.binding(p.bindings.0).name == "ctx") { ctx(None) } else { Ty::Unknown }
    }

    /// `ctx: { db: any }` in backend code: the name of the member is all there is to go by.
    fn with_database(&self, file: FileId, ty: Ty) -> Ty {
        let Ty::Object(object) = &ty else { return ty };
        let is_untyped = object.field("db").is_some_and(|f| f.ty.is_unknown());
        if !is_untyped || self.world.file(file).role != Role::Backend {
            return ty;
        }
        let fields = object.fields.iter().map(|f| if &*f.name == "db" { Field { ty: Ty::Db, ..f.clone() } } else { f.clone() });
        Ty::Object(Arc::new(Object { fields: fields.collect(), open: object.open }))
    }

    fn as_argument(&self, file: FileId, call: ExprId, callee: ExprId, place: usize, func: FuncId, index: u32) -> Ty {
        let module = self.hir(file);
        if let Some((_, object, method)) = module.method(call) {
            let base = self.expr(file, object).non_null();
            match (&base, &**method) {
                (Ty::Query(_), "withIndex" | "withSearchIndex") => return Ty::RangeBuilder,
                (Ty::Query(_), "filter") => return Ty::FilterBuilder,
                (Ty::Ents(ents), _) if place == 0 => return self.ents_callback(ents, method, index),
                (Ty::Array(_) | Ty::Tuple(_), _) if place == 0 => return self.callback_parameter(file, call, &base, method, index),
                (Ty::Promise(inner), "then") if place == 0 && index == 0 => return (**inner).clone(),
                (Ty::External(external), "register")
                    if index == 0 && place == 1 && external.path.first().is_some_and(|p| &**p == "Triggers") =>
                {
                    return ctx(Some(FunctionKind::Mutation));
                }
                _ => {}
            }
            if let Some(ty) = self.procedure_parameter(file, object, method, place, index) {
                return ty;
            }
            if let Some(ty) = self.chained_handler(file, &base, method, func, index) {
                return ty;
            }
        }
        match self.expr(file, callee) {
            Ty::Builder(builder) if place == 0 => match index {
                0 => self.ctx_of(&builder),
                _ => Ty::Unknown,
            },
            Ty::External(external) if external.is("convex-helpers/server/customFunctions", &["customCtx"]) && index == 0 => {
                self.ctx_around(file, call)
            }
            Ty::External(external) if external.is("convex-helpers", &["asyncMap"]) && place == 1 && index == 0 => {
                let list = module.call(call).and_then(|c| c.args.first()).map_or(Ty::Unknown, |a| self.expr(file, a.value));
                self.element(&list.awaited())
            }
            _ => Ty::Unknown,
        }
    }

    /// `authQuery.input(…).query(async ({ ctx, input }) => …)`: known by its shape.
    fn chained_handler(&self, file: FileId, base: &Ty, method: &str, func: FuncId, index: u32) -> Option<Ty> {
        let kind = match method {
            "query" | "internalQuery" => FunctionKind::Query,
            "mutation" | "internalMutation" => FunctionKind::Mutation,
            "action" | "internalAction" => FunctionKind::Action,
            _ => return None,
        };
        let opaque = matches!(base, Ty::Unknown | Ty::External(_) | Ty::Builder(_) | Ty::Function(_));
        let module = self.hir(file);
        let param = module.func(func).params.get(index as usize)?;
        let takes_ctx = module.bindings_in(param.bindings).map(|b| module.binding(b)).any(|b| b.path.len() == 1 && &*b.name == "ctx");
        if !opaque || index != 0 || !takes_ctx {
            return None;
        }
        let fields = vec![Field { name: Name::from("ctx"), ty: ctx(Some(kind)), optional: false, span: None }];
        Some(Ty::Object(Arc::new(Object { fields, open: true })))
    }

    fn callback_parameter(&self, file: FileId, call: ExprId, base: &Ty, method: &str, index: u32) -> Ty {
        let element = || self.element(base);
        match (method, index) {
            ("reduce" | "reduceRight", 0) => {
                let init = self.hir(file).call(call).and_then(|c| c.args.get(1)).map_or(Ty::Unknown, |a| self.expr(file, a.value));
                if matches!(init.widened(), Ty::Number | Ty::String | Ty::Boolean) { init.widened() } else { Ty::Unknown }
            }
            ("reduce" | "reduceRight", 1) => element(),
            ("reduce" | "reduceRight", _) => Ty::Number,
            ("sort" | "toSorted", 0 | 1) => element(),
            (_, 0) => element(),
            (_, 1) => Ty::Number,
            _ => Ty::Unknown,
        }
    }

    fn as_property(&self, file: FileId, object: ExprId, props: &[Prop], child: ExprId, index: u32) -> Ty {
        let module = self.hir(file);
        let Some(prop) = props.iter().find(|p| p.value == child) else { return Ty::Unknown };
        let crate::model::hir::Key::Name(name) = &prop.key else { return Ty::Unknown };
        let (Parent::Expr(call), argument) = module.meaningful_parent(object) else { return Ty::Unknown };
        let Some((callee, place)) = module.call(call).and_then(|c| Some((c.callee, c.args.iter().position(|a| a.value == argument)?)))
        else {
            return Ty::Unknown;
        };
        match (self.expr(file, callee), &**name, index) {
            (Ty::Builder(builder), "handler", 0) => self.ctx_of(&builder),
            (Ty::Builder(builder), "handler", 1) if builder.flavor != Flavor::Zod => {
                let args = props.iter().find(|p| matches!(&p.key, crate::model::hir::Key::Name(n) if &**n == "args"));
                args.map_or(Ty::Unknown, |args| self.arguments(file, args.value))
            }
            (Ty::Function(wrapper), name, _) => self.handed_by(wrapper, &Given { file, props, place: place as u32 }, name, index),
            (Ty::External(external), "input", 0) if is_custom_function(&external.path) => self.ctx_around(file, object),
            (Ty::External(external), "migrateOne", _) => {
                let defines = external.path.last().is_some_and(|p| matches!(&**p, "define" | "makeMigration"));
                if defines && index == 0 { ctx(Some(FunctionKind::Mutation)) } else { Ty::Unknown }
            }
            _ => Ty::Unknown,
        }
    }

    /// What the handler gets for these `args`: an object of validators, or a `v.object(…)`.
    pub fn arguments(&self, file: FileId, args: ExprId) -> Ty {
        let ty = self.expr(file, args);
        self.object_of_validators(&ty).unwrap_or(Ty::Unknown)
    }

    /// The context that a builder hands to its handlers.
    pub fn ctx_of(&self, builder: &Builder) -> Ty {
        let maker = (builder.kind, builder.made_by);
        // What a helper makes may hang on its arguments.
        let is_framed = builder.made_by.is_some_and(|(file, call)| self.frame_of(file, call).is_some());
        if is_framed {
            return self.made_ctx(maker);
        }
        if let Some(known) = self.world.known_context(&maker) {
            return known;
        }
        if let Some(known) = self.contexts.borrow().get(&maker) {
            return known.clone();
        }
        let made = self.made_ctx(maker);
        self.contexts.borrow_mut().insert(maker, made.clone());
        made
    }

    fn made_ctx(&self, (kind, made_by): Maker) -> Ty {
        let custom = made_by.map(|(file, call)| self.customisation(file, call)).unwrap_or_default();
        Ty::Ctx(Arc::new(Ctx { kind: Some(kind), custom }))
    }

    /// The context of the builder that this part of a `customQuery(base, …)` call customises.
    fn ctx_around(&self, file: FileId, part: ExprId) -> Ty {
        let module = self.hir(file);
        let (Parent::Expr(call), _) = module.meaningful_parent(part) else { return ctx(None) };
        let base = module.call(call).and_then(|c| c.args.first()).map(|a| self.expr(file, a.value));
        match base {
            Some(Ty::Builder(builder)) => self.ctx_of(&builder),
            _ => ctx(None),
        }
    }

    /// What `customQuery(base, { input })` or `customQuery(base, customCtx(f))` adds to the context, on top of what the base adds.
    fn customisation(&self, file: FileId, call: ExprId) -> Object {
        let module = self.hir(file);
        let Some(call) = module.call(call) else { return Object::default() };
        let mut custom = match call.args.first().map(|a| self.expr(file, a.value)) {
            Some(Ty::Builder(Builder { made_by: Some((file, call)), .. })) => self.customisation(file, call),
            _ => Object::default(),
        };
        let Some(options) = call.args.get(1).map(|a| a.value) else { return custom };
        let added = match module.call(module.bare(options)) {
            Some(inner) => inner.args.first().map_or(Ty::Unknown, |f| match self.expr(file, f.value) {
                Ty::Function(at) => self.returns(at).awaited(),
                _ => Ty::Unknown,
            }),
            None => match self.expr(file, options) {
                Ty::Object(object) => match object.field("input").map(|f| f.ty.clone()) {
                    Some(Ty::Function(at)) => self.member(file, &self.returns(at).awaited(), &Name::from("ctx")),
                    _ => Ty::Unknown,
                },
                _ => Ty::Unknown,
            },
        };
        let added = match &added {
            Ty::Ctx(ctx) => ctx.custom.clone(),
            other => self.fields_of(file, other),
        };
        added.fields.into_iter().for_each(|f| custom.set(f));
        custom.open |= added.open;
        custom
    }

    pub(super) fn ctx_member(&self, ctx: &Ctx, name: &Name) -> Ty {
        if let Some(field) = ctx.custom.field(name) {
            return match &field.ty {
                // Some wrapper of the database: what it is called on tells.
                Ty::Unknown if &**name == "db" => Ty::Db,
                ty => ty.clone(),
            };
        }
        match &**name {
            "db" => Ty::Db,
            "auth" | "storage" | "scheduler" | "runQuery" | "runMutation" | "runAction" | "vectorSearch" => Ty::CtxPart(name.clone()),
            _ => Ty::Unknown,
        }
    }
}

fn is_custom_function(path: &[Name]) -> bool {
    path.last().is_some_and(|name| {
        matches!(&**name, "customQuery" | "customMutation" | "customAction" | "zCustomQuery" | "zCustomMutation" | "zCustomAction")
    })
}

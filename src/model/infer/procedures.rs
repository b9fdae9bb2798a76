//! Procedures of better-convex: what `initCRPC.context(…).create(…)`, and each `.use(…)` behind it, put into the context of handlers.
//!
//! Known by where the chain begins, never by the names of its methods alone. Which functions are registered is not asked here.

use std::sync::Arc;

use super::Infer;
use crate::model::hir::{BindingKind, Exported, ExprId, ExprKind, Key, Name, Prop, Step};
use crate::model::ty::{Ctx, Field, FunctionAt, FunctionKind, Object, Ty};
use crate::model::world::Origin;
use crate::source::FileId;

/// How many calls, names and files a chain may go through.
const LENGTH: u32 = 48;

impl Infer<'_> {
    /// The first parameter of a function that a chain of procedures is given: `.use(({ ctx, next }) => …)`, `.query(({ ctx }) => …)`.
    pub(super) fn procedure_parameter(&self, file: FileId, object: ExprId, method: &str, place: usize, index: u32) -> Option<Ty> {
        let kind = match method {
            "query" | "mutation" | "action" => kind_of(method),
            "use" => None,
            _ => return None,
        };
        if (place, index) != (0, 0) {
            return None;
        }
        let chain = self.procedures(file, object, LENGTH)?;
        let ctx = Ty::Ctx(Arc::new(Ctx { kind: kind.or(chain.kind), custom: chain.custom }));
        let fields = vec![Field { name: Name::from("ctx"), ty: ctx, optional: false, span: None }];
        Some(Ty::Object(Arc::new(Object { fields, open: true })))
    }

    fn procedures(&self, file: FileId, id: ExprId, length: u32) -> Option<Procedures> {
        let length = length.checked_sub(1)?;
        let module = self.hir(file);
        let id = module.bare(id);
        match module.expr(id) {
            ExprKind::Local(_) => self.constant_value(file, id).and_then(|(file, value)| self.procedures(file, value, length)),
            ExprKind::Member { object, property, .. } => match kind_of(property) {
                Some(kind) => Some(self.procedures(file, *object, length)?.of(kind)),
                None => None,
            },
            ExprKind::Call(call) => {
                let (_, object, method) = module.method(id)?;
                match &**method {
                    "create" => self.begun(file, object, length),
                    "use" => {
                        let mut chain = self.procedures(file, object, length)?;
                        self.middleware(file, call.args.first()?.value, &mut chain.custom);
                        Some(chain)
                    }
                    _ => self.procedures(file, object, length),
                }
            }
            _ => None,
        }
    }

    /// What stands in front of `.create(…)`: `initCRPC`, and what its `.context(…)` makes.
    fn begun(&self, file: FileId, mut at: ExprId, length: u32) -> Option<Procedures> {
        let module = self.hir(file);
        let mut context = None;
        for _ in 0..length {
            at = module.bare(at);
            let Some((call, object, method)) = module.method(at) else { break };
            if &**method == "context" {
                context = call.args.first().map(|a| a.value);
            }
            at = object;
        }
        match self.expr(file, at) {
            Ty::External(external) if external.path.len() == 1 && external.path[0].starts_with("initCRPC") => {}
            _ => return None,
        }
        let made = |kind: FunctionKind, name: &str| {
            let props = context.and_then(|context| module.as_object(context)).unwrap_or_default();
            let given = props.iter().find(|prop| matches!(&prop.key, Key::Name(key) if &**key == name));
            given.map_or_else(Object::default, |prop| self.context_made(file, prop, kind))
        };
        let (query, mutation) = (made(FunctionKind::Query, "query"), made(FunctionKind::Mutation, "mutation"));
        Some(Procedures { kind: None, custom: Object::default(), query, mutation })
    }

    fn context_made(&self, file: FileId, prop: &Prop, kind: FunctionKind) -> Object {
        let plain = Ty::Ctx(Arc::new(Ctx { kind: Some(kind), custom: Object::default() }));
        match self.expr(file, prop.value) {
            Ty::Function(at) => match self.returns_with(at, vec![plain]).awaited() {
                Ty::Ctx(ctx) => ctx.custom.clone(),
                other => self.fields_of(at.file, &other),
            },
            _ => Object { open: true, ..Object::default() },
        }
    }

    /// Adds what `next({ ctx: { ...ctx, user } })` hands on.
    fn middleware(&self, file: FileId, value: ExprId, custom: &mut Object) {
        let Some(at) = self.middleware_function(file, value, LENGTH) else {
            custom.open = true;
            return;
        };
        let module = self.hir(at.file);
        let is_next = |callee: ExprId| match module.expr(module.bare(callee)) {
            ExprKind::Local(binding) => {
                let binding = module.binding(*binding);
                binding.kind == BindingKind::Param(at.func, 0) && matches!(&*binding.path, [Step::Key(name)] if &**name == "next")
            }
            _ => false,
        };
        let calls = module.calls().filter(|(_, call)| is_next(call.callee)).filter_map(|(_, call)| Some(call.args.first()?.value));
        for given in calls {
            let props = module.as_object(given).unwrap_or_default();
            let Some(ctx) = props.iter().find(|prop| matches!(&prop.key, Key::Name(name) if &**name == "ctx")) else { continue };
            match self.expr(at.file, ctx.value) {
                Ty::Ctx(ctx) => ctx.custom.fields.iter().for_each(|field| custom.set(field.clone())),
                Ty::Object(object) => object.fields.iter().for_each(|field| custom.set(field.clone())),
                _ => {}
            }
        }
    }

    fn middleware_function(&self, file: FileId, value: ExprId, length: u32) -> Option<FunctionAt> {
        let length = length.checked_sub(1)?;
        let module = self.hir(file);
        let value = module.bare(value);
        if let Some(at) = self.function(file, value) {
            return Some(at);
        }
        match module.expr(value) {
            ExprKind::Local(_) => self.constant_value(file, value).and_then(|(file, value)| self.middleware_function(file, value, length)),
            // `c.middleware(({ ctx, next }) => …)`.
            ExprKind::Call(call) => {
                let (.., method) = module.method(value)?;
                let given = call.args.first().filter(|_| &**method == "middleware")?;
                self.function(file, given.value)
            }
            _ => None,
        }
    }
}

impl Infer<'_> {
    /// What the constant is that a name stands for, here or in the file that it is imported from.
    fn constant_value(&self, file: FileId, name: ExprId) -> Option<(FileId, ExprId)> {
        let module = self.hir(file);
        let ExprKind::Local(binding) = module.expr(name) else { return None };
        let declared = module.binding(*binding);
        match (declared.kind, module.import(declared)) {
            (BindingKind::Const(Some(value)), _) if declared.path.is_empty() => Some((file, value)),
            (_, Some(import)) => match self.world.origin(file, &import.module, &import.name) {
                Origin::Here(other, Exported::Binding(at)) => match self.hir(other).binding(at).kind {
                    BindingKind::Const(Some(value)) if self.hir(other).binding(at).path.is_empty() => Some((other, value)),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }
}

/// What is known of a chain of procedures.
struct Procedures {
    kind: Option<FunctionKind>,
    custom: Object,
    /// What the contexts of queries and mutations begin with.
    query: Object,
    mutation: Object,
}

impl Procedures {
    fn of(self, kind: FunctionKind) -> Self {
        let custom = match kind {
            FunctionKind::Query => self.query.clone(),
            FunctionKind::Mutation => self.mutation.clone(),
            _ => Object::default(),
        };
        Self { kind: Some(kind), custom, ..self }
    }
}

fn kind_of(name: &str) -> Option<FunctionKind> {
    Some(match name {
        "query" => FunctionKind::Query,
        "mutation" => FunctionKind::Mutation,
        "action" | "httpAction" => FunctionKind::Action,
        _ => return None,
    })
}

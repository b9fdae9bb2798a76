//! Functions of the project that register what they are given: `authMutation({ args, handler: async (ctx, args) => … })`.
//!
//! Such a function calls the handler itself, within one that it gives to a builder. What the handler's parameters are is read there:
//! the arguments that the builder checked by the validators of the same object, and the context. Where the calls do not agree, nothing
//! is known.

use super::Infer;
use crate::model::hir::{BindingId, BindingKind, Call, ExprId, ExprKind, FuncId, Key, Module, Parent, Prop, Step};
use crate::model::ty::{Flavor, FunctionAt, Ty};
use crate::source::FileId;

/// The object that a function is given as one of its arguments.
pub(super) struct Given<'a> {
    pub file: FileId,
    pub props: &'a [Prop],
    /// Which argument it is.
    pub place: u32,
}

impl Infer<'_> {
    /// The parameter of the function that stands in an object under a name, by what the function does that the object is given to.
    pub(super) fn handed_by(&self, wrapper: FunctionAt, given: &Given<'_>, name: &str, index: u32) -> Ty {
        let mut known: Option<Ty> = None;
        let Some(values) = self.values_for(wrapper, given.place, name, index) else { return Ty::Unknown };
        for value in values {
            let ty = match self.checked_by(wrapper, given, value) {
                Some(args) => self.arguments(given.file, args),
                None => Some(self.expr(wrapper.file, value)).filter(|ty| matches!(ty, Ty::Ctx(_))).unwrap_or(Ty::Unknown),
            };
            if known.as_ref().is_some_and(|known| *known != ty) {
                return Ty::Unknown;
            }
            known = Some(ty);
        }
        known.unwrap_or(Ty::Unknown)
    }

    /// What the function calls the part of its parameter with, in that place; `None` where it does more with it than calling it, or
    /// handing it on to one that only calls it.
    fn values_for(&self, wrapper: FunctionAt, place: u32, name: &str, index: u32) -> Option<Vec<ExprId>> {
        let module = self.hir(wrapper.file);
        let mut values = Vec::new();
        let is_it = |id: &ExprId| module.bare(*id) == *id && is_part(module, *id, (wrapper.func, place), name);
        for part in module.exprs_of(wrapper.func).map(|(id, _)| id).filter(is_it) {
            let (parent, child) = module.meaningful_parent(part);
            let Parent::Expr(up) = parent else { continue };
            match module.expr(up) {
                ExprKind::Call(call) if call.callee == child => values.push(argument(call, index)?),
                ExprKind::Unary { .. } | ExprKind::Cond { .. } | ExprKind::Binary { .. } => {}
                // `permitted(ctx, args, { resolve: options.resolve })`.
                ExprKind::Object(props) => {
                    let Key::Name(key) = &props.iter().find(|prop| prop.value == child)?.key else { return None };
                    let (Parent::Expr(outer), object) = module.meaningful_parent(up) else { return None };
                    let call = module.call(outer)?;
                    let at = call.args.iter().position(|a| a.value == object)? as u32;
                    let Ty::Function(inner) = self.expr(wrapper.file, call.callee) else { return None };
                    for index in self.parameters_for(inner, at, key, index)? {
                        values.push(argument(call, index)?);
                    }
                }
                _ => return None,
            }
        }
        Some(values)
    }

    /// The parameters of its own that a function calls the part with, in that place.
    fn parameters_for(&self, at: FunctionAt, place: u32, name: &str, index: u32) -> Option<Vec<u32>> {
        let module = self.hir(at.file);
        let calls = module.exprs_of(at.func).filter_map(|(_, kind)| match kind {
            ExprKind::Call(call) if is_part(module, call.callee, (at.func, place), name) => Some(call),
            _ => None,
        });
        let parameter = |call: &Call| {
            let ExprKind::Local(binding) = module.expr(module.bare(argument(call, index)?)) else { return None };
            let binding = module.binding(*binding);
            match binding.kind {
                BindingKind::Param(func, own) if func == at.func && binding.path.is_empty() && binding.writes.is_empty() => Some(own),
                _ => None,
            }
        };
        calls.map(|call| parameter(call)).collect()
    }

    /// The validators of what the wrapper hands on, if that is what the handler that it registers gets for arguments.
    fn checked_by(&self, wrapper: FunctionAt, given: &Given<'_>, value: ExprId) -> Option<ExprId> {
        let module = self.hir(wrapper.file);
        let ExprKind::Local(binding) = module.expr(module.bare(value)) else { return None };
        let binding = module.binding(*binding);
        let BindingKind::Param(handler, 1) = binding.kind else { return None };
        if !binding.path.is_empty() || !binding.writes.is_empty() {
            return None;
        }
        let (Parent::Expr(object), child) = module.meaningful_parent(module.func(handler).expr?) else { return None };
        let props = module.as_object(object)?;
        let named = |name: &str| props.iter().find(|prop| matches!(&prop.key, Key::Name(key) if &**key == name));
        if named("handler")?.value != child {
            return None;
        }
        let (Parent::Expr(call), _) = module.meaningful_parent(object) else { return None };
        let builder = module.call(call)?.callee;
        if !matches!(self.expr(wrapper.file, builder), Ty::Builder(builder) if builder.flavor == Flavor::Plain) {
            return None;
        }
        let validators = named("args")?.value;
        let own = given.props.iter().find(|prop| match &prop.key {
            Key::Name(key) => is_part(module, validators, (wrapper.func, given.place), key),
            _ => false,
        });
        own.map(|prop| prop.value)
    }
}

/// The argument of a call in that place, if none is spread.
fn argument(call: &Call, index: u32) -> Option<ExprId> {
    call.args.get(index as usize).filter(|_| call.args.iter().all(|a| !a.spread)).map(|a| a.value)
}

/// Whether an expression is what the function's parameter has under the name: `options.handler`, or `handler` of `({ handler })`.
fn is_part(module: &Module, id: ExprId, (func, place): (FuncId, u32), name: &str) -> bool {
    let is_parameter = |id: BindingId| {
        let binding = module.binding(id);
        binding.kind == BindingKind::Param(func, place) && binding.writes.is_empty() && binding.default.is_none()
    };
    match module.expr(module.bare(id)) {
        ExprKind::Member { object, property, .. } if &**property == name => match module.expr(module.bare(*object)) {
            ExprKind::Local(binding) => is_parameter(*binding) && module.binding(*binding).path.is_empty(),
            _ => false,
        },
        ExprKind::Local(binding) => is_parameter(*binding) && matches!(&*module.binding(*binding).path, [Step::Key(key)] if &**key == name),
        _ => false,
    }
}

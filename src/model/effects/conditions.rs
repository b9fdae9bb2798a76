//! What decides whether a place in a function is reached, and what a caller's arguments say to that.
//!
//! Conditions are not computed: a caller that gives constants for what they look at has decided, one way or the other, and nothing is said of it.

use crate::model::graph::Edge;
use crate::model::hir::{Binary, BindingKind, ExprId, ExprKind, FuncId, Key, Module, Name, Parent, Step};

/// Words for what a context has: a condition that asks for one of them tells contexts apart.
const PARTS: [&str; 8] = ["db", "runQuery", "runMutation", "runAction", "scheduler", "storage", "auth", "vectorSearch"];

/// What decides whether a place in a function is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// Nothing that is up to the caller.
    None,
    /// A look at what the function was given: some callers come here, others do not.
    Argument,
    /// A look at what the context is, as `"db" in ctx`: callers with another one do not come here.
    Context,
}

pub(super) fn condition(module: &Module, expr: ExprId, func: FuncId) -> Condition {
    let mut found = Condition::None;
    each_test(module, expr, func, &mut |test| match () {
        () if asks_for_context(module, test) => found = Condition::Context,
        () if found == Condition::None && names_parameter(module, test, func) => found = Condition::Argument,
        () => {}
    });
    found
}

/// The conditions under which the function comes to the expression.
fn each_test(module: &Module, expr: ExprId, func: FuncId, judge: &mut dyn FnMut(ExprId)) {
    let mut child = expr;
    loop {
        match module.parent(child) {
            Parent::Expr(up) => {
                match module.expr(up) {
                    ExprKind::Cond { test, .. } if *test != child => judge(*test),
                    ExprKind::Binary { op: Binary::And | Binary::Or | Binary::Coalesce, left, right } if *right == child => judge(*left),
                    _ => {}
                }
                child = up;
            }
            Parent::Stmt { guard, func: inside, .. } => {
                let mut at = guard;
                while let Some(guard) = at.map(|id| module.guard(id)) {
                    judge(guard.test);
                    at = guard.outer;
                }
                match inside.filter(|inside| *inside != func).and_then(|f| module.func(f).expr) {
                    Some(outer) => child = outer,
                    None => return,
                }
            }
        }
    }
}

/// A parameter, or a part of one, that decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Need {
    pub func: FuncId,
    pub param: u32,
    pub part: Option<Name>,
}

/// The parameters that the conditions look at under which the function comes to the expression: its own, and those of functions around it.
pub(super) fn needs(module: &Module, expr: ExprId, func: FuncId) -> Vec<Need> {
    let mut found = Vec::new();
    each_test(module, expr, func, &mut |test| parameters(module, test, &mut found));
    found.dedup();
    found
}

/// What the caller's own parameters have to say, where a call gives what decides; `None` where the call decides itself.
pub(super) fn asked_of_caller(module: &Module, edge: &Edge, needs: &[Need]) -> Option<Vec<Need>> {
    let mut found = Vec::new();
    for need in needs {
        // The parameters of a callback are data; those of functions around stay what they are.
        if need.func != edge.to.func || edge.file != edge.to.file && edge.is_callback {
            found.push(need.clone());
        } else if !edge.is_callback {
            let args = &module.call(edge.at)?.args;
            let place = need.param as usize;
            let given = args.get(place).filter(|_| args[..=place].iter().all(|a| !a.spread))?;
            given_by(module, given.value, need.part.as_ref(), &mut found, 0)?;
        }
    }
    found.dedup();
    Some(found)
}

/// Adds the parameters that a value is made of; `None` where it is a constant, or tells contexts apart.
fn given_by(module: &Module, value: ExprId, part: Option<&Name>, found: &mut Vec<Need>, depth: u32) -> Option<()> {
    let value = module.bare(value);
    if depth > 4 || asks_for_context(module, value) {
        return None;
    }
    match module.expr(value) {
        ExprKind::Object(props) => {
            let prop = props.iter().find(|p| part.is_some_and(|part| matches!(&p.key, Key::Name(name) if name == part)))?;
            given_by(module, prop.value, None, found, depth + 1)
        }
        ExprKind::Str(_) | ExprKind::Num(_) | ExprKind::Bool(_) | ExprKind::Null | ExprKind::BigInt | ExprKind::Regex => None,
        ExprKind::Func(_) => None,
        ExprKind::Local(b) => {
            let binding = module.binding(*b);
            match binding.kind {
                BindingKind::Param(func, param) => {
                    let part = match binding.path.first() {
                        Some(Step::Key(name)) => Some(name),
                        _ => part,
                    };
                    found.push(Need { func, param, part: part.cloned() });
                    Some(())
                }
                BindingKind::Const(Some(init)) if !module.is_of_module(*b) => match module.expr(module.bare(init)) {
                    ExprKind::Await(_) => Some(()),
                    _ => given_by(module, init, if binding.path.is_empty() { part } else { None }, found, depth + 1),
                },
                BindingKind::Element(_) | BindingKind::Let(_) => Some(()),
                _ => None,
            }
        }
        ExprKind::Global(_) => None,
        _ => {
            let mut is_made_of_something = false;
            for id in module.within(value).skip(1).filter(|id| matches!(module.expr(*id), ExprKind::Local(_))) {
                let is_callee = matches!(module.parent(id), Parent::Expr(up) if module.call(up).is_some_and(|call| call.callee == id));
                if !is_callee {
                    let member = match module.parent(id) {
                        Parent::Expr(up) => match module.expr(up) {
                            ExprKind::Member { object, property, .. } if *object == id => Some(property),
                            _ => None,
                        },
                        Parent::Stmt { .. } => None,
                    };
                    given_by(module, id, member, found, depth + 1)?;
                    is_made_of_something = true;
                }
            }
            is_made_of_something.then_some(())
        }
    }
}

/// The parameters that a condition names, itself or through what was kept of an earlier call.
fn parameters(module: &Module, test: ExprId, found: &mut Vec<Need>) {
    for part in module.within(test) {
        let ExprKind::Local(b) = module.expr(part) else { continue };
        let binding = module.binding(*b);
        match binding.kind {
            BindingKind::Param(func, param) => {
                let member = match module.parent(part) {
                    Parent::Expr(up) => match module.expr(up) {
                        ExprKind::Member { object, property, .. } if *object == part => Some(property),
                        _ => None,
                    },
                    Parent::Stmt { .. } => None,
                };
                let part = match binding.path.first() {
                    Some(Step::Key(name)) => Some(name),
                    _ => member,
                };
                found.push(Need { func, param, part: part.cloned() });
            }
            BindingKind::Const(Some(init)) if !module.is_of_module(*b) && !matches!(module.expr(init), ExprKind::Await(_)) => {
                let own = module.within(init).filter(|id| matches!(module.expr(*id), ExprKind::Local(_)));
                for id in own.collect::<Vec<ExprId>>() {
                    if let ExprKind::Local(b) = module.expr(id)
                        && let BindingKind::Param(func, param) = module.binding(*b).kind
                    {
                        found.push(Need { func, param, part: None });
                    }
                }
            }
            _ => {}
        }
    }
}

pub(super) fn names_parameter(module: &Module, test: ExprId, func: FuncId) -> bool {
    module.within(test).any(|part| match module.expr(part) {
        ExprKind::Local(binding) => match module.binding(*binding).kind {
            BindingKind::Param(of, _) => of == func,
            // What was kept of an earlier call: `const kept = cache.get(id)`.
            BindingKind::Const(Some(init)) => {
                let parameter = |part| matches!(module.expr(part), ExprKind::Local(b) if matches!(module.binding(*b).kind, BindingKind::Param(of, _) if of == func));
                !matches!(module.expr(init), ExprKind::Await(_)) && module.enclosing_func(init) == Some(func) && module.within(init).any(parameter)
            }
            _ => false,
        },
        _ => false,
    })
}

fn asks_for_context(module: &Module, test: ExprId) -> bool {
    module.within(test).any(|part| match module.expr(part) {
        ExprKind::Str(text) => {
            let is_operand = matches!(module.parent(part), Parent::Expr(up) if matches!(module.expr(up), ExprKind::Binary { .. }));
            is_operand && (PARTS.contains(&&**text) || matches!(&**text, "query" | "mutation" | "action"))
        }
        ExprKind::Member { property, .. } => {
            let is_whole = match module.parent(part) {
                Parent::Expr(up) => !matches!(module.expr(up), ExprKind::Member { .. } | ExprKind::Call(_)),
                Parent::Stmt { .. } => true,
            };
            is_whole && PARTS.contains(&&**property)
        }
        _ => false,
    })
}

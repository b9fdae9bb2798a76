use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::hir::{BindingKind, ExprId, ExprKind, Module};
use crate::model::ty::FunctionKind;
use crate::model::{Callee, PlatformCall, Role};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds retries whose delay grows, and has no random part.
    ///
    /// ## Why is this bad?
    /// What failed together is tried again together: all calls that a service turned away come back in the same moment, and are turned away again.
    ///
    /// ## Example
    /// ```ts mutation
    /// const delay = 1000 * 2 ** args.attempt;
    /// await ctx.scheduler.runAfter(delay, internal.tasks.retry, {}); // error
    /// await ctx.scheduler.runAfter(delay * (0.5 + Math.random()), internal.tasks.retry, {});
    /// ```
    pub struct RetryWithoutJitter {} = { id: "retry-without-jitter", category: Category::Functions, level: Level::Off, since: "0.1.0", strict: Level::Warn }
}

impl Rule for RetryWithoutJitter {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn call(&self, call: &PlatformCall, cx: &mut Cx<'_>) -> Option<()> {
        let module = cx.workspace.hir(call.file);
        let at = match &call.callee {
            Callee::Context(part) if &**part == "scheduler.runAfter" => 0,
            Callee::External(external) if external.is("global", &["setTimeout"]) && may_wait(call, cx) => 1,
            _ => return None,
        };
        let delay = module.call(call.call)?.args.get(at)?.value;
        let mut seen = Seen::default();
        seen.look(module, delay, cx, 0);
        if !seen.grows || seen.is_random {
            return None;
        }
        cx.report(
            Diagnostic::new(module.span(delay), "this delay grows, and is the same for all that failed together")
                .help("multiply it by something random: `delay * (0.5 + Math.random())`"),
        );
        Some(())
    }
}

/// Whether the code waits on the backend, and where waiting is possible: transactions have no timers, and clients are not meant.
fn may_wait(call: &PlatformCall, cx: &Cx<'_>) -> bool {
    let module = cx.workspace.hir(call.file);
    let function = cx.project.function_around(module, module.enclosing_func(call.call));
    let is_transaction = function.is_some_and(|f| matches!(f.kind(), FunctionKind::Query | FunctionKind::Mutation));
    cx.workspace.files[call.file.0 as usize].role == Role::Backend && !is_transaction
}

/// What a delay is made of.
#[derive(Default)]
struct Seen {
    grows: bool,
    /// Something is random, or is computed where it cannot be seen.
    is_random: bool,
}

impl Seen {
    fn look(&mut self, module: &Module, value: ExprId, cx: &Cx<'_>, depth: u32) {
        if depth > 4 {
            self.is_random = true;
            return;
        }
        for part in module.within(value) {
            match module.expr(part) {
                ExprKind::Binary { left, right, .. } => {
                    let between = crate::source::Span { start: module.span(*left).end, end: module.span(*right).start, ..module.span(part) };
                    let operator = cx.text(between);
                    self.grows |= operator.contains("**") || operator.contains("<<");
                }
                ExprKind::Call(call) => match (module.expr(call.callee), cx.text(module.span(call.callee))) {
                    (_, "Math.pow") => self.grows = true,
                    (_, "Math.min" | "Math.max" | "Math.round" | "Math.floor" | "Math.ceil") => {}
                    _ => self.is_random = true,
                },
                ExprKind::Local(binding) => {
                    let binding = module.binding(*binding);
                    match binding.kind {
                        BindingKind::Const(Some(init)) if binding.path.is_empty() => self.look(module, init, cx, depth + 1),
                        // What counts attempts is no more random than what it is set to.
                        BindingKind::Let(init) => init.into_iter().chain(binding.writes.iter().copied().flatten()).for_each(|value| {
                            self.is_random |= module.within(value).any(|part| module.call(part).is_some());
                        }),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }
}

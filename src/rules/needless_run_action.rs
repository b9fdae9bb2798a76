use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::PlatformCall;
use crate::model::repetition;
use crate::model::calls::RunBy;
use crate::model::ty::FunctionKind;
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds `ctx.runAction` of an action that runs in the same runtime.
    ///
    /// ## Why is this bad?
    /// The other action gets a function of its own, with memory and start-up time, while this one waits and is paid for as well.
    /// In the same runtime, a plain function that both call does the same.
    ///
    /// ## Example
    /// ```ts
    /// export const send = internalAction({
    ///   args: {},
    ///   returns: v.null(),
    ///   handler: async () => null,
    /// });
    /// export const sendAll = action({
    ///   args: {},
    ///   returns: v.null(),
    ///   handler: async (ctx) => {
    ///     return await ctx.runAction(internal.example.send, {}); // error
    ///   },
    /// });
    /// ```
    ///
    /// ## When not to use it
    /// Where each run needs memory or time of its own, as for large files.
    /// Runs for each element of a list, and actions that run themselves to go on, are not reported.
    pub struct NeedlessRunAction {} = { id: "needless-run-action", category: Category::Functions, level: Level::Warn, since: "0.1.0", strict: Level::Warn }
}

impl Rule for NeedlessRunAction {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn call(&self, call: &PlatformCall, cx: &mut Cx<'_>) -> Option<()> {
        let module = cx.workspace.hir(call.file);
        let run = call.run(module).filter(|run| run.by == RunBy::Action)?;
        let around = cx.project.function_around(module, module.enclosing_func(call.call))?;
        if !matches!(around.kind(), FunctionKind::Action | FunctionKind::HttpAction) || around.file != call.file {
            return None;
        }
        // Each of many gets memory and time of its own.
        if repetition::around(module, call.call).is_some() {
            return None;
        }
        let target = cx.project.referenced(cx.project.graph.reference_at(module, run.target)?)?;
        if target.kind() != FunctionKind::Action || cx.workspace.hir(target.file).use_node != module.use_node {
            return None;
        }
        // One that goes on in itself does so to get time anew.
        if (target.file, target.call) == (around.file, around.call) {
            return None;
        }
        let span = module.property_span(module.bare(module.call(call.call)?.callee));
        let name = target.name.as_deref().unwrap_or("it");
        cx.report(
            Diagnostic::new(span, format!("`{name}` runs in the same runtime, and needs no action of its own here"))
                .label(target.callee_span, "this action")
                .help("move what it does into a plain function, and call that from both"),
        );
        Some(())
    }
}

use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::PlatformCall;
use crate::model::branches::is_in_try;
use crate::model::calls::RunBy;
use crate::model::functions::Syntax;
use crate::model::ty::FunctionKind;
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds queries and mutations that run another query or mutation by reference.
    ///
    /// ## Why is this bad?
    /// The other function runs in the same transaction anyway, but in a context of its own: it is started, its arguments are validated and copied, and so is its result.
    /// A plain function that takes `ctx` does the same for nothing.
    ///
    /// ## Example
    /// ```ts
    /// export const rename = mutation({
    ///   args: { id: v.id("users"), name: v.string() },
    ///   returns: v.null(),
    ///   handler: async (ctx, args) => {
    ///     return await ctx.runMutation(internal.users.setName, args); // error
    ///   },
    /// });
    /// ```
    ///
    /// ## When not to use it
    /// A mutation that runs in a `try` is undone alone where it throws, and a component can be reached in no other way; both are not reported.
    pub struct RunInTransaction {} = { id: "run-in-transaction", category: Category::Functions, level: Level::Off, since: "0.1.0" }
}

impl Rule for RunInTransaction {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn call(&self, call: &PlatformCall, cx: &mut Cx<'_>) -> Option<()> {
        let module = cx.workspace.hir(call.file);
        let run = call.run(module).filter(|run| matches!(run.by, RunBy::Query | RunBy::Mutation))?;
        let around = cx.project.function_around(module, module.enclosing_func(call.call))?;
        let reference = cx.project.graph.reference_at(module, run.target)?;
        let is_own = reference.path.first().is_some_and(|root| matches!(&**root, "api" | "internal"));
        // What a chain of builders calls a query may be a route, that only its name makes one.
        let is_sure = around.syntax != Syntax::Chained;
        if !is_own || !is_sure || !matches!(around.kind(), FunctionKind::Query | FunctionKind::Mutation) || is_in_try(module, call.call) {
            return None;
        }
        let name = if run.by == RunBy::Query { "runQuery" } else { "runMutation" };
        let span = module.property_span(module.bare(module.call(call.call)?.callee));
        cx.report(
            Diagnostic::new(span, format!("`ctx.{name}` starts a function inside of the {}", around.kind_and_name()))
                .help("call a plain function that takes `ctx`"),
        );
        Some(())
    }
}

use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::ty::FunctionKind;
use crate::model::{Effect, Function};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds actions that use `ctx.db`, themselves or through functions that they call.
    ///
    /// ## Why is this bad?
    /// An action is no transaction, and its context has no database: `ctx.db` is `undefined`, and the first call on it throws.
    /// The compiler says so too, until a cast or an untyped `ctx` hides it.
    ///
    /// ## Example
    /// ```ts
    /// export const report = action({
    ///   args: {},
    ///   returns: v.null(),
    ///   handler: async (ctx: any) => {
    ///     const tasks = await ctx.db.query("tasks").take(10); // error
    ///     const users = await ctx.runQuery(internal.users.list, {});
    ///     return null;
    ///   },
    /// });
    /// ```
    pub struct DatabaseInAction {} = { id: "database-in-action", category: Category::Functions, level: Level::Error, since: "0.1.0" }
}

impl Rule for DatabaseInAction {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn function(&self, function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        if !matches!(function.kind(), FunctionKind::Action | FunctionKind::HttpAction) || function.may_bring_database {
            return None;
        }
        for chain in cx.reach(Effect::Database).from(function.handler?) {
            let name = cx.text(chain.site);
            let message = match chain.through.is_empty() {
                true => format!("`ctx.db` is not there in the {}", function.kind_and_name()),
                false => format!("`{name}` comes to use `ctx.db`, which is not there in the {}", function.kind_and_name()),
            };
            cx.report(
                Diagnostic::new(chain.site, message)
                    .along(&chain, "which uses the database")
                    .help("put it into a query or mutation, and call that with `ctx.runQuery` or `ctx.runMutation`"),
            );
        }
        Some(())
    }
}

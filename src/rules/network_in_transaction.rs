use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::functions::Syntax;
use crate::model::ty::FunctionKind;
use crate::model::{Effect, Function};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds queries and mutations that reach the network, themselves or through functions that they call.
    ///
    /// ## Why is this bad?
    /// Queries and mutations are transactions: they may run again at any time, and see nothing but the database.
    /// `fetch` throws in them, and what a client of some service does instead is not undone when the transaction is.
    ///
    /// ## Example
    /// ```ts
    /// export const welcome = mutation({
    ///   args: { email: v.string() },
    ///   returns: v.null(),
    ///   handler: async (ctx, args) => {
    ///     await fetch("https://mail.example.com/send", { method: "POST", body: args.email }); // error
    ///     await ctx.scheduler.runAfter(0, internal.mail.send, { email: args.email });
    ///     return null;
    ///   },
    /// });
    /// ```
    pub struct NetworkInTransaction {} = { id: "network-in-transaction", category: Category::Functions, level: Level::Error, since: "0.1.0" }
}

impl Rule for NetworkInTransaction {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn function(&self, function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        // What a chain of builders calls a query may be a route, that only its name makes one.
        if function.syntax == Syntax::Chained {
            return None;
        }
        let help = match function.kind() {
            FunctionKind::Query => "fetch it in an action that stores what it gets, and read that here",
            FunctionKind::Mutation => "schedule an internal action for it: `ctx.scheduler.runAfter(0, internal.…)`",
            FunctionKind::Action | FunctionKind::HttpAction => return None,
        };
        for chain in cx.reach(Effect::Network).from(function.handler?) {
            let name = cx.text(chain.site);
            let message = match chain.through.is_empty() {
                true => format!("`{name}` reaches the network, in the {}", function.kind_and_name()),
                false => format!("`{name}` comes to reach the network, in the {}", function.kind_and_name()),
            };
            cx.report(Diagnostic::new(chain.site, message).along(&chain, "which reaches the network").help(help));
        }
        Some(())
    }
}

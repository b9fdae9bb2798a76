use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::ty::{Flavor, FunctionKind};
use crate::model::{Effect, Function};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds queries that write, schedule or run mutations, themselves or through functions that they call.
    ///
    /// ## Why is this bad?
    /// A query only reads: its `ctx.db` has no `insert`, and there is neither a scheduler nor `runMutation`.
    /// The compiler says so too, until a cast or an untyped `ctx` hides it; then the first call throws.
    ///
    /// ## Example
    /// ```ts
    /// export const open = query({
    ///   args: { id: v.id("posts") },
    ///   returns: v.null(),
    ///   handler: async (ctx, args) => {
    ///     await (ctx as any).db.patch(args.id, { likes: 1 }); // error
    ///     return null;
    ///   },
    /// });
    /// ```
    pub struct WriteInQuery {} = { id: "write-in-query", category: Category::Functions, level: Level::Error, since: "0.1.0" }
}

impl Rule for WriteInQuery {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn function(&self, function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        // What a builder that is known by its name alone calls a query may be anything.
        if function.kind() != FunctionKind::Query || function.builder.flavor == Flavor::Foreign {
            return None;
        }
        for chain in cx.reach(Effect::Write).from(function.handler?) {
            let name = cx.text(chain.site);
            let message = match chain.through.is_empty() {
                true => format!("`{name}` writes, in the {}", function.kind_and_name()),
                false => format!("`{name}` comes to write, in the {}", function.kind_and_name()),
            };
            cx.report(
                Diagnostic::new(chain.site, message)
                    .along(&chain, "which writes")
                    .help("make it a mutation, or move the write into one that the client calls"),
            );
        }
        Some(())
    }
}

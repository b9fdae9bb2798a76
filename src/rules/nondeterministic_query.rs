use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::functions::Syntax;
use crate::model::ty::FunctionKind;
use crate::model::{Effect, Function};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds queries that ask what time it is, themselves or through functions that they call.
    ///
    /// ## Why is this bad?
    /// A query runs again when what it has read changes, and time is nothing that it reads: what it says of "now" goes stale, and nobody is told.
    /// Results that depend on the time are kept for a short while only, so that the same query runs more often.
    ///
    /// ## Example
    /// ```ts
    /// const recent = await ctx.db
    ///   .query("posts")
    ///   .withIndex("by_creation_time", (q) => q.gt("_creationTime", Date.now() - 86400000)) // error
    ///   .take(10);
    /// const since = await ctx.db
    ///   .query("posts")
    ///   .withIndex("by_creation_time", (q) => q.gt("_creationTime", args.since))
    ///   .take(10);
    /// ```
    ///
    /// ## When not to use it
    /// Where a result that is a little old does no harm.
    /// Internal queries are not reported, unless `internal` says so: no client waits for their results to change.
    /// Neither is the time where the caller did not give it: `args.now ?? Date.now()`.
    pub struct NondeterministicQuery {
        /// Also look at internal queries, which are run once and not watched.
        pub internal: bool = false,
    } = { id: "nondeterministic-query", category: Category::Queries, level: Level::Warn, since: "0.1.0" }
}

impl Rule for NondeterministicQuery {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn function(&self, function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        if function.kind() != FunctionKind::Query || function.syntax == Syntax::Chained {
            return None;
        }
        if function.is_internal() && !self.internal {
            return None;
        }
        for chain in cx.reach(Effect::Clock).from(function.handler?) {
            let found = if chain.through.is_empty() {
                Diagnostic::new(chain.site, format!("the {} asks what time it is, and does not run again when time passes", function.kind_and_name()))
            } else {
                // Said once where the time is asked for, and not of every query that comes there.
                Diagnostic::new(chain.end(), "queries come to ask what time it is here, and do not run again when time passes")
                    .label(chain.site, format!("from the {}", function.kind_and_name()))
            };
            cx.report(found.help("take the time as an argument, rounded so that calls are alike; or keep a flag that a scheduled function sets"));
        }
        Some(())
    }
}

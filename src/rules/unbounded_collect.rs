use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::queries::{End, Range, StepKind};
use crate::model::{DbQuery, Project};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds `.collect()` on a query that reads a whole table.
    ///
    /// ## Why is this bad?
    /// `.collect()` reads every document that the query selects, and a query without an index range selects the whole table.
    /// It gets slower with every insert, re-runs on every write to the table, and throws once the table outgrows what one function may read.
    /// A `.filter()` does not help: the documents that it drops are read all the same.
    ///
    /// ## Example
    /// ```ts
    /// const users = await ctx.db.query("users").collect(); // error
    /// const members = await ctx.db
    ///   .query("users")
    ///   .withIndex("by_team", (q) => q.eq("teamId", args.teamId))
    ///   .collect();
    /// const newest = await ctx.db.query("users").order("desc").take(20);
    /// ```
    ///
    /// ## When not to use it
    /// For tables that stay small by their nature: name them in `allow-tables`.
    ///
    /// ## Options
    /// The right bound is a decision about the product, so there is no fix.
    /// `indexed` makes the rule as strict as `no-collect-in-query` of the official ESLint plugin, which accepts no `.collect()` at all.
    pub struct UnboundedCollect {
        /// Tables small enough to be read whole.
        pub allow_tables: Vec<String> = Vec::new(),
        /// Also report `.collect()` on an index range, which may hold any number of documents.
        pub indexed: bool = false,
        /// Accept it in internal queries and mutations, which run from crons, migrations and the dashboard.
        pub allow_internal: bool = false,
    } = { id: "unbounded-collect", category: Category::Queries, level: Level::Error, since: "0.1.0", alias: "no-collect-in-query" }
}

impl Rule for UnboundedCollect {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn db_query(&self, query: &DbQuery, cx: &mut Cx<'_>) -> Option<()> {
        let table = query.table.as_deref();
        let is_judged = query.end == End::Collect && !query.is_search() && !table.is_some_and(|t| self.allow_tables.iter().any(|a| a == t));
        if !is_judged || self.allow_internal && is_internal(query, cx.project) {
            return None;
        }
        let index = query.index().map(|(_, index)| index);
        let is_ranged = index.is_some_and(|index| match &index.range {
            Range::None => false,
            Range::Bounds(bounds) => !bounds.is_empty(),
            Range::Unknown => true,
        });
        if is_ranged && !self.indexed {
            return None;
        }
        let whole = table.map_or_else(|| "the whole table".to_owned(), |table| format!("the whole table `{table}`"));
        let name = index.and_then(|index| index.name.as_deref());
        let message = match (is_ranged, name) {
            (true, Some(name)) => format!("`.collect()` reads all that the range on `{name}` holds, however much that is"),
            (true, None) => "`.collect()` reads all that the index range holds, however much that is".to_owned(),
            (false, Some(name)) => format!("`.collect()` reads {whole}: `.withIndex(\"{name}\")` has no range"),
            (false, None) => format!("`.collect()` reads {whole}"),
        };
        let module = cx.workspace.hir(query.file);
        let mut found = Diagnostic::new(module.property_span(module.call(query.call)?.callee), message).help(help(query, is_ranged));
        if !query.is_in_one_piece(module) {
            found = found.label(cx.workspace.hir(query.origin.0).span(query.origin.1), "the query starts here");
        }
        cx.report(found);
        Some(())
    }
}

fn help(query: &DbQuery, is_ranged: bool) -> &'static str {
    let is_filtered = query.steps.iter().any(|step| matches!(step.kind, StepKind::Filter(_)));
    match (is_ranged, is_filtered) {
        (true, _) => "take what is needed with `.take(n)`, page with `.paginate(…)`, or stop early in a `for await`",
        (false, true) => "`.filter()` reads what it drops: give the query an index range, or bound it with `.take(n)` or `.paginate(…)`",
        (false, false) => "give the query an index range, or bound it with `.take(n)`, `.paginate(…)` or a `for await` that stops early",
    }
}

/// Whether the query ends in the handler of a function that clients cannot call, or in a callback there.
fn is_internal(query: &DbQuery, project: &Project) -> bool {
    project.functions.iter().any(|f| {
        let holds = f.file == query.file && f.span.contains(query.span);
        holds && f.is_internal()
    })
}

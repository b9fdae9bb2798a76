use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::Fix;
use crate::model::queries::Predicate;
use crate::model::{DbQuery, Table};
use crate::model::ty::{Index, IndexKind, TableFlavor};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::writing::indexes::removal;

declare_rule! {
    /// Finds an index that nothing in the project reads.
    ///
    /// ## Why is this bad?
    /// It is written with each insert and each update of its fields, takes storage, and counts toward the number that a table may have, for nobody.
    ///
    /// ## Example
    /// `convex/schema.ts`:
    /// ```ts
    /// import { defineSchema, defineTable } from "convex/server";
    /// import { v } from "convex/values";
    ///
    /// export default defineSchema({
    ///   posts: defineTable({ author: v.string(), likes: v.number() })
    ///     .index("by_author", ["author"])
    ///     .index("by_likes", ["likes"]), // error
    /// });
    /// ```
    ///
    /// `convex/posts.ts`:
    /// ```ts
    /// import { query } from "./_generated/server";
    /// import { v } from "convex/values";
    ///
    /// export const mine = query({
    ///   args: { author: v.string() },
    ///   returns: v.any(),
    ///   handler: async (ctx, args) =>
    ///     await ctx.db.query("posts").withIndex("by_author", (q) => q.eq("author", args.author)).take(10),
    /// });
    /// ```
    ///
    /// ## When not to use it
    /// Silent in components, whose tables others may read; for staged indexes; for tables of ents and ORMs, which choose indexes by themselves; and for an index that a query may read whose table or index is chosen when it runs, or whose name stands in a string of unknown use.
    ///
    /// ## Fix safety
    /// Unsafe: code outside of the project, or a dashboard, may read it; and to have it back, Convex builds it anew.
    pub struct UnusedIndex {} = { id: "unused-index", category: Category::Schema, level: Level::Warn, since: "0.1.0", strict: Level::Warn, fix: FixKind::Unsafe }
}

impl Rule for UnusedIndex {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn table(&self, table: &Table, cx: &mut Cx<'_>) -> Option<()> {
        // Where nothing is read at all, the code that reads is somewhere else.
        let is_judged = table.definition.flavor == TableFlavor::Plain && !cx.project.is_component && !cx.project.queries.is_empty();
        for index in table.definition.indexes.iter().filter(|index| is_judged && !index.staged) {
            if is_read(table, index, cx) || table.shares(index, cx.workspace) {
                continue;
            }
            let kind = match index.kind {
                IndexKind::Db => "index",
                IndexKind::Search => "search index",
                IndexKind::Vector => "vector index",
            };
            // A query that searches its field by hand had better read it.
            let fix = searched_by_hand(table, index, cx).is_none().then(|| removal(cx.source(index.span), index).edits);
            cx.report(
                Diagnostic::new(index.name_span, format!("nothing in the project reads the {kind} `{}` of `{}`", index.name, table.name))
                    .help("drop it, or read it where its fields are searched")
                    .fix(fix.map(|edits| Fix::r#unsafe(format!("Drop `{}`", index.name), edits))),
            );
        }
        Some(())
    }
}

fn is_read(table: &Table, index: &Index, cx: &Cx<'_>) -> bool {
    let readers = &cx.project.readers;
    readers.of(&table.name, &index.name).next().is_some()
        || !readers.are_all_known(&table.name, &index.name)
        || readers.is_read_by_package(&table.name, &index.name)
}

/// A query of the table that filters by the field that the index leads with.
fn searched_by_hand<'p>(table: &Table, index: &Index, cx: &Cx<'p>) -> Option<&'p DbQuery> {
    let first = index.own_fields()?.first()?;
    cx.project.queries_on(&table.name).find(|query| {
        query.filters().any(|(_, predicate)| match predicate {
            Predicate::All(terms) => terms.iter().filter_map(|t| t.compare.as_ref()).any(|c| c.field == *first),
            Predicate::Opaque => true,
        })
    })
}

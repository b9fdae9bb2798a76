use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::Fix;
use crate::model::queries::Predicate;
use crate::model::ty::{TableFlavor, Ty};
use crate::model::{DbQuery, Table};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::source::Span;
use crate::writing::table_index::{add_index, free_name};

declare_rule! {
    /// Finds fields with ids of another table that are searched by, and that no index leads with.
    ///
    /// ## Why is this bad?
    /// To find what belongs to a document, all rows of the table are read, for want of an index on the field that says so.
    ///
    /// ## Example
    /// `convex/schema.ts`:
    /// ```ts
    /// import { defineSchema, defineTable } from "convex/server";
    /// import { v } from "convex/values";
    ///
    /// export default defineSchema({
    ///   users: defineTable({ name: v.string() }),
    ///   notes: defineTable({ ownerId: v.id("users") }), // error
    /// });
    /// ```
    ///
    /// `convex/notes.ts`:
    /// ```ts
    /// import { v } from "convex/values";
    /// import { query } from "./_generated/server";
    ///
    /// export const mine = query({
    ///   args: { ownerId: v.id("users") },
    ///   returns: v.any(),
    ///   handler: async (ctx, args) =>
    ///     await ctx.db.query("notes").filter((q) => q.eq(q.field("ownerId"), args.ownerId)).take(10),
    /// });
    /// ```
    ///
    /// ## Options
    /// With `always`, every such field is reported, whether anything searches by it or not.
    ///
    /// ## Fix safety
    /// Unsafe: Convex builds the new index when it is pushed, which takes time on a large table.
    pub struct UnindexedReference {
        /// Report fields too that nothing in the project searches by.
        pub always: bool = false,
    } = { id: "unindexed-reference", category: Category::Schema, level: Level::Warn, since: "0.1.0", strict: Level::Warn, fix: FixKind::Unsafe }
}

impl Rule for UnindexedReference {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn table(&self, table: &Table, cx: &mut Cx<'_>) -> Option<()> {
        let definition = &table.definition;
        let Ty::Object(document) = &definition.document else { return None };
        if !matches!(definition.flavor, TableFlavor::Plain | TableFlavor::Ent) || definition.open {
            return None;
        }
        for field in &document.fields {
            let (Ty::Id(target), Some(span)) = (field.ty.non_null(), field.span) else { continue };
            let leads = definition.all_indexes().any(|i| i.fields.as_ref().is_none_or(|f| f.first() == Some(&field.name)));
            if target.starts_with('_') || leads {
                continue;
            }
            let search = searches(table, &field.name, cx);
            if search.is_none() && !self.always {
                continue;
            }
            let fields = [field.name.clone()];
            let fix = free_name(table, &fields).and_then(|name| {
                let edits = add_index(cx.workspace, cx.project, table, &name, &fields)?;
                Some(Fix::r#unsafe(format!("Add the index `{name}`"), edits))
            });
            let mut found = Diagnostic::new(span, format!("`{}` holds ids of `{target}`, and no index of `{}` leads with it", field.name, table.name))
                .help(format!("add an index on it: `.index(\"by_{}\", [\"{}\"])`", field.name, field.name))
                .fix(fix);
            if let Some(search) = search {
                found = found.label(search, "rows are searched by it here");
            }
            cx.report(found);
        }
        Some(())
    }
}

/// A query of the table that filters by the field.
fn searches(table: &Table, field: &str, cx: &Cx<'_>) -> Option<Span> {
    let by_field = |query: &DbQuery| {
        query.filters().find_map(|(step, predicate)| match predicate {
            Predicate::All(terms) => terms.iter().filter_map(|t| t.compare.as_ref()).any(|c| &*c.field == field && &*c.op == "eq").then_some(step.span),
            Predicate::Opaque => None,
        })
    };
    // A range on another index reads little already.
    let of_table = |q: &&DbQuery| q.table.as_deref() == Some(&*table.name) && q.index().is_none() && !q.is_search();
    cx.project.queries.iter().filter(of_table).find_map(by_field)
}

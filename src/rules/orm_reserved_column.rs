use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::Table;
use crate::model::ty::TableFlavor;
use crate::rule::{Category, Cx, Rule, RuleMeta};
use crate::source::Span;

/// Columns that every table has.
const OWN: [&str; 3] = ["id", "_id", "_creationTime"];

declare_rule! {
    /// Finds columns of the ORM's tables that have the name of a column that every table has.
    ///
    /// ## Why is this bad?
    /// `id` is the id of the document, and `_id` and `_creationTime` are Convex's own.
    /// The ORM throws where a table has another column of the name.
    ///
    /// ## Example
    /// `convex/schema.ts`:
    /// ```ts
    /// import { convexTable, defineSchema, text } from "kitcn/orm";
    ///
    /// export default defineSchema({
    ///   users: convexTable("users", {
    ///     id: text().notNull(), // error
    ///     externalId: text().notNull(),
    ///   }),
    /// });
    /// ```
    pub struct OrmReservedColumn {} = { id: "orm-reserved-column", category: Category::Orm, level: Level::Error, since: "0.1.0" }
}

impl Rule for OrmReservedColumn {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn table(&self, table: &Table, cx: &mut Cx<'_>) -> Option<()> {
        for column in table.definition.columns.iter().filter(|_| table.definition.flavor == TableFlavor::Orm) {
            let Some(span) = column.span.filter(|_| OWN.contains(&&*column.name)) else { continue };
            let span = Span { end: span.start + column.name.len() as u32, ..span };
            let help = match &*column.name {
                "_creationTime" => "leave it out: it is there, and `createdAt` reads it",
                _ => "leave it out: it is there; or give it another name, as `externalId`",
            };
            cx.report(Diagnostic::new(span, format!("every table has a column `{}` of its own", column.name)).help(help));
        }
        Some(())
    }
}

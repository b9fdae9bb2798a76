use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::Table;
use crate::model::ty::{ColumnDefault, TableFlavor};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds columns that may not be null and have a default.
    ///
    /// ## Why is this bad?
    /// The default is written with rows that are inserted from now on.
    /// Documents that were there before the column do not have it, and Convex refuses to deploy a schema that they do not fit.
    ///
    /// ## Example
    /// `convex/schema.ts`:
    /// ```ts
    /// import { convexTable, defineSchema, text } from "kitcn/orm";
    ///
    /// export default defineSchema({
    ///   users: convexTable("users", {
    ///     role: text().default("member").notNull(), // error
    ///     name: text().notNull(),
    ///   }),
    /// });
    /// ```
    ///
    /// ## When not to use it
    /// Columns that were there when the table was made have no old documents: the rule cannot tell, and is off until it is asked for.
    pub struct OrmDefaultNotNull {} = { id: "orm-default-not-null", category: Category::Orm, level: Level::Off, since: "0.1.0" }
}

impl Rule for OrmDefaultNotNull {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn table(&self, table: &Table, cx: &mut Cx<'_>) -> Option<()> {
        for place in table.definition.columns.iter().filter(|c| table.definition.flavor == TableFlavor::Orm && !c.is_of_variant) {
            let (Some(column), Some(span)) = (&place.column, place.span) else { continue };
            if column.default != ColumnDefault::None && column.not_null && !column.stored(&place.name).1 {
                cx.report(
                    Diagnostic::new(span, format!("documents from before the column do not have `{}`, and it may not be left out", place.name))
                        .help("let it be null until all documents have it, then say `.notNull()`"),
                );
            }
        }
        Some(())
    }
}

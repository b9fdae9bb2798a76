use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::Table;
use crate::model::ty::TableFlavor;
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds tables of the ORM that the schema calls otherwise than they call themselves.
    ///
    /// ## Why is this bad?
    /// Documents are kept under the key in the schema, and foreign keys, relations and triggers go by the name in the table.
    /// The ORM finds no such table, and throws when it starts.
    ///
    /// ## Example
    /// `convex/schema.ts`:
    /// ```ts
    /// import { convexTable, defineSchema, text } from "kitcn/orm";
    ///
    /// export default defineSchema({
    ///   user: convexTable("users", { name: text().notNull() }), // error
    ///   teams: convexTable("teams", { name: text().notNull() }),
    /// });
    /// ```
    pub struct OrmTableKey {} = { id: "orm-table-key", category: Category::Orm, level: Level::Error, since: "0.1.0" }
}

impl Rule for OrmTableKey {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn table(&self, table: &Table, cx: &mut Cx<'_>) -> Option<()> {
        let name = table.definition.name.as_ref().filter(|_| table.definition.flavor == TableFlavor::Orm)?;
        if *name == table.name {
            return None;
        }
        cx.report(
            Diagnostic::new(cx.workspace.key_of(table), format!("the schema calls this table `{}`, and the table calls itself `{name}`", table.name))
                .label(table.definition.span, "defined here")
                .help("give both the same name; documents are kept under the one in the schema"),
        );
        Some(())
    }
}

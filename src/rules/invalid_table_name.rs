use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::Table;
use crate::model::ty::TableFlavor;
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds tables whose names Convex does not take.
    ///
    /// ## Why is this bad?
    /// A name begins with a letter and goes on with letters, digits and `_`; names that begin with `_` are Convex's own.
    /// Any other is refused when the schema is pushed.
    ///
    /// ## Example
    /// ```ts
    /// const schema = defineSchema({
    ///   "user-settings": defineTable({ theme: v.string() }), // error
    ///   userNotes: defineTable({ text: v.string() }),
    /// });
    /// export default schema;
    /// ```
    pub struct InvalidTableName {} = { id: "invalid-table-name", category: Category::Schema, level: Level::Error, since: "0.1.0" }
}

impl Rule for InvalidTableName {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn table(&self, table: &Table, cx: &mut Cx<'_>) -> Option<()> {
        let name = &*table.name;
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if is_name || table.definition.flavor == TableFlavor::Package {
            return None;
        }
        // A schema of such tables alone describes what is Convex's own.
        if name.starts_with('_') && cx.project.schema.as_ref()?.tables.iter().all(|t| t.name.starts_with('_')) {
            return None;
        }
        let message = if name.starts_with('_') {
            format!("`{name}` is no name for a table: names that begin with `_` are Convex's own")
        } else {
            format!("`{name}` is no name for a table")
        };
        cx.report(Diagnostic::new(cx.workspace.key_of(table), message).help("begin with a letter, and go on with letters, digits and `_`"));
        Some(())
    }
}

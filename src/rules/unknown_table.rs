use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::{Role, Schema, TableUse};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::source::Span;
use crate::writing::meant::nearest_name;

declare_rule! {
    /// Finds names of tables that the schema does not have.
    ///
    /// ## Why is this bad?
    /// A query on such a table finds nothing, an insert into it is refused, and no document can hold an id of it.
    /// TypeScript says so only where the database has its generated types; helpers that take `any` hide it.
    ///
    /// ## Example
    /// ```ts
    /// const posts = await ctx.db.query("post").take(10); // error
    /// const users = await ctx.db.query("users").take(10);
    /// const files = await ctx.db.system.query("_storage").take(10);
    /// ```
    ///
    /// ## When not to use it
    /// In a project without `schemaValidation` that reads tables which its schema leaves out.
    /// The rule is silent by itself where the schema is built in ways that cannot be read from its source.
    ///
    /// ## Fix safety
    /// The fix takes the name of the table that is spelt most alike, which may be another than the one that was meant.
    pub struct UnknownTable {
        /// Names of tables that exist although the schema does not have them.
        pub allow_tables: Vec<String> = Vec::new(),
    } = { id: "unknown-table", category: Category::Queries, level: Level::Error, since: "0.1.0", fix: FixKind::Unsafe }
}

impl Rule for UnknownTable {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn table_use(&self, usage: &TableUse, cx: &mut Cx<'_>) -> Option<()> {
        let schema = cx.project.schema.as_ref().filter(|s| !s.open)?;
        let name = &usage.name;
        let is_known = schema.knows(name) || self.allow_tables.iter().any(|t| **t == **name);
        if is_known || cx.workspace.files[usage.file.0 as usize].role != Role::Backend {
            return None;
        }
        let found = Diagnostic::new(usage.span, format!("the schema has no table `{name}`"))
            .label(schema_name(schema, cx), "the schema")
            .help(help(schema, name))
            .fix(fix(schema, usage, cx));
        cx.report(found);
        Some(())
    }
}

fn help(schema: &Schema, name: &str) -> String {
    match nearest_name(name, schema.tables.iter().map(|t| &t.name)) {
        Some(meant) => format!("there is `{meant}`"),
        None => format!("add `{name}` to the schema, or name one of its tables"),
    }
}

fn fix(schema: &Schema, usage: &TableUse, cx: &Cx<'_>) -> Option<Fix> {
    let meant = nearest_name(&usage.name, schema.tables.iter().map(|t| &t.name))?;
    let quote = cx.text(usage.span).chars().next().filter(|c| usage.is_literal && matches!(c, '"' | '\'' | '`'))?;
    let edit = Edit::replace(usage.span, format!("{quote}{meant}{quote}"));
    Some(Fix::r#unsafe(format!("Name the table `{meant}`"), vec![edit]))
}

/// `defineSchema`, without the tables after it.
fn schema_name(schema: &Schema, cx: &Cx<'_>) -> Span {
    let name = cx.text(schema.span).find('(').unwrap_or_default() as u32;
    Span { end: schema.span.start + name, ..schema.span }
}

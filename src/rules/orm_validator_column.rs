use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::Fix;
use crate::model::Table;
use crate::model::ty::{TableColumn, TableFlavor};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::writing::imports::Imports;
use crate::writing::orm;

declare_rule! {
    /// Finds columns of the ORM's tables that are validators, and no column builders.
    ///
    /// ## Why is this bad?
    /// A validator knows nothing of defaults, foreign keys and names, so the ORM throws when the schema loads.
    ///
    /// ## Example
    /// `convex/schema.ts`:
    /// ```ts
    /// import { v } from "convex/values";
    /// import { convexTable, defineSchema, text } from "kitcn/orm";
    ///
    /// export default defineSchema({
    ///   users: convexTable("users", {
    ///     name: text().notNull(),
    ///     age: v.number(), // error
    ///   }),
    /// });
    /// ```
    ///
    /// ## Fix safety
    /// The builder stores what the validator admits; what none of them says stands in `custom(…)`.
    /// For an optional validator the fix is unsafe: the column admits `null` as well.
    pub struct OrmValidatorColumn {} = { id: "orm-validator-column", category: Category::Orm, level: Level::Error, since: "0.1.0", fix: FixKind::Safe }
}

impl Rule for OrmValidatorColumn {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn table(&self, table: &Table, cx: &mut Cx<'_>) -> Option<()> {
        let definition = &table.definition;
        let schema = cx.project.schema.as_ref()?;
        // The first drafts of the ORM took validators everywhere.
        let takes_builders = !schema.own.is_empty() || definition.columns.iter().any(|c| c.column.is_some());
        if definition.flavor != TableFlavor::Orm || !takes_builders {
            return None;
        }
        for column in definition.columns.iter().filter(|c| c.is_validator) {
            let Some(span) = column.span else { continue };
            cx.report(
                Diagnostic::new(span, format!("the column `{}` is a validator, and the ORM takes builders", column.name))
                    .help("write `text()`, `integer()`, `boolean()`, … with `.notNull()`, or `custom(v.…)`; `orm-migrate` does it for a whole schema")
                    .fix(fix(table, column, cx)),
            );
        }
        Some(())
    }
}

fn fix(table: &Table, column: &TableColumn, cx: &Cx<'_>) -> Option<Fix> {
    let (file, _) = table.definition.fields_at?;
    let module = orm::orm_in(cx.workspace, file)?;
    let source = &cx.workspace.files[file.0 as usize].source;
    let mut imports = Imports::new(source, cx.workspace.hir(file), cx.workspace.style(file));
    let new = cx.ask(file, |infer| orm::column(cx.workspace, infer, table, column, &module, &mut imports))?;
    let edits = new.edits.into_iter().chain(imports.into_edits()).collect();
    let title = "Make it a column";
    Some(if new.exact { Fix::safe(title, edits) } else { Fix::r#unsafe(title, edits) })
}

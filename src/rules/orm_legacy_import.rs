use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::hir::ImportName;
use crate::model::relations::RelationForm;
use crate::model::File;
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds imports of what the ORM's first drafts had, and what it has no more.
    ///
    /// ## Why is this bad?
    /// Tables come from `better-convex/orm` or `kitcn/orm`, relations from `defineRelations` or `.relations(…)` of the schema, and numbers are `integer()`.
    /// With the old names next to the new ones, the module does not load.
    ///
    /// ## Example
    /// `convex/schema.ts`:
    /// ```ts
    /// import { v } from "convex/values";
    /// import { defineSchema } from "convex/server";
    /// import { convexTable } from "better-convex/server"; // error
    ///
    /// export default defineSchema({ users: convexTable("users", { name: v.string() }) });
    /// ```
    ///
    /// ## When not to use it
    /// Of `better-convex/orm`, whose first versions had `relations`, old names are reported only in projects that use `defineRelations`.
    pub struct OrmLegacyImport {} = { id: "orm-legacy-import", category: Category::Orm, level: Level::Error, since: "0.1.0" }
}

impl Rule for OrmLegacyImport {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        let module = &file.hir;
        for import in module.imports.iter().filter(|i| !i.type_only) {
            let ImportName::Named(name) = &import.name else { continue };
            let is_old = match &*import.module {
                "better-convex/server" => &**name == "convexTable",
                "kitcn/orm" => is_old(name),
                "better-convex/orm" => is_old(name) && cx.project.relations.iter().any(|r| r.form != RelationForm::OfTable),
                _ => false,
            };
            if !is_old {
                continue;
            }
            let help = match &**name {
                "convexTable" => "import it from `better-convex/orm`, and make columns with builders",
                "relations" => "use `defineRelations(tables, (r) => ({ … }))`; `orm-migrate` rewrites them",
                "number" => "use `integer()`",
                _ => "use `defineSchema`",
            };
            cx.report(Diagnostic::new(module.at(import.start, import.end), format!("`{}` has no `{name}` any more", import.module)).help(help));
        }
        Some(())
    }
}

fn is_old(name: &str) -> bool {
    matches!(name, "relations" | "number" | "buildSchema")
}

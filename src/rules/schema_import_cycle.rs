use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::File;
use crate::model::hir::{BindingKind, ExprId, Module};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds modules that use the schema while they are loaded, and that the schema itself imports.
    ///
    /// ## Why is this bad?
    /// The schema waits for the module, and the module finds a schema that is not made yet: `undefined`, or an error about a name before its initialisation.
    /// Whether it happens depends on which of them is loaded first, so that it shows in deployments and not at home.
    ///
    /// ## Example
    /// `convex/schema.ts`:
    /// ```ts
    /// import { defineSchema, defineTable } from "convex/server";
    /// import { v } from "convex/values";
    /// import { role } from "./roles";
    ///
    /// export default defineSchema({ users: defineTable({ role, name: v.string() }) });
    /// ```
    ///
    /// `convex/roles.ts`:
    /// ```ts
    /// import { v } from "convex/values";
    /// import schema from "./schema";
    ///
    /// export const role = v.string();
    /// export const tables = Object.keys(schema.tables); // error
    /// ```
    ///
    /// ## When not to use it
    /// Inside of a function the schema is asked for later, when it is there; that is not reported.
    pub struct SchemaImportCycle {} = { id: "schema-import-cycle", category: Category::Functions, level: Level::Error, since: "0.1.0", alias: "no-schema-import-cycle" }
}

impl Rule for SchemaImportCycle {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        let schema = cx.project.schema.as_ref()?;
        let id = file.source.id;
        let import = cx.workspace.imports_of(id).iter().find(|i| i.file == schema.file && i.is_used)?;
        if id == schema.file || !cx.workspace.reaches(schema.file, id) {
            return None;
        }
        let module = &file.hir;
        let first = used_at_once(module, import.span.start)?;
        cx.report(
            Diagnostic::new(module.span(first), "the schema is used while this module is loaded, and the schema imports this module")
                .label(import.span, "from here")
                .help("move what the schema needs into a file that does not import it, or use the schema inside of a function"),
        );
        Some(())
    }
}

/// The first use, outside of every function, of a name that the import at this place brings.
fn used_at_once(module: &Module, import: u32) -> Option<ExprId> {
    let of_import = |kind: &BindingKind| match kind {
        BindingKind::Import(at) => module.imports.get(*at as usize).is_some_and(|i| i.decl_start == import),
        _ => false,
    };
    let uses = module.bindings.iter().filter(|b| of_import(&b.kind)).flat_map(|b| &b.uses);
    uses.copied().filter(|usage| module.enclosing_func(*usage).is_none()).min()
}

use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::File;
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds modules of Convex's own runtime that import a module for Node.
    ///
    /// ## Why is this bad?
    /// What is imported runs where the importing module runs.
    /// A module that says `"use node"` needs Node, so its code breaks the moment that it is bundled for the other runtime.
    ///
    /// ## Example
    /// `convex/pdf.ts`:
    /// ```ts
    /// "use node";
    ///
    /// export const margin = 12;
    /// ```
    ///
    /// `convex/pages.ts`:
    /// ```ts
    /// import { margin } from "./pdf"; // error
    ///
    /// export const width = 100 - margin;
    /// ```
    ///
    /// ## When not to use it
    /// Types may be imported from anywhere, and are not reported.
    pub struct NodeImport {} = { id: "node-import", category: Category::Functions, level: Level::Warn, since: "0.1.0", alias: "import-wrong-runtime" }
}

impl Rule for NodeImport {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        if file.hir.use_node || !cx.workspace.is_entry(file.source.id) {
            return None;
        }
        for import in cx.workspace.imports_of(file.source.id).iter().filter(|i| i.is_used) {
            if !cx.workspace.hir(import.file).use_node {
                continue;
            }
            cx.report(
                Diagnostic::new(import.span, "this module runs in Convex's own runtime, and imports one for Node")
                    .help("move what both need into a file without `\"use node\"`, or run its actions by reference"),
            );
        }
        Some(())
    }
}

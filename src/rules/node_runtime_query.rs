use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::ty::FunctionKind;
use crate::model::{File, Function};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::source::Span;

declare_rule! {
    /// Finds queries, mutations and HTTP actions in a module for Node, and a `"use node"` that says nothing where it stands.
    ///
    /// ## Why is this bad?
    /// Only actions run in Node; a module that says `"use node"` and exports anything else is not deployed.
    /// The directive counts only as the first statement of the file: behind an import it is a string that nothing reads.
    ///
    /// ## Example
    /// `convex/reports.ts`:
    /// ```ts
    /// "use node";
    ///
    /// import { v } from "convex/values";
    /// import { action, query } from "./_generated/server";
    ///
    /// export const list = query({ args: {}, returns: v.null(), handler: async () => null }); // error
    /// export const run = action({ args: {}, returns: v.null(), handler: async () => null });
    /// ```
    pub struct NodeRuntimeQuery {} = { id: "node-runtime-query", category: Category::Functions, level: Level::Error, since: "0.1.0", fix: FixKind::Safe }
}

impl Rule for NodeRuntimeQuery {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn function(&self, function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        let module = cx.workspace.hir(function.file);
        let is_wrong = module.use_node && function.kind() != FunctionKind::Action && function.is_exported(module);
        if !is_wrong || !cx.workspace.is_entry(function.file) {
            return None;
        }
        cx.report(
            Diagnostic::new(function.callee_span, format!("the {} stands in a module for Node, which may hold actions only", function.kind_and_name()))
                .help("move it into a file without `\"use node\"`"),
        );
        Some(())
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        let stray = file.hir.span(file.hir.stray_use_node().filter(|_| cx.workspace.is_entry(file.source.id))?);
        let text = &*file.source.text;
        let style = cx.workspace.style(file.source.id);
        // The statement with its semicolon, and the line where nothing else stands on it.
        let end = text[stray.end as usize..].strip_prefix(';').map_or(stray.end, |_| stray.end + 1);
        let rest = text[end as usize..].find('\n').map_or(text.len(), |at| end as usize + at + 1);
        let is_alone = text[..stray.start as usize].ends_with('\n') && text[end as usize..rest].trim().is_empty();
        let taken = Span { end: if is_alone { rest as u32 } else { end }, ..stray };
        let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
        let first = format!("{}{}{}{}", style.string("use node"), style.semicolon(), style.newline, style.newline);
        let edits = vec![Edit::insert_before(file.hir.at(start, start), first), Edit::delete(taken)];
        cx.report(
            Diagnostic::new(stray, "`\"use node\"` says nothing here: it is not the first statement")
                .help("put it at the top of the file")
                .fix(Fix::safe("Put it at the top", edits)),
        );
        Some(())
    }
}

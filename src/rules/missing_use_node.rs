use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::File;
use crate::model::ty::FunctionKind;
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};

declare_rule! {
    /// Finds modules that need Node and do not say `"use node"`.
    ///
    /// ## Why is this bad?
    /// Convex runs functions in a runtime of its own, which has no `fs`, no sockets and no processes.
    /// A module that imports them is not deployed, unless its first line moves it to Node; then it may hold actions only.
    ///
    /// ## Example
    /// `convex/digests.ts`:
    /// ```ts
    /// import { createHash } from "node:crypto"; // error
    /// import { v } from "convex/values";
    /// import { internalAction } from "./_generated/server";
    ///
    /// export const digest = internalAction({
    ///   args: { text: v.string() },
    ///   returns: v.string(),
    ///   handler: async (ctx, args) => createHash("sha256").update(args.text).digest("hex"),
    /// });
    /// ```
    pub struct MissingUseNode {} = { id: "missing-use-node", category: Category::Functions, level: Level::Error, since: "0.1.0", fix: FixKind::Safe }
}

impl Rule for MissingUseNode {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        let id = file.source.id;
        // A directive at the wrong place is `node-runtime-query`'s business.
        if file.hir.use_node || file.hir.stray_use_node().is_some() || !cx.workspace.is_entry(id) {
            return None;
        }
        let functions = crate::model::in_file(&cx.project.functions, id, |f| f.file);
        if functions.is_empty() {
            return None;
        }
        let need = cx.workspace.need_for_node(cx.project, id)?;
        let only_actions = functions.iter().all(|f| f.kind() == FunctionKind::Action);
        let message = match need.way.len() {
            1 => format!("`{}` needs Node, and the module does not say `\"use node\"`", need.module),
            _ => format!("this brings in `{}`, which needs Node, and the module does not say `\"use node\"`", need.module),
        };
        let help = if only_actions {
            "begin the file with `\"use node\";`"
        } else {
            "move the actions that need it into a file of their own that begins with `\"use node\";`"
        };
        let [first, rest @ ..] = &need.way[..] else { return None };
        let fix = only_actions.then(|| {
            let (style, start) = (cx.workspace.style(id), start_of(&file.source.text));
            let line = format!("{}{}{}{}", style.string("use node"), style.semicolon(), style.newline, style.newline);
            Fix::safe("Begin with `\"use node\"`", vec![Edit::insert_before(file.hir.at(start, start), line)])
        });
        let mut found = Diagnostic::new(*first, message).help(help).fix(fix);
        for span in rest {
            found = found.label(*span, "through this");
        }
        cx.report(found);
        Some(())
    }
}

/// Where a directive may stand first: after a byte order mark.
fn start_of(text: &str) -> u32 {
    if text.starts_with('\u{feff}') { 3 } else { 0 }
}

use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::Function;
use crate::model::hir::{Module, Parent, Place};
use crate::model::ty::{Flavor, Visibility};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::source::Span;

declare_rule! {
    /// Finds registered functions that are never exported.
    ///
    /// ## Why is this bad?
    /// Convex knows a function by the export of its module.
    /// One that is only bound to a name is not deployed: there is no reference to it, and nothing can call it.
    ///
    /// ## Example
    /// `convex/tasks.ts`:
    /// ```ts
    /// import { v } from "convex/values";
    /// import { query } from "./_generated/server";
    ///
    /// const list = query({ args: {}, returns: v.null(), handler: async () => null }); // error
    /// ```
    ///
    /// ## Fix safety
    /// Safe for internal functions. Unsafe for public ones: once exported, anyone can call them.
    pub struct UnexportedFunction {} = { id: "unexported-function", category: Category::Functions, level: Level::Warn, since: "0.1.0", fix: FixKind::Safe }
}

impl Rule for UnexportedFunction {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn function(&self, function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        let module = cx.workspace.hir(function.file);
        if function.builder.flavor == Flavor::Foreign || function.is_exported(module) || !cx.workspace.is_entry(function.file) {
            return None;
        }
        // A name of the module itself that nothing uses, one way or another.
        let Parent::Stmt { place: Place::Init(first, end), func: None, .. } = module.meaningful_parent(function.call).0 else { return None };
        let mut names = module.bindings_in((first, end));
        let (name, None) = (names.next()?, names.next()) else { return None };
        let binding = module.binding(name);
        if !binding.path.is_empty() || !binding.uses.is_empty() {
            return None;
        }
        let fix = keyword(module, cx.workspace.source(function.file).text.as_ref(), binding.start).map(|at| {
            let edits = vec![Edit::insert_before(at, "export ")];
            match function.builder.visibility {
                Visibility::Internal => Fix::safe("Export it", edits),
                _ => Fix::r#unsafe("Export it", edits),
            }
        });
        cx.report(
            Diagnostic::new(module.binding_span(name), format!("the {} is not exported, so it is not deployed", function.kind_and_name()))
                .help("export it, or take it out")
                .fix(fix),
        );
        Some(())
    }
}

/// The `const` right before the name, at the beginning of its line.
fn keyword(module: &Module, text: &str, name: u32) -> Option<Span> {
    let before = text[..name as usize].trim_end();
    let word = ["const", "let", "var"].into_iter().find(|word| before.ends_with(word))?;
    let start = before.len() - word.len();
    let is_first = start == 0 || text[..start].ends_with(['\n', ';', ' ']) && text[..start].trim_end_matches(' ').chars().next_back().is_none_or(|c| matches!(c, '\n' | ';' | '}'));
    is_first.then(|| module.at(start as u32, start as u32))
}

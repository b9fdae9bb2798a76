use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::Function;
use crate::model::functions::Entry;
use crate::model::ty::FunctionKind;
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds `v.any()` in the arguments of a public function.
    ///
    /// ## Why is this bad?
    /// Anyone can call a public function, and `v.any()` lets any value in: of any shape, of any size, into the database where it is stored.
    ///
    /// ## Example
    /// ```ts
    /// export const save = mutation({
    ///   args: { settings: v.any() }, // error
    ///   returns: v.null(),
    ///   handler: async () => null,
    /// });
    /// ```
    ///
    /// ## When not to use it
    /// Where values are stored and handed back as they came, and their size is checked.
    pub struct AnyArgument {} = { id: "any-argument", category: Category::Functions, level: Level::Warn, since: "0.1.0" }
}

impl Rule for AnyArgument {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn function(&self, function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        let Entry::Present(args) = function.args else { return None };
        if !function.is_public() || function.kind() == FunctionKind::HttpAction || cx.project.is_component {
            return None;
        }
        let module = cx.workspace.hir(function.file);
        module.as_object(args)?;
        let mut found: Vec<_> = module
            .within(args)
            .filter(|part| module.call(*part).and_then(|call| module.validator_method(call)).is_some_and(|method| &**method == "any"))
            .map(|part| module.span(part))
            .collect();
        found.sort_unstable();
        for span in found {
            cx.report(
                Diagnostic::new(span, format!("{} takes any value here, from anyone", function.title()))
                    .help("say what it is: `v.object({ … })`, `v.union(…)`, `v.record(…)`"),
            );
        }
        Some(())
    }
}

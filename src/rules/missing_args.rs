use crate::writing::code::Code;
use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::Fix;
use crate::model::Function;
use crate::model::hir::{Func, Module};
use crate::model::ty::{Flavor, Ty};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::rules::missing_returns::insert_entry;
use crate::writing::validators::ValidatorWriter;

declare_rule! {
    /// Finds a registered function without an `args` validator.
    ///
    /// ## Why is this bad?
    /// Public functions can be called by anyone with anything.
    /// Without `args` the handler gets whatever was sent, whatever its TypeScript types say.
    ///
    /// ## Example
    /// ```ts
    /// export const ping = query({ // error
    ///   returns: v.null(),
    ///   handler: async (ctx) => null,
    /// });
    /// export const pong = query({
    ///   args: {},
    ///   returns: v.null(),
    ///   handler: async (ctx) => null,
    /// });
    /// ```
    ///
    /// ## Fix safety
    /// Written only where the handler takes no arguments, or annotates them with types that validators describe exactly.
    pub struct MissingArgs {
        /// Also look at internal functions, which only the backend itself can call.
        pub internal: bool = true,
    } = { id: "missing-args", category: Category::Functions, level: Level::Error, since: "0.1.0", alias: "require-args-validator", fix: FixKind::Safe }
}

impl Rule for MissingArgs {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn function(&self, function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        if !function.could_have(function.args) || function.is_internal() && !self.internal {
            return None;
        }
        let fix = fix(function, cx);
        let message = format!("{} has no `args` validator", function.title());
        let help = "add `args: { … }` with a validator for each argument, `args: {}` for none";
        cx.report(Diagnostic::new(function.callee_span, message).help(help).fix(fix));
        Some(())
    }
}

fn fix(function: &Function, cx: &Cx<'_>) -> Option<Fix> {
    if !matches!(function.builder.flavor, Flavor::Plain | Flavor::Custom) {
        return None;
    }
    let module = cx.workspace.hir(function.file);
    let source = cx.workspace.source(function.file);
    let style = cx.workspace.style(function.file);
    let at = function.handler?;
    let (home, handler) = (cx.workspace.hir(at.file), cx.workspace.hir(at.file).func(at.func));
    let (args, mut edits) = if takes_no_arguments(home, handler) {
        (Code::object(Vec::new()), Vec::new())
    } else {
        let mut writer = ValidatorWriter::new(cx.workspace, cx.project, function.file, style)?;
        (arguments(function, &mut writer)?, writer.into_imports())
    };
    edits.push(insert_entry(function, module, &source.text, style, "args", &args)?);
    Some(Fix::safe("Add the validators of the arguments", edits))
}

/// `{ name: validator, … }` for the annotated second parameter of a handler.
pub(crate) fn arguments(function: &Function, writer: &mut ValidatorWriter<'_>) -> Option<Code> {
    match &function.arguments {
        Ty::Object(object) => Some(Code::object(writer.fields(object)?)),
        _ => None,
    }
}

/// Whether the handler has no second parameter, or never looks at it.
pub(crate) fn takes_no_arguments(module: &Module, handler: &Func) -> bool {
    match handler.params.get(1) {
        None => !handler.params.iter().any(|p| p.is_rest),
        Some(param) => param.ty.is_none() && !param.is_rest && module.bindings_in(param.bindings).all(|b| module.binding(b).uses.is_empty()),
    }
}

use crate::writing::code::Code;
use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::Function;
use crate::model::functions::Syntax;
use crate::model::hir::{ExprId, ExprKind, Module};
use crate::model::ty::{Flavor, FunctionKind};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::rules::missing_args::{arguments, takes_no_arguments};
use crate::source::Span;
use crate::style::indent_at;
use crate::writing::validators::ValidatorWriter;

declare_rule! {
    /// Finds a function that is registered without an object: `query(async (ctx) => …)`.
    ///
    /// ## Why is this bad?
    /// The bare form has no place for `args` and `returns`, so nothing checks what is sent to the function or leaves it.
    ///
    /// ## Example
    /// ```ts
    /// export const ping = query(async (ctx) => null); // error
    /// export const pong = query({
    ///   args: {},
    ///   returns: v.null(),
    ///   handler: async (ctx) => null,
    /// });
    /// ```
    pub struct LegacyFunctionSyntax {
    } = { id: "legacy-function-syntax", category: Category::Functions, level: Level::Error, since: "0.1.0", alias: "no-old-registered-function-syntax", fix: FixKind::Safe }
}

impl Rule for LegacyFunctionSyntax {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn function(&self, function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        let own_syntax = matches!(function.builder.flavor, Flavor::Zod | Flavor::Foreign);
        if function.syntax != Syntax::Bare || own_syntax || function.kind() == FunctionKind::HttpAction {
            return None;
        }
        let fix = fix(function, cx);
        let message = format!("{} is registered without `args` and `returns`", function.title());
        let registrar = cx.text(function.callee_span);
        let help = format!("write `{registrar}({{ args: {{ … }}, returns: …, handler: … }})`");
        cx.report(Diagnostic::new(function.callee_span, message).help(help).fix(fix));
        Some(())
    }
}

/// Puts the function into an object, with `args` where they can be told.
fn fix(function: &Function, cx: &Cx<'_>) -> Option<Fix> {
    let module = cx.workspace.hir(function.file);
    let source = cx.workspace.source(function.file);
    let style = cx.workspace.style(function.file);
    let [argument] = &*module.call(function.call)?.args else { return None };
    let span = module.span(argument.value);
    let mut edits = Vec::new();
    let mut entries = Vec::new();
    if let Some(handler) = module.as_func(argument.value).map(|f| module.func(f)) {
        if takes_no_arguments(module, handler) {
            entries.push(Code::text("args: {}"));
        } else if let Some(mut writer) = ValidatorWriter::new(cx.workspace, cx.project, function.file, style)
            && let Some(args) = arguments(function, &mut writer)
        {
            entries.push(Code::Pair(Box::new(Code::text("args: ")), Box::new(args)));
            edits.extend(writer.into_imports());
        }
    }
    let text = &*source.text;
    let outer = indent_at(text, span.start);
    let inner = style.deeper(outer);
    let mut object = String::from("{");
    for entry in &entries {
        object.push_str(&format!("{}{inner}{},", style.newline, entry.print(style, &inner, inner.chars().count(), 1)));
    }
    let handler = indented(text, span, &inner[outer.len()..], &multi_line_templates(module, argument.value));
    object.push_str(&format!("{}{inner}handler: {handler},{}{outer}}}", style.newline, style.newline));
    edits.push(Edit::replace(span, object));
    Some(Fix::safe("Register the function with an object", edits))
}

/// The text of the range, each line after its first moved in by one step, template literals left alone.
fn indented(text: &str, span: Span, step: &str, templates: &[Span]) -> String {
    let mut out = String::new();
    let mut at = span.start;
    for line in text[span.start as usize..span.end as usize].split_inclusive('\n') {
        let in_template = templates.iter().any(|t| t.start < at && at < t.end);
        if at > span.start && !in_template && !line.trim().is_empty() {
            out.push_str(step);
        }
        out.push_str(line);
        at += line.len() as u32;
    }
    out
}

fn multi_line_templates(module: &Module, within: ExprId) -> Vec<Span> {
    let is_template = |id: &ExprId| matches!(module.expr(*id), ExprKind::Template(_) | ExprKind::Opaque(_));
    module.within(within).filter(is_template).map(|id| module.span(id)).collect()
}

use crate::writing::code::Code;
use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::Function;
use crate::model::functions::Entry;
use crate::model::hir::Module;
use crate::model::ty::{Flavor, Ty};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::style::{Style, indent_at};
use crate::writing::statements::return_null;
use crate::writing::validators::ValidatorWriter;

declare_rule! {
    /// Finds a registered function without a `returns` validator.
    ///
    /// ## Why is this bad?
    /// Without `returns`, whatever the handler happens to return is sent to the caller: a field added to a table reaches every client.
    /// A validator states the shape once, checks it at run time, and gives callers a type that does not change by accident.
    ///
    /// ## Example
    /// ```ts
    /// export const count = query({ // error
    ///   args: {},
    ///   handler: async (ctx) => 1,
    /// });
    /// export const ping = query({
    ///   args: {},
    ///   returns: v.null(),
    ///   handler: async (ctx) => null,
    /// });
    /// ```
    ///
    /// ## When not to use it
    /// Where results are typed by inference alone, on purpose, and no client outside of the project's control calls them.
    ///
    /// ## Fix safety
    /// The validator is written only where every value that the handler returns is known from the code and the schema; it then admits all of them.
    pub struct MissingReturns {
        /// Also look at internal functions, which only the backend itself can call.
        pub internal: bool = true,
    } = { id: "missing-returns", category: Category::Functions, level: Level::Error, since: "0.1.0", fix: FixKind::Safe }
}

impl Rule for MissingReturns {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn function(&self, function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        if !function.could_have(function.returns) || function.is_internal() && !self.internal {
            return None;
        }
        let fix = fix(function, cx);
        let mut diagnostic = Diagnostic::new(function.callee_span, format!("{} has no `returns` validator", function.title()));
        if fix.is_none() {
            diagnostic = match function.unclear.filter(|_| function.builder.flavor != Flavor::Zod) {
                Some(span) => diagnostic.label(span, "what this returns is not known from the code").help("add `returns: v.…` for what the handler returns"),
                None => diagnostic.help("add `returns: v.…` for what the handler returns, `v.null()` for nothing"),
            };
        }
        cx.report(diagnostic.fix(fix));
        Some(())
    }
}

/// Writes the validator of the handler's result.
fn fix(function: &Function, cx: &Cx<'_>) -> Option<Fix> {
    if !matches!(function.builder.flavor, Flavor::Plain | Flavor::Custom) {
        return None;
    }
    let module = cx.workspace.hir(function.file);
    let source = cx.workspace.source(function.file);
    let style = cx.workspace.style(function.file);
    let mut writer = ValidatorWriter::new(cx.workspace, cx.project, function.file, style)?;
    let validator = writer.validator(&function.result)?;
    let mut edits = vec![insert_entry(function, module, &source.text, style, "returns", &validator)?];
    edits.extend(writer.into_imports());
    edits.extend(final_return(function, module, &source.text, style));
    Some(Fix::safe("Add the validator of what the handler returns", edits))
}

/// `key: value` as a new entry of the object that the function is registered with: behind `args`, else at its front.
pub(crate) fn insert_entry(function: &Function, module: &Module, text: &str, style: &Style, key: &str, value: &Code) -> Option<Edit> {
    let config = module.span(module.bare(function.config?));
    let props = module.as_object(function.config?)?;
    let first = props.first()?;
    let one_line = !text[config.start as usize..config.end as usize].contains('\n');
    let entry = Code::Pair(Box::new(Code::text(format!("{key}: "))), Box::new(value.clone()));
    let indent = indent_at(text, first.start);
    let print = || entry.print(style, indent, indent.chars().count(), 1);
    let behind = match function.args {
        Entry::Present(args) if key == "returns" => props.iter().find(|p| p.value == args),
        _ => None,
    };
    Some(match behind {
        Some(args) if one_line => Edit::insert_after(module.at(args.start, args.end), format!(", {}", entry.print(style, "", 0, 0))),
        Some(args) if has_line_comment(text, args.end) => {
            let end = end_of_line(text, args.end);
            Edit::insert_after(module.at(end, end), format!("{}{indent}{},", style.newline, print()))
        }
        Some(args) => Edit::insert_after(module.at(args.start, args.end), format!(",{}{indent}{}", style.newline, print())),
        None if one_line => Edit::insert_before(module.at(first.start, first.start), format!("{}, ", entry.print(style, "", 0, 0))),
        None => Edit::insert_after(module.at(config.start, config.start + 1), format!("{}{indent}{},", style.newline, print())),
    })
}

/// Whether a comma and a comment follow, up to the end of the line: `args: {}, // nothing`.
fn has_line_comment(text: &str, at: u32) -> bool {
    text[at as usize..].strip_prefix(',').is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with("//"))
}

fn end_of_line(text: &str, at: u32) -> u32 {
    at + text[at as usize..].lines().next().map_or(0, str::len) as u32
}

/// `return null;` at the end of a handler that returns nothing at all.
fn final_return(function: &Function, module: &Module, text: &str, style: &Style) -> Option<Edit> {
    if function.result != Ty::Undefined {
        return None;
    }
    return_null(module, module.func(function.handler.filter(|at| at.file == function.file)?.func), text, style)
}

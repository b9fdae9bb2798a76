use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::functions::Entry;
use crate::model::hir::{ExprId, ExprKind, Key, Module, PropKind};
use crate::model::ty::{Flavor, TableFlavor};
use crate::model::{Function, Table};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::writing::imports::Imports;

declare_rule! {
    /// Finds fields of tables and arguments whose validator is a plain value: `"string"`, `String`, `null`, `{ … }`.
    ///
    /// ## Why is this bad?
    /// Convex asks for validators, and throws on anything else when the module is loaded.
    /// The compiler says so in many words; a cast, or plain JavaScript, hides it.
    ///
    /// ## Example
    /// ```ts
    /// export const add = mutation({
    ///   args: { text: "string" as any }, // error
    ///   returns: v.null(),
    ///   handler: async () => null,
    /// });
    /// ```
    ///
    /// ## Fix safety
    /// Unsafe: which validator is meant is a guess by the name of the type.
    pub struct InvalidValidator {} = { id: "invalid-validator", category: Category::Schema, level: Level::Error, since: "0.1.0", fix: FixKind::Unsafe }
}

impl Rule for InvalidValidator {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn table(&self, table: &Table, cx: &mut Cx<'_>) -> Option<()> {
        let (file, fields) = table.definition.fields_at.filter(|_| matches!(table.definition.flavor, TableFlavor::Plain | TableFlavor::Ent))?;
        judge(cx.workspace.hir(file), fields, cx);
        Some(())
    }

    fn function(&self, function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        let Entry::Present(args) = function.args else { return None };
        if matches!(function.builder.flavor, Flavor::Plain | Flavor::Custom) {
            judge(cx.workspace.hir(function.file), args, cx);
        }
        Some(())
    }
}

fn judge(module: &Module, fields: ExprId, cx: &mut Cx<'_>) {
    let Some(props) = module.as_object(fields) else { return };
    for prop in props.iter().filter(|p| p.kind == PropKind::KeyValue) {
        let (Key::Name(name), value) = (&prop.key, module.bare(prop.value)) else { continue };
        let Some((got, meant)) = plain(module, value) else { continue };
        let span = module.span(prop.value);
        let help = match meant {
            Some(meant) => format!("did you mean `v.{meant}`?"),
            None => "give it a validator: `v.…`".to_owned(),
        };
        let fix = meant.and_then(|meant| {
            let mut imports = Imports::new(cx.source(span), module, cx.workspace.style(span.file));
            let v = imports.named("convex/values", "v", "v")?;
            let is_kept = !meant.contains('…') && cx.source(span).comments_in(span).is_empty();
            let mut edits = vec![Edit::replace(span, format!("{v}.{meant}"))];
            edits.extend(imports.into_edits());
            is_kept.then(|| Fix::r#unsafe(format!("Write `{v}.{meant}`"), edits))
        });
        cx.report(Diagnostic::new(span, format!("`{name}` has {got} where Convex expects a validator")).help(help).fix(fix));
    }
}

/// What a value is that is no validator, and the validator that it may stand for.
fn plain(module: &Module, value: ExprId) -> Option<(&'static str, Option<&'static str>)> {
    let by_name = |name: &str| match name {
        "string" | "String" => Some("string()"),
        "number" | "Number" => Some("number()"),
        "boolean" | "Boolean" => Some("boolean()"),
        "null" => Some("null()"),
        "any" => Some("any()"),
        "bigint" | "BigInt" => Some("int64()"),
        _ => None,
    };
    Some(match module.expr(value) {
        ExprKind::Str(text) => ("a string", by_name(text)),
        ExprKind::Num(_) => ("a number", None),
        ExprKind::Bool(_) => ("a boolean", None),
        ExprKind::Null => ("`null`", Some("null()")),
        ExprKind::Global(name) if matches!(&**name, "String" | "Number" | "Boolean" | "BigInt") => ("a constructor", by_name(name)),
        ExprKind::Object(_) => ("an object", Some("object({ … })")),
        ExprKind::Array(_) => ("an array", Some("array(…)")),
        _ => return None,
    })
}

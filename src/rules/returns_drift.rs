use std::sync::Arc;

use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::functions::Entry;
use crate::model::ty::{Field, Flavor, FunctionKind, Object, Ty};
use crate::model::{Function, Project};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::writing::validators::ValidatorWriter;

declare_rule! {
    /// Finds functions whose `returns` refuses what the handler returns.
    ///
    /// ## Why is this bad?
    /// Convex checks the result when the function has run, and throws where it does not fit: a field that the schema got and the validator did not, a value where `null` is declared.
    /// TypeScript lets a document with more fields than declared pass, so nothing says so before the call fails.
    ///
    /// ## Example
    /// ```ts
    /// export const show = query({
    ///   args: {},
    ///   returns: v.array(v.object({ _id: v.id("counters"), name: v.string(), count: v.number() })), // error: "`_creationTime`"
    ///   handler: async (ctx) => await ctx.db.query("counters").take(10),
    /// });
    /// ```
    ///
    /// ## Fix safety
    /// Unsafe: clients come to get what they were refused before.
    pub struct ReturnsDrift {} = { id: "returns-drift", category: Category::Functions, level: Level::Error, since: "0.1.0", fix: FixKind::Unsafe }
}

impl Rule for ReturnsDrift {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn function(&self, function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        let Entry::Present(returns) = function.returns else { return None };
        let is_judged = function.kind() != FunctionKind::HttpAction && matches!(function.builder.flavor, Flavor::Plain | Flavor::Custom);
        if !is_judged {
            return None;
        }
        let why = refusal(cx.project, &function.declared, &function.result, 0)?;
        let fix = fix(function, returns, cx);
        let module = cx.workspace.hir(function.file);
        cx.report(
            Diagnostic::new(module.span(returns), format!("`returns` refuses what {} returns: {why}", function.title()))
                .help("let the validator say what the handler returns, or return what it says")
                .fix(fix),
        );
        Some(())
    }
}

fn fix(function: &Function, returns: crate::model::hir::ExprId, cx: &Cx<'_>) -> Option<Fix> {
    let module = cx.workspace.hir(function.file);
    let style = cx.workspace.style(function.file);
    let span = module.span(returns);
    // A validator with a name is the validator of others as well.
    module.call(module.bare(returns))?;
    if !cx.source(span).comments_in(span).is_empty() {
        return None;
    }
    let mut writer = ValidatorWriter::new(cx.workspace, cx.project, function.file, style)?;
    let validator = writer.validator(&function.result)?;
    let indent = crate::style::indent_at(&cx.source(span).text, span.start);
    let mut edits = vec![Edit::replace(span, validator.print(style, indent, indent.chars().count() + "returns: ".len(), 1))];
    edits.extend(writer.into_imports());
    Some(Fix::r#unsafe("Write the validator of what the handler returns", edits))
}

/// Why no value of this type is admitted, where that is sure.
///
/// Of several values that there may be, those that are objects are judged each by itself: a place in the code returns them.
/// Others may be what conditions have excluded.
fn refusal(project: &Project, declared: &Ty, value: &Ty, depth: u32) -> Option<String> {
    if depth > 8 || is_open(declared) {
        return None;
    }
    match value {
        Ty::Union(members) => {
            let objects = members.iter().filter(|m| matches!(m, Ty::Object(_)));
            let all = || members.iter().map(|m| refusal(project, declared, m, depth + 1)).collect::<Option<Vec<String>>>()?.into_iter().next();
            objects.clone().find_map(|m| refusal(project, declared, m, depth + 1)).filter(|_| members.iter().all(|m| !m.is_unknown())).or_else(all)
        }
        Ty::Doc(name) => {
            let table = project.table(name)?;
            // Of several kinds of documents, all must be refused: which of them come here is not known.
            let kinds = table.document.members().iter().map(|kind| match kind {
                Ty::Object(object) => {
                    let decided = |f: &Field| Field { optional: f.optional || table.definition.unsure.contains(&f.name), ..f.clone() };
                    let fields = object.fields.iter().map(decided).collect();
                    refusal(project, declared, &Ty::Object(Arc::new(Object { fields, open: object.open })), depth + 1)
                }
                _ => None,
            });
            kinds.collect::<Option<Vec<String>>>()?.into_iter().next()
        }
        Ty::Object(object) => {
            if let Ty::Object(wanted) = declared {
                return of_object(project, wanted, object, depth);
            }
            // One of them must admit it; of several refusals none says what was meant.
            let mut why = declared.members().iter().filter(|m| **m != Ty::Null).map(|m| match m {
                Ty::Object(wanted) => of_object(project, wanted, object, depth),
                Ty::Record(_) | Ty::Any | Ty::Unknown | Ty::Doc(_) => None,
                _ => Some("it is an object".to_owned()),
            });
            let first = why.next().unwrap_or_else(|| Some("`null` is declared, and an object returned".to_owned()))?;
            why.all(|w| w.is_some()).then_some(first)
        }
        Ty::Array(element) => match declared {
            Ty::Array(wanted) => refusal(project, wanted, element, depth + 1),
            _ => misfit(declared, value),
        },
        Ty::Promise(_) | Ty::Unknown | Ty::Any | Ty::Never | Ty::Undefined => None,
        scalar => misfit(declared, scalar),
    }
}

fn of_object(project: &Project, wanted: &Object, object: &Object, depth: u32) -> Option<String> {
    if wanted.open || object.open {
        return None;
    }
    for field in &object.fields {
        // What may be left out is perhaps never there.
        let is_there = !field.optional && !field.ty.is_unknown() && !field.ty.members().contains(&Ty::Undefined);
        match wanted.field(&field.name) {
            None if is_there => return Some(format!("`{}` is returned, and not declared", field.name)),
            None => {}
            Some(own) if is_there => {
                if let Some(why) = refusal(project, &own.ty, &field.ty, depth + 1) {
                    return Some(format!("in `{}`, {why}", field.name));
                }
            }
            Some(_) => {}
        }
    }
    let missing = wanted.fields.iter().find(|f| !f.optional && !is_open(&f.ty) && object.field(&f.name).is_none())?;
    Some(format!("`{}` is declared, and not returned", missing.name))
}

/// Whether a type is not known well enough to refuse anything.
fn is_open(declared: &Ty) -> bool {
    declared.members().iter().any(|m| matches!(m, Ty::Unknown | Ty::Any))
}

/// A value of one kind where none of that kind is declared.
fn misfit(declared: &Ty, value: &Ty) -> Option<String> {
    let wanted = declared.members().iter().map(kind).collect::<Option<Vec<&str>>>()?;
    let given = kind(value)?;
    if wanted.contains(&given) {
        return None;
    }
    let wanted = wanted.first()?;
    Some(format!("{wanted} is declared, and {given} returned"))
}

fn kind(ty: &Ty) -> Option<&'static str> {
    use crate::model::ty::Literal;
    Some(match ty {
        Ty::String | Ty::Id(_) | Ty::Literal(Literal::Str(_), _) => "a string",
        Ty::Number | Ty::Literal(Literal::Num(_), _) => "a number",
        Ty::Boolean | Ty::Literal(Literal::Bool(_), _) => "a boolean",
        Ty::Null => "`null`",
        Ty::Array(_) | Ty::Tuple(_) => "an array",
        Ty::Object(_) | Ty::Record(_) | Ty::Doc(_) => "an object",
        Ty::Int64 => "a bigint",
        Ty::Bytes => "bytes",
        _ => return None,
    })
}

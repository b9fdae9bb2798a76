use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::hir::{BindingKind, Import, ImportName, Module};
use crate::model::relations::RelationForm;
use crate::model::File;
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::source::Span;
use crate::writing::imports::Imports;
use crate::writing::orm;

declare_rule! {
    /// Finds imports of what the ORM's first drafts had, and what it has no more.
    ///
    /// ## Why is this bad?
    /// Tables come from `better-convex/orm` or `kitcn/orm`, relations from `defineRelations` or `.relations(…)` of the schema, and numbers are `integer()`.
    /// With the old names next to the new ones, the module does not load.
    ///
    /// ## Example
    /// `convex/schema.ts`:
    /// ```ts
    /// import { v } from "convex/values";
    /// import { defineSchema } from "convex/server";
    /// import { convexTable } from "better-convex/server"; // error
    ///
    /// export default defineSchema({ users: convexTable("users", { name: v.string() }) });
    /// ```
    ///
    /// ## When not to use it
    /// Of `better-convex/orm`, whose first versions had `relations`, old names are reported only in projects that use `defineRelations`.
    ///
    /// ## Fix safety
    /// `number` becomes `integer`, which stores the same.
    /// `convexTable` of `better-convex/server` becomes that of the ORM, with a builder for each column and the ORM's `defineSchema`: unsafe, because the ORM has to be there, and wants to be told of relations.
    pub struct OrmLegacyImport {} = { id: "orm-legacy-import", category: Category::Orm, level: Level::Error, since: "0.1.0", fix: FixKind::Safe }
}

impl Rule for OrmLegacyImport {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        let module = &file.hir;
        for import in module.imports.iter().filter(|i| !i.type_only) {
            let ImportName::Named(name) = &import.name else { continue };
            let is_old = match &*import.module {
                "better-convex/server" => &**name == "convexTable",
                "kitcn/orm" => is_old(name),
                "better-convex/orm" => is_old(name) && cx.project.relations.iter().any(|r| r.form != RelationForm::OfTable),
                _ => false,
            };
            if !is_old {
                continue;
            }
            let help = match &**name {
                "convexTable" => "import it from `better-convex/orm`, and make columns with builders",
                "relations" => "use `defineRelations(tables, (r) => ({ … }))`; `orm-migrate` rewrites them",
                "number" => "use `integer()`",
                _ => "use `defineSchema`",
            };
            let fix = match &**name {
                "number" => integer(module, import, cx),
                "convexTable" => builders(module, import, cx),
                _ => None,
            };
            let message = format!("`{}` has no `{name}` any more", import.module);
            cx.report(Diagnostic::new(module.at(import.start, import.end), message).help(help).fix(fix));
        }
        Some(())
    }
}

/// `integer` for `number`, by its own name where that is free.
fn integer(module: &Module, import: &Import, cx: &Cx<'_>) -> Option<Fix> {
    let span = module.at(import.start, import.end);
    let title = "Import `integer`";
    if cx.text(span) != "number" {
        let imported = Span { end: span.start + "number".len() as u32, ..span };
        return (cx.text(imported) == "number").then(|| Fix::safe(title, vec![Edit::replace(imported, "integer")]));
    }
    let binding = module.bindings.iter().find(|b| matches!(b.kind, BindingKind::Import(i) if module.imports[i as usize].start == import.start))?;
    // Another meaning of the name, here or in a function.
    if module.bindings.iter().any(|b| &*b.name == "integer") {
        return Some(Fix::safe(title, vec![Edit::replace(span, "integer as number")]));
    }
    let names = binding.uses.iter().map(|usage| module.span(*usage)).filter(|usage| cx.text(*usage) == "number");
    let edits: Vec<Edit> = std::iter::once(span).chain(names).map(|at| Edit::replace(at, "integer")).collect();
    (edits.len() == binding.uses.len() + 1).then(|| Fix::safe(title, edits))
}

/// The ORM's `convexTable` and `defineSchema`, and a builder for each column, where all of it stands in this file.
fn builders(module: &Module, import: &Import, cx: &Cx<'_>) -> Option<Fix> {
    const ORM: &str = "better-convex/orm";
    let is_alone = |i: &Import| module.imports.iter().filter(|other| other.decl_start == i.decl_start).count() == 1;
    let schema = cx.project.schema.as_ref().filter(|schema| schema.file == module.file)?;
    let of_convex = |i: &&Import| &*i.module == "convex/server" && i.name == ImportName::Named("defineSchema".into());
    let define_schema = module.imports.iter().find(of_convex)?;
    let is_new = module.imports.iter().all(|i| &*i.module != ORM);
    if !is_alone(import) || cx.text(module.at(import.start, import.end)) != "convexTable" || !is_new || schema.tables.is_empty() {
        return None;
    }
    let source = cx.source(module.at(import.start, import.end));
    let mut imports = Imports::new(source, module, cx.workspace.style(module.file));
    let mut edits = Vec::new();
    for table in schema.tables.iter().filter(|t| t.definition.flavor == crate::model::ty::TableFlavor::Orm) {
        let columns = &table.definition.columns;
        if table.definition.span.file != module.file || columns.is_empty() || columns.iter().any(|c| !c.is_validator) {
            return None;
        }
        for column in columns {
            let new = cx.ask(module.file, |infer| orm::column(cx.workspace, infer, table, column, ORM, &mut imports))?;
            edits.extend(new.edits);
        }
    }
    // Both come from one module now; the line of the old one goes, unless it brings more.
    let mut names: Vec<String> = vec!["convexTable".to_owned()];
    names.push(match cx.text(module.at(define_schema.start, define_schema.end)) {
        "defineSchema" => "defineSchema".to_owned(),
        _ => return None,
    });
    names.extend(imports.brought().map(str::to_owned));
    let style = cx.workspace.style(module.file);
    let braces = if style.spaced_braces { ("{ ", " }") } else { ("{", "}") };
    let line = format!("import {}{}{} from {}", braces.0, names.join(", "), braces.1, style.string(ORM));
    let declaration = module.at(import.decl_start, import.decl_end);
    let end = if cx.text(declaration).ends_with(';') { ";" } else { "" };
    edits.push(Edit::replace(declaration, format!("{line}{end}")));
    edits.push(without(module, define_schema, &is_alone, source)?);
    let has_comment = edits.iter().any(|e| e.text.is_empty() && !source.comments_in(e.span).is_empty());
    (!has_comment && source.comments_in(declaration).is_empty()).then(|| Fix::r#unsafe("Make it a table of the ORM", edits))
}

/// The imports without this one.
fn without(module: &Module, import: &Import, is_alone: &dyn Fn(&Import) -> bool, source: &crate::source::SourceFile) -> Option<Edit> {
    let text = &*source.text;
    if is_alone(import) {
        let rest = &text[import.decl_end as usize..];
        let end = import.decl_end + rest.find('\n').filter(|at| rest[..*at].trim().is_empty()).map_or(0, |at| at as u32 + 1);
        return Some(Edit::delete(module.at(import.decl_start, end)));
    }
    let rest = &text[import.end as usize..];
    if let Some(after) = rest.trim_start().strip_prefix(',') {
        let end = text.len() - after.trim_start().len();
        return Some(Edit::delete(module.at(import.start, end as u32)));
    }
    let before = text[..import.start as usize].trim_end().strip_suffix(',')?;
    Some(Edit::delete(module.at(before.len() as u32, import.end)))
}

fn is_old(name: &str) -> bool {
    matches!(name, "relations" | "number" | "buildSchema")
}

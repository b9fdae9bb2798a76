//! Where code names a table: `db.query("t")`, `db.insert("t")`, `v.id("t")`, `Id<"t">`.

use super::calls::{Callee, PlatformCall};
use super::hir::{ExprId, ExprKind, Name, TypeNode};
use super::infer::Infer;
use super::layout::{join, parent};
use super::ty::Ty;
use crate::source::{FileId, Span};

/// One place that names a table by a constant.
#[derive(Debug)]
pub struct TableUse {
    pub file: FileId,
    pub name: Name,
    /// The name as written, with its quotes where it is a literal.
    pub span: Span,
    /// The name is written here as a string, and not taken from a constant.
    pub is_literal: bool,
    /// How it is named: `db.query`, `v.id`, …
    pub through: &'static str,
}

/// The names in one file, in source order.
pub(super) fn read(infer: &Infer<'_>, file: FileId, calls: &[PlatformCall]) -> Vec<TableUse> {
    let module = infer.hir(file);
    if has_own_schema(infer, file, calls) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut named = |argument: ExprId, through: &'static str| {
        if let Some(name) = infer.expr(file, argument).as_str() {
            let is_literal = matches!(module.expr(argument), ExprKind::Str(_));
            found.push(TableUse { file, name: name.clone(), span: module.span(argument), is_literal, through });
        }
    };
    for (id, call) in module.calls() {
        if let Some((_, object, method)) = module.method(id)
            && &**method == "query"
            && let [table] = &*call.args
            && infer.expr(file, object).non_null() == Ty::Db
        {
            named(table.value, "db.query");
        }
    }
    for call in calls {
        let Some(args) = module.call(call.call).map(|c| &c.args) else { continue };
        let Some(first) = args.first() else { continue };
        match &call.callee {
            Callee::External(external) if external.is("convex/values", &["v", "id"]) && args.len() == 1 => named(first.value, "v.id"),
            Callee::Db(method) if &**method == "insert" => named(first.value, "db.insert"),
            Callee::Db(method) if &**method == "get" && args.len() == 2 => named(first.value, "db.get"),
            Callee::Db(method) if &**method == "patch" && args.len() == 3 => named(first.value, "db.patch"),
            Callee::Db(method) if &**method == "replace" && args.len() == 3 => named(first.value, "db.replace"),
            Callee::Db(method) if &**method == "delete" && args.len() == 2 => named(first.value, "db.delete"),
            Callee::Db(method) if &**method == "normalizeId" => named(first.value, "db.normalizeId"),
            Callee::Context(part) if &**part == "vectorSearch" => named(first.value, "ctx.vectorSearch"),
            _ => {}
        }
    }
    found.extend(in_types(infer, file));
    found.sort_by_key(|u| u.span);
    found
}

/// Whether the file makes a schema that is not the project's, so that the tables that it names may be that one's.
fn has_own_schema(infer: &Infer<'_>, file: FileId, calls: &[PlatformCall]) -> bool {
    let mut made = calls.iter().filter(|c| matches!(&c.callee, Callee::External(e) if e.is("convex/server", &["defineSchema"]))).peekable();
    if made.peek().is_none() {
        return false;
    }
    let Some(schema) = infer.world.schema(file) else { return false };
    infer.world.note_schema_places(file);
    made.any(|c| c.span != schema.span)
}

/// `Id<"t">` and `Doc<"t">`.
fn in_types(infer: &Infer<'_>, file: FileId) -> Vec<TableUse> {
    let module = infer.hir(file);
    let mut found = Vec::new();
    for (reference, _) in module.type_references() {
        let TypeNode::Ref { binding: Some(binding), args, .. } = reference else { continue };
        let Some(import) = module.import(module.binding(*binding)) else { continue };
        let through = match &import.name {
            super::hir::ImportName::Named(name) if &**name == "Id" => "Id",
            super::hir::ImportName::Named(name) if &**name == "Doc" => "Doc",
            _ => continue,
        };
        if !is_own_data_model(infer, file, &import.module) {
            continue;
        }
        if let [table] = &**args
            && let TypeNode::Str(name) = module.ty(*table)
        {
            found.push(TableUse { file, name: name.clone(), span: module.type_span(*table), is_literal: true, through });
        }
    }
    found
}

/// Whether the specifier names the generated data model of the file's own project, and not that of a component inside of it.
fn is_own_data_model(infer: &Infer<'_>, file: FileId, specifier: &str) -> bool {
    let Some((folder, _)) = specifier.split_once("_generated/dataModel") else { return false };
    let layout = infer.world.layout;
    let Some(root) = layout.roots.get(infer.world.project(file)) else { return false };
    if folder.starts_with('.') {
        return join(parent(&infer.world.file(file).source.path), folder) == root.functions;
    }
    // Through an alias: it ends as the functions folder does.
    let last = |path: &str| path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    last(folder) == last(&root.functions)
}

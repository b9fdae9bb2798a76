//! The definitions of ents, kept beside the new schema as long as calls are left that go by them.
//!
//! What the old schema said of each table is taken over word for word, fields that tables share written out where they were spread.

use super::modules::module_of;
use crate::codemods::schema::files::FileContext;
use crate::model::Workspace;
use crate::model::hir::{BindingId, BindingKind, ExprId, ExprKind, ImportName, Key, Module};
use crate::model::ty::{SchemaTy, TableFlavor};
use crate::source::{FileId, Span};
use crate::style::Style;
use crate::writing::import_list::{Wanted, settled};

/// The new text of the schema's file with the old definitions at its end; `None` where they cannot all be taken over.
pub fn kept(workspace: &Workspace, schema: &SchemaTy, file: FileId, new: &str, style: &Style) -> Option<String> {
    let module = workspace.hir(file);
    let name = name(module);
    if file != schema.span.file {
        return None;
    }
    let mut lines = Vec::new();
    let mut spans = Vec::new();
    for (key, _, table) in &schema.tables {
        // Those that ents make up follow from the others.
        if table.flavor == TableFlavor::Package {
            let is_made_up = schema.tables.iter().any(|(_, _, other)| other.edges.iter().any(|edge| edge.span == table.span));
            if is_made_up {
                continue;
            }
            return None;
        }
        if table.flavor != TableFlavor::Ent || table.span.file != file {
            return None;
        }
        spans.push(table.span);
        lines.push(format!("{}{key}: {},", style.indent.repeat(2), written(workspace, module, table.span)?));
    }
    let [made, definitions] = ["defineEntSchema", "getEntDefinitions"];
    let nl = style.newline;
    let open = style.indent.as_str();
    let text = format!(
        "{}{nl}{nl}// What calls of ents still go by; it goes with the last of them.{nl}export const {} = {definitions}({nl}{open}{made}({{{nl}{}{nl}{open}}}),{nl}){}{nl}",
        new.trim_end(),
        name,
        lines.join(nl),
        style.semicolon(),
    );
    let source = workspace.source(file);
    let read = crate::model::read(file, source.path.clone(), text);
    let wanted = wanted(module, &spans);
    Some(settled(&read.source, &read.hir, style, &wanted, &|_| false))
}

/// The name under which the schema's file exports the definitions: as before, or one that is free.
pub fn name(module: &Module) -> String {
    let made: Vec<ExprId> = calls(module).collect();
    let exported = module.bindings.iter().find_map(|binding| match binding.kind {
        BindingKind::Const(Some(init)) if made.contains(&module.bare(init)) => Some(binding.name.to_string()),
        _ => None,
    });
    let is_free = |name: &&str| module.bindings.iter().all(|binding| &*binding.name != *name);
    exported.unwrap_or_else(|| ["entDefinitions", "definitionsOfEnts"].into_iter().find(is_free).unwrap_or("keptDefinitions").to_owned())
}

/// What takes the place of definitions that a file makes of the schema, which knows nothing of ents any more: those that were kept.
pub fn taken(workspace: &Workspace, context: &FileContext<'_>, home: FileId, name: &str) -> Vec<(Span, String)> {
    let module = workspace.hir(context.file);
    if context.file == home {
        return Vec::new();
    }
    let take = |call: ExprId| (module.span(call), context.want(&module_of(workspace, context.file, home), name, "keptDefinitions"));
    calls(module).map(take).collect()
}

/// Where a file makes definitions of a schema.
pub fn calls(module: &Module) -> impl Iterator<Item = ExprId> {
    let is_maker = |callee: ExprId| {
        let ExprKind::Local(callee) = module.expr(module.bare(callee)) else { return false };
        let import = module.import(module.binding(*callee));
        import.is_some_and(|import| &*import.module == "convex-ents" && import.name == ImportName::Named("getEntDefinitions".into()))
    };
    module.exprs().filter(move |(_, kind)| matches!(kind, ExprKind::Call(call) if is_maker(call.callee))).map(|(id, _)| id)
}

/// The text of a definition, with objects that are spread into it written out.
fn written(workspace: &Workspace, module: &Module, span: Span) -> Option<String> {
    let source = workspace.source(module.file);
    let mut spreads: Vec<(Span, String)> = Vec::new();
    for (_, kind) in module.exprs() {
        let ExprKind::Object(props) = kind else { continue };
        for prop in props.iter().filter(|prop| prop.key == Key::Spread) {
            let at = module.at(prop.start, prop.end);
            if span.contains(at) {
                spreads.push((at, inside(workspace, module, prop.value)?));
            }
        }
    }
    spreads.sort_by_key(|(span, _)| span.start);
    let (mut out, mut at) = (String::new(), span.start);
    for (spread, text) in spreads {
        out.push_str(&source.text[at as usize..spread.start as usize]);
        out.push_str(&text);
        at = spread.end;
    }
    out.push_str(&source.text[at as usize..span.end as usize]);
    Some(out)
}

/// What stands between the braces of the object that a constant holds.
fn inside(workspace: &Workspace, module: &Module, value: ExprId) -> Option<String> {
    let ExprKind::Local(binding) = module.expr(module.bare(value)) else { return None };
    let BindingKind::Const(Some(init)) = module.binding(*binding).kind else { return None };
    let object = module.bare(init);
    let props = module.as_object(object)?;
    if props.iter().any(|prop| prop.key == Key::Spread) {
        return None;
    }
    let text = workspace.text(module.span(object));
    Some(text.strip_prefix('{')?.strip_suffix('}')?.trim().trim_end_matches(',').to_owned())
}

/// What the old file imported and the definitions name, and what makes them.
fn wanted(module: &Module, spans: &[Span]) -> Vec<Wanted> {
    let made = ["defineEntSchema", "getEntDefinitions"].into_iter().map(|name| Wanted {
        module: "convex-ents".to_owned(),
        name: name.to_owned(),
        local: name.to_owned(),
        is_type: false,
    });
    let is_named = |id: BindingId| module.binding(id).uses.iter().any(|usage| spans.iter().any(|span| span.contains(module.span(*usage))));
    let imported = (0..module.bindings.len() as u32).map(BindingId).filter(|id| is_named(*id)).filter_map(|id| {
        let binding = module.binding(id);
        let import = module.import(binding)?;
        let name = match &import.name {
            ImportName::Named(name) => name.to_string(),
            ImportName::Default => "default".to_owned(),
            ImportName::Namespace | ImportName::Nothing => return None,
        };
        Some(Wanted { module: import.module.to_string(), name, local: binding.name.to_string(), is_type: false })
    });
    made.chain(imported).collect()
}

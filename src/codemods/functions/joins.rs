//! Edges that are kept in a table of their own, as statements behind the write that names them.

use super::ask::{Ask, Ids, Inserted, Join, Key};
use super::finish::row_text;
use super::print::{Printer, is_simple};
use super::shapes::Taken;
use super::sites::Site;
use crate::model::hir::{ExprId, ExprKind, Module, Name, Parent, Place};
use crate::style::indent_at;

/// What takes the place of a write that also writes edges: its text, and the statements behind it.
pub fn written(printer: &Printer<'_, '_>, site: &Site, ask: &Ask, orm: &str, code: String) -> Option<String> {
    let (joins, table) = match ask {
        Ask::Insert { joins, table, .. } | Ask::Update { joins, table, .. } => (joins, table),
        _ => return None,
    };
    let Taken::Awaited(at) = site.flow.taken else { return None };
    if joins.is_empty() {
        return None;
    }
    let style = printer.context.style;
    let text = &printer.workspace.source(printer.context.file).text;
    let indent = indent_at(text, printer.module.span(at).start);
    let mut statements = Vec::new();
    let id = match ask {
        Ask::Update { row: Key::Id(id), change, .. } => {
            if has_more(printer.module, change.value, joins) {
                statements.push(code);
            }
            printer.value(id, false)
        }
        _ => match printer.module.parent(at) {
            Parent::Stmt { place: Place::Init(first, _), .. } => {
                statements.push(code);
                printer.module.binding(first).name.to_string()
            }
            _ => {
                let name = printer.context.names.fresh(&format!("{}Id", singular(table)));
                statements.push(format!("const {name} = {code}"));
                name
            }
        },
    };
    for join in joins {
        let local = printer.table(&join.table);
        let eq = || printer.context.names.orm("eq");
        if let Some(add) = join.add {
            let add_one = |other: &str| {
                let values = format!("{{ {}, {} }}", row_text(&join.own, &id), row_text(&join.other, other));
                format!(
                    "await {orm}.insert({local}).values({values}).onConflictDoNothing({{ target: [{local}.{}, {local}.{}] }})",
                    join.own, join.other
                )
            };
            statements.extend(for_each(printer, add, &join.other, indent, &add_one));
        }
        if let Some(remove) = join.remove {
            let remove_one = |other: &str| {
                let and = printer.context.names.orm("and");
                let terms = format!("{0}({local}.{1}, {id}), {0}({local}.{2}, {other})", eq(), join.own, join.other);
                format!("await {orm}.delete({local}).where({and}({terms})!)")
            };
            statements.extend(for_each(printer, remove, &join.other, indent, &remove_one));
        }
    }
    let mut out = String::new();
    for (i, statement) in statements.iter().enumerate() {
        if i > 0 {
            // A loop needs no semicolon.
            let ends = if statements[i - 1].ends_with('}') { "" } else { style.semicolon() };
            out.push_str(&format!("{ends}{}{indent}", style.newline));
        }
        out.push_str(statement);
    }
    Some(out)
}

/// One statement for each id that is written out, else a loop.
fn for_each(printer: &Printer<'_, '_>, ids: Ids, name: &Name, indent: &str, one: &dyn Fn(&str) -> String) -> Vec<String> {
    let style = printer.context.style;
    if let ExprKind::Array(items) = printer.module.expr(printer.module.bare(ids.value))
        && items.iter().all(|item| !item.spread)
    {
        return items.iter().map(|item| one(&printer.text(item.value))).collect();
    }
    let is_free = printer.module.bindings.iter().all(|binding| binding.name != *name);
    let each = if is_free { name.to_string() } else { printer.context.names.fresh(&format!("{name}ToWrite")) };
    let body = format!("{}{}{}{}{}", style.newline, indent, style.indent, one(&each), style.semicolon());
    let list = match (ids.may_lack, is_simple(printer.module, ids.value)) {
        (false, _) => printer.text(ids.value),
        (true, true) => format!("{} ?? []", printer.text(ids.value)),
        (true, false) => format!("({}) ?? []", printer.text(ids.value)),
    };
    vec![format!("for (const {each} of {list}) {{{body}{}{indent}}}", style.newline)]
}

/// Whether the value names more than the edges.
fn has_more(module: &Module, value: ExprId, joins: &[Join]) -> bool {
    module.as_object(value).is_none_or(|props| props.len() > joins.len())
}

/// `users` without its `s`.
fn singular(table: &str) -> &str {
    table.strip_suffix('s').unwrap_or(table)
}

/// The id is needed, if edges are written from it.
pub fn with_id(ask: &mut Ask) {
    if let Ask::Insert { result, joins, .. } = ask
        && !joins.is_empty()
        && *result == Inserted::Ignored
    {
        *result = Inserted::Id;
    }
}

//! Adds an index to the definition of a table, at the end of its chain: `.index("by_a_and_b", ["a", "b"])`.

use crate::edit::Edit;
use crate::model::hir::Name;
use crate::model::ty::TableFlavor;
use crate::model::{Project, Table, Workspace};
use crate::source::Span;
use crate::style::indent_at;

/// How many indexes a table may have.
const MOST: usize = 32;

/// A name for an index on these fields, if the table does not use it for another: `by_a_and_b`.
pub fn free_name(table: &Table, fields: &[Name]) -> Option<String> {
    let words: Vec<String> = fields.iter().map(|f| f.replace('.', "_")).collect();
    let named = |separator: &str| format!("by_{}", words.join(separator));
    // Names have at most 64 letters.
    let name = [named("_and_"), named("_")].into_iter().find(|name| name.len() <= 64)?;
    let is_reserved = matches!(&*name, "by_id" | "by_creation_time");
    (!is_reserved && table.index(&name).is_none()).then_some(name)
}

/// The edits that add the index; `None` where the definition is not written in one place that is this table's own, or may not grow.
pub fn add_index(workspace: &Workspace, project: &Project, table: &Table, name: &str, fields: &[Name]) -> Option<Vec<Edit>> {
    let definition = &*table.definition;
    let is_full = table.db_indexes().count() >= MOST;
    if definition.flavor != TableFlavor::Plain
        || definition.open
        || is_full
        || project.schema.as_ref().is_some_and(|schema| schema.shares(definition))
    {
        return None;
    }
    let module = workspace.hir(definition.span.file);
    let call = module.call_at(definition.span)?;
    // Inside of a function it is the definition of every table that the function makes.
    if module.enclosing_func(call).is_some() {
        return None;
    }
    let source = workspace.source(definition.span.file);
    let style = workspace.style(definition.span.file);
    let quoted = |text: &str| match definition.indexes.first().and_then(|i| source.slice(i.name_span).chars().next()) {
        Some(quote @ ('"' | '\'')) => format!("{quote}{text}{quote}"),
        _ => style.string(text),
    };
    let list: Vec<String> = fields.iter().map(|f| quoted(f)).collect();
    let step = format!(".index({}, [{}])", quoted(name), list.join(", "));

    let text = &*source.text;
    let end = definition.span.end;
    let last = module.method_span(call).map(|span| source.slice(span));
    let before_dot = last.map(|last| &last[..last.find('.').unwrap_or_default()]).unwrap_or_default();
    let line_start = text[..end as usize].rfind('\n').map_or(0, |at| at + 1);
    let is_broken = before_dot.contains('\n');
    let is_long = text[line_start..end as usize].chars().count() + step.chars().count() >= style.width;
    if !(is_broken || is_long && last.is_some()) {
        return Some(vec![Edit::insert_after(definition.span, step)]);
    }
    let indent = indent_at(text, end);
    let indent = if is_broken { indent.to_owned() } else { style.deeper(indent) };
    let newline = style.newline;
    let step = if indent.chars().count() + step.chars().count() < style.width {
        step
    } else {
        let comma = if style.trailing_commas { "," } else { "" };
        let inner = style.deeper(&indent);
        let items = list.join(&format!(",{newline}{inner}"));
        format!(".index({}, [{newline}{inner}{items}{comma}{newline}{indent}])", quoted(name))
    };
    Some(after_comment(text, definition.span, format!("{newline}{indent}{step}")))
}

/// Inserts a line after the definition; a comment that ends its last line stays there, and what separates it from the next goes along.
fn after_comment(text: &str, definition: Span, line: String) -> Vec<Edit> {
    let rest = &text[definition.end as usize..];
    let rest = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
    let separator = rest.trim_start().chars().next().filter(|c| matches!(c, ',' | ';'));
    let after = separator.map_or(rest.trim_start(), |c| rest.trim_start()[c.len_utf8()..].trim_start());
    if !after.starts_with("//") {
        return vec![Edit::insert_after(definition, line)];
    }
    let at = |offset: usize| definition.end + offset as u32;
    let comment_end = Span { start: at(rest.trim_end().len()), end: at(rest.trim_end().len()), ..definition };
    match separator {
        Some(separator) => {
            let place = rest.find(separator).unwrap_or_default();
            let separator_span = Span { start: at(place), end: at(place + 1), ..definition };
            vec![Edit::delete(separator_span), Edit::insert_after(comment_end, format!("{line}{separator}"))]
        }
        None => vec![Edit::insert_after(comment_end, line)],
    }
}

//! The picture as a Mermaid entity–relationship diagram.

use std::fmt::Write as _;

use super::types::{full, word};
use super::{Drawn, Link, LinkEnd, Picture};
use crate::model::ty::{Field, Index, IndexKind};

/// The text of an `erDiagram`. What Mermaid's grammar has no place for (optional, types, indexes) stands in the comments of fields.
pub fn mermaid(picture: &Picture<'_>) -> String {
    let mut out = String::from("erDiagram\n");
    for (place, table) in picture.tables.iter().enumerate() {
        let _ = write!(out, "  {}", entity(table));
        if table.fields.is_empty() {
            out.push('\n');
            continue;
        }
        out.push_str(" {\n");
        for field in &table.fields {
            let is_link = picture.links_of(place, &field.name).next().is_some();
            let _ = writeln!(out, "    {}", attribute(table, field, is_link));
        }
        out.push_str("  }\n");
    }
    for link in &picture.links {
        let (from, to) = (&picture.tables[link.from], &picture.tables[link.to]);
        let name = quoted(link.name.as_deref().unwrap_or(&link.field));
        let _ = writeln!(out, "  {} {} {} : {name}", entity(from), line(link), entity(to));
    }
    out
}

fn line(link: &Link) -> String {
    let from = if link.unique { "|o" } else { "}o" };
    let to = match link.end {
        LinkEnd::One => "||",
        LinkEnd::OneOrNone => "o|",
        LinkEnd::Many => "o{",
    };
    format!("{from}--{to}")
}

fn entity(table: &Drawn<'_>) -> String {
    quoted(table.name)
}

fn attribute(table: &Drawn<'_>, field: &Field, is_link: bool) -> String {
    let (kind, is_all) = word(&field.ty);
    let is_unique = |index: &&&Index| index.unique && matches!(index.own_fields(), Some([only]) if *only == field.name);
    let keys: Vec<&str> =
        [(is_link, "FK"), (table.indexes.iter().any(|i| is_unique(&i)), "UK")].iter().filter(|(is, _)| *is).map(|(_, key)| *key).collect();
    let mut said: Vec<String> = Vec::new();
    let name = attribute_name(&field.name);
    if name != *field.name {
        said.push(field.name.to_string());
    }
    if field.optional {
        said.push("optional".to_owned());
    }
    if !is_all {
        said.push(full(&field.ty));
    }
    said.extend(table.indexes.iter().filter_map(|index| place_in(index, &field.name)));
    let mut out = format!("{} {name}", attribute_name(&kind));
    if !keys.is_empty() {
        let _ = write!(out, " {}", keys.join(", "));
    }
    if !said.is_empty() {
        let _ = write!(out, " {}", quoted(&said.join("; ")));
    }
    out
}

/// `by_author`, with the place of the field where the index has several: `by_author_date 2/2`.
fn place_in(index: &Index, field: &str) -> Option<String> {
    let fields = index.fields.as_deref()?;
    let at = fields.iter().position(|name| **name == *field)?;
    let kind = match index.kind {
        IndexKind::Db => "",
        IndexKind::Search => " (search)",
        IndexKind::Vector => " (vector)",
    };
    Some(if fields.len() == 1 { format!("{}{kind}", index.name) } else { format!("{} {}/{}{kind}", index.name, at + 1, fields.len()) })
}

/// What Mermaid takes for the name or the type of an attribute.
fn attribute_name(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '[' | ']' | '(' | ')');
    let name: String = text.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') { name } else { format!("_{name}") }
}

/// In Mermaid's quotes, which nothing escapes.
fn quoted(text: &str) -> String {
    let text: String = text.chars().map(|c| if c == '"' || c == '\n' { '\'' } else { c }).collect();
    format!("\"{text}\"")
}

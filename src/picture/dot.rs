//! The picture in Graphviz' language, for `dot`.

use std::fmt::Write as _;

use super::types::{label, short};
use super::{Drawn, Link, LinkEnd, Picture};
use crate::model::ty::{Index, IndexKind};

/// Types longer than this are cut.
const WIDTH: usize = 40;

/// A `digraph`: tables are nodes with a row for each field, references lead from row to table.
pub fn dot(picture: &Picture<'_>) -> String {
    let mut out = String::from("digraph schema {\n");
    out.push_str("  graph [rankdir=LR, ranksep=1, nodesep=0.4];\n");
    out.push_str("  node [shape=plain, fontname=\"Helvetica\", fontsize=11];\n");
    out.push_str("  edge [dir=both, color=\"#64748b\", fontname=\"Helvetica\", fontsize=9];\n");
    for (place, table) in picture.tables.iter().enumerate() {
        let _ = writeln!(out, "  t{place} [label=<{}>];", node(table));
    }
    for link in &picture.links {
        let _ = writeln!(out, "  {}", edge(picture, link));
    }
    out.push_str("}\n");
    out
}

fn node(table: &Drawn<'_>) -> String {
    let mut out = String::from("<table border=\"0\" cellborder=\"1\" cellspacing=\"0\" cellpadding=\"4\">");
    let _ = write!(out, "<tr><td colspan=\"2\" port=\"name\" bgcolor=\"#e2e8f0\"><b>{}</b></td></tr>", said(table.name));
    for (row, field) in table.fields.iter().enumerate() {
        let (name, kind) = (said(&label(field)), said(&short(&field.ty, WIDTH)));
        let _ = write!(out, "<tr><td align=\"left\" port=\"f{row}\">{name}</td><td align=\"left\">{kind}</td></tr>");
    }
    if table.open {
        out.push_str("<tr><td colspan=\"2\" align=\"left\">...</td></tr>");
    }
    for index in &table.indexes {
        let _ = write!(out, "<tr><td colspan=\"2\" align=\"left\"><font color=\"#64748b\">{}</font></td></tr>", said(&index_line(index)));
    }
    out + "</table>"
}

fn edge(picture: &Picture<'_>, link: &Link) -> String {
    let row = picture.tables[link.from].fields.iter().position(|f| *f.name == *link.row());
    let port = row.map_or_else(|| "name".to_owned(), |row| format!("f{row}"));
    let tail = if link.unique { "teeodot" } else { "crowodot" };
    let head = match link.end {
        LinkEnd::One => "teetee",
        LinkEnd::OneOrNone => "teeodot",
        LinkEnd::Many => "crowodot",
    };
    let name = link.name.as_deref().map_or_else(String::new, |name| format!(", label={}", serde_json::Value::from(name)));
    format!("t{}:{port} -> t{}:name [arrowtail={tail}, arrowhead={head}{name}];", link.from, link.to)
}

/// `by_author (author, date)`, with what is special about it.
pub(super) fn index_line(index: &Index) -> String {
    let fields = index.fields.as_ref().map_or_else(|| "…".to_owned(), |fields| fields.iter().map(|f| &**f).collect::<Vec<_>>().join(", "));
    let kind = match index.kind {
        IndexKind::Search => "search ",
        IndexKind::Vector => "vector ",
        IndexKind::Db if index.unique => "unique ",
        IndexKind::Db => "",
    };
    format!("{kind}{} ({fields}){}", index.name, if index.staged { " staged" } else { "" })
}

/// Graphviz measures text by ASCII.
fn said(text: &str) -> String {
    escaped(text).replace('…', "...")
}

/// For Graphviz' labels in the manner of HTML, and for SVG.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

//! The picture as SVG: stands alone, has no scripts and no fonts of its own, and is dark where the page is.

use std::fmt::Write as _;

use super::dot::{escaped, index_line};
use super::layout::{Point, Size, layout};
use super::types::{full, label, short};
use super::{Drawn, Link, LinkEnd, Picture};
use crate::model::ty::{Field, TableFlavor};

const HEAD: f64 = 30.0;
const ROW: f64 = 20.0;
const PAD: f64 = 12.0;
/// Of a character of a monospaced font of 12 pixels; a little more than most have.
const CHAR: f64 = 7.4;
/// Types longer than this are cut; they are whole in the tooltip.
const WIDTH: usize = 34;

const STYLE: &str = "
svg { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; color-scheme: light dark; background: var(--page); \
--page: #ffffff; --box: #ffffff; --edge: #cbd5e1; --head: #e0e7ff; --text: #0f172a; --type: #475569; --faint: #64748b; --line: #6366f1 }
@media (prefers-color-scheme: dark) { svg { --page: #0f172a; --box: #1e293b; --edge: #475569; --head: #312e81; --text: #f1f5f9; --type: #cbd5e1; \
--faint: #94a3b8; --line: #a5b4fc } }
.box { fill: var(--box); stroke: var(--edge) }
.head { fill: var(--head); stroke: var(--edge) }
text { fill: var(--text); white-space: pre }
.name { font-weight: bold }
.type { fill: var(--type); text-anchor: end }
.index { fill: var(--faint); font-size: 11px }
.kind { fill: var(--faint); font-size: 11px; text-anchor: end }
.link { fill: none; stroke: var(--line); stroke-width: 1.4 }
.link:hover { stroke-width: 3 }
marker path, marker circle { fill: var(--page); stroke: var(--line); stroke-width: 1.4 }
marker path { fill: none }
";

/// The ends of lines, as they are drawn at the end of a line that goes to the right.
const MARKERS: [(&str, &str); 3] = [
    ("one", "<path d=\"M8 1V11M12 1V11\"/>"),
    ("none", "<circle cx=\"5\" cy=\"6\" r=\"3.4\"/><path d=\"M12 1V11\"/>"),
    ("many", "<circle cx=\"3.8\" cy=\"6\" r=\"3.2\"/><path d=\"M16 1L7 6L16 11M7 6H16\"/>"),
];

pub fn svg(picture: &Picture<'_>) -> String {
    svg_within(picture, "")
}

/// The same for a page that holds more than it: names that must be there once begin as is said.
pub fn svg_within(picture: &Picture<'_>, prefix: &str) -> String {
    let sizes: Vec<Size> = picture.tables.iter().map(size).collect();
    let layout = layout(picture, &sizes);
    let (width, height) = (layout.size.width.ceil(), layout.size.height.ceil());
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">\n"
    );
    let _ = writeln!(out, "<title>Schema of {} tables</title>", picture.tables.len());
    let _ = writeln!(out, "<style>{STYLE}</style>\n<defs>");
    for (name, path) in MARKERS {
        let _ = writeln!(
            out,
            "<marker id=\"{prefix}{name}\" viewBox=\"0 0 16 12\" refX=\"16\" refY=\"6\" markerWidth=\"16\" markerHeight=\"12\" \
             markerUnits=\"userSpaceOnUse\" orient=\"auto-start-reverse\">{path}</marker>"
        );
    }
    out.push_str("</defs>\n");
    // Boxes first, so that a line that passes over one can be followed.
    for (table, (at, size)) in picture.tables.iter().zip(layout.boxes.iter().zip(&sizes)) {
        draw_table(&mut out, table, *at, size);
    }
    for (link, way) in picture.links.iter().zip(&layout.ways) {
        draw_link(&mut out, picture, link, &layout.boxes, &sizes, way, prefix);
    }
    out.push_str("</svg>\n");
    out
}

fn size(table: &Drawn<'_>) -> Size {
    let count = |text: &str| text.chars().count();
    let fields = table.fields.iter().map(|f| count(&label(f)) + 3 + count(&short(&f.ty, WIDTH)));
    let indexes = table.indexes.iter().map(|i| count(&index_line(i)));
    let title = count(table.name) + 3 + count(flavor(table.flavor));
    let longest = fields.chain(indexes).chain([title]).max().unwrap_or_default();
    let rows = table.fields.len() + usize::from(table.open) + table.indexes.len();
    let gap = if table.indexes.is_empty() { 0.0 } else { PAD / 2.0 };
    Size { width: (longest as f64 * CHAR + PAD * 2.0).ceil(), height: HEAD + rows as f64 * ROW + PAD / 2.0 + gap }
}

fn flavor(flavor: TableFlavor) -> &'static str {
    match flavor {
        TableFlavor::Plain => "",
        TableFlavor::Ent => "ent",
        TableFlavor::Orm => "orm",
        TableFlavor::Package => "package",
    }
}

fn draw_table(out: &mut String, table: &Drawn<'_>, at: Point, size: &Size) {
    let (width, height) = (size.width, size.height);
    let _ = writeln!(out, "<g transform=\"translate({:.1} {:.1})\">", at.x, at.y);
    let _ = writeln!(out, "<rect class=\"box\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>");
    let _ = writeln!(out, "<path class=\"head\" d=\"M0 {HEAD}V6a6 6 0 0 1 6 -6H{}a6 6 0 0 1 6 6V{HEAD}Z\"/>", width - 6.0);
    let _ = writeln!(out, "<text class=\"name\" x=\"{PAD}\" y=\"20\">{}</text>", escaped(table.name));
    if !flavor(table.flavor).is_empty() {
        let _ = writeln!(out, "<text class=\"kind\" x=\"{}\" y=\"20\">{}</text>", width - PAD, flavor(table.flavor));
    }
    let mut y = HEAD + 17.0;
    for field in &table.fields {
        draw_field(out, field, width, y);
        y += ROW;
    }
    if table.open {
        let _ = writeln!(out, "<text class=\"index\" x=\"{PAD}\" y=\"{y}\">…</text>");
        y += ROW;
    }
    if !table.indexes.is_empty() {
        let _ = writeln!(out, "<path class=\"box\" d=\"M0 {0}H{width}\"/>", y - 12.0);
        y += PAD / 2.0;
    }
    for index in &table.indexes {
        let _ = writeln!(out, "<text class=\"index\" x=\"{PAD}\" y=\"{y}\">{}</text>", escaped(&index_line(index)));
        y += ROW;
    }
    out.push_str("</g>\n");
}

fn draw_field(out: &mut String, field: &Field, width: f64, y: f64) {
    let kind = short(&field.ty, WIDTH);
    let whole = full(&field.ty);
    let tooltip = if whole == kind { String::new() } else { format!("<title>{}</title>", escaped(&whole)) };
    let _ = writeln!(
        out,
        "<text x=\"{PAD}\" y=\"{y}\">{}</text><text class=\"type\" x=\"{}\" y=\"{y}\">{tooltip}{}</text>",
        escaped(&label(field)),
        width - PAD,
        escaped(&kind)
    );
}

fn draw_link(out: &mut String, picture: &Picture<'_>, link: &Link, boxes: &[Point], sizes: &[Size], way: &[Point], prefix: &str) {
    let (from, to) = (&picture.tables[link.from], &picture.tables[link.to]);
    let row = from.fields.iter().position(|f| *f.name == *link.row());
    let start_y = boxes[link.from].y + row.map_or(HEAD / 2.0, |row| HEAD + 13.0 + row as f64 * ROW);
    let end_y = boxes[link.to].y + HEAD / 2.0;
    let side = |table: usize, is_right: bool| boxes[table].x + if is_right { sizes[table].width } else { 0.0 };
    let center = |table: usize| boxes[table].x + sizes[table].width / 2.0;
    let mut path = String::new();
    if link.from == link.to {
        let x = side(link.from, true);
        let _ = write!(path, "M{x:.1} {start_y:.1}C{0:.1} {start_y:.1} {0:.1} {end_y:.1} {x:.1} {end_y:.1}", x + 44.0);
    } else {
        let (first, last) = (way.first().map_or(center(link.to), |p| p.x), way.last().map_or(center(link.from), |p| p.x));
        let start = Point { x: side(link.from, first > center(link.from)), y: start_y };
        let end = Point { x: side(link.to, last > center(link.to)), y: end_y };
        let _ = write!(path, "M{:.1} {:.1}", start.x, start.y);
        let mut before = start;
        for next in way.iter().copied().chain([end]) {
            let middle = (before.x + next.x) / 2.0;
            let _ = write!(path, "C{middle:.1} {:.1} {middle:.1} {:.1} {:.1} {:.1}", before.y, next.y, next.x, next.y);
            before = next;
        }
    }
    let target = match link.end {
        LinkEnd::One => "one",
        LinkEnd::OneOrNone => "none",
        LinkEnd::Many => "many",
    };
    let source = if link.unique { "none" } else { "many" };
    let named = |name: &Option<_>| name.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
    let tooltip = format!("{}.{}{} → {}.{}{}", from.name, link.field, named(&link.name), to.name, link.to_field, named(&link.inverse));
    let _ = writeln!(
        out,
        "<path class=\"link\" marker-start=\"url(#{prefix}{source})\" marker-end=\"url(#{prefix}{target})\" d=\"{path}\"><title>{}</title></path>",
        escaped(&tooltip)
    );
}

//! One page that stands alone: what a migration came to, each file before and after, what is left, and a picture of the schema.
//!
//! No scripts, nothing from elsewhere; a policy in the page forbids both. Files of others are shown, and never obeyed: `text` sees to that.

mod sides;
mod text;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{CODES_URL, Report, sentence, status_word};
use crate::cli::output::counted;
use crate::cli::pages::{self, Rewritten};
use crate::codemod::{Left, Severity, Status, TableOutcome};
use crate::picture::{self, Picture};
use crate::source::FileId;
use sides::{Row, Side};
use text::{escaped, line, prose};

const STYLE: &str = include_str!("html/page.css");

/// Rows of one file that are shown.
const ROWS: usize = 1_500;

/// Bytes of all files that are shown; those after them are listed.
const BYTES: usize = 5_000_000;

/// With more rows than these, files are shown when they are opened.
const OPEN: usize = 4_000;

/// Lines of code that are shown of one thing that is left.
const SNIPPET: usize = 6;

/// Larger schemas are no picture that anybody could read.
const TABLES: usize = 150;

pub fn render(report: &Report<'_>) -> Vec<u8> {
    let mut files = Files::of(report);
    let sides = std::mem::take(&mut files.html);
    let (work, notes) = report.left();
    let sections = [
        ("next", "Next", next(report)),
        ("left", "Left to a person", left_list(report, &files, &work, report.place_note())),
        ("files", "Files", sides),
        ("tables", "Tables", tables(report)),
        ("schema", "The schema", pictures(report)),
        ("notes", "Good to know", left_list(report, &files, &notes, None)),
        ("relations", "Relations", report.style_note().map_or_else(String::new, |note| paragraph(&note))),
    ];
    let title = format!("Migration from {}", report.from.name());
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#content\">To the content</a>\n\
         <header>\n<h1>{title}</h1>\n<p class=\"lead\">{}</p>\n{}</header>\n",
        escaped(&sentence(&report.summary())),
        sums(report, &work, &notes)
    );
    let shown = || sections.iter().filter(|(_, _, html)| !html.is_empty());
    if shown().next().is_some() {
        let links: String = shown().map(|(id, name, _)| format!("<li><a href=\"#{id}\">{name}</a>")).collect();
        let _ = writeln!(out, "<nav aria-label=\"Sections\"><ul>{links}</ul></nav>");
    }
    out += "<main id=\"content\">\n";
    for (id, name, html) in shown() {
        let _ = write!(out, "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{name}</h2>\n{html}</section>\n");
    }
    let _ = write!(out, "</main>\n<footer>Written by orm-migrate {}.</footer>\n</body>\n</html>\n", env!("CARGO_PKG_VERSION"));
    out.into_bytes()
}

fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", prose(&sentence(text)))
}

/// What it came to, in numbers.
fn sums(report: &Report<'_>, work: &[&Left], notes: &[&Left]) -> String {
    let counts = super::Counts::of(&report.plan.tables);
    let calls = report.plan.calls;
    let others = [(counts.created, "created"), (counts.kept, "kept"), (counts.already, "migrated before")];
    let others: Vec<String> = others.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let mut sums = vec![
        (if report.written { "files written" } else { "files would change" }, report.rewritten.len(), String::new()),
        ("tables migrated", counts.migrated, others.join(", ")),
    ];
    if calls.rewritten + calls.left > 0 {
        sums.push(("calls rewritten", calls.rewritten, format!("{} left as they are", calls.left)));
    }
    sums.push((
        "places left to a person",
        work.len(),
        if notes.is_empty() { String::new() } else { format!("{} good to know", notes.len()) },
    ));
    let sums: String = sums
        .iter()
        .map(|(name, count, more)| {
            let more = if more.is_empty() { String::new() } else { format!("<small>{more}</small>") };
            format!("<div><dt>{name}{more}</dt><dd>{count}</dd></div>\n")
        })
        .collect();
    format!("<dl class=\"sums\">\n{sums}</dl>\n")
}

fn next(report: &Report<'_>) -> String {
    let steps: String = report.next_steps().iter().map(|step| format!("<li>{}\n", linked(&sentence(step)))).collect();
    if steps.is_empty() { steps } else { format!("<ol>\n{steps}</ol>\n") }
}

/// The one address that is in what people are told, as a link.
fn linked(text: &str) -> String {
    match text.split_once(CODES_URL) {
        Some((before, after)) => format!("{}<a href=\"{CODES_URL}\">the page of codes</a>{}", prose(before), prose(after)),
        None => prose(text),
    }
}

fn left_list(report: &Report<'_>, files: &Files<'_>, left: &[&Left], note: Option<&str>) -> String {
    if left.is_empty() {
        return String::new();
    }
    let items: String = left.iter().map(|one| left_item(report, files, one)).collect();
    format!("{}<ul class=\"left\">\n{items}</ul>\n", note.map_or_else(String::new, paragraph))
}

fn left_item(report: &Report<'_>, files: &Files<'_>, left: &Left) -> String {
    let (class, word) = match left.severity {
        Severity::Error => ("bad", "not migrated"),
        Severity::Warning => ("warn", "look at it"),
        Severity::Info => ("info", "good to know"),
    };
    let place = escaped(&report.place(left));
    let place = match files.anchor(left.span.file, line_of(report, left)) {
        Some(anchor) => format!("<a href=\"#{anchor}\"><code>{place}</code></a>"),
        None => format!("<code>{place}</code>"),
    };
    // What is good to know may need nothing to be done.
    let is_work = left.severity > Severity::Info;
    let todo = left.suggestion.as_ref().map_or_else(String::new, |suggestion| match is_work {
        true => format!("<p class=\"do\"><b>What to do:</b> {}</p>\n", prose(suggestion)),
        false => format!("<p class=\"do\">{}</p>\n", prose(&sentence(suggestion))),
    });
    let word = if is_work { format!(" <span class=\"word\">{word}</span>") } else { String::new() };
    format!(
        "<li class=\"{class}\">\n<h3><span class=\"tag {class}\">{}</span> {place}{word}</h3>\n<p>{}</p>\n{}{todo}",
        escaped(left.code),
        prose(&sentence(&left.message)),
        snippet(report, left)
    )
}

fn line_of(report: &Report<'_>, left: &Left) -> usize {
    report.lines.position(left.span.file, left.span.start).line
}

/// The code that something is left of.
fn snippet(report: &Report<'_>, left: &Left) -> String {
    let source = report.lines.source(left.span.file);
    let starts = report.lines.starts(left.span.file);
    let (start, end) = (left.span.start as usize, left.span.end as usize);
    let first = report.lines.index(left.span.file, start);
    let last = report.lines.index(left.span.file, end.saturating_sub(1).max(start));
    let mut code = String::new();
    for number in first..=last.min(first + SNIPPET - 1) {
        let from = starts[number];
        let to = starts.get(number + 1).copied().unwrap_or(source.text.len());
        let Some(whole) = source.text.get(from..to) else { return String::new() };
        let text = whole.trim_end_matches(['\n', '\r']);
        let indent = if number == first { text.len() - text.trim_start().len() } else { 0 };
        let clamp = |at: usize| text.floor_char_boundary(at.saturating_sub(from).clamp(indent, text.len())) - indent;
        let mark = clamp(start)..clamp(end);
        let marks = if mark.is_empty() { Vec::new() } else { vec![mark] };
        code += &line(&text[indent..], &marks, "mark");
        code.push('\n');
    }
    if last >= first + SNIPPET {
        code += "…\n";
    }
    if code.trim().is_empty() { String::new() } else { format!("<pre>{}</pre>\n", code.trim_end()) }
}

fn tables(report: &Report<'_>) -> String {
    let mut out = String::new();
    for (project, tables) in report.tables() {
        let caption =
            project.map_or_else(|| "What became of each table".to_owned(), |folder| format!("What became of each table of {folder}"));
        let rows: String = tables.into_iter().map(table_row).collect();
        let _ = write!(
            out,
            "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table class=\"list\">\n<caption>{0}</caption>\n\
             <thead><tr><th scope=\"col\">Table<th scope=\"col\">Became<th scope=\"col\">What to know\n<tbody>\n{rows}</table></div>\n",
            escaped(&caption)
        );
    }
    out
}

fn table_row(table: &TableOutcome) -> String {
    let class = match table.status {
        Status::Migrated | Status::Created => "good",
        Status::Kept { .. } => "warn",
        Status::Already => "",
    };
    let mut words: Vec<String> = Vec::new();
    if let Status::Kept { code, why } = &table.status {
        words.push(format!("<b>{}</b>: {}", escaped(code), prose(why)));
    }
    words.extend(table.widened.iter().map(|widened| escaped(widened)));
    let words = match &words[..] {
        [] => String::new(),
        [one] => one.clone(),
        several => format!("<ul>{}</ul>", several.iter().map(|word| format!("<li>{word}")).collect::<String>()),
    };
    let name = escaped(&table.name);
    format!("<tr><th scope=\"row\"><code>{name}</code><td><span class=\"tag {class}\">{}</span><td>{words}\n", status_word(&table.status))
}

/// The schemas as they are after the run.
fn pictures(report: &Report<'_>) -> String {
    let texts = report.plan.files.iter().map(|(file, rewritten)| (*file, &*rewritten.text)).collect();
    let after = report.workspace.with_schemas(&texts);
    let projects = report.options.projects.iter().flatten().filter_map(|project| after.projects.get(*project));
    let drawn: Vec<Picture<'_>> = projects.filter_map(Picture::of).filter(|picture| !picture.tables.is_empty()).collect();
    let mut out = String::new();
    for (i, picture) in drawn.iter().enumerate() {
        let path = escaped(&report.places.shown(&after.source(picture.file).path));
        let _ = writeln!(out, "<p>{} in <code>{path}</code>.</p>", sentence(&counted(picture.tables.len(), "table")).trim_end_matches('.'));
        if picture.tables.len() > TABLES {
            out += "<p>That is too many for a picture here; <code>orm-lint --schema svg</code> draws it.</p>\n";
            continue;
        }
        let svg = picture::svg_within(picture, &format!("s{i}-"));
        let _ = write!(out, "<div class=\"picture\" tabindex=\"0\" role=\"region\" aria-label=\"Picture of {path}\">\n{svg}</div>\n");
    }
    out
}

/// The files before and after.
struct Files<'a> {
    report: &'a Report<'a>,
    html: String,
    /// Lines of old files that can be led to.
    anchors: BTreeSet<(usize, usize)>,
}

impl<'a> Files<'a> {
    fn of(report: &'a Report<'a>) -> Self {
        let mut this = Self { report, html: String::new(), anchors: BTreeSet::new() };
        let rows: Vec<Vec<Row<'_>>> = report.rewritten.iter().map(|file| sides::rows(&file.before, &file.after)).collect();
        let is_open = rows.iter().map(|rows| rows.len().min(ROWS)).sum::<usize>() <= OPEN;
        for (i, (file, rows)) in report.rewritten.iter().zip(&rows).enumerate() {
            this.file(i, file, rows, is_open);
        }
        this
    }

    fn file(&mut self, number: usize, file: &Rewritten, rows: &[Row<'_>], is_open: bool) {
        let (mut added, mut removed) = (0, 0);
        for row in rows {
            if let Row::Changed { old, new } = row {
                removed += usize::from(old.is_some());
                added += usize::from(new.is_some());
            }
        }
        let path = escaped(&self.report.places.shown(&file.path));
        let is_shown = self.html.len() < BYTES;
        let open = if is_open && is_shown { " open" } else { "" };
        let _ = write!(
            self.html,
            "<details id=\"f{number}\"{open}>\n<summary><h3>{path}</h3> <span class=\"count\">{}, {}</span></summary>\n",
            counted(added, "new line"),
            if self.report.plan.created.contains_key(&file.path) { "in a new file".to_owned() } else { format!("{removed} gone") }
        );
        if !is_shown {
            self.html += "<p>Not shown, for the page would become too large; the diff of this file shows it.</p>\n</details>\n";
            return;
        }
        let _ = write!(
            self.html,
            "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{path}, before and after\"><table class=\"sides\">\n\
             <caption>{path}, before and after</caption><colgroup><col class=\"n\"><col><col class=\"n\"><col></colgroup>\n\
             <thead><tr><th colspan=\"2\" scope=\"colgroup\">Before<th colspan=\"2\" scope=\"colgroup\">After\n<tbody>\n"
        );
        let wanted = self.lines_left(file);
        for row in rows.iter().take(ROWS) {
            self.row(number, row, &wanted);
        }
        self.html += "</table></div>\n";
        if rows.len() > ROWS {
            let _ = writeln!(self.html, "<p>{} more rows are not shown; the diff of this file shows them.</p>", rows.len() - ROWS);
        }
        self.html += "</details>\n";
    }

    /// The lines of a file at which something is left.
    fn lines_left(&self, file: &Rewritten) -> BTreeSet<usize> {
        let is_of = |left: &&Left| pages::shown_path(&self.report.lines.source(left.span.file).path) == file.path;
        self.report.plan.left.iter().filter(is_of).map(|left| line_of(self.report, left)).collect()
    }

    fn row(&mut self, number: usize, row: &Row<'_>, wanted: &BTreeSet<usize>) {
        let old_line = match row {
            Row::Same { old, .. } => Some(*old),
            Row::Changed { old, .. } => old.as_ref().map(|side| side.line),
            Row::Skipped(_) => None,
        };
        let id = old_line.filter(|line| wanted.contains(line)).map_or_else(String::new, |line| {
            self.anchors.insert((number, line));
            format!(" id=\"f{number}-{line}\"")
        });
        let _ = match row {
            Row::Skipped(count) => writeln!(self.html, "<tr class=\"gap\"><td colspan=\"4\">{} unchanged", counted(*count, "line")),
            Row::Same { old, new, text } => {
                let text = line(text, &[], "");
                writeln!(self.html, "<tr{id}><td>{old}<td>{text}<td>{new}<td>{text}")
            }
            Row::Changed { old, new } => {
                writeln!(self.html, "<tr{id}>{}{}", cells(old.as_ref(), "o", "del"), cells(new.as_ref(), "w", "ins"))
            }
        };
    }

    /// What leads to a line of an old file.
    fn anchor(&self, file: FileId, line: usize) -> Option<String> {
        let path = pages::shown_path(&self.report.lines.source(file).path);
        let number = self.report.rewritten.iter().position(|rewritten| rewritten.path == path)?;
        Some(if self.anchors.contains(&(number, line)) { format!("f{number}-{line}") } else { format!("f{number}") })
    }
}

/// The number and the text of one side of a row.
fn cells(side: Option<&Side<'_>>, class: &str, element: &str) -> String {
    side.map_or_else(
        || "<td class=e><td class=e>".to_owned(),
        |side| format!("<td class={class}>{}<td class={class}>{}", side.line, line(side.text, &side.marks, element)),
    )
}

//! For people: each thing that is left with the code around it, then what became of each table, and what to do next.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use codespan_reporting::diagnostic::Severity as Shown;

use super::{Report, status_word};
use crate::cli::lines::Lines;
use crate::cli::output::{counted, one_line, text};
use crate::cli::paths::Places;
use crate::codemod::{Left, Severity, Status, TableOutcome};
use crate::diagnostic::Diagnostic;

pub fn render(report: &Report<'_>) -> anyhow::Result<Vec<u8>> {
    let (work, notes) = report.left();
    let mut out = snippets(report.places, report.lines, &work, report.colors)?;
    out.extend(rest(report, &notes).trim_start_matches('\n').bytes());
    Ok(out)
}

/// Things that are left, each with the code around it.
pub fn snippets(places: &Places, lines: &Lines<'_>, left: &[&Left], colors: bool) -> anyhow::Result<Vec<u8>> {
    text::colored(colors, &|out| {
        for left in left {
            let severity = match left.severity {
                Severity::Error => Shown::Error,
                Severity::Warning => Shown::Warning,
                Severity::Info => Shown::Note,
            };
            text::finding(places, lines, severity, &as_finding(left), out)?;
        }
        Ok(())
    })
}

/// The code around it is shown as that of a finding is.
fn as_finding(left: &Left) -> Diagnostic {
    let mut finding = Diagnostic::new(left.span, &*left.message);
    finding.rule = left.code;
    finding.help.clone_from(&left.suggestion);
    finding
}

fn rest(report: &Report<'_>, notes: &[&Left]) -> String {
    let mut out = String::new();
    let bold = if report.colors { Style::new().bold() } else { Style::new() };
    let heading = |out: &mut String, text: &str| {
        let _ = writeln!(out, "\n{bold}{text}{bold:#}");
    };
    if let Some(note) = report.place_note() {
        let _ = writeln!(out, "\n({note})");
    }
    if !notes.is_empty() {
        heading(&mut out, "good to know");
        for note in notes {
            let _ = writeln!(out, "  {}  {}: {}", report.place(note), note.code, one_line(&note.message));
        }
    }
    for (project, tables) in report.tables() {
        heading(&mut out, &project.map_or_else(|| "tables".to_owned(), |folder| format!("tables of {folder}")));
        let width = tables.iter().map(|table| table.name.chars().count()).max().unwrap_or_default().min(40);
        for table in tables {
            out += &table_line(table, width, report.colors);
        }
    }
    if !report.plan.files.is_empty() {
        heading(&mut out, if report.written { "files written" } else { "files that would change" });
        for (path, edits) in report.files() {
            let what = edits.map_or_else(|| "new".to_owned(), |edits| counted(edits, "edit"));
            let _ = writeln!(out, "  {path}  {}", what);
        }
    }
    if let Some(note) = report.style_note() {
        heading(&mut out, "relations");
        let _ = writeln!(out, "  {note}");
    }
    let steps = report.next_steps();
    if !steps.is_empty() {
        heading(&mut out, "next");
        for (i, step) in steps.iter().enumerate() {
            let _ = writeln!(out, "  {}. {step}", i + 1);
        }
    }
    out
}

/// `  logs   kept      nested-index: an index on a nested field`.
fn table_line(table: &TableOutcome, width: usize, colors: bool) -> String {
    let color = match table.status {
        Status::Kept { .. } => AnsiColor::Yellow.on_default(),
        Status::Migrated | Status::Created => AnsiColor::Green.on_default(),
        Status::Already => Style::new(),
    };
    let color = if colors { color } else { Style::new() };
    let word = format!("{:<8}", status_word(&table.status));
    let mut words: Vec<String> = Vec::new();
    if let Status::Kept { code, why } = &table.status {
        words.push(format!("{code}: {}", one_line(why)));
    }
    words.extend(table.widened.iter().map(|widened| one_line(widened).into_owned()));
    let mut out = format!("  {:<width$}  {color}{word}{color:#}", one_line(&table.name));
    for (i, word) in words.iter().enumerate() {
        if i > 0 {
            let _ = write!(out, "\n  {:width$}  {:8}", "", "");
        }
        let _ = write!(out, "  {word}");
    }
    out.truncate(out.trim_end().len());
    out + "\n"
}

//! For the description of a pull request: what became of each table, and what is left as a list to tick off.

use std::fmt::Write as _;

use super::{Report, sentence, status_word};
use crate::cli::output::{counted, one_line};
use crate::codemod::{Left, Status, TableOutcome};

pub fn render(report: &Report<'_>) -> Vec<u8> {
    let mut out = format!("# Migration from {}\n\n{}\n", report.from.name(), sentence(&report.summary()));
    let (work, notes) = report.left();
    list(&mut out, "Left to a person", "- [ ] ", report, &work);
    if let Some(note) = report.place_note() {
        let _ = write!(out, "\n{}\n", sentence(note));
    }
    for (project, tables) in report.tables() {
        let name = project.map_or_else(|| "Tables".to_owned(), |folder| format!("Tables of {}", code(&folder)));
        let _ = write!(out, "\n## {name}\n\n| table | | |\n|---|---|---|\n");
        for table in tables {
            let _ = writeln!(out, "| {} | {} | {} |", cell(&code(&table.name)), status_word(&table.status), cell(&what(table)));
        }
    }
    if !report.plan.files.is_empty() {
        let _ = write!(out, "\n## Files\n\n");
        for (path, edits) in report.files() {
            let what = edits.map_or_else(|| "new".to_owned(), |edits| counted(edits, "edit"));
            let _ = writeln!(out, "- {}: {}", code(&path), what);
        }
    }
    list(&mut out, "Good to know", "- ", report, &notes);
    if let Some(note) = report.style_note() {
        let _ = write!(out, "\n## Relations\n\n{}\n", sentence(&note));
    }
    let steps = report.next_steps();
    if !steps.is_empty() {
        let _ = write!(out, "\n## Next\n\n");
        for (i, step) in steps.iter().enumerate() {
            let _ = writeln!(out, "{}. {}", i + 1, sentence(step));
        }
    }
    out.into_bytes()
}

fn list(out: &mut String, heading: &str, mark: &str, report: &Report<'_>, left: &[&Left]) {
    if left.is_empty() {
        return;
    }
    let _ = write!(out, "\n## {heading}\n\n");
    for one in left {
        let _ = write!(out, "{mark}**{}** {}: {}", one.code, code(&report.place(one)), one_line(&one.message));
        if let Some(suggestion) = &one.suggestion {
            let _ = write!(out, " ({})", one_line(suggestion));
        }
        out.push('\n');
    }
}

/// Why a table is kept, and what its documents may hold now.
fn what(table: &TableOutcome) -> String {
    let mut words = Vec::new();
    if let Status::Kept { code, why } = &table.status {
        words.push(format!("{code}: {}", one_line(why)));
    }
    words.extend(table.widened.iter().map(|widened| one_line(widened).into_owned()));
    words.join("; ")
}

/// A name as code, whatever it holds.
fn code(text: &str) -> String {
    let text = one_line(text);
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// Text in a cell of a table: a bar would end it, in code, too.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

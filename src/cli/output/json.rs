//! `--format json`, version 1. Its structs are its own: they change only with the version.

use serde::Serialize;

use super::Report;
use crate::cli::lines::Lines;
use crate::cli::paths::Places;
use crate::diagnostic::Diagnostic;
use crate::edit::{Applicability, Edit, Fix};
use crate::fixing::edits_of;
use crate::rule::DOCS_URL;
use crate::source::{FileId, Span};

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    diagnostics: Vec<Finding<'a>>,
    summary: Numbers,
}

#[derive(Serialize)]
struct Finding<'a> {
    rule: &'a str,
    level: &'a str,
    message: &'a str,
    help: Option<&'a str>,
    url: String,
    #[serde(flatten)]
    range: Range,
    labels: Vec<Label<'a>>,
    fix: Option<Repair<'a>>,
}

#[derive(Serialize)]
struct Label<'a> {
    #[serde(flatten)]
    range: Range,
    message: &'a str,
}

/// Where something stands; the reports of `orm-migrate` say it in the same way.
#[derive(Serialize)]
pub struct Range {
    file: String,
    start: Place,
    end: Place,
}

#[derive(Serialize)]
struct Place {
    line: usize,
    column: usize,
    offset: u32,
}

#[derive(Serialize)]
struct Repair<'a> {
    title: &'a str,
    applicability: &'a str,
    edits: Vec<Replacement>,
}

#[derive(Serialize)]
struct Replacement {
    file: String,
    start: u32,
    end: u32,
    text: String,
}

#[derive(Serialize)]
struct Numbers {
    files: usize,
    errors: usize,
    warnings: usize,
    fixable: usize,
    duration_ms: u64,
}

pub fn render(report: &Report<'_>) -> anyhow::Result<Vec<u8>> {
    let summary = report.summary;
    let document = Document {
        version: 1,
        diagnostics: report.diagnostics.iter().map(|diagnostic| finding(report, diagnostic)).collect(),
        summary: Numbers {
            files: summary.files,
            errors: summary.errors,
            warnings: summary.warnings,
            fixable: summary.fixable,
            duration_ms: u64::try_from(summary.duration.as_millis()).unwrap_or(u64::MAX),
        },
    };
    let mut out = serde_json::to_vec_pretty(&document)?;
    out.push(b'\n');
    Ok(out)
}

fn finding<'a>(report: &Report<'_>, diagnostic: &'a Diagnostic) -> Finding<'a> {
    let label = |label: &'a crate::diagnostic::Label| Label { range: range(report, label.span), message: &label.message };
    Finding {
        rule: diagnostic.rule,
        level: diagnostic.level.name(),
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
        url: format!("{DOCS_URL}{}.md", diagnostic.rule),
        range: range(report, diagnostic.span),
        labels: diagnostic.labels.iter().map(label).collect(),
        fix: diagnostic.fix.as_ref().map(|fix| repair(report, fix)),
    }
}

fn repair<'a>(report: &Report<'_>, fix: &'a Fix) -> Repair<'a> {
    let applicability = match fix.applicability {
        Applicability::Safe => "safe",
        Applicability::Unsafe => "unsafe",
        Applicability::Display => "display",
    };
    let edit =
        |edit: Edit| Replacement { file: shown(report, edit.span.file), start: edit.span.start, end: edit.span.end, text: edit.text };
    Repair { title: &fix.title, applicability, edits: edits_of(report.lines.workspace(), fix).into_iter().map(edit).collect() }
}

impl Range {
    pub fn of(places: &Places, lines: &Lines<'_>, span: Span) -> Self {
        let place = |offset: u32| {
            let at = lines.position(span.file, offset);
            Place { line: at.line, column: at.column, offset }
        };
        Self { file: places.shown(&lines.source(span.file).path), start: place(span.start), end: place(span.end) }
    }
}

fn range(report: &Report<'_>, span: Span) -> Range {
    Range::of(report.places, report.lines, span)
}

fn shown(report: &Report<'_>, file: FileId) -> String {
    report.places.shown(&report.lines.source(file).path)
}

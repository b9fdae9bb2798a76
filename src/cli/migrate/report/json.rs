//! `--format json`, version 1. Its structs are its own: they change only with the version.

use serde::Serialize;

use super::{Report, status_word};
use crate::cli::output::json::Range;
use crate::codemod::{RelationStyle, Status};

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    from: &'a str,
    written: bool,
    relations: Relations<'a>,
    files: Vec<File>,
    tables: Vec<Table<'a>>,
    calls: Calls,
    left: Vec<Left<'a>>,
}

/// How relations are written, and why.
#[derive(Serialize)]
struct Relations<'a> {
    style: &'a str,
    module: &'a str,
    why: String,
}

#[derive(Serialize)]
struct File {
    path: String,
    edits: usize,
    created: bool,
}

#[derive(Serialize)]
struct Table<'a> {
    name: &'a str,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    widened: &'a [String],
}

#[derive(Serialize)]
struct Calls {
    rewritten: usize,
    left: usize,
}

#[derive(Serialize)]
struct Left<'a> {
    code: &'a str,
    severity: &'a str,
    #[serde(flatten)]
    range: Range,
    message: &'a str,
    suggestion: Option<&'a str>,
}

pub fn render(report: &Report<'_>) -> anyhow::Result<Vec<u8>> {
    let plan = report.plan;
    let style = match report.options.relations {
        RelationStyle::Relations => "relations",
        RelationStyle::DefineRelations => "defineRelations",
        RelationStyle::Chain => "chain",
    };
    let why = if report.is_auto { report.orm.words() } else { "--relations asks for it".to_owned() };
    let file = |(path, edits): (String, Option<usize>)| File { path, edits: edits.unwrap_or_default(), created: edits.is_none() };
    let document = Document {
        version: 1,
        from: report.from.name(),
        written: report.written,
        relations: Relations { style, module: &report.options.orm, why },
        files: report.files().into_iter().map(file).collect(),
        tables: plan.tables.iter().map(table).collect(),
        calls: Calls { rewritten: plan.calls.rewritten, left: plan.calls.left },
        left: plan.left.iter().map(|one| left(report, one)).collect(),
    };
    let mut out = serde_json::to_vec_pretty(&document)?;
    out.push(b'\n');
    Ok(out)
}

fn table(table: &crate::codemod::TableOutcome) -> Table<'_> {
    let (code, why) = match &table.status {
        Status::Kept { code, why } => (Some(*code), Some(why.as_str())),
        Status::Migrated | Status::Created | Status::Already => (None, None),
    };
    Table { name: &table.name, status: status_word(&table.status), code, why, widened: &table.widened }
}

fn left<'a>(report: &Report<'_>, left: &'a crate::codemod::Left) -> Left<'a> {
    Left {
        code: left.code,
        severity: left.severity.name(),
        range: Range::of(report.places, report.lines, left.span),
        message: &left.message,
        suggestion: left.suggestion.as_deref(),
    }
}

//! `--format sarif`: version 2.1.0 of the format that code scanning reads.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Report;
use crate::diagnostic::{Diagnostic, Level};
use crate::docs;
use crate::edit::{Applicability, Edit, Fix};
use crate::fixing::edits_of;
use crate::rule::{DOCS_URL, RuleEntry};
use crate::rules;
use crate::source::{FileId, Span};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub fn render(report: &Report<'_>) -> anyhow::Result<Vec<u8>> {
    let found: Vec<&RuleEntry> = rules::ALL.iter().filter(|entry| report.diagnostics.iter().any(|d| d.rule == entry.meta.id)).collect();
    let index: BTreeMap<&str, usize> = found.iter().enumerate().map(|(i, entry)| (entry.meta.id, i)).collect();
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "orm-lint",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": DOCS_URL.split("/blob/").next().unwrap_or(DOCS_URL),
                "rules": found.iter().map(|entry| rule(entry)).collect::<Vec<Value>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": report.diagnostics.iter().map(|diagnostic| result(report, &index, diagnostic)).collect::<Vec<Value>>(),
        }],
    });
    let mut out = serde_json::to_vec_pretty(&document)?;
    out.push(b'\n');
    Ok(out)
}

fn rule(entry: &RuleEntry) -> Value {
    let meta = entry.meta;
    let url = format!("{DOCS_URL}{}.md", meta.id);
    json!({
        "id": meta.id,
        "name": name(meta.id),
        "shortDescription": { "text": meta.summary() },
        "helpUri": url,
        "help": { "text": format!("{} {url}", meta.summary()), "markdown": docs::text(meta) },
        "defaultConfiguration": { "enabled": meta.level != Level::Off, "level": level(meta.level) },
        "properties": { "tags": [meta.category.name()] },
    })
}

fn result(report: &Report<'_>, index: &BTreeMap<&str, usize>, diagnostic: &Diagnostic) -> Value {
    let help = diagnostic.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
    let mut result = json!({
        "ruleId": diagnostic.rule,
        "level": level(diagnostic.level),
        "message": { "text": format!("{}{help}", diagnostic.message) },
        "locations": [{ "physicalLocation": place(report, diagnostic.span) }],
    });
    if let Some(index) = index.get(diagnostic.rule) {
        result["ruleIndex"] = json!(index);
    }
    if !diagnostic.labels.is_empty() {
        let labels =
            diagnostic.labels.iter().enumerate().map(
                |(i, label)| json!({ "id": i + 1, "physicalLocation": place(report, label.span), "message": { "text": label.message } }),
            );
        result["relatedLocations"] = labels.collect();
    }
    // What is only shown is no fix that a reader of the format may make.
    if let Some(fix) = diagnostic.fix.as_ref().filter(|fix| fix.applicability > Applicability::Display) {
        result["fixes"] = json!([changes(report, fix)]);
    }
    result
}

fn changes(report: &Report<'_>, fix: &Fix) -> Value {
    let mut files: BTreeMap<FileId, Vec<Edit>> = BTreeMap::new();
    edits_of(report.lines.workspace(), fix).into_iter().for_each(|edit| files.entry(edit.span.file).or_default().push(edit));
    let change = |(file, edits): (FileId, Vec<Edit>)| {
        let replacement = |edit: &Edit| json!({ "deletedRegion": region(report, edit.span), "insertedContent": { "text": edit.text } });
        json!({ "artifactLocation": artifact(report, file), "replacements": edits.iter().map(replacement).collect::<Vec<Value>>() })
    };
    let is_safe = fix.applicability == Applicability::Safe;
    let title = if is_safe { fix.title.clone() } else { format!("{} (may change behaviour)", fix.title) };
    json!({ "description": { "text": title }, "artifactChanges": files.into_iter().map(change).collect::<Vec<Value>>() })
}

fn place(report: &Report<'_>, span: Span) -> Value {
    json!({ "artifactLocation": artifact(report, span.file), "region": region(report, span) })
}

fn region(report: &Report<'_>, span: Span) -> Value {
    let (start, end) = (report.lines.position(span.file, span.start), report.lines.position(span.file, span.end));
    json!({ "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column })
}

/// A file as a relative reference: each character that a URI has another use for is written as its bytes.
fn artifact(report: &Report<'_>, file: FileId) -> Value {
    let path = report.path(file);
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_' | b'~' | b'@' | b'(' | b')' | b'+' | b'=');
    let escaped = path.bytes().map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") });
    json!({ "uri": escaped.collect::<String>() })
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Off => "none",
        Level::Warn => "warning",
        Level::Error => "error",
    }
}

/// `filter-scan` as `FilterScan`.
fn name(id: &str) -> String {
    id.split('-').map(|word| word.get(..1).unwrap_or_default().to_ascii_uppercase() + word.get(1..).unwrap_or_default()).collect()
}

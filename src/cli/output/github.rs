//! `--format github`: workflow commands, which GitHub Actions shows beside the lines that they name.

use std::fmt::Write as _;

use super::{Report, level_word};

pub fn render(report: &Report<'_>) -> Vec<u8> {
    let mut out = String::new();
    for diagnostic in report.diagnostics {
        let place = |offset| report.lines.position(diagnostic.span.file, offset);
        let (start, end) = (place(diagnostic.span.start), place(diagnostic.span.end));
        let path = property(&report.path(diagnostic.span.file));
        // Columns are understood only where the finding stays on one line.
        let columns = if start.line == end.line { format!(",col={},endColumn={}", start.column, end.column) } else { String::new() };
        let help = diagnostic.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
        let message = data(&format!("{}{help}", diagnostic.message));
        let (level, rule) = (level_word(diagnostic.level), property(diagnostic.rule));
        let _ = writeln!(out, "::{level} title={rule},file={path},line={},endLine={}{columns}::{message}", start.line, end.line);
    }
    out.into_bytes()
}

/// What stands after the `::`, on one line.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value in the list of properties.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

//! One line for each finding: `convex/users.ts:3:5: error[filter-scan] message`.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::{Report, level_word, one_line};
use crate::diagnostic::Level;

pub fn render(report: &Report<'_>) -> Vec<u8> {
    let mut out = String::new();
    for diagnostic in report.diagnostics {
        let file = diagnostic.span.file;
        let at = report.lines.position(file, diagnostic.span.start);
        let path = report.places.shown(&report.lines.source(file).path);
        let style = match (report.colors, diagnostic.level) {
            (false, _) => Style::new(),
            (true, Level::Error) => AnsiColor::Red.on_default().bold(),
            (true, _) => AnsiColor::Yellow.on_default().bold(),
        };
        let (level, rule, message) = (level_word(diagnostic.level), diagnostic.rule, one_line(&diagnostic.message));
        let _ = writeln!(out, "{path}:{}:{}: {style}{level}[{rule}]{style:#} {message}", at.line, at.column);
    }
    out.into_bytes()
}

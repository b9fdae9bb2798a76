//! The formats of findings, and the summary after them.
//!
//! Each format is one function from a report to text. What is shown at all was decided before.

pub mod concise;
pub mod diff;
pub mod github;
pub mod gitlab;
pub mod json;
pub mod sarif;
mod snippet;
pub mod text;
pub mod xml;

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use super::args::Format;
use super::lines::Lines;
use super::paths::Places;
use crate::diagnostic::{Diagnostic, Level};
use crate::source::FileId;

/// What a format is made from.
pub struct Report<'a> {
    pub places: &'a Places,
    pub lines: &'a Lines<'a>,
    /// Those to be shown, in order.
    pub diagnostics: &'a [&'a Diagnostic],
    pub summary: Summary,
    pub colors: bool,
    /// The folder that paths are counted from by the server that reads the report; people count from the working directory.
    pub checkout: Option<PathBuf>,
}

impl Report<'_> {
    /// The path of a file as the reader of the report counts it.
    fn path(&self, file: FileId) -> String {
        let path = &self.lines.source(file).path;
        let counted = self.checkout.as_ref().and_then(|checkout| self.places.shown_from(checkout, path));
        counted.unwrap_or_else(|| self.places.shown(path))
    }
}

/// Where the server that reads a format has put the repository, if the run is on one: a task may well run in a folder of it.
pub fn checkout(format: Format) -> Option<PathBuf> {
    let variable = match format {
        Format::Github | Format::Sarif => "GITHUB_WORKSPACE",
        Format::Gitlab => "CI_PROJECT_DIR",
        Format::Text | Format::Concise | Format::Json | Format::Junit | Format::Checkstyle => return None,
    };
    let folder = std::env::var_os(variable).filter(|folder| !folder.is_empty())?;
    dunce::canonicalize(folder).ok()
}

/// What a run came to, in numbers. Counts all findings, shown or not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Summary {
    pub files: usize,
    pub errors: usize,
    pub warnings: usize,
    /// Findings that `--fix` would repair.
    pub fixable: usize,
    /// Those that only `--unsafe-fixes` would.
    pub fixable_unsafely: usize,
    /// Findings that this run repaired.
    pub fixed: usize,
    pub duration: Duration,
}

impl Summary {
    pub fn of(diagnostics: &[Diagnostic], files: usize, fixed: usize, duration: Duration) -> Self {
        let count = |test: &dyn Fn(&Diagnostic) -> bool| diagnostics.iter().filter(|d| test(d)).count();
        Self {
            files,
            errors: count(&|d| d.level == Level::Error),
            warnings: count(&|d| d.level == Level::Warn),
            fixable: count(&|d| d.is_fixable(false)),
            fixable_unsafely: count(&|d| d.is_fixable(true) && !d.is_fixable(false)),
            fixed,
            duration,
        }
    }

    /// `12 files, 3 errors, 1 warning (2 fixable with --fix, 1 more with --unsafe-fixes)`.
    pub fn line(&self) -> String {
        let mut line = counted(self.files, "file");
        if self.fixed > 0 {
            line += &format!(", {} fixed", self.fixed);
        }
        if self.errors + self.warnings == 0 {
            return line + if self.fixed > 0 { ", nothing left" } else { ", nothing found" };
        }
        line += &format!(", {}, {}", counted(self.errors, "error"), counted(self.warnings, "warning"));
        match (self.fixable, self.fixable_unsafely) {
            (0, 0) => line,
            (safe, 0) => format!("{line} ({safe} fixable with --fix)"),
            (0, unsafely) => format!("{line} ({unsafely} fixable with --unsafe-fixes)"),
            (safe, unsafely) => format!("{line} ({safe} fixable with --fix, {unsafely} more with --unsafe-fixes)"),
        }
    }
}

pub fn render(format: Format, report: &Report<'_>) -> anyhow::Result<Vec<u8>> {
    match format {
        Format::Text => text::render(report),
        Format::Concise => Ok(concise::render(report)),
        Format::Json => json::render(report),
        Format::Sarif => sarif::render(report),
        Format::Github => Ok(github::render(report)),
        Format::Gitlab => gitlab::render(report),
        Format::Junit => xml::junit(report),
        Format::Checkstyle => xml::checkstyle(report),
    }
}

/// `1 file`, `2 files`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A message in one line, without what a terminal would obey.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
}

/// The level as people read it; configuration says `warn`.
fn level_word(level: Level) -> &'static str {
    match level {
        Level::Warn => "warning",
        Level::Error | Level::Off => "error",
    }
}

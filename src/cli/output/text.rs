//! For people: each finding with the code around it, and the places in other files that it is about.

use codespan_reporting::diagnostic::{Diagnostic as Rendered, Label as RenderedLabel, LabelStyle, Severity};
use codespan_reporting::term::termcolor::{Ansi, NoColor, WriteColor};
use codespan_reporting::term::{self, Config, Styles, StylesWriter};

use super::snippet::Snippets;
use super::{Report, one_line};
use crate::cli::lines::Lines;
use crate::cli::paths::Places;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::Applicability;

pub fn render(report: &Report<'_>) -> anyhow::Result<Vec<u8>> {
    colored(report.colors, &|out| {
        for diagnostic in report.diagnostics {
            let severity = match diagnostic.level {
                Level::Warn => Severity::Warning,
                Level::Error | Level::Off => Severity::Error,
            };
            finding(report.places, report.lines, severity, diagnostic, out)?;
        }
        Ok(())
    })
}

/// What is written to a stream that takes colours, or none.
pub fn colored(colors: bool, write: &dyn Fn(&mut dyn WriteColor) -> anyhow::Result<()>) -> anyhow::Result<Vec<u8>> {
    if colors {
        let mut out = Ansi::new(Vec::new());
        write(&mut out)?;
        Ok(out.into_inner())
    } else {
        let mut out = NoColor::new(Vec::new());
        write(&mut out)?;
        Ok(out.into_inner())
    }
}

/// One finding.
pub fn finding(
    places: &Places,
    lines: &Lines<'_>,
    severity: Severity,
    diagnostic: &Diagnostic,
    out: &mut dyn WriteColor,
) -> anyhow::Result<()> {
    let config = Config { tab_width: 2, ..Config::default() };
    let styles = Styles::default();
    let mut snippets = Snippets::new(places, lines, diagnostic);
    let rendered = rendered(severity, diagnostic, &mut snippets);
    term::emit_to_write_style(&mut StylesWriter::new(out, &styles), &config, &snippets, &rendered)?;
    Ok(())
}

fn rendered(severity: Severity, diagnostic: &Diagnostic, snippets: &mut Snippets<'_>) -> Rendered<usize> {
    let mut labels = vec![label(LabelStyle::Primary, snippets, diagnostic.span, "")];
    for second in &diagnostic.labels {
        labels.push(label(LabelStyle::Secondary, snippets, second.span, &second.message));
    }
    Rendered::new(severity)
        .with_code(diagnostic.rule)
        .with_message(one_line(&diagnostic.message))
        .with_labels(labels)
        .with_notes(notes(diagnostic))
}

fn label(style: LabelStyle, snippets: &Snippets<'_>, span: crate::source::Span, message: &str) -> RenderedLabel<usize> {
    let (file, range) = snippets.place(span);
    RenderedLabel::new(style, file, range).with_message(one_line(message))
}

fn notes(diagnostic: &Diagnostic) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(help) = &diagnostic.help {
        notes.push(format!("help: {}", one_line(help)));
    }
    if let Some(fix) = &diagnostic.fix {
        let mark = match fix.applicability {
            Applicability::Safe => "",
            Applicability::Unsafe => " (unsafe)",
            Applicability::Display => " (by hand)",
        };
        notes.push(format!("fix: {}{mark}", one_line(&fix.title)));
    }
    notes
}

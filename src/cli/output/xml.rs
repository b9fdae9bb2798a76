//! `--format junit` and `--format checkstyle`: for servers that show tests, or what checkers of style find.

use std::io::Cursor;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::{Report, level_word};
use crate::diagnostic::{Diagnostic, Level};

type Xml = Writer<Cursor<Vec<u8>>>;

/// A test suite for each file with findings, a failed test for each finding.
pub fn junit(report: &Report<'_>) -> anyhow::Result<Vec<u8>> {
    let mut xml = document()?;
    let count = report.diagnostics.len().to_string();
    let suites = xml.create_element("testsuites").with_attributes([("name", "orm-lint"), ("tests", &count), ("failures", &count)]);
    suites.write_inner_content(|xml| {
        for (path, findings) in by_file(report) {
            let count = findings.len().to_string();
            let suite = xml.create_element("testsuite").with_attributes([("name", &*path), ("tests", &count), ("failures", &count)]);
            suite.write_inner_content(|xml| {
                for diagnostic in findings {
                    let at = report.lines.position(diagnostic.span.file, diagnostic.span.start);
                    let name = format!("{} at {}:{}", diagnostic.rule, at.line, at.column);
                    let case = xml.create_element("testcase").with_attributes([("name", &*name), ("classname", &*path)]);
                    case.write_inner_content(|xml| {
                        let message = clean(&diagnostic.message);
                        let failure =
                            xml.create_element("failure").with_attributes([("message", &*message), ("type", level_word(diagnostic.level))]);
                        let help = diagnostic.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
                        let text = format!("{path}:{}:{}: {}{help}", at.line, at.column, diagnostic.message);
                        failure.write_text_content(BytesText::new(&clean(&text)))?;
                        Ok(())
                    })?;
                }
                Ok(())
            })?;
        }
        Ok(())
    })?;
    Ok(finished(xml))
}

/// An element for each file with findings, and one in it for each finding.
pub fn checkstyle(report: &Report<'_>) -> anyhow::Result<Vec<u8>> {
    let mut xml = document()?;
    xml.create_element("checkstyle").with_attribute(("version", "4.3")).write_inner_content(|xml| {
        for (path, findings) in by_file(report) {
            xml.create_element("file").with_attribute(("name", &*path)).write_inner_content(|xml| {
                for diagnostic in findings {
                    let at = report.lines.position(diagnostic.span.file, diagnostic.span.start);
                    let help = diagnostic.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
                    let message = clean(&format!("{}{help}", diagnostic.message));
                    let severity = if diagnostic.level == Level::Error { "error" } else { "warning" };
                    let (line, column, source) = (at.line.to_string(), at.column.to_string(), format!("orm-lint.{}", diagnostic.rule));
                    let error = xml.create_element("error").with_attributes([
                        ("line", &*line),
                        ("column", &*column),
                        ("severity", severity),
                        ("message", &*message),
                        ("source", &*source),
                    ]);
                    error.write_empty()?;
                }
                Ok(())
            })?;
        }
        Ok(())
    })?;
    Ok(finished(xml))
}

fn document() -> anyhow::Result<Xml> {
    let mut xml = Writer::new_with_indent(Cursor::new(Vec::new()), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    Ok(xml)
}

fn finished(xml: Xml) -> Vec<u8> {
    let mut out = xml.into_inner().into_inner();
    out.push(b'\n');
    out
}

/// The findings of each file, in order: they are sorted by file already.
fn by_file<'r>(report: &Report<'r>) -> Vec<(String, Vec<&'r Diagnostic>)> {
    let mut files: Vec<(String, Vec<&Diagnostic>)> = Vec::new();
    for diagnostic in report.diagnostics {
        let path = clean(&report.places.shown(&report.lines.source(diagnostic.span.file).path));
        match files.last_mut().filter(|(last, _)| *last == path) {
            Some((_, findings)) => findings.push(diagnostic),
            None => files.push((path, vec![diagnostic])),
        }
    }
    files
}

/// Without the characters that XML cannot hold, however they are written.
fn clean(text: &str) -> String {
    let is_allowed = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().map(|c| if is_allowed(c) && !matches!(c, '\u{fffe}' | '\u{ffff}') { c } else { '\u{fffd}' }).collect()
}

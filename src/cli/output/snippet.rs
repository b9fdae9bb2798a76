//! The lines of code that one finding shows.
//!
//! The renderer prints whole lines, and a line of generated code may be a megabyte long: such lines are cut to a window around what is marked.

use std::borrow::Cow;
use std::ops::Range;

use codespan_reporting::files::{Error, Files};

use crate::cli::lines::Lines;
use crate::cli::paths::Places;
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

/// Bytes of a line that is shown whole.
const LONG: usize = 500;

/// Bytes of a long line that are shown, and how many of them before the mark.
const WINDOW: usize = 200;
const BEFORE: usize = 60;

const CUT: &str = "…";

/// The files of one finding, each reduced to the lines from the first that is marked to the last.
pub struct Snippets<'a> {
    files: Vec<Snippet<'a>>,
}

struct Snippet<'a> {
    file: FileId,
    name: String,
    text: Cow<'a, str>,
    /// From the first marked line on.
    lines: Vec<Line>,
    first_line: usize,
}

struct Line {
    /// Where the line starts in the file.
    start: usize,
    /// Where it starts in the snippet.
    at: usize,
    /// The part of it that is shown, in bytes of the line.
    shown: Range<usize>,
    /// Bytes in the snippet before that part.
    mark: usize,
    /// Characters of the line before that part.
    skipped: usize,
}

impl<'a> Snippets<'a> {
    pub fn new(places: &Places, lines: &Lines<'a>, diagnostic: &Diagnostic) -> Self {
        let mut spans: Vec<Span> = std::iter::once(diagnostic.span).chain(diagnostic.labels.iter().map(|l| l.span)).collect();
        let mut order: Vec<FileId> = Vec::new();
        for span in &spans {
            if !order.contains(&span.file) {
                order.push(span.file);
            }
        }
        spans.dedup();
        let of = |file: &FileId| {
            let marked: Vec<Span> = spans.iter().copied().filter(|span| span.file == *file).collect();
            Snippet::new(places, lines, *file, &marked)
        };
        Self { files: order.iter().map(of).collect() }
    }

    /// Where a range of a file is in its snippet.
    pub fn place(&self, span: Span) -> (usize, Range<usize>) {
        let Some(i) = self.files.iter().position(|snippet| snippet.file == span.file) else { return (0, 0..0) };
        let snippet = &self.files[i];
        let (start, end) = (snippet.map(span.start as usize), snippet.map(span.end as usize));
        (i, start..end.max(start))
    }

    fn get(&self, id: usize) -> Result<&Snippet<'a>, Error> {
        self.files.get(id).ok_or(Error::FileMissing)
    }
}

impl<'a> Snippet<'a> {
    fn new(places: &Places, all: &Lines<'a>, file: FileId, marked: &[Span]) -> Self {
        let source = all.source(file);
        let text: &'a str = &source.text;
        let starts = all.starts(file);
        let first = marked.iter().map(|span| all.index(file, span.start as usize)).min().unwrap_or_default();
        let last = marked.iter().map(|span| all.index(file, span.end as usize)).max().unwrap_or(first).max(first);
        let end_of = |line: usize| starts.get(line + 1).copied().unwrap_or(text.len());
        let base = starts[first];
        let whole = &text[base..end_of(last)];
        let is_long = (first..=last).any(|line| end_of(line) - starts[line] > LONG);
        let name = places.shown(&source.path);
        if !is_long {
            let line = |line: usize| Line {
                start: starts[line],
                at: starts[line] - base,
                shown: 0..end_of(line) - starts[line],
                mark: 0,
                skipped: 0,
            };
            return Self { file, name, text: harmless(whole), lines: (first..=last).map(line).collect(), first_line: first };
        }
        let mut cut = String::new();
        let mut lines = Vec::with_capacity(last - first + 1);
        for line in first..=last {
            let content = &text[starts[line]..end_of(line)];
            let at = cut.len();
            let shown = window(content, starts[line], marked);
            let mark = if shown.start > 0 { CUT.len() } else { 0 };
            lines.push(Line { start: starts[line], at, mark, skipped: content[..shown.start].chars().count(), shown: shown.clone() });
            if mark > 0 {
                cut.push_str(CUT);
            }
            cut.push_str(&content[shown.clone()]);
            if shown.end < content.len() {
                cut.push_str(CUT);
                if line < last {
                    cut.push('\n');
                }
            }
        }
        Self { file, name, text: Cow::Owned(harmless(&cut).into_owned()), lines, first_line: first }
    }

    /// An offset of the file as one of the snippet; what is cut away becomes the nearest that is shown.
    fn map(&self, offset: usize) -> usize {
        let line = self.lines.partition_point(|line| line.start <= offset).saturating_sub(1);
        let Some(line) = self.lines.get(line) else { return 0 };
        let inside = offset.saturating_sub(line.start).clamp(line.shown.start, line.shown.end);
        let mapped = line.at + line.mark + (inside - line.shown.start);
        self.text.floor_char_boundary(mapped)
    }
}

impl<'a> Files<'a> for Snippets<'_> {
    type FileId = usize;
    type Name = &'a str;
    type Source = &'a str;

    fn name(&'a self, id: usize) -> Result<&'a str, Error> {
        Ok(&self.get(id)?.name)
    }

    fn source(&'a self, id: usize) -> Result<&'a str, Error> {
        Ok(&self.get(id)?.text)
    }

    fn line_index(&'a self, id: usize, byte_index: usize) -> Result<usize, Error> {
        Ok(self.get(id)?.lines.partition_point(|line| line.at <= byte_index).saturating_sub(1))
    }

    fn line_number(&'a self, id: usize, line_index: usize) -> Result<usize, Error> {
        Ok(self.get(id)?.first_line + line_index + 1)
    }

    fn column_number(&'a self, id: usize, line_index: usize, byte_index: usize) -> Result<usize, Error> {
        let snippet = self.get(id)?;
        let line = snippet.lines.get(line_index).ok_or(Error::LineTooLarge { given: line_index, max: snippet.lines.len() })?;
        let from = line.at + line.mark;
        let shown = snippet.text.get(from..byte_index.max(from)).unwrap_or_default();
        Ok(line.skipped + shown.trim_start_matches('\u{feff}').chars().count() + 1)
    }

    fn line_range(&'a self, id: usize, line_index: usize) -> Result<Range<usize>, Error> {
        let snippet = self.get(id)?;
        let line = snippet.lines.get(line_index).ok_or(Error::LineTooLarge { given: line_index, max: snippet.lines.len() })?;
        let end = snippet.lines.get(line_index + 1).map_or(snippet.text.len(), |next| next.at);
        Ok(line.at..end)
    }
}

/// The part of a line that is shown: all of a short one, else what is around the first mark on it.
fn window(line: &str, start: usize, marked: &[Span]) -> Range<usize> {
    if line.len() <= LONG {
        return 0..line.len();
    }
    let on_line = |offset: u32| (offset as usize).checked_sub(start).filter(|at| *at < line.len());
    let first_mark = marked.iter().find_map(|span| on_line(span.start).or_else(|| on_line(span.end))).unwrap_or_default();
    let from = line.floor_char_boundary(first_mark.saturating_sub(BEFORE).min(line.len() - WINDOW));
    // What is nearly at the start may as well be shown from there.
    let from = if from < 20 { 0 } else { from };
    from..line.ceil_char_boundary((from + WINDOW).min(line.len()))
}

/// Without the characters that a terminal would obey. Each is one byte, and so is what stands for it.
fn harmless(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| c.is_ascii_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.contains(obeyed) { Cow::Owned(text.replace(obeyed, "?")) } else { Cow::Borrowed(text) }
}

//! Changes to source text: one edit, a fix made of edits, and the change that a run makes to many files.
//!
//! Plain data; nothing here reads or writes a file.

use std::collections::BTreeMap;

use crate::source::{FileId, Span};

/// Replaces a range of one file. An empty range inserts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

impl Edit {
    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }

    pub fn insert_before(span: Span, text: impl Into<String>) -> Self {
        Self::replace(span.before(), text)
    }

    pub fn insert_after(span: Span, text: impl Into<String>) -> Self {
        Self::replace(span.after(), text)
    }

    pub fn delete(span: Span) -> Self {
        Self::replace(span, "")
    }
}

/// How far a fix may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// Shown, never applied.
    Display,
    /// Order, timing or stored shape may change; applied with `--unsafe-fixes`.
    Unsafe,
    /// Same meaning for every caller; applied with `--fix`.
    Safe,
}

/// A proposed repair of one finding: all of its edits, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in the imperative: "Use the index `by_email`".
    pub title: String,
    pub applicability: Applicability,
    pub edits: Vec<Edit>,
    /// What has to stay as it is for the edits to be right, though they do not touch it: the declaration of an index that they come to use.
    pub relies_on: Vec<Span>,
}

impl Fix {
    pub fn safe(title: impl Into<String>, edits: Vec<Edit>) -> Self {
        Self { title: title.into(), applicability: Applicability::Safe, edits, relies_on: Vec::new() }
    }

    pub fn r#unsafe(title: impl Into<String>, edits: Vec<Edit>) -> Self {
        Self { title: title.into(), applicability: Applicability::Unsafe, edits, relies_on: Vec::new() }
    }

    /// No fix that edits there is made in the same pass.
    pub fn relying_on(mut self, spans: impl IntoIterator<Item = Span>) -> Self {
        self.relies_on.extend(spans);
        self
    }
}

/// Edits of many files, per file sorted and disjoint.
#[derive(Clone, Debug, Default)]
pub struct Change {
    files: BTreeMap<FileId, Vec<Edit>>,
    /// What fixes that were taken rely on.
    kept: BTreeMap<FileId, Vec<Span>>,
}

impl Change {
    /// Takes all edits of the fix, or none where one would touch an edit taken before, or where one of the two would touch what the other relies on.
    ///
    /// Edits that were taken before word for word (two fixes that add the same import) are shared.
    pub fn try_add(&mut self, fix: &Fix) -> bool {
        let relies_on_taken = |span: &Span| self.files.get(&span.file).is_some_and(|taken| taken.iter().any(|t| meet(t.span, *span)));
        if fix.relies_on.iter().any(relies_on_taken) {
            return false;
        }
        let mut new: Vec<&Edit> = Vec::with_capacity(fix.edits.len());
        for edit in &fix.edits {
            let taken = self.files.get(&edit.span.file).map_or(&[][..], Vec::as_slice);
            if taken.contains(edit) || new.contains(&edit) {
                continue;
            }
            let kept = self.kept.get(&edit.span.file).map_or(&[][..], Vec::as_slice);
            if taken.iter().any(|t| meet(t.span, edit.span))
                || new.iter().any(|n| meet(n.span, edit.span))
                || kept.iter().any(|k| meet(*k, edit.span))
            {
                return false;
            }
            new.push(edit);
        }
        for edit in new {
            let list = self.files.entry(edit.span.file).or_default();
            let at = list.partition_point(|e| e.span < edit.span);
            list.insert(at, edit.clone());
        }
        for span in &fix.relies_on {
            self.kept.entry(span.file).or_default().push(*span);
        }
        true
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Each file that changes, with its edits in source order.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &[Edit])> {
        self.files.iter().map(|(file, edits)| (*file, edits.as_slice()))
    }
}

/// The text with the edits made; they are sorted, disjoint, and of one file.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut out = String::with_capacity(text.len() + edits.iter().map(|e| e.text.len()).sum::<usize>());
    let mut at = 0;
    for edit in edits {
        out.push_str(&text[at..edit.span.start as usize]);
        out.push_str(&edit.text);
        at = edit.span.end as usize;
    }
    out.push_str(&text[at..]);
    out
}

/// Whether edits of the two cannot both be made: they overlap, or insert at one place.
fn meet(a: Span, b: Span) -> bool {
    a.file == b.file && a.start < b.end.max(b.start + 1) && b.start < a.end.max(a.start + 1)
}

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
    /// What fixes that were taken rely on: in order, and no two of them meet.
    kept: BTreeMap<FileId, Vec<Span>>,
}

impl Change {
    /// Takes all edits of the fix, or none where one would touch an edit taken before, or where one of the two would touch what the other relies on.
    ///
    /// Edits that were taken before word for word (two fixes that add the same import) are shared.
    pub fn try_add(&mut self, fix: &Fix) -> bool {
        let taken = |file: FileId| self.files.get(&file).map_or(&[][..], Vec::as_slice);
        if fix.relies_on.iter().any(|span| met(taken(span.file), |edit| edit.span, *span).is_some()) {
            return false;
        }
        let mut new: Vec<&Edit> = Vec::with_capacity(fix.edits.len());
        for edit in &fix.edits {
            if new.contains(&edit) {
                continue;
            }
            let kept = self.kept.get(&edit.span.file).map_or(&[][..], Vec::as_slice);
            match met(taken(edit.span.file), |edit| edit.span, edit.span) {
                Some(same) if same == edit => continue,
                Some(_) => return false,
                None if new.iter().any(|n| meet(n.span, edit.span)) || met(kept, |span| *span, edit.span).is_some() => return false,
                None => new.push(edit),
            }
        }
        for edit in new {
            let list = self.files.entry(edit.span.file).or_default();
            let at = list.partition_point(|e| e.span < edit.span);
            list.insert(at, edit.clone());
        }
        for span in &fix.relies_on {
            keep(self.kept.entry(span.file).or_default(), *span);
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
    a.file == b.file && a.start < reach(b) && b.start < reach(a)
}

/// Where what it meets ends: a place between two letters meets what stands there.
fn reach(span: Span) -> u32 {
    span.end.max(span.start + 1)
}

/// The first of these that meets the span; they are in order, and no two of them meet.
fn met<T>(sorted: &[T], span_of: impl Fn(&T) -> Span, span: Span) -> Option<&T> {
    let at = sorted.partition_point(|one| reach(span_of(one)) <= span.start);
    sorted.get(at).filter(|one| meet(span_of(one), span))
}

/// Adds the span to those in order; those that it meets become one with it.
fn keep(sorted: &mut Vec<Span>, mut span: Span) {
    let from = sorted.partition_point(|one| reach(*one) <= span.start);
    let to = from + sorted[from..].partition_point(|one| one.start < reach(span));
    for one in &sorted[from..to] {
        span = Span { start: span.start.min(one.start), end: span.end.max(one.end), ..span };
    }
    sorted.splice(from..to, [span]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fixes of one edit and one place relied on, all over a short text, with many that meet.
    fn fixes(count: u32) -> Vec<Fix> {
        let mut state = 7_u32;
        let mut next = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % below
        };
        let mut span = || {
            let start = next(400);
            Span::new(FileId(0), start, start + next(4))
        };
        let fix = |span: &mut dyn FnMut() -> Span| Fix::safe("", vec![Edit::replace(span(), "x")]).relying_on([span()]);
        (0..count).map(|_| fix(&mut span)).collect()
    }

    #[test]
    fn a_fix_is_taken_where_nothing_that_was_taken_meets_it() {
        let mut change = Change::default();
        let mut taken: Vec<&Fix> = Vec::new();
        let fixes = fixes(2_000);
        for fix in &fixes {
            let (edit, relied) = (&fix.edits[0], fix.relies_on[0]);
            let is_free = taken.iter().all(|other| {
                let (theirs, kept) = (&other.edits[0], other.relies_on[0]);
                (theirs == edit || !meet(theirs.span, edit.span) && !meet(kept, edit.span)) && !meet(theirs.span, relied)
            });
            let is_shared = taken.iter().any(|other| other.edits[0] == *edit);
            let expected = is_free || is_shared && taken.iter().all(|other| !meet(other.edits[0].span, relied));
            assert_eq!(change.try_add(fix), expected, "{fix:?} after {}", taken.len());
            if expected {
                taken.push(fix);
            }
        }
        assert!(taken.len() > 50 && taken.len() < fixes.len());
        assert!(change.files().all(|(_, edits)| edits.is_sorted_by(|a, b| a.span.end <= b.span.start)));
    }
}

//! Edits that stand in one another: what is put around an expression keeps what was changed inside of it.

use std::cell::RefCell;

use crate::source::{SourceFile, Span};

/// The changes of one file so far. Later ones may cover earlier ones, whose text they have taken over by then.
pub struct Nested<'a> {
    source: &'a SourceFile,
    edits: RefCell<Vec<(Span, String)>>,
}

impl<'a> Nested<'a> {
    pub fn new(source: &'a SourceFile) -> Self {
        Self { source, edits: RefCell::default() }
    }

    /// Replaces the range, and all that was changed in it.
    pub fn set(&self, span: Span, text: String) {
        let mut edits = self.edits.borrow_mut();
        // What was written anew as a whole is not changed in its parts.
        if edits
            .iter()
            .any(|(outer, _)| outer.start < span.end && span.start < outer.end && !(span.start <= outer.start && outer.end <= span.end))
        {
            return;
        }
        edits.retain(|(inner, _)| !(span.start <= inner.start && inner.end <= span.end && !span.is_empty()));
        edits.push((span, text));
        edits.sort_by_key(|(span, _)| (span.start, span.end));
    }

    /// The range as it is now.
    pub fn text(&self, span: Span) -> String {
        let edits = self.edits.borrow();
        let mut out = String::new();
        let mut at = span.start;
        for (inner, text) in edits.iter().filter(|(inner, _)| span.start <= inner.start && inner.end <= span.end) {
            if inner.start < at {
                continue;
            }
            out.push_str(&self.source.text[at as usize..inner.start as usize]);
            out.push_str(text);
            at = inner.end;
        }
        out.push_str(&self.source.text[at as usize..span.end as usize]);
        out
    }

    pub fn into_edits(self) -> Vec<(Span, String)> {
        self.edits.into_inner()
    }
}

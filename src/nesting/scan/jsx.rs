//! JSX: tags and the text between them.

use memchr::{memchr, memchr2, memmem};

use super::{Before, Bracket, Scan, is_word_byte};

impl Scan<'_> {
    /// Whether a `<` before an operand opens a JSX element, rather than type parameters.
    pub(super) fn is_tag(&self) -> bool {
        let rest = &self.bytes[self.at + 1..];
        let name = rest.iter().take_while(|b| is_word_byte(**b) || !b.is_ascii()).count();
        if name == 0 {
            return rest.first() == Some(&b'>');
        }
        let (name, rest) = rest.split_at(name);
        let rest = rest.trim_ascii_start();
        match rest {
            [b',' | b'=', ..] => false,
            [b'e', ..] if rest.starts_with(b"extends ") => rest[8..].trim_ascii_start().starts_with(b"="),
            [b'>', after @ ..] if after.trim_ascii_start().starts_with(b"(") => {
                let window = &after[..after.len().min(SHORT)];
                memmem::find_iter(window, name).any(|at| window[..at].ends_with(b"</"))
            }
            _ => name != b"const" || !rest.first().is_some_and(|b| is_word_byte(*b)),
        }
    }

    pub(super) fn open_tag(&mut self) {
        self.open(if self.peek(1) == b'>' { Bracket::Children } else { Bracket::Tag });
        self.at += usize::from(self.top.bracket == Bracket::Children);
        self.before = Before::Operand;
    }

    /// Punctuation in a JSX tag.
    pub(super) fn tag(&mut self, byte: u8) {
        match byte {
            b'"' | b'\'' => {
                let end = memchr(byte, &self.bytes[self.at + 1..]);
                self.at = end.map_or(self.bytes.len(), |n| self.at + 1 + n + 1);
                self.before = Before::Operand;
            }
            b'=' => self.operator(1, Before::Operator),
            b'<' if self.before == Before::Operator => self.open_tag(),
            b'<' => self.less(0),
            b'{' => {
                self.before = Before::Operator;
                self.open(Bracket::Object);
            }
            b'>' => {
                self.at += 1;
                self.top.bracket = Bracket::Children;
            }
            b'/' if self.peek(1) == b'>' => {
                self.at += 2;
                self.pop();
                self.before = Before::Operand;
            }
            b')' | b'}' | b';' => {
                // No tag after all.
                self.pop();
                self.before = Before::Operand;
            }
            _ => self.at += 1,
        }
    }

    /// The text between a JSX tag and the next one, or to `{`.
    pub(super) fn children(&mut self) {
        let rest = &self.bytes[self.at..];
        let Some(found) = memchr2(b'<', b'{', rest) else {
            self.at = self.bytes.len();
            return;
        };
        if let Some(stray) = memchr2(b'>', b'}', &rest[..found]) {
            // These may not stand in JSX text, so this is none.
            self.at += stray;
            self.pop();
            self.before = Before::Operand;
            return;
        }
        self.at += found;
        match (rest[found], rest.get(found + 1)) {
            (b'<', Some(b'/')) => {
                self.at = memchr(b'>', &self.bytes[self.at..]).map_or(self.bytes.len(), |n| self.at + n + 1);
                self.pop();
                self.before = Before::Operand;
            }
            (b'<', _) => self.open_tag(),
            _ => {
                self.before = Before::Operator;
                self.open(Bracket::Object);
            }
        }
    }
}

/// How far to look for the closing tag of what may be an element or type parameters.
const SHORT: usize = 64 << 10;

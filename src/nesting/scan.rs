//! Reads text token by token and keeps count of what is open: how deep the parser would be at each place, or a little more.
//!
//! Strings, comments, templates, regular expressions and JSX text are skipped the way the parser skips them.
//! What follows a syntax error need not be right, as the parser does not get there.

mod jsx;
mod literals;
mod operators;

use memchr::memmem;
pub use operators::expects_operand;

use super::{ANGLE_LIMIT, CAST_LIMIT, CHAIN_LIMIT, DEPTH_LIMIT, Hazard};

pub struct Scan<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    jsx: bool,
    /// Never empty: the first is the file.
    frames: Vec<Frame>,
    before: Before,
    /// Sums over all frames.
    depth: u32,
    links: u32,
    angles: u32,
    casts: u32,
    braces: u32,
}

/// What is open at one level of brackets.
#[derive(Default)]
struct Frame {
    bracket: Bracket,
    /// What waits for its operand, value or statement: `!`, `a =`, `a =>`, `a ?`, `for (…)`, `label:`, `else`.
    pending: u32,
    /// Those of `pending` that are `?`.
    ternaries: u32,
    /// Those of `pending` that are `do`.
    loops: u32,
    /// Binary operators, members and calls so far in this expression.
    links: u32,
    /// Each `<` without its `>` so far.
    angles: u32,
    /// For the last 64 of `angles`, the newest lowest: whether it starts a type assertion or type parameters.
    leading: u64,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Bracket {
    #[default]
    Block,
    Object,
    Parens,
    /// The parentheses after `if`, `for`, `while`…: a statement follows.
    Header,
    /// The parentheses after `<T>`.
    Cast,
    Square,
    Template,
    /// `${…}` in a template.
    Hole,
    /// A JSX tag, from `<` to `>`.
    Tag,
    /// Between a JSX tag and its closing one.
    Children,
}

/// What stands before the place that is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// A statement starts.
    Start,
    Operator,
    Operand,
    /// The `}` of a block, a body or a type: ends an operand or a statement.
    BlockEnd,
    /// A `;`, unless `else` follows.
    Semicolon,
    Dot,
    Else,
    /// `if`, `for`, `while`…
    Header,
    /// The `>` of a type assertion.
    Cast,
}

impl Before {
    fn is_operand(self) -> bool {
        matches!(self, Self::Operand | Self::BlockEnd | Self::Dot)
    }
}

impl<'t> Scan<'t> {
    pub fn new(text: &'t str, jsx: bool) -> Self {
        let frames = vec![Frame::default()];
        let before = Before::Start;
        Self { text, bytes: text.as_bytes(), at: 0, jsx, frames, before, depth: 0, links: 0, angles: 0, casts: 0, braces: 0 }
    }

    /// The first hazard, and where it is.
    pub fn run(mut self) -> Option<(Hazard, usize)> {
        self.at = if self.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        if self.bytes[self.at..].starts_with(b"#!") {
            self.skip_line();
        }
        while self.skip_spaces() {
            let start = self.at;
            self.step();
            if let Some(hazard) = self.hazard() {
                return Some((hazard, start));
            }
        }
        None
    }

    fn hazard(&self) -> Option<Hazard> {
        if self.depth > DEPTH_LIMIT {
            Some(Hazard::Depth)
        } else if self.links > CHAIN_LIMIT {
            Some(Hazard::Chain)
        } else if self.angles > ANGLE_LIMIT {
            Some(Hazard::Angles)
        } else if self.casts > CAST_LIMIT {
            Some(Hazard::Casts)
        } else {
            None
        }
    }

    /// Reads one token, or what lies between two.
    fn step(&mut self) {
        if self.top().bracket == Bracket::Children {
            return self.children();
        }
        let byte = self.bytes[self.at];
        if is_word_byte(byte) {
            return self.word();
        }
        if !byte.is_ascii() {
            return self.wide();
        }
        let next = self.peek(1);
        if byte == b'/' && next == b'/' {
            return self.skip_line();
        }
        if byte == b'/' && next == b'*' {
            self.at = memmem::find(&self.bytes[self.at + 2..], b"*/").map_or(self.bytes.len(), |n| self.at + 2 + n + 2);
            return;
        }
        if self.top().bracket == Bracket::Tag && self.top().angles == 0 {
            return self.tag(byte);
        }
        if self.before == Before::Semicolon {
            self.settle();
        }
        self.punctuation(byte, next);
    }

    fn punctuation(&mut self, byte: u8, next: u8) {
        match byte {
            b'(' => {
                let bracket = match self.before {
                    Before::Header => Bracket::Header,
                    Before::Cast => Bracket::Cast,
                    _ => Bracket::Parens,
                };
                self.open(bracket);
            }
            b'[' => self.open(Bracket::Square),
            b'{' => {
                let is_value = matches!(self.before, Before::Operator | Before::Cast);
                self.open(if is_value { Bracket::Object } else { Bracket::Block });
            }
            b')' => self.close_round(),
            b']' => self.close_square(),
            b'}' => self.close_brace(),
            b'`' => {
                self.open(Bracket::Template);
                self.template();
            }
            b'"' | b'\'' => self.string(byte),
            b';' => self.operator(1, Before::Semicolon),
            b',' => {
                if self.top().angles == 0 {
                    self.reset();
                }
                self.operator(1, Before::Operator);
            }
            b'.' if next == b'.' => self.operator(3, Before::Operator),
            b'.' => self.link(1, Before::Dot),
            b':' => self.colon(),
            b'?' => self.question(next),
            b'=' if next == b'>' => self.pend(2, Before::Start),
            b'=' if next == b'=' => self.binary(2 + usize::from(self.peek(2) == b'=')),
            b'=' => self.pend(1, Before::Operator),
            b'!' if next == b'=' => self.binary(2 + usize::from(self.peek(2) == b'=')),
            b'!' if self.before == Before::Operand => self.link(1, Before::Operand),
            b'!' | b'~' => self.pend(1, Before::Operator),
            b'+' | b'-' => self.plus(byte, next),
            b'*' | b'%' | b'&' | b'|' | b'^' => self.infix(byte, next),
            b'/' => self.slash(),
            b'<' => self.less(next),
            b'>' => self.greater(),
            b'@' => {
                self.settle();
                self.operator(1, Before::Operator);
            }
            _ => self.at += 1,
        }
    }

    fn open(&mut self, bracket: Bracket) {
        if self.before.is_operand() && !matches!(bracket, Bracket::Block | Bracket::Object | Bracket::Tag | Bracket::Children) {
            self.top_mut().links += 1;
            self.links += 1;
        }
        self.braces += u32::from(is_brace(bracket));
        self.casts += u32::from(bracket == Bracket::Cast);
        self.depth += 1;
        self.frames.push(Frame { bracket, ..Frame::default() });
        self.operator(1, if bracket == Bracket::Block { Before::Start } else { Before::Operator });
    }

    fn pop(&mut self) -> Bracket {
        self.reset();
        if self.frames.len() == 1 {
            return Bracket::Block;
        }
        let bracket = self.frames.pop().unwrap_or_default().bracket;
        self.braces -= u32::from(is_brace(bracket));
        self.casts -= u32::from(bracket == Bracket::Cast);
        self.depth -= 1;
        bracket
    }

    fn close_round(&mut self) {
        self.at += 1;
        let is_round = |b: Bracket| matches!(b, Bracket::Parens | Bracket::Header | Bracket::Cast);
        if self.top().bracket == Bracket::Square && self.outer().is_some_and(is_round) {
            self.pop();
        }
        if is_round(self.top().bracket) {
            let bracket = self.pop();
            self.before = if bracket == Bracket::Header { Before::Start } else { Before::Operand };
        }
    }

    fn close_square(&mut self) {
        self.at += 1;
        if self.top().bracket == Bracket::Parens && self.outer() == Some(Bracket::Square) {
            self.pop();
        }
        if self.top().bracket == Bracket::Square {
            self.pop();
            self.before = Before::Operand;
        }
    }

    /// Closes the innermost brace with all that is open in it.
    fn close_brace(&mut self) {
        self.at += 1;
        if self.braces == 0 {
            return;
        }
        let bracket = loop {
            let bracket = self.pop();
            if is_brace(bracket) || self.frames.len() == 1 {
                break bracket;
            }
        };
        match bracket {
            Bracket::Hole => self.template(),
            Bracket::Block => self.before = Before::BlockEnd,
            _ => self.before = Before::Operand,
        }
    }

    fn outer(&self) -> Option<Bracket> {
        Some(self.frames.get(self.frames.len().checked_sub(2)?)?.bracket)
    }

    /// An operand starts. Where one has just ended, so has all that waited for it: two in a row are two statements.
    fn settle(&mut self) {
        if matches!(self.before, Before::Operand | Before::BlockEnd | Before::Semicolon) {
            self.reset();
            self.before = Before::Start;
        }
    }

    /// Nothing waits any more at this level.
    fn reset(&mut self) {
        self.clear_angles();
        let top = self.top_mut();
        let (pending, links) = (top.pending, top.links);
        (top.pending, top.ternaries, top.loops, top.links) = (0, 0, 0, 0);
        self.depth -= pending;
        self.links -= links;
    }

    fn clear_angles(&mut self) {
        let angles = std::mem::take(&mut self.top_mut().angles);
        self.depth -= angles;
        self.angles -= angles;
    }

    fn operator(&mut self, length: usize, after: Before) {
        self.at += length;
        self.before = after;
    }

    /// Something that the parser recurses for, until this expression or statement ends.
    fn pend(&mut self, length: usize, after: Before) {
        self.top_mut().pending += 1;
        self.depth += 1;
        self.operator(length, after);
    }

    /// One more step in a chain.
    fn link(&mut self, length: usize, after: Before) {
        self.top_mut().links += 1;
        self.links += 1;
        self.operator(length, after);
    }

    /// A binary operator that no type has: so each `<` before was a comparison.
    fn binary(&mut self, length: usize) {
        self.clear_angles();
        self.link(length, Before::Operator);
    }

    fn top(&self) -> &Frame {
        &self.frames[self.frames.len() - 1]
    }

    fn top_mut(&mut self) -> &mut Frame {
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or_default()
    }
}

fn is_brace(bracket: Bracket) -> bool {
    matches!(bracket, Bracket::Block | Bracket::Object | Bracket::Hole)
}

fn is_word_byte(byte: u8) -> bool {
    const TABLE: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0u8;
        while byte < 128 {
            table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#' | b'\\');
            byte += 1;
        }
        table
    };
    TABLE[byte as usize]
}

//! Reads text token by token and keeps count of what is open: how deep the parser would be at each place, or a little more.
//!
//! Strings, comments, templates, regular expressions and JSX text are skipped the way the parser skips them.
//! What follows a syntax error need not be right, as the parser does not get there.

mod guesses;
mod jsx;
mod literals;
mod operators;

pub use guesses::IN_TYPE;
use memchr::memmem;
pub use operators::{expects_operand, is_contextual};

use super::{ANGLE_LIMIT, CHAIN_LIMIT, DEPTH_LIMIT, GUESS_LIMIT, Hazard};

pub struct Scan<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    jsx: bool,
    /// The innermost; where nothing is open, the file.
    top: Frame,
    /// What it stands in, outermost first.
    outer: Vec<Frame>,
    before: Before,
    /// Sums over all frames.
    depth: u32,
    links: u32,
    angles: u32,
    guesses: u32,
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
    /// How often what follows may be read again, as time doubles with each: for type assertions and names of members so far.
    guesses: u32,
    /// The same for the bracket itself: a template after `f<T>`, or the computed name of a member.
    held: u32,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Bracket {
    #[default]
    Block,
    Object,
    Parens,
    /// The parentheses after `if`, `for`, `while`…: a statement follows.
    Header,
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
}

impl Before {
    fn is_operand(self) -> bool {
        matches!(self, Self::Operand | Self::BlockEnd | Self::Dot)
    }
}

impl<'t> Scan<'t> {
    pub fn new(text: &'t str, jsx: bool) -> Self {
        let (top, outer, before) = (Frame::default(), Vec::new(), Before::Start);
        Self { text, bytes: text.as_bytes(), at: 0, jsx, top, outer, before, depth: 0, links: 0, angles: 0, guesses: 0, braces: 0 }
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
        let is_fine =
            (self.depth <= DEPTH_LIMIT) & (self.links <= CHAIN_LIMIT) & (self.angles <= ANGLE_LIMIT) & (self.guesses <= GUESS_LIMIT);
        if is_fine {
            None
        } else if self.depth > DEPTH_LIMIT {
            Some(Hazard::Depth)
        } else if self.links > CHAIN_LIMIT {
            Some(Hazard::Chain)
        } else if self.angles > ANGLE_LIMIT {
            Some(Hazard::Angles)
        } else {
            Some(Hazard::Guesses)
        }
    }

    /// Reads one token, or what lies between two.
    fn step(&mut self) {
        if self.top.bracket == Bracket::Children {
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
        if self.top.bracket == Bracket::Tag && self.top.angles == 0 {
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
                let is_header = self.before == Before::Header;
                self.open(if is_header { Bracket::Header } else { Bracket::Parens });
            }
            b'[' => self.open(Bracket::Square),
            b'{' => {
                let is_value = self.before == Before::Operator;
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
                if self.top.angles == 0 {
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
            b'=' => {
                self.guess_default();
                self.pend(1, Before::Operator);
            }
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
            self.top.links += 1;
            self.links += 1;
        }
        self.braces += u32::from(is_brace(bracket));
        self.depth += 1;
        let held = self.guesses_of(bracket);
        self.guesses += held;
        let inner = Frame { bracket, held, ..Frame::default() };
        self.outer.push(std::mem::replace(&mut self.top, inner));
        self.operator(1, if bracket == Bracket::Block { Before::Start } else { Before::Operator });
    }

    fn pop(&mut self) -> Bracket {
        self.reset();
        let Some(outer) = self.outer.pop() else { return Bracket::Block };
        let Frame { bracket, held, .. } = std::mem::replace(&mut self.top, outer);
        self.guesses -= held;
        self.braces -= u32::from(is_brace(bracket));
        self.depth -= 1;
        bracket
    }

    fn close_round(&mut self) {
        self.at += 1;
        let is_round = |b: Bracket| matches!(b, Bracket::Parens | Bracket::Header);
        if self.top.bracket == Bracket::Square && self.outer.last().is_some_and(|outer| is_round(outer.bracket)) {
            self.pop();
        }
        if is_round(self.top.bracket) {
            let bracket = self.pop();
            self.before = if bracket == Bracket::Header { Before::Start } else { Before::Operand };
        }
    }

    fn close_square(&mut self) {
        self.at += 1;
        if self.top.bracket == Bracket::Parens && self.outer.last().is_some_and(|outer| outer.bracket == Bracket::Square) {
            self.pop();
        }
        if self.top.bracket == Bracket::Square {
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
            if is_brace(bracket) || self.outer.is_empty() {
                break bracket;
            }
        };
        match bracket {
            Bracket::Hole => self.template(),
            Bracket::Block => self.before = Before::BlockEnd,
            _ => self.before = Before::Operand,
        }
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
        let top = &mut self.top;
        let (pending, links, guesses) = (top.pending, top.links, top.guesses);
        (top.pending, top.ternaries, top.guesses, top.loops, top.links) = (0, 0, 0, 0, 0);
        self.depth -= pending;
        self.links -= links;
        self.guesses -= guesses;
    }

    fn clear_angles(&mut self) {
        let angles = std::mem::take(&mut self.top.angles);
        self.depth -= angles;
        self.angles -= angles;
    }

    fn operator(&mut self, length: usize, after: Before) {
        self.at += length;
        self.before = after;
    }

    /// Something that the parser recurses for, until this expression or statement ends.
    fn pend(&mut self, length: usize, after: Before) {
        self.top.pending += 1;
        self.depth += 1;
        self.operator(length, after);
    }

    /// One more step in a chain.
    fn link(&mut self, length: usize, after: Before) {
        self.top.links += 1;
        self.links += 1;
        self.operator(length, after);
    }

    /// A binary operator that no type has: so each `<` before was a comparison.
    fn binary(&mut self, length: usize) {
        self.clear_angles();
        self.link(length, Before::Operator);
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

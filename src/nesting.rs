//! Finds, before parsing, the text that would make the parser overflow its stack or take exponential time.
//!
//! The parser recurses once for each level of nesting, and running out of stack cannot be caught: it ends the process.
//! So the depth is bounded from above first. It does not judge syntax: on text that is none the parser stops by itself.
//!
//! Two steps, as almost no file is in danger. [`is_shallow`] sees that of nearly every file from its brackets and lines,
//! at a tiny part of the cost of parsing. Only what it cannot clear is read token by token, in [`scan`].

mod scan;

use std::ops::Range;

use memchr::{memchr_iter, memchr2_iter, memmem, memrchr2};

use crate::source::SyntaxError;

/// How deep code may nest. A level may take 5 kB of stack in the parser, and more in what walks the tree afterwards.
const DEPTH_LIMIT: u32 = 3_000;

/// How many operators, members and calls one expression may chain. Chains make deep trees, though the parser does not recurse.
const CHAIN_LIMIT: u32 = 20_000;

/// How many `<` may wait for their `>`: the parser tries type arguments at each, and again at those inside.
const ANGLE_LIMIT: u32 = 300;

/// How deep what starts with `<` may nest where the parser cannot know what it is: it reads what follows twice, so time doubles with each.
/// That holds for type assertions `<T>x`, for templates after type arguments, and for some names of members in types.
const GUESS_LIMIT: u32 = 12;

/// A file with more brackets is always read token by token. What is missed in others is less than the stack can take.
const BRACKET_LIMIT: u32 = 40_000;

/// Why the text must not be given to the parser, if it must not. With `angle_casts`, `<T>x` is a type assertion; without, `<` opens JSX.
pub fn hazard(text: &str, angle_casts: bool) -> Option<SyntaxError> {
    if is_shallow(text.as_bytes(), angle_casts) {
        return None;
    }
    let (hazard, at) = scan::Scan::new(text, !angle_casts).run()?;
    let end = text.ceil_char_boundary(at + 1);
    Some(SyntaxError { start: at as u32, end: end as u32, message: hazard.message() })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hazard {
    Depth,
    Chain,
    Angles,
    Guesses,
}

impl Hazard {
    fn message(self) -> String {
        match self {
            Self::Depth => format!("nested more than {DEPTH_LIMIT} levels deep here; the file is not linted"),
            Self::Chain => format!("more than {CHAIN_LIMIT} operators, members or calls in one expression; the file is not linted"),
            Self::Angles => format!("more than {ANGLE_LIMIT} `<` before a matching `>`; the file is not linted"),
            Self::Guesses => {
                format!(
                    "more than {GUESS_LIMIT} type assertions or type arguments inside each other; the file is not linted. Write `x as T` for `<T>x`"
                )
            }
        }
    }
}

/// Whether the text is too flat for a hazard, whatever it means.
///
/// A level of nesting takes a bracket, or another mark or word that waits for what follows. Next to nothing waits where a line ends
/// in `;`, `,` or a brace, apart from what stands before a bracket that is still open. One can write code for which that is wrong,
/// with closing brackets in strings, or with whole blocks between two operators; but each level then has a bracket.
fn is_shallow(bytes: &[u8], angle_casts: bool) -> bool {
    /// What may wait before an open bracket, and the bracket.
    const FRAME: u32 = 4;
    /// So few open brackets hold next to nothing that is read twice.
    const FLAT: u32 = 2;
    /// Brackets are this much of code at most; most files need no count.
    const SMALL: usize = 4 * BRACKET_LIMIT as usize;
    let is_bracket = |byte: u8| matches!(byte, b'(' | b'[' | b'{' | b'<');
    if bytes.len() > SMALL && bytes.chunks(BLOCK).map(|block| count(block, is_bracket)).sum::<u32>() > BRACKET_LIMIT {
        return false;
    }
    let (mut depth, mut marks, mut angles, mut counted, mut flat) = (0u32, 0, 0, 0, 0);
    for start in (0..bytes.len()).step_by(BLOCK) {
        let end = bytes.len().min(start + BLOCK);
        let block = Block::count(&bytes[start..end], &bytes[start + 1..bytes.len().min(end + 1)]);
        if block.rests {
            (marks, angles, counted) = (0, 0, start);
            if depth <= FLAT {
                if !is_certain(bytes, flat..start, angle_casts) {
                    return false;
                }
                flat = start;
            }
        }
        marks += block.marks;
        if FRAME * depth + marks > DEPTH_LIMIT {
            return false;
        }
        if marks > ANGLE_LIMIT {
            angles += memchr_iter(b'<', &bytes[counted..end]).count();
            counted = end;
        }
        if angles > ANGLE_LIMIT as usize {
            return false;
        }
        depth = depth.saturating_add_signed(block.opened);
    }
    // A chain of `else if` rests in each of its blocks.
    let is_chain = bytes.len() > SMALL / 2 && memmem::find_iter(bytes, b"else").nth(DEPTH_LIMIT as usize).is_some();
    !is_chain && is_certain(bytes, flat..bytes.len(), angle_casts)
}

/// Whether the parser has to read little of this part of the text twice.
fn is_certain(bytes: &[u8], part: Range<usize>, angle_casts: bool) -> bool {
    let start = part.start;
    let mut guesses = memchr2_iter(b'<', b'`', &bytes[part]).map(|at| guesses_at(bytes, start + at, angle_casts));
    guesses.try_fold(0, |sum, next| Some(sum + next).filter(|sum| *sum <= GUESS_LIMIT)).is_some()
}

/// Few enough bytes that no count is over 127.
const BLOCK: usize = 96;

/// What is in so many bytes. Counted in simple loops, as the compiler takes many bytes at once in those.
struct Block {
    /// Brackets opened, less those closed.
    opened: i32,
    /// Punctuation and spaces; with all that open a bracket.
    marks: u32,
    /// Whether a line ends where next to nothing waits.
    rests: bool,
}

impl Block {
    /// `next` is the text from the second byte of the block.
    fn count(block: &[u8], next: &[u8]) -> Self {
        // `[` and `{` differ by this bit only, and so do `]` and `}`.
        const FOLD: u8 = 0x20;
        let opens = |byte: u8| i8::from((byte == b'(') | (byte | FOLD == b'{'));
        let closes = |byte: u8| i8::from((byte == b')') | (byte | FOLD == b'}'));
        let is_mark = |byte: u8| (byte < b'0') | (byte.wrapping_sub(b':') < 6) | (byte == b'`') | (byte | FOLD > b'z');
        let is_rest = |byte: u8| (byte == b';') | (byte == b',') | (byte | FOLD == b'{') | (byte | FOLD == b'}');
        let opened: i8 = block.iter().map(|&byte| opens(byte) - closes(byte)).sum();
        let rests = block.iter().zip(next).fold(false, |any, (&byte, &next)| any | (is_rest(byte) & (next == b'\n')));
        Self { opened: opened.into(), marks: count(block, is_mark), rests }
    }
}

/// How many bytes of a block are such.
fn count(block: &[u8], is_such: impl Fn(u8) -> bool) -> u32 {
    block.iter().map(|&byte| u8::from(is_such(byte))).sum::<u8>().into()
}

/// How often the parser may have to read again what follows this mark, at most: see `scan::guesses`.
fn guesses_at(bytes: &[u8], at: usize, angle_casts: bool) -> u32 {
    /// How far to look for what makes a `<` dangerous.
    const NEAR: usize = 64;
    let before = bytes[..at].trim_ascii_end();
    let last = before.last().copied().unwrap_or_default();
    if bytes[at] == b'`' {
        return u32::from(last == b'>');
    }
    let word = before.iter().rev().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$') || !b.is_ascii()).count();
    let word = &before[before.len() - word..];
    let is_leading = match last {
        b'"' | b'\'' | b']' => return scan::IN_TYPE,
        b')' | b'`' => false,
        _ if word.first().is_some_and(u8::is_ascii_digit) => return scan::IN_TYPE,
        _ => scan::is_contextual(word) || angle_casts && (word.is_empty() || scan::expects_operand(word)),
    };
    let near = &before[before.len().saturating_sub(NEAR)..];
    let in_name = memrchr2(b'[', b']', near).is_some_and(|at| near[at] == b'[' && may_start_name(&near[..at], &near[at..]));
    let near = &bytes[at..bytes.len().min(at + NEAR)];
    let parameter = near.iter().position(|&b| b == b'(').and_then(|open| near[open..].split(|&b| b == b')').next());
    let has_default = parameter.is_some_and(|p| p.windows(2).any(|pair| pair[0] == b'=' && pair[1] != b'>'));
    if in_name || has_default { scan::IN_TYPE } else { is_leading.into() }
}

/// Whether the `[` between these texts may start the name of a member. In a mapped type, or for a value, it does not.
fn may_start_name(before: &[u8], after: &[u8]) -> bool {
    let is_value = matches!(before.trim_ascii_end().last(), Some(b'(' | b'=' | b':' | b'<' | b'>' | b'|' | b'&' | b'?'));
    !is_value && memmem::find(after, b" in ").is_none()
}

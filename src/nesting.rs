//! Finds, before parsing, the text that would make the parser overflow its stack or take exponential time.
//!
//! The parser recurses once for each level of nesting, and running out of stack cannot be caught: it ends the process.
//! So the depth is bounded from above first. It does not judge syntax: on text that is none the parser stops by itself.
//!
//! Two steps, as almost no file is in danger. [`is_shallow`] proves of the text between two top-level statements that it is
//! too small to nest deep, at a tiny part of the cost of parsing. Only what it cannot prove is read token by token, in [`scan`].

mod scan;

use memchr::{memchr_iter, memmem};

use crate::source::SyntaxError;

/// How deep code may nest. A level may take 5 kB of stack in the parser, and more in what walks the tree afterwards.
const DEPTH_LIMIT: u32 = 3_000;

/// How many operators, members and calls one expression may chain. Chains make deep trees, though the parser does not recurse.
const CHAIN_LIMIT: u32 = 20_000;

/// How many `<` may wait for their `>`: the parser tries type arguments at each, and again at those inside.
const ANGLE_LIMIT: u32 = 300;

/// How deep type assertions of the form `<T>(…)` may nest: the parser reads what is in the parentheses twice, so time doubles with each.
const CAST_LIMIT: u32 = 12;

/// Between two top-level statements, text longer than this is read token by token.
const SHALLOW_LENGTH: usize = 32 << 10;

/// Why the text must not be given to the parser, if it must not. With `angle_casts`, `<T>x` is a type assertion; without, `<` opens JSX.
pub fn hazard(text: &str, angle_casts: bool) -> Option<SyntaxError> {
    let mut start = 0;
    for end in part_ends(text.as_bytes()) {
        let part = text.get(start..end).unwrap_or_default();
        if !is_shallow(part.as_bytes(), angle_casts)
            && let Some((hazard, at)) = scan::Scan::new(part, !angle_casts).run()
        {
            let (start, end) = (start + at, text.ceil_char_boundary(start + at + 1));
            return Some(SyntaxError { start: start as u32, end: end as u32, message: hazard.message() });
        }
        start = end;
    }
    None
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hazard {
    Depth,
    Chain,
    Angles,
    Casts,
}

impl Hazard {
    fn message(self) -> String {
        match self {
            Self::Depth => format!("nested more than {DEPTH_LIMIT} levels deep here; the file is not linted"),
            Self::Chain => format!("more than {CHAIN_LIMIT} operators, members or calls in one expression; the file is not linted"),
            Self::Angles => format!("more than {ANGLE_LIMIT} `<` before a matching `>`; the file is not linted"),
            Self::Casts => {
                format!(
                    "more than {CAST_LIMIT} type assertions of the form `<T>(…)` nested here; the file is not linted. Use `as T` instead"
                )
            }
        }
    }
}

/// Where the text can be divided because nothing is open there: a line starts with `export` or `import`. Its end is the last.
///
/// (Text in a template literal may look like that. It takes intent to nest deep on both sides of it, again and again.)
fn part_ends(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let mut exports = memmem::find_iter(bytes, b"\nexport ").peekable();
    let mut imports = memmem::find_iter(bytes, b"\nimport ").peekable();
    let starts = std::iter::from_fn(move || match (exports.peek(), imports.peek()) {
        (Some(export), Some(import)) if export < import => exports.next(),
        (Some(_), None) => exports.next(),
        (_, _) => imports.next(),
    });
    starts.chain([bytes.len()])
}

/// Whether the text cannot hold a hazard, whatever it means: a level of nesting takes a punctuation mark or a keyword.
fn is_shallow(part: &[u8], angle_casts: bool) -> bool {
    let is_punctuation = |b: &u8| matches!(b, b'!'..=b'/' | b':'..=b'@' | b'['..=b'`' | b'{'..=b'~');
    if part.len() > SHALLOW_LENGTH {
        return false;
    }
    // Small blocks with small sums, so that the compiler counts many bytes at once.
    let counts = part.chunks(128).map(|block| block.iter().map(|b| u8::from(is_punctuation(b))).sum::<u8>());
    let punctuation: u32 = counts.map(u32::from).sum();
    if punctuation > DEPTH_LIMIT {
        return false;
    }
    if punctuation <= CAST_LIMIT {
        return true;
    }
    let (mut angles, mut casts) = (0, 0);
    for at in memchr_iter(b'<', part) {
        angles += 1;
        casts += u32::from(angle_casts && may_be_cast(&part[..at]));
    }
    angles <= ANGLE_LIMIT && casts <= CAST_LIMIT
}

/// Whether a `<` after this text may start a type assertion. It may not after a name, except for the words that an operand follows.
fn may_be_cast(before: &[u8]) -> bool {
    let word = before.iter().rev().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$') || !b.is_ascii()).count();
    let word = &before[before.len() - word..];
    match before.last() {
        Some(b')' | b']') => false,
        _ => word.is_empty() || scan::expects_operand(word),
    }
}

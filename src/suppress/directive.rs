//! Reads the comments that speak to the linter. Knows their grammar, not what they suppress.

use memchr::memmem;

use crate::source::{Comment, SourceFile};

/// What a comment asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// This line, or the next line of code.
    Line,
    /// The line after the comment (`eslint-disable-next-line`).
    NextLine,
    /// The comment's own line (`eslint-disable-line`).
    SameLine,
    Start,
    End,
    File,
    /// `orm-lint-ignore-` and a word that means nothing.
    Unknown,
}

/// One name in the list of a directive.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    pub text: &'a str,
    pub start: u32,
}

impl Name<'_> {
    pub fn end(&self) -> u32 {
        self.start + self.text.len() as u32
    }
}

/// What stands after the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Given,
    Missing,
    /// Words follow the names, but nothing parts them.
    Unmarked,
}

#[derive(Clone, Debug)]
pub struct Directive<'a> {
    pub comment: Comment,
    pub kind: Kind,
    /// Written for ESLint: names are those of its plugin, and nothing is said of it.
    pub is_eslint: bool,
    /// The word itself.
    pub keyword: Name<'a>,
    pub names: Vec<Name<'a>>,
    pub reason: Reason,
}

/// The directives of a file, in source order.
pub fn directives(file: &SourceFile) -> Vec<Directive<'_>> {
    file.comments.iter().filter_map(|comment| read(file, comment)).collect()
}

/// Whether a file can hold directives at all; most do not, and are done with here.
pub fn may_hold(file: &SourceFile) -> bool {
    file.comments.iter().any(|comment| {
        let text = file.comment_text(comment).as_bytes();
        memmem::find(text, OURS.as_bytes()).is_some() || memmem::find(text, b"eslint-").is_some()
    })
}

/// The word that every comment to this linter starts with.
pub const OURS: &str = "orm-lint-ignore";

fn read<'a>(file: &'a SourceFile, comment: &Comment) -> Option<Directive<'a>> {
    let whole = file.comment_text(comment);
    let inner = whole.strip_prefix("//").or_else(|| whole.strip_prefix("/*"))?;
    let inner = if comment.is_block { inner.strip_suffix("*/").unwrap_or(inner) } else { inner };
    let body = inner.trim_start_matches(|c: char| c == '*' || c.is_whitespace());
    let start = comment.start + (body.as_ptr() as usize - whole.as_ptr() as usize) as u32;
    let length = body.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(body.len());
    // A keyword with nothing but `--` between it and its reason.
    let word = body[..length].split("--").next()?.trim_end_matches('-');
    let (kind, is_eslint) = kind_of(word, comment.is_block)?;
    let (names, reason) = names_and_reason(&body[word.len()..], start + word.len() as u32, is_eslint);
    Some(Directive { comment: *comment, kind, is_eslint, keyword: Name { text: word, start }, names, reason })
}

fn kind_of(word: &str, is_block: bool) -> Option<(Kind, bool)> {
    if let Some(suffix) = word.strip_prefix(OURS) {
        let kind = match suffix {
            "" => Kind::Line,
            "-start" => Kind::Start,
            "-end" => Kind::End,
            "-file" => Kind::File,
            _ if suffix.starts_with('-') => Kind::Unknown,
            _ => return None,
        };
        return Some((kind, false));
    }
    // ESLint reads the ranged forms in block comments only.
    let kind = match word {
        "eslint-disable-next-line" => Kind::NextLine,
        "eslint-disable-line" => Kind::SameLine,
        "eslint-disable" if is_block => Kind::Start,
        "eslint-enable" if is_block => Kind::End,
        _ => return None,
    };
    Some((kind, true))
}

/// `a, b: reason` (or `a, b -- reason`), which starts at `offset` in the file.
fn names_and_reason(text: &str, offset: u32, is_eslint: bool) -> (Vec<Name<'_>>, Reason) {
    let mark = if is_eslint { text.find("--").map(|at| (at, 2)) } else { first_mark(text) };
    let (list, reason) = match mark {
        Some((at, length)) => (&text[..at], if text[at + length..].trim().is_empty() { Reason::Missing } else { Reason::Given }),
        None => (text, Reason::Missing),
    };
    let mut names = Vec::new();
    let mut reason = reason;
    for part in list.split(',') {
        let trimmed = part.trim();
        let Some(name) = trimmed.split_whitespace().next() else { continue };
        let start = offset + (trimmed.as_ptr() as usize - text.as_ptr() as usize) as u32;
        names.push(Name { text: name, start });
        if name.len() < trimmed.len() {
            // Words without a mark before them: a reason, and no more names.
            if mark.is_none() {
                reason = Reason::Unmarked;
            }
            break;
        }
    }
    (names, reason)
}

/// Where the reason is parted from the names: the first `:` or ` --`, and how long that is.
fn first_mark(text: &str) -> Option<(usize, usize)> {
    let colon = text.find(':').map(|at| (at, 1));
    let dashes = text.find("--").map(|at| (at, 2));
    colon.into_iter().chain(dashes).min()
}

//! Which lines a comment stands for, and how to take it out of the text.
//!
//! Works on text and comments alone: by the time of suppression the tree is gone.

use crate::edit::Edit;
use crate::source::{Comment, SourceFile, Span};

/// A file with its lines counted.
pub struct Place<'a> {
    file: &'a SourceFile,
    /// Where each line starts.
    starts: Vec<u32>,
}

impl<'a> Place<'a> {
    pub fn new(file: &'a SourceFile) -> Self {
        let breaks = memchr::memchr_iter(b'\n', file.text.as_bytes()).map(|at| at as u32 + 1);
        Self { file, starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// The number of the line, from 0, that holds the position.
    pub fn line(&self, at: u32) -> u32 {
        self.starts.partition_point(|start| *start <= at).saturating_sub(1) as u32
    }

    pub fn last_line(&self) -> u32 {
        self.starts.len().saturating_sub(1) as u32
    }

    fn bytes(&self) -> &'a [u8] {
        self.file.text.as_bytes()
    }

    fn line_start(&self, line: u32) -> u32 {
        self.starts.get(line as usize).copied().unwrap_or(self.file.text.len() as u32)
    }

    /// The lines that an ignore comment holds for: its own if code stands before it there, else the next code.
    pub fn lines_of(&self, comment: &Comment) -> Vec<u32> {
        match self.next_code(self.line_start(self.line(comment.start))) {
            Some(at) if at < comment.start => vec![self.line(comment.start)],
            // Comments between the two may have findings of their own.
            Some(at) => (self.line(comment.end) + 1..self.line(at)).chain(self.statement_lines(at)).collect(),
            None => Vec::new(),
        }
    }

    /// The lines that a comment about the very next line holds for.
    pub fn lines_after(&self, comment: &Comment) -> Vec<u32> {
        let next = self.line(comment.end) + 1;
        match self.next_code(self.line_start(next)) {
            Some(at) if self.line(at) == next => self.statement_lines(at),
            _ => vec![next],
        }
    }

    /// The line of the code at `from`, and those on which its expression goes on:
    /// the lines of a method chain that start with a dot, and what stands alone after `=`, `=>` or an opening parenthesis.
    /// Not the lines inside brackets: a comment above a function does not speak of its body.
    fn statement_lines(&self, from: u32) -> Vec<u32> {
        let bytes = self.bytes();
        let mut lines = vec![self.line(from)];
        let (mut depth, mut base) = (0_i32, 0_i32);
        let mut at = from as usize;
        let mut line_end = LineEnd::Other;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'\n' => {
                    let Some(next) = self.next_code(at as u32) else { break };
                    let is_covered = lines.last() == Some(&self.line(at as u32));
                    let opens = match line_end {
                        LineEnd::Assigns => depth == base,
                        LineEnd::Groups => depth == base + 1,
                        LineEnd::Other => false,
                    };
                    if is_covered && opens {
                        base = depth;
                        lines.push(self.line(next));
                    } else if depth == base {
                        if !self.continues_chain(next) {
                            break;
                        }
                        lines.push(self.line(next));
                    }
                    at = next as usize;
                    continue;
                }
                b' ' | b'\t' | b'\r' => {}
                b'/' if let Some(comment) = self.comment_at(at as u32) => {
                    at = comment.end as usize;
                    continue;
                }
                b'"' | b'\'' | b'`' => {
                    at = end_of_string(bytes, at);
                    line_end = LineEnd::Other;
                    continue;
                }
                b'(' | b'[' | b'{' => {
                    depth += 1;
                    let is_group = byte == b'(' && matches!(bytes.get(at.wrapping_sub(1)), Some(b' ' | b'(' | b'!' | b'\n') | None);
                    line_end = if is_group { LineEnd::Groups } else { LineEnd::Other };
                }
                b')' | b']' | b'}' => {
                    depth -= 1;
                    if depth < base {
                        break;
                    }
                    line_end = LineEnd::Other;
                }
                b';' if depth == base => break,
                b'=' => line_end = LineEnd::Assigns,
                b'>' if at > 0 && bytes[at - 1] == b'=' => {}
                _ => line_end = LineEnd::Other,
            }
            at += 1;
        }
        lines
    }

    fn continues_chain(&self, at: u32) -> bool {
        let rest = &self.bytes()[at as usize..];
        rest.starts_with(b"?.") || (rest.starts_with(b".") && !rest.starts_with(b".."))
    }

    fn comment_at(&self, at: u32) -> Option<&'a Comment> {
        let comments = &self.file.comments;
        comments.get(comments.partition_point(|c| c.start < at)).filter(|c| c.start == at)
    }

    /// The next byte that is neither space nor comment, nor the braces that JSX puts around a comment.
    fn next_code(&self, from: u32) -> Option<u32> {
        let mut at = from;
        loop {
            at = self.skip_space(at);
            if let Some(comment) = self.comment_at(at) {
                at = comment.end;
            } else if let Some((_, after)) = self.braces_at(at) {
                at = after;
            } else {
                return ((at as usize) < self.bytes().len()).then_some(at);
            }
        }
    }

    /// `{/* … */}` at the position: the comment, and where the brace ends.
    fn braces_at(&self, at: u32) -> Option<(&'a Comment, u32)> {
        if self.bytes().get(at as usize) != Some(&b'{') {
            return None;
        }
        let comment = self.comment_at(self.skip_space(at + 1)).filter(|c| c.is_block)?;
        let end = self.skip_space(comment.end);
        (self.bytes().get(end as usize) == Some(&b'}')).then_some((comment, end + 1))
    }

    fn skip_space(&self, from: u32) -> u32 {
        let rest = self.bytes().get(from as usize..).unwrap_or_default();
        from + rest.iter().take_while(|b| b.is_ascii_whitespace()).count() as u32
    }

    /// Takes the comment out: with its lines where it stands alone on them, else with the space beside it.
    pub fn removal(&self, comment: &Comment) -> Edit {
        let bytes = self.bytes();
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r');
        let (mut start, mut end) = (comment.start as usize, comment.end as usize);
        let brace = bytes[..start].iter().rposition(|b| !b.is_ascii_whitespace()).filter(|at| bytes[*at] == b'{');
        if let Some((at, (_, after))) = brace.and_then(|at| Some((at, self.braces_at(at as u32)?))) {
            (start, end) = (at, after as usize);
        }
        let blank_before = bytes[..start].iter().rev().take_while(|b| is_blank(b)).count();
        let blank_after = bytes[end..].iter().take_while(|b| is_blank(b)).count();
        let starts_line = start == blank_before || bytes[start - blank_before - 1] == b'\n';
        let ends_line = end + blank_after == bytes.len() || bytes[end + blank_after] == b'\n';
        match (starts_line, ends_line) {
            (true, true) => {
                start -= blank_before;
                end = (end + blank_after + 1).min(bytes.len());
            }
            (false, true) => start -= blank_before,
            (_, false) => end += blank_after,
        }
        Edit::delete(Span::new(self.file.id, start as u32, end as u32))
    }
}

/// How the code of a line ends, where that says that the next line belongs to it.
#[derive(Clone, Copy)]
enum LineEnd {
    /// `=` or `=>`.
    Assigns,
    /// A parenthesis around an expression, not around arguments.
    Groups,
    Other,
}

/// Where the string literal ends that starts at `from`; a quoted one ends with its line at the latest.
fn end_of_string(bytes: &[u8], from: usize) -> usize {
    let quote = bytes[from];
    let mut at = from + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'\n' if quote != b'`' => return at,
            _ if byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

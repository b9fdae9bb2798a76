//! New code, laid out like the file that it goes into: brackets that stay on one line where they fit, and break where they do not.

use crate::style::Style;

/// A piece of code that knows where it may break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    Text(String),
    /// `open items, … close`, on one line or an item a line.
    List {
        open: String,
        items: Vec<Code>,
        close: &'static str,
        braces: bool,
    },
    /// `a` followed by `b` on the same line.
    Pair(Box<Code>, Box<Code>),
    /// As it was written elsewhere, on several lines; those after the first move from the old indent to the new one.
    Verbatim {
        text: String,
        indent: String,
    },
    /// `open`, a line for each item, `close`: never on one line.
    Block {
        open: String,
        lines: Vec<Line>,
        close: &'static str,
    },
    /// `head.a().b()`: on one line, or a call a line.
    Chain {
        head: Box<Code>,
        calls: Vec<String>,
    },
}

/// An item on lines of its own, with the comments around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub blank_before: bool,
    /// Comments before it, each on a line of its own.
    pub leading: Vec<String>,
    /// `None` for comments that stand alone.
    pub code: Option<Code>,
    /// A comment behind it.
    pub trailing: Option<String>,
}

impl Line {
    pub fn of(code: Code) -> Self {
        Self { blank_before: false, leading: Vec::new(), code: Some(code), trailing: None }
    }

    pub fn has_comments(&self) -> bool {
        !self.leading.is_empty() || self.trailing.is_some()
    }
}

impl Code {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// `name(arguments)`.
    pub fn call(name: impl Into<String>, arguments: Vec<Self>) -> Self {
        Self::List { open: format!("{}(", name.into()), items: arguments, close: ")", braces: false }
    }

    /// `{ fields }`.
    pub fn object(fields: Vec<Self>) -> Self {
        Self::List { open: "{".to_owned(), items: fields, close: "}", braces: true }
    }

    /// `name: value`.
    pub fn field(name: &str, value: Self, style: &Style) -> Self {
        let key = if is_identifier(name) { name.to_owned() } else { style.string(name) };
        Self::Pair(Box::new(Self::Text(format!("{key}: "))), Box::new(value))
    }

    /// `open items close` on one line where it fits and nothing asks for more: no comments, no empty lines.
    pub fn list(open: impl Into<String>, lines: Vec<Line>, close: &'static str, braces: bool, broken: bool) -> Self {
        if broken || lines.iter().any(|line| line.has_comments() || line.code.is_none()) {
            return Self::Block { open: open.into(), lines, close };
        }
        Self::List { open: open.into(), items: lines.into_iter().filter_map(|line| line.code).collect(), close, braces }
    }

    /// The code, starting at `column` of a line that is indented by `indent`, with `after` columns taken behind it.
    pub fn print(&self, style: &Style, indent: &str, column: usize, after: usize) -> String {
        let mut flat = String::new();
        let room = style.width.saturating_sub(column + after);
        if self.flat_within(style, room, &mut flat) {
            return flat;
        }
        match self {
            Self::Text(text) => text.clone(),
            Self::Pair(first, second) => {
                let first = first.flat(style);
                let column = column + first.chars().count();
                first + &second.print(style, indent, column, after)
            }
            Self::Verbatim { text, indent: old } => reindented(text, old, indent),
            Self::Chain { head, calls } => head.print_chain(calls, style, indent, column, after),
            Self::Block { open, lines, close } => print_block(open, lines, close, style, indent),
            // A call keeps its brackets and those of its last argument together: `v.object({`.
            Self::List { open, items, close, .. } if is_hugged(items) => {
                let (last, others) = items.split_last().map_or((self, &[][..]), |parts| parts);
                let mut out = open.clone();
                for item in others {
                    out.push_str(&item.flat(style));
                    out.push_str(", ");
                }
                let column = column + out.chars().count();
                out.push_str(&last.print(style, indent, column, after + close.len()));
                out.push_str(close);
                out
            }
            Self::List { open, items, close, .. } => {
                let inner = style.deeper(indent);
                let mut out = open.clone();
                for (i, item) in items.iter().enumerate() {
                    out.push_str(style.newline);
                    out.push_str(&inner);
                    out.push_str(&item.print(style, &inner, inner.chars().count(), 1));
                    if i + 1 < items.len() || style.trailing_commas {
                        out.push(',');
                    }
                }
                out.push_str(style.newline);
                out.push_str(indent);
                out.push_str(close);
                out
            }
        }
    }

    fn print_chain(&self, calls: &[String], style: &Style, indent: &str, column: usize, after: usize) -> String {
        let together = calls.concat();
        let head = self.print(style, indent, column, after + together.chars().count());
        let start = if head.contains('\n') { 0 } else { column };
        let last = head.rsplit('\n').next().unwrap_or_default().chars().count();
        let fits = start + last + together.chars().count() + after <= style.width && !together.contains('\n');
        if calls.len() < 2 || fits && (start > 0 || calls.len() < 3) {
            return head + &together;
        }
        let inner = format!("{}{}", style.newline, style.deeper(indent));
        calls.iter().fold(head, |out, call| out + &inner + call)
    }

    fn flat(&self, style: &Style) -> String {
        let mut out = String::new();
        self.flat_within(style, usize::MAX, &mut out);
        out
    }

    /// Writes the code on one line; gives up where it would be longer than the room.
    fn flat_within(&self, style: &Style, room: usize, out: &mut String) -> bool {
        match self {
            Self::Text(text) => {
                out.push_str(text);
                (room == usize::MAX || !text.contains('\n')) && fits(out, room)
            }
            Self::Pair(first, second) => first.flat_within(style, room, out) && second.flat_within(style, room, out),
            Self::Verbatim { text, .. } => {
                out.push_str(text);
                !text.contains('\n') && fits(out, room)
            }
            Self::Block { .. } => false,
            Self::Chain { head, calls } => {
                let is_flat = head.flat_within(style, room, out);
                calls.iter().for_each(|call| out.push_str(call));
                is_flat && !calls.iter().any(|call| call.contains('\n')) && fits(out, room)
            }
            Self::List { open, items, close, braces } => {
                let space = if *braces && style.spaced_braces && !items.is_empty() { " " } else { "" };
                out.push_str(open);
                out.push_str(space);
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    if !item.flat_within(style, room, out) {
                        return false;
                    }
                }
                out.push_str(space);
                out.push_str(close);
                fits(out, room)
            }
        }
    }
}

/// Whether the last of these stays on the line of the bracket around it, when it is broken into lines.
fn is_hugged(items: &[Code]) -> bool {
    let Some((last, others)) = items.split_last() else { return false };
    let is_list = match last {
        Code::List { items, .. } => !items.is_empty(),
        Code::Block { .. } => true,
        Code::Verbatim { text, .. } => text.starts_with('{'),
        _ => false,
    };
    let is_object = match last {
        Code::List { open, .. } | Code::Block { open, .. } => open.ends_with('{'),
        Code::Verbatim { .. } => true,
        _ => false,
    };
    is_list && (others.is_empty() || is_object && others.iter().all(|other| matches!(other, Code::Text(text) if !text.contains('\n'))))
}

fn print_block(open: &str, lines: &[Line], close: &str, style: &Style, indent: &str) -> String {
    let inner = style.deeper(indent);
    let last = lines.iter().rposition(|line| line.code.is_some());
    let mut out = open.to_owned();
    for (i, line) in lines.iter().enumerate() {
        if line.blank_before && i > 0 {
            out.push_str(style.newline);
        }
        let mut start = |text: &str| {
            out.push_str(style.newline);
            out.push_str(&inner);
            out.push_str(text);
        };
        // A comment of several lines keeps their indent among themselves.
        let comment_line = format!("{}{inner}", style.newline);
        line.leading.iter().for_each(|comment| start(&comment.replace('\n', &comment_line)));
        let Some(code) = &line.code else { continue };
        start(&code.print(style, &inner, inner.chars().count(), 1));
        if last != Some(i) || style.trailing_commas {
            out.push(',');
        }
        if let Some(comment) = &line.trailing {
            out.push(' ');
            out.push_str(comment);
        }
    }
    out.push_str(style.newline);
    out.push_str(indent);
    out.push_str(close);
    out
}

/// The text with the lines after the first moved from one indent to another.
pub fn reindented(text: &str, from: &str, to: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (i, line) in text.split_inclusive('\n').enumerate() {
        match line.strip_prefix(from).filter(|_| i > 0 && !line.trim().is_empty()) {
            Some(rest) => {
                out.push_str(to);
                out.push_str(rest);
            }
            None => out.push_str(line),
        }
    }
    out
}

/// Whether the line has no more characters than there is room for.
fn fits(line: &str, room: usize) -> bool {
    line.len() <= room || line.chars().count() <= room
}

/// Whether the name can stand as an object's key without quotes.
pub fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_' || c == '$');
    first && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '$')
}

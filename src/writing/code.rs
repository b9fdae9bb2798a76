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
            // A call around one list keeps its brackets together: `v.object({`.
            Self::List { open, items, close, .. }
                if items.len() == 1 && matches!(&items[0], Self::List { items, .. } if !items.is_empty()) =>
            {
                let inner = items[0].print(style, indent, column + open.chars().count(), after + close.len());
                format!("{open}{inner}{close}")
            }
            Self::List { open, items, close, .. } => {
                let inner = format!("{indent}{}", style.indent);
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

//! Steps of a query written anew: `.withIndex("by_a", (q) => q.eq("a", x))`, `.filter((q) => …)`, on one line or broken as formatters do.

use crate::style::{Style, indent_at};
use crate::writing::code::Code;

/// The place that a step is written to.
pub struct StepPlace<'a> {
    pub style: Style,
    /// The white space that its line starts with.
    pub indent: &'a str,
    /// Where its `.` stands in that line.
    pub column: usize,
    /// The line may be broken: the step has one of its own, or was broken before.
    pub may_break: bool,
}

impl<'a> StepPlace<'a> {
    /// The place of a step whose `.` stands at the offset.
    pub fn at(text: &'a str, style: &'a Style, dot: u32, was_broken: bool) -> Self {
        let start = text[..dot as usize].rfind('\n').map_or(0, |at| at + 1);
        let before = &text[start..dot as usize];
        let may_break = was_broken || before.trim().is_empty();
        let style = Style { trailing_commas: style.call_commas.unwrap_or(style.trailing_commas), ..style.clone() };
        Self { style, indent: indent_at(text, dot), column: before.chars().count(), may_break }
    }

    fn comma(&self) -> &'static str {
        if self.style.trailing_commas { "," } else { "" }
    }

    /// `.withIndex("name", (q) => q.eq("a", x))`; `calls` are the `.eq("a", x)`.
    pub fn with_index(&self, name: &str, callback: &Callback<'_>, calls: &[String]) -> String {
        let (params, q) = (callback.params, callback.name);
        let flat = format!(".withIndex({name}, {params} => {q}{})", calls.concat());
        if self.fits(&flat) {
            return flat;
        }
        let (newline, indent) = (self.style.newline, self.indent);
        let inner = self.style.deeper(indent);
        let deeper = self.style.deeper(&inner);
        let line = format!("{q}{}", calls.concat());
        let body = if calls.len() < 2 || inner.chars().count() + line.chars().count() < self.style.width {
            line
        } else {
            calls.iter().fold(q.to_owned(), |body, call| format!("{body}{newline}{deeper}{call}"))
        };
        format!(".withIndex({name}, {params} =>{newline}{inner}{body}{}{newline}{indent})", self.comma())
    }

    /// `.filter((q) => …)` with these terms, all of which must hold.
    pub fn filter(&self, callback: &Callback<'_>, terms: &[Moved<'_>]) -> String {
        let (params, q) = (callback.params, callback.name);
        let inner = self.style.deeper(self.indent);
        let predicate = match terms {
            [term] => Code::text(term.indented(&inner)),
            _ => {
                let deeper = self.style.deeper(&inner);
                Code::call(format!("{q}.and"), terms.iter().map(|t| Code::text(t.indented(&deeper))).collect())
            }
        };
        let flat = format!(".filter({params} => {})", predicate.print(&Style { width: usize::MAX, ..self.style.clone() }, "", 0, 0));
        if !flat.contains('\n') && self.fits(&flat) {
            return flat;
        }
        let (newline, indent) = (self.style.newline, self.indent);
        let body = predicate.print(&self.style, &inner, inner.chars().count(), 1);
        format!(".filter({params} =>{newline}{inner}{body}{}{newline}{indent})", self.comma())
    }

    fn fits(&self, flat: &str) -> bool {
        !self.may_break || self.column + flat.chars().count() <= self.style.width
    }
}

/// Code that is taken over as it was written.
pub struct Moved<'a> {
    pub text: &'a str,
    /// The white space that its first line started with.
    pub indent: &'a str,
}

impl Moved<'_> {
    /// The code with its further lines moved along to an indent. Left alone where a line may be part of a string.
    fn indented(&self, indent: &str) -> String {
        if self.text.contains('`') {
            return self.text.to_owned();
        }
        let mut lines = self.text.split('\n');
        let first = lines.next().unwrap_or_default().to_owned();
        lines.fold(first, |text, line| match line.strip_prefix(self.indent) {
            Some(rest) => format!("{text}\n{indent}{rest}"),
            None => format!("{text}\n{line}"),
        })
    }
}

/// The parameter of a callback, as it will be written.
pub struct Callback<'a> {
    /// With its brackets and annotation: `(q)`, `q`, `(q: any)`.
    pub params: &'a str,
    pub name: &'a str,
}

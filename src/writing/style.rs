//! How a file is written: quotes, semicolons, indent, line ends. New code follows it.

use crate::source::SourceFile;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    pub quote: char,
    pub semicolons: bool,
    /// One step of indentation.
    pub indent: String,
    pub newline: &'static str,
    /// The column that lines are wrapped at.
    pub width: usize,
    /// `{ a }` with spaces inside the braces.
    pub spaced_braces: bool,
    pub trailing_commas: bool,
}

impl Style {
    /// Told from the text by majority; ties go to what most formatters do.
    pub fn of(source: &SourceFile) -> Self {
        let text = &*source.text;
        let count = |needle: &str| text.matches(needle).count();
        let mut semicolons = (0usize, 0usize);
        let mut tabs = 0usize;
        let mut steps = [0usize; 9];
        let mut longest = 0usize;
        let mut before = 0usize;
        for line in text.lines() {
            let body = line.trim_start_matches([' ', '\t']);
            let indent = &line[..line.len() - body.len()];
            let body = body.trim_end();
            if body.is_empty() || body.starts_with("//") || body.starts_with('*') || body.starts_with("/*") {
                continue;
            }
            longest = longest.max(line.chars().count());
            if indent.starts_with('\t') {
                tabs += 1;
            } else {
                let depth = indent.len();
                if depth > before && depth - before <= 8 {
                    steps[depth - before] += 1;
                }
                before = depth;
            }
            if body.starts_with("import ")
                || body.starts_with("return ")
                || body.starts_with("const ") && body.ends_with([')', ';', '\'', '"'])
            {
                if body.ends_with(';') {
                    semicolons.0 += 1
                } else if body.ends_with([')', '\'', '"', '`']) {
                    semicolons.1 += 1
                }
            }
        }
        let spaces = (2..=8).max_by_key(|&n| (steps[n], n == 2)).filter(|&n| steps[n] > 0).unwrap_or(2);
        let indent = if tabs > steps.iter().sum::<usize>() { "\t".to_owned() } else { " ".repeat(spaces) };
        Self {
            quote: if count("'") > count("\"") { '\'' } else { '"' },
            semicolons: semicolons.1 <= semicolons.0,
            indent,
            newline: if count("\r\n") * 2 > count("\n") { "\r\n" } else { "\n" },
            width: if (81..=100).contains(&longest) {
                100
            } else if (101..=120).contains(&longest) {
                120
            } else {
                80
            },
            spaced_braces: count("{ ") >= count("import {").saturating_sub(count("import { ")),
            trailing_commas: count(",\n") + count(",\r\n") > 0,
        }
    }

    /// A string literal.
    pub fn string(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 2);
        out.push(self.quote);
        for c in text.chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                c if c == self.quote => {
                    out.push('\\');
                    out.push(c);
                }
                c => out.push(c),
            }
        }
        out.push(self.quote);
        out
    }

    pub fn semicolon(&self) -> &'static str {
        if self.semicolons { ";" } else { "" }
    }
}

/// The white space that the line of this offset starts with.
pub fn indent_at(text: &str, offset: u32) -> &str {
    let start = text[..offset as usize].rfind('\n').map_or(0, |i| i + 1);
    let line = &text[start..];
    let end = line.find(|c: char| c != ' ' && c != '\t').unwrap_or(line.len());
    &line[..end]
}

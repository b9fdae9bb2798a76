//! How a file is written: quotes, semicolons, indent, line ends. New code follows it.

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    pub quote: char,
    pub semicolons: bool,
    /// One step of indentation.
    pub indent: String,
    /// The same in those parts of the file that are indented in the other way: with spaces where most have tabs, with tabs where most have spaces.
    pub other_indent: String,
    pub newline: &'static str,
    /// The column that lines are wrapped at.
    pub width: usize,
    /// `{ a }` with spaces inside the braces.
    pub spaced_braces: bool,
    pub trailing_commas: bool,
    /// Whether calls that are broken into lines end with a comma, in most cases; `None` where there are none.
    pub call_commas: Option<bool>,
}

impl Style {
    /// Told from the text by majority; ties go to what most formatters do.
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        // All quotes at once; those of comments are taken off where lines are comments.
        let mut seen = Seen { single: count(bytes, b'\''), double: count(bytes, b'"'), ..Seen::default() };
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            seen.line(&bytes[start..end]);
            start = end + 1;
        }
        seen.line(&bytes[start..]);
        seen.style()
    }

    /// One step further in than a line that is indented so.
    pub fn deeper(&self, indent: &str) -> String {
        let is_other = !indent.is_empty() && indent.contains('\t') != self.indent.contains('\t');
        format!("{indent}{}", if is_other { &self.other_indent } else { &self.indent })
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

/// What the lines of a file show.
#[derive(Default)]
struct Seen<'t> {
    single: usize,
    double: usize,
    carriage_returns: usize,
    lines: usize,
    tabs: usize,
    /// How often a line was indented by so many spaces more than the one before.
    steps: [usize; 9],
    indent: usize,
    longest: usize,
    with_semicolon: usize,
    without_semicolon: usize,
    tight_braces: usize,
    spaced_braces: usize,
    trailing_commas: usize,
    lists_without_comma: usize,
    /// The line before.
    before: &'t [u8],
    calls_with_comma: usize,
    calls_without_comma: usize,
}

impl<'t> Seen<'t> {
    /// One line, without its line feed; bytes, because what is looked for is ASCII.
    fn line(&mut self, line: &'t [u8]) {
        self.lines += 1;
        self.carriage_returns += usize::from(line.ends_with(b"\r"));
        let line = line.trim_ascii_end();
        let indent = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let body = &line[indent..];
        if matches!(body, [b')' | b']', ..] | [b'}', b')' | b',', ..]) {
            let ends_bare = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b')' | b']' | b'}' | b'"' | b'\'' | b'`');
            self.lists_without_comma += usize::from(self.before.last().is_some_and(ends_bare) && !has_comment(self.before));
        }
        if body.starts_with(b")") {
            match self.before.last().filter(|_| !has_comment(self.before)) {
                Some(b',') => self.calls_with_comma += 1,
                Some(b'(' | b'{' | b'[') | None => {}
                Some(_) => self.calls_without_comma += 1,
            }
        }
        self.before = body;
        if body.is_empty() {
            return;
        }
        if is_comment(body) {
            self.single -= count(body, b'\'');
            self.double -= count(body, b'"');
            return;
        }
        if line.starts_with(b"\t") {
            self.tabs += 1;
        } else {
            if indent > self.indent && indent - self.indent <= 8 {
                self.steps[indent - self.indent] += 1;
            }
            self.indent = indent;
        }
        if line.len() > self.longest {
            // Characters, not the bytes that continue one.
            self.longest = self.longest.max(line.iter().filter(|byte| **byte & 0xc0 != 0x80).count());
        }
        self.trailing_commas += usize::from(body.ends_with(b","));
        let starts_statement = match body[0] {
            b'i' => body.starts_with(b"import "),
            b'r' => body.starts_with(b"return "),
            b'c' => body.starts_with(b"const "),
            b'e' => body.starts_with(b"export "),
            _ => false,
        };
        if starts_statement {
            match body.last() {
                Some(b';') => self.with_semicolon += 1,
                Some(b')' | b'\'' | b'"' | b'`' | b']') => self.without_semicolon += 1,
                _ => {}
            }
        }
        if body[0] == b'i' {
            match body.strip_prefix(b"import {") {
                Some([b' ', ..]) => self.spaced_braces += 1,
                Some([_, ..]) => self.tight_braces += 1,
                _ => {}
            }
        }
    }

    fn style(&self) -> Style {
        let spaces = (2..=8).max_by_key(|&n| (self.steps[n], n == 2)).filter(|&n| self.steps[n] > 0).unwrap_or(2);
        let has_tabs = self.tabs > self.steps.iter().sum::<usize>();
        Style {
            quote: if self.single > self.double { '\'' } else { '"' },
            semicolons: self.without_semicolon <= self.with_semicolon,
            indent: if has_tabs { "\t".to_owned() } else { " ".repeat(spaces) },
            other_indent: if has_tabs { " ".repeat(spaces) } else { "\t".to_owned() },
            newline: if self.carriage_returns * 2 > self.lines { "\r\n" } else { "\n" },
            width: match self.longest {
                81..=100 => 100,
                101..=120 => 120,
                _ => 80,
            },
            spaced_braces: self.tight_braces <= self.spaced_braces,
            trailing_commas: self.trailing_commas > 0 || self.lists_without_comma == 0,
            call_commas: (self.calls_with_comma + self.calls_without_comma > 0).then_some(self.calls_with_comma > self.calls_without_comma),
        }
    }
}

fn is_comment(body: &[u8]) -> bool {
    matches!(body, [b'*', ..] | [b'/', b'/' | b'*', ..])
}

/// Whether the line is not code to its end.
fn has_comment(body: &[u8]) -> bool {
    is_comment(body) || memchr::memchr_iter(b'/', body).any(|at| body.get(at + 1) == Some(&b'/'))
}

fn count(body: &[u8], byte: u8) -> usize {
    memchr::memchr_iter(byte, body).count()
}

/// The white space that the line of this offset starts with.
pub fn indent_at(text: &str, offset: u32) -> &str {
    let start = text[..offset as usize].rfind('\n').map_or(0, |i| i + 1);
    let line = &text[start..];
    let end = line.find(|c: char| c != ' ' && c != '\t').unwrap_or(line.len());
    &line[..end]
}

/// How many characters stand before this offset on its line.
pub fn column_at(text: &str, offset: u32) -> usize {
    text[..offset as usize].rsplit('\n').next().unwrap_or_default().chars().count()
}

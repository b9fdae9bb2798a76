//! Reads fixtures: Markdown in which a heading is a case and code blocks are its files.
//!
//! Knows nothing of rules or codemods; what a block means is said by the words after its language.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};

/// What stands under one heading.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    /// Line of the heading in the Markdown, from 1.
    pub line: usize,
    /// Whether the heading is a title (`#`).
    pub is_title: bool,
    /// The paragraphs, without the marks of code.
    pub prose: Vec<String>,
    pub blocks: Vec<Block>,
}

/// One fenced code block.
#[derive(Clone, Debug)]
pub struct Block {
    /// The path in the paragraph before it: `` `convex/schema.ts`: ``.
    pub path: Option<String>,
    pub language: String,
    /// The other words of the info string: `fixed`.
    pub words: Vec<String>,
    pub text: String,
    /// Where the text stands in the Markdown.
    pub range: Range<usize>,
    /// Line of its first line in the Markdown, from 1.
    pub line: usize,
}

impl Block {
    pub fn has_word(&self, word: &str) -> bool {
        self.words.iter().any(|w| w == word)
    }

    /// Whether the block holds code that can be linted.
    pub fn is_source(&self) -> bool {
        matches!(&*self.language, "ts" | "tsx" | "mts" | "cts" | "js" | "jsx" | "mjs" | "cjs")
    }

    /// Its path, or `convex/example.ts` with the ending of its language.
    pub fn path_or_default(&self) -> String {
        self.path.clone().unwrap_or_else(|| format!("convex/example.{}", self.language))
    }
}

/// The cases of a Markdown text: headings that have blocks under them.
pub fn cases(markdown: &str) -> Vec<Case> {
    let mut cases = sections(markdown);
    cases.retain(|case| !case.blocks.is_empty());
    cases
}

/// What stands under each heading, and before the first.
pub fn sections(markdown: &str) -> Vec<Case> {
    let mut cases = vec![Case { name: String::new(), line: 1, is_title: false, prose: Vec::new(), blocks: Vec::new() }];
    let mut events = Parser::new(markdown).into_offset_iter();
    let mut path: Option<String> = None;
    while let Some((event, range)) = events.next() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                let mut name = String::new();
                for (event, _) in events.by_ref() {
                    match event {
                        Event::End(TagEnd::Heading(_)) => break,
                        Event::Text(text) => name.push_str(&text),
                        Event::Code(code) => name.push_str(&format!("`{code}`")),
                        _ => {}
                    }
                }
                let line = line_of(markdown, range.start);
                cases.push(Case { name, line, is_title: level == HeadingLevel::H1, prose: Vec::new(), blocks: Vec::new() });
                path = None;
            }
            Event::Start(Tag::Paragraph) => {
                let (mut last_code, mut after, mut whole) = (None, String::new(), String::new());
                for (event, _) in events.by_ref() {
                    match event {
                        Event::End(TagEnd::Paragraph) => break,
                        Event::Code(code) => {
                            whole.push_str(&code);
                            last_code = Some(code.to_string());
                            after.clear();
                        }
                        Event::Text(text) => {
                            whole.push_str(&text);
                            after.push_str(&text);
                        }
                        Event::SoftBreak | Event::HardBreak => whole.push('\n'),
                        _ => {}
                    }
                }
                if let Some(case) = cases.last_mut() {
                    case.prose.push(whole);
                }
                path = last_code.filter(|_| after.trim() == ":");
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                let info = match &kind {
                    CodeBlockKind::Fenced(info) => info.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                let mut text = String::new();
                let mut whole: Option<Range<usize>> = None;
                for (event, range) in events.by_ref() {
                    match event {
                        Event::End(TagEnd::CodeBlock) => break,
                        Event::Text(part) => {
                            text.push_str(&part);
                            whole = Some(whole.map_or(range.clone(), |w| w.start..range.end));
                        }
                        _ => {}
                    }
                }
                // An empty block has no text event; its text would start after the opening fence.
                let first = markdown[range.clone()].find('\n').map_or(range.end, |at| range.start + at + 1);
                let whole = whole.unwrap_or(first..first);
                let mut words = info.split_whitespace().map(str::to_owned);
                let language = words.next().unwrap_or_default();
                let line = line_of(markdown, whole.start);
                let block = Block { path: path.take(), language, words: words.collect(), text, range: whole, line };
                if let Some(case) = cases.last_mut() {
                    case.blocks.push(block);
                }
            }
            _ => {}
        }
    }
    cases
}

/// The line that holds the byte, from 1.
pub fn line_of(text: &str, at: usize) -> usize {
    1 + text.as_bytes()[..at.min(text.len())].iter().filter(|b| **b == b'\n').count()
}

/// A line that a fixture marks, and words that the report must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// From 1.
    pub line: usize,
    pub words: Option<String>,
}

/// Takes the marks (`// error`, `// error: "words"`, `// left: a-code, another`, in JSX `{/* error */}`) out of a text: the text without them, and the marks.
pub fn take_marks(text: &str, keyword: &str) -> (String, Vec<Mark>) {
    let mut marks = Vec::new();
    let mut out = String::with_capacity(text.len());
    for (i, line) in text.split_inclusive('\n').enumerate() {
        let content = line.trim_end_matches(['\n', '\r']);
        match mark_in(content, keyword) {
            Some((at, words)) => {
                marks.push(Mark { line: i + 1, words });
                out.push_str(content[..at].trim_end());
                out.push_str(&line[content.len()..]);
            }
            None => out.push_str(line),
        }
    }
    (out, marks)
}

fn mark_in(line: &str, keyword: &str) -> Option<(usize, Option<String>)> {
    let (at, rest) = if let Some(jsx) = line.trim_end().strip_suffix("*/}") {
        let at = jsx.rfind("{/*")?;
        (at, jsx[at + 3..].trim())
    } else {
        let at = line.rfind(&format!("// {keyword}"))?;
        (at, line[at + 3..].trim())
    };
    let rest = rest.strip_prefix(keyword)?;
    if rest.is_empty() {
        return Some((at, None));
    }
    let words = rest.strip_prefix(':')?.trim();
    let is_code = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let words = match words.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"')?,
        None if words.split(", ").all(is_code) => words,
        None => return None,
    };
    Some((at, Some(words.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_cases_blocks_and_paths() {
        let markdown = "# Title\n\n## One\nProse.\n\n`convex/schema.ts`:\n```ts\na;\nb; // error\n```\n\n```ts fixed\n```\n\n## Empty\n";
        let cases = cases(markdown);
        assert_eq!(cases.len(), 1);
        assert_eq!(
            (&*cases[0].name, cases[0].line, &*cases[0].prose),
            ("One", 3, &["Prose.".to_owned(), "convex/schema.ts:".to_owned()][..])
        );
        let [schema, fixed] = &cases[0].blocks[..] else { panic!("{cases:?}") };
        assert_eq!((schema.path.as_deref(), schema.line, &*schema.text), (Some("convex/schema.ts"), 8, "a;\nb; // error\n"));
        assert_eq!(&markdown[schema.range.clone()], schema.text);
        assert!(fixed.has_word("fixed") && fixed.path.is_none() && fixed.text.is_empty());
        assert_eq!(&markdown[fixed.range.start..fixed.range.start + 3], "```");
    }

    #[test]
    fn takes_marks_out() {
        let (text, marks) = take_marks(
            "a; // error\nb; // errors\nc; // error: \"no index\"\n<p>{/* error */}\n// x // error\nd; // error: no-index\ne; // error: in",
            "error",
        );
        assert_eq!(text, "a;\nb; // errors\nc;\n<p>\n// x\nd;\ne;");
        let at = |line, words: Option<&str>| Mark { line, words: words.map(str::to_owned) };
        let wanted = [at(1, None), at(3, Some("no index")), at(4, None), at(5, None), at(6, Some("no-index")), at(7, Some("in"))];
        assert_eq!(marks, wanted);
    }
}

//! The code in Markdown and MDX pages: each fenced block of TypeScript or JavaScript is a file of its own.
//!
//! The text of such a file is the page with all but the block blanked out, so that every place in it is the place in the page.
//! Blocks that their authors mark as wrong are left out: an info word `no-lint`, or `❌`, `// error`, `// bad` and the like at their top.

use std::sync::Arc;

use markdown::mdast::{Code, Node};
use markdown::{Constructs, ParseOptions};

use crate::source::{Block, Language};

/// Whether the file is a page, by the ending of its name.
pub fn is_page(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| ["md", "mdx"].iter().any(|known| known.eq_ignore_ascii_case(ending)))
}

/// The blocks of a page, in order, each with its text: as long as the page.
///
/// MDX that cannot be read as such is read as Markdown.
pub fn blocks(path: &str, page: &str) -> Vec<(Block, String)> {
    if page.lines().any(is_too_deep) {
        return Vec::new();
    }
    let page: Arc<str> = page.into();
    let read = |constructs: Constructs| {
        let options = ParseOptions { constructs, ..ParseOptions::default() };
        crate::source::guarded(|| markdown::to_mdast(&page, &options)).ok()?.ok()
    };
    let is_mdx = path.to_ascii_lowercase().ends_with(".mdx");
    let tree = if is_mdx { read(without_text(Constructs::mdx())) } else { None }.or_else(|| read(without_text(Constructs::gfm())));
    let mut found = Vec::new();
    let mut queue: Vec<Node> = tree.into_iter().collect();
    while let Some(mut node) = queue.pop() {
        if let Node::Code(code) = &node {
            found.extend(block(&page, code));
        }
        // Taken apart, for the tree of a hostile page is deep.
        if let Some(children) = node.children_mut() {
            queue.extend(std::mem::take(children));
        }
    }
    found.sort_by_key(|(block, _)| block.start);
    found
}

/// What stands in a paragraph is of no interest, and can take a reader time that grows with the square of its length.
fn without_text(all: Constructs) -> Constructs {
    Constructs {
        attention: false,
        autolink: false,
        character_escape: false,
        character_reference: false,
        code_text: false,
        gfm_autolink_literal: false,
        gfm_label_start_footnote: false,
        gfm_strikethrough: false,
        hard_break_escape: false,
        hard_break_trailing: false,
        html_text: false,
        label_end: false,
        label_start_image: false,
        label_start_link: false,
        math_text: false,
        mdx_expression_text: false,
        mdx_jsx_text: false,
        ..all
    }
}

/// Quotes in quotes and lists in lists, more than anybody writes: reading them takes time that grows with the square of their depth, and faster.
fn is_too_deep(line: &str) -> bool {
    const DEEPEST: usize = 50;
    let is_mark = |c: char| c.is_ascii_digit() || matches!(c, '>' | '-' | '*' | '+' | '.' | ')' | ' ' | '\t');
    let marks = line.split(|c| !is_mark(c)).next().unwrap_or_default().as_bytes();
    let lists = marks.windows(2).filter(|pair| matches!(pair, [b'-' | b'*' | b'+' | b'.' | b')', b' ' | b'\t'])).count();
    lists + marks.iter().filter(|byte| **byte == b'>').count() > DEEPEST
}

fn block(page: &Arc<str>, code: &Code) -> Option<(Block, String)> {
    let language = language(code.lang.as_deref()?)?;
    let words = code.meta.as_deref().unwrap_or_default();
    if words.split(|c: char| c.is_whitespace() || c == ',').any(|word| word == "no-lint")
        || code.value.is_empty()
        || is_marked_wrong(&code.value)
    {
        return None;
    }
    let place = code.position.as_ref()?;
    let whole = page.get(place.start.offset..place.end.offset)?;
    let first = place.start.offset + whole.find('\n')? + 1;
    let mut text = blank(&page[..first]);
    let mut at = first;
    let mut is_plain = true;
    let mut indent = None;
    for line in code.value.split('\n') {
        let rest = page.get(at..)?;
        let end = rest.find('\n').map_or(rest.len(), |end| end + 1);
        let (with_break, written) = (&rest[..end], rest[..end].trim_end_matches(['\n', '\r']));
        // What stands before the code is the mark of a quote, or the indent of a list.
        let before = written.strip_suffix(line.trim_end_matches('\r'))?;
        is_plain &= before.bytes().all(|b| b == b' ' || b == b'\t');
        indent.get_or_insert(before);
        text += &blank(before);
        text += &with_break[before.len()..];
        at += end;
    }
    let start = first as u32;
    let after = (page.len() - at) as u32;
    text += &blank(&page[at..]);
    Some((Block { start, after, language, is_plain, indent: indent.unwrap_or_default().into(), page: page.clone() }, text))
}

fn language(word: &str) -> Option<Language> {
    let word = word.split(['{', ',', ':', '[']).next().unwrap_or_default();
    Some(match &*word.to_ascii_lowercase() {
        "ts" | "typescript" | "mts" | "cts" => Language::TypeScript,
        "tsx" => Language::Tsx,
        "js" | "javascript" | "mjs" | "cjs" | "jsx" => Language::JavaScript,
        _ => return None,
    })
}

/// Whether a comment at the top, or a cross anywhere, says that this is how not to do it.
fn is_marked_wrong(code: &str) -> bool {
    const MARKS: [&str; 7] = ["error", "bad", "wrong", "incorrect", "don't", "do not", "never"];
    let says = |line: &str| {
        let comment = line.trim_start().strip_prefix("//").or_else(|| line.trim_start().strip_prefix("/*")).unwrap_or_default();
        let comment = comment.trim_start_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
        MARKS.iter().any(|mark| comment.strip_prefix(mark).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric())))
    };
    code.contains(['❌', '✗', '✘', '🚫'])
        || code.lines().take_while(|line| is_comment(line)).any(says)
        || code.lines().any(|l| l.trim() == "// error")
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with("//") || line.starts_with("/*") || line.starts_with('*')
}

/// As many bytes, all of them blanks, with the same ends of lines.
fn blank(text: &str) -> String {
    text.bytes().map(|byte| if matches!(byte, b'\n' | b'\r' | b'\t') { char::from(byte) } else { ' ' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, page: &str) -> Vec<String> {
        let check = |(block, text): (Block, String)| {
            assert_eq!(text.len(), page.len());
            assert!(block.is_plain || page.contains('>'));
            text[block.start as usize..text.len() - block.after as usize].to_owned()
        };
        blocks(path, page).into_iter().map(check).collect()
    }

    #[test]
    fn blocks_are_where_they_stand() {
        let page = "# Ünïcode\n\n```ts title=\"a.ts\"\nconst a = 1;\n```\n\n1. item\n\n   ~~~tsx\n   const b = 2;\n   ~~~\n\n> ```js\n> const c = 3;\n>\n> ```\n\n```sh\nls\n```\n";
        assert_eq!(found("a.md", page), ["const a = 1;\n", "   const b = 2;\n", "  const c = 3;\n \n"]);
    }

    #[test]
    fn what_is_marked_as_wrong_is_left_out() {
        let page = "```ts no-lint\na;\n```\n```ts\n// ❌ no\nb;\n```\n```ts\n// Bad: a scan\nc;\n```\n```ts\n// badges\nd;\n```\n```ts\nf(); // error\n```\n```ts\n// error\ne;\n```\n";
        assert_eq!(found("a.md", page), ["// badges\nd;\n", "f(); // error\n"]);
    }

    #[test]
    fn code_between_tags_of_mdx_is_code() {
        let page = "import { Tab } from \"./tab\";\n\n<Tab>\n  ```ts\n  const a = 1;\n  ```\n</Tab>\n\n{1 + 1}\n";
        assert_eq!(found("a.mdx", page), ["  const a = 1;\n"]);
        // A brace that nothing closes.
        assert_eq!(found("a.mdx", "{\n\n```ts\nconst a = 1;\n```\n"), ["const a = 1;\n"]);
    }

    #[test]
    fn the_end_of_a_page_ends_a_block() {
        assert_eq!(found("a.md", "```ts\nconst a = 1;"), ["const a = 1;"]);
        assert_eq!(found("a.md", "```ts\r\nconst a = 1;\r\nb;\r\n```\r\n"), ["const a = 1;\r\nb;\r\n"]);
        assert_eq!(found("a.md", "```ts\n```\n"), Vec::<String>::new());
        assert_eq!(found("a.md", &format!("title\n{}\n```ts\na;\n```\n", "-".repeat(200))), ["a;\n"]);
        let hostile = [">", "- ", "* ", "+ ", "1. ", "[", "*a_", "`", "```ts\n", "<a>\n", "{\n", "~", "![", "|", "    ", "\t"];
        for text in hostile {
            found("a.md", &text.repeat(3_000));
            found("a.mdx", &text.repeat(3_000));
        }
    }
}

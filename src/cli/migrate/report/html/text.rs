//! Text as HTML: whatever a file or a schema holds, it is shown as it is, and is never obeyed.

use std::fmt::Write as _;
use std::ops::Range;

/// Letters of a line that are shown; nobody reads more of one.
const LINE: usize = 1_000;

/// Text between tags, or in quotes. What would be invisible, or would change the order of letters, is shown by its name.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for letter in text.chars() {
        match letter {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            '\t' | '\n' => out.push(letter),
            // The pictures that Unicode has of them.
            '\0'..'\u{20}' => out.extend(char::from_u32(0x2400 + u32::from(letter))),
            '\u{7f}' => out.push('\u{2421}'),
            '\u{80}'..'\u{a0}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
                let _ = write!(out, "\u{27e8}U+{:04X}\u{27e9}", u32::from(letter));
            }
            _ => out.push(letter),
        }
    }
    out
}

/// A message: what stands in backticks is code.
pub fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // An odd number of backticks does not enclose anything.
    if parts.len().is_multiple_of(2) {
        return escaped(text);
    }
    let part = |(i, part): (usize, &&str)| match (i % 2, part.is_empty()) {
        (_, true) => String::new(),
        (0, _) => escaped(part),
        _ => format!("<code>{}</code>", escaped(part)),
    };
    parts.iter().enumerate().map(part).collect()
}

/// A line of code, with parts of it marked by an element.
pub fn line(text: &str, marks: &[Range<usize>], element: &str) -> String {
    let end = text.char_indices().nth(LINE).map_or(text.len(), |(at, _)| at);
    let mut out = String::new();
    let mut at = 0;
    for mark in marks.iter().filter(|mark| mark.end <= end) {
        let _ = write!(out, "{}<{element}>{}</{element}>", escaped(&text[at..mark.start]), escaped(&text[mark.clone()]));
        at = mark.end;
    }
    out += &escaped(&text[at..end]);
    if end < text.len() {
        let _ = write!(out, "<i>… and {} more letters</i>", text[end..].chars().count());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_obeyed() {
        assert_eq!(escaped("</script>&\"'\t\u{1b}\u{0}"), "&lt;/script&gt;&amp;&quot;&#39;\t\u{241b}\u{2400}");
        assert_eq!(escaped("a\u{202e}b\u{9b}"), "a⟨U+202E⟩b⟨U+009B⟩");
        assert_eq!(prose("see `a<b>` and <c>"), "see <code>a&lt;b&gt;</code> and &lt;c&gt;");
        assert_eq!(prose("one ` alone"), "one ` alone");
    }

    #[test]
    fn lines_are_marked_and_cut() {
        assert_eq!(line("a<b", &[1..2, 3..3][..1], "ins"), "a<ins>&lt;</ins>b");
        let long = line(&"é".repeat(1_200), &[], "ins");
        assert!(long.ends_with("é<i>… and 200 more letters</i>"), "{long}");
    }
}

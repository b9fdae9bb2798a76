//! Between bytes of a text and the lines and UTF-16 columns that editors count in.

use lsp_types::{Position, Range};

/// Where the lines of a text start. Lines end as the protocol says: with `\n`, `\r\n` or `\r`.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
    /// How many bytes of the text editors do not show: its byte order mark.
    hidden: u32,
}

impl LineIndex {
    /// Of a text as it is in an editor.
    pub fn of_document(text: &str) -> Self {
        Self::new(text, 0)
    }

    /// Of a text as it is on disk.
    pub fn of_file(text: &str) -> Self {
        Self::new(text, if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() as u32 } else { 0 })
    }

    fn new(text: &str, hidden: u32) -> Self {
        let bytes = text.as_bytes();
        let is_end = |at: &usize| bytes[*at] == b'\n' || bytes.get(*at + 1) != Some(&b'\n');
        let ends = memchr::memchr2_iter(b'\n', b'\r', bytes).filter(is_end);
        Self { starts: std::iter::once(hidden).chain(ends.map(|at| at as u32 + 1)).collect(), hidden }
    }

    pub fn position(&self, text: &str, offset: u32) -> Position {
        let offset = text.floor_char_boundary(offset.max(self.hidden) as usize);
        let line = self.starts.partition_point(|start| *start as usize <= offset).saturating_sub(1);
        let before = text.get(self.starts.get(line).map_or(0, |start| *start as usize)..offset).unwrap_or_default();
        Position::new(line as u32, before.encode_utf16().count() as u32)
    }

    pub fn range(&self, text: &str, start: u32, end: u32) -> Range {
        Range::new(self.position(text, start), self.position(text, end.max(start)))
    }

    /// The nearest byte: a column behind the end of its line is that end, a line behind the last is the end of the text.
    pub fn offset(&self, text: &str, position: Position) -> u32 {
        let Some(start) = self.starts.get(position.line as usize) else { return text.len() as u32 };
        let next = self.starts.get(position.line as usize + 1).map_or(text.len(), |next| *next as usize);
        let line = text.get(*start as usize..next).unwrap_or_default();
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let mut column = 0;
        for (at, letter) in line.char_indices() {
            let after = column + letter.len_utf16() as u32;
            // In the middle of a pair is before it.
            if after > position.character {
                return start + at as u32;
            }
            column = after;
        }
        start + line.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_utf_16() {
        let text = "a\u{1f600}b\r\nü\rx\n";
        let index = LineIndex::of_document(text);
        let places = [(0, 0, 0), (1, 0, 1), (5, 0, 3), (6, 0, 4), (8, 1, 0), (10, 1, 1), (11, 2, 0), (13, 3, 0)];
        for (offset, line, column) in places {
            assert_eq!(index.position(text, offset), Position::new(line, column), "{offset}");
            assert_eq!(index.offset(text, Position::new(line, column)), offset, "{line}:{column}");
        }
    }

    #[test]
    fn places_that_are_not_there_are_near_ones() {
        let text = "a\u{1f600}b\r\nü";
        let index = LineIndex::of_document(text);
        assert_eq!(index.offset(text, Position::new(0, 2)), 1, "in the middle of a pair");
        assert_eq!(index.offset(text, Position::new(0, 99)), 6, "behind the line");
        assert_eq!(index.offset(text, Position::new(1, 99)), 10, "behind the last line");
        assert_eq!(index.offset(text, Position::new(9, 0)), 10, "behind the text");
        assert_eq!(index.position(text, 99), Position::new(1, 1));
        assert_eq!(index.position(text, 3), Position::new(0, 1), "in the middle of a character");
        let empty = LineIndex::of_document("");
        assert_eq!((empty.position("", 0), empty.offset("", Position::new(0, 5))), (Position::new(0, 0), 0));
    }

    #[test]
    fn a_byte_order_mark_has_no_column_where_editors_hide_it() {
        let text = "\u{feff}ab\nc";
        assert_eq!(LineIndex::of_file(text).position(text, 4), Position::new(0, 1));
        assert_eq!(LineIndex::of_file(text).offset(text, Position::new(0, 1)), 4);
        assert_eq!(LineIndex::of_document(text).position(text, 4), Position::new(0, 2));
        assert_eq!(LineIndex::of_file(text).position(text, 6), Position::new(1, 0));
    }
}

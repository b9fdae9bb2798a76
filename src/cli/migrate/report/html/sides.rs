//! Two texts side by side: which line stands beside which, and what in a line is another.
//!
//! Lines are compared by `similar`. Where several lines took the place of several, those that share most of their words stand side by side.

use std::ops::Range;

use similar::{Algorithm, DiffOp, TextDiff, capture_diff_slices};

/// Lines around a change that are shown as well.
const CONTEXT: usize = 3;

/// So many pairs of lines are compared by their words; beyond, lines stand side by side in their order.
const PAIRS: usize = 20_000;

/// Longer lines are not compared word by word.
const LONG: usize = 2_000;

/// Lines with fewer of their words in common are two lines, and not one that has changed.
const ALIKE: f64 = 0.45;

#[derive(Debug, PartialEq, Eq)]
pub enum Row<'a> {
    /// A line that both have, with its numbers.
    Same {
        old: usize,
        new: usize,
        text: &'a str,
    },
    Changed {
        old: Option<Side<'a>>,
        new: Option<Side<'a>>,
    },
    /// So many lines that both have.
    Skipped(usize),
}

/// One line, on one side.
#[derive(Debug, PartialEq, Eq)]
pub struct Side<'a> {
    /// From 1.
    pub line: usize,
    /// Without its end.
    pub text: &'a str,
    /// What is not in the line beside it; nothing where there is none, or where all is.
    pub marks: Vec<Range<usize>>,
}

pub fn rows<'a>(before: &'a str, after: &'a str) -> Vec<Row<'a>> {
    let diff = TextDiff::from_lines(before, after);
    let (old, new) = (diff.old_slices(), diff.new_slices());
    let mut rows = Vec::new();
    let mut shown = 0;
    for group in diff.grouped_ops(CONTEXT) {
        for op in group {
            let (olds, news) = (op.old_range(), op.new_range());
            if olds.start > shown {
                rows.push(Row::Skipped(olds.start - shown));
            }
            shown = olds.end;
            match op {
                DiffOp::Equal { .. } => {
                    let both = olds.zip(news);
                    rows.extend(both.map(|(o, n)| Row::Same { old: o + 1, new: n + 1, text: without_end(old[o]) }));
                }
                _ => changed(&mut rows, old, new, olds, news),
            }
        }
    }
    if !rows.is_empty() && old.len() > shown {
        rows.push(Row::Skipped(old.len() - shown));
    }
    rows
}

fn changed<'a>(rows: &mut Vec<Row<'a>>, old: &[&'a str], new: &[&'a str], olds: Range<usize>, news: Range<usize>) {
    let side = |lines: &[&'a str], line: usize| Side { line: line + 1, text: without_end(lines[line]), marks: Vec::new() };
    let (mut o, mut n) = (olds.start, news.start);
    // What stands between two pairs stands side by side as it comes.
    let mut between = |rows: &mut Vec<Row<'a>>, to_old: usize, to_new: usize| {
        while o < to_old || n < to_new {
            let (left, right) = ((o < to_old).then(|| side(old, o)), (n < to_new).then(|| side(new, n)));
            o += usize::from(left.is_some());
            n += usize::from(right.is_some());
            rows.push(Row::Changed { old: left, new: right });
        }
        (o, n) = (to_old + 1, to_new + 1);
    };
    for (left, right) in pairs(&old[olds.clone()], &new[news.clone()]) {
        let (left, right) = (olds.start + left, news.start + right);
        between(rows, left, right);
        let (mut a, mut b) = (side(old, left), side(new, right));
        (a.marks, b.marks) = marks(a.text, b.text);
        rows.push(Row::Changed { old: Some(a), new: Some(b) });
    }
    between(rows, olds.end, news.end);
}

/// The lines that stand beside each other: in order, and with as many words in common as can be had.
fn pairs(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    let (rows, columns) = (old.len(), new.len());
    if rows * columns > PAIRS {
        return Vec::new();
    }
    let [olds, news] = [old, new].map(|lines| lines.iter().map(|line| words(line)).collect::<Vec<_>>());
    let likeness = |o: usize, n: usize| alike(&olds[o], &news[n], old[o], new[n]);
    // The best that can be had of the lines from here on.
    let mut best = vec![vec![0.0_f64; columns + 1]; rows + 1];
    for o in (0..rows).rev() {
        for n in (0..columns).rev() {
            best[o][n] = best[o + 1][n].max(best[o][n + 1]).max(likeness(o, n) + best[o + 1][n + 1]);
        }
    }
    let (mut o, mut n) = (0, 0);
    let mut found = Vec::new();
    while o < rows && n < columns {
        let likeness = likeness(o, n);
        if likeness > 0.0 && best[o][n] <= likeness + best[o + 1][n + 1] {
            found.push((o, n));
            (o, n) = (o + 1, n + 1);
        } else if best[o + 1][n] >= best[o][n + 1] {
            o += 1;
        } else {
            n += 1;
        }
    }
    found
}

/// How much speaks for two lines to be one; 0 where nothing does.
fn alike(a: &[&str], b: &[&str], left: &str, right: &str) -> f64 {
    if a.is_empty() && b.is_empty() {
        return if left.trim() == right.trim() { 0.1 } else { 0.0 };
    }
    let (mut i, mut j, mut common) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, common) = (i + 1, j + 1, common + 1),
        }
    }
    let share = 2.0 * f64::from(common) / (a.len() + b.len()) as f64;
    // One word says little, unless it is nearly all there is.
    let is_alike = share >= ALIKE && common > 1 || share > 0.7;
    if is_alike { f64::from(common) * share } else { 0.0 }
}

/// The words of a line, sorted.
fn words(line: &str) -> Vec<&str> {
    let mut words: Vec<&str> = line.split(|c: char| !is_of_word(c)).filter(|word| !word.is_empty()).take(200).collect();
    words.sort_unstable();
    words
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

/// What each of two lines has that the other has not.
fn marks(old: &str, new: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    if old.len() > LONG || new.len() > LONG {
        return (Vec::new(), Vec::new());
    }
    let [olds, news] = [old, new].map(tokens);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for op in capture_diff_slices(Algorithm::Myers, &olds, &news) {
        if !matches!(op, DiffOp::Equal { .. }) {
            add(&mut left, old, &olds, op.old_range());
            add(&mut right, new, &news, op.new_range());
        }
    }
    let is_all = |marks: &[Range<usize>], text: &str| marks.iter().map(Range::len).sum::<usize>() * 4 > text.trim().len() * 3;
    if is_all(&left, old) && is_all(&right, new) { (Vec::new(), Vec::new()) } else { (left, right) }
}

/// Marks some tokens; blanks between two marks are marked with them.
fn add(marks: &mut Vec<Range<usize>>, text: &str, tokens: &[&str], range: Range<usize>) {
    let at = |token: usize| tokens[..token].iter().map(|token| token.len()).sum::<usize>();
    let range = at(range.start)..at(range.end);
    if range.is_empty() {
        return;
    }
    match marks.last_mut() {
        Some(last) if text[last.end..range.start].trim().is_empty() => last.end = range.end,
        _ => marks.push(range),
    }
}

/// Words, blanks, and every other letter alone.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut start = 0;
    let kind = |c: char| {
        if is_of_word(c) {
            Some(true)
        } else if c.is_whitespace() {
            Some(false)
        } else {
            None
        }
    };
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let end = at + letter.len_utf8();
        let goes_on = letters.peek().is_some_and(|(_, next)| kind(letter).is_some() && kind(*next) == kind(letter));
        if !goes_on {
            tokens.push(&text[start..end]);
            start = end;
        }
    }
    tokens
}

fn without_end(line: &str) -> &str {
    line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row in one line: marks in brackets.
    fn shown(before: &str, after: &str) -> Vec<String> {
        let side = |side: &Option<Side<'_>>| {
            side.as_ref().map_or_else(String::new, |side| {
                let mut text = side.text.to_owned();
                for mark in side.marks.iter().rev() {
                    text.insert(mark.end, ']');
                    text.insert(mark.start, '[');
                }
                format!("{} {text}", side.line)
            })
        };
        let row = |row: Row<'_>| match row {
            Row::Same { old, new, text } => format!("{old}={new} {text}"),
            Row::Changed { old, new } => format!("{} | {}", side(&old), side(&new)),
            Row::Skipped(count) => format!("… {count}"),
        };
        rows(before, after).into_iter().map(row).collect()
    }

    #[test]
    fn lines_stand_beside_those_that_they_became() {
        let before = "a\nconst user = table(\"users\");\n});\n";
        let after = "a\n// New.\nconst user = orm(\"users\");\nmore();\n});\n";
        let wanted =
            ["1=1 a", " | 2 // New.", "2 const user = [table](\"users\"); | 3 const user = [orm](\"users\");", " | 4 more();", "3=5 });"];
        assert_eq!(shown(before, after), wanted);
    }

    #[test]
    fn lines_with_nothing_in_common_are_not_marked() {
        assert_eq!(shown("one two\n", "three four\n"), ["1 one two | 1 three four"]);
        assert_eq!(shown("x\n", ""), ["1 x | "]);
        assert_eq!(shown("same\n", "same\n"), Vec::<String>::new());
    }

    #[test]
    fn what_is_the_same_for_long_is_counted() {
        let lines = |from: usize, to: usize| (from..to).map(|i| format!("{i}\n")).collect::<String>();
        let rows = shown(&lines(0, 20), &format!("{}new\n{}", lines(0, 10), lines(10, 20)));
        assert_eq!(rows, ["… 7", "8=8 7", "9=9 8", "10=10 9", " | 11 new", "11=12 10", "12=13 11", "13=14 12", "… 7"]);
    }

    #[test]
    fn line_ends_are_no_part_of_lines() {
        assert_eq!(shown("a\r\nb c d\r\n", "a\r\nb c e\r\n"), ["1=1 a", "2 b c [d] | 2 b c [e]"]);
        assert_eq!(shown("a", "a\n"), ["1 a | 1 a"]);
    }
}

//! Spoils good code in many ways and runs everything over it. The same seed and number give the same text, always.
//!
//! Knows no process and prints nothing: watching for aborts and hangs is the business of `tests/tools/mutate.rs`.

// Said in full, as the tool names this file by its path, too.
#[path = "mutation/words.rs"]
mod words;

use std::path::{Path, PathBuf};

use orm_lint::diagnostic::{Diagnostic, Level};
use orm_lint::lint::{self, RuleSet, Settings};
use orm_lint::model::{self, Layout, Root, Workspace};
use orm_lint::rules;
use orm_lint::source::{FileId, Span};

use super::markdown;
use words::{CHARACTERS, NESTS, WORDS};

/// Code to start from.
pub struct Seed {
    pub path: String,
    pub text: String,
}

/// What came of a seed.
pub struct Input {
    pub path: String,
    pub text: String,
    /// Whether it stands beside a schema of other tables.
    pub has_schema: bool,
}

/// Code in files and in the blocks of Markdown under these paths, sorted. Large files are left out: they would take the time of many.
pub fn seeds(paths: &[PathBuf]) -> Vec<Seed> {
    const LARGE: usize = 48 << 10;
    let mut seeds = Vec::new();
    for path in paths {
        let walk = ignore::WalkBuilder::new(path).standard_filters(false).sort_by_file_name(Ord::cmp).build();
        for entry in walk.flatten() {
            let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
            if text.len() <= LARGE {
                seeds.extend(seeds_in(entry.path(), text));
            }
        }
    }
    seeds
}

fn seeds_in(path: &Path, text: String) -> Vec<Seed> {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    if ending == "md" {
        let blocks = markdown::cases(&text).into_iter().flat_map(|case| case.blocks).filter(markdown::Block::is_source);
        return blocks.map(|block| Seed { path: block.path_or_default(), text: block.text }).collect();
    }
    if !ENDINGS.contains(&ending) {
        return Vec::new();
    }
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    vec![Seed { path: format!("convex/{name}"), text }]
}

/// What stands beside an input that wants a schema.
const SCHEMA: &str = include_str!("../../fixtures/prelude/schema.ts");

const ENDINGS: &[&str] = &["ts", "tsx", "js", "jsx", "mts", "cts", "mjs", "cjs"];

/// The input with this number.
pub fn input(seeds: &[Seed], seed: u64, number: u64) -> Input {
    let mut random = Random::new(seed, number);
    let start = random.pick(seeds);
    let mut text = start.text.clone();
    let is_gentle = !random.one_in(3);
    for _ in 0..=random.below(6).min(random.below(6)) {
        if is_gentle {
            exchange(&mut text, seeds, &mut random);
        } else {
            spoil(&mut text, seeds, &mut random);
        }
    }
    let mut path = start.path.clone();
    if random.one_in(8) {
        let stem = path.rsplit_once('.').map_or(&*path, |(stem, _)| stem);
        path = format!("{stem}.{}", random.pick(&["ts", "tsx", "js", "jsx", "mts", "cts", "mjs", "cjs", "d.ts", "test.ts", "config.ts"]));
    }
    Input { path, text, has_schema: random.one_in(2) }
}

/// Runs the whole of the linter over the input, with all rules and fixes. Whether it was free of syntax errors, or what is wrong; it may also panic.
pub fn run(input: &Input) -> Result<bool, String> {
    let mut files = vec![(input.path.clone(), input.text.clone())];
    if input.has_schema && input.path != "convex/schema.ts" {
        files.push(("convex/schema.ts".to_owned(), SCHEMA.to_owned()));
    }
    let of_file = vec![Some(0); files.len()];
    let read = |(i, (path, text)): (usize, (String, String))| model::read(FileId(i as u32), path, text);
    let files = files.into_iter().enumerate().map(read).collect();
    let root = Root { functions: "convex".to_owned(), is_component: input.path.contains(".config.") };
    let workspace = Workspace::link(files, Layout { roots: vec![root], ..Layout::default() });
    for file in &workspace.files {
        let (text, errors) = (&file.source.text, &file.source.errors);
        if let Some(error) = errors.iter().find(|e| text.get(e.start as usize..e.end as usize).is_none()) {
            return Err(format!("an error lies outside of the file or inside a character: {error:?}"));
        }
        if let Some(comment) = file.source.comments.iter().find(|c| text.get(c.start as usize..c.end as usize).is_none()) {
            return Err(format!("a comment lies outside of the file or inside a character: {comment:?}"));
        }
    }
    let built = rules::ALL.iter().filter_map(|entry| (entry.build)(serde_json::json!({})).ok());
    let all: Vec<_> = built.map(|rule| (rule, Level::Error)).collect();
    let settings = Settings { sets: vec![RuleSet { rules: all }], of_file };
    let found = lint::lint(&workspace, &settings);
    check(&workspace, &found)?;
    let was_readable = workspace.files.iter().all(|file| file.source.errors.is_empty());
    let fixed = lint::fix(workspace, &settings, true);
    check(&fixed.workspace, &fixed.diagnostics)?;
    let is_readable = fixed.workspace.files.iter().all(|file| file.source.errors.is_empty());
    if was_readable && !is_readable {
        return Err("a fix broke the file".to_owned());
    }
    Ok(was_readable)
}

fn check(workspace: &Workspace, found: &[Diagnostic]) -> Result<(), String> {
    let is_placed = |span: &Span| {
        let file = workspace.files.get(span.file.0 as usize);
        file.is_some_and(|file| file.source.text.get(span.start as usize..span.end as usize).is_some())
    };
    for d in found {
        let edits = d.fix.iter().flat_map(|fix| &fix.edits).map(|edit| &edit.span);
        if !d.labels.iter().map(|label| &label.span).chain([&d.span]).chain(edits).all(is_placed) {
            return Err(format!("a span lies outside of its file or inside a character: {d:?}"));
        }
    }
    Ok(())
}

/// Changes that often leave code that parses: a whole part for another, or something around it.
fn exchange(text: &mut String, seeds: &[Seed], random: &mut Random) {
    let parts = parts(text);
    let (Some(&(start, end)), other) = (random.some(&parts), random.pick(seeds)) else { return };
    match random.below(8) {
        0..=2 => {
            let parts = parts_like(&other.text, &text[start..end]);
            let Some(&(from, to)) = random.some(&parts) else { return };
            text.replace_range(start..end, &other.text[from..to]);
        }
        3..=4 => {
            let parts = parts_like(text, &text[start..end]);
            let Some(&(from, to)) = random.some(&parts) else { return };
            let part = text[from..to].to_owned();
            text.replace_range(start..end, &part);
        }
        5 => text.replace_range(start..end, random.pick::<&str>(WORDS)),
        6 => {
            let lines = lines(text);
            let (start, end) = random.range(&lines, 1);
            text.replace_range(start..end, "");
        }
        _ => {
            let &(open, close) = random.pick(NESTS);
            let levels = if random.one_in(4) { 1 + random.below(20) } else { 1 };
            text.insert_str(end, &close.repeat(levels));
            text.insert_str(start, &open.repeat(levels));
        }
    }
}

/// Names and whole brackets.
fn parts(text: &str) -> Vec<(usize, usize)> {
    let mut open = Vec::new();
    let mut parts = Vec::new();
    for range in tokens(text).windows(2) {
        let &[start, end] = range else { continue };
        match text.as_bytes().get(start).copied().unwrap_or_default() {
            b'(' | b'[' | b'{' => open.push(start),
            b')' | b']' | b'}' => parts.extend(open.pop().map(|start| (start, end))),
            b if b.is_ascii_alphanumeric() => parts.push((start, end)),
            _ => {}
        }
    }
    parts
}

/// Those that start like this one: brackets of its kind, or names.
fn parts_like(text: &str, model: &str) -> Vec<(usize, usize)> {
    let kind = |byte: u8| if byte.is_ascii_alphanumeric() { b'a' } else { byte };
    let wanted = model.bytes().next().map(kind);
    parts(text).into_iter().filter(|&(start, _)| text.as_bytes().get(start).copied().map(kind) == wanted).collect()
}

fn spoil(text: &mut String, seeds: &[Seed], random: &mut Random) {
    match random.below(16) {
        0 => {
            let at = random.place(text);
            text.insert_str(at, random.pick::<&str>(CHARACTERS));
        }
        1 => {
            let (start, end) = (random.place(text), random.place(text));
            let end = text.ceil_char_boundary((start + end.saturating_sub(start) % 4 + 1).min(text.len()));
            text.replace_range(start..end, "");
        }
        2 => {
            let at = random.place(text);
            text.truncate(at);
        }
        3..=5 => {
            let tokens = tokens(text);
            let (start, end) = random.range(&tokens, 3);
            text.replace_range(start..end, random.pick::<&str>(WORDS));
        }
        6 => {
            let tokens = tokens(text);
            let (start, end) = random.range(&tokens, 8);
            text.replace_range(start..end, "");
        }
        7 => {
            let tokens = tokens(text);
            let (start, end) = random.range(&tokens, 8);
            let copy = text[start..end].to_owned();
            let at = random.range(&tokens, 1).0;
            text.insert_str(at, &copy);
        }
        8..=9 => {
            let other = &random.pick(seeds).text;
            let (start, end) = random.range(&tokens(other), 30);
            let part = &other[start..end];
            let (from, to) = random.range(&tokens(text), 4);
            text.replace_range(from..to, part);
        }
        10 => move_line(text, random),
        11 => {
            let lines = lines(text);
            let (start, end) = random.range(&lines, 6);
            text.replace_range(start..end, "");
        }
        _ => nest(text, random),
    }
}

fn move_line(text: &mut String, random: &mut Random) {
    let (start, end) = random.range(&lines(text), 3);
    let part = text[start..end].to_owned();
    if random.one_in(2) {
        text.replace_range(start..end, "");
    }
    let at = random.range(&lines(text), 1).0;
    text.insert_str(at, &part);
}

/// Wraps a part in the same thing again and again; now and then more often than anyone can read.
fn nest(text: &mut String, random: &mut Random) {
    let (start, end) = random.range(&tokens(text), 12);
    let &(open, close) = random.pick(NESTS);
    let levels = match random.below(40) {
        0 => 200 + random.below(6_000),
        1..=8 => 2 + random.below(40),
        _ => 1,
    };
    let is_closed = !random.one_in(12);
    text.insert_str(end, &if is_closed { close.repeat(levels) } else { String::new() });
    text.insert_str(start, &open.repeat(levels));
}

/// Where each token starts, roughly, and where the text ends.
fn tokens(text: &str) -> Vec<usize> {
    let kind = |c: char| match c {
        c if c.is_alphanumeric() || matches!(c, '_' | '$') => 0,
        c if c.is_whitespace() => 1,
        _ => 2,
    };
    let mut starts = vec![0];
    let mut before = None;
    for (at, c) in text.char_indices() {
        if at > 0 && (kind(c) == 2 || before != Some(kind(c))) {
            starts.push(at);
        }
        before = Some(kind(c));
    }
    starts.push(text.len());
    starts
}

fn lines(text: &str) -> Vec<usize> {
    let mut starts = vec![0];
    starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
    starts.push(text.len());
    starts
}

/// Numbers that look random: xorshift.
struct Random(u64);

impl Random {
    fn new(seed: u64, number: u64) -> Self {
        // Neighbouring numbers must not give neighbouring states.
        let mixed = (seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mut random = Self((mixed ^ (mixed >> 27)) | 1);
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 16
    }

    fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit.max(1)
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn some<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    fn place(&mut self, text: &str) -> usize {
        text.floor_char_boundary(self.below(text.len() + 1))
    }

    /// From one start to another that is at most so many further.
    fn range(&mut self, starts: &[usize], most: usize) -> (usize, usize) {
        let from = self.below(starts.len());
        let to = (from + self.below(most + 1)).min(starts.len() - 1);
        (starts[from], starts[to])
    }
}

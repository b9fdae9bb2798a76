//! From the files of a run back to those on disk: blocks of code go back into their pages.
//!
//! For `orm-migrate`, each block that holds a schema is a project of its own.

use std::collections::BTreeMap;

use crate::document::is_page;
use crate::model::{self, File, Layout, Role, Root, Workspace};
use crate::source::{Block, FileId};

use super::prefilter;

/// A file of a run that has another text now.
pub struct Changed<'a> {
    /// As in `SourceFile::path`.
    pub path: &'a str,
    pub block: Option<&'a Block>,
    pub before: &'a str,
    pub after: &'a str,
}

/// A file on disk that a run rewrites.
#[derive(Debug)]
pub struct Rewritten {
    pub path: String,
    pub before: String,
    pub after: String,
}

/// What changed files come to on disk, by path.
pub fn rewritten<'a>(changed: impl IntoIterator<Item = Changed<'a>>) -> Vec<Rewritten> {
    let mut files: BTreeMap<&str, Vec<Changed<'a>>> = BTreeMap::new();
    for file in changed {
        files.entry(shown_path(file.path)).or_default().push(file);
    }
    let mut all = Vec::with_capacity(files.len());
    for (path, mut changed) in files {
        // From the last block to the first, so that those before stay where they are.
        changed.sort_by_key(|file| std::cmp::Reverse(file.block.map(|block| block.start)));
        let Some(first) = changed.first() else { continue };
        let before = first.block.map_or_else(|| first.before.to_owned(), |block| block.page.to_string());
        let mut after = before.clone();
        for file in changed {
            let Some(block) = file.block else {
                file.after.clone_into(&mut after);
                continue;
            };
            let (start, rest) = (block.start as usize, block.after as usize);
            let lines =
                with_marks(&block.page[start..block.page.len() - rest], &file.after[start..file.after.len() - rest], block.is_plain);
            after.replace_range(start..block.page.len() - rest, &lines);
        }
        all.push(Rewritten { path: path.to_owned(), before, after });
    }
    all
}

/// What the new texts of a workspace's files come to on disk. `before` has the text that each file had at first.
pub fn rewritten_in(workspace: &Workspace, before: &[std::sync::Arc<str>], texts: &[(FileId, String)]) -> Vec<Rewritten> {
    rewritten(texts.iter().map(|(file, after)| {
        let source = workspace.source(*file);
        Changed { path: &source.path, block: source.block.as_ref(), before: &before[file.0 as usize], after }
    }))
}

/// Makes a project of each block that holds a schema, and forgets the others; returns where the blocks stand.
pub fn as_projects(files: &mut [File], layout: &mut Layout) -> BTreeMap<FileId, Block> {
    let mut blocks = BTreeMap::new();
    for file in files {
        let Some(block) = file.source.block.clone() else { continue };
        let (id, text) = (file.source.id, file.source.text.to_string());
        let functions = format!("{}#{}", file.source.path, block.start);
        let is_schema = prefilter::is_schema(text.as_bytes());
        *file = model::read(id, format!("{functions}{SCHEMA}"), text);
        file.role = if is_schema { Role::Backend } else { Role::Support };
        if is_schema {
            layout.roots.push(Root { functions, is_component: false });
            blocks.insert(id, block);
        }
    }
    layout.roots.sort_by(|a, b| a.functions.cmp(&b.functions));
    blocks
}

/// What a block is called in the folder of its own.
const SCHEMA: &str = "/schema.ts";

/// The path of a file, or of the page that it is a block of.
pub fn shown_path(path: &str) -> &str {
    let block = path.strip_suffix(SCHEMA).unwrap_or(path).rsplit_once('#');
    block.filter(|(page, at)| is_page(page) && at.bytes().all(|b| b.is_ascii_digit())).map_or(path, |(page, _)| page)
}

/// Whether the new text is the page still, outside of the block, and its lines begin where they must in a list.
pub fn is_inside(block: &Block, before: &str, after: &str) -> bool {
    let (start, rest) = (block.start as usize, before.len() - block.after as usize);
    let lines = || after.strip_prefix(before.get(..start)?)?.strip_suffix(before.get(rest..)?);
    let fits = |line: &str| line.trim().is_empty() || line.starts_with(&*block.indent);
    block.is_plain && lines().is_some_and(|lines| lines.lines().all(fits))
}

/// The new lines of a block; where marks of quotes were blanked out before them, with these, for there are as many lines as before.
fn with_marks(before: &str, after: &str, is_plain: bool) -> String {
    if is_plain {
        return after.to_owned();
    }
    let line = |(old, new): (&str, &str)| {
        let mark: String = old.chars().take_while(|c| matches!(c, '>' | ' ' | '\t')).collect();
        // The mark is as long as the blanks that stand for it.
        let kept = new.chars().zip(mark.chars()).take_while(|(c, _)| matches!(c, ' ' | '\t')).count();
        format!("{}{}", &mark[..kept], &new[kept..])
    };
    before.split_inclusive('\n').zip(after.split_inclusive('\n')).map(line).collect()
}

/// How many files on disk these are.
pub fn count<'a>(files: impl Iterator<Item = &'a File>) -> usize {
    let mut last_page = None;
    // The blocks of a page follow each other.
    files.filter(|file| file.source.block.is_none() || last_page.replace(&file.source.path) != Some(&file.source.path)).count()
}

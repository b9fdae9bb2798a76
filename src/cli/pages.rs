//! From the files of a run back to those on disk: blocks of code go back into their pages.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{File, Workspace};
use crate::source::FileId;

/// A file on disk that a run rewrites.
#[derive(Debug)]
pub struct Rewritten {
    /// As in `SourceFile::path`.
    pub path: String,
    pub before: Arc<str>,
    pub after: String,
}

/// What changed texts come to on disk, by path. `before` has the text that each file of the workspace had at first.
pub fn rewritten(workspace: &Workspace, before: &[Arc<str>], texts: &[(FileId, String)]) -> Vec<Rewritten> {
    let mut files: BTreeMap<&str, Vec<&(FileId, String)>> = BTreeMap::new();
    for text in texts {
        files.entry(&workspace.source(text.0).path).or_default().push(text);
    }
    let mut all = Vec::with_capacity(files.len());
    for (path, mut texts) in files {
        let block_of = |file: FileId| workspace.source(file).block.as_ref();
        // From the last block to the first, so that those before stay where they are.
        texts.sort_by_key(|(file, _)| std::cmp::Reverse(block_of(*file).map(|block| block.start)));
        let (mut original, mut after) = (None, String::new());
        for (file, text) in texts {
            match block_of(*file) {
                None => (original, after) = (Some(before[file.0 as usize].clone()), text.clone()),
                Some(block) => {
                    if original.is_none() {
                        (original, after) = (Some(block.page.clone()), block.page.to_string());
                    }
                    let (start, rest) = (block.start as usize, block.after as usize);
                    let lines = with_marks(&block.page[start..block.page.len() - rest], &text[start..text.len() - rest], block.is_plain);
                    after.replace_range(start..block.page.len() - rest, &lines);
                }
            }
        }
        if let Some(before) = original {
            all.push(Rewritten { path: path.to_owned(), before, after });
        }
    }
    all
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

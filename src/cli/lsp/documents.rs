//! The texts that are open in the editor. While one is open, what is on disk in its place counts for nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lsp_types::{Diagnostic, DidChangeTextDocumentParams, TextDocumentItem, Uri};

use super::positions::LineIndex;
use super::uris;
use crate::cli::paths;
use crate::cli::walk;

pub struct Document {
    pub uri: Uri,
    pub version: i32,
    pub text: String,
    pub lines: LineIndex,
    /// Where it lies on disk, without symlinks; it need not be there yet. `None` for what is no source file.
    pub path: Option<PathBuf>,
    /// The folder that it is judged in.
    pub home: Option<PathBuf>,
    /// What the client was told last, and of which version.
    pub published: Option<(i32, Vec<Diagnostic>)>,
}

/// By URI, as the client writes it.
#[derive(Default)]
pub struct Documents {
    all: BTreeMap<String, Document>,
}

impl Documents {
    /// Files of more than `limit` bytes are open, and not looked at.
    pub fn open(&mut self, item: TextDocumentItem, limit: u64) {
        let path = uris::path_of(item.uri.as_str()).filter(|_| item.text.len() as u64 <= limit).map(|path| without_links(&path));
        let path = path.filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(walk::is_source));
        let lines = LineIndex::of_document(&item.text);
        let (key, version, text) = (item.uri.as_str().to_owned(), item.version, item.text);
        self.all.insert(key, Document { uri: item.uri, version, text, lines, path, home: None, published: None });
    }

    /// Makes the changes in the order in which they are given; `false` where the document is not open.
    pub fn change(&mut self, params: DidChangeTextDocumentParams) -> bool {
        let Some(document) = self.all.get_mut(params.text_document.uri.as_str()) else { return false };
        for change in params.content_changes {
            match change.range {
                None => document.text = change.text,
                Some(range) => {
                    let start = document.lines.offset(&document.text, range.start) as usize;
                    let end = document.lines.offset(&document.text, range.end) as usize;
                    document.text.replace_range(start..end.max(start), &change.text);
                }
            }
            document.lines = LineIndex::of_document(&document.text);
        }
        document.version = params.text_document.version;
        true
    }

    pub fn close(&mut self, uri: &Uri) -> Option<Document> {
        self.all.remove(uri.as_str())
    }

    pub fn get(&self, uri: &Uri) -> Option<&Document> {
        self.all.get(uri.as_str())
    }

    pub fn all(&self) -> impl Iterator<Item = &Document> {
        self.all.values()
    }

    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut Document> {
        self.all.values_mut()
    }

    /// The document that is open in the place of a file.
    pub fn at(&self, path: &Path) -> Option<&Document> {
        self.all.values().find(|document| document.path.as_deref() == Some(path))
    }

    /// The files of a folder that are open.
    pub fn in_folder(&self, home: &Path) -> Vec<(&Path, &str)> {
        let inside = self.all.values().filter(|document| document.home.as_deref() == Some(home));
        inside.filter_map(|document| Some((document.path.as_deref()?, &*document.text))).collect()
    }
}

/// The path as the system knows it, as far as it is there.
pub fn without_links(path: &Path) -> PathBuf {
    let there = path.ancestors().find_map(|above| Some((above, dunce::canonicalize(above).ok()?)));
    match there {
        Some((above, real)) => path.strip_prefix(above).map_or(real.clone(), |rest| {
            // Joining nothing would leave a separator at the end.
            if rest.as_os_str().is_empty() { real.clone() } else { real.join(rest) }
        }),
        None => path.to_path_buf(),
    }
}

/// The folder around a file that no workspace folder holds.
pub fn home_of(path: &Path) -> PathBuf {
    let folder = path.parent().unwrap_or(path);
    paths::tree_of(folder)
}

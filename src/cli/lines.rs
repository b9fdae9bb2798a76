//! Lines and columns of files, counted when they are asked for and once.

use std::cell::OnceCell;

use crate::model::Workspace;
use crate::source::{FileId, SourceFile};

/// A place as people count: both from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// Where the lines of each file start.
pub struct Lines<'a> {
    workspace: &'a Workspace,
    starts: Vec<OnceCell<Vec<usize>>>,
}

impl<'a> Lines<'a> {
    pub fn new(workspace: &'a Workspace) -> Self {
        Self { workspace, starts: vec![OnceCell::new(); workspace.files.len()] }
    }

    pub fn workspace(&self) -> &'a Workspace {
        self.workspace
    }

    pub fn source(&self, file: FileId) -> &'a SourceFile {
        self.workspace.source(file)
    }

    pub fn starts(&self, file: FileId) -> &[usize] {
        self.starts[file.0 as usize].get_or_init(|| {
            let text = self.source(file).text.as_bytes();
            let mut starts = Vec::with_capacity(text.len() / 24 + 1);
            starts.push(0);
            starts.extend(memchr::memchr_iter(b'\n', text).map(|at| at + 1));
            starts
        })
    }

    /// The number of the line that holds the offset, from 0.
    pub fn index(&self, file: FileId, offset: usize) -> usize {
        self.starts(file).partition_point(|start| *start <= offset).saturating_sub(1)
    }

    pub fn position(&self, file: FileId, offset: u32) -> Position {
        let text = &self.source(file).text;
        let offset = text.floor_char_boundary(offset as usize);
        let line = self.index(file, offset);
        let before = &text[self.starts(file)[line]..offset];
        if before.is_ascii() {
            return Position { line: line + 1, column: before.len() + 1 };
        }
        // A byte order mark is no column to anybody.
        Position { line: line + 1, column: before.trim_start_matches('\u{feff}').chars().count() + 1 }
    }
}

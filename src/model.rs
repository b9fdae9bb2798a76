//! The nouns that rules and codemods ask: files, projects, tables, functions, queries. They hold no findings.
//!
//! What cannot be told from the source is kept as such (`Ty::Unknown`, `Option::None`), and never guessed.

pub mod hir;
pub mod layout;
mod lower;

use crate::source::{FileId, SourceFile};
pub use layout::{Layout, PathAliases, Root};

/// One file with its facts.
#[derive(Debug)]
pub struct File {
    pub source: SourceFile,
    pub hir: hir::Module,
    pub role: Role,
}

/// What a file is to its project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Code of the backend: rules look here.
    Backend,
    /// A test beside the backend's code; never deployed.
    Test,
    /// Written by `convex codegen`.
    Generated,
    /// Outside of every functions folder; read because backend code imports it, or because it speaks of Convex itself.
    Support,
}

/// Reads one file: parse, keep its facts, drop the tree. Pure; run in parallel.
pub fn read(id: FileId, path: String, text: String) -> File {
    let (source, tree) = crate::source::parse(id, path, text);
    let hir = tree.map_or_else(|| hir::Module::empty(id), |tree| lower::lower(&tree, id));
    File { source, hir, role: Role::Backend }
}

impl File {
    /// The module specifiers that this file imports or re-exports from, each once.
    pub fn imports(&self) -> impl Iterator<Item = &str> {
        let imports = &self.hir.imports;
        imports
            .iter()
            .enumerate()
            .filter(|(i, import)| *i == 0 || imports[i - 1].module != import.module)
            .map(|(_, import)| &*import.module)
    }
}

/// All files of a run, linked.
#[derive(Debug)]
pub struct Workspace {
    /// By id: `files[i].source.id.0 == i`.
    pub files: Vec<File>,
    pub layout: Layout,
    pub projects: Vec<Project>,
}

impl Workspace {
    /// Joins the files into projects. `files[i]` has the id `i`.
    pub fn link(files: Vec<File>, layout: Layout) -> Self {
        Self { files, layout, projects: Vec::new() }
    }

    /// Replaces the text of some files and links again; all others keep their facts.
    pub fn with_texts(mut self, texts: Vec<(FileId, String)>) -> Self {
        for (id, text) in texts {
            let slot = &mut self.files[id.0 as usize];
            *slot = read(id, std::mem::take(&mut slot.source.path), text);
        }
        Self::link(self.files, self.layout)
    }

    pub fn source(&self, file: FileId) -> &SourceFile {
        &self.files[file.0 as usize].source
    }
}

/// One Convex backend: a functions folder and what it imports.
#[derive(Debug)]
pub struct Project {
    pub files: Vec<FileId>,
}

#[derive(Debug)]
pub struct Table;
#[derive(Debug)]
pub struct Function;
#[derive(Debug)]
pub struct DbQuery;

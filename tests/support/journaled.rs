//! A small tree of files for tests of the journal, and what is to be seen in it afterwards.

use std::path::{Path, PathBuf};

use orm_lint::cli::journal::{Change, FOLDER, Journal, Kind};
use tempfile::TempDir;

use super::program::{Output, orm_migrate};
use super::read;

/// The last of them is new.
pub const FILES: [&str; 4] = ["convex/schema.ts", "convex/users.ts", "convex/model/posts.ts", "convex/orm.ts"];

/// Whether the change makes the file.
pub fn is_new(path: &str) -> bool {
    path == FILES[3]
}

pub fn old(path: &str) -> String {
    format!("// {path}, old\n")
}

pub fn new(path: &str) -> String {
    format!("// {path}, new\n{}", "export {};\n".repeat(50))
}

/// A tree with files to change.
pub struct Tree {
    folder: TempDir,
}

/// What is to be seen on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Old,
    New,
    Mixed,
}

impl Tree {
    pub fn new() -> Self {
        let this = Self { folder: TempDir::new().expect("a folder") };
        this.write("package.json", "{}");
        for path in FILES.into_iter().filter(|path| !is_new(path)) {
            this.write(path, &old(path));
        }
        this
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("the folder")
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("make the folder");
        std::fs::write(path, text).expect("write a file");
    }

    pub fn text(&self, path: &str) -> String {
        read(&self.folder.path().join(path))
    }

    fn text_of(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.folder.path().join(path)).ok()
    }

    /// Every file is old or new, whatever has happened.
    pub fn state(&self) -> State {
        let of = |path: &str| match self.text_of(path) {
            None if is_new(path) => State::Old,
            None => panic!("{path} is gone"),
            Some(text) if text == old(path) && !is_new(path) => State::Old,
            Some(text) if text == new(path) => State::New,
            Some(text) => panic!("{path} is torn: {text:?}"),
        };
        let states = FILES.map(of);
        if states.iter().all(|state| *state == states[0]) { states[0] } else { State::Mixed }
    }

    /// Files beside those of the tree that somebody has left.
    pub fn litter(&self) -> Vec<String> {
        let folders = ["convex", "convex/model"].map(|folder| self.folder.path().join(folder));
        let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).expect("the folder"));
        let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with('.')).collect()
    }

    pub fn has_next(&self) -> bool {
        self.folder.path().join(FOLDER).join("next").exists()
    }

    pub fn undo(&self, args: &[&str]) -> Output {
        orm_migrate(&self.path(), &[&["--undo"], args].concat())
    }

    /// Makes the whole change.
    pub fn change(&self) {
        let tree = self.path();
        let journal = open(&tree);
        assert_eq!(journal.begin(Kind::Migration, changes(&tree)).expect("a change").run().expect("the change"), FILES.len());
    }
}

/// A short name, which tells that it was asked for.
pub fn show(path: &Path) -> String {
    path.iter().rev().take_while(|part| *part != "convex").map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("<")
}

pub fn changes(tree: &Path) -> Vec<Change> {
    let before = |path: &str| (!is_new(path)).then(|| old(path).into_bytes());
    let change = |path: &str| Change { path: tree.join(path), before: before(path), after: Some(new(path).into_bytes()) };
    FILES.map(change).into()
}

/// The journal of a tree.
///
/// A child that another test starts at this moment holds all files of this process open until it is a program of its own, locks included:
/// so one more try may be needed.
pub fn open(tree: &Path) -> Journal<'_> {
    for _ in 0..100 {
        if let Ok(journal) = Journal::open(tree, &show) {
            return journal;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    Journal::open(tree, &show).expect("the journal")
}

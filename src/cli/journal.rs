//! Changes many files together, or none: whatever happens, every file is old or new, and an interrupted change can be finished or taken back.
//!
//! The folder `.orm-migrate` at the top of the project holds, besides a lock that one run at a time has,
//!
//! - `next`: a change under way. `list.json` names its files, `0.old` and `0.new` are the contents of the first before and after it, …,
//!   where it is there then;
//!   a temporary file beside each waits to take its place. Only when all of that is on the disk there is `sealed`, and only then the first
//!   file is replaced. `back` says that the change is being taken back.
//! - `last`: what `next` was when the last change was finished, for `--undo`.
//!
//! Each step of a change is one small effect on the disk; between any two of them the process, or the machine, may stop.
//! Which files change, and to what, is the business of whoever asks.

mod transaction;

use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::walk;
use super::write::Target;
use crate::document::is_page;
pub use transaction::{Step, Transaction};

/// The name of the folder. It begins with a dot, so that no walk enters it.
pub const FOLDER: &str = ".orm-migrate";

/// How people see a path.
pub type Shown<'a> = &'a (dyn Fn(&Path) -> String + Sync);

/// A file that is to change, to appear, or to go.
#[derive(Clone, Debug)]
pub struct Change {
    /// Absolute.
    pub path: PathBuf,
    pub before: Content,
    pub after: Content,
}

/// What a file holds; `None` where there is no such file.
type Content = Option<Vec<u8>>;

/// What a change is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Migration,
    /// Takes the last change back; it cannot be taken back itself.
    Undo,
}

/// `list.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    version: u32,
    kind: Kind,
    files: Vec<Entry>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    /// Relative to the tree, `/` between parts.
    path: String,
    /// The name of the temporary file beside it.
    temporary: String,
    /// There is no such file before, or after.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    appears: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    goes: bool,
}

/// The journal of a tree, as long as this process has its lock.
pub struct Journal<'a> {
    /// Absolute, without symlinks.
    tree: PathBuf,
    folder: PathBuf,
    shown: Shown<'a>,
    _lock: File,
}

/// Whether the tree has a journal: one that a run left behind, or that one is writing now.
pub fn exists(tree: &Path) -> bool {
    tree.join(FOLDER).is_dir()
}

/// Whether a change in the tree was begun and not finished; or is being made right now.
pub fn is_unfinished(tree: &Path) -> bool {
    tree.join(FOLDER).join("next").exists()
}

impl<'a> Journal<'a> {
    /// Takes the lock of the tree (absolute, without symlinks). The error says who has it.
    pub fn open(tree: &Path, shown: Shown<'a>) -> anyhow::Result<Self> {
        let folder = tree.join(FOLDER);
        let place = || format!("cannot keep a journal in `{}`", shown(&folder));
        std::fs::create_dir_all(&folder).with_context(place)?;
        if dunce::canonicalize(&folder).with_context(place)? != folder {
            bail!("`{}` is a link; the journal of a migration is kept in a folder of its own", shown(&folder));
        }
        let ignore = folder.join(".gitignore");
        if !ignore.exists() {
            std::fs::write(&ignore, "*\n").with_context(place)?;
        }
        let path = folder.join("lock");
        let mut lock = File::options().create(true).read(true).write(true).truncate(false).open(&path).with_context(place)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = std::fs::read_to_string(&path).unwrap_or_default();
                let holder = if holder.trim().is_empty() { String::new() } else { format!(" (process {})", holder.trim()) };
                bail!("another orm-migrate{holder} is changing files in `{}`; wait until it is done", shown(tree));
            }
            // Some network file systems know no locks; that is no reason not to work on them.
            Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(error).with_context(place),
        }
        lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())).with_context(place)?;
        Ok(Self { tree: tree.to_path_buf(), folder, shown, _lock: lock })
    }

    /// Begins a change of the files; nothing has happened yet. Refuses what must not be replaced, and names it.
    pub fn begin(&self, kind: Kind, changes: Vec<Change>) -> anyhow::Result<Transaction<'_>> {
        let targets = self.targets(&changes)?;
        Transaction::begin(self, kind, targets, changes)
    }

    /// The change that was begun by a run that did not finish it.
    pub fn unfinished(&self) -> anyhow::Result<Option<Transaction<'_>>> {
        if self.next().exists() { Transaction::resume(self).map(Some) } else { Ok(None) }
    }

    /// What would take the last change back, and the files that changed since and are therefore not part of it.
    pub fn undo(&self) -> anyhow::Result<Option<(Vec<Change>, Vec<PathBuf>)>> {
        let last = self.folder.join("last");
        let Some(record) = self.record(&last)? else { return Ok(None) };
        let (mut changes, mut changed) = (Vec::new(), Vec::new());
        for (i, entry) in record.files.iter().enumerate() {
            let path = self.tree.join(&entry.path);
            let (after, before) = self.kept(&last, i, entry)?;
            match content(&path) {
                Ok(now) if now == before => changes.push(Change { path, before, after }),
                // Somebody has restored it already.
                Ok(now) if now == after => {}
                _ => changed.push(path),
            }
        }
        Ok(Some((changes, changed)))
    }

    /// Forgets the last change, which there is nothing left of to take back.
    pub fn forget(&self) -> anyhow::Result<()> {
        remove_folder(&self.folder.join("last"))
    }

    /// A path as people see it.
    pub fn shown(&self, path: &Path) -> String {
        (self.shown)(path)
    }

    fn targets(&self, changes: &[Change]) -> anyhow::Result<Vec<Target>> {
        let (mut targets, mut failures) = (Vec::<Target>::new(), Vec::new());
        for change in changes {
            match Target::of(&change.path, &self.tree, change.before.as_deref()) {
                Ok(target) if targets.iter().any(|other| other.path == target.path) => {
                    failures.push(format!("`{}`: another file of the run is a link to it", self.shown(&change.path)));
                }
                Ok(target) if self.name(&target.path).is_none() => {
                    failures.push(format!("`{}`: it is no source file", self.shown(&change.path)));
                }
                Ok(target) => targets.push(target),
                Err(error) => failures.push(format!("`{}`: {error:#}", self.shown(&change.path))),
            }
        }
        if failures.is_empty() { Ok(targets) } else { bail!("nothing was changed: {}", failures.join("; ")) }
    }

    /// How the list names a file (absolute, without symlinks); `None` for what no journal may touch.
    fn name(&self, path: &Path) -> Option<String> {
        let parts: Option<Vec<&str>> = path.strip_prefix(&self.tree).ok()?.components().map(|part| part.as_os_str().to_str()).collect();
        Some(parts?.join("/")).filter(|name| is_sound(name))
    }

    fn next(&self) -> PathBuf {
        self.folder.join("next")
    }

    /// The list in a folder of the journal; `None` where there is none.
    fn record(&self, folder: &Path) -> anyhow::Result<Option<Record>> {
        let path = folder.join("list.json");
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", self.shown(&path))),
        };
        let record: Record = serde_json::from_slice(&text).with_context(|| format!("cannot read `{}`", self.shown(&path)))?;
        // A list may have come with a repository from anywhere.
        let is_fine = |entry: &Entry| is_sound(&entry.path) && is_temporary(&entry.temporary);
        if record.version != 1 || !record.files.iter().all(is_fine) {
            bail!("`{}` was not written by this version of orm-migrate", self.shown(&path));
        }
        Ok(Some(record))
    }

    /// What a file holds before and after.
    fn kept(&self, folder: &Path, i: usize, entry: &Entry) -> anyhow::Result<(Content, Content)> {
        let read = |which: &str| {
            let path = folder.join(format!("{i}.{which}"));
            std::fs::read(&path).with_context(|| format!("cannot read `{}`", self.shown(&path)))
        };
        let before = if entry.appears { None } else { Some(read("old")?) };
        let after = if entry.goes { None } else { Some(read("new")?) };
        Ok((before, after))
    }
}

/// Whether a name in a list is that of a source file inside the tree, and none of git's own.
fn is_sound(name: &str) -> bool {
    let path = Path::new(name);
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(part) if !part.eq_ignore_ascii_case(".git"));
    !name.contains('\\') && path.components().all(is_plain) && (walk::is_source(name) || is_page(name))
}

const TEMPORARY: &str = ".orm-migrate-";

fn is_temporary(name: &str) -> bool {
    let rest = name.strip_prefix(TEMPORARY);
    rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}

fn content(path: &Path) -> std::io::Result<Content> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file of the journal so that it is on the disk, whole, when this returns.
fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("part");
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&beside, path)
}

/// Makes new and vanished names in the folder survive a loss of power, where the system can.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn remove_folder(folder: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove `{}`", folder.display()))
        }
        _ => Ok(()),
    }
}

fn remove_file(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

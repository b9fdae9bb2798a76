//! What git says of files: whether it could restore them.
//!
//! Reads only. No repository, and no git, is fine: then nobody expects git to restore anything.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail};

/// How many paths one call of git gets; the length of a command line is limited.
const AT_ONCE: usize = 100;

/// Of the files (absolute, without symlinks) those whose contents git does not hold: changed, staged, untracked or ignored. In order.
pub fn dirty(files: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut by_repository: BTreeMap<PathBuf, Vec<&Path>> = BTreeMap::new();
    for file in files {
        if let Some(top) = repository(file) {
            by_repository.entry(top).or_default().push(file);
        }
    }
    let mut dirty = Vec::new();
    for (top, files) in by_repository {
        for files in files.chunks(AT_ONCE) {
            let Some(said) = status(&top, files)? else { return Ok(Vec::new()) };
            let named = paths(&said);
            let is_dirty = |file: &&&Path| named.iter().any(|path| holds(&top.join(path), file));
            dirty.extend(files.iter().filter(is_dirty).map(|file| file.to_path_buf()));
        }
    }
    dirty.sort();
    Ok(dirty)
}

/// The folder of the repository, worktree or submodule that the file lies in.
fn repository(file: &Path) -> Option<PathBuf> {
    file.ancestors().skip(1).find(|folder| folder.join(".git").exists()).map(Path::to_path_buf)
}

/// What `git status` prints of the files; `None` where there is no git.
fn status(top: &Path, files: &[&Path]) -> anyhow::Result<Option<Vec<u8>>> {
    let mut command = Command::new("git");
    // Names are names and no patterns, and nothing is written, not even the index.
    command.args(["--literal-pathspecs", "--no-optional-locks", "status", "--porcelain", "-z", "--untracked-files=all", "--ignored", "--"]);
    command.args(files.iter().map(|file| file.strip_prefix(top).unwrap_or(file)));
    // A hook's settings are for another repository, perhaps.
    command.current_dir(top).env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE").env("LC_ALL", "C");
    let Output { status, stdout, stderr } = match command.stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context("git cannot be asked whether files have changes; --allow-dirty does without it"),
    };
    if !status.success() {
        let said = String::from_utf8_lossy(&stderr);
        let why = said.lines().next().unwrap_or("it did not say why").trim_start_matches("fatal: ").to_owned();
        bail!("git cannot say whether files have changes: {why}; --allow-dirty does without it");
    }
    Ok(Some(stdout))
}

/// The paths in `XY path\0XY to\0from\0…`, relative to the top of the repository.
fn paths(said: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut records = said.split(|byte| *byte == 0);
    while let Some(record) = records.next() {
        let (Some(state), Some(path)) = (record.get(..2), record.get(3..)) else { continue };
        found.push(path_of(path));
        if state.iter().any(|letter| matches!(letter, b'R' | b'C')) {
            found.extend(records.next().map(path_of));
        }
    }
    found
}

#[cfg(unix)]
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// Whether the path is the file, or a folder (that git names as a whole) above it.
fn holds(path: &Path, file: &Path) -> bool {
    file.starts_with(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_of_a_moved_file_are_read() {
        let said = b" M a.ts\0R  new name.ts\0old.ts\0?? folder/\0!! b.ts\0";
        let wanted: Vec<PathBuf> = ["a.ts", "new name.ts", "old.ts", "folder/", "b.ts"].iter().map(PathBuf::from).collect();
        assert_eq!(paths(said), wanted);
        assert!(holds(Path::new("/r/folder/"), Path::new("/r/folder/x.ts")));
        assert!(!holds(Path::new("/r/fold"), Path::new("/r/folder/x.ts")));
    }
}

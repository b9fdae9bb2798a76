//! What a run is narrowed to: what a commit would change, what has changed since another, or what is on standard input.
//!
//! Asks git, and reads only. A commit takes files from git's index, so with `--staged` that is what they hold.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use rustc_hash::{FxHashMap, FxHashSet};

use super::git::path_of;
use super::paths::Places;

/// What a run is narrowed to.
#[derive(Debug, Default)]
pub struct Changed {
    /// Nothing is narrowed; only what files hold may be something else than what is on disk.
    pub is_everything: bool,
    /// Workspace paths of the files whose findings are shown.
    pub files: FxHashSet<String>,
    /// What files hold, where that is not what is on disk.
    pub contents: FxHashMap<String, Vec<u8>>,
    /// Files on disk that are to be taken for missing.
    pub missing: FxHashSet<String>,
}

/// Files that are staged; all files are as the index has them.
pub fn staged(places: &Places) -> anyhow::Result<Changed> {
    let git = Git::of(places, "--staged")?;
    let names = git.names(&["diff", "--cached", "--name-only", "--no-renames", "--ignore-submodules=all", "--diff-filter=d", "-z"])?;
    let mut changed = Changed { files: git.workspace_paths(places, &names), ..Changed::default() };
    // What is changed on disk but not staged is no part of the commit, and neither is that a file is deleted there.
    for name in git.names(&["diff", "--name-only", "--no-renames", "--ignore-submodules=all", "--diff-filter=u", "-z"])? {
        let Some(path) = places.in_workspace(&git.top.join(&name)) else { continue };
        let mut object = std::ffi::OsString::from(":0:");
        object.push(&name);
        let content = git.run(Command::new("git").args(["cat-file", "blob"]).arg(object))?;
        changed.contents.insert(path, content);
    }
    let untracked = git.names(&["ls-files", "--others", "--exclude-standard", "-z"])?;
    changed.missing = untracked.iter().filter_map(|name| places.in_workspace(&git.top.join(name))).collect();
    Ok(changed)
}

/// Files that differ from where this branch left the other, and files that git does not know.
pub fn since(places: &Places, reference: &str) -> anyhow::Result<Changed> {
    let git = Git::of(places, "--since")?;
    if reference.starts_with('-') {
        bail!("--since {reference}: that is no commit");
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
    let commit = format!("{reference}^{{commit}}");
    let commit = git.run(Command::new("git").args(["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])).map(text);
    let Ok(commit) = commit else {
        bail!("--since {reference}: git knows no such commit; if it is one of the remote repository, fetch it first")
    };
    // Without a common ancestor, everything that differs.
    let base = git.run(Command::new("git").args(["merge-base", &commit, "HEAD"])).map_or(commit, text);
    let mut names = git.names(&["diff", "--name-only", "--no-renames", "--ignore-submodules=all", "--diff-filter=d", "-z", &base, "--"])?;
    names.extend(git.names(&["ls-files", "--others", "--exclude-standard", "-z"])?);
    Ok(Changed { files: git.workspace_paths(places, &names), ..Changed::default() })
}

/// The file that standard input is to be taken for.
pub fn given(places: &Places, path: &Path, content: Vec<u8>) -> anyhow::Result<Changed> {
    let whole = places.working().join(path);
    // Its folder is there, or one above it; the file may be yet to be written.
    let there = whole.ancestors().find_map(|above| Some((above, dunce::canonicalize(above).ok()?)));
    let place = there.and_then(|(above, real)| Some(real.join(whole.strip_prefix(above).ok()?)));
    let path = place.as_deref().and_then(|place| places.in_workspace(place)).filter(|name| !name.starts_with(".."));
    let Some(path) = path else { bail!("--stdin-filename {}: it lies outside of the project", whole.display()) };
    Ok(Changed { files: [path.clone()].into_iter().collect(), contents: [(path, content)].into_iter().collect(), ..Changed::default() })
}

/// The repository of a run.
struct Git {
    top: PathBuf,
}

impl Git {
    fn of(places: &Places, option: &str) -> anyhow::Result<Self> {
        let place = Self { top: places.base().to_path_buf() };
        let top = place.run(Command::new("git").args(["rev-parse", "--show-toplevel"]));
        let top = match top {
            Err(error) if error.to_string().contains("not a git repository") => bail!("{option} needs a git repository, and this is none"),
            top => top.with_context(|| format!("{option} needs a git repository"))?,
        };
        let top = path_of(top.trim_ascii_end());
        Ok(Self { top: dunce::canonicalize(&top).unwrap_or(top) })
    }

    /// The paths that git prints, relative to the top of the repository.
    fn names(&self, arguments: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
        let said = self.run(Command::new("git").arg("--no-optional-locks").args(arguments))?;
        Ok(said.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(path_of).collect())
    }

    fn run(&self, command: &mut Command) -> anyhow::Result<Vec<u8>> {
        let output = command.current_dir(&self.top).stdin(Stdio::null()).env("LC_ALL", "C").output();
        let output = match output {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!("git is not installed"),
            other => other.context("git cannot be started")?,
        };
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("git: {}", said.lines().next().unwrap_or("it did not say why").trim_start_matches("fatal: "));
        }
        Ok(output.stdout)
    }

    fn workspace_paths(&self, places: &Places, names: &[PathBuf]) -> FxHashSet<String> {
        // A link is linted as what it leads to.
        let on_disk = |name: &PathBuf| dunce::canonicalize(self.top.join(name)).unwrap_or_else(|_| self.top.join(name));
        names.iter().filter_map(|name| places.in_workspace(&on_disk(name))).collect()
    }
}

impl Changed {
    /// Whether findings in the file are asked for.
    pub fn asks_for(&self, path: &str) -> bool {
        self.is_everything || self.files.contains(path)
    }

    /// What the file holds, where that is not what is on disk.
    pub fn content(&self, path: &str) -> Option<&[u8]> {
        self.contents.get(path).map(Vec::as_slice)
    }
}

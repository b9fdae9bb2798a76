//! Which files lie under the asked paths: sources, and the folders and files that mark projects.
//!
//! One walk from the base folder down, so that ignore files above an asked path hold for it too. Reads no source.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

use super::paths::Places;
use super::roots;
use crate::document::is_page;

/// What a walk came across, in the order of paths.
#[derive(Debug, Default)]
pub struct Walked {
    pub sources: Vec<String>,
    pub folders: Vec<String>,
    /// Files that say where a project lies.
    pub markers: Vec<String>,
    /// What could not be looked at, and why.
    pub troubles: Vec<String>,
}

/// The endings of the files that are linted.
const SOURCES: [&str; 8] = ["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs"];

/// Folders that hold nobody's own sources.
const NEVER: [&str; 3] = ["node_modules", "_generated", "bower_components"];

/// Folders that hold the output of a build, unless they are part of a functions folder: there, every file is deployed.
const OUTPUTS: [&str; 6] = ["dist", "build", "out", "coverage", "storybook-static", "vendor"];

/// Walks the targets (absolute, without symlinks, inside the base folder). Markdown pages are sources if they are asked for, or are targets themselves.
pub fn walk(places: &Places, targets: &[PathBuf], no_ignore: bool, pages: bool) -> Walked {
    let selection = Selection::of(places, targets, no_ignore);
    let mut builder = WalkBuilder::new(places.base());
    builder.hidden(false).follow_links(false).require_git(false).sort_by_file_name(std::ffi::OsStr::cmp);
    builder.ignore(!no_ignore).git_ignore(!no_ignore).git_global(!no_ignore).git_exclude(!no_ignore).parents(!no_ignore);
    let entered = selection.clone();
    builder.filter_entry(move |entry| entered.takes(entry));

    let mut walked = Walked::default();
    for entry in builder.build() {
        match entry {
            Ok(entry) => note(places, &selection, &entry, pages, &mut walked),
            Err(error) => walked.troubles.push(error.to_string()),
        }
    }
    walked
}

fn note(places: &Places, selection: &Selection, entry: &DirEntry, pages: bool, walked: &mut Walked) {
    let Some(kind) = entry.file_type() else { return };
    if !selection.is_inside(entry.path()) {
        return;
    }
    let Some(path) = places.in_workspace(entry.path()) else {
        walked.troubles.push(format!("{}: skipped, its name is not Unicode", entry.path().display()));
        return;
    };
    if kind.is_dir() {
        walked.folders.push(path);
        return;
    }
    if !kind.is_file() {
        return;
    }
    let name = entry.file_name().to_str().unwrap_or_default();
    if roots::is_marker(name) {
        walked.markers.push(path.clone());
    }
    if is_source(name) || (is_page(name) && (pages || selection.targets.contains(entry.path()))) {
        walked.sources.push(path);
    }
}

pub fn is_source(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| SOURCES.iter().any(|known| known.eq_ignore_ascii_case(ending)))
}

/// Whether imports that lead into the path are not followed.
pub fn is_foreign(path: &str) -> bool {
    path.split('/').any(|part| NEVER.contains(&part))
}

#[derive(Clone)]
struct Selection {
    base: PathBuf,
    targets: HashSet<PathBuf>,
    /// Whether some targets lie in others.
    is_nested: bool,
    /// Whether the base folder, and nothing else, is the target.
    is_whole: bool,
    /// The folders above the targets.
    above: HashSet<PathBuf>,
    no_ignore: bool,
}

impl Selection {
    fn of(places: &Places, targets: &[PathBuf], no_ignore: bool) -> Self {
        let targets: HashSet<PathBuf> = targets.iter().cloned().collect();
        let base = places.base().to_path_buf();
        let is_nested = targets.iter().any(|target| target.ancestors().skip(1).any(|above| targets.contains(above)));
        let is_whole = targets.len() == 1 && targets.contains(&base);
        let above =
            targets.iter().flat_map(|t| t.ancestors().skip(1).take_while(|a| a.starts_with(&base))).map(Path::to_path_buf).collect();
        Self { base, targets, is_nested, is_whole, above, no_ignore }
    }

    /// Whether the walk comes to the entry at all; its parent folder has been taken.
    fn takes(&self, entry: &DirEntry) -> bool {
        let path = entry.path();
        let name = entry.file_name().to_str().unwrap_or_default();
        let is_named = if self.is_whole { entry.depth() == 0 } else { self.above.contains(path) || self.targets.contains(path) };
        if is_named {
            // What is asked for by name may be hidden.
            return self.no_ignore || !self.is_skipped(entry, name);
        }
        self.is_inside(path) && !name.starts_with('.') && !self.is_skipped(entry, name)
    }

    /// Whether a path that the walk came to is a target or belongs to one.
    fn is_inside(&self, path: &Path) -> bool {
        if self.is_whole {
            return true;
        }
        if !self.is_nested {
            // The walk comes to what is above a target, and to all that is below.
            return self.targets.contains(path) || path.parent().is_some_and(|p| p.starts_with(&self.base) && !self.above.contains(p));
        }
        let mut path = path;
        loop {
            if self.targets.contains(path) {
                return true;
            }
            // A hidden folder on the way was entered for another target's sake.
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            match path.parent() {
                Some(parent) if path != self.base && !name.starts_with('.') && !NEVER.contains(&name) => path = parent,
                _ => return false,
            }
        }
    }

    fn is_skipped(&self, entry: &DirEntry, name: &str) -> bool {
        if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
            return false;
        }
        NEVER.contains(&name) || (OUTPUTS.contains(&name) && !self.no_ignore && !self.is_in_functions(entry.path()))
    }

    fn is_in_functions(&self, folder: &Path) -> bool {
        let above = folder.ancestors().skip(1).take_while(|above| above.starts_with(&self.base));
        above.into_iter().any(roots::looks_like_functions)
    }
}

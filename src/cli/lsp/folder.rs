//! One folder as the server knows it: its files, read and linked, and what is found in those that are open.
//!
//! An edit links again what it is felt in. When files come or go, or a project's boundaries may have moved, all is read again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustc_hash::FxHashMap;

use crate::cli::args::LintArgs;
use crate::cli::baseline::{self, Baseline, Judged};
use crate::cli::changed::Changed;
use crate::cli::config::{Configs, FromArgs};
use crate::cli::load::{self, Reading};
use crate::cli::paths::Places;
use crate::cli::{prefilter, roots, walk};
use crate::diagnostic::Diagnostic;
use crate::lint::{self, Settings};
use crate::model::{File, Layout, Workspace};
use crate::source::FileId;

/// What the command line asked for, for all folders.
pub struct Options {
    pub args: LintArgs,
    pub from_args: FromArgs,
    /// The client does not say when files change.
    pub is_unwatched: bool,
}

/// Files that are open: paths on disk, and texts.
pub type Open<'d> = [(&'d Path, &'d str)];

pub struct Folder {
    /// Absolute, without symlinks.
    pub root: PathBuf,
    /// It was opened itself; else only the surroundings of open files are read.
    pub is_whole: bool,
    pub known: Option<Known>,
    /// All is to be read again.
    is_outdated: bool,
    /// Configurations and baselines are to be read again.
    is_reconfigured: bool,
    /// Files that may have other texts on disk.
    touched: BTreeSet<PathBuf>,
    /// Imports, by the path of the file and as written, for whose sake all was read again: what they lead to is known now, or is of no interest.
    followed: BTreeSet<(String, String)>,
}

/// What was read of a folder.
pub struct Known {
    pub places: Places,
    pub workspace: Workspace,
    pub settings: Settings,
    pub by_path: FxHashMap<String, FileId>,
    /// Files whose findings are asked for where they are open.
    is_asked: Vec<bool>,
    /// The open files when settings were read last.
    open: BTreeSet<String>,
    /// Open files that are of no interest, and whether their text seemed to be.
    passed_over: FxHashMap<String, bool>,
    /// Where it lies, and what it knows.
    baseline: Option<(PathBuf, Baseline)>,
    findings: FxHashMap<FileId, Vec<Diagnostic>>,
    /// For each file how it was on disk, where nobody else says when it changes.
    stamps: Vec<Option<(SystemTime, u64)>>,
}

impl Folder {
    pub fn new(root: PathBuf, is_whole: bool) -> Self {
        Self { root, is_whole, known: None, is_outdated: true, is_reconfigured: false, touched: BTreeSet::new(), followed: BTreeSet::new() }
    }

    /// Brings everything up to date with what is open. What cannot be done is said, and leaves things as they were.
    pub fn update(&mut self, open: &Open<'_>, options: &Options) -> anyhow::Result<()> {
        let mut is_outdated = std::mem::replace(&mut self.is_outdated, false) || self.known.is_none();
        if is_outdated {
            self.followed.clear();
        } else if let Some(known) = &mut self.known {
            let new_imports = known.take_texts(open, &std::mem::take(&mut self.touched), self.is_whole);
            is_outdated = new_imports.is_none_or(|imports| {
                let count = self.followed.len();
                self.followed.extend(imports);
                self.followed.len() > count
            });
        }
        if is_outdated {
            self.touched.clear();
            self.known = self.read(open, options)?;
            self.is_reconfigured = true;
        }
        let Some(known) = &mut self.known else { return Ok(()) };
        let outcome = known.configure(open, options, std::mem::replace(&mut self.is_reconfigured, false));
        known.lint();
        outcome
    }

    fn read(&self, open: &Open<'_>, options: &Options) -> anyhow::Result<Option<Known>> {
        let asked: Vec<PathBuf> = match self.is_whole {
            true => vec![self.root.clone()],
            false => open.iter().filter(|(path, _)| path.is_file()).map(|(path, _)| path.to_path_buf()).collect(),
        };
        if asked.is_empty() || !self.root.is_dir() {
            return Ok(None);
        }
        let (places, targets) = Places::seen_from(&self.root, &asked)?;
        let contents = open.iter().filter_map(|(path, text)| Some((places.in_workspace(path)?, text.as_bytes().to_vec()))).collect();
        let changed = Changed { is_everything: true, contents, ..Changed::default() };
        let LintArgs { no_ignore, max_file_size, .. } = options.args;
        let loaded =
            load::load(&places, &targets, Reading { no_ignore, max_file_size, pages: false, changed: Some(changed), clients: false });
        let stamp = |file: &File| stamp(&places.on_disk(&file.source.path));
        let stamps = if options.is_unwatched { loaded.files.iter().map(stamp).collect() } else { Vec::new() };
        let by_path: FxHashMap<String, FileId> = loaded.files.iter().map(|file| (file.source.path.clone(), file.source.id)).collect();
        let of_no_interest = |(path, text): &(&Path, &str)| {
            let path = places.in_workspace(path)?;
            let is_taken = by_path.get(&path).is_some_and(|id| loaded.is_asked[id.0 as usize]);
            (!is_taken).then(|| (path, prefilter::is_wanted(text.as_bytes())))
        };
        let passed_over = open.iter().filter_map(of_no_interest).collect();
        Ok(Some(Known {
            settings: Settings { sets: Vec::new(), of_file: vec![None; loaded.files.len()] },
            workspace: Workspace::link_for_edits(loaded.files, loaded.layout),
            by_path,
            is_asked: loaded.is_asked,
            open: BTreeSet::new(),
            passed_over,
            baseline: None,
            findings: FxHashMap::default(),
            stamps,
            places,
        }))
    }

    /// All is to be read again: files came or went, or something went wrong.
    pub fn outdate(&mut self) {
        self.is_outdated = true;
    }

    /// Forgets everything; for when it may be broken.
    pub fn forget(&mut self) {
        self.known = None;
        self.is_outdated = true;
    }

    /// Takes in that something happened to a path on disk. Returns whether that matters.
    pub fn note_change(&mut self, path: &Path, is_change_only: bool) -> bool {
        let Some(known) = &self.known else { return self.is_outdated };
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
        let place = known.places.in_workspace(path);
        if name.ends_with(".json") || name.ends_with(".jsonc") {
            if roots::is_marker(name) || name.starts_with("tsconfig") || name.starts_with("jsconfig") || name == "package.json" {
                self.is_outdated = true;
            }
            // Any other may be extended by a configuration, or be a baseline.
            self.is_reconfigured = true;
            return true;
        }
        let Some(place) = place.filter(|place| !is_installed(place)) else { return false };
        if matches!(name, ".gitignore" | ".ignore") || (roots::is_marker(name) && known.is_boundary_moved(path, &place)) {
            self.is_outdated = true;
        } else if is_change_only && known.by_path.contains_key(&place) {
            self.touched.insert(path.to_path_buf());
        } else if !is_change_only || (walk::is_source(name) && known.layout_holds(&place)) {
            self.is_outdated = true;
        } else {
            return false;
        }
        true
    }

    /// Looks for files that changed on disk, where nobody says so.
    pub fn look_at_disk(&mut self) {
        let Some(known) = &self.known else { return };
        for (file, before) in known.workspace.files.iter().zip(&known.stamps) {
            let path = known.places.on_disk(&file.source.path);
            match stamp(&path) {
                now if now == *before => {}
                None => self.is_outdated = true,
                Some(_) => _ = self.touched.insert(path),
            }
        }
        self.is_reconfigured = true;
    }
}

impl Known {
    /// What is found in an open file.
    pub fn findings_in(&self, file: FileId) -> &[Diagnostic] {
        self.findings.get(&file).map_or(&[], Vec::as_slice)
    }

    /// The file at a path on disk.
    pub fn file_at(&self, path: &Path) -> Option<FileId> {
        self.by_path.get(&self.places.in_workspace(path)?).copied()
    }

    /// The text of the file after all safe fixes of findings in it, if there are any. Leaves everything as it was.
    pub fn fixed(&mut self, file: FileId) -> Option<String> {
        let before = self.workspace.source(file).text.to_string();
        let fixed = lint::fix_where(self.take_workspace(), &self.settings, false, &|finding| {
            finding.span.file == file && finding.fix.iter().flat_map(|fix| &fix.edits).all(|edit| edit.span.file == file)
        });
        let after = fixed.texts.into_iter().find(|(changed, _)| *changed == file).map(|(_, text)| text);
        self.workspace = match after {
            Some(_) => fixed.workspace.with_texts(vec![(file, before)]),
            None => fixed.workspace,
        };
        after
    }

    /// Takes the texts of open files and of files that changed on disk. Returns imports that lead to files that were not read;
    /// `None` where all has to be read again anyway.
    fn take_texts(&mut self, open: &Open<'_>, touched: &BTreeSet<PathBuf>, is_whole: bool) -> Option<Vec<(String, String)>> {
        let mut texts: Vec<(FileId, String)> = Vec::new();
        for (path, text) in open {
            let Some(place) = self.places.in_workspace(path) else { continue };
            let id = self.by_path.get(&place).copied();
            let is_taken = id.is_some_and(|id| is_whole || self.is_asked[id.0 as usize]);
            if !is_taken && self.is_new(&place, text) {
                return None;
            }
            if let Some(id) = id.filter(|id| *self.workspace.source(*id).text != **text) {
                texts.push((id, (*text).to_owned()));
            }
        }
        for path in touched.iter().filter(|path| !open.iter().any(|(open, _)| open == path)) {
            let Some(id) = self.file_at(path) else { continue };
            let text = std::fs::read_to_string(path).ok()?;
            if let Some(slot) = self.stamps.get_mut(id.0 as usize) {
                *slot = stamp(path);
            }
            if *self.workspace.source(id).text != *text {
                texts.push((id, text));
            }
        }
        if texts.is_empty() {
            return Some(Vec::new());
        }
        let changed: Vec<(FileId, BTreeSet<String>)> = texts.iter().map(|(id, _)| (*id, self.imports_of(*id))).collect();
        self.workspace = self.take_workspace().with_texts(texts);
        let mut new = Vec::new();
        for (id, before) in changed {
            let leads_elsewhere = |specifier: &String| !before.contains(specifier) && self.leads_elsewhere(id, specifier);
            new.extend(
                self.imports_of(id)
                    .into_iter()
                    .filter(leads_elsewhere)
                    .map(|specifier| (self.workspace.source(id).path.clone(), specifier)),
            );
        }
        Some(new)
    }

    /// Whether a file that is not known would be one of a project.
    fn is_new(&self, place: &str, text: &str) -> bool {
        let name = place.rsplit('/').next().unwrap_or(place);
        let is_wanted = prefilter::is_wanted(text.as_bytes());
        let may_be = walk::is_source(name) && !walk::is_foreign(place) && (is_wanted || self.layout_holds(place));
        may_be && self.passed_over.get(place) != Some(&is_wanted)
    }

    fn layout_holds(&self, place: &str) -> bool {
        self.workspace.layout.root_of(place).is_some()
    }

    fn imports_of(&self, file: FileId) -> BTreeSet<String> {
        self.workspace.files[file.0 as usize].imports().map(str::to_owned).collect()
    }

    /// Whether an import leads to a file that is there and was not read.
    fn leads_elsewhere(&self, from: FileId, specifier: &str) -> bool {
        let path = &self.workspace.source(from).path;
        let exists = |path: &str| self.by_path.contains_key(path) || (!walk::is_foreign(path) && self.places.on_disk(path).is_file());
        let target = self.workspace.layout.resolve(path, specifier, &exists);
        target.is_some_and(|target| !self.by_path.contains_key(&target) && !target.starts_with(".."))
    }

    /// Whether a file that says where a project lies may say something else than before.
    fn is_boundary_moved(&self, path: &Path, place: &str) -> bool {
        let Some(id) = self.by_path.get(place) else { return true };
        let Ok(text) = std::fs::read_to_string(path) else { return true };
        let before = &*self.workspace.source(*id).text;
        let says = |text: &str| (prefilter::is_schema(text.as_bytes()), text.contains("defineComponent"));
        says(before) != says(&text)
    }

    /// Which rules hold in which open file.
    fn configure(&mut self, open: &Open<'_>, options: &Options, is_reconfigured: bool) -> anyhow::Result<()> {
        let open: BTreeSet<String> = open.iter().filter_map(|(path, _)| self.places.in_workspace(path)).collect();
        if !is_reconfigured && open == self.open {
            return Ok(());
        }
        let files = &self.workspace.files;
        let is_asked: Vec<bool> = files.iter().zip(&self.is_asked).map(|(f, asked)| *asked && open.contains(&f.source.path)).collect();
        self.open = open;
        self.settings = Configs::new(&self.places, &options.from_args).settings(files, &is_asked)?;
        if let Some(path) = &options.args.baseline {
            let path = path.clone().unwrap_or_else(|| PathBuf::from(baseline::NAME));
            let path = self.places.working().join(path);
            self.baseline = Baseline::read(&path)?.map(|baseline| (path, baseline));
        }
        Ok(())
    }

    fn lint(&mut self) {
        let mut found = lint::lint(&self.workspace, &self.settings);
        if let Some((path, baseline)) = &self.baseline {
            found = baseline.compare(&Judged::new(&self.places, &self.workspace, path, &|_| false), found).fresh;
        }
        self.findings.clear();
        for diagnostic in found {
            self.findings.entry(diagnostic.span.file).or_default().push(diagnostic);
        }
    }

    fn take_workspace(&mut self) -> Workspace {
        std::mem::replace(&mut self.workspace, Workspace::link(Vec::new(), Layout::default()))
    }
}

/// Groups edits by file.
pub fn by_file<T>(items: impl IntoIterator<Item = (FileId, T)>) -> BTreeMap<FileId, Vec<T>> {
    let mut files: BTreeMap<FileId, Vec<T>> = BTreeMap::new();
    for (file, item) in items {
        files.entry(file).or_default().push(item);
    }
    files
}

/// Packages come and go by the thousand, and none of them is read. What is generated is looked for.
fn is_installed(place: &str) -> bool {
    place.split('/').any(|part| matches!(part, "node_modules" | "bower_components" | ".git"))
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.modified().ok()?, data.len()))
}

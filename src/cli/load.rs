//! Reads the files of a run: those that were asked for, and what is needed to understand them.
//!
//! Goes on until nothing new is found: a file may show where a project lies, a project has files, files import others.
//! Judges nothing: a file that cannot be read becomes one with a syntax error.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File as DiskFile;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::changed::Changed;
use super::paths::Places;
use super::roots::Roots;
use super::tsconfig::TsConfigs;
use super::walk::{self, Walked};
use super::{convex_version, named, prefilter, progress};
use crate::document;
use crate::model::layout::{lies_in, parent};
use crate::model::{self, File, Layout, Role, Root};
use crate::source::{Block, FileId, STACK_SIZE, SourceFile};

/// How to read.
#[derive(Debug)]
pub struct Reading {
    pub no_ignore: bool,
    /// In bytes.
    pub max_file_size: u64,
    /// Whether the code in Markdown pages is read; in those that are targets it always is.
    pub pages: bool,
    /// Only these files are asked for, of those in the folders that were; and what is to be read in the place of others.
    pub changed: Option<Changed>,
    /// Whether code is read, too, that only calls functions: a client's.
    pub clients: bool,
}

/// The files of a run.
#[derive(Debug)]
pub struct Loaded {
    /// By id.
    pub files: Vec<File>,
    pub layout: Layout,
    /// For each file whether it is one of those asked for.
    pub is_asked: Vec<bool>,
    /// What could not be looked at, and why.
    pub troubles: Vec<String>,
    pub walking: Duration,
    pub reading: Duration,
}

/// As many threads as were asked for, with stacks for deeply nested code.
pub fn threads(count: Option<u16>) -> anyhow::Result<rayon::ThreadPool> {
    let count = count.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new().num_threads(count).stack_size(STACK_SIZE).build().context("cannot start threads")
}

pub fn load(places: &Places, targets: &[PathBuf], reading: Reading) -> Loaded {
    let start = Instant::now();
    let mut loader = Loader::new(places, reading);
    loader.walk_targets(targets);
    let walking = start.elapsed();
    while loader.advance() {}
    let mut layout = loader.layout();
    layout.named_outside = std::mem::take(&mut loader.named).into_values().flatten().collect();
    let version = |root: &Root| Some((root.functions.clone(), convex_version::of(&places.on_disk(&root.functions), root.is_component)?));
    layout.convex = layout.roots.iter().filter_map(version).collect();
    for file in loader.files.iter_mut().filter(|file| file.source.block.is_none()) {
        file.role = layout.role_of(&file.source.path);
    }
    let is_changed = |path: &String| loader.reading.changed.as_ref().is_none_or(|changed| changed.asks_for(path));
    let is_asked = loader.files.iter().map(|file| loader.asked.contains(&file.source.path) && is_changed(&file.source.path)).collect();
    Loaded { files: loader.files, layout, is_asked, troubles: loader.troubles, walking, reading: start.elapsed() - walking }
}

/// What is known of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was read yet.
    New,
    /// Read, found to be of no interest, and forgotten.
    Dropped,
    Kept,
}

struct Loader<'a> {
    places: &'a Places,
    reading: Reading,
    roots: Roots,
    configs: TsConfigs,
    states: FxHashMap<String, State>,
    /// What files that are dropped name of backends.
    named: BTreeMap<String, BTreeSet<String>>,
    asked: FxHashSet<String>,
    /// Paths that backend code imports.
    imported: FxHashSet<String>,
    /// Folders whose files are all in `states`.
    walked: Vec<String>,
    files: Vec<File>,
    /// By id: whether the imports of the file have been followed.
    is_followed: Vec<bool>,
    on_disk: FxHashMap<String, bool>,
    troubles: Vec<String>,
}

impl<'a> Loader<'a> {
    fn new(places: &'a Places, reading: Reading) -> Self {
        Self {
            places,
            reading,
            roots: Roots::default(),
            configs: TsConfigs::default(),
            states: FxHashMap::default(),
            named: BTreeMap::new(),
            asked: FxHashSet::default(),
            imported: FxHashSet::default(),
            walked: Vec::new(),
            files: Vec::new(),
            is_followed: Vec::new(),
            on_disk: FxHashMap::default(),
            troubles: Vec::new(),
        }
    }

    fn layout(&self) -> Layout {
        self.roots.layout(self.configs.aliases())
    }

    fn walk_targets(&mut self, targets: &[PathBuf]) {
        // Without a target, only what is given instead of a file is asked for.
        let walked = if targets.is_empty() {
            Walked::default()
        } else {
            walk::walk(self.places, targets, self.reading.no_ignore, self.reading.pages)
        };
        self.asked = walked.sources.iter().cloned().collect();
        for target in targets {
            let Some(path) = self.places.in_workspace(target) else { continue };
            if target.is_dir() {
                self.roots.look_above(self.places, &path);
                self.walked.push(path);
            } else {
                self.roots.look_above(self.places, parent(&path));
            }
        }
        self.note(walked);
        // What is read from elsewhere need not be on disk.
        let given: Vec<String> = self.reading.changed.iter().flat_map(|changed| changed.contents.keys()).cloned().collect();
        for path in given.into_iter().filter(|path| !walk::is_foreign(path) && (walk::is_source(path) || document::is_page(path))) {
            if targets.is_empty() {
                self.roots.look_above(self.places, parent(&path));
            }
            let is_asked = targets.is_empty()
                || targets.iter().any(|target| self.places.in_workspace(target).is_some_and(|folder| lies_in(&path, &folder)));
            if is_asked {
                self.asked.insert(path.clone());
            }
            self.states.entry(path).or_insert(State::New);
        }
        self.roots.settle(self.places);
    }

    fn note(&mut self, walked: Walked) {
        self.roots.note_walked(self.places, &walked);
        for path in walked.sources.into_iter().filter(|path| !is_missing(&self.reading, path)) {
            self.states.entry(path).or_insert(State::New);
        }
        self.troubles.extend(walked.troubles);
    }

    /// One round; returns whether there was anything to do.
    fn advance(&mut self) -> bool {
        self.walk_roots();
        let layout = self.layout();
        let wanted = self.wanted(&layout);
        if wanted.is_empty() {
            return self.follow_imports();
        }
        let read: Vec<Read> = wanted.into_par_iter().with_max_len(16).map(|(path, is_certain)| self.read(path, is_certain)).collect();
        let roots_before = self.roots.len();
        let mut kept = Vec::new();
        for mut one in read {
            let state = if matches!(one.content, Content::Dropped) { State::Dropped } else { State::Kept };
            self.states.insert(one.path.clone(), state);
            self.named.remove(&one.path);
            if !one.named.is_empty() {
                self.named.insert(one.path.clone(), std::mem::take(&mut one.named));
            }
            for specifier in &one.generated_imports {
                self.roots.note_generated_import(self.places, &one.path, specifier);
            }
            if let Content::Page(blocks) = one.content {
                kept.extend(blocks.into_iter().map(|(block, text)| Read::of(one.path.clone(), Content::Block(block, text))));
            } else if state == State::Kept {
                self.roots.note_backend_file(self.places, &one.path);
                kept.push(one);
            }
        }
        if self.roots.len() != roots_before {
            self.roots.settle(self.places);
        }
        let first = self.files.len();
        let parsed: Vec<File> =
            kept.into_par_iter().enumerate().with_max_len(4).map(|(i, one)| one.parse(FileId((first + i) as u32))).collect();
        self.files.extend(parsed);
        self.is_followed.resize(self.files.len(), false);
        self.follow_imports();
        true
    }

    /// Walks the functions folders that no walk has seen; they may hold others.
    fn walk_roots(&mut self) {
        loop {
            let unseen: Vec<String> = self.roots.folders().filter(|folder| !self.is_walked(folder)).map(str::to_owned).collect();
            if unseen.is_empty() {
                return;
            }
            let targets: Vec<PathBuf> = unseen.iter().map(|folder| self.places.on_disk(folder)).collect();
            self.walked.extend(unseen);
            let walked = walk::walk(self.places, &targets, self.reading.no_ignore, false);
            self.note(walked);
            self.roots.settle(self.places);
        }
    }

    fn is_walked(&self, folder: &str) -> bool {
        self.walked.iter().any(|walked| walked == folder || lies_in(folder, walked))
    }

    /// What is to be read now, and whether it is to be kept whatever it holds. Sorted.
    fn wanted(&self, layout: &Layout) -> Vec<(String, bool)> {
        let mut wanted = Vec::new();
        for (path, state) in &self.states {
            let is_certain = || self.imported.contains(path) || layout.root_of(path).is_some();
            match state {
                State::New => wanted.push((path.clone(), is_certain())),
                State::Dropped if is_certain() => wanted.push((path.clone(), true)),
                State::Dropped | State::Kept => {}
            }
        }
        wanted.sort_unstable();
        wanted
    }

    fn read(&self, path: String, is_certain: bool) -> Read {
        progress::count_read();
        let disk = self.places.on_disk(&path);
        let dropped = |path| Read::of(path, Content::Dropped);
        let unread = |path, message| match is_certain {
            true => Read::of(path, Content::Unread { text: String::new(), message }),
            false => dropped(path),
        };
        let staged = self.reading.changed.as_ref().and_then(|changed| changed.content(&path));
        let bytes = match staged.map_or_else(|| read_within(&disk, self.reading.max_file_size), |content| Ok(Ok(content.to_vec()))) {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(TooLarge(size))) => {
                let limit = self.reading.max_file_size;
                return unread(path, format!("this file has {size} bytes, more than --max-file-size allows ({limit}); it is not linted"));
            }
            Err(error) => return unread(path, format!("this file cannot be read: {error}")),
        };
        let is_wanted = prefilter::is_wanted(&bytes) || self.reading.clients && prefilter::is_client(&bytes);
        if !is_certain && !is_wanted {
            let named = std::str::from_utf8(&bytes).map(named::ways).unwrap_or_default();
            return Read { named, ..dropped(path) };
        }
        match String::from_utf8(bytes) {
            Ok(text) if document::is_page(&path) => {
                let mut blocks = document::blocks(&path, &text);
                blocks.retain(|(_, text)| prefilter::is_wanted(text.as_bytes()));
                if blocks.is_empty() { dropped(path) } else { Read::of(path, Content::Page(blocks)) }
            }
            Ok(text) => {
                let generated_imports = prefilter::generated_imports(&text).map(str::to_owned).collect();
                Read { generated_imports, ..Read::of(path, Content::Text(text)) }
            }
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let mut bytes = error.into_bytes();
                let message = not_unicode(&bytes, at);
                bytes.truncate(at);
                let text = String::from_utf8(bytes).unwrap_or_default();
                Read::of(path, Content::Unread { text, message })
            }
        }
    }

    /// Follows what backend code imports, through the files that it imports in turn. Returns whether anything new is to be read.
    fn follow_imports(&mut self) -> bool {
        let layout = self.layout();
        let is_ours = |file: &File| match layout.role_of(&file.source.path) {
            Role::Backend => true,
            Role::Support => self.imported.contains(&file.source.path),
            Role::Test | Role::Generated => false,
        };
        let unfollowed: Vec<usize> = (0..self.files.len()).filter(|&i| !self.is_followed[i] && is_ours(&self.files[i])).collect();
        if unfollowed.is_empty() {
            return false;
        }
        for &i in &unfollowed {
            self.configs.look_above(self.places, parent(&self.files[i].source.path));
        }
        let layout = self.layout();
        let mut targets: BTreeSet<(String, String)> = BTreeSet::new();
        for i in unfollowed {
            self.is_followed[i] = true;
            let file = &self.files[i];
            let from = &file.source.path;
            for specifier in file.imports().filter(|specifier| !walk::is_foreign(specifier)) {
                let exists = |path: &str| self.states.contains_key(path) || self.on_disk.get(path).copied().unwrap_or(false);
                let probed = std::cell::RefCell::new(Vec::new());
                let is_read = |path: &str| !walk::is_foreign(path) && !is_missing(&self.reading, path);
                let exists = |path: &str| exists(path) || (is_read(path) && is_file(self.places, path, &probed));
                let target = layout.resolve(from, specifier, &exists);
                self.on_disk.extend(probed.into_inner());
                if let Some(target) = target.filter(|target| !walk::is_foreign(target)) {
                    targets.insert((from.clone(), target));
                }
            }
        }
        let mut is_new = false;
        for (from, target) in targets {
            is_new |= self.roots.note_import(&from, &target, &layout);
            if !self.imported.insert(target.clone()) {
                continue;
            }
            self.roots.look_above(self.places, parent(&target));
            self.roots.settle(self.places);
            // A file that was parsed already may have imports that nobody asked about before.
            is_new = true;
            self.states.entry(target).or_insert(State::New);
        }
        is_new
    }
}

/// Whether a file is to be taken for missing that is on disk.
fn is_missing(reading: &Reading, path: &str) -> bool {
    reading.changed.as_ref().is_some_and(|changed| changed.missing.contains(path))
}

/// A file of so many bytes.
struct TooLarge(u64);

/// What a file holds, unless it is larger than the limit. The system is asked for its size once.
fn read_within(path: &Path, limit: u64) -> std::io::Result<Result<Vec<u8>, TooLarge>> {
    let file = DiskFile::open(path)?;
    let size = file.metadata()?.len();
    if size > limit {
        return Ok(Err(TooLarge(size)));
    }
    let mut bytes = Vec::with_capacity(size as usize + 1);
    file.take(u64::MAX).read_to_end(&mut bytes)?;
    Ok(Ok(bytes))
}

fn is_file(places: &Places, path: &str, probed: &std::cell::RefCell<Vec<(String, bool)>>) -> bool {
    let is_file = !path.starts_with("..") && places.on_disk(path).is_file();
    probed.borrow_mut().push((path.to_owned(), is_file));
    is_file
}

struct Read {
    path: String,
    content: Content,
    generated_imports: Vec<String>,
    /// What it names of backends, if it is dropped.
    named: BTreeSet<String>,
}

enum Content {
    Dropped,
    Text(String),
    Page(Vec<(Block, String)>),
    /// One of a page, with its text.
    Block(Block, String),
    /// As much text as could be read, and what is wrong after it.
    Unread {
        text: String,
        message: String,
    },
}

impl Read {
    fn of(path: String, content: Content) -> Self {
        Self { path, content, generated_imports: Vec::new(), named: BTreeSet::new() }
    }

    fn parse(self, id: FileId) -> File {
        match self.content {
            Content::Text(text) => model::read(id, self.path, text),
            Content::Unread { text, message } => unread(SourceFile::unread(id, self.path, text, message)),
            Content::Block(block, text) => model::read_block(id, self.path, &text, block),
            Content::Dropped | Content::Page(_) => unread(SourceFile::unread(id, self.path, String::new(), String::new())),
        }
    }
}

fn unread(source: SourceFile) -> File {
    File::silent(source, Role::Support)
}

fn not_unicode(bytes: &[u8], at: usize) -> String {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return "this file is UTF-16; Convex reads UTF-8, save it as that".to_owned();
    }
    let byte = bytes.get(at).copied().unwrap_or_default();
    format!("this file is not UTF-8: the byte 0x{byte:02x} at offset {at} belongs to no character")
}

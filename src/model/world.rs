//! The files of a run as one program: which file an import names, what a file exports, which project a file belongs to.

use std::borrow::Cow;
use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::hir::{BindingId, Exported, ExprId, ImportName, Name};
use super::layout::{Layout, Root};
use super::schema::Schema;
use super::seen;
use super::ty::{FunctionAt, FunctionKind, Ty};
use super::{File, Role};
use crate::source::{FileId, Span};

/// What a module specifier stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    File(FileId),
    /// A package, generated code (`_generated/server`), or a file that could not be read, by name.
    Package(Name),
}

/// Where an exported name comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// Declared in this file.
    Here(FileId, Exported),
    /// All exports of a file.
    Namespace(FileId),
    /// From a package; `None` for all of its exports.
    Package(Name, Option<Name>),
    /// The file exports no such name.
    Missing,
}

/// A file that another imports values of.
#[derive(Clone, Copy, Debug)]
pub struct ImportedFile {
    pub file: FileId,
    /// The import, or the re-export.
    pub span: Span,
    /// Something uses what is imported as a value; an import that only types use is dropped by the compiler.
    pub is_used: bool,
}

/// Linked files, not yet judged.
pub struct World<'w> {
    files: &'w [File],
    pub layout: &'w Layout,
    by_path: FxHashMap<&'w str, FileId>,
    pub places: Cow<'w, Places>,
    pub project_count: usize,
    /// For each project its schema; empty until it is known.
    pub schemas: Vec<Option<Schema>>,
    /// What reading the schemas has told of other names.
    pub known: Known,
    /// Whether looks are noted, for `seen`.
    is_watched: bool,
}

pub type Targets = FxHashMap<Name, Target>;

/// Where the files belong, and where their imports lead.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// For each file what its imports stand for.
    pub targets: Vec<Targets>,
    /// For each file the project it belongs to.
    pub project_of: Vec<usize>,
}

/// What is known whoever asks: found in schemas and in files that many others import, so that not each of those reads them again.
#[derive(Debug, Default)]
pub struct Known {
    pub names: FxHashMap<(FileId, BindingId), Fact>,
    pub exprs: FxHashMap<(FileId, ExprId), Fact>,
    /// What calls of functions yield.
    pub returns: FxHashMap<FunctionAt, Fact>,
    /// The contexts that custom builders hand on.
    pub contexts: FxHashMap<Maker, Fact>,
}

/// What decides the context that a builder hands to its handlers: the kind of function, and the call that made the builder.
pub type Maker = (FunctionKind, Option<(FileId, ExprId)>);

/// Something that is known, and what found it out.
#[derive(Clone, Debug)]
pub struct Fact {
    ty: Ty,
    by: Finder,
}

/// The number of a schema, or after those of a file, that was read for the sake of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finder(pub u32);

impl From<Ty> for Fact {
    fn from(ty: Ty) -> Self {
        Self { ty, by: Finder::default() }
    }
}

impl Known {
    /// Adds what is not known yet.
    pub fn add(&mut self, more: Self, by: Finder) {
        fn into<K: std::hash::Hash + Eq>(known: &mut FxHashMap<K, Fact>, more: FxHashMap<K, Fact>, by: Finder) {
            for (key, Fact { ty, .. }) in more {
                known.entry(key).or_insert(Fact { ty, by });
            }
        }
        into(&mut self.names, more.names, by);
        into(&mut self.exprs, more.exprs, by);
        into(&mut self.returns, more.returns, by);
        into(&mut self.contexts, more.contexts, by);
    }

    /// Takes out what these have found.
    pub fn take(&mut self, is_taken: impl Fn(Finder) -> bool) -> Self {
        fn part<K: std::hash::Hash + Eq>(known: &mut FxHashMap<K, Fact>, is_taken: impl Fn(Finder) -> bool) -> FxHashMap<K, Fact> {
            known.extract_if(|_, fact| is_taken(fact.by)).collect()
        }
        Self {
            names: part(&mut self.names, &is_taken),
            exprs: part(&mut self.exprs, &is_taken),
            returns: part(&mut self.returns, &is_taken),
            contexts: part(&mut self.contexts, &is_taken),
        }
    }

    /// Adds what is not known yet, whoever found it.
    pub fn add_found(&mut self, more: Self) {
        fn into<K: std::hash::Hash + Eq>(known: &mut FxHashMap<K, Fact>, more: FxHashMap<K, Fact>) {
            for (key, fact) in more {
                known.entry(key).or_insert(fact);
            }
        }
        into(&mut self.names, more.names);
        into(&mut self.exprs, more.exprs);
        into(&mut self.returns, more.returns);
        into(&mut self.contexts, more.contexts);
    }

    /// Adds what was found again in place of what was found before, and names those who found something else than before.
    ///
    /// What is said of a file that changed does not count: who was told of it has looked at the file.
    pub fn settle(&mut self, before: Self, mut now: Self, is_changed: impl Fn(FileId) -> bool) -> BTreeSet<Finder> {
        fn compare<K: std::hash::Hash + Eq>(
            known: &FxHashMap<K, Fact>,
            (before, now): (&FxHashMap<K, Fact>, &mut FxHashMap<K, Fact>),
            counts: impl Fn(&K) -> bool,
            differing: &mut BTreeSet<Finder>,
        ) {
            now.retain(|key, _| !known.contains_key(key));
            for (one, other) in [(before, &*now), (&*now, before)] {
                let differs = |(key, fact): &(&K, &Fact)| counts(key) && other.get(key).is_none_or(|o| o.by != fact.by || o.ty != fact.ty);
                differing.extend(one.iter().filter(differs).map(|(_, fact)| fact.by));
            }
        }
        let mut differing = BTreeSet::new();
        compare(&self.names, (&before.names, &mut now.names), |key| !is_changed(key.0), &mut differing);
        compare(&self.exprs, (&before.exprs, &mut now.exprs), |key| !is_changed(key.0), &mut differing);
        compare(&self.returns, (&before.returns, &mut now.returns), |key| !is_changed(key.file), &mut differing);
        let counts = |key: &Maker| key.1.is_none_or(|(file, _)| !is_changed(file));
        compare(&self.contexts, (&before.contexts, &mut now.contexts), counts, &mut differing);
        self.add_found(now);
        differing
    }
}

impl<'w> World<'w> {
    pub fn new(files: &'w [File], layout: &'w Layout, is_watched: bool) -> Self {
        let by_path = by_path(files);
        let targets = files.iter().map(|file| targets_of(file, layout, &by_path)).collect();
        Self::with_targets(files, layout, by_path, targets, is_watched)
    }

    /// The same files with other texts in some of them; `targets` are from before.
    pub fn again(files: &'w [File], layout: &'w Layout, mut targets: Vec<Targets>, changed: &[FileId]) -> Self {
        let by_path = by_path(files);
        for file in changed {
            targets[file.0 as usize] = targets_of(&files[file.0 as usize], layout, &by_path);
        }
        Self::with_targets(files, layout, by_path, targets, true)
    }

    fn with_targets(
        files: &'w [File],
        layout: &'w Layout,
        by_path: FxHashMap<&'w str, FileId>,
        targets: Vec<Targets>,
        is_watched: bool,
    ) -> Self {
        // Files of no project form one of their own, the last: they have no schema.
        let loose = layout.roots.len();
        let mut project_of: Vec<usize> =
            files.iter().map(|f| layout.root_of(&f.source.path).filter(|_| f.source.block.is_none()).unwrap_or(loose)).collect();
        adopt_imported(&targets, &mut project_of, loose);
        adopt_tests(files, layout, &by_path, &targets, &mut project_of);
        let places = Cow::Owned(Places { targets, project_of });
        let (schemas, known) = (Vec::new(), Known::default());
        Self { files, layout, by_path, places, project_count: loose + 1, schemas, known, is_watched }
    }

    /// Files that were linked before, to be asked about; schemas and what was found for many are not told.
    pub fn of(files: &'w [File], layout: &'w Layout, places: &'w Places) -> Self {
        Self {
            files,
            layout,
            by_path: FxHashMap::default(),
            places: Cow::Borrowed(places),
            project_count: layout.roots.len() + 1,
            schemas: Vec::new(),
            known: Known::default(),
            is_watched: false,
        }
    }

    pub fn file(&self, id: FileId) -> &'w File {
        if self.is_watched {
            seen::note(id.0);
        }
        &self.files[id.0 as usize]
    }

    /// All files, where none in particular is looked at.
    pub fn all_files(&self) -> &'w [File] {
        self.files
    }

    /// The number under which a look at what this one has found is noted; those of files come before.
    pub fn number_of(&self, finder: Finder) -> u32 {
        self.files.len() as u32 + finder.0
    }

    /// What reads the schema of a project.
    pub fn schema_finder(&self, project: usize) -> Finder {
        Finder(project as u32)
    }

    /// What reads the exports of a file.
    pub fn export_finder(&self, file: FileId) -> Finder {
        Finder(self.project_count as u32 + file.0)
    }

    /// The number under which a look at the places in a project's schema is noted.
    pub fn number_of_places(&self, project: usize) -> u32 {
        self.number_of(Finder((self.project_count + self.files.len() + project) as u32))
    }

    pub fn known_name(&self, file: FileId, name: BindingId) -> Option<Ty> {
        self.told(Some(file), self.known.names.get(&(file, name)))
    }

    pub fn known_expr(&self, file: FileId, expr: ExprId) -> Option<Ty> {
        self.told(Some(file), self.known.exprs.get(&(file, expr)))
    }

    pub fn known_return(&self, at: FunctionAt) -> Option<Ty> {
        self.told(Some(at.file), self.known.returns.get(&at))
    }

    pub fn known_context(&self, maker: &Maker) -> Option<Ty> {
        self.told(maker.1.map(|(file, _)| file), self.known.contexts.get(maker))
    }

    /// Who is told something about a file is told anew when the file changes: see [`Known::settle`].
    fn told(&self, about: Option<FileId>, fact: Option<&Fact>) -> Option<Ty> {
        let fact = fact?;
        if self.is_watched {
            about.into_iter().for_each(|file| seen::note(file.0));
            seen::note(self.number_of(fact.by));
        }
        Some(fact.ty.clone())
    }

    pub fn project(&self, file: FileId) -> usize {
        self.places.project_of[file.0 as usize]
    }

    /// The schema of the file's project. Who tells of places in it notes that, too: [`World::note_schema_places`].
    pub fn schema(&self, file: FileId) -> Option<&Schema> {
        let project = self.project(file);
        let schema = self.schemas.get(project)?;
        if self.is_watched {
            seen::note(self.number_of(self.schema_finder(project)));
        }
        schema.as_ref()
    }

    pub fn note_schema_places(&self, file: FileId) {
        if self.is_watched {
            seen::note(self.number_of_places(self.project(file)));
        }
    }

    pub fn at_path(&self, path: &str) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// What the specifier stands for in the file.
    pub fn target(&self, file: FileId, specifier: &Name) -> Target {
        self.places.targets[file.0 as usize].get(specifier).cloned().unwrap_or_else(|| Target::Package(specifier.clone()))
    }

    /// The files whose values this one imports, each once, in order.
    pub fn imported_files(&self, file: FileId) -> Vec<ImportedFile> {
        let module = &self.file(file).hir;
        let values = module.imports.iter().enumerate().filter(|(_, i)| !i.type_only).filter_map(|(at, i)| {
            let Some(Target::File(target)) = self.places.targets[file.0 as usize].get(&i.module) else { return None };
            let span = module.at(i.decl_start, i.decl_end);
            Some(ImportedFile { file: *target, span, is_used: module.is_import_used(at as u32) })
        });
        let mut files: Vec<ImportedFile> = values.collect();
        files.sort_unstable_by_key(|f| (f.file, !f.is_used, f.span));
        files.dedup_by_key(|f| f.file);
        files
    }

    /// Follows an import to where the name is declared.
    pub fn origin(&self, file: FileId, specifier: &Name, name: &ImportName) -> Origin {
        match (self.target(file, specifier), name) {
            (Target::Package(module), ImportName::Named(name)) => Origin::Package(module, Some(name.clone())),
            (Target::Package(module), ImportName::Default) => Origin::Package(module, Some(Name::from("default"))),
            (Target::Package(module), ImportName::Namespace | ImportName::Nothing) => Origin::Package(module, None),
            (Target::File(target), ImportName::Named(name)) => self.export(target, name),
            (Target::File(target), ImportName::Default) => self.export(target, "default"),
            (Target::File(target), ImportName::Namespace | ImportName::Nothing) => Origin::Namespace(target),
        }
    }

    /// Follows an export to where the name is declared.
    pub fn export(&self, file: FileId, name: &str) -> Origin {
        self.export_within(file, name, 32)
    }

    fn export_within(&self, file: FileId, name: &str, steps: u32) -> Origin {
        let Some(steps) = steps.checked_sub(1) else { return Origin::Missing };
        let module = &self.file(file).hir;
        if let Some(export) = module.export(name) {
            return match &export.what {
                Exported::From(specifier, from) => match (self.target(file, specifier), from) {
                    (Target::File(target), ImportName::Named(name)) => self.export_within(target, name, steps),
                    (Target::File(target), ImportName::Default) => self.export_within(target, "default", steps),
                    _ => self.origin(file, specifier, from),
                },
                what => Origin::Here(file, what.clone()),
            };
        }
        let mut package = None;
        for export in module.exports.iter().filter(|e| e.name.is_none()) {
            let Exported::From(specifier, _) = &export.what else { continue };
            match self.target(file, specifier) {
                Target::File(target) => match self.export_within(target, name, steps) {
                    Origin::Missing => {}
                    found => return found,
                },
                Target::Package(module) => package = Some(Origin::Package(module, Some(Name::from(name)))),
            }
        }
        package.unwrap_or(Origin::Missing)
    }
}

/// A file outside of every functions folder belongs to the project whose code imports it, the first where there are several.
fn adopt_imported(targets: &[Targets], project_of: &mut [usize], loose: usize) {
    let mut queue: Vec<usize> = (0..project_of.len()).filter(|&i| project_of[i] != loose).collect();
    let mut at = 0;
    while let Some(&importer) = queue.get(at) {
        at += 1;
        let mut imported: Vec<u32> =
            targets[importer].values().filter_map(|t| if let Target::File(f) = t { Some(f.0) } else { None }).collect();
        imported.sort_unstable();
        for file in imported {
            if project_of[file as usize] == loose {
                project_of[file as usize] = project_of[importer];
                queue.push(file as usize);
            }
        }
    }
}

/// Gives tests that lie beside a functions folder to the project whose files they import.
fn adopt_tests(files: &[File], layout: &Layout, by_path: &FxHashMap<&str, FileId>, targets: &[Targets], project_of: &mut [usize]) {
    // A folder without a schema, in which a backend lies, is no home to the tests beside that.
    let has_schema = |root: &Root| ["ts", "js"].iter().any(|end| by_path.contains_key(format!("{}/schema.{end}", root.functions).as_str()));
    let is_homeless = |project: usize| layout.roots.get(project).is_none_or(|root| !has_schema(root));
    let is_asked = |i: &usize| files[*i].role == Role::Test && is_homeless(project_of[*i]);
    let mut tests: Vec<usize> = (0..files.len()).filter(is_asked).collect();
    loop {
        let before = tests.len();
        tests.retain(|&test| {
            let imported =
                targets[test].values().filter_map(|t| if let Target::File(f) = t { Some(project_of[f.0 as usize]) } else { None });
            let other = imported.filter(|&project| project != project_of[test] && project < layout.roots.len()).min();
            other.is_none_or(|project| {
                project_of[test] = project;
                false
            })
        });
        if tests.len() == before {
            return;
        }
    }
}

fn by_path(files: &[File]) -> FxHashMap<&str, FileId> {
    files.iter().filter(|f| f.source.block.is_none()).map(|f| (f.source.path.as_str(), f.source.id)).collect()
}

fn targets_of(file: &File, layout: &Layout, by_path: &FxHashMap<&str, FileId>) -> Targets {
    let exists = |path: &str| by_path.contains_key(path);
    // Code in a page imports from a project that is only told of.
    let from = Some(&file.source.path).filter(|_| file.source.block.is_none());
    let resolve = |specifier: &str| by_path.get(layout.resolve(from?, specifier, &exists)?.as_str()).copied();
    let mut targets = FxHashMap::default();
    if file.role == Role::Generated {
        return targets;
    }
    for import in &file.hir.imports {
        if targets.contains_key(&import.module) {
            continue;
        }
        let target = match generated(&import.module) {
            Some(name) => Target::Package(name),
            None => match resolve(&import.module) {
                Some(found) => Target::File(found),
                None => Target::Package(import.module.clone()),
            },
        };
        targets.insert(import.module.clone(), target);
    }
    targets
}

/// `_generated/server`, `_generated/api`, `_generated/dataModel`, however the path to it is written.
fn generated(specifier: &str) -> Option<Name> {
    let at = specifier.rfind("_generated/")?;
    if at > 0 && specifier.as_bytes()[at - 1] != b'/' {
        return None;
    }
    let name = &specifier[at..];
    let name = [".ts", ".js", ".d.ts", ".mjs"].iter().find_map(|e| name.strip_suffix(e)).unwrap_or(name);
    Some(Name::from(name))
}

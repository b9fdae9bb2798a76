//! What a person has chosen of a plan, and what is still to be asked. Asks nobody, and prints nothing.
//!
//! What is not wanted is never cut out of a plan: a plan is made anew without it, so that what is left fits together, and is proved like any other.
//! Where that makes another text of a file that was wanted already, that text is asked about again.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::cli::pages;
use crate::codemod::{Options, Plan};
use crate::model::Workspace;
use crate::source::FileId;

pub struct Choice<'a> {
    workspace: &'a Workspace,
    planned: &'a dyn Fn(&Options) -> Plan,
    pub options: Options,
    pub plan: Plan,
    /// Files that change even if no function does: the schemas, and what is written by their types.
    first: BTreeSet<FileId>,
    /// What is wanted, as it was shown.
    taken: BTreeMap<FileId, String>,
    /// The same of files that are new, by their paths.
    taken_new: BTreeMap<String, String>,
}

/// Files that change together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    pub files: Vec<FileId>,
    /// The projects whose schema it is, which stay as a whole where it is not wanted; none for a file with functions.
    pub projects: Vec<usize>,
    /// A file that is new, and that the files with functions of its project need.
    pub created: Option<String>,
    /// It was wanted in another form, before something else was not.
    pub is_again: bool,
}

/// What leaving a unit comes to, besides.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Consequences {
    /// Files that would have changed, and do not either.
    pub stay: Vec<FileId>,
    /// Files that change in another way.
    pub otherwise: Vec<FileId>,
    /// How many calls more are left.
    pub calls: usize,
}

impl Unit {
    pub fn of(files: Vec<FileId>) -> Self {
        Self { files, projects: Vec::new(), created: None, is_again: false }
    }
}

impl<'a> Choice<'a> {
    pub fn new(workspace: &'a Workspace, options: Options, plan: Plan, planned: &'a dyn Fn(&Options) -> Plan) -> Self {
        let mut kept = options.kept.clone();
        kept.extend(plan.files.keys().map(|file| workspace.source(*file).path.clone()));
        let first = planned(&Options { kept, ..options.clone() }).files.into_keys().collect();
        Self { workspace, planned, options, plan, first, taken: BTreeMap::new(), taken_new: BTreeMap::new() }
    }

    /// What is still to be asked: schemas first, then files with functions, from those that others import to those that import them, and what
    /// these come to need last.
    pub fn open(&self) -> Vec<Unit> {
        let path = |file: &FileId| self.workspace.source(*file).path.as_str();
        let is_first = |file: &FileId| self.first.contains(file) || self.options.kept.iter().any(|kept| kept == path(file));
        let (schemas, mut rest): (Vec<FileId>, Vec<FileId>) = self.plan.files.keys().copied().partition(is_first);
        // Blocks of one page are one file on disk.
        let mut units: Vec<Unit> = Vec::new();
        for file in schemas {
            let project = self.project(file);
            let is_same = |unit: &&mut Unit| {
                unit.projects.contains(&project) || unit.files.iter().any(|f| pages::shown_path(path(f)) == pages::shown_path(path(&file)))
            };
            match units.iter_mut().find(is_same) {
                Some(unit) => {
                    unit.files.push(file);
                    unit.projects.extend((!unit.projects.contains(&project)).then_some(project));
                }
                None => units.push(Unit { projects: vec![project], ..Unit::of(vec![file]) }),
            }
        }
        rest.sort_by_key(|file| (self.project(*file), Reverse(self.importers(*file).len()), path(file)));
        units.extend(rest.into_iter().map(|file| Unit::of(vec![file])));
        units.retain(|unit| unit.files.iter().any(|file| self.is_open(*file)));
        for unit in &mut units {
            unit.is_again = unit.files.iter().any(|file| self.taken.contains_key(file));
        }
        let created = self.plan.created.iter().filter(|(path, text)| self.taken_new.get(*path) != Some(text));
        units.extend(created.map(|(path, _)| Unit {
            created: Some(path.clone()),
            is_again: self.taken_new.contains_key(path),
            ..Unit::of(Vec::new())
        }));
        units
    }

    /// Whether the file would get a text that was not wanted yet.
    pub fn is_open(&self, file: FileId) -> bool {
        self.plan.files.get(&file).is_some_and(|new| self.taken.get(&file) != Some(&new.text))
    }

    /// The files that would change, too, and import this one.
    pub fn importers(&self, file: FileId) -> Vec<FileId> {
        let imports = |other: &FileId| *other != file && self.workspace.imports_of(*other).iter().any(|import| import.file == file);
        self.plan.files.keys().copied().filter(imports).collect()
    }

    pub fn take(&mut self, unit: &Unit) {
        let new = unit.files.iter().filter_map(|file| Some((*file, self.plan.files.get(file)?.text.clone())));
        self.taken.extend(new);
        let created = unit.created.as_ref().and_then(|path| Some((path.clone(), self.plan.created.get(path)?.clone())));
        self.taken_new.extend(created);
    }

    /// Leaves these as they are, and makes the plan anew.
    pub fn leave(&mut self, units: &[Unit]) -> Consequences {
        let options = self.without(units);
        let plan = (self.planned)(&options);
        let consequences = self.consequences(units, &plan);
        (self.options, self.plan) = (options, plan);
        self.taken.retain(|file, _| self.plan.files.contains_key(file));
        self.taken_new.retain(|path, _| self.plan.created.contains_key(path));
        consequences
    }

    /// What leaving it would come to.
    pub fn would_leave(&self, unit: &Unit) -> Consequences {
        let unit = std::slice::from_ref(unit);
        self.consequences(unit, &(self.planned)(&self.without(unit)))
    }

    fn without(&self, units: &[Unit]) -> Options {
        let mut options = self.options.clone();
        for unit in units {
            match unit.projects.is_empty() {
                true => {
                    let needing = unit.created.iter().flat_map(|path| self.needing(path));
                    let left = unit.files.iter().copied().chain(needing);
                    options.kept.extend(left.map(|file| self.workspace.source(file).path.clone()));
                }
                false => options.projects.iter_mut().for_each(|asked| asked.retain(|project| !unit.projects.contains(project))),
            }
        }
        options
    }

    /// The files with functions of the project that a new file is of.
    fn needing(&self, created: &str) -> impl Iterator<Item = FileId> {
        let root = |path: &str| self.workspace.layout.root_of(path);
        let of = root(created);
        let files = self.plan.files.keys().copied().filter(|file| !self.first.contains(file));
        files.filter(move |file| root(&self.workspace.source(*file).path) == of)
    }

    fn consequences(&self, units: &[Unit], plan: &Plan) -> Consequences {
        let is_left = |file: &FileId| units.iter().any(|unit| unit.files.contains(file));
        let others = || self.plan.files.iter().filter(|(file, _)| !is_left(file));
        Consequences {
            stay: others().map(|(file, _)| *file).filter(|file| !plan.files.contains_key(file)).collect(),
            otherwise: others()
                .filter(|(file, old)| plan.files.get(file).is_some_and(|new| new.text != old.text))
                .map(|(f, _)| *f)
                .collect(),
            calls: plan.calls.left.saturating_sub(self.plan.calls.left),
        }
    }

    fn project(&self, file: FileId) -> usize {
        let mut asked = self.options.projects.iter().flatten().copied();
        asked.find(|project| self.workspace.projects[*project].files.contains(&file)).unwrap_or_default()
    }
}

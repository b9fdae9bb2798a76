//! The backends that are called before and after their migration: where they are, what becomes of them, and how they are run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use orm_lint::codemod::{From, Left, Options, RelationStyle};
use orm_lint::codemods;
use orm_lint::source::FileId;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program::{copy_project, npm_packages, run};
use crate::support::{self, read, root};

/// A backend, and what the codemod makes of it.
pub struct Backend {
    pub name: String,
    pub options: Options,
    /// Paths and texts.
    pub files: Vec<(String, String)>,
    /// What the codemod writes, new files among it, by path.
    pub written: BTreeMap<String, String>,
    pub left: Vec<Left>,
    pub steps: Value,
}

/// All of them, or the one that `BACKEND` names.
pub fn backends() -> Vec<Backend> {
    let folders = ["fixtures/projects", "fixtures/backends"].map(|folder| root().join(folder));
    let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).expect("the fixtures"));
    let mut places: Vec<PathBuf> =
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.join("steps.json").exists()).collect();
    if let Ok(asked) = std::env::var("BACKEND") {
        places.retain(|path| path.ends_with(&asked));
    }
    places.sort();
    assert!(!places.is_empty(), "no backend has steps.json");
    places.iter().map(|place| Backend::at(place)).collect()
}

/// Whether only one of them is looked at.
pub fn is_one_asked_for() -> bool {
    std::env::var_os("BACKEND").is_some()
}

impl Backend {
    fn at(place: &Path) -> Self {
        let files = sources(place, &place.join("convex"));
        let options = options(&files);
        let steps: Value = serde_json::from_str(&read(&place.join("steps.json"))).unwrap_or_else(|e| panic!("{}: {e}", place.display()));
        let name = place.file_name().expect("a name").to_string_lossy().into_owned();
        let mut backend = Self { name, options, files, written: BTreeMap::new(), left: Vec::new(), steps };
        (backend.written, backend.left) = backend.migrated(&backend.options);
        backend
    }

    /// What the codemod writes with these options, and what it leaves.
    pub fn migrated(&self, options: &Options) -> (BTreeMap<String, String>, Vec<Left>) {
        let plan = support::with_deep_stack(|| codemods::plan(&support::workspace(&self.files, Vec::new()), options));
        let changed = plan.files.iter().map(|(file, rewritten)| (self.path(*file).to_owned(), rewritten.text.clone()));
        (changed.chain(plan.created.clone()).collect(), plan.left)
    }

    /// The same with what was written in the place of what was there.
    pub fn with(&self, written: &BTreeMap<String, String>) -> Self {
        let stays = self.files.iter().filter(|(path, _)| !written.contains_key(path)).cloned();
        let new = written.iter().map(|(path, text)| (path.clone(), text.clone()));
        Self {
            name: self.name.clone(),
            options: self.options.clone(),
            files: stays.chain(new).collect(),
            written: BTreeMap::new(),
            left: Vec::new(),
            steps: self.steps.clone(),
        }
    }

    pub fn path(&self, file: FileId) -> &str {
        &self.files[file.0 as usize].0
    }

    pub fn before(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|(name, _)| name == path).map(|(_, text)| text.as_str())
    }

    pub fn after(&self, path: &str) -> Option<&str> {
        self.written.get(path).map(String::as_str).or_else(|| self.before(path))
    }
}

/// The place where backends are laid out and run; packages are found from there.
pub struct Bench {
    packages: PathBuf,
    folder: TempDir,
    laid: usize,
}

impl Bench {
    /// `None` where the packages cannot be had.
    pub fn new() -> Option<Self> {
        let packages = npm_packages(&root().join("tests/conformance"), "the packages to run migrated functions with")?;
        let folder = tempfile::tempdir_in(&packages).expect("a folder");
        copy_project(&root().join("tests/conformance"), &folder.path().join("harness"));
        Some(Self { packages, folder, laid: 0 })
    }

    /// The backend as it was; once, however many outcomes are held against it.
    pub fn before(&self, backend: &Backend) -> PathBuf {
        let folder = self.folder.path().join(&backend.name).join("before");
        if !folder.exists() {
            lay_out(&folder, backend.files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
        }
        folder
    }

    /// The backend with what was written in the place of what was there.
    pub fn after(&mut self, backend: &Backend, written: &BTreeMap<String, String>) -> PathBuf {
        self.laid += 1;
        let folder = self.folder.path().join(&backend.name).join(format!("after-{}", self.laid));
        let stays = backend.files.iter().filter(|(path, _)| !written.contains_key(path)).map(|(path, text)| (path.as_str(), text.as_str()));
        lay_out(&folder, stays.chain(written.iter().map(|(path, text)| (path.as_str(), text.as_str()))));
        folder
    }

    /// One outcome beside what was there.
    pub fn case(&mut self, backend: &Backend, written: &BTreeMap<String, String>) -> Value {
        json!({ "before": self.before(backend), "after": self.after(backend, written), "steps": backend.steps })
    }

    /// The outcomes in which one file has another text, beside what was there; and whether the compiler is asked, too.
    pub fn broken(&mut self, backend: &Backend, changes: &[(&str, String, bool)]) -> Value {
        let after = |(path, text, is_compiled): &(&str, String, bool)| {
            let mut written = backend.written.clone();
            written.insert((*path).to_owned(), text.clone());
            json!({ "folder": self.after(backend, &written), "types": is_compiled })
        };
        let afters: Vec<Value> = changes.iter().map(after).collect();
        json!({ "before": self.before(backend), "afters": afters, "steps": backend.steps })
    }

    pub fn outcomes(&self, cases: &[Value]) -> Vec<Value> {
        let place = self.folder.path();
        let list = place.join("list.json");
        std::fs::write(&list, Value::from(cases.to_vec()).to_string()).expect("write the list");
        let output = run(Command::new("node").arg(place.join("harness/functions.mjs")).arg(&list).current_dir(&self.packages));
        assert!(output.code == 0, "{}\n{}", output.err, output.out);
        serde_json::from_str(&output.out).unwrap_or_else(|error| panic!("{error}: {}", output.out))
    }

    /// Who notices each of the broken outcomes: a run, the compiler, or nobody (an empty text).
    pub fn noticed(&self, cases: &[Value]) -> Vec<Vec<String>> {
        let results = self.outcomes(cases);
        let failed: Vec<&str> = results.iter().filter_map(|result| result["failed"].as_str()).collect();
        assert!(failed.is_empty(), "{}", failed.join("\n"));
        let by = |result: &Value| serde_json::from_value(result["by"].clone()).expect("a list of texts");
        results.iter().map(by).collect()
    }
}

pub fn problems(result: &Value) -> Vec<&str> {
    result["problems"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn lay_out<'t>(folder: &Path, files: impl Iterator<Item = (&'t str, &'t str)>) {
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("make the folder");
        std::fs::write(path, text).expect("write a file");
    }
    copy_project(&root().join("tests/conformance/generated"), &folder.join("convex/_generated"));
}

/// By what the backend is made of.
fn options(files: &[(String, String)]) -> Options {
    let is_of_ents = files.iter().any(|(path, text)| path == "convex/schema.ts" && text.contains("convex-ents"));
    Options {
        from: if is_of_ents { From::Ents } else { From::Convex },
        relations: RelationStyle::DefineRelations,
        orm: "better-convex/orm".to_owned(),
        one_to_one: Default::default(),
        foreign_keys: Default::default(),
        nullable: Default::default(),
        schema_function: Default::default(),
        target: Default::default(),
        projects: None,
        only: None,
        tables: Vec::new(),
        kept: Vec::new(),
        todo: false,
        public_shape: Default::default(),
    }
}

fn sources(backend: &Path, folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "_generated") {
            found.extend(sources(backend, &path));
        } else if path.extension().is_some_and(|ending| ending == "ts") {
            let name = path.strip_prefix(backend).expect("a path in the backend").display().to_string();
            found.push((name, read(&path)));
        }
    }
    found.sort();
    found
}

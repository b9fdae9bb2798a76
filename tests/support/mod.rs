//! What the fixture tests share: reading Markdown, building workspaces, and reports that say everything at once.

#![allow(dead_code, reason = "each test binary uses its part of this")]

pub mod codemod_case;
pub mod journaled;
pub mod markdown;
pub mod mutation;
pub mod packages;
pub mod program;
pub mod rule_case;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use orm_lint::model::{self, Layout, PathAliases, Root, Workspace};
use orm_lint::source::{FileId, STACK_SIZE};

/// Rules that are declared and not yet written. One that finds something must leave this list.
const UNFINISHED: &[&str] = &[];

pub fn is_unfinished(rule: &str) -> bool {
    UNFINISHED.contains(&rule)
}

/// The folder of the project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether this run rewrites what it would otherwise compare: `UPDATE=1 cargo test`.
pub fn is_update() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| value != "0" && !value.is_empty())
}

pub fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Compares a file with what it should hold, or with `UPDATE=1` writes it.
pub fn expect_file(failures: &mut Failures, path: &Path, wanted: &str) {
    let shown = path.strip_prefix(root()).unwrap_or(path).display().to_string();
    let current = std::fs::read_to_string(path).unwrap_or_default();
    if current == wanted {
        return;
    }
    if is_update() {
        std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("make the folder");
        std::fs::write(path, wanted).unwrap_or_else(|error| panic!("{shown}: {error}"));
        return;
    }
    failures.add(format!("{shown} is stale; `UPDATE=1 cargo test` rewrites it\n{}", diff(&current, wanted)));
}

/// The Markdown files of a fixture: `<name>.md`, or all in the folder `<name>`.
pub fn fixture_files(folder: &Path, name: &str) -> Vec<PathBuf> {
    let single = folder.join(format!("{name}.md"));
    let mut files: Vec<PathBuf> = single.exists().then_some(single).into_iter().collect();
    if let Ok(entries) = std::fs::read_dir(folder.join(name)) {
        files.extend(entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.extension().is_some_and(|e| e == "md")));
    }
    files.sort();
    files
}

/// A workspace of these files, with a functions folder `convex` and a component wherever there is a `convex.config.ts`.
pub fn workspace(files: &[(String, String)], aliases: Vec<PathAliases>) -> Workspace {
    let mut roots: BTreeSet<(String, bool)> = BTreeSet::new();
    for (path, _) in files {
        if let Some(folder) = path.strip_suffix("/convex.config.ts").filter(|folder| *folder != "convex") {
            roots.insert((folder.to_owned(), true));
        }
        if path.starts_with("convex/") {
            roots.insert(("convex".to_owned(), false));
        }
    }
    let roots: Vec<Root> = roots.into_iter().map(|(functions, is_component)| Root { functions, is_component }).collect();
    let layout = Layout { roots, aliases, ..Layout::default() };
    let read = |(i, (path, text)): (usize, &(String, String))| {
        let mut file = model::read(FileId(i as u32), path.clone(), text.clone());
        file.role = layout.role_of(path);
        file
    };
    let files = files.iter().enumerate().map(read).collect();
    Workspace::link(files, layout)
}

/// The `paths` of a tsconfig.json in the top folder.
pub fn path_aliases(tsconfig: &str) -> PathAliases {
    let json: serde_json::Value = serde_json::from_str(tsconfig).unwrap_or_else(|error| panic!("tsconfig.json: {error}"));
    let options = &json["compilerOptions"];
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let targets = |value: &serde_json::Value| value.as_array().into_iter().flatten().map(text).collect();
    let paths = options["paths"].as_object().into_iter().flatten().map(|(pattern, to)| (pattern.clone(), targets(to))).collect();
    let base = text(&options["baseUrl"]).trim_start_matches("./").trim_end_matches('/').to_owned();
    let base = if base == "." { String::new() } else { base };
    PathAliases { folder: String::new(), base, base_url: options["baseUrl"].is_string(), paths, of_package: false }
}

/// Runs on threads with the stack that trees need.
pub fn with_deep_stack<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK_SIZE).build().expect("a thread pool");
    pool.install(run)
}

/// What turns one text into the other, as a unified diff.
pub fn diff(from: &str, to: &str) -> String {
    similar::TextDiff::from_lines(from, to).unified_diff().context_radius(3).header("is", "should be").to_string()
}

/// The text with each line moved right.
pub fn indented(text: &str) -> String {
    text.lines().fold(String::new(), |mut out, line| {
        let _ = writeln!(out, "    {line}");
        out
    })
}

/// All that is wrong, said at the end and at once.
#[derive(Default)]
pub struct Failures(Vec<String>);

impl Failures {
    pub fn add(&mut self, failure: impl Into<String>) {
        self.0.push(failure.into());
    }

    pub fn check(&mut self, holds: bool, failure: impl FnOnce() -> String) {
        if !holds {
            self.0.push(failure());
        }
    }

    /// Whether something that was said holds the words.
    pub fn mention(&self, words: &str) -> bool {
        self.0.iter().any(|failure| failure.contains(words))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Fails the test if there is anything to say.
    #[track_caller]
    pub fn report(self) {
        assert!(self.0.is_empty(), "\n\n{}\n{} failures\n", self.0.join("\n\n"), self.0.len());
    }
}

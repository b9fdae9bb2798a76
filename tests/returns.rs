//! That a written `returns` holds when the function runs.
//!
//! `tests/conformance/returns` is a backend without `returns`: documents, nulls, lists, pages, helpers, unions, records, ids, actions.
//! `orm-lint --fix` writes them, TypeScript reads them, and then every function is called in the fake of Convex's backend that
//! `convex-test` is, which refuses what a validator does not allow.
//! That it would refuse is tried as well: with other `returns`, no call of a function may pass.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::program::{copy_project, files_under, npm_packages, orm_lint, run};
use support::{Failures, root};

/// What no `returns` are written for, with what would have to be known.
const UNWRITTEN: [(&str, &str); 4] = [
    ("keepers:attempted", "what is caught"),
    ("keepers:byName", "what `Object.fromEntries` makes"),
    ("keepers:files", "documents of system tables"),
    ("keepers:jobs", "documents of system tables"),
];

#[test]
fn written_returns_hold_when_functions_run() {
    let Some(backend) = Backend::fixed() else { return };
    let mut failures = Failures::default();
    let unwritten: Vec<&str> = backend.functions().filter(|(_, said)| said["returns"] == false).map(|(name, _)| name).collect();
    assert_eq!(unwritten, UNWRITTEN.map(|(name, _)| name));
    for (name, said) in backend.functions() {
        failures.check(said["said"] == Value::Array(Vec::new()), || format!("{name}: {}", said["said"]));
        failures.check(said["refused"] == true, || format!("{name}: it is never called, or may return anything"));
    }
    assert!(backend.functions().count() > 40);
    failures.report();
}

#[test]
fn returns_that_are_wrong_are_seen() {
    let Some(mut backend) = Backend::fixed() else { return };
    for (file, right, wrong, function) in [
        ("hives.ts", "first: v.union(v.string(), v.null())", "first: v.string()", "hives:outer"),
        ("hives.ts", "hasNotes: v.boolean(),", "", "hives:withoutPhoto"),
        ("keepers.ts", "limit: v.optional(v.number()) }), handler", "limit: v.number() }), handler", "keepers:echoed"),
        ("keepers.ts", "v.literal(\"negative\"), v.number()", "v.literal(\"negative\")", "keepers:kind"),
    ] {
        let path = backend.folder().join("convex").join(file);
        let text = support::read(&path);
        assert_eq!(text.matches(right).count(), 1, "{right}: {text}");
        std::fs::write(&path, text.replace(right, wrong)).expect("write a file");
        backend.run();
        let wrong: Vec<&str> =
            backend.functions().filter(|(_, said)| said["said"] != Value::Array(Vec::new())).map(|(name, _)| name).collect();
        assert_eq!(wrong, [function]);
        std::fs::write(&path, text).expect("write a file");
    }
}

/// The backend in a folder of its own, beside the packages.
struct Backend {
    place: tempfile::TempDir,
    packages: PathBuf,
    said: Value,
}

impl Backend {
    /// With what `orm-lint` writes, and run once.
    fn fixed() -> Option<Self> {
        let packages = npm_packages(&root().join("tests/conformance"), "the packages to run functions with")?;
        let place = tempfile::tempdir_in(&packages).expect("a folder");
        copy_project(&root().join("tests/conformance"), place.path());
        let mut backend = Self { place, packages, said: Value::Null };
        let folder = backend.folder();
        copy_project(&root().join("tests/conformance/generated"), &folder.join("convex/_generated"));
        let before = files_under(&folder);
        fix(&folder);
        let after = files_under(&folder);
        assert_ne!(after, before, "nothing is written");
        fix(&folder);
        assert_eq!(files_under(&folder), after, "a second run writes something else");
        let compiler = backend.packages.join("node_modules/typescript/bin/tsc");
        let checked = run(Command::new("node").arg(compiler).args(["--pretty", "false", "-p", "."]).current_dir(&folder));
        assert_eq!(checked.out, "");
        backend.run();
        Some(backend)
    }

    fn folder(&self) -> PathBuf {
        self.place.path().join("returns")
    }

    /// Calls everything in it.
    fn run(&mut self) {
        let runner = self.place.path().join("returns.mjs");
        let calls = self.folder().join("calls.mjs");
        let ran = run(Command::new("node").arg(runner).arg(self.folder()).arg(calls).current_dir(&self.packages));
        assert!(ran.code == 0, "{}{}", ran.out, ran.err);
        self.said = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}{}", ran.out, ran.err));
    }

    /// What is said of each function, by name.
    fn functions(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.said["functions"].as_object().into_iter().flatten().map(|(name, said)| (name.as_str(), said))
    }
}

/// Writes the `returns` that can be written. Git ignores the folder that this is in.
fn fix(folder: &Path) {
    orm_lint(folder, &["--fix", "-A", "all", "-D", "missing-returns", "--no-ignore"]);
}

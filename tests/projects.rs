//! Whole backends, end to end: what `orm-lint` says of them, and what becomes of them when it fixes what it can.
//!
//! For each folder in `fixtures/projects` the findings and the fixes are snapshots in `tests/snapshots/projects`; `UPDATE=1` rewrites them.
//! Unasked: fixed code parses, a second run changes nothing, `--diff` shows what `--fix` writes, and TypeScript still agrees with it.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use orm_lint::cli::output::diff;
use orm_lint::source::{self, FileId};
use support::program::{copy_project, files_under, npm_packages, orm_lint, run};
use support::{Failures, expect_file, root, with_deep_stack};

/// A project, and how its snapshots are called.
struct Project {
    name: String,
    folder: PathBuf,
}

impl Project {
    fn snapshot(&self, kind: &str) -> PathBuf {
        root().join(format!("tests/snapshots/projects/{}.{kind}", self.name))
    }
}

fn projects() -> Vec<Project> {
    let entries = std::fs::read_dir(root().join("fixtures/projects")).expect("the projects");
    let folders = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir());
    let mut projects: Vec<Project> =
        folders.map(|folder| Project { name: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(), folder }).collect();
    projects.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!projects.is_empty(), "there are no projects to lint");
    projects
}

#[test]
fn findings_are_those_that_were_reviewed() {
    let mut failures = Failures::default();
    for project in projects() {
        let concise = orm_lint(&project.folder, &["--format", "concise"]);
        expect_file(&mut failures, &project.snapshot("concise.txt"), &concise.out);
        failures.check(concise.code == 1, || format!("{}: exit {}: {}", project.name, concise.code, concise.err));

        let mut json: serde_json::Value =
            serde_json::from_str(&orm_lint(&project.folder, &["--format", "json"]).out).expect("JSON on standard output");
        json["summary"]["duration_ms"] = 0.into();
        let pretty = serde_json::to_string_pretty(&json).expect("JSON") + "\n";
        expect_file(&mut failures, &project.snapshot("json"), &pretty);
        let count = json["diagnostics"].as_array().map_or(0, Vec::len);
        failures.check(count == concise.out.lines().count(), || format!("{}: the formats do not show the same findings", project.name));
    }
    failures.report();
}

#[test]
fn findings_are_the_same_from_anywhere_and_on_any_number_of_threads() {
    let mut failures = Failures::default();
    for project in projects() {
        let here = orm_lint(&project.folder, &["--format", "concise", "--threads", "1"]).out;
        let there = orm_lint(root(), &["--format", "concise", "--threads", "7", &format!("fixtures/projects/{}", project.name)]).out;
        let there = there.replace(&format!("fixtures/projects/{}/", project.name), "");
        failures.check(here == there, || format!("{}:\n{}", project.name, support::diff(&here, &there)));
    }
    failures.report();
}

#[test]
fn fixes_are_those_that_were_reviewed() {
    let mut failures = Failures::default();
    for project in projects() {
        for flag in ["--fix", "--unsafe-fixes"] {
            check_fixes(&mut failures, &project, flag);
        }
    }
    failures.report();
}

fn check_fixes(failures: &mut Failures, project: &Project, flag: &str) {
    let Project { name, folder } = project;
    let place = tempfile::tempdir().expect("a folder");
    copy_project(folder, place.path());
    let before = files_under(place.path());

    let shown = orm_lint(place.path(), &[flag, "--diff"]);
    failures.check(files_under(place.path()) == before, || format!("{name} {flag}: --diff wrote something"));

    let first = orm_lint(place.path(), &[flag]);
    let after = files_under(place.path());
    let changes = before.iter().zip(&after).filter(|(old, new)| old != new);
    let written: String = changes.map(|((path, old), (_, new))| diff::render(path, old, new, false)).collect();
    expect_file(failures, &project.snapshot(&format!("{}.diff", flag.trim_start_matches("--"))), &written);
    failures.check(!written.is_empty(), || format!("{name} {flag}: nothing was fixed: {}", first.err));
    failures.check(shown.out == written, || format!("{name} {flag}: --diff shows other changes than are written"));

    let again = orm_lint(place.path(), &[flag]);
    failures.check(files_under(place.path()) == after, || format!("{name} {flag}: a second run changes something"));
    failures.check(again.out == first.out, || format!("{name} {flag}: a second run finds something else"));
    for (path, text) in after.iter().filter(|(path, _)| is_source(path)) {
        let errors = with_deep_stack(|| source::parse(FileId(0), path.clone(), text.clone()).0.errors);
        failures.check(errors.is_empty(), || format!("{name} {flag}: {path} does not parse any more: {errors:?}"));
    }
}

fn is_source(path: &str) -> bool {
    [".ts", ".tsx", ".js", ".jsx"].iter().any(|end| path.ends_with(end))
}

/// TypeScript is the judge of whether a fix is right about types.
#[test]
fn types_are_right_before_and_after_fixes() {
    let mut failures = Failures::default();
    for project in projects() {
        let Some(packages) = npm_packages(&project.folder, &format!("the packages of {}", project.name)) else { return };
        for flag in [None, Some("--fix"), Some("--unsafe-fixes")] {
            let copy = packages.join(flag.unwrap_or("as-it-is").trim_start_matches('-'));
            let _ = std::fs::remove_dir_all(&copy);
            copy_project(&project.folder, &copy);
            if let Some(flag) = flag {
                // Git ignores the folder that this is in.
                orm_lint(&copy, &[flag, "--no-ignore"]);
                failures
                    .check(files_under(&copy) != files_under(&project.folder), || format!("{} {flag}: nothing was fixed", project.name));
            }
            let checked = type_check(&packages, &copy);
            failures.check(checked.is_empty(), || format!("{} {}:\n{checked}", project.name, flag.unwrap_or("as it is")));
        }
    }
    failures.report();
}

/// What the TypeScript compiler has to say; it finds the packages in the folder above.
fn type_check(packages: &Path, project: &Path) -> String {
    let compiler = packages.join("node_modules/typescript/bin/tsc");
    let checked = run(Command::new("node").arg(compiler).args(["--noEmit", "--pretty", "false", "-p", "."]).current_dir(project));
    if checked.code == 0 { String::new() } else { checked.out + &checked.err }
}

//! What TypeScript says of code that was fixed: of each fixture of a rule, with the published packages, nothing that it did not say before.
//!
//! Whole backends are in `tests/projects.rs`, published ones in `cargo corpus --fix`, and rules whose fixes these have no place for are here.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use orm_lint::rule::FixKind;
use orm_lint::rules;
use serde_json::{Value, json};
use support::program::{copy_project, npm_packages, run};
use support::rule_case::{self, RuleCase};
use support::{Failures, read, root};

/// Fixtures in which TypeScript finds something new, and why that says nothing.
const EXCEPTIONS: [(&str, &str); 1] = [("untyped-env.md:11 ", "`env` is generated for what a configuration declares")];

/// Rules in all of whose fixtures there is something else, mostly tables that no schema has: only what is new is seen there.
const STRAY: [&str; 6] =
    ["collect-to-count", "implicit-null-return", "missing-table-argument", "missing-use-node", "unknown-index", "untyped-env"];

#[test]
fn fixes_bring_no_type_error() {
    let Some(packages) = npm_packages(&root().join("tests/conformance"), "the packages to read fixed code with") else { return };
    let folder = tempfile::tempdir_in(&packages).expect("a folder");
    let place = folder.path();
    copy_project(&root().join("tests/conformance"), &place.join("harness"));
    let mut failures = Failures::default();
    let mut fixed: Vec<(RuleCase, Value)> = Vec::new();
    for entry in rules::ALL.iter().filter(|entry| entry.meta.fix != FixKind::None && !support::is_unfinished(entry.meta.id)) {
        for case in rule_case::cases_of(entry.meta, &mut failures) {
            let (before, after) = support::with_deep_stack(|| case.before_and_after(&mut failures));
            if before == after {
                continue;
            }
            let inner = place.join(fixed.len().to_string());
            lay_out(&inner.join("before"), &before);
            lay_out(&inner.join("after"), &after);
            fixed.push((case, json!({ "before": inner.join("before"), "after": inner.join("after") })));
        }
    }
    let list = place.join("list.json");
    std::fs::write(&list, Value::from(fixed.iter().map(|(_, folders)| folders.clone()).collect::<Vec<_>>()).to_string()).expect("write");
    let output = run(Command::new("node").arg(place.join("harness/fixes.mjs")).arg(&list).current_dir(&packages));
    assert!(output.code == 0, "{}\n{}", output.err, output.out);
    let said: Vec<Value> = serde_json::from_str(&output.out).unwrap_or_else(|error| panic!("{error}: {}", output.out));
    assert_eq!(said.len(), fixed.len());
    // How many fixtures of each rule TypeScript has nothing to say about once they are fixed.
    let mut clean: BTreeMap<&str, usize> = BTreeMap::new();
    for ((case, _), said) in fixed.iter().zip(&said) {
        let (before, after) = (errors(&said["before"]), errors(&said["after"]));
        let more = |kind: &(&str, &str), count: usize| before.get(kind).is_none_or(|(known, _)| *known < count);
        let new: Vec<&str> = after.iter().filter(|(kind, (count, _))| more(kind, *count)).map(|(_, (_, error))| *error).collect();
        let exception = EXCEPTIONS.iter().find(|(title, _)| case.title.contains(title));
        failures.check(new.is_empty() != exception.is_some(), || format!("{}\n  {}", case.title, new.join("\n  ")));
        *clean.entry(case.meta.id).or_default() += usize::from(after.is_empty());
    }
    for (rule, count) in clean {
        failures.check((count == 0) == STRAY.contains(&rule), || format!("{rule}: {count} fixtures are without an error"));
    }
    failures.report();
}

/// The kinds of errors in each file, with the words of one and how often it is there. Words may change with what they are about.
fn errors(said: &Value) -> BTreeMap<(&str, &str), (usize, &str)> {
    let mut found = BTreeMap::new();
    for error in said.as_array().into_iter().flatten().filter_map(Value::as_str) {
        let (place, words) = error.split_once(" TS").unwrap_or(("", error));
        let kind = (place.split(':').next().unwrap_or_default(), words.split(' ').next().unwrap_or_default());
        let known = found.entry(kind).or_insert((0, error));
        known.0 += 1;
    }
    found
}

fn lay_out(folder: &Path, files: &[(String, String)]) {
    copy_project(&root().join("tests/conformance/generated"), &folder.join("convex/_generated"));
    let schema = ("convex/schema.ts".to_owned(), read(&root().join("fixtures/prelude/schema.ts")));
    let is_there = files.iter().any(|(path, _)| *path == schema.0);
    for (path, text) in files.iter().chain((!is_there).then_some(&schema)) {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("make the folder");
        std::fs::write(path, text).expect("write a file");
    }
}

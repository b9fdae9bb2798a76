//! What the compiler does not hold: who may import whom, what a file is called, how long it may be.
//!
//! Reads the sources as text. The rest of the invariants are in clippy.toml and in `[lints]`.

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use orm_lint::rules;
use support::{Failures, fixture_files, read, root};

/// Each module with those that it may import, besides itself. Whatever is not listed may import nothing.
const LAYERS: &[(&str, &[&str])] = &[
    ("nesting", &["source"]),
    ("source", &["nesting"]),
    ("style", &["source"]),
    ("document", &["source"]),
    ("edit", &["source"]),
    ("model", &["source", "style", "edit"]),
    ("writing", &["source", "style", "edit", "model"]),
    ("picture", &["source", "model"]),
    ("diagnostic", &["source", "edit", "model"]),
    ("rule", &["source", "edit", "model", "diagnostic"]),
    ("preset", &["diagnostic", "rule"]),
    ("rules", &["source", "style", "edit", "model", "writing", "diagnostic", "rule"]),
    ("lint", &["source", "edit", "model", "diagnostic", "rule", "rules", "fixing", "suppress"]),
    ("fixing", &["source", "edit", "model", "writing", "diagnostic", "rule", "rules", "lint"]),
    ("suppress", &["source", "edit", "model", "diagnostic", "rule", "rules", "lint"]),
    ("docs", &["diagnostic", "rule", "rules", "preset", "codemods"]),
    ("codemod", &["source"]),
    ("codemods", &["source", "style", "edit", "model", "writing", "codemod"]),
];

/// May import everything.
const TOP: &[&str] = &["cli", "lib"];

/// Macros are exported at the top of the crate; here is where they live.
const MACROS: &[(&str, &str)] = &[("declare_rule", "rule")];

/// Modules that may name the parser's own types.
const PARSER: &[&str] = &["src/source.rs", "src/model/lower.rs", "src/model/lower/"];

/// Files over the limit, each one thing that would only be harder to read in two.
const LONG: &[&str] = &["src/model/hir.rs", "src/model/lower.rs", "src/model/lower/statements.rs"];
const LIMIT: usize = 450;

/// Files in src/rules that are no rules, but what several rules share.
const SHARED: &[&str] = &[];

#[test]
fn imports_point_one_way() {
    let mut failures = Failures::default();
    for (path, text) in sources("src") {
        let module = module_of(&path);
        if TOP.contains(&module) {
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == module) else {
            failures.add(format!("{path}: `{module}` has no place yet: say in tests/architecture.rs what it may import"));
            continue;
        };
        for (line, imported) in imports(&text) {
            let imported = MACROS.iter().find(|(name, _)| *name == imported).map_or(&*imported, |(_, home)| home);
            let is_fine = imported == module || allowed.contains(&imported);
            failures
                .check(is_fine, || format!("{path}:{line}: `{module}` may not import `{imported}`; it may import {}", allowed.join(", ")));
        }
    }
    failures.report();
}

#[test]
fn the_parser_is_named_where_trees_are_read() {
    let mut failures = Failures::default();
    for (path, text) in sources("src") {
        let may = PARSER.iter().any(|place| path.starts_with(place));
        for (i, line) in
            text.lines().enumerate().filter(|(_, line)| !may && is_code(line) && (line.contains("swc_ecma") || line.contains("swc_common")))
        {
            failures.add(format!("{path}:{}: only {} name the parser's crates\n    {}", i + 1, PARSER.join(", "), line.trim()));
        }
    }
    failures.report();
}

#[test]
fn every_rule_has_its_file_and_its_fixture() {
    let mut failures = Failures::default();
    let files: BTreeSet<String> = sources("src/rules").into_iter().map(|(path, _)| path).collect();
    let top = |path: &&String| path.matches('/').count() == 2;
    let mut wanted: BTreeSet<String> = SHARED.iter().map(|name| format!("src/rules/{name}.rs")).collect();
    let mut ids = BTreeSet::new();
    for entry in rules::ALL {
        let id = entry.meta.id;
        let path = format!("src/rules/{}.rs", id.replace('-', "_"));
        failures.check(files.contains(&path), || format!("the rule `{id}` should stand in {path}"));
        failures.check(ids.insert(id), || format!("two rules are called `{id}`"));
        let is_kebab = id.split('-').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        failures.check(is_kebab, || format!("the id `{id}` should be in kebab-case"));
        if !support::is_unfinished(id) {
            let has_fixture = !fixture_files(&root().join("fixtures/rules"), id).is_empty();
            failures.check(has_fixture, || format!("`{id}` has no fixture: write fixtures/rules/{id}.md"));
        }
        wanted.insert(path);
    }
    for path in files.iter().filter(top) {
        failures.check(wanted.contains(path), || {
            format!("{path} is no rule in src/rules.rs; what rules share is listed in tests/architecture.rs")
        });
    }
    let aliases: Vec<&str> = rules::ALL.iter().filter_map(|entry| entry.meta.alias).collect();
    let distinct: BTreeSet<&str> = aliases.iter().copied().collect();
    failures.check(aliases.len() == distinct.len(), || format!("two rules have one alias: {aliases:?}"));
    failures.report();
}

#[test]
fn files_are_one_thing_each() {
    let mut failures = Failures::default();
    for (path, text) in sources("src").into_iter().chain(sources("tests")) {
        let lines = text.lines().count();
        if LONG.contains(&&*path) {
            failures.check(lines > LIMIT, || format!("{path} is short now ({lines} lines): take it out of LONG in tests/architecture.rs"));
        } else {
            failures.check(lines <= LIMIT, || format!("{path} has {lines} lines; over {LIMIT} it is probably two things"));
        }
        let name = path.rsplit('/').next().unwrap_or_default();
        failures.check(!matches!(name, "utils.rs" | "util.rs" | "helpers.rs" | "common.rs" | "misc.rs"), || {
            format!("{path}: the name says nothing of what is inside")
        });
        // A rule's file says what it is for in the documentation of the rule.
        let is_said = text.starts_with("//!") || path.starts_with("src/rules/");
        failures.check(is_said, || format!("{path} does not say what it is for: start it with `//!`"));
    }
    failures.report();
}

/// Every Rust file under the folder, by path from the top of the project.
fn sources(folder: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    found.sort();
    let shown = |path: &Path| path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/");
    found.into_iter().map(|path| (shown(&path), read(&path))).collect()
}

/// The module at the top of the crate that a file belongs to: `src/model/hir.rs` is of `model`.
fn module_of(path: &str) -> &str {
    let inner = path.strip_prefix("src/").unwrap_or(path);
    inner.split('/').next().unwrap_or(inner).trim_end_matches(".rs")
}

fn is_code(line: &str) -> bool {
    !line.trim_start().starts_with("//")
}

/// The modules at the top of the crate that a text names, each with its line: `crate::edit::Fix`, `crate::{edit, model}`.
fn imports(text: &str) -> Vec<(usize, String)> {
    let code: String = text.lines().map(|line| if is_code(line) { format!("{line}\n") } else { "\n".to_owned() }).collect();
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let line = 1 + code[..at].matches('\n').count();
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(names_in(group).into_iter().map(|name| (line, name))),
            None => found.push((line, first_name(rest))),
        }
    }
    found
}

/// The first name of each item in a group of imports, up to its closing brace.
fn names_in(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut names = vec![first_name(group.trim_start())];
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(first_name(group[at + 1..].trim_start())),
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn first_name(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn imports_are_read_in_every_form() {
    let names = |text: &str| imports(text).into_iter().map(|(line, name)| format!("{line} {name}")).collect::<Vec<_>>();
    assert_eq!(names("// crate::no\nuse crate::edit::Fix;\nlet x = crate::model::read();"), ["2 edit", "3 model"]);
    assert_eq!(names("use crate::{\n  edit::{Edit, Fix},\n  lint,\n};\nuse crate::rule;"), ["1 edit", "1 lint", "5 rule"]);
}

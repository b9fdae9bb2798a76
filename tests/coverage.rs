//! Holds the table of requirements to the rules, and to good and bad code for each of them.
//!
//! `fixtures/coverage.md` says itself how it is read. Only marks are compared here; what findings say is for the fixtures of the rules.

mod support;

use std::collections::BTreeSet;

use orm_lint::docs::coverage;
use orm_lint::lint::{self, RuleSet, Settings};
use orm_lint::preset::Preset;
use orm_lint::rules;
use support::markdown::{self, Block, Case, line_of, take_marks};
use support::{Failures, fixture_files, read, root};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Good,
    Bad,
    Unseen,
}

#[test]
fn requirements_name_rules_that_are_there() {
    let mut failures = Failures::default();
    let mut ids = BTreeSet::new();
    for requirement in coverage::requirements() {
        let id = requirement.id;
        failures.check(ids.insert(id), || format!("two requirements are called {id}"));
        failures.check(requirement.says.ends_with('.'), || format!("{id} is said in a sentence"));
        failures.check(!requirement.rules.is_empty() || requirement.limits.ends_with('.'), || format!("{id} has no rule: say why"));
        for rule in requirement.rules {
            failures.check(rules::find(rule).is_some(), || format!("{id}: there is no rule `{rule}`"));
            let has_fixture = !fixture_files(&root().join("fixtures/rules"), rule).is_empty();
            failures.check(has_fixture, || format!("{id}: `{rule}` has no fixture"));
        }
    }
    failures.report();
}

/// A must is an error in `strict`, and what only a should asks for warns.
#[test]
fn strict_is_as_loud_as_the_guidelines() {
    let mut failures = Failures::default();
    let of = |letters: [char; 2]| coverage::requirements().filter(move |r| r.id.starts_with(letters)).flat_map(|r| r.rules.iter().copied());
    let musts: BTreeSet<&str> = of(['M', 'N']).collect();
    let shoulds: BTreeSet<&str> = of(['S', 'S']).filter(|rule| !musts.contains(rule)).collect();
    for (rules, wanted) in [(&musts, orm_lint::diagnostic::Level::Error), (&shoulds, orm_lint::diagnostic::Level::Warn)] {
        for rule in rules {
            let level = rules::find(rule).map(|entry| Preset::Strict.level(entry.meta));
            // The first is asked for elsewhere in stronger words; the second is about time alone, and off.
            let is_excepted = matches!(*rule, "collect-to-count" | "run-in-transaction");
            failures.check(is_excepted || level == Some(wanted), || format!("`{rule}` is {level:?} in `strict`, and should be {wanted:?}"));
        }
    }
    failures.report();
}

#[test]
fn good_code_is_clean_and_bad_code_is_found() {
    let mut failures = Failures::default();
    let mut cases = markdown::cases(&read(&root().join("fixtures/coverage.md")));
    let shared = cases.remove(0).blocks;
    let mut shown: Vec<(String, Kind)> = Vec::new();
    for case in &cases {
        let Some((ids, kind)) = heading(&case.name) else {
            failures.add(format!("fixtures/coverage.md:{}: a heading is `M1 M2 bad: what is bad`", case.line));
            continue;
        };
        let found = support::with_deep_stack(|| check_marks(case, &shared, &mut failures));
        let place = || format!("fixtures/coverage.md:{} · {}", case.line, case.name);
        failures.check(kind == Kind::Bad || found.is_empty(), || format!("{}\n  nothing should be found in it: {found:?}", place()));
        for id in ids {
            let Some(requirement) = coverage::requirements().find(|requirement| requirement.id == id) else {
                failures.add(format!("{}\n  there is no requirement {id}", place()));
                continue;
            };
            let is_found = requirement.rules.iter().any(|rule| found.contains(*rule));
            failures.check(kind != Kind::Bad || is_found, || format!("{}\n  no rule of {id} speaks: {:?}", place(), requirement.rules));
            shown.push((id, kind));
        }
    }
    for requirement in coverage::requirements() {
        let is_shown = |wanted: Kind| shown.iter().any(|(id, kind)| id == requirement.id && *kind == wanted);
        let (id, wanted) = (requirement.id, if requirement.rules.is_empty() { Kind::Unseen } else { Kind::Bad });
        // What a missing library would be is nothing that can be shown.
        failures.check(is_shown(wanted) || id == "S8", || format!("fixtures/coverage.md shows no code that is bad for {id}"));
        failures.check(is_shown(Kind::Good) || id == "E8", || format!("fixtures/coverage.md shows no code that is good for {id}"));
    }
    failures.report();
}

/// `M1 M2 bad: words`.
fn heading(name: &str) -> Option<(Vec<String>, Kind)> {
    let (front, words) = name.split_once(": ")?;
    let mut ids: Vec<String> = front.split(' ').map(str::to_owned).collect();
    let kind = match &*ids.pop()? {
        "good" => Kind::Good,
        "bad" => Kind::Bad,
        "unseen" => Kind::Unseen,
        _ => return None,
    };
    (!ids.is_empty() && !words.is_empty()).then_some((ids, kind))
}

/// Lints a case with its preset and compares what is found, line by line, with its marks. The rules that spoke.
fn check_marks(case: &Case, shared: &[Block], failures: &mut Failures) -> BTreeSet<String> {
    let has_schema = case.blocks.iter().any(|block| block.path.as_deref() == Some("convex/schema.ts"));
    let beside = if has_schema { &[] } else { shared };
    let blocks: Vec<&Block> = case.blocks.iter().chain(beside).filter(|block| block.is_source()).collect();
    let mut files = Vec::new();
    let mut wanted = BTreeSet::new();
    for block in blocks {
        let (text, marks) = take_marks(&block.text, "error");
        let path = block.path_or_default();
        for mark in marks {
            let words = mark.words.unwrap_or_default();
            wanted.extend(words.split(", ").map(|rule| (path.clone(), mark.line, rule.to_owned())));
        }
        files.push((path, text));
    }
    let workspace = support::workspace(&files, Vec::new());
    let of_file = vec![Some(0); files.len()];
    let found = lint::lint(&workspace, &Settings { sets: vec![rules_of(case, failures)], of_file });
    let place = |d: &orm_lint::diagnostic::Diagnostic| {
        let file = workspace.source(d.span.file);
        (files[d.span.file.0 as usize].0.clone(), line_of(&file.text, d.span.start as usize), d.rule.to_owned())
    };
    let found: BTreeSet<_> = found.iter().map(place).collect();
    let list =
        |all: Vec<&(String, usize, String)>| all.iter().map(|(path, line, rule)| format!("\n    {path}:{line} {rule}")).collect::<String>();
    let (extra, missed) = (list(found.difference(&wanted).collect()), list(wanted.difference(&found).collect()));
    let title = format!("fixtures/coverage.md:{} · {}", case.line, case.name);
    failures.check(extra.is_empty(), || format!("{title}\n  found, but not marked:{extra}"));
    failures.check(missed.is_empty(), || format!("{title}\n  marked, but not found:{missed}"));
    found.into_iter().map(|(_, _, rule)| rule).collect()
}

/// `recommended`, or the preset that a paragraph names (`preset: strict`), with the options of a block `orm-lint.json`.
fn rules_of(case: &Case, failures: &mut Failures) -> RuleSet {
    let named = case.prose.iter().find_map(|line| line.strip_prefix("preset: ")).map(|name| Preset::find(name).expect("a preset"));
    let preset = named.unwrap_or_default();
    let config = case.blocks.iter().find(|block| block.path.as_deref() == Some("orm-lint.json"));
    let config: serde_json::Value = config.map_or_else(Default::default, |block| serde_json::from_str(&block.text).expect("JSON"));
    let mut on = Vec::new();
    for entry in rules::ALL {
        let options = config["rules"][entry.meta.id].get(1).cloned().unwrap_or_else(|| serde_json::json!({}));
        match (entry.build)(options) {
            Ok(rule) => on.push((rule, preset.level(entry.meta))),
            Err(error) => failures.add(format!("fixtures/coverage.md:{}: `{}`: {error}", case.line, entry.meta.id)),
        }
    }
    RuleSet { rules: on.into_iter().filter(|(_, level)| *level != orm_lint::diagnostic::Level::Off).collect() }
}

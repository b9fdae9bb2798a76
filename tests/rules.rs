//! Runs every rule on its fixtures and on the example in its documentation.
//!
//! `RULE=some-id cargo test --test rules` looks at one rule; `UPDATE=1` rewrites `fixed` blocks and the snapshot, never marks.

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use orm_lint::rule::{FixKind, RuleEntry, RuleMeta};
use orm_lint::rules;
use support::markdown::{self, Case};
use support::rule_case::{self, Outcome, RuleCase};
use support::{Failures, expect_file, fixture_files, is_unfinished, is_update, read, root};

#[test]
fn every_rule_does_what_its_fixtures_say() {
    let mut failures = Failures::default();
    let mut others = BTreeSet::new();
    for entry in chosen() {
        let outcomes = support::with_deep_stack(|| run_fixtures(entry.meta, &mut failures));
        if is_unfinished(entry.meta.id) {
            let is_silent = outcomes.iter().all(|(_, outcome)| outcome.own.is_empty());
            failures.check(is_silent, || format!("`{}` finds something: take it out of UNFINISHED in tests/support/mod.rs", entry.meta.id));
            continue;
        }
        check_the_set_of_cases(entry.meta, &outcomes, &mut failures);
        for (title, outcome) in outcomes {
            others.extend(outcome.others.iter().map(|hit| format!("{title}: {hit}")));
        }
    }
    if one_rule().is_none() {
        let lines: String = others.iter().map(|line| format!("{line}\n")).collect();
        expect_file(&mut failures, &root().join("tests/snapshots/other_rules.txt"), &lines);
    }
    failures.report();
}

#[test]
fn every_example_in_the_documentation_is_true() {
    let mut failures = Failures::default();
    let schema = read(&root().join("fixtures/prelude/schema.ts"));
    for entry in chosen().filter(|entry| !is_unfinished(entry.meta.id)) {
        let meta = entry.meta;
        let cases = example_cases(meta);
        let mut marks = 0;
        for case in cases {
            let case =
                RuleCase::new(meta, &format!("documentation of {}", meta.id), &case, &mut failures).with_file("convex/schema.ts", &schema);
            marks += case.marks();
            support::with_deep_stack(|| case.run(&mut failures));
        }
        failures.check(marks > 0, || format!("`{}`: no example in its documentation has a line marked `// error`", meta.id));
    }
    failures.report();
}

#[test]
fn every_fixture_belongs_to_a_rule() {
    let mut failures = Failures::default();
    for entry in std::fs::read_dir(root().join("fixtures/rules")).expect("fixtures/rules") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        failures.check(rules::find(&name).is_some(), || format!("fixtures/rules/{name}: there is no rule `{name}`"));
    }
    failures.report();
}

fn one_rule() -> Option<String> {
    std::env::var("RULE").ok().filter(|rule| !rule.is_empty())
}

fn chosen() -> impl Iterator<Item = &'static RuleEntry> {
    let only = one_rule();
    if let Some(id) = &only {
        assert!(rules::find(id).is_some(), "RULE={id}: there is no such rule");
    }
    rules::ALL.iter().filter(move |entry| only.as_ref().is_none_or(|id| id == entry.meta.id))
}

/// Runs the cases of a rule; each with its title.
fn run_fixtures(meta: &'static RuleMeta, failures: &mut Failures) -> Vec<(String, Outcome)> {
    let mut outcomes = Vec::new();
    for path in fixture_files(&root().join("fixtures/rules"), meta.id) {
        let shown = shown(&path);
        let text = read(&path);
        let mut rewrites = Vec::new();
        let (shared, cases) = rule_case::with_shared(markdown::cases(&text), meta.id);
        for case in cases {
            let case_of_rule = RuleCase::new(meta, &shown, &case, failures);
            let case_of_rule = shared.iter().fold(case_of_rule, |case, block| case.with_file(&block.path_or_default(), &block.text));
            let outcome = case_of_rule.run(failures);
            rewrites.extend(outcome.rewrites.iter().cloned());
            let is_new = outcomes.iter().all(|(title, _)| *title != format!("{shown} · {}", case.name));
            failures.check(is_new, || format!("{shown}:{}: a second case is called \"{}\"", case.line, case.name));
            outcomes.push((format!("{shown} · {}", case.name), outcome));
        }
        if is_update() && !rewrites.is_empty() {
            std::fs::write(&path, rewritten(text, rewrites)).expect("write the fixture");
        }
    }
    outcomes
}

fn rewritten(mut text: String, mut rewrites: Vec<(std::ops::Range<usize>, String)>) -> String {
    rewrites.sort_by_key(|(range, _)| range.start);
    for (range, new) in rewrites.into_iter().rev() {
        let new = if new.is_empty() || new.ends_with('\n') { new } else { new + "\n" };
        text.replace_range(range, &new);
    }
    text
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// A rule has a case that fires, one that stays silent, and a result for its fixes.
fn check_the_set_of_cases(meta: &RuleMeta, outcomes: &[(String, Outcome)], failures: &mut Failures) {
    let id = meta.id;
    failures.check(!outcomes.is_empty(), || format!("`{id}` has no fixture: write fixtures/rules/{id}.md"));
    let own = || outcomes.iter().flat_map(|(_, outcome)| &outcome.own);
    failures.check(own().next().is_some(), || format!("`{id}`: no case makes the rule speak"));
    failures.check(outcomes.iter().any(|(_, o)| o.own.is_empty()), || format!("`{id}`: no case leaves the rule silent"));
    let has_fix = own().any(|d| d.is_fixable(true));
    let has_block = outcomes.iter().any(|(_, o)| o.has_fixed_block);
    failures.check(!has_fix || has_block, || format!("`{id}` offers a fix: show its result in a `ts fixed` block"));
    failures.check(has_fix || meta.fix == FixKind::None, || format!("`{id}` declares a fix, and no case shows one"));
    let has_unsafe = own().any(|d| d.is_fixable(true) && !d.is_fixable(false));
    let says_why = orm_lint::docs::sections(meta).1.iter().any(|section| section.heading == "Fix safety");
    failures.check(!has_unsafe || says_why, || format!("`{id}` offers unsafe fixes: say under \"Fix safety\" what may change"));
    let has_safe = own().any(|d| d.is_fixable(false));
    failures.check(has_safe || meta.fix != FixKind::Safe, || format!("`{id}` declares safe fixes, and no case shows one"));
}

/// The blocks under "Example" in a rule's documentation: one case together where they name files, else one each.
fn example_cases(meta: &RuleMeta) -> Vec<Case> {
    let docs = orm_lint::docs::text(meta);
    let examples: Vec<Case> = markdown::cases(&docs).into_iter().filter(|case| case.name == "Example").collect();
    let mut cases = Vec::new();
    for mut case in examples {
        let is_together = case.blocks.iter().any(|block| block.path.is_some());
        for block in &mut case.blocks {
            if block.is_source() && block.path.is_none() {
                block.path = block.text.contains("defineSchema(").then(|| "convex/schema.ts".to_owned());
                block.text = as_module(&block.text, block.words.first().map(String::as_str));
            }
        }
        if is_together {
            cases.push(case);
        } else {
            cases.extend(case.blocks.iter().map(|block| Case { blocks: vec![block.clone()], ..case.clone() }));
        }
    }
    cases
}

/// What examples may use without importing it, on one line so that lines stay countable.
const IMPORTS: &str = "import { v } from \"convex/values\"; import { defineSchema, defineTable } from \"convex/server\"; \
    import { query, mutation, action, internalQuery, internalMutation, internalAction, httpAction } from \"./_generated/server\"; \
    import { api, internal } from \"./_generated/api\"; import type { Doc, Id } from \"./_generated/dataModel\";";

/// Statements become the body of a query (or of what the block's info string says), declarations a module; modules stay as they are.
fn as_module(text: &str, registrar: Option<&str>) -> String {
    let has = |start: &str| text.lines().any(|line| line.starts_with(start));
    if has("import ") {
        return text.to_owned();
    }
    if has("export ") {
        return format!("{IMPORTS}\n{text}");
    }
    let registrar = registrar.filter(|word| *word != "fixed").unwrap_or("query");
    format!(
        "{IMPORTS}\nexport const example = {registrar}({{ args: v.any(), returns: v.any(), handler: async (ctx, args) => {{\n{text}}} }});\n"
    )
}

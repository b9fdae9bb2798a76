//! Compares what is proved of new schemas with what fixtures/proof says, and sees to it that every sabotage of one is caught.
//!
//! `UPDATE=1` rewrites the listings. The sabotages are tables: what is done, what is replaced in the new schema, by what, and what is said of it.

mod support;

use std::fmt::Write as _;
use std::ops::Range;

use orm_lint::codemods::proof::{self, Outcome, Verdict, Wider};
use orm_lint::model::Workspace;
use support::markdown::{self, Case};
use support::{Failures, diff, fixture_files, indented, is_update, read, root};

#[test]
fn schemas_are_judged_as_listed() {
    let mut failures = Failures::default();
    for path in fixture_files(&root().join("fixtures"), "proof") {
        let document = read(&path);
        let shown = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
        let mut rewrites: Vec<(Range<usize>, String)> = Vec::new();
        for case in markdown::cases(&document) {
            let listed = support::with_deep_stack(|| judged(&case, None));
            let Some(expected) = case.blocks.iter().find(|b| b.language == "text") else {
                failures.add(format!("{shown}:{} · {}: no `text` block says what is proved\n{}", case.line, case.name, indented(&listed)));
                continue;
            };
            if listed == expected.text {
                continue;
            }
            if is_update() {
                rewrites.push((expected.range.clone(), listed));
            } else {
                failures.add(format!("{shown}:{} · {}\n{}", case.line, case.name, indented(&diff(&listed, &expected.text))));
            }
        }
        let mut text = document;
        if !rewrites.is_empty() {
            for (range, listed) in rewrites.into_iter().rev() {
                text.replace_range(range, &listed);
            }
            std::fs::write(&path, text).expect("write the fixture");
        }
    }
    failures.report();
}

#[test]
fn every_sabotage_is_caught() {
    let mut failures = Failures::default();
    let mut count = 0;
    for path in fixture_files(&root().join("fixtures"), "proof") {
        let document = read(&path);
        let cases = markdown::cases(&document);
        for sabotage in sabotages(&document) {
            count += 1;
            let Some(case) = cases.iter().rfind(|c| c.line < sabotage.line) else { continue };
            let said = support::with_deep_stack(|| judged(case, Some(&sabotage)));
            failures.check(said.contains(&sabotage.said), || {
                format!(
                    "{}:{} · {}: it should be said “{}”\n{}",
                    path.display(),
                    sabotage.line,
                    sabotage.what,
                    sabotage.said,
                    indented(&said)
                )
            });
        }
    }
    failures.check(count >= 40, || format!("only {count} sabotages were found"));
    failures.report();
}

struct Sabotage {
    line: usize,
    what: String,
    from: String,
    to: String,
    said: String,
}

/// The rows of tables: what is done | `this` | `becomes that` | what is said.
fn sabotages(document: &str) -> Vec<Sabotage> {
    let code = |cell: &str| cell.trim().strip_prefix('`').and_then(|c| c.strip_suffix('`')).map(str::to_owned);
    let row = |(i, line): (usize, &str)| {
        let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
        let [what, from, to, said] = cells[..] else { return None };
        let from = code(from)?;
        let to = if to.trim().is_empty() || to.trim() == "–" { String::new() } else { code(to)? };
        Some(Sabotage { line: i + 1, what: what.trim().to_owned(), from, to, said: said.trim().to_owned() })
    };
    document.lines().enumerate().filter_map(row).collect()
}

/// What is proved of a case: its blocks are of both schemas, unless they say `before` or `after`.
fn judged(case: &Case, sabotage: Option<&Sabotage>) -> String {
    let side = |word: &str, other: &str| -> Vec<(String, String)> {
        let blocks = case.blocks.iter().filter(|b| b.is_source() && !b.has_word(other));
        let text = |text: &str| match sabotage.filter(|_| word == "after") {
            Some(sabotage) => {
                let places = text.matches(&*sabotage.from).count();
                assert!(places <= 1, "line {}: `{}` stands in {places} places", sabotage.line, sabotage.from);
                text.replace(&*sabotage.from, &sabotage.to)
            }
            None => text.to_owned(),
        };
        let path = |b: &markdown::Block| b.path.clone().unwrap_or_else(|| "convex/schema.ts".to_owned());
        blocks.map(|b| (path(b), if b.has_word(word) { text(&b.text) } else { b.text.clone() })).collect()
    };
    let (old, new) = (side("before", "after"), side("after", "before"));
    if let Some(sabotage) = sabotage {
        assert!(
            case.blocks.iter().any(|b| b.has_word("after") && b.text.contains(&*sabotage.from)),
            "line {}: `{}` is nowhere",
            sabotage.line,
            sabotage.from
        );
    }
    let (before, after) = (support::workspace(&old, Vec::new()), support::workspace(&new, Vec::new()));
    let verdict = proof::compare(&before, &before.projects[0], &after, &after.projects[0]);
    listing(&verdict, &after)
}

fn listing(verdict: &Verdict, after: &Workspace) -> String {
    let mut out = String::new();
    for (name, outcome) in &verdict.tables {
        let said = match outcome {
            Outcome::Equal => "equal".to_owned(),
            Outcome::Widened(what) => {
                let of_field =
                    |wider: &Wider| wider.field.as_ref().map_or_else(|| wider.what.clone(), |field| format!("{field}: {}", wider.what));
                format!("widened: {}", what.iter().map(of_field).collect::<Vec<_>>().join("; "))
            }
            Outcome::Narrowed(why) => format!("narrowed: {why}"),
            Outcome::Lost(why) => format!("lost: {why}"),
            Outcome::Unprovable(why) => format!("unprovable: {why}"),
        };
        let _ = writeln!(out, "{name}: {said}");
    }
    for wrong in &verdict.schema {
        let _ = writeln!(out, "schema: {wrong}");
    }
    for (table, why) in proof::refusals(after, &after.projects[0]) {
        let _ = writeln!(out, "refused: {table}: {why}");
    }
    out
}

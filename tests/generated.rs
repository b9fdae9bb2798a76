//! Keeps the generated documentation in step with the rules, and with what the program prints: `UPDATE=1 cargo test --test generated` rewrites it.

mod support;

use std::collections::BTreeSet;

use orm_lint::docs;
use orm_lint::rule::{FixKind, RuleMeta};
use orm_lint::rules;
use support::program::{copy_project, orm_lint, orm_migrate};
use support::{Failures, expect_file, is_update, read, root};

#[test]
fn every_rule_has_its_page() {
    let mut failures = Failures::default();
    let folder = root().join("docs/rules");
    let mut wanted = BTreeSet::from(["README.md".to_owned(), "coverage.md".to_owned()]);
    expect_file(&mut failures, &folder.join("coverage.md"), &docs::coverage::page());
    expect_file(&mut failures, &folder.join("README.md"), &docs::rules_index());
    for entry in rules::ALL {
        let name = format!("{}.md", entry.meta.id);
        expect_file(&mut failures, &folder.join(&name), &docs::rule_page(entry));
        wanted.insert(name);
    }
    for entry in std::fs::read_dir(&folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_page = read(&path).contains("\n## How to configure\n");
        if is_page && !wanted.contains(&name) {
            if is_update() {
                std::fs::remove_file(&path).expect("remove the page");
            } else {
                failures.add(format!("docs/rules/{name}: there is no such rule"));
            }
        }
    }
    failures.report();
}

#[test]
fn the_schema_of_the_configuration_is_fresh() {
    let mut failures = Failures::default();
    expect_file(&mut failures, &root().join("docs/schema.json"), &docs::schema::config_schema());
    failures.report();
}

#[test]
fn written_pages_hold_their_generated_parts() {
    let mut failures = Failures::default();
    expect_part(&mut failures, "docs/configuration.md", "keys", &docs::configuration_table());
    expect_part(&mut failures, "docs/configuration.md", "presets", &docs::presets_table());
    expect_part(&mut failures, "docs/pictures.md", "mermaid", &format!("```mermaid\n{}```\n", picture("mermaid")));
    expect_file(&mut failures, &root().join("docs/images/schema.svg"), &picture("svg"));
    expect_part(&mut failures, "README.md", "rules", &docs::readme_table());
    expect_part(&mut failures, "README.md", "migration", &migration());
    expect_part(&mut failures, "docs/codemods/README.md", "codes", &docs::codes_table());
    failures.report();
}

#[test]
fn documentation_of_rules_has_the_agreed_form() {
    let mut failures = Failures::default();
    for entry in rules::ALL {
        for problem in problems(entry.meta) {
            failures.add(format!("src/rules/{}.rs: {problem}", entry.meta.id.replace('-', "_")));
        }
        for option in docs::options(entry) {
            let is_said = option.summary.ends_with('.') || option.summary.ends_with('`');
            failures.check(is_said, || format!("`{}`: the option `{}` is documented in a sentence", entry.meta.id, option.name));
        }
    }
    failures.report();
}

/// The end of what a migration prints: what comes before is as long as the schema.
fn migration() -> String {
    let folder = tempfile::tempdir().expect("a folder");
    // What is installed into the project would be asked for the version of the ORM.
    copy_project(&root().join("fixtures/projects/choir"), folder.path());
    let shown = orm_migrate(folder.path(), &["--from", "ents", "--relations", "defineRelations", "--dry-run"]).err;
    let from = shown.find("\ntables\n").unwrap_or_else(|| panic!("no tables: {shown}"));
    format!("```text\n{}\n```\n", shown[from..].trim())
}

/// The schema of the example backend.
fn picture(format: &str) -> String {
    orm_lint(&root().join("fixtures/projects/taskboard"), &["--schema", format]).out
}

fn problems(rule: &RuleMeta) -> Vec<String> {
    let mut problems = Vec::new();
    let mut complain = |holds: bool, what: &str| {
        if !holds {
            problems.push(what.to_owned());
        }
    };
    let summary = rule.summary();
    complain(
        summary.starts_with("Finds ") && summary.ends_with('.'),
        "the first line says in a sentence what the rule finds: \"Finds ….\"",
    );
    complain(docs::text(rule).lines().nth(1).is_none_or(str::is_empty), "the first line stands alone");

    let (_, sections) = docs::sections(rule);
    let order: Vec<Option<usize>> = sections.iter().map(|s| docs::HEADINGS.iter().position(|known| *known == s.heading)).collect();
    for (section, at) in sections.iter().zip(&order) {
        complain(at.is_some(), &format!("\"{}\" is no heading; there are {}", section.heading, docs::HEADINGS.join(" · ")));
        complain(!section.body.is_empty(), &format!("nothing stands under \"{}\"", section.heading));
    }
    complain(order.is_sorted(), &format!("the order of headings is {}", docs::HEADINGS.join(" · ")));
    let has = |heading: &str| sections.iter().any(|section| section.heading == heading);
    complain(has("Why is this bad?"), "it does not say why this is bad");
    complain(has("Example"), "it shows no example");
    // A rule of safe fixes alone needs no word on safety; one with unsafe ones says what may change.
    complain(rule.fix != FixKind::Unsafe || has("Fix safety"), "its fixes are unsafe: say under \"Fix safety\" what may change");
    complain(rule.fix != FixKind::None || !has("Fix safety"), "it has no fix, so there is nothing to say under \"Fix safety\"");
    problems
}

/// The part of a page between `<!-- begin <name> -->` and `<!-- end <name> -->`; pages that are not there yet are left out.
fn expect_part(failures: &mut Failures, page: &str, name: &str, wanted: &str) {
    let path = root().join(page);
    let Ok(text) = std::fs::read_to_string(&path) else { return };
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
    let (Some(from), Some(to)) = (text.find(&begin), text.find(&end)) else {
        failures.add(format!("{page}: the marks `{}` and `{end}` are missing", begin.trim()));
        return;
    };
    let fresh = format!("{}\n{wanted}\n{}", &text[..from + begin.len()], &text[to..]);
    expect_file(failures, &path, &fresh);
}

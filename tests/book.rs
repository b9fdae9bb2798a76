//! The documentation as a site: its contents are complete, mdBook builds it, and its links lead somewhere.
//!
//! Makes `docs/SUMMARY.md` and the examples of codemods, of rules and fixtures; `UPDATE=1` rewrites them.

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use orm_lint::rule::Category;
use orm_lint::rules;
use support::program::{attempt, installed, run, skip};
use support::{Failures, expect_file, read, root};

/// mdBook, at the version that the site is built with.
const MDBOOK: &str = "0.5.4";

/// The pages before and after the rules.
const FIRST: [(&str, &str); 9] = [
    ("Getting started", "getting-started.md"),
    ("The command line", "cli.md"),
    ("Configuration", "configuration.md"),
    ("Ignoring findings", "suppression.md"),
    ("In CI", "ci.md"),
    ("Before each commit", "hooks.md"),
    ("Editors", "editors.md"),
    ("The schema as a picture", "pictures.md"),
    ("Code in Markdown and MDX", "markdown.md"),
];
const LAST: [(&str, &str); 4] = [
    ("Coming from @convex-dev/eslint-plugin", "compat.md"),
    ("How it works", "how-it-works.md"),
    ("How fast it is", "benchmarks.md"),
    ("Questions", "faq.md"),
];

/// The codemods with examples, and the fixtures that show what each does; the others try what nobody would want to read.
const EXAMPLES: [(&str, &str, &[&str]); 3] = [
    ("convex", "From plain Convex", &["functions-reads", "functions-writes", "functions-shapes", "functions-left"]),
    ("validators", "From validators", &["columns", "shared-fields", "early", "kept", "since-0.11"]),
    ("ents", "From ents", &["fields", "edges", "deletions", "forms", "from-tables", "styles", "functions-reads", "functions-left"]),
];

#[test]
fn the_contents_are_fresh() {
    let mut failures = Failures::default();
    expect_file(&mut failures, &root().join("docs/SUMMARY.md"), &summary());
    for (codemod, title, fixtures) in EXAMPLES {
        expect_file(&mut failures, &root().join(format!("docs/codemods/{codemod}.md")), &examples(codemod, title, fixtures));
    }
    failures.report();
}

#[test]
fn every_page_is_in_the_contents() {
    let mut failures = Failures::default();
    let contents = summary();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(root().join("docs")).expect("a path under docs").to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".md") && name != "SUMMARY.md" {
                failures.check(contents.contains(&format!("({name})")), || format!("docs/{name} is not in tests/book.rs"));
            }
        }
    }
    failures.report();
}

#[test]
fn mdbook_builds_the_site_and_its_links_lead_somewhere() {
    let install = |folder: &Path| {
        let target = folder.join("build");
        let features = ["--no-default-features", "--features", "search"];
        let install = ["install", "mdbook", "--version", MDBOOK, "--locked", "--debug", "--quiet"];
        attempt(Command::new(env!("CARGO")).args(install).args(features).arg("--root").arg(folder).arg("--target-dir").arg(&target))?;
        std::fs::remove_dir_all(target).map_err(|error| error.to_string())
    };
    let mdbook = match installed(&format!("mdbook-{MDBOOK}"), install) {
        Ok(folder) => folder.join("bin/mdbook"),
        Err(why) => return skip(&format!("mdBook could not be installed with cargo: {why}")),
    };
    let site = tempfile::tempdir().expect("a folder");
    let output = run(Command::new(mdbook).arg("build").arg("--dest-dir").arg(site.path()).arg(root().join("docs")));
    assert_eq!(output.code, 0, "{}", output.err);
    let mut failures = Failures::default();
    let complaints: Vec<&str> = output.err.lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect();
    failures.check(complaints.is_empty(), || complaints.join("\n"));
    let pages = html_under(site.path());
    failures.check(pages.len() > rules::ALL.len(), || format!("the site has {} pages", pages.len()));
    for page in &pages {
        check_links(&mut failures, site.path(), page);
    }
    failures.report();
}

/// The contents of the site.
fn summary() -> String {
    let line = |indent: &str, (title, page): (&str, &str)| format!("{indent}- [{title}]({page})\n");
    let mut text = "# Summary\n\n[What there is](README.md)\n\n".to_owned();
    text.extend(FIRST.map(|page| line("", page)));
    text += &line("", ("Rules", "rules/README.md"));
    for category in Category::ALL {
        for entry in rules::ALL.iter().filter(|entry| entry.meta.category == category) {
            text += &line("  ", (entry.meta.id, &format!("rules/{}.md", entry.meta.id)));
        }
    }
    text += &line("  ", ("Coverage", "rules/coverage.md"));
    text += &line("", ("Codemods", "codemods/README.md"));
    text.extend(EXAMPLES.map(|(codemod, title, _)| line("  ", (title, &format!("codemods/{codemod}.md")))));
    text.extend(LAST.map(|page| line("", page)));
    text
}

/// The cases of the fixtures, without what they say to the test that runs them.
fn examples(codemod: &str, title: &str, fixtures: &[&str]) -> String {
    let mut text = format!("# {title}\n\nWhat `orm-migrate --from {codemod}` makes of code, by example. Each of these is a test.\n");
    for fixture in fixtures {
        let fixture = read(&root().join(format!("fixtures/codemods/{codemod}/{fixture}.md")));
        let mut is_left_out = false;
        for block in fixture.split_inclusive('\n') {
            let line = block.trim_end();
            if line == "```text tables" {
                is_left_out = true;
            } else if is_left_out {
                is_left_out = line != "```";
            } else if line.starts_with("conformance: ") || is_options(line) {
            } else if line.starts_with("# ") || line.starts_with("## ") {
                text += &format!("\n#{line}\n");
            } else if let Some(language) = line.strip_suffix(" after").filter(|line| line.starts_with("```")) {
                text += &format!("becomes\n\n{language}\n");
            } else {
                text += &format!("{}\n", line.split("// left:").next().unwrap_or_default().trim_end());
            }
        }
    }
    // Where lines were left out, their blank neighbours meet.
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    text
}

/// A paragraph of options: `` `relations: defineRelations` ``.
fn is_options(line: &str) -> bool {
    line.starts_with('`') && line.ends_with('`') && line.contains(": ") && !line.ends_with("`:")
}

fn html_under(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(html_under(&path));
        } else if path.extension().is_some_and(|ending| ending == "html") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn check_links(failures: &mut Failures, site: &Path, page: &Path) {
    let name = page.strip_prefix(site).unwrap_or(page).display();
    // These two are not made of pages: one is for any address at all, the other is all pages in one.
    if page.ends_with("404.html") || page.ends_with("print.html") || page.ends_with("toc.html") {
        return;
    }
    let text = read(page);
    let targets: BTreeSet<&str> =
        ["href=\"", "src=\""].into_iter().flat_map(|mark| text.split(mark).skip(1)).filter_map(|rest| rest.split('"').next()).collect();
    for target in
        targets.into_iter().filter(|target| !target.contains("://") && !target.starts_with("mailto:") && !target.starts_with("data:"))
    {
        let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
        let file = if path.is_empty() { page.to_owned() } else { page.parent().unwrap_or(site).join(path) };
        let file = if file.is_dir() { file.join("index.html") } else { file };
        failures.check(file.is_file(), || format!("{name}: `{target}` leads nowhere"));
        if !anchor.is_empty() && file.extension().is_some_and(|ending| ending == "html") && file.is_file() {
            let is_there = read(&file).contains(&format!("id=\"{anchor}\""));
            failures.check(is_there, || format!("{name}: `{target}`: there is no such heading"));
        }
    }
}

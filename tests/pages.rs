//! Holds what people read to what is there: links and paths lead somewhere, and commands are the ones that are run.

mod support;

use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag};
use support::{Failures, read, root};

/// Where the files of the repository are shown.
const OWN: &str = "https://github.com/orm-lint/orm-lint/blob/main/";

#[test]
fn links_lead_somewhere() {
    let mut failures = Failures::default();
    for page in pages() {
        let text = read(&page);
        for target in links(&text) {
            if let Some(path) = target.strip_prefix(OWN) {
                // From the site that is made of the pages, what lies outside of their folder is reached by its address.
                let path = path.split('#').next().unwrap_or_default();
                failures.check(root().join(path).exists(), || format!("{}: there is no `{path}` in the repository", page.display()));
                continue;
            }
            let is_elsewhere = target.contains("://") || target.starts_with("mailto:");
            if !is_elsewhere {
                check_link(&mut failures, &page, &text, &target);
            }
        }
    }
    failures.report();
}

fn check_link(failures: &mut Failures, page: &Path, text: &str, target: &str) {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let shown = page.strip_prefix(root()).unwrap_or(page).display();
    let to = page.parent().unwrap_or(root()).join(file);
    failures.check(to.exists(), || format!("{shown}: the link to `{target}` leads nowhere"));
    if anchor.is_empty() || !to.exists() {
        return;
    }
    let headings = if file.is_empty() { anchors(text) } else { anchors(&read(&to)) };
    failures.check(headings.iter().any(|known| known == anchor), || format!("{shown}: `{target}`: there is no such heading"));
}

/// The pages that are written for people.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    let mut folders = ["", "docs", "docs/rules", "docs/codemods", "benches"].map(|folder| root().join(folder)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|ending| ending == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

fn links(text: &str) -> Vec<String> {
    let link = |event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url.into_string()),
        _ => None,
    };
    Parser::new_ext(text, Options::ENABLE_TABLES).filter_map(link).collect()
}

/// The names by which headings can be linked to.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    headings.map(|heading| heading.chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

/// Paths in code, such as `src/lint.rs`, are of files and folders that are there.
#[test]
fn paths_lead_somewhere() {
    let mut failures = Failures::default();
    for page in ["README.md", "ARCHITECTURE.md", "docs/README.md", "benches/README.md"] {
        let text = read(&root().join(page));
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            let Event::Code(code) = event else { continue };
            let is_path = ["src/", "tests/", "docs/", "benches/", "fixtures/"].iter().any(|folder| code.starts_with(folder));
            let is_one = !code.contains(['<', '*', ' ']);
            failures.check(!is_path || !is_one || root().join(&*code).exists(), || format!("{page}: there is no `{code}`"));
        }
    }
    failures.report();
}

/// What the README tells people to run is what is run before a change is merged.
#[test]
fn the_commands_of_the_readme_are_run() {
    let mut failures = Failures::default();
    let (readme, script) = (read(&root().join("README.md")), read(&root().join(".ci/run")));
    let tests = "cargo test";
    failures.check(readme.lines().any(|line| line == tests), || format!("README.md does not name `{tests}`"));
    failures.check(script.lines().any(|line| line == tests), || format!(".ci/run does not run `{tests}`"));
    let main = readme.lines().find_map(|line| line.strip_prefix("cargo run --release -- "));
    let project = main.expect("the README shows how to lint the example");
    failures.check(root().join(project).join("convex/schema.ts").is_file(), || format!("README.md: there is no project in `{project}`"));
    failures.report();
}

//! `--schema` for schemas of all kinds, shown by what people show pictures with: Mermaid, Graphviz, and a browser.
//!
//! What the pictures say of a small schema is in `tests/cli/schema.md`.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::program::{copy_project, npm_packages, orm_lint, orm_migrate, run, skip};
use support::{Failures, root};
use tempfile::TempDir;

/// Names that every language of pictures has its own trouble with, rows that lead to themselves, circles, and tables that stand alone.
const HOSTILE: &str = r#"import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({
  "end": defineTable({ node: v.id("graph"), "a b": v.string(), "1st": v.null(), "x<y&z>\"q\"": v.number(), '"': v.id("end") }),
  graph: defineTable({ subgraph: v.id("end"), class: v.literal("\"<b>\" & \\"), long: v.union(v.literal("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), v.literal("b"), v.literal("c")) })
    .index("by_<class>", ["class"]),
  erDiagram: defineTable({ direction: v.optional(v.record(v.id("graph"), v.array(v.id("graph")))) }),
  alone: defineTable({ style: v.any() }),
  wide_wide_wide_wide_wide_wide_wide_wide_wide_wide_wide_wide: defineTable({ a: v.object({ b: v.object({ c: v.id("alone") }) }) }),
  title: defineTable({}),
});
"#;

/// The projects whose schemas are drawn: plain, of ents, of an ORM (made of the latter), a hostile one, and one of many tables.
fn projects(folder: &Path) -> Vec<(&'static str, PathBuf)> {
    let fixtures = root().join("fixtures/projects");
    let (taskboard, choir) = (fixtures.join("taskboard"), fixtures.join("choir"));
    let orm = folder.join("orm");
    copy_project(&choir, &orm);
    let migrated = orm_migrate(&orm, &["--from", "ents", "--only", "schema", "--relations", "defineRelations"]);
    assert!(migrated.code < 2, "{}", migrated.err);
    let written = |name: &str, schema: &str| {
        let project = folder.join(name);
        fs::create_dir_all(project.join("convex")).expect("make a folder");
        fs::write(project.join("convex/schema.ts"), schema).expect("write the schema");
        project
    };
    let hostile = written("hostile", HOSTILE);
    let many = written("many", &many_tables(80));
    vec![("plain", taskboard), ("ents", choir), ("orm", orm), ("hostile", hostile), ("many", many)]
}

/// Tables that lead to a few others each, as those of a large backend do: to one that all belong to, and to some before them.
fn many_tables(count: usize) -> String {
    let mut schema = String::from(
        "import { defineSchema, defineTable } from \"convex/server\";\nimport { v } from \"convex/values\";\nexport default defineSchema({\n",
    );
    for table in 0..count {
        schema += &format!("  table{table}: defineTable({{ name: v.string(), owner: v.id(\"table0\"), ");
        for field in 0..(table * 7 % 3) {
            schema += &format!("field{field}: v.id(\"table{}\"), ", (table * 31 + field * 17) % (table / 2 + 1));
        }
        schema += "}).index(\"by_owner\", [\"owner\"]),\n";
    }
    schema + "});\n"
}

fn drawn(project: &Path, format: &str) -> String {
    let output = orm_lint(project, &["--schema", format]);
    assert_eq!(output.code, 0, "{}", output.err);
    output.out
}

#[test]
fn the_same_schema_is_drawn_the_same_way() {
    let folder = TempDir::new().expect("a folder");
    for (name, project) in projects(folder.path()) {
        assert_eq!(drawn(&project, "svg"), drawn(&project, "svg"), "{name}");
    }
}

#[test]
fn mermaid_and_graphviz_read_them() {
    let Some(packages) = npm_packages(&root().join("tests/pictures"), "the programs that read pictures") else { return };
    let folder = TempDir::new_in(&packages).expect("a folder");
    let pictures = folder.path().join("pictures");
    fs::create_dir(&pictures).expect("make the folder");
    // Elsewhere: what lies in `target` is ignored.
    let elsewhere = TempDir::new().expect("a folder");
    for (name, project) in projects(elsewhere.path()) {
        fs::write(pictures.join(format!("{name}.mermaid")), drawn(&project, "mermaid")).expect("write");
        fs::write(pictures.join(format!("{name}.dot")), drawn(&project, "dot")).expect("write");
    }
    let script = folder.path().join("check.mjs");
    fs::copy(root().join("tests/pictures/check.mjs"), &script).expect("copy the script");
    let output = run(Command::new("node").arg(&script).arg(&pictures));
    assert_eq!((output.code, &*output.out), (0, ""), "{}", output.err);
}

#[test]
fn a_browser_shows_them() {
    let Some(browser) = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| is_there(name)) else {
        return skip("no Chromium is installed; on Debian it is the package `chromium`");
    };
    let mut failures = Failures::default();
    let folder = TempDir::new().expect("a folder");
    let script = support::read(&root().join("tests/pictures/look.js"));
    for (name, project) in projects(folder.path()) {
        let page = folder.path().join(format!("{name}.html"));
        let html =
            format!("<!doctype html><meta charset=\"utf-8\"><body style=\"margin:0\">{}<script>{script}</script>", drawn(&project, "svg"));
        fs::write(&page, html).expect("write the page");
        let profile = folder.path().join(format!("{name}.profile"));
        let output = run(Command::new(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--dump-dom"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("file://{}", page.display())));
        let title = output.out.split("<title>").find_map(|part| part.starts_with(['F', 'W']).then(|| part.split('<').next())).flatten();
        failures.check(title.is_some_and(|title| title.starts_with("FINE: ")), || format!("{name}: {}", title.unwrap_or(&output.err)));
    }
    failures.report();
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

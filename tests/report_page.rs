//! `--report` as a page: opened in a browser, wide and narrow, light and dark, for projects of all kinds, hostile and large ones among them.
//!
//! What has to hold in the browser is in `tests/reports/look.mjs`, which also leaves pictures: `PAGES=folder cargo test --test report_page`.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use support::program::{copy_project, orm_migrate, run, skip};
use support::{read, root};
use tempfile::TempDir;

/// What would break out of a page that trusted it, and what no screen is wide enough for.
const HOSTILE: &str = "\
// </script><script>alert(1)</script> <img src=x onerror=alert(2)> \u{202e}gnirts\u{202c} \u{1b}[31m]]>\r\n\
import { defineSchema, defineTable } from \"convex/server\";\r\n\
import { v } from \"convex/values\";\r\n\
export default defineSchema({\r\n\
  users: defineTable({ \"x<y&z>\": v.string(), name: v.optional(v.string()) }).index(\"by_<b>name\", [\"name\"]),\r\n\
  \"</style><svg onload=alert(3)>\": defineTable({ a: v.string() }),\r\n\
  '\"><b>': defineTable({ users: v.id(\"users\"), \"'\": v.literal(\"</title>`&lt;`\") }),\r\n\
  LONG: defineTable({ a: v.union(v.literal(\"WORD\"), v.literal(\"b\")) }),\r\n\
});\r\n";

fn project(folder: &Path, name: &str, files: &[(&str, String)]) -> PathBuf {
    let project = folder.join(name);
    for (path, text) in files {
        let path = project.join(path);
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("make the folder");
        fs::write(path, text).expect("write");
    }
    fs::write(project.join("package.json"), "{}").expect("write");
    project
}

fn page(project: &Path, args: &[&str]) -> String {
    let output = orm_migrate(project, &[args, &["--format", "html", "--dry-run"]].concat());
    assert!(output.code < 2, "{}", output.err);
    output.out
}

const ENTS: [&str; 4] = ["--from", "ents", "--relations", "defineRelations"];
const VALIDATORS: [&str; 4] = ["--from", "validators", "--relations", "defineRelations"];

fn pages(folder: &Path) -> Vec<(&'static str, String)> {
    let fixtures = root().join("fixtures");
    let copied = |from: &str| {
        let project = folder.join(from.replace('/', "-"));
        copy_project(&fixtures.join(from), &project);
        project
    };
    let [library, taskboard] = ["backends/library", "projects/taskboard"].map(copied);
    let hostile = HOSTILE.replace("LONG", &"long".repeat(30)).replace("WORD", &"w".repeat(5_000));
    let hostile = project(folder, "hostile", &[("convex/<b>/schema.ts", hostile.clone()), ("convex/schema.ts", hostile)]);
    let nothing = project(folder, "nothing", &[("convex/schema.ts", "export default 1;\n".to_owned())]);
    let several = folder.join("several");
    for name in ["library", "kitchen"] {
        copy_project(&fixtures.join("backends").join(name).join("convex"), &several.join(name).join("convex"));
    }
    fs::write(several.join("package.json"), "{}").expect("write");
    vec![
        ("ents", page(&library, &ENTS)),
        ("left", page(&library, &[&ENTS[..], &["--keep", "convex/loans.ts"]].concat())),
        ("styles", page(&library, &["--from", "ents", "--relations", "chain"])),
        ("validators", page(&taskboard, &VALIDATORS)),
        ("functions", page(&library, &[&ENTS[..], &["--only", "functions"]].concat())),
        ("hostile", page(&hostile, &VALIDATORS)),
        ("several", page(&several, &ENTS)),
        ("nothing", page(&nothing, &VALIDATORS)),
    ]
}

#[test]
fn a_browser_shows_them() {
    let Some(browser) = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| is_there(name)) else {
        return skip("no Chromium is installed; on Debian it is the package `chromium`");
    };
    if !is_there("node") {
        return skip("Node is not installed");
    }
    let folder = TempDir::new().expect("a folder");
    let mut command = Command::new("node");
    command.arg(root().join("tests/reports/look.mjs"));
    if let Some(shots) = std::env::var_os("PAGES") {
        command.arg("--shots").arg(shots);
    }
    command.arg(browser);
    let pages = pages(folder.path());
    for (name, html) in &pages {
        let path = folder.path().join(format!("{name}.html"));
        fs::write(&path, html).expect("write the page");
        command.arg(path);
    }
    // What this test would not notice if the script noticed nothing.
    let broken = pages[0]
        .1
        .replace("<main", "<script src=\"https://example.com/a.js\"></script><main")
        .replace("max-width: 48rem", "max-width: 1px");
    let path = folder.path().join("broken.html");
    fs::write(&path, broken).expect("write the page");
    let output = run(command.arg(path));
    assert_eq!(output.code, 0, "{}", output.err);
    let (broken, wrong): (Vec<&str>, Vec<&str>) = output.out.lines().partition(|line| line.starts_with("broken.html"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for words in
        ["1 elements run something", "at 400, dark: the browser says", "at 400, light: what a line is does not stand below what it was"]
    {
        assert!(broken.iter().any(|line| line.contains(words)), "nobody says {words}: {broken:#?}");
    }
    for (words, count) in [
        ("ents.html at 1280, light: 5 files, 1 pictures", 1),
        ("nothing.html at 400, dark: 0 files, 0 pictures", 1),
        ("several.html at 1280, dark: 9 files, 2 pictures", 1),
    ] {
        assert_eq!(output.err.matches(words).count(), count, "{words}: {}", output.err);
    }
}

#[test]
fn what_is_in_files_is_never_obeyed() {
    let folder = TempDir::new().expect("a folder");
    let hostile = project(folder.path(), "hostile", &[("convex/schema.ts", HOSTILE.to_owned())]);
    let html = page(&hostile, &VALIDATORS);
    for words in ["<script", "<img", "<b>name", "onload=alert(3)>\"", "\u{202e}", "\u{1b}"] {
        assert!(!html.contains(words), "{words:?}");
    }
    for words in ["&lt;/script&gt;&lt;script&gt;alert(1)", "⟨U+202E⟩gnirts", "␛[31m"] {
        assert!(html.contains(words), "{words}");
    }
    // Nothing is asked of anybody.
    let addresses: Vec<&str> = html.split("https://").skip(1).map(|rest| rest.split(['"', '<']).next().unwrap_or_default()).collect();
    assert!(addresses.iter().all(|address| address.starts_with("github.com/orm-lint/orm-lint/")), "{addresses:?}");
}

#[test]
fn the_same_migration_is_the_same_page() {
    let project = root().join("fixtures/backends/library");
    assert_eq!(page(&project, &ENTS), page(&project, &[&ENTS[..], &["--threads", "1"]].concat()));
    // The name of the file says what is to be in it.
    let folder = TempDir::new().expect("a folder");
    let written = folder.path().join("report.html");
    let output = orm_migrate(&project, &[&ENTS[..], &["--dry-run", "--report", &written.display().to_string()]].concat());
    assert!(output.code < 2 && output.out.starts_with("--- "), "{output:?}");
    assert_eq!(read(&written), page(&project, &ENTS));
}

#[test]
fn a_large_project_is_a_page_still() {
    let folder = TempDir::new().expect("a folder");
    let large = folder.path().join("large");
    copy_project(&root().join("fixtures/backends/library/convex"), &large.join("convex"));
    fs::write(large.join("package.json"), "{}").expect("write");
    let loans = read(&large.join("convex/loans.ts"));
    for i in 0..400 {
        fs::write(large.join(format!("convex/loans{i}.ts")), &loans).expect("write");
    }
    let measured = |format: &str| {
        let start = Instant::now();
        let output = orm_migrate(&large, &[&ENTS[..], &["--format", format, "--check"]].concat());
        assert_eq!(output.code, 1, "{}", output.err);
        (start.elapsed(), output.out)
    };
    let (without, _) = measured("json");
    let (with, html) = measured("html");
    assert!(html.contains("convex/loans399.ts") && html.contains("Not shown, for the page would become too large"));
    assert!(html.len() < 8_000_000, "{} bytes", html.len());
    // It is quick beside the migration itself, on a machine that has much else to do, too.
    let (again, _) = measured("html");
    let quickest = with.min(again);
    assert!(quickest < without * 3 + Duration::from_secs(2), "{quickest:?} with the page, {without:?} without");
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

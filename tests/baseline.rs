//! `--baseline`: known findings are not shown, whatever lines and files they move to, and new ones are.

mod support;

use std::path::PathBuf;

use support::program::{Output, git, orm_lint, skip};
use tempfile::TempDir;

const HEAD: &str = "import { v } from \"convex/values\";\nimport { mutation } from \"./_generated/server\";\n";

/// A function without `returns`, which is one finding.
fn function(name: &str) -> String {
    format!("export const {name} = mutation({{ args: {{ n: v.number() }}, handler: async (_, {{ n }}) => {{ return n; }} }});\n")
}

/// The same with the validator.
fn mended(name: &str) -> String {
    function(name).replace("handler:", "returns: v.number(), handler:")
}

struct Project(TempDir);

impl Project {
    fn new() -> Self {
        let this = Self(tempfile::tempdir().expect("a folder"));
        this.write("a.ts", &[function("one"), function("two")].concat());
        this.write("b.ts", &function("three"));
        this
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join("convex").join(name)
    }

    fn write(&self, name: &str, functions: &str) {
        std::fs::create_dir_all(self.0.path().join("convex")).expect("make the folder");
        std::fs::write(self.path(name), format!("{HEAD}{functions}")).expect("write");
    }

    fn lint(&self, args: &[&str]) -> Output {
        orm_lint(self.0.path(), &[&["--format", "concise", "--quiet", "-A", "all", "-D", "missing-returns"], args].concat())
    }

    /// The functions that are found fault with, and the exit code.
    fn found(&self, args: &[&str]) -> (Vec<String>, i32) {
        let output = self.lint(args);
        let names = output.out.lines().filter_map(|line| line.split('`').nth(1)).map(str::to_owned).collect();
        (names, output.code)
    }

    fn baseline(&self) -> String {
        support::read(&self.0.path().join("orm-lint-baseline.json"))
    }
}

const WITH: &[&str] = &["--baseline"];
const UPDATE: &[&str] = &["--update-baseline"];

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn known_findings_are_not_shown_wherever_they_move() {
    let project = Project::new();
    assert_eq!(project.found(&[]), (names(&["one", "two", "three"]), 1));
    assert_eq!(project.found(UPDATE), (names(&[]), 0));
    assert_eq!(project.found(WITH), (names(&[]), 0));
    let line = |file: &str, name: &str| {
        format!("{{\"file\":\"convex/{file}\",\"declaration\":\"{name}\",\"rule\":\"missing-returns\",\"count\":1}}")
    };
    let written = format!(
        "{{\n  \"version\": 1,\n  \"findings\": [\n    {},\n    {},\n    {}\n  ]\n}}\n",
        line("a.ts", "one"),
        line("a.ts", "two"),
        line("b.ts", "three")
    );
    assert_eq!(project.baseline(), written);
    // Other lines, another order, another file.
    project.write("a.ts", &["// Words.\n\n", &function("two"), &function("one")].concat());
    std::fs::rename(project.path("b.ts"), project.path("c.ts")).expect("move");
    assert_eq!(project.found(WITH), (names(&[]), 0));
    assert_eq!(project.found(UPDATE), (names(&[]), 0));
    assert_eq!(project.baseline(), written.replace("b.ts", "c.ts"));
}

#[test]
fn new_findings_are_shown_and_never_become_known_by_themselves() {
    let project = Project::new();
    project.found(UPDATE);
    project.write("a.ts", &[function("one"), function("two"), function("four")].concat());
    assert_eq!(project.found(WITH), (names(&["four"]), 1));
    let before = project.baseline();
    assert_eq!(project.found(UPDATE), (names(&["four"]), 1));
    assert_eq!(project.baseline(), before);
    // The same name in a file that is there is another declaration.
    project.write("d.ts", &function("three"));
    assert_eq!(project.found(WITH).0, names(&["four", "three"]));
}

#[test]
fn what_is_mended_leaves_the_baseline_and_may_not_come_back() {
    let project = Project::new();
    project.found(UPDATE);
    project.write("a.ts", &[mended("one"), function("two")].concat());
    let said = project.lint(WITH);
    assert!(said.code == 0 && said.err.contains("1 known finding gone: --update-baseline takes them out"), "{said:?}");
    // A run on another file does not know that it is gone.
    assert!(!project.lint(&["--baseline", "orm-lint-baseline.json", "convex/b.ts"]).err.contains("gone"));
    project.found(UPDATE);
    assert!(!project.baseline().contains("\"one\""));
    project.write("a.ts", &[function("one"), function("two")].concat());
    assert_eq!(project.found(WITH), (names(&["one"]), 1));
}

#[test]
fn it_says_the_same_from_every_folder() {
    let project = Project::new();
    project.found(UPDATE);
    let from = |folder: &str, args: &[&str]| {
        let all = [&["--format", "concise", "-A", "all", "-D", "missing-returns"], args].concat();
        orm_lint(&project.0.path().join(folder), &all)
    };
    let within = from("convex", &["--baseline", "../orm-lint-baseline.json"]);
    assert_eq!((within.code, &*within.out), (0, ""), "{within:?}");
    let before = project.baseline();
    assert_eq!(from("convex", &["--update-baseline", "--baseline", "../orm-lint-baseline.json"]).code, 0);
    assert_eq!(project.baseline(), before);
}

const TABLES: &str = "import { defineSchema, defineTable } from \"convex/server\";\nimport { v } from \"convex/values\";\nexport default defineSchema({\n  \
    users: defineTable({ name: v.string() }).index(\"by_name\", [\"name\"]),\n  \
    teams: defineTable({ name: v.string() }),\n});\n";

#[test]
fn tables_of_a_schema_are_told_apart_wherever_it_goes() {
    let project = Project(tempfile::tempdir().expect("a folder"));
    let lint = |args: &[&str]| {
        let output = orm_lint(project.0.path(), &[&["--format", "concise", "-A", "all", "-D", "unused-index"], args].concat());
        (output.out.lines().count(), output.code)
    };
    project.write("list.ts", &function("list").replace("return n", "return await _.db.query(\"teams\").take(n)"));
    std::fs::write(project.path("schema.ts"), TABLES).expect("write");
    assert_eq!(lint(UPDATE), (0, 0));
    assert!(project.baseline().contains("\"declaration\":\"users\""), "{}", project.baseline());
    std::fs::create_dir(project.0.path().join("backend")).expect("make the folder");
    std::fs::rename(project.path(""), project.0.path().join("backend/convex")).expect("move");
    assert_eq!(lint(WITH), (0, 0));
    // Of another table it is another finding.
    let other = TABLES.replace(".index(\"by_name\", [\"name\"])", "").replace("}),\n}", "}).index(\"by_name\", [\"name\"]),\n}");
    std::fs::write(project.0.path().join("backend/convex/schema.ts"), other).expect("write");
    assert_eq!(lint(WITH), (1, 1));
}

/// What no name tells apart is known after a move if the file has kept its own.
#[test]
fn what_stands_in_no_declaration_moves_with_its_file() {
    let project = Project(tempfile::tempdir().expect("a folder"));
    let unnamed = format!("{HEAD}{}", function("x").replace("const x =", "default"));
    std::fs::create_dir_all(project.path("deep")).expect("make the folder");
    std::fs::write(project.path("one.ts"), &unnamed).expect("write");
    assert_eq!(project.found(UPDATE).1, 0);
    std::fs::rename(project.path("one.ts"), project.path("deep/one.ts")).expect("move");
    assert_eq!(project.found(WITH).1, 0);
    std::fs::rename(project.path("deep/one.ts"), project.path("other.ts")).expect("move");
    assert_eq!(project.found(WITH).1, 1);
}

#[test]
fn branches_that_mend_different_things_merge() {
    if std::process::Command::new("git").arg("--version").output().is_err() {
        return skip("git is not installed");
    }
    let project = Project(tempfile::tempdir().expect("a folder"));
    let files = ["a.ts", "b.ts", "c.ts", "d.ts", "e.ts"];
    let top = project.0.path();
    let git = |args: &[&str]| {
        let output = git(top, args);
        assert_eq!(output.code, 0, "git {args:?}: {output:?}");
    };
    for file in files {
        project.write(file, &function(&file[..1]));
    }
    project.found(UPDATE);
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "first"]);
    for (branch, mended_file) in [("left", "b.ts"), ("right", "d.ts")] {
        git(&["checkout", "-q", "-b", branch, "main"]);
        project.write(mended_file, &mended(&mended_file[..1]));
        project.found(UPDATE);
        git(&["commit", "-q", "-a", "-m", branch]);
    }
    git(&["mv", "convex/e.ts", "convex/z.ts"]);
    project.found(UPDATE);
    git(&["commit", "-q", "-a", "-m", "moved"]);
    git(&["merge", "-q", "-m", "both", "left"]);
    assert_eq!(project.found(WITH), (names(&[]), 0));
    let merged = project.baseline();
    assert_eq!(project.found(UPDATE), (names(&[]), 0));
    assert_eq!(project.baseline(), merged, "it is what a run writes");
    assert_eq!(merged.matches("\"rule\"").count(), 3, "{merged}");
}

#[test]
fn what_is_wrong_with_a_baseline_is_said_in_one_line() {
    let project = Project::new();
    let none = project.lint(WITH);
    assert_eq!((none.code, &*none.err), (2, "error: there is no baseline `orm-lint-baseline.json`; --update-baseline makes one\n"));
    std::fs::write(project.0.path().join("orm-lint-baseline.json"), "{ \"version\": 1, \"findings\": 3 }").expect("write");
    let broken = project.lint(WITH);
    assert!(broken.code == 2 && broken.err.starts_with("error: `orm-lint-baseline.json` is no baseline of orm-lint; "), "{broken:?}");
    assert_eq!(broken.err.lines().count(), 1);
}

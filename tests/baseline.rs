//! `--baseline`: known findings are not shown, whatever lines and files they move to, and new ones are.

mod support;

use std::path::PathBuf;

use support::program::{Output, orm_lint};
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
fn what_is_wrong_with_a_baseline_is_said_in_one_line() {
    let project = Project::new();
    let none = project.lint(WITH);
    assert_eq!((none.code, &*none.err), (2, "error: there is no baseline `orm-lint-baseline.json`; --update-baseline makes one\n"));
    std::fs::write(project.0.path().join("orm-lint-baseline.json"), "{ \"version\": 1, \"findings\": 3 }").expect("write");
    let broken = project.lint(WITH);
    assert!(broken.code == 2 && broken.err.starts_with("error: `orm-lint-baseline.json` is no baseline of orm-lint: "), "{broken:?}");
    assert_eq!(broken.err.lines().count(), 1);
}

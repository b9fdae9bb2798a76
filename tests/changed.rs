//! `--staged`, `--since` and `--stdin-filename`: findings of some files, with facts of the whole project.

mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use support::program::{Output, attempt, orm_lint, skip};
use tempfile::TempDir;

const SCHEMA: &str = "import { defineSchema, defineTable } from \"convex/server\";\nimport { v } from \"convex/values\";\n\
    export default defineSchema({ users: defineTable({ email: v.string() }).index(\"by_email\", [\"email\"]) });\n";

/// A module with one finding; its name is a part of it.
fn scan(name: &str) -> String {
    format!(
        "import {{ v }} from \"convex/values\";\nimport {{ query }} from \"./_generated/server\";\nexport const {name} = query({{\n  \
         args: {{ email: v.string() }},\n  returns: v.any(),\n  handler: (ctx, {{ email }}) => \
         ctx.db.query(\"users\").filter((q) => q.eq(q.field(\"email\"), email)).unique(),\n}});\n"
    )
}

const FINE: &str = "export const nothing = 1;\n";

/// A repository with a backend in a folder of it.
struct Repository(TempDir);

impl Repository {
    /// `None` where there is no git.
    fn new() -> Option<Self> {
        if Command::new("git").arg("--version").output().is_err() {
            skip("git is not installed");
            return None;
        }
        let this = Self(tempfile::tempdir().expect("a folder"));
        this.git(&["init", "-q", "-b", "main"]);
        this.write("schema.ts", SCHEMA);
        this.write("old.ts", &scan("old"));
        this.write("other.ts", FINE);
        this.git(&["add", "-A"]);
        this.git(&["commit", "-q", "-m", "first"]);
        Some(this)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join("app/convex").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("make the folder");
        std::fs::write(path, text).expect("write");
    }

    fn git(&self, args: &[&str]) {
        git_in(self.0.path(), args);
    }

    fn lint(&self, args: &[&str]) -> Output {
        orm_lint(&self.0.path().join("app"), &[&["--format", "concise"], args].concat())
    }

    /// The files with findings, each with its rule.
    fn found(&self, args: &[&str]) -> Vec<String> {
        let output = self.lint(args);
        assert!(output.code < 2, "{output:?}");
        let found = output.out.lines().map(|line| {
            let file = line.split(':').next().unwrap_or_default();
            let rule = line.split(['[', ']']).nth(1).unwrap_or_default();
            format!("{file} {rule}")
        });
        found.collect()
    }
}

/// Git, with nobody's own settings.
fn git_in(folder: &Path, args: &[&str]) {
    let who = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.com", "-c", "commit.gpgsign=false"];
    let mut command = Command::new("git");
    command.args(who).args(args).current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    attempt(&mut command).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn staged_files_are_judged_by_what_is_staged() {
    let Some(repository) = Repository::new() else { return };
    assert_eq!(repository.found(&["--staged"]), Vec::<String>::new());
    // Bad in the index, mended on disk: the commit would be bad.
    repository.write("new.ts", &scan("fresh"));
    repository.git(&["add", "-A"]);
    repository.write("new.ts", FINE);
    // Good in the index, bad on disk: the commit would be good.
    repository.write("other.ts", "export const staged = 1;\n");
    repository.git(&["add", "app/convex/other.ts"]);
    repository.write("other.ts", &scan("other"));
    // Not staged at all.
    repository.write("loose.ts", &scan("loose"));
    assert_eq!(repository.found(&["--staged"]), ["convex/new.ts filter-scan"]);
    assert_eq!(repository.found(&["--staged", "convex/other.ts"]), Vec::<String>::new());
}

#[test]
fn facts_are_those_of_the_commit() {
    let Some(repository) = Repository::new() else { return };
    repository.write("new.ts", &scan("fresh"));
    repository.git(&["add", "-A"]);
    // The index that the staged query could use is there; that it goes from the file on disk is no part of the commit.
    repository.write("schema.ts", &SCHEMA.replace(".index(\"by_email\", [\"email\"])", ""));
    let help = orm_lint(&repository.0.path().join("app"), &["--staged", "--format", "json"]).out;
    assert!(help.contains("by_email"), "{help}");
}

#[test]
fn files_that_changed_since_the_branch_began_are_shown() {
    let Some(repository) = Repository::new() else { return };
    repository.git(&["checkout", "-q", "-b", "work"]);
    repository.write("mine.ts", &scan("mine"));
    repository.git(&["add", "-A"]);
    repository.git(&["commit", "-q", "-m", "mine"]);
    repository.git(&["checkout", "-q", "main"]);
    repository.write("theirs.ts", &scan("theirs"));
    repository.git(&["add", "-A"]);
    repository.git(&["commit", "-q", "-m", "theirs"]);
    repository.git(&["checkout", "-q", "work"]);
    repository.git(&["mv", "app/convex/old.ts", "app/convex/moved.ts"]);
    repository.write("loose.ts", &scan("loose"));
    let expected = ["convex/loose.ts filter-scan", "convex/mine.ts filter-scan", "convex/moved.ts filter-scan"];
    assert_eq!(repository.found(&["--since", "main"]), expected);
    assert_eq!(repository.found(&["--since", "HEAD"]), ["convex/loose.ts filter-scan", "convex/moved.ts filter-scan"]);
}

/// What is found in a text on standard input.
fn given(folder: &Path, path: &str, text: &str) -> (String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orm-lint"));
    let args = ["--format", "concise", "--stdin-filename", path];
    let mut child = command.args(args).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start");
    child.stdin.take().expect("standard input").write_all(text.as_bytes()).expect("write");
    let output = child.wait_with_output().expect("an end");
    (String::from_utf8(output.stdout).expect("UTF-8"), output.status.code().unwrap_or(-1))
}

#[test]
fn standard_input_is_linted_as_the_file_that_it_is_said_to_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let backend = folder.path().join("convex");
    std::fs::create_dir(&backend).expect("make the folder");
    std::fs::write(backend.join("schema.ts"), SCHEMA).expect("write");
    std::fs::write(backend.join("there.ts"), FINE).expect("write");
    std::fs::write(backend.join("bad.ts"), scan("bad")).expect("write");
    // In the place of a file that is there, of one that is not, and from another folder.
    for (from, path) in [("", "convex/there.ts"), ("", "convex/fresh.ts"), ("convex", "fresh.ts")] {
        let (out, code) = given(&folder.path().join(from), path, &scan("typed"));
        assert!(
            code == 1 && out.lines().count() == 1 && out.starts_with(&format!("{path}:6:")) && out.contains("[filter-scan]"),
            "{path}: {out}"
        );
    }
    assert_eq!(given(folder.path(), "convex/bad.ts", FINE), (String::new(), 0));
    assert_eq!(given(folder.path(), "elsewhere.ts", FINE), (String::new(), 0));
}

#[test]
fn what_git_cannot_say_is_said_in_one_line() {
    let Some(repository) = Repository::new() else { return };
    let unknown = repository.lint(&["--since", "nowhere"]);
    assert_eq!((unknown.code, &*unknown.err), (2, "error: --since nowhere: git knows no such commit\n"));
    let option = repository.lint(&["--since=--output=x"]);
    assert_eq!((option.code, &*option.err), (2, "error: --since --output=x: that is no commit\n"));
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("convex")).expect("make the folder");
    let none = orm_lint(folder.path(), &["--staged"]);
    assert!(none.code == 2 && none.err.starts_with("error: --staged needs a git repository: "), "{none:?}");
}

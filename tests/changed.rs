//! `--staged`, `--since` and `--stdin-filename`: findings of some files, with facts of the whole project.

mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use support::program::{Output, git, orm_lint, run, skip};
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

fn git_in(folder: &Path, args: &[&str]) {
    let output = git(folder, args);
    assert_eq!(output.code, 0, "git {args:?}: {output:?}");
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
fn only_what_is_staged_is_there() {
    let Some(repository) = Repository::new() else { return };
    // Staged and bad, and deleted on disk: it is in the commit all the same.
    repository.write("gone.ts", &scan("gone"));
    repository.git(&["add", "-A"]);
    std::fs::remove_file(repository.0.path().join("app/convex/gone.ts")).expect("delete");
    assert_eq!(repository.found(&["--staged"]), ["convex/gone.ts filter-scan"]);
    // The schema is deleted on disk, too, and read from the index.
    std::fs::remove_file(repository.0.path().join("app/convex/schema.ts")).expect("delete");
    assert!(repository.lint(&["--staged", "--format", "json"]).out.contains("by_email"));
    // A file that nobody added is no part of the commit: the index has no reader that it would be kept for.
    repository.write("schema.ts", &SCHEMA.replace("by_email", "by_address"));
    repository.write("gone.ts", FINE);
    repository.git(&["add", "-A"]);
    let reader = scan("reader")
        .replace(".filter((q) => q.eq(q.field(\"email\"), email))", ".withIndex(\"by_address\", (q) => q.eq(\"email\", email))");
    repository.write("reader.ts", &reader);
    assert_eq!(repository.found(&["--staged"]), ["convex/schema.ts unused-index"]);
    repository.git(&["add", "-A"]);
    assert_eq!(repository.found(&["--staged"]), Vec::<String>::new());
}

#[test]
fn renamed_and_deleted_files_are_staged_as_they_will_be() {
    let Some(repository) = Repository::new() else { return };
    repository.git(&["mv", "app/convex/old.ts", "app/convex/moved.ts"]);
    assert_eq!(repository.found(&["--staged"]), ["convex/moved.ts filter-scan"]);
    // Renamed in the index, and mended on disk only.
    repository.write("moved.ts", FINE);
    assert_eq!(repository.found(&["--staged"]), ["convex/moved.ts filter-scan"]);
    repository.git(&["rm", "-q", "-f", "app/convex/moved.ts"]);
    let nothing = repository.lint(&["--staged"]);
    assert_eq!((nothing.code, &*nothing.err), (0, "nothing to lint: no Convex files here are staged\n"));
}

#[test]
fn the_first_commit_is_judged_too() {
    let Some(repository) = Repository::new() else { return };
    repository.git(&["checkout", "-q", "--orphan", "fresh"]);
    assert_eq!(repository.found(&["--staged"]), ["convex/old.ts filter-scan", "convex/schema.ts unused-index"]);
}

/// With `git commit FILE` git commits from an index of its own, and tells hooks of it.
#[cfg(unix)]
#[test]
fn hooks_see_what_git_commits_in_every_kind_of_checkout() {
    use std::os::unix::fs::PermissionsExt;

    let Some(repository) = Repository::new() else { return };
    let hook = repository.0.path().join(".git/hooks/pre-commit");
    let program = env!("CARGO_BIN_EXE_orm-lint");
    std::fs::create_dir_all(hook.parent().expect("a folder")).expect("make the folder");
    std::fs::write(&hook, format!("#!/bin/sh\nexec '{program}' --staged --format concise\n")).expect("write the hook");
    std::fs::set_permissions(&hook, PermissionsExt::from_mode(0o755)).expect("set the mode");
    let other = tempfile::tempdir().expect("a folder");
    repository.git(&["worktree", "add", "-q", "-b", "beside", &other.path().join("tree").to_string_lossy()]);
    for top in [repository.0.path().to_owned(), other.path().join("tree")] {
        let backend = top.join("app/convex");
        std::fs::write(backend.join("other.ts"), scan("bad")).expect("write");
        git_in(&top, &["add", "-A"]);
        std::fs::write(backend.join("schema.ts"), format!("{SCHEMA}// Words.\n")).expect("write");
        // What is staged is bad, and not what this commits.
        git_in(&top, &["commit", "-q", "-m", "words", "app/convex/schema.ts"]);
        let refused = git(&top, &["commit", "-q", "-m", "bad"]);
        assert!(refused.code == 1 && refused.err.contains("app/convex/other.ts:6:"), "{refused:?}");
        std::fs::write(backend.join("other.ts"), format!("{FINE}// Mended.\n")).expect("write");
        git_in(&top, &["commit", "-q", "-a", "-m", "mended"]);
    }
}

#[test]
fn submodules_are_repositories_of_their_own() {
    let (Some(inner), Some(outer)) = (Repository::new(), Repository::new()) else { return };
    let from = inner.0.path().to_string_lossy().into_owned();
    outer.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &from, "parts/inner"]);
    outer.git(&["commit", "-q", "-m", "a submodule"]);
    let within = outer.0.path().join("parts/inner");
    // Changes in a submodule are none of the outer repository, staged or not.
    std::fs::write(within.join("app/convex/other.ts"), scan("inner")).expect("write");
    outer.write("other.ts", &scan("outer"));
    outer.git(&["add", "app"]);
    assert_eq!(outer.found(&["--staged"]), ["convex/other.ts filter-scan"]);
    assert_eq!(outer.found(&["--since", "HEAD"]), ["convex/other.ts filter-scan"]);
    git_in(&within, &["add", "-A"]);
    let found = orm_lint(&within.join("app"), &["--staged", "--format", "concise"]);
    assert!(found.code == 1 && found.out.starts_with("convex/other.ts:6:") && found.out.lines().count() == 1, "{found:?}");
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
    assert_eq!(
        (unknown.code, &*unknown.err),
        (2, "error: --since nowhere: git knows no such commit; if it is one of the remote repository, fetch it first\n")
    );
    let option = repository.lint(&["--since=--output=x"]);
    assert_eq!((option.code, &*option.err), (2, "error: --since --output=x: that is no commit\n"));
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("convex")).expect("make the folder");
    for option in ["--staged", "--since=main"] {
        let none = orm_lint(folder.path(), &[option]);
        let wanted = format!("error: {} needs a git repository, and this is none\n", option.trim_end_matches("=main"));
        assert!(none.code == 2 && none.err == wanted, "{none:?}");
    }
    let without_git =
        run(Command::new(env!("CARGO_BIN_EXE_orm-lint")).arg("--staged").current_dir(repository.0.path()).env("PATH", folder.path()));
    assert_eq!((without_git.code, &*without_git.err), (2, "error: --staged needs a git repository: git is not installed\n"));
}

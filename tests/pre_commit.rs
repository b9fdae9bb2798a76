//! Tries the hooks of `.pre-commit-hooks.yaml` with the real pre-commit, in a git repository with a backend.
//!
//! The hooks run the program that was just built; that pre-commit can build it from source is `cargo install`'s business.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::program::{Output, attempt, installed, run, skip};
use support::{read, root};
use tempfile::TempDir;

const VERSION: &str = "4.7.0";

const SCHEMA: &str = r#"import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";

export default defineSchema({
  notes: defineTable({ author: v.string(), body: v.string() }).index("by_author", ["author"]),
});
"#;

const GOOD: &str = r#"import { v } from "convex/values";
import { mutation } from "./_generated/server";

export const add = mutation({
  args: { author: v.string(), body: v.string() },
  returns: v.id("notes"),
  handler: async (ctx, args) => await ctx.db.insert("notes", args),
});
"#;

/// A function without `returns`, which `--fix` can write.
const FIXABLE: &str = r#"import { v } from "convex/values";
import { mutation } from "./_generated/server";

export const add = mutation({
  args: { author: v.string(), body: v.string() },
  handler: async (ctx, args) => await ctx.db.insert("notes", args),
});
"#;

/// An index that the schema, which is in another file, does not have.
const WRONG_INDEX: &str = r#"import { v } from "convex/values";
import { query } from "./_generated/server";

export const byAuthor = query({
  args: { author: v.string() },
  returns: v.number(),
  handler: async (ctx, args) => {
    const notes = await ctx.db
      .query("notes")
      .withIndex("by_autor", (q) => q.eq("author", args.author))
      .take(10);
    return notes.length;
  },
});
"#;

#[test]
fn the_manifest_is_one_that_pre_commit_takes() {
    let Some(program) = pre_commit() else { return };
    let checked = run(Command::new(program).args(["validate-manifest", ".pre-commit-hooks.yaml"]).current_dir(root()));
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
}

#[test]
fn a_bad_commit_is_refused_until_it_is_mended() {
    let Some(program) = pre_commit() else { return };
    let repository = Repository::new(&program, "orm-lint");
    repository.write("convex/notes.ts", FIXABLE);
    let refused = repository.commit("convex/notes.ts");
    assert_ne!(refused.code, 0, "{}{}", refused.out, refused.err);
    assert!(refused.err.contains("missing-returns"), "{}", refused.err);

    repository.write("convex/notes.ts", GOOD);
    repository.assert_commits("convex/notes.ts");
}

#[test]
fn a_commit_is_mended_by_the_hook_that_fixes() {
    let Some(program) = pre_commit() else { return };
    let repository = Repository::new(&program, "orm-lint-fix");
    repository.write("convex/notes.ts", FIXABLE);
    let stopped = repository.commit("convex/notes.ts");
    assert_ne!(stopped.code, 0, "the changes are to be looked at first: {}{}", stopped.out, stopped.err);
    let mended = read(&repository.folder.path().join("convex/notes.ts"));
    assert_eq!(mended, GOOD);
    repository.assert_commits("convex/notes.ts");
}

#[test]
fn one_staged_file_is_judged_by_the_whole_project() {
    let Some(program) = pre_commit() else { return };
    let repository = Repository::new(&program, "orm-lint");
    // What is not staged does not count: it is wrong, and not part of the commit.
    repository.write("convex/other.ts", FIXABLE);
    repository.write("convex/notes.ts", WRONG_INDEX);
    let refused = repository.commit("convex/notes.ts");
    assert_ne!(refused.code, 0, "{}{}", refused.out, refused.err);
    assert!(refused.err.contains("unknown-index") && refused.err.contains("by_author"), "{}", refused.err);
    assert!(!refused.err.contains("other.ts"), "{}", refused.err);

    repository.write("convex/notes.ts", &WRONG_INDEX.replace("by_autor", "by_author"));
    repository.assert_commits("convex/notes.ts");
}

#[test]
fn a_commit_of_files_that_are_not_linted_passes() {
    let Some(program) = pre_commit() else { return };
    let repository = Repository::new(&program, "orm-lint");
    repository.write(".gitignore", "vendored\n");
    repository.write("orm-lint.json", "{ \"ignore\": [\"convex/old/**\"] }\n");
    repository.assert_commits(".gitignore orm-lint.json");
    for path in ["convex/_generated/server.js", "vendored/convex/notes.ts", "convex/old/notes.ts", "src/App.tsx"] {
        let text = if path.ends_with(".tsx") { "export const App = () => <p>Notes</p>;\n" } else { FIXABLE };
        repository.write(path, text);
        repository.assert_commits(path);
    }
}

const ENTS: &str = r#"import { defineEnt, defineEntSchema } from "convex-ents";
import { v } from "convex/values";

export default defineEntSchema({
  notes: defineEnt({ author: v.string(), body: v.string() }).index("by_author", ["author"]),
});
"#;

#[test]
fn what_a_migration_left_behind_does_not_come_back() {
    let Some(program) = pre_commit() else { return };
    let repository = Repository::new(&program, "orm-migrate-check");
    // What is only on disk counts neither for the commit nor against it.
    repository.write("convex/schema.ts", ENTS);
    assert_eq!(repository.git(&["add", "convex/schema.ts"]).code, 0);
    repository.write("convex/schema.ts", SCHEMA);
    let refused = repository.git(&["commit", "-m", "Change"]);
    assert!(refused.code != 0 && refused.err.contains("1 file would change"), "{}{}", refused.out, refused.err);

    repository.write("convex/schema.ts", &SCHEMA.replace("notes:", "letters:"));
    assert_eq!(repository.git(&["add", "convex/schema.ts"]).code, 0);
    repository.write("convex/schema.ts", ENTS);
    let taken = repository.git(&["commit", "-m", "Change"]);
    assert_eq!(taken.code, 0, "{}{}", taken.out, taken.err);
    assert_eq!(read(&repository.folder.path().join("convex/schema.ts")), ENTS);
}

#[test]
fn a_file_that_is_staged_in_part_is_judged_by_that_part() {
    let Some(program) = pre_commit() else { return };
    let repository = Repository::new(&program, "orm-lint");
    for (staged, on_disk, is_taken) in [(FIXABLE, GOOD, false), (GOOD, FIXABLE, true)] {
        repository.write("convex/notes.ts", staged);
        assert_eq!(repository.git(&["add", "convex/notes.ts"]).code, 0);
        repository.write("convex/notes.ts", on_disk);
        let done = repository.git(&["commit", "-m", "Change"]);
        assert_eq!(done.code == 0, is_taken, "{}{}", done.out, done.err);
    }
}

struct Repository {
    folder: TempDir,
    /// Where pre-commit keeps what it makes.
    home: TempDir,
}

impl Repository {
    /// A repository with a schema, and with the hook of this id installed.
    fn new(program: &Path, hook: &str) -> Self {
        let repository = Self { folder: tempfile::tempdir().expect("a folder"), home: tempfile::tempdir().expect("a folder") };
        repository.write("convex/schema.ts", SCHEMA);
        repository.write(".pre-commit-config.yaml", &config(hook));
        for args in [&["init", "-q"][..], &["add", "."], &["commit", "-q", "-m", "Begin"]] {
            let done = repository.git(args);
            assert_eq!(done.code, 0, "git {args:?}: {}", done.err);
        }
        let done = run(repository.with_home(Command::new(program).arg("install")));
        assert_eq!(done.code, 0, "{}{}", done.out, done.err);
        repository
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("make the folder");
        std::fs::write(path, text).expect("write the file");
    }

    /// Stages the paths, ignored ones too, and commits them; the hook runs.
    fn commit(&self, paths: &str) -> Output {
        let add: Vec<&str> = ["add", "--force"].into_iter().chain(paths.split(' ')).collect();
        assert_eq!(self.git(&add).code, 0);
        self.git(&["commit", "-m", "Change"])
    }

    #[track_caller]
    fn assert_commits(&self, paths: &str) {
        let done = self.commit(paths);
        assert_eq!(done.code, 0, "{paths}: {}{}", done.out, done.err);
    }

    fn git(&self, args: &[&str]) -> Output {
        let who = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
        run(self.with_home(Command::new("git").args(who).args(args)))
    }

    fn with_home<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let nothing = self.home.path().join("no-configuration");
        command.current_dir(self.folder.path()).env("PRE_COMMIT_HOME", self.home.path()).env("GIT_CONFIG_GLOBAL", nothing)
    }
}

/// The configuration of a user of the hook, except that the program is there already.
fn config(hook: &str) -> String {
    let manifest = read(&root().join(".pre-commit-hooks.yaml"));
    let entry = |text: &str| {
        let migrate = format!("entry: {} --check\n  args: [--from, ents]", env!("CARGO_BIN_EXE_orm-migrate"));
        text.replace("entry: orm-migrate --check", &migrate)
            .replace("entry: orm-lint", &format!("entry: {}", env!("CARGO_BIN_EXE_orm-lint")))
    };
    let hooks = manifest.split("\n- ").map(|part| part.trim_start_matches("- "));
    let declared = hooks.into_iter().find(|part| part.starts_with(&format!("id: {hook}\n"))).expect("the hook is declared");
    let local = entry(&declared.replace("language: rust", "language: system"));
    format!("repos:\n  - repo: local\n    hooks:\n      - {}\n", local.trim_end().replace("\n", "\n      "))
}

/// pre-commit in an environment of its own, which is made once.
fn pre_commit() -> Option<PathBuf> {
    let made = installed(&format!("pre-commit-{VERSION}"), |folder| {
        attempt(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        attempt(Command::new(folder.join("bin/pip")).args(["install", "--quiet", &format!("pre-commit=={VERSION}")]))
    });
    match made {
        Ok(folder) => Some(folder.join("bin/pre-commit")),
        Err(why) => {
            skip(&format!("pre-commit could not be installed from PyPI: {why}"));
            None
        }
    }
}

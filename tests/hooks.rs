//! Tries the recipes of docs/hooks.md, to the letter, with the real lefthook, husky and lint-staged.
//!
//! pre-commit, which brings hooks of its own, is tried in `tests/pre_commit.rs`.
#![cfg(unix)]

mod support;

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::program::{Output, git, npm_packages, run};
use support::{markdown, read, root};
use tempfile::TempDir;

const SCHEMA: &str = "import { defineSchema, defineTable } from \"convex/server\";\nimport { v } from \"convex/values\";\n\
    export default defineSchema({ notes: defineTable({ body: v.string() }) });\n";

const GOOD: &str = r#"import { v } from "convex/values";
import { mutation } from "./_generated/server";

export const add = mutation({
  args: { body: v.string() },
  returns: v.id("notes"),
  handler: async (ctx, args) => await ctx.db.insert("notes", args),
});
"#;

/// The same without `returns`, which `--fix` can write.
fn bad() -> String {
    GOOD.replace("  returns: v.id(\"notes\"),\n", "")
}

const ENTS: &str = "import { defineEnt, defineEntSchema } from \"convex-ents\";\nimport { v } from \"convex/values\";\n\
    export default defineEntSchema({ notes: defineEnt({ body: v.string() }) });\n";

struct Repository(TempDir);

impl Repository {
    /// A repository with the files of a recipe and what they need installed; `None` where that cannot be had.
    fn with(recipe: &str) -> Option<Self> {
        let packages = npm_packages(&root().join("tests/clients"), "the hook managers")?.join("node_modules");
        let this = Self(tempfile::tempdir().expect("a folder"));
        this.install(&packages);
        this.git(&["init", "-q", "-b", "main"]);
        this.write(".gitignore", "node_modules\n");
        this.write("package.json", "{}\n");
        this.write("convex/schema.ts", SCHEMA);
        this.write("convex/notes.ts", "export const nothing = 1;\n");
        this.git(&["add", "-A"]);
        this.git(&["commit", "-q", "-m", "first"]);
        let page = read(&root().join("docs/hooks.md"));
        let recipe = markdown::cases(&page).into_iter().find(|case| case.name == recipe).expect("the recipe is on the page");
        for block in &recipe.blocks {
            this.write(block.path.as_deref().expect("a file"), &block.text);
        }
        let install: &[&str] = if recipe.name.starts_with("husky") { &["husky"] } else { &["lefthook", "install"] };
        let mut command = Command::new(this.path("node_modules/.bin").join(install[0]));
        let installed = run(with_settings(command.args(&install[1..]).current_dir(this.0.path())));
        assert_eq!(installed.code, 0, "{installed:?}");
        this.git(&["add", "-A"]);
        this.git(&["commit", "-q", "--no-verify", "-m", "hooks"]);
        Some(this)
    }

    /// What `npm install` would make of the packages and of `orm-lint`.
    fn install(&self, packages: &Path) {
        let modules = self.path("node_modules");
        let link = |from: &Path, to: &Path| {
            std::fs::create_dir_all(to).expect("make the folder");
            for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
                if entry.file_name() != ".bin" {
                    symlink(entry.path(), to.join(entry.file_name())).expect("a link");
                }
            }
        };
        link(packages, &modules);
        link(&packages.join(".bin"), &modules.join(".bin"));
        for program in [env!("CARGO_BIN_EXE_orm-lint"), env!("CARGO_BIN_EXE_orm-migrate")] {
            symlink(program, modules.join(".bin").join(Path::new(program).file_name().expect("a name"))).expect("a link");
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.path(name).parent().expect("a folder")).expect("make the folder");
        std::fs::write(self.path(name), text).expect("write");
    }

    #[track_caller]
    fn git(&self, args: &[&str]) {
        let output = git(self.0.path(), args);
        assert_eq!(output.code, 0, "git {args:?}: {output:?}");
    }

    /// Commits what is staged; what the hook printed is in the output.
    fn commit(&self) -> Output {
        git(self.0.path(), &["commit", "-m", "change"])
    }

    /// Stages one text of a file, leaves another on disk, and commits.
    fn commit_in_part(&self, name: &str, staged: &str, on_disk: &str) -> Output {
        self.write(name, staged);
        self.git(&["add", name]);
        self.write(name, on_disk);
        self.commit()
    }
}

/// Nobody's own settings, and no colours.
fn with_settings(command: &mut Command) -> &mut Command {
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env("NO_COLOR", "1")
}

/// The hook finds what is staged and no more.
fn judges_what_is_staged(recipe: &str) {
    let Some(repository) = Repository::with(recipe) else { return };
    let refused = repository.commit_in_part("convex/notes.ts", &bad(), GOOD);
    assert!(refused.code != 0 && format!("{}{}", refused.out, refused.err).contains("missing-returns"), "{refused:?}");
    let taken = repository.commit_in_part("convex/notes.ts", GOOD, &bad());
    assert_eq!(taken.code, 0, "{taken:?}");
    assert_eq!(read(&repository.path("convex/notes.ts")), bad(), "what is not staged stays as it is");
    repository.write("convex/other.ts", &bad());
    let taken = repository.commit_in_part("notes.txt", "Words.\n", "Words.\n");
    assert_eq!(taken.code, 0, "{taken:?}");
}

/// The commit holds the fixed file.
fn fixes_what_is_staged(recipe: &str) {
    let Some(repository) = Repository::with(recipe) else { return };
    repository.write("convex/notes.ts", &bad());
    repository.git(&["add", "-A"]);
    let taken = repository.commit();
    assert_eq!(taken.code, 0, "{taken:?}");
    let committed = git(repository.0.path(), &["show", "HEAD:convex/notes.ts"]);
    assert_eq!(committed.out, GOOD);
    // What cannot be fixed stops the commit.
    repository.write("convex/notes.ts", &GOOD.replace("\"notes\", args", "\"nots\", args"));
    repository.git(&["add", "-A"]);
    let refused = repository.commit();
    assert!(refused.code != 0 && format!("{}{}", refused.out, refused.err).contains("unknown-table"), "{refused:?}");
}

#[test]
fn lefthook_judges_what_is_staged() {
    judges_what_is_staged("lefthook");
}

#[test]
fn lefthook_stages_what_was_fixed() {
    fixes_what_is_staged("lefthook, with fixes");
}

#[test]
fn husky_judges_what_is_staged() {
    judges_what_is_staged("husky");
}

#[test]
fn lint_staged_stages_what_was_fixed() {
    fixes_what_is_staged("husky and lint-staged");
}

#[test]
fn what_a_migration_left_behind_does_not_come_back() {
    let Some(repository) = Repository::with("lefthook, after a migration") else { return };
    let refused = repository.commit_in_part("convex/schema.ts", ENTS, SCHEMA);
    assert!(refused.code != 0 && format!("{}{}", refused.out, refused.err).contains("convex/schema.ts"), "{refused:?}");
    let taken = repository.commit_in_part("convex/schema.ts", &SCHEMA.replace("body", "text"), ENTS);
    assert_eq!(taken.code, 0, "{taken:?}");
}

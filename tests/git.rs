//! What git is asked before files are replaced: with real repositories, worktrees and submodules.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use orm_lint::cli::git;
use support::program::{attempt, run, skip};
use tempfile::TempDir;

/// A folder that may become a repository.
struct Tree {
    folder: TempDir,
}

impl Tree {
    fn new() -> Self {
        Self { folder: TempDir::new().expect("a folder") }
    }

    /// A repository with these files in it.
    fn repository(files: &[&str]) -> Option<Self> {
        let this = Self::new();
        if let Err(why) = git_in(&this.path(""), &["init", "--quiet"]) {
            skip(&format!("git is needed: {why}"));
            return None;
        }
        for path in files {
            this.write(path, "old\n");
        }
        this.commit("");
        Some(this)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().canonicalize().expect("the folder").join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("make the folder");
        std::fs::write(path, text).expect("write a file");
    }

    fn commit(&self, folder: &str) {
        self.git(folder, &["add", "--all"]);
        self.git(folder, &["commit", "--quiet", "--allow-empty", "--message", "all"]);
    }

    fn git(&self, folder: &str, args: &[&str]) {
        git_in(&self.path(folder), args).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Which of the files git could not restore.
    fn dirty(&self, files: &[&str]) -> Vec<String> {
        let files: Vec<PathBuf> = files.iter().map(|path| self.path(path)).collect();
        let dirty = git::dirty(&files).expect("an answer");
        dirty.iter().map(|path| path.strip_prefix(self.path("")).expect("a path inside").to_string_lossy().into_owned()).collect()
    }
}

/// Git, with nobody's own settings.
fn git_in(folder: &Path, args: &[&str]) -> Result<(), String> {
    let settings = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.com", "-c", "protocol.file.allow=always"];
    let mut command = Command::new("git");
    command.args(settings).args(args).current_dir(folder);
    attempt(command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1"))
}

#[test]
fn changed_staged_untracked_and_ignored_files_are_dirty() {
    let all = ["clean.ts", "changed.ts", "staged.ts", "moved.ts", "a b/[id] é.ts"];
    let Some(tree) = Tree::repository(&all) else { return };
    assert!(tree.dirty(&all).is_empty());
    tree.write("changed.ts", "new\n");
    tree.write("staged.ts", "new\n");
    tree.git("", &["add", "staged.ts"]);
    tree.git("", &["mv", "moved.ts", "to.ts"]);
    tree.write("a b/[id] é.ts", "new\n");
    tree.write("new/folder/untracked.ts", "new\n");
    tree.write(".gitignore", "ignored*\n");
    tree.write("ignored.ts", "new\n");
    tree.write("ignored-folder/file.ts", "new\n");
    let asked = [
        "clean.ts",
        "changed.ts",
        "staged.ts",
        "to.ts",
        "a b/[id] é.ts",
        "new/folder/untracked.ts",
        "ignored.ts",
        "ignored-folder/file.ts",
    ];
    let dirty = ["a b/[id] é.ts", "changed.ts", "ignored-folder/file.ts", "ignored.ts", "new/folder/untracked.ts", "staged.ts", "to.ts"];
    assert_eq!(tree.dirty(&asked), dirty);
}

#[test]
fn only_the_files_that_would_change_matter() {
    let Some(tree) = Tree::repository(&["convex/schema.ts", "convex/users.ts", "app/page.ts"]) else { return };
    tree.write("app/page.ts", "new\n");
    tree.write("untracked.ts", "new\n");
    assert!(tree.dirty(&["convex/schema.ts", "convex/users.ts"]).is_empty());
    // A name is a name, and no pattern.
    tree.write("convex/[u]sers.ts", "new\n");
    assert_eq!(tree.dirty(&["convex/[u]sers.ts", "convex/users.ts"]), ["convex/[u]sers.ts"]);
}

#[test]
fn worktrees_and_submodules_are_repositories_of_their_own() {
    let Some(tree) = Tree::repository(&["a.ts"]) else { return };
    tree.git("", &["worktree", "add", "--quiet", "tree"]);
    assert!(tree.dirty(&["tree/a.ts"]).is_empty());
    tree.write("tree/a.ts", "new\n");
    assert_eq!(tree.dirty(&["a.ts", "tree/a.ts"]), ["tree/a.ts"]);

    let Some(outer) = Tree::repository(&["a.ts"]) else { return };
    let inner = tree.path("");
    outer.git("", &["submodule", "--quiet", "add", &inner.to_string_lossy(), "sub"]);
    outer.commit("");
    assert!(outer.dirty(&["a.ts", "sub/a.ts"]).is_empty());
    outer.write("sub/a.ts", "new\n");
    assert_eq!(outer.dirty(&["a.ts", "sub/a.ts"]), ["sub/a.ts"]);
}

#[test]
fn many_files_are_asked_about_in_pieces() {
    let names: Vec<String> = (0..250).map(|i| format!("file-{i:03}.ts")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let Some(tree) = Tree::repository(&names) else { return };
    tree.write("file-249.ts", "new\n");
    tree.write("file-007.ts", "new\n");
    assert_eq!(tree.dirty(&names), ["file-007.ts", "file-249.ts"]);
}

#[test]
fn without_a_repository_nothing_is_dirty() {
    let tree = Tree::new();
    tree.write("a.ts", "new\n");
    assert!(tree.dirty(&["a.ts"]).is_empty());
}

#[test]
fn a_repository_that_is_broken_is_said() {
    let Some(tree) = Tree::repository(&["a.ts"]) else { return };
    tree.write(".git/HEAD", "nonsense\n");
    let error = git::dirty(&[tree.path("a.ts")]).expect_err("no answer").to_string();
    assert!(
        error.starts_with("git cannot say whether files have changes: ") && error.ends_with("; --allow-dirty does without it"),
        "{error}"
    );
}

const SCHEMA: &str = "import { defineSchema, defineTable } from \"convex/server\";\nimport { v } from \"convex/values\";\n\n\
    export default defineSchema({ users: defineTable({ name: v.string() }) });\n";

/// A migration in a folder of the tree: exit code, standard error, and whether the schema was changed.
fn migrate(tree: &Tree, folder: &str, args: &[&str], path: Option<&str>) -> (i32, String, bool) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orm-migrate"));
    command.args(["--from", "validators", "--relations", "defineRelations"]).args(args).current_dir(tree.path(folder));
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let before = support::read(&tree.path("convex/schema.ts"));
    let said = run(&mut command);
    (said.code, said.err, support::read(&tree.path("convex/schema.ts")) != before)
}

#[test]
fn a_migration_refuses_what_git_could_not_restore() {
    let Some(tree) = Tree::repository(&["app/page.ts"]) else { return };
    tree.write("convex/schema.ts", SCHEMA);
    let refusal = |name: &str| {
        format!("error: git could not restore what is in `{name}`: commit first, or go on with --allow-dirty; nothing was changed\n")
    };
    assert_eq!(migrate(&tree, "", &[], None), (2, refusal("convex/schema.ts"), false));
    assert_eq!(migrate(&tree, "convex", &[], None), (2, refusal("schema.ts"), false));
    assert!(!tree.path(".orm-migrate").exists());
    // What writes nothing has nothing to refuse.
    assert_eq!(migrate(&tree, "", &["--dry-run"], None).0, 0);
    assert_eq!(migrate(&tree, "", &["--check"], None).0, 1);
    // Other files do not matter.
    tree.git("", &["add", "convex"]);
    tree.commit("");
    tree.write("app/page.ts", "new\n");
    let (code, said, is_changed) = migrate(&tree, "convex", &[], None);
    assert!(code == 0 && is_changed, "{said}");
    // Nor does the journal.
    assert!(git_in(&tree.path(""), &["add", "--all"]).is_ok());
    assert!(git_in(&tree.path(""), &["ls-files", "--error-unmatch", ".orm-migrate/lock"]).is_err());
}

#[test]
fn a_migration_goes_on_where_it_is_told_to_or_git_has_no_say() {
    let Some(tree) = Tree::repository(&[]) else { return };
    tree.write("convex/schema.ts", SCHEMA);
    let (code, said, is_changed) = migrate(&tree, "", &["--allow-dirty"], None);
    assert!(code == 0 && is_changed, "{said}");

    let Some(tree) = Tree::repository(&[]) else { return };
    tree.write("convex/schema.ts", SCHEMA);
    let (code, said, is_changed) = migrate(&tree, "", &[], Some("/nowhere"));
    assert!(code == 0 && is_changed, "{said}");

    let tree = Tree::new();
    tree.write("package.json", "{}");
    tree.write("convex/schema.ts", SCHEMA);
    let (code, said, is_changed) = migrate(&tree, "convex", &[], None);
    assert!(code == 0 && is_changed, "{said}");
}

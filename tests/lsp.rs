//! The language server, tried by clients that people have: the protocol library of VS Code's, and Neovim.
//!
//! What they do is in `tests/lsp`, in the languages of the clients; here they are installed and started.

mod support;

use std::path::Path;
use std::process::Command;

use support::program::{copy_project, npm_packages, run, skip};
use support::{read, root};
use tempfile::TempDir;

#[test]
fn the_protocol_library_of_visual_studio_code() {
    let Some(packages) = npm_packages(&root().join("tests/lsp"), "the protocol library") else { return };
    // Packages are found from where the files are.
    let folder = tempfile::tempdir_in(packages).expect("a folder");
    copy_project(&root().join("tests/lsp"), folder.path());
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter", "tap", "run.mjs"]).env("ORM_LINT", env!("CARGO_BIN_EXE_orm-lint"));
    let done = run(node.current_dir(folder.path()));
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let count = read(&root().join("tests/lsp/run.mjs")).matches("\ntest(").count();
    assert!(count > 10 && done.out.contains(&format!("# pass {count}\n")), "{}", done.out);
}

/// The first version whose client knows UTF-16 positions and code actions as they are tried here.
const NEOVIM: (u32, u32) = (0, 7);

#[test]
fn neovim() {
    match neovim_version() {
        Some(version) if version >= NEOVIM => {}
        Some((major, minor)) => return skip(&format!("Neovim {major}.{minor} is too old; install 0.7 or later")),
        None => return skip("Neovim is not installed (`apt-get install neovim`); the language server is not tried with it"),
    }
    let folder = TempDir::new().expect("a folder");
    let script = root().join("tests/lsp/neovim.lua");
    let mut neovim = Command::new("nvim");
    neovim.args(["--headless", "-u", "NONE", "-i", "NONE", "-n", "-c"]).arg(format!("luafile {}", script.display()));
    neovim.env("ORM_LINT", env!("CARGO_BIN_EXE_orm-lint")).env("HOME", folder.path()).env("XDG_STATE_HOME", folder.path());
    let done = run(neovim.current_dir(backend(folder.path())));
    assert!(done.code == 0 && done.err.contains("all is well"), "{}{}", done.out, done.err);
}

fn neovim_version() -> Option<(u32, u32)> {
    let output = Command::new("nvim").arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = text.lines().next()?.strip_prefix("NVIM v")?.split('.').map_while(|number| number.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

fn backend(folder: &Path) -> &Path {
    std::fs::create_dir_all(folder.join("convex")).expect("make the folder");
    let files = [("package.json", "{}"), ("convex/schema.ts", SCHEMA), ("convex/notes.ts", NOTES)];
    for (name, text) in files {
        std::fs::write(folder.join(name), text).expect("write a file");
    }
    folder
}

const SCHEMA: &str = r#"import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";

export default defineSchema({
  notes: defineTable({ author: v.string(), body: v.string() }).index("by_author", ["author"]),
});
"#;

const NOTES: &str = r#"import { v } from "convex/values";
import { query } from "./_generated/server";

export const mine = query({
  args: { author: v.string() },
  handler: async (ctx, args) => {
    const kind = "😀"; const notes = await ctx.db.query("notes").withIndex("by_autor", (q) => q.eq("author", args.author)).take(10);
    return { kind, notes: notes.length };
  },
});
"#;

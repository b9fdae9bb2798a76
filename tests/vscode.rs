//! The extension for Visual Studio Code: it builds, its own tests pass, and the package has in it what it needs and nothing else.
//!
//! It is not tried in the editor itself; the client that it starts is tried in `tests/lsp.rs`, by its protocol library.

mod support;

use std::process::Command;

use support::program::{copy_project, npm_packages, run};
use support::{read, root};

#[test]
fn the_extension_builds_and_passes_its_tests() {
    let project = root().join("editors/vscode");
    let Some(packages) = npm_packages(&project, "what the extension is built with") else { return };
    // Packages are found from where the files are.
    let folder = tempfile::tempdir_in(packages).expect("a folder");
    copy_project(&project, folder.path());
    let npm = |args: &[&str]| {
        let done = run(Command::new("npm").args(args).current_dir(folder.path()));
        assert_eq!(done.code, 0, "npm {}\n{}{}", args.join(" "), done.out, done.err);
        done.out
    };
    npm(&["run", "package"]);
    let tested = npm(&["test"]);
    assert!(tested.contains("skipped 0") && tested.contains("fail 0"), "{tested}");

    // The names in an archive are written as they are.
    let archive = std::fs::read(folder.path().join("orm-lint.vsix")).expect("the package");
    let holds = |name: &str| memchr::memmem::find(&archive, name.as_bytes()).is_some();
    for name in ["extension/dist/extension.js", "extension/package.json", "extension/readme.md"] {
        assert!(holds(name), "{name} is not in the package");
    }
    for name in ["node_modules", "extension/src", "extension/test", "package-lock"] {
        assert!(!holds(name), "{name} is in the package");
    }
}

#[test]
fn what_the_extension_says_of_itself_is_true() {
    let manifest: serde_json::Value = serde_json::from_str(&read(&root().join("editors/vscode/package.json"))).expect("JSON");
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    let page = read(&root().join("editors/vscode/README.md"));
    let settings = manifest["contributes"]["configuration"]["properties"].as_object().expect("settings");
    for name in settings.keys() {
        assert!(page.contains(&format!("| `{name}` |")), "the page does not speak of the setting {name}");
    }
}

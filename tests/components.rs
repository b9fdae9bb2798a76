//! Published components of Convex go on passing their own tests when their functions go through the ORM.
//!
//! Nobody here wrote these backends or their tests, and the packages ship both.
//! `tests/components` names the packages and their versions; that the tests would notice a migration that does other things is tried as well.

mod support;

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::symlink;
#[cfg(windows)]
use std::os::windows::fs::symlink_dir as symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::program::{copy_project, npm_packages, orm_migrate, run};
use support::root;

/// Each with how many of its calls are rewritten at least, so that passing says something.
const COMPONENTS: [(&str, u64); 5] = [("aggregate", 60), ("rate-limiter", 5), ("resend", 30), ("static-hosting", 40), ("workpool", 60)];

#[test]
fn components_pass_their_own_tests_when_they_are_migrated() {
    let Some(components) = Components::copied() else { return };
    for (name, least) in COMPONENTS {
        let rewritten = components.migrate(name, &[]);
        assert!(rewritten >= least, "{name}: {rewritten} calls are rewritten, not {least}");
    }
    let (passed, failed) = components.test("");
    assert_eq!(failed, Vec::<String>::new());
    assert!(passed > 300, "{passed} tests passed");
}

/// The pool stores ids of rows that it has just deleted, which foreign keys forbid.
#[test]
fn what_a_migration_does_wrong_is_noticed() {
    let Some(components) = Components::copied() else { return };
    components.migrate("workpool", &["--fk", "keys"]);
    let (_, failed) = components.test("workpool/src/component/complete.test.ts");
    assert!(failed.iter().any(|message| message.contains("Foreign key violation")), "{failed:?}");
}

/// Copies of what the packages ship, beside what they need.
struct Components {
    place: tempfile::TempDir,
    packages: PathBuf,
}

impl Components {
    fn copied() -> Option<Self> {
        let packages = npm_packages(&root().join("tests/components"), "the components")?;
        // Outside of the project, which has a journal of migrations and ignores what it builds.
        let place = tempfile::tempdir().expect("a folder");
        symlink(packages.join("node_modules"), place.path().join("node_modules")).expect("a link");
        for (name, _) in COMPONENTS {
            let package = packages.join("node_modules/@convex-dev").join(name);
            let to = place.path().join(name);
            copy_project(&package.join("src"), &to.join("src"));
            fs::copy(package.join("package.json"), to.join("package.json")).expect("copy a file");
        }
        fs::copy(root().join("tests/components/vitest.config.mjs"), place.path().join("vitest.config.mjs")).expect("copy a file");
        Some(Self { place, packages })
    }

    /// How many calls were rewritten.
    fn migrate(&self, name: &str, options: &[&str]) -> u64 {
        let folder = self.place.path().join(name);
        let args = [&["--from", "convex", "src/component", "--format", "json"], options].concat();
        let output = orm_migrate(&folder, &args);
        let report: Value = serde_json::from_str(&output.out).unwrap_or_else(|_| panic!("{name}: {output:?}"));
        report["calls"]["rewritten"].as_u64().unwrap_or_default()
    }

    /// How many tests passed whose file's path holds the text, and what the others said.
    fn test(&self, filter: &str) -> (usize, Vec<String>) {
        let results = self.place.path().join("results.json");
        let mut vitest = Command::new("node");
        vitest.arg(self.packages.join("node_modules/vitest/vitest.mjs")).args(["run", "--reporter=json", "--outputFile"]).arg(&results);
        vitest.args((!filter.is_empty()).then_some(filter)).current_dir(self.place.path());
        let output = run(&mut vitest);
        let text = fs::read_to_string(&results).unwrap_or_else(|_| panic!("{output:?}"));
        let results: Value = serde_json::from_str(&text).expect("JSON");
        let files = results["testResults"].as_array().expect("a list of files");
        let mut passed = 0;
        let mut failed = Vec::new();
        for file in files {
            let name = Path::new(file["name"].as_str().unwrap_or_default());
            let shown = name.strip_prefix(self.place.path()).unwrap_or(name).display();
            let tests = file["assertionResults"].as_array().expect("a list of tests");
            if tests.is_empty() {
                failed.push(format!("{shown}: {}", file["message"]));
            }
            for test in tests {
                match test["status"].as_str() {
                    Some("passed") => passed += 1,
                    Some("skipped" | "todo" | "pending") => {}
                    _ => failed.push(format!("{shown}: {}: {}", test["fullName"], test["failureMessages"])),
                }
            }
        }
        (passed, failed)
    }
}

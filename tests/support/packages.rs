//! Projects before and after a migration, and what the real packages say of them: runs `tests/conformance` through Node.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use orm_lint::codemod::RelationStyle;
use serde_json::{Value, json};

use super::program::{copy_project, npm_packages, run};
use super::root;

/// The ORM as it is published, the newest version first.
pub const ORMS: [&str; 2] = ["better-convex", "better-convex-0.6"];

/// A project before and after a migration.
pub struct Project {
    pub title: String,
    pub before: Vec<(String, String)>,
    pub after: Vec<(String, String)>,
    /// Where it imports the ORM from.
    pub module: String,
    pub style: RelationStyle,
    pub has_types: bool,
    pub has_rows: bool,
    pub orms: &'static [&'static str],
}

/// What the packages say of a project.
pub struct Outcome {
    /// By table: `equal`, `widened`, `narrowed`, `incompatible`.
    pub tables: BTreeMap<String, String>,
    pub problems: Vec<String>,
    /// Where the ORM does not store what it is given.
    pub insertions: Vec<String>,
    /// Where other rows remain after a deletion.
    pub deletions: Vec<String>,
    /// Tables whose rows cannot be deleted before 0.11.
    pub paged: BTreeSet<String>,
    /// How many rows were stored and compared, how many were deleted, and after how many deletions others went later.
    pub rows: u64,
    pub removed: u64,
    pub removed_later: u64,
    /// How often a search or a vector index was asked.
    pub searched: u64,
}

/// Runs all projects through Node; `None` where the packages cannot be had.
pub fn held_against_packages(projects: &[Project]) -> Option<Vec<Outcome>> {
    let packages = npm_packages(&root().join("tests/conformance"), "the packages to hold codemods against")?;
    // Packages are found from where the files are. Tests that run side by side have a folder each.
    let folder = tempfile::tempdir_in(&packages).expect("a folder");
    let place = folder.path();
    let harness = place.join("harness");
    copy_project(&root().join("tests/conformance"), &harness);
    let cases: Vec<Value> = projects.iter().enumerate().map(|(i, project)| project.lay_out(&place.join(i.to_string()))).collect();
    let list = place.join("cases.json");
    std::fs::write(&list, Value::from(cases).to_string()).expect("write the list of cases");
    let output = run(Command::new("node").arg(harness.join("run.mjs")).arg(&list).current_dir(&packages));
    assert!(output.code == 0, "{}\n{}", output.err, output.out);
    let results: Vec<Value> = serde_json::from_str(&output.out).unwrap_or_else(|error| panic!("{error}: {}", output.out));
    assert_eq!(results.len(), projects.len());
    Some(results.iter().map(Outcome::read).collect())
}

impl Outcome {
    fn read(result: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let texts = |name: &str| -> Vec<String> { result[name].as_array().into_iter().flatten().map(text).collect() };
        let compared = |what: &str| result["compared"][what].as_u64().unwrap_or_default();
        Self {
            tables: result["tables"].as_object().into_iter().flatten().map(|(name, verdict)| (name.clone(), text(verdict))).collect(),
            problems: texts("problems"),
            insertions: texts("insertions"),
            deletions: texts("deletions"),
            paged: texts("paged").into_iter().collect(),
            rows: compared("rows"),
            removed: compared("deletions"),
            removed_later: compared("scheduled"),
            searched: compared("searches"),
        }
    }
}

impl Project {
    fn lay_out(&self, folder: &Path) -> Value {
        for (side, files) in [("before", &self.before), ("after", &self.after)] {
            for (path, text) in files {
                let path: PathBuf = folder.join(side).join(path);
                std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("make the folder");
                std::fs::write(path, text).expect("write a file");
            }
        }
        let style = match self.style {
            RelationStyle::Relations => "relations",
            RelationStyle::DefineRelations => "defineRelations",
            RelationStyle::Chain => "chain",
        };
        let mut modules = vec![self.module.as_str(), "better-convex/orm", "kitcn/orm"];
        modules.dedup();
        // Before the ORM had a module of its own.
        let is_early = |(_, text): &(String, String)| text.contains("convexTable") && text.contains("\"better-convex/server\"");
        modules.extend(self.before.iter().any(is_early).then_some("better-convex/server"));
        json!({ "folder": folder, "modules": modules, "orms": self.orms, "style": style, "types": self.has_types, "rows": self.has_rows })
    }
}

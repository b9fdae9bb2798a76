//! Linking again after an edit comes to the same as linking everything: the nouns, and what rules find in them.
//!
//! Every file of the example projects is edited, one after the other, in one workspace.
//! `EDITS_TREE=folder cargo test --test edits` tries the files of another backend.

mod support;

use std::path::{Path, PathBuf};

use orm_lint::cli::load::{self, Reading};
use orm_lint::cli::paths::Places;
use orm_lint::diagnostic::{Diagnostic, Level};
use orm_lint::lint::{RuleSet, Settings, lint};
use orm_lint::model::{self, File, Layout, Workspace};
use orm_lint::rules;
use orm_lint::source::FileId;
use support::{Failures, root, with_deep_stack};

#[test]
fn linking_again_is_linking() {
    let trees = match std::env::var_os("EDITS_TREE") {
        Some(tree) => vec![PathBuf::from(tree)],
        None => ["taskboard", "choir"].map(|name| root().join("fixtures/projects").join(name)).to_vec(),
    };
    let mut failures = Failures::default();
    for tree in &trees {
        with_deep_stack(|| try_edits(tree, &mut failures));
    }
    failures.report();
}

fn try_edits(tree: &Path, failures: &mut Failures) {
    let (files, layout) = read(tree);
    assert!(files.len() > 3, "{}: too few files to speak of", tree.display());
    let mut edited = Workspace::link_for_edits(files, layout.clone());
    for at in 0..edited.files.len() {
        let file = FileId(at as u32);
        let before = edited.source(file).text.to_string();
        let edits = [
            ("longer", longer(&before)),
            ("of other types", before.replace("v.string()", "v.number()")),
            ("with other names", before.replace("by_", "of_").replace("Id: v.id(", "Ref: v.id(")),
            ("broken", format!("{before}\nconst = ;")),
            ("a test", format!("import {{ test }} from \"vitest\";\n{before}")),
            ("as it was", before),
        ];
        for (what, text) in edits {
            edited = edited.with_texts(vec![(file, text)]);
            let whole = Workspace::link(copied(&edited), layout.clone());
            let path = &edited.source(file).path;
            failures.check(nouns(&edited) == nouns(&whole), || format!("{path}, {what}: the nouns are other ones"));
            let (again, anew) = (found(&edited), found(&whole));
            failures.check(again == anew, || {
                let list =
                    |found: &[Diagnostic]| found.iter().map(|d| format!("{} {:?} {}\n", d.rule, d.span, d.message)).collect::<String>();
                format!("{path}, {what}: other findings\n{}", support::diff(&list(&again), &list(&anew)))
            });
        }
    }
}

/// One more statement in the first function, so that all positions and numbers after it are others.
fn longer(text: &str) -> String {
    let place = text.find("handler").and_then(|at| Some(at + text[at..].find("=> {")? + "=> {".len()));
    match place {
        Some(at) => format!("{} const edited = \"edited\"; void edited;{}", &text[..at], &text[at..]),
        None => format!("const edited = \"edited\";\nvoid edited;\n{text}"),
    }
}

fn read(tree: &Path) -> (Vec<File>, Layout) {
    let (places, targets) = Places::of(&[tree.to_path_buf()]).expect("a folder");
    let loaded =
        load::load(&places, &targets, Reading { no_ignore: false, max_file_size: 10_000_000, pages: false, changed: None, clients: false });
    (loaded.files, loaded.layout)
}

fn copied(workspace: &Workspace) -> Vec<File> {
    let copy = |file: &File| {
        let mut copy = model::read(file.source.id, file.source.path.clone(), file.source.text.to_string());
        copy.role = workspace.layout.role_of(&file.source.path);
        copy
    };
    workspace.files.iter().map(copy).collect()
}

fn nouns(workspace: &Workspace) -> Vec<String> {
    let project = |p: &model::Project| {
        format!(
            "{:?}",
            (&p.files, &p.functions, &p.queries, &p.calls, &p.table_uses, &p.relations, &p.repeats, p.graph.references(), p.is_component)
        )
    };
    workspace.projects.iter().map(project).collect()
}

fn found(workspace: &Workspace) -> Vec<Diagnostic> {
    let rules = rules::ALL.iter().filter_map(|entry| Some(((entry.build)(serde_json::json!({})).ok()?, Level::Warn))).collect();
    lint(workspace, &Settings { sets: vec![RuleSet { rules }], of_file: vec![Some(0); workspace.files.len()] })
}

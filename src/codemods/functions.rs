//! The functions that use the schema: what they ask of the old library is found, understood, and written as calls of the ORM.
//!
//! A front end (`ents`) yields a neutral form (`ask`), which the back end (`print`) writes; `shapes` follows what becomes of the rows.
//! What cannot be proved to mean the same is left as it is, with the reason, and keeps what it needs to go on working.

mod ask;
mod decide;
mod edges;
mod ents;
mod finish;
mod companions;
mod nested;
mod order;
mod print;
mod rewrite;
mod shapes;
mod sites;
mod target;
mod wiring;

use std::collections::BTreeMap;

use crate::codemod::{Calls, Left, Options, RelationStyle, Rewritten, Severity};
use crate::model::{Role, Workspace};
use crate::source::FileId;

/// What becomes of the functions of one project.
#[derive(Debug, Default)]
pub struct Outcome {
    pub files: BTreeMap<FileId, Rewritten>,
    pub left: Vec<Left>,
    pub calls: Calls,
}

/// What is to become of the functions of a project, given the program as it is, and as it will be with the new schema.
pub fn plan(before: &Workspace, place: usize, after: &Workspace, options: &Options) -> Outcome {
    let project = &before.projects[place];
    let target = target::Target::of(after, &after.projects[place]);
    let is_read = |file: &FileId| matches!(before.files[file.0 as usize].role, Role::Backend | Role::Support);
    let files: Vec<FileId> = project.files.iter().copied().filter(is_read).collect();
    let mut found: Vec<sites::FileSites> = files.iter().map(|file| sites::read(before, *file, &target)).collect();
    found.retain(|file| !file.is_empty());
    if found.is_empty() {
        return Outcome::default();
    }
    let wiring = wiring::Wiring::of(before, &found);
    let mut outcome = Outcome::default();
    let obstacle = match () {
        () if options.relations != RelationStyle::DefineRelations => {
            Some("this style of relations is one that no published version of the ORM can be started with")
        }
        () if target.relations.is_none() => Some("the new schema exports no relations that the ORM could be started with"),
        () if wiring.is_none() => Some("the place where `entsTableFactory` is called cannot be changed"),
        () => None,
    };
    decide::decide(&mut found, obstacle);
    outcome.calls = calls(&found);
    outcome.left = decide::left(before, &found);
    let (Some(wiring), Some(_)) = (wiring, target.relations.as_ref()) else { return outcome };
    if obstacle.is_some() || outcome.calls.rewritten == 0 {
        return outcome;
    }
    outcome.files = rewrite::rewrite(before, after, &target, &found, &wiring, options);
    outcome
}

fn calls(found: &[sites::FileSites]) -> Calls {
    let sites = || found.iter().flat_map(|file| &file.sites).filter(|site| !site.is_silent());
    Calls { rewritten: sites().filter(|site| site.is_live()).count(), left: sites().filter(|site| !site.is_live()).count() }
}

/// How much a remark matters.
fn severity(code: &str) -> Severity {
    match code {
        "functions-missing-row" | "functions-limit" | "functions-pagination" | "functions-missing-or-null" | "functions-dangling" => {
            Severity::Info
        }
        _ => Severity::Warning,
    }
}

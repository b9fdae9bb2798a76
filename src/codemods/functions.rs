//! The functions that use the schema: what they ask of the old library is found, understood, and written as calls of the ORM.
//!
//! A front end (`ents`, `convex`) yields a neutral form (`ask`), which the back end (`print`) writes; `shapes` follows what becomes of the rows.
//! What cannot be proved to mean the same is left as it is, with the reason, and keeps what it needs to go on working.

mod aliases;
mod ask;
mod beside;
mod by_hand;
mod changes;
mod conditions;
mod convex;
mod decide;
mod definitions;
mod differences;
pub mod documents;
mod edges;
mod ents;
mod fields;
mod finish;
mod home;
mod joins;
mod companions;
mod modules;
mod nested;
mod notes;
mod order;
mod predicates;
mod print;
mod public;
mod reach;
mod reader;
mod rewrite;
mod setup;
mod shapes;
mod sites;
mod suggestions;
mod taken;
mod target;
mod verdict;
mod wiring;

use std::collections::BTreeMap;

use super::schema::files::FileContext;
use crate::codemod::{Calls, From, Left, Options, Part, PublicShape, RelationStyle, Rewritten, Severity, Target as Version};
use crate::model::{Role, Workspace};
use crate::source::{FileId, Span};
use verdict::Why;

/// What becomes of the functions of one project.
#[derive(Debug, Default)]
pub struct Outcome {
    pub files: BTreeMap<FileId, Rewritten>,
    /// A file that is new: its path, and its text.
    pub created: Option<(String, String)>,
    pub left: Vec<Left>,
    pub calls: Calls,
}

/// What is to become of the functions of a project, given the program as it is, and as it will be with the new schema; `written` are the
/// files that this takes.
///
/// Calls around one of the comments are left, for what takes their place has none for it, and so are those in files that the schema is
/// written into.
pub fn plan(
    before: &Workspace,
    place: usize,
    after: &Workspace,
    options: &Options,
    comments: &[Span],
    written: &BTreeMap<FileId, Rewritten>,
) -> Outcome {
    let project = &before.projects[place];
    let mut target = target::Target::of(after, &after.projects[place]);
    target.is_before_011 = options.target == Version::Before011;
    let is_read = |file: &FileId| matches!(before.files[file.0 as usize].role, Role::Backend | Role::Support);
    let files: Vec<FileId> = project.files.iter().copied().filter(is_read).collect();
    let mut found: Vec<sites::FileSites> = match options.from {
        From::Ents => files.iter().map(|file| ents::read(before, *file, &target)).collect(),
        From::Convex => convex::read(before, project, &files, &target),
    };
    found.retain(|file| !file.is_empty());
    found.iter_mut().for_each(|file| file.is_of_schema = written.contains_key(&file.file));
    // Where the schema is loaded first, what it imports would start the ORM before there is a schema to start it with.
    let is_behind = |file: FileId| target.relations.as_ref().is_some_and(|(home, _)| *home == file || after.reaches(*home, file));
    if options.from == From::Convex {
        found.iter_mut().for_each(|file| file.is_behind = !file.is_of_schema && is_behind(file.file));
    }
    found
        .iter_mut()
        .for_each(|file| file.is_kept = file.is_of_schema || file.is_behind || options.kept.contains(&before.source(file.file).path));
    let beside = |has_orm: bool| beside::remarks(before, project, &files, &target, options, has_orm);
    if found.is_empty() {
        return Outcome { left: beside(false), ..Outcome::default() };
    }
    let wiring = match options.from {
        From::Ents => wiring::Wiring::of(before, &found),
        From::Convex => project.schema.as_ref().and_then(|schema| wiring::Wiring::beside(before, schema.file)),
    };
    let mut outcome = Outcome::default();
    let setup = |why: &str| Why::new("functions-setup", why);
    let obstacle = match () {
        () if options.relations != RelationStyle::DefineRelations => Some(
            setup("the ORM is started with `defineRelations`, and the relations are written in another style")
                .or("run it with `--relations defineRelations`, and install better-convex"),
        ),
        () if target.relations.is_none() => Some(setup("the new schema exports no relations that the ORM could be started with")),
        () if wiring.is_none() && options.from == From::Ents => {
            Some(setup("the place where `entsTableFactory` is called cannot be changed"))
        }
        () if options.from == From::Ents && wiring.as_ref().is_some_and(|wiring| starts_behind(&target, after, &wiring.home)) => {
            Some(setup("the schema imports the file that sets up ents, and would start the ORM before there is a schema to start it with"))
        }
        () if wiring.is_none() => Some(setup("there is no place for a file that starts the ORM beside the schema")),
        () => None,
    };
    decide::keep_comments(before, &mut found, comments);
    decide::decide(&mut found, obstacle.as_ref());
    if options.public_shape == PublicShape::Keep {
        found.iter_mut().for_each(|file| by_hand::apply(before.hir(file.file), file));
    }
    outcome.calls = calls(&found);
    outcome.left = decide::left(before, &found, options.from);
    outcome.left.extend(differences::once_per_file(before, &target, &found, options.from));
    if obstacle.is_none() {
        outcome.left.extend(beside(outcome.calls.rewritten > 0));
    }
    if options.public_shape == PublicShape::Orm {
        let notes = notes::notes(before, &found);
        outcome.left.extend(public::reshape(before, place, &mut found, &notes));
    }
    let keeps_ents = options.from == From::Ents && keeps_ents(&found);
    let mut kept_definitions = None;
    if keeps_ents {
        add_makers(before, &files, &mut found);
        match definitions(before, after, &found).filter(|(home, _)| !makes_in_kept(before, &found, *home)) {
            Some((home, kept)) => {
                outcome.files.insert(home, kept);
                // By themselves, functions go by the schema as it is.
                kept_definitions = (options.only != Some(Part::Functions)).then(|| (home, definitions::name(before.hir(home))));
            }
            None => outcome.left.extend(lost_definitions(before, &found)),
        }
    }
    if let (Some(wiring), Some(_), None) = (wiring, &target.relations, obstacle) {
        let written = rewrite::rewrite(before, &target, &found, &wiring, options, (keeps_ents, kept_definitions));
        outcome.files.extend(written.files);
        outcome.created = written.created;
    } else if let Some((home, name)) = kept_definitions {
        for file in found.iter().filter(|file| !file.is_kept) {
            let context = FileContext::new(before, file.file);
            definitions::taken(before, &context, home, &name).into_iter().for_each(|(span, text)| context.edit(span, text));
            outcome.files.extend(context.finish(options).map(|written| (file.file, written)));
        }
    }
    outcome
}

/// Whether the schema imports the file that is to start the ORM.
fn starts_behind(target: &target::Target, after: &Workspace, home: &wiring::Home) -> bool {
    let wiring::Home::File(file) = home else { return false };
    target.relations.as_ref().is_some_and(|(schema, _)| schema != file && after.reaches(*schema, *file))
}

/// Whether calls of ents are left, which need what they had.
fn keeps_ents(found: &[sites::FileSites]) -> bool {
    found.iter().flat_map(|file| &file.sites).any(|site| !site.is_live())
        || found.iter().any(|file| !file.suspects.is_empty() || file.is_kept)
}

/// Whether a file makes definitions of ents of a schema.
pub fn makes_definitions(workspace: &Workspace, file: FileId) -> bool {
    definitions::calls(workspace.hir(file)).next().is_some()
}

/// Adds files that make definitions of the schema and ask for nothing themselves.
fn add_makers(before: &Workspace, files: &[FileId], found: &mut Vec<sites::FileSites>) {
    let is_new = |file: &&FileId| found.iter().all(|known| known.file != **file) && makes_definitions(before, **file);
    let new: Vec<FileId> = files.iter().filter(is_new).copied().collect();
    found.extend(new.into_iter().map(sites::FileSites::without_calls));
    found.sort_by_key(|file| file.file);
}

/// Whether a file that is to stay as it is makes definitions of the schema, which is none of ents' any more.
fn makes_in_kept(before: &Workspace, found: &[sites::FileSites], home: FileId) -> bool {
    found.iter().any(|file| file.is_kept && file.file != home && makes_definitions(before, file.file))
}

/// That what calls of ents go by is gone.
fn lost_definitions(before: &Workspace, found: &[sites::FileSites]) -> Option<Left> {
    let schema = found.iter().find_map(|file| file.schema.as_ref())?;
    let text = before.source(schema.span.file).text.get(schema.span.start as usize..)?;
    let line = text.lines().next().unwrap_or_default().len() as u32;
    let span = Span { end: schema.span.start + line, ..schema.span };
    let message = "calls of ents are left, and what they go by could not be kept beside the new schema".to_owned();
    let suggestion = Some("keep the old schema in a file of its own, and give `entsTableFactory` the definitions from there".to_owned());
    Some(Left { code: "functions-definitions", severity: Severity::Error, span, message, suggestion })
}

/// The schema's file with the definitions of ents in it.
fn definitions(before: &Workspace, after: &Workspace, found: &[sites::FileSites]) -> Option<(FileId, Rewritten)> {
    let schema = found.iter().find_map(|file| file.schema.as_ref())?;
    let file = schema.span.file;
    let text = definitions::kept(before, schema, file, &after.source(file).text, before.style(file))?;
    Some((file, Rewritten { text, edits: 1 }))
}

fn calls(found: &[sites::FileSites]) -> Calls {
    let sites = || found.iter().flat_map(|file| &file.sites).filter(|site| !site.is_silent());
    Calls { rewritten: sites().filter(|site| site.is_live()).count(), left: sites().filter(|site| !site.is_live()).count() }
}

/// How much a remark matters.
fn severity(code: &str) -> Severity {
    match code {
        "functions-missing-row"
        | "functions-limit"
        | "functions-pagination"
        | "functions-missing-or-null"
        | "functions-dangling"
        | "functions-missing-edge"
        | "functions-unchecked-id"
        | "functions-error"
        | "functions-foreign-key"
        | "functions-unbounded"
        | "functions-vector-search" => Severity::Info,
        _ => Severity::Warning,
    }
}

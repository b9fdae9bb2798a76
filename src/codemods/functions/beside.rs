//! Calls beside those of the database, which stay as they are, and what a person has to know of them.
//!
//! Searches by vectors stay: the ORM looks each hit up in the database, and the contexts that can search have none. Hits are no rows of the
//! ORM either, so that they go on being `{ _id, _score }`. What looks for the ORM in the context that it is given finds it now.

use super::ents::is_factory;
use super::severity;
use super::target::Target;
use crate::codemod::{From, Left, Options};
use crate::model::calls::{Callee, PlatformCall};
use crate::model::hir::Name;
use crate::model::infer::Infer;
use crate::model::{Project, Workspace, in_file};
use crate::source::FileId;

/// A remark at each of them; `has_orm` says whether contexts get the ORM at all.
pub fn remarks(workspace: &Workspace, project: &Project, files: &[FileId], target: &Target, options: &Options, has_orm: bool) -> Vec<Left> {
    let of_file = |file: FileId, infer: &Infer<'_>| {
        let calls = in_file(&project.calls, file, |call| call.file).iter();
        calls
            .filter_map(|call| search(workspace, call, target, options).or_else(|| session(infer, call, options).filter(|_| has_orm)))
            .collect::<Vec<Left>>()
    };
    workspace.ask_each(files, of_file).into_iter().flatten().collect()
}

fn search(workspace: &Workspace, call: &PlatformCall, target: &Target, options: &Options) -> Option<Left> {
    let Callee::Context(part) = &call.callee else { return None };
    if &**part != "vectorSearch" {
        return None;
    }
    let module = workspace.hir(call.file);
    let table = module.call(call.call)?.args.first().and_then(|first| module.constant(first.value));
    let orm = if options.from == From::Ents { "ctx.orm" } else { "orm.db(ctx)" };
    let read = match table {
        Some(table) if !target.tables.contains_key(table) => "`ctx.db.get(id)`".to_owned(),
        _ => format!("`{orm}.query.{}.findFirst({{ where: {{ id }} }})`", table.map_or("…", |table| table)),
    };
    Some(Left {
        code: "functions-vector-search",
        severity: severity("functions-vector-search"),
        span: call.span,
        message: "this search stays, and finds what it found: the ORM looks its hits up in a database, which no action has".to_owned(),
        suggestion: Some(format!(
            "a query that is given the ids of the hits, `hits.map((hit) => hit._id)`, and reads the row of each: {read}"
        )),
    })
}

/// `getSession(ctx)` of the ORM's package reads the row through the ORM, as soon as its context has one.
fn session(infer: &Infer<'_>, call: &PlatformCall, options: &Options) -> Option<Left> {
    let Callee::External(external) = &call.callee else { return None };
    let package = options.orm.strip_suffix("/orm")?;
    if !external.is(&format!("{package}/auth"), &["getSession"]) {
        return None;
    }
    let context = infer.hir(call.file).call(call.call)?.args.first()?.value;
    let table = infer.member(call.file, &infer.expr(call.file, context), &Name::from("table"));
    is_factory(&table).then(|| Left {
        code: "functions-session",
        severity: severity("functions-session"),
        span: call.span,
        message:
            "`getSession` reads through the ORM where its context has one, as this has now: what it finds has `id` and `createdAt` in the \
                  place of `_id` and `_creationTime`"
                .to_owned(),
        suggestion: Some(
            "read `session.id`, and give what names its type that of the ORM's row; or `ctx.db.get(…)` with the id of the session"
                .to_owned(),
        ),
    })
}

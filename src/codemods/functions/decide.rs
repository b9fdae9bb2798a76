//! Which calls are rewritten: those that are understood, and whose rows nobody needs to be ents any more.

use std::collections::BTreeSet;

use super::ask::Ask;
use super::shapes::Use;
use super::sites::{FileSites, Site};
use super::verdict::{Understood, Why};
use super::{severity, suggestions};
use crate::codemod::{From, Left, Severity};
use crate::model::Workspace;
use crate::model::hir::{ExprId, Name};
use crate::source::{FileId, Span};

/// Takes back what depends on something that is left.
pub fn decide(found: &mut [FileSites], obstacle: Option<&Why>) {
    if let Some(why) = obstacle {
        found.iter_mut().flat_map(|file| &mut file.sites).for_each(|site| site.verdict = Err(why.clone()));
        return;
    }
    keep(found);
    loop {
        let needed = needed_ents(found);
        let served = served_rows(found);
        let mut changed = false;
        for file in found.iter_mut() {
            let known = known_rows(file);
            let lost: Vec<ExprId> =
                file.sites.iter().filter(|site| !site.is_live() && site.anew.is_none()).filter_map(|site| site.receiver).collect();
            for site in file.sites.iter_mut().filter(|site| site.is_live()) {
                let is_needed = site.flow.uses.iter().any(|usage| match usage {
                    Use::Receiver(row) => lost.contains(row),
                    Use::Escape { .. } => match site.table() {
                        Some(table) if site.reach.is_lost => needed.any || needed.tables.contains(table),
                        Some(_) => !site.reach.receivers.iter().all(|row| served.contains(row)),
                        None => false,
                    },
                    Use::Method(_) => true,
                    Use::Field(_) | Use::Itself(_) => false,
                });
                let is_needed = is_needed || is_unseen_document(site, &known, &needed);
                if is_needed {
                    site.verdict = Err(Why::new("functions-used-as-ent", "what it yields is used as an ent by a call that is left"));
                    changed = true;
                }
            }
        }
        if !changed {
            return;
        }
    }
}

/// Leaves the calls in files that are to stay as they are; all calls, where it is one of these that hands out the ORM.
fn keep(found: &mut [FileSites]) {
    let is_setup_kept = found.iter().any(|file| file.is_kept && !(file.factories.is_empty() && file.handed.is_empty()));
    let is_schema_kept =
        is_setup_kept && found.iter().any(|file| file.is_of_schema && !(file.factories.is_empty() && file.handed.is_empty()));
    for file in found.iter_mut().filter(|file| file.is_kept || is_setup_kept) {
        let (code, why) = match (file.is_of_schema, file.is_kept) {
            _ if file.is_behind => {
                let why = "the schema stands in its file, or imports it, and would start the ORM before there is a schema to start it with";
                ("functions-table-file", why)
            }
            (true, _) => ("functions-table-file", "its file defines tables, too, which are written anew"),
            (_, true) => ("functions-kept-file", "its file was to stay as it is"),
            _ if is_schema_kept => ("functions-table-file", "ents are set up in a file that defines tables, too, which are written anew"),
            _ => ("functions-kept-file", "the file that sets up ents was to stay as it is"),
        };
        for site in &mut file.sites {
            site.verdict = Err(Why::new(code, why));
            site.anew = None;
        }
    }
}

/// Why the call is left, if all calls of its file are, and for the same reason.
fn of_whole_file(site: &Site) -> Option<&Why> {
    site.verdict.as_ref().err().filter(|why| matches!(why.code, "functions-kept-file" | "functions-setup"))
}

/// Leaves calls with comments in them that the new code would lose.
pub fn keep_comments(workspace: &Workspace, found: &mut [FileSites], comments: &[Span]) {
    for file in found {
        let module = workspace.hir(file.file);
        for site in file.sites.iter_mut().filter(|site| site.is_live()) {
            let span = module.span(site.top);
            if comments.iter().any(|comment| span.contains(*comment)) {
                site.verdict =
                    Err(Why::new("functions-comment", "a comment stands in the middle of it, which the new call has no place for")
                        .or("move the comment in front of the statement, and run this again"));
            }
        }
    }
}

pub struct Needed {
    /// It cannot be told of which tables.
    pub any: bool,
    pub tables: BTreeSet<Name>,
}

/// The tables whose rows must be ents wherever they come from: calls that are left are made on them.
pub fn needed_ents(found: &[FileSites]) -> Needed {
    // The type of ents is that of all tables' rows, wherever it is named.
    let names_ents = |file: &FileSites| file.is_kept && !file.aliases.is_empty();
    let suspects = || found.iter().flat_map(|file| &file.suspects);
    let mut needed = Needed {
        any: suspects().any(|suspect| suspect.tables.is_none()) || found.iter().any(names_ents),
        tables: suspects().filter_map(|suspect| suspect.tables.clone()).flatten().collect(),
    };
    for file in found {
        // Rows whose origin is seen.
        let known = known_rows(file);
        for site in file.sites.iter().filter(|site| !site.is_live() && site.anew.is_none()) {
            let Some(row) = site.receiver else { continue };
            if !known.contains(&row) {
                match &site.about {
                    Some(table) => _ = needed.tables.insert(table.clone()),
                    None => needed.any = true,
                }
            }
        }
    }
    needed
}

/// The rows that calls are made on which mind no document in their place: they are rewritten, or can begin anew.
fn served_rows(found: &[FileSites]) -> BTreeSet<(FileId, ExprId)> {
    let of_file = |file: &FileSites| {
        let served = file.sites.iter().filter(|site| site.is_live() || site.anew.is_some()).filter_map(|site| site.receiver);
        served.map(|row| (file.file, row)).collect::<Vec<_>>()
    };
    found.iter().flat_map(of_file).collect()
}

/// The rows of a file whose origin is seen.
fn known_rows(file: &FileSites) -> Vec<ExprId> {
    let rows = file.sites.iter().flat_map(|site| &site.flow.uses).filter_map(|usage| match usage {
        Use::Receiver(row) => Some(*row),
        _ => None,
    });
    rows.collect()
}

/// A row that is asked for its document, comes from somewhere else, and goes on being an ent.
fn is_unseen_document(site: &Site, known: &[ExprId], needed: &Needed) -> bool {
    let Ok(Understood { ask: Ask::Document { row, table, .. }, .. }) = &site.verdict else { return false };
    !known.contains(row) && (needed.any || needed.tables.contains(table))
}

/// What is said of the calls.
pub fn left(workspace: &Workspace, found: &[FileSites], from: From) -> Vec<Left> {
    let (stays, stay, orm) = match from {
        From::Ents => ("still goes through ents", "still go through ents", "ctx.orm"),
        From::Convex => ("still goes through `ctx.db`", "still go through `ctx.db`", "orm.db(ctx)"),
    };
    let mut all: Vec<Left> = Vec::new();
    for file in found {
        let module = workspace.hir(file.file);
        let mut sites: Vec<&Site> = file.sites.iter().filter(|site| !site.is_silent()).collect();
        if let Some((first, why)) = sites.first().and_then(|site| Some((module.span(site.top), of_whole_file(site)?))) {
            all.push(Left {
                code: why.code,
                severity: Severity::Warning,
                span: first,
                message: match sites.len() {
                    1 => format!("1 call of this file {stays}: {}", why.message),
                    count => format!("{count} calls of this file {stay}: {}", why.message),
                },
                suggestion: why.suggestion.clone().or_else(|| suggestions::of(why.code, "")),
            });
            sites.clear();
        }
        for site in sites {
            let span = module.span(site.top);
            let table = site.about.as_deref().unwrap_or("…");
            let suggested = |code: &str| suggestions::of(code, table).map(|text| text.replace("ctx.orm", orm));
            match &site.verdict {
                Ok(understood) => all.extend(understood.remarks.iter().map(|remark| Left {
                    code: remark.code,
                    severity: severity(remark.code),
                    span,
                    message: remark.message.clone(),
                    suggestion: remark.suggestion.clone().or_else(|| suggested(remark.code)),
                })),
                Err(why) => all.push(Left {
                    code: why.code,
                    severity: Severity::Warning,
                    span,
                    message: format!("`{}` {stays}: {}", shown(workspace, file.file, span), why.message),
                    suggestion: why.suggestion.clone().or_else(|| suggested(why.code)),
                }),
            }
        }
        all.extend(file.suspects.iter().map(|suspect| {
            let span = module.span(suspect.call);
            Left {
                code: "functions-unknown-receiver",
                severity: Severity::Warning,
                span,
                message: format!(
                    "it cannot be told what becomes of `{}`; if ents are behind it, rows have to go on being ents",
                    shown(workspace, file.file, span)
                ),
                suggestion: Some("give what it is called on a type".to_owned()),
            }
        }));
    }
    all.sort_by_key(|left| left.span);
    all
}

fn shown(workspace: &Workspace, file: FileId, span: Span) -> String {
    let text = workspace.source(file).slice(span).split_whitespace().collect::<Vec<_>>().join(" ").replace(" .", ".");
    if text.chars().count() > 80 { text.chars().take(77).collect::<String>() + "…" } else { text }
}

//! What migrated calls do otherwise than before wherever they stand, said once for each kind and file; and what is asked of single calls.
//!
//! What only some calls do otherwise is remarked on by the front ends, where they read those calls.

use std::collections::BTreeMap;

use super::ask::{Ask, End, Read, Source};
use super::order;
use super::reader::Reader;
use super::sites::{FileSites, Site};
use super::target::Target;
use super::verdict::{Remark, Understood};
use super::{severity, suggestions};
use crate::codemod::{From, Left};
use crate::model::Workspace;
use crate::model::hir::{BindingKind, Cast, ExprId, ExprKind, Name};
use crate::model::ty::Ty;
use crate::source::Span;

/// What is the same all over a file, at the first call that does it.
pub fn once_per_file(workspace: &Workspace, target: &Target, found: &[FileSites], from: From) -> Vec<Left> {
    found.iter().flat_map(|file| of_file(workspace, target, file, from)).collect()
}

fn of_file(workspace: &Workspace, target: &Target, file: &FileSites, from: From) -> Vec<Left> {
    let module = workspace.hir(file.file);
    let mut live: Vec<(Span, &Ask)> = file.sites.iter().filter_map(|site| Some((module.span(site.top), ask_of(site)?))).collect();
    live.sort_by_key(|(span, _)| *span);
    let mut said = Vec::new();
    let mut say = |code: &'static str, span: Span, message: String, table: &str| {
        let suggestion = suggestions::of(code, table).map(|text| match from {
            From::Ents => text,
            From::Convex => text.replace("ctx.orm", "orm.db(ctx)"),
        });
        said.push(Left { code, severity: severity(code), span, message, suggestion });
    };
    let first = |is_it: &dyn Fn(&Ask) -> bool| {
        let those: Vec<Span> = live.iter().filter(|(_, ask)| is_it(ask)).map(|(span, _)| *span).collect();
        those.first().map(|span| (*span, those.len()))
    };
    if let Some((span, count)) = first(&throws) {
        let subject = if count == 1 { "this call throws".to_owned() } else { format!("{count} calls of this file throw") };
        say("functions-error", span, format!("{subject} another error where there is no row, with another text"), "…");
    }
    if let Some((span, count)) = first(&reads_all) {
        let subject = if count == 1 { "this call reads".to_owned() } else { format!("{count} calls of this file read") };
        say("functions-unbounded", span, format!("{subject} all rows that there are, as before, and now says so to the ORM"), "…");
    }
    for (span, ask) in &live {
        let (Ask::Read(read) | Ask::Via { read, .. }) = ask else { continue };
        let Source::Index { name, .. } = &read.source else { continue };
        if let Some(other) = target.tables.get(&read.table).and_then(|table| order::wider_index(read, table)) {
            let message = format!(
                "the ORM reads the index `{other}` here, and not `{name}`: it finds the same, and may look through many more rows for it"
            );
            say("functions-index", *span, message, &read.table);
        }
    }
    let mut inserted: BTreeMap<&Name, Span> = BTreeMap::new();
    for (span, ask) in live.iter().rev() {
        for table in written(ask) {
            inserted.insert(table, *span);
        }
    }
    for (table, span) in inserted {
        let others = target.tables.get(table).map(|table| &table.refers_to[..]).unwrap_or_default();
        let names: Vec<String> = others.iter().map(|other| format!("`{other}`")).collect();
        if !names.is_empty() {
            let mut names = names;
            names.dedup();
            let message = format!("a row of `{table}` with the id of a row of {} that is gone is refused now", names.join(" or "));
            say("functions-foreign-key", span, message, table);
        }
    }
    said
}

/// What is said of a call with an id that nothing has checked to be one of the table.
pub fn unchecked_id(reader: &Reader<'_>, table: &Name, id: ExprId, library: &str) -> Option<Remark> {
    let is_unchecked = is_cast(reader, table, id, 0);
    let message = format!(
        "nothing checks that `{}` is an id of `{table}`: {library} refused the id of another table, and the ORM takes that table's row",
        reader.text(id)
    );
    is_unchecked.then_some(Remark { code: "functions-unchecked-id", message, suggestion: None })
}

/// Whether a value is an id of the table because the code says so, and not because it was checked.
fn is_cast(reader: &Reader<'_>, table: &Name, id: ExprId, depth: u32) -> bool {
    let module = reader.module;
    let is_id = |ty: &Ty| match ty.non_null() {
        Ty::Id(of) => of == *table,
        Ty::Array(item) => matches!(item.non_null(), Ty::Id(of) if of == *table),
        _ => false,
    };
    match module.expr(id) {
        ExprKind::Paren(inner) | ExprKind::Await(inner) => is_cast(reader, table, *inner, depth),
        ExprKind::Cast { kind: Cast::As(_), value } => !is_id(&reader.ty(*value)) || is_cast(reader, table, *value, depth),
        ExprKind::Cast { value, .. } => is_cast(reader, table, *value, depth),
        ExprKind::Local(binding) if depth < 4 => match module.binding(*binding).kind {
            BindingKind::Const(Some(init)) if module.binding(*binding).path.is_empty() => is_cast(reader, table, init, depth + 1),
            _ => false,
        },
        _ => false,
    }
}

fn ask_of(site: &Site) -> Option<&Ask> {
    match &site.verdict {
        Ok(Understood { ask, .. }) if !site.is_silent() => Some(ask),
        _ => None,
    }
}

fn throws(ask: &Ask) -> bool {
    match ask {
        Ask::Read(read) => matches!(read.end, End::FirstOrThrow),
        Ask::Related(related) => related.throws,
        Ask::Many { throws, .. } => *throws,
        _ => false,
    }
}

fn reads_all(ask: &Ask) -> bool {
    match ask {
        Ask::Read(Read { end: End::Every, source: Source::All | Source::Index { .. }, .. }) => true,
        Ask::Related(related) => related.many,
        _ => false,
    }
}

/// The tables that get new rows.
fn written(ask: &Ask) -> Vec<&Name> {
    match ask {
        Ask::Insert { table, joins, .. } => {
            [table].into_iter().chain(joins.iter().filter(|join| join.add.is_some()).map(|join| &join.table)).collect()
        }
        Ask::Update { joins, .. } => joins.iter().filter(|join| join.add.is_some()).map(|join| &join.table).collect(),
        _ => Vec::new(),
    }
}

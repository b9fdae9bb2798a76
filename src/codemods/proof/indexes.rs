//! Whether a table still has the indexes that it had: by kind, name, fields in order, filters, dimensions.

use super::Note;
use crate::model::Table;
use crate::model::hir::Name;
use crate::model::ty::{Index, IndexKind, TableFlavor};

pub(super) fn compare(old: &Table, new: &Table, notes: &mut Vec<Note>) {
    if old.definition.open || new.definition.open {
        notes.push(Note::Unprovable("its indexes cannot all be read".to_owned()));
    }
    for was in old.definition.all_indexes() {
        match new.definition.all_indexes().find(|i| i.kind == was.kind && i.name == was.name) {
            Some(is) => notes.extend(index(was, is, new.definition.flavor == TableFlavor::Orm)),
            // It may be among those that cannot be read.
            None if new.definition.open => {}
            None => notes.push(Note::Lost(lost(was, old, new))),
        }
    }
    let mut seen: Vec<&Name> = Vec::new();
    for is in new.definition.all_indexes() {
        let had = old.definition.all_indexes().filter(|i| i.name == is.name).count();
        if seen.contains(&&is.name) && had < 2 {
            notes.push(Note::Narrowed(format!("two indexes are called `{}`", is.name)));
        }
        if had == 0 {
            notes.push(Note::widened(None, format!("the index `{}` is new", is.name)));
        }
        seen.push(&is.name);
    }
}

fn index(was: &Index, is: &Index, can_be_unique: bool) -> Option<Note> {
    let name = &was.name;
    let (Some(old), Some(new)) = (&was.fields, &is.fields) else {
        return Some(Note::Unprovable(format!("the fields of the index `{name}` cannot be read")));
    };
    let is_equal = match (was.searched(), is.searched()) {
        (Some((a, filters)), Some((b, others))) => a == b && sorted(filters) == sorted(others),
        _ => old == new,
    };
    if !is_equal {
        return Some(Note::Lost(format!("the index `{name}` is on {}, and was on {}", listed(new), listed(old))));
    }
    if was.staged != is.staged {
        let now = if is.staged { "is staged now" } else { "is no longer staged" };
        return Some(Note::Lost(format!("the index `{name}` {now}")));
    }
    if was.kind == IndexKind::Vector {
        match (was.dimensions, is.dimensions) {
            (Some(a), Some(b)) if a == b => {}
            (Some(a), Some(b)) => return Some(Note::Lost(format!("the index `{name}` has {b} dimensions, and had {a}"))),
            _ => return Some(Note::Unprovable(format!("the dimensions of the index `{name}` cannot be read"))),
        }
    }
    match (was.unique, is.unique) {
        (false, true) => Some(Note::Narrowed(format!("the index `{name}` now refuses duplicates"))),
        (true, false) if can_be_unique => Some(Note::Lost(format!("the index `{name}` no longer refuses duplicates"))),
        // Convex has no such thing; that the table stays one of Convex's is said.
        (true, false) => Some(Note::widened(None, format!("the index `{name}` no longer refuses duplicates"))),
        _ => None,
    }
}

fn lost(was: &Index, old: &Table, new: &Table) -> String {
    let is_new = |i: &&Index| old.definition.all_indexes().all(|o| o.name != i.name);
    let twin = new.definition.all_indexes().filter(is_new).find(|i| i.kind == was.kind && i.fields == was.fields);
    match twin {
        Some(twin) => format!("the index `{}` is now called `{}`", was.name, twin.name),
        None => format!("the index `{}` is gone", was.name),
    }
}

fn sorted(names: &[Name]) -> Vec<&Name> {
    let mut names: Vec<&Name> = names.iter().collect();
    names.sort();
    names
}

fn listed(fields: &[Name]) -> String {
    let fields: Vec<String> = fields.iter().map(|f| format!("`{f}`")).collect();
    fields.join(", ")
}

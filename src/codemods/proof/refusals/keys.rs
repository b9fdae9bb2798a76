//! Foreign keys that the ORM cannot follow, and deletes that it would refuse because of them.

use super::columns::{column, has_column};
use super::{Refused, orm_tables};
use crate::model::ty::{Action, ColumnDefault, DeletionMode, ForeignKey, IndexKind};
use crate::model::{Schema, Table};

pub(super) fn check(schema: &Schema, table: &Table, refused: &mut Refused) {
    for key in &table.foreign_keys {
        if let Err(why) = follow(schema, table, key) {
            let columns: Vec<&str> = key.columns.iter().map(|c| &**c).collect();
            refused.add(table, format!("{}: {why}", columns.join(", ")));
        }
    }
    cascades(schema, table, refused);
}

fn follow(schema: &Schema, table: &Table, key: &ForeignKey) -> Result<(), String> {
    let Some(target) = &key.table else { return Err("what it refers to cannot be read".to_owned()) };
    let Some(other) = orm_tables(schema).find(|t| t.name == *target) else {
        return Err(format!("it refers to `{target}`, which is no table of the ORM"));
    };
    if key.to.len() != key.columns.len() || key.to.is_empty() {
        return Err(format!("it refers to {} columns of `{target}`", key.to.len()));
    }
    if let Some(missing) = key.to.iter().find(|c| &***c != "_id" && &***c != "_creationTime" && !has_column(other, c)) {
        return Err(format!("it refers to `{target}.{missing}`, which does not exist"));
    }
    let is_by_id = matches!(&key.to[..], [only] if &**only == "_id");
    if !is_by_id && !leads(other, &key.to) {
        return Err(format!("no index of `{target}` begins with what it refers to"));
    }
    if !leads(table, &key.columns) {
        return Err(format!("no index begins with it, so no row of `{target}` could be deleted"));
    }
    let is_kept = other.definition.deletion.as_ref().is_some_and(|d| matches!(d.mode, DeletionMode::Soft | DeletionMode::Scheduled));
    match &key.on_delete {
        Action::Unset if is_kept => Err(format!("rows of `{target}` that it refers to could not be deleted softly")),
        Action::Unset => Ok(()),
        Action::Unknown => Err("what becomes of it on deletes cannot be read".to_owned()),
        Action::Named(action) => match &**action {
            "restrict" | "no action" if is_kept => Err(format!("rows of `{target}` that it refers to could not be deleted softly")),
            "restrict" | "no action" | "cascade" => Ok(()),
            "set null" => match key.columns.iter().find(|c| column(table, c).is_none_or(|c| c.not_null)) {
                Some(name) => Err(format!("deletes set `{name}` to null, which it may not be")),
                None => Ok(()),
            },
            "set default" => match key.columns.iter().find(|c| column(table, c).is_none_or(|c| c.default != ColumnDefault::Value)) {
                Some(name) => Err(format!("deletes set `{name}` to its default, which it has not")),
                None => Ok(()),
            },
            other => Err(format!("`{other}` is nothing that can be done on deletes")),
        },
    }
}

/// Whether an index of the table begins with the columns.
fn leads(table: &Table, columns: &[crate::model::hir::Name]) -> bool {
    let mut indexes = table.definition.all_indexes().filter(|i| i.kind == IndexKind::Db && !i.staged);
    indexes.any(|i| i.fields.as_deref().is_some_and(|fields| fields.starts_with(columns)))
}

/// A soft delete goes on along cascading keys, and needs a `deletionTime` wherever it comes.
fn cascades(schema: &Schema, table: &Table, refused: &mut Refused) {
    let is_kept = table.definition.deletion.as_ref().is_some_and(|d| matches!(d.mode, DeletionMode::Soft | DeletionMode::Scheduled));
    if !is_kept {
        return;
    }
    let mut reached: Vec<&Table> = vec![table];
    let mut at = 0;
    while let Some(target) = reached.get(at).copied() {
        at += 1;
        for child in orm_tables(schema) {
            let is_cascade = |key: &&ForeignKey| {
                key.table.as_ref() == Some(&target.name) && matches!(&key.on_delete, Action::Named(action) if &**action == "cascade")
            };
            if !child.foreign_keys.iter().any(|key| is_cascade(&key)) || reached.iter().any(|t| t.name == child.name) {
                continue;
            }
            if !has_column(child, "deletionTime") {
                refused.add(child, format!("a soft delete in `{}` comes here, and there is no column `deletionTime`", table.name));
            }
            reached.push(child);
        }
    }
}

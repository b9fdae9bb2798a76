//! Names, columns and indexes that a table of the ORM cannot have.

use std::collections::BTreeMap;

use super::{Refused, orm_tables};
use crate::model::hir::{ExprId, Name};
use crate::model::schema::is_orm_internal;
use crate::model::ty::{Column, ColumnKind, DeletionMode, Index, IndexKind, Ty};
use crate::model::{Schema, Table};
use crate::source::FileId;

/// Columns that every table has.
const RESERVED: [&str; 3] = ["id", "_id", "_creationTime"];

pub(super) fn check(schema: &Schema, table: &Table, refused: &mut Refused) {
    name(table, refused);
    columns(schema, table, refused);
    discriminators(table, refused);
    for index in table.definition.all_indexes() {
        index_on(table, index, refused);
    }
    let Some(deletion) = &table.definition.deletion else { return };
    match deletion.mode {
        DeletionMode::Soft | DeletionMode::Scheduled if !has_column(table, "deletionTime") => {
            refused.add(table, "rows are not deleted at once, but there is no column `deletionTime` to say when they are");
        }
        DeletionMode::Unknown => refused.add(table, "how rows are deleted cannot be read"),
        _ => {}
    }
    if deletion.delay.is_some() && deletion.mode != DeletionMode::Scheduled {
        refused.add(table, "`delayMs` is for scheduled deletion");
    }
}

fn name(table: &Table, refused: &mut Refused) {
    let is_plain = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    match &table.definition.name {
        Some(name) if *name != table.name => refused.add(table, format!("the table calls itself `{name}`")),
        Some(name) if !is_plain(name) || matches!(&**name, "_storage" | "_scheduled_functions") => {
            refused.add(table, "the name is none that a table may have");
        }
        Some(_) => {}
        None => refused.add(table, "what the table calls itself cannot be read"),
    }
}

fn columns(schema: &Schema, table: &Table, refused: &mut Refused) {
    let is_drizzled = !schema.own.is_empty() || table.definition.columns.iter().any(|c| c.column.is_some());
    for column in &table.definition.columns {
        let name = &column.name;
        if RESERVED.contains(&&**name) {
            refused.add(table, format!("{name}: every table has a column of this name"));
        } else if is_orm_internal(name) {
            refused.add(table, format!("{name}: tables keep something of their own under this name"));
        }
        if column.is_validator && is_drizzled {
            refused.add(table, format!("{name}: a column is made by a builder, not by a validator"));
        }
        if let Some(builder) = &column.column
            && builder.kind == ColumnKind::TextEnum
            && builder.validator.ty == Ty::Never
        {
            refused.add(table, format!("{name}: there is no value that it may have"));
        }
    }
}

fn discriminators(table: &Table, refused: &mut Refused) {
    let own: Vec<_> = table.definition.columns.iter().filter(|c| !c.is_of_variant).collect();
    let mut seen = false;
    for column in &own {
        let Some(ColumnKind::Discriminator { variants, alias }) = column.column.as_ref().map(|c| &c.kind) else { continue };
        if std::mem::replace(&mut seen, true) {
            refused.add(table, format!("{}: there is a discriminator already", column.name));
        }
        let Some(variants) = variants else {
            refused.add(table, format!("{}: its variants cannot be read", column.name));
            continue;
        };
        if variants.fields.is_empty() && !variants.open {
            refused.add(table, format!("{}: it has no variants", column.name));
        }
        match alias {
            Some(alias) if has_column(table, alias) => {
                refused.add(table, format!("{}: the columns of variants stand under `{alias}`, which is a column", column.name))
            }
            Some(_) => {}
            None => refused.add(table, format!("{}: the name of its variants' columns cannot be read", column.name)),
        }
        let mut known: BTreeMap<&Name, &Column> = BTreeMap::new();
        for variant in &variants.fields {
            let Ty::Object(fields) = &variant.ty else { continue };
            for field in &fields.fields {
                if own.iter().any(|c| c.name == field.name) {
                    refused.add(table, format!("{}: the variant `{}` has a column of the table's", field.name, variant.name));
                }
                let Ty::Column(now) = &field.ty else { continue };
                match known.get(&field.name) {
                    Some(was) if was.kind != now.kind || was.stored("") != now.stored("") => {
                        refused.add(table, format!("{}: variants disagree about it", field.name));
                    }
                    Some(_) => {}
                    None => {
                        known.insert(&field.name, now);
                    }
                }
            }
        }
    }
}

fn index_on(table: &Table, index: &Index, refused: &mut Refused) {
    let name = &index.name;
    let Some(fields) = &index.fields else {
        refused.add(table, format!("the columns of the index `{name}` cannot be read"));
        return;
    };
    // A column that is unique by itself is not asked.
    let is_of_column = index.span == index.name_span;
    if fields.iter().any(|f| &**f == "createdAt") && !is_of_column {
        refused.add(table, format!("the index `{name}` names `createdAt`, which is when the row was made"));
    }
    let Some((searched, _)) = index.searched() else { return };
    let kind = column(table, searched).map(|c| &c.kind);
    match (index.kind, kind) {
        (IndexKind::Search, Some(ColumnKind::Text | ColumnKind::TextEnum | ColumnKind::Discriminator { .. })) => {}
        (IndexKind::Search, _) => refused.add(table, format!("the index `{name}` searches `{searched}`, which is no column of text")),
        (_, Some(ColumnKind::Vector(of_column))) => match (index.dimensions, of_column) {
            (None, _) => refused.add(table, format!("the dimensions of the index `{name}` cannot be read")),
            (Some(_), None) => refused.add(table, format!("the dimensions of `{searched}` cannot be read")),
            (Some(a), Some(b)) if a != *b => {
                refused.add(table, format!("the index `{name}` has {a} dimensions, its column `{searched}` has {b}"));
            }
            _ => {}
        },
        _ => refused.add(table, format!("the index `{name}` is on `{searched}`, which is no vector")),
    }
}

/// One builder in two places: it belongs to the last, and has its name.
pub(super) fn check_shared(schema: &Schema, refused: &mut Refused) {
    type Place<'s> = ((FileId, ExprId), Option<(FileId, ExprId)>, &'s Name, &'s Name);
    let mut seen: Vec<Place<'_>> = Vec::new();
    for table in orm_tables(schema) {
        for column in &table.definition.columns {
            let Some(builder) = &column.column else { continue };
            let (made, by) = builder.made;
            match seen.iter().find(|(other, from, ..)| *other == made && *from == by) {
                Some((_, _, first, name)) => {
                    refused.add(
                        table,
                        format!("{}: it is the same builder as `{first}.{name}`; make one for each with a function", column.name),
                    );
                }
                None => seen.push((made, by, &table.name, &column.name)),
            }
        }
    }
}

pub(super) fn column<'t>(table: &'t Table, name: &str) -> Option<&'t Column> {
    table.definition.columns.iter().find(|c| &*c.name == name)?.column.as_deref()
}

pub(super) fn has_column(table: &Table, name: &str) -> bool {
    table.definition.columns.iter().any(|c| &*c.name == name)
}

//! Insertions, changes and deletions.

use super::{Front, reads};
use crate::codemods::functions::ask::{Ask, Change, Inserted, Key};
use crate::codemods::functions::changes;
use crate::codemods::functions::verdict::{Remark, Understood, Why, Yields};
use crate::model::hir::{ExprId, ExprKind, Name};

pub fn insert(front: &Front<'_>, table: &Name, value: ExprId) -> Result<Understood, Why> {
    check_system_fields(front, value)?;
    let ask = Ask::Insert { table: table.clone(), value, many: false, result: Inserted::Id, joins: Vec::new() };
    Ok(front.done(ask, Yields::Id(table.clone()), Vec::new()))
}

pub fn patch(front: &Front<'_>, table: &Name, id: ExprId, value: ExprId) -> Result<Understood, Why> {
    let row = Key::Id(reads::key(front, table, id)?);
    check_system_fields(front, value)?;
    let change = Change {
        value,
        unset: changes::unset(&front.reader, value, &|_| false, &|field| front.reader.may_lack(front.schema, table, field)),
    };
    Ok(front.done(
        Ask::Update { table: table.clone(), row, change, joins: Vec::new(), result: Inserted::Ignored },
        Yields::Nothing,
        missing_row(front, table, id),
    ))
}

pub fn delete(front: &Front<'_>, table: &Name, id: ExprId) -> Result<Understood, Why> {
    let row = Key::Id(reads::key(front, table, id)?);
    if let Some((other, _)) = front.reader.target.tables.iter().find(|(_, other)| other.refers_to.contains(table)) {
        let why = format!("rows of `{other}` refer to `{table}` by a foreign key, and the ORM deletes no row that is referred to");
        return Err(Why::new("functions-referenced", why).or(format!(
            "`await ….delete({table}).where(eq({table}.id, id))` once nothing refers to the row, or `--fk plain` for a schema without foreign keys"
        )));
    }
    Ok(front.done(Ask::Delete { table: table.clone(), row, result: Inserted::Ignored }, Yields::Nothing, missing_row(front, table, id)))
}

/// Of a row that was loaded it need not be said what happens where it is missing.
fn missing_row(front: &Front<'_>, table: &Name, id: ExprId) -> Vec<Remark> {
    let module = front.reader.module;
    if matches!(module.expr(module.bare(id)), ExprKind::Member { property, .. } if &**property == "_id") {
        return Vec::new();
    }
    let message = format!("where there is no such row of `{table}`, Convex threw an error and the ORM changes none");
    vec![Remark { code: "functions-missing-row", message, suggestion: None }]
}

fn check_system_fields(front: &Front<'_>, value: ExprId) -> Result<(), Why> {
    let fields = front.fields(value);
    match fields.fields.iter().find(|field| field.name.starts_with('_')) {
        Some(field) => Err(Why::new("functions-opaque-value", format!("`{}` is written, which the ORM has no column for", field.name))
            .or("leave the system fields out of the value")),
        None => Ok(()),
    }
}

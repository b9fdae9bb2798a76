//! Insertions, changes and deletions.

use super::reads::{RowRef, State, Walk, done, dynamic, not_unique};
use super::{Why, Yields};
use crate::codemods::functions::ask::{Ask, Change, Ids, Inserted, Join, Key};
use crate::codemods::functions::changes;
use crate::codemods::functions::edges;
use crate::codemods::functions::target::Path;
use crate::model::hir::{ExprId, Key as PropKey, Name, PropKind};
use crate::model::ty::{EdgeEnd, Ty};

pub fn insert(walk: &mut Walk<'_, '_>, table: Name, value: ExprId, many: bool) -> Result<State, Why> {
    let ty = walk.reader.ty(value);
    let ty = if many { walk.reader.infer.element(&ty) } else { ty };
    let joins = if many { Vec::new() } else { joins(walk, &table, value, true)? };
    for member in ty.members() {
        check_fields(walk, &table, member, value, &joins)?;
    }
    let yields = if many { Yields::Data } else { Yields::Id(table.clone()) };
    Ok(done(Ask::Insert { table, value, many, result: Inserted::Id, joins }, yields))
}

/// The row is asked for, and not only its id.
pub fn with_row(ask: &mut Ask) {
    if let Ask::Insert { result, .. } | Ask::Update { result, .. } = ask {
        *result = Inserted::Row;
    }
}

pub fn patch(walk: &mut Walk<'_, '_>, row: &RowRef, value: ExprId) -> Result<State, Why> {
    check_key(row)?;
    let joins = joins(walk, &row.table, value, false)?;
    if !joins.is_empty() && !matches!(row.key, Key::Id(_)) {
        return Err(Why::new("functions-edge-write", "an edge is written from a row that is looked up by other columns than its id"));
    }
    check_fields(walk, &row.table, &walk.reader.ty(value), value, &joins)?;
    let is_edge =
        |name: &Name| matches!(edges::follow(&walk.ents.schema, &row.table, name).map(|followed| followed.path), Some(Path::Through(..)));
    let may_lack = |name: &Name| walk.reader.may_lack(&walk.ents.schema, &row.table, name);
    let change = Change { value, unset: changes::unset(walk.reader, value, &is_edge, &may_lack) };
    if row.held.is_none() {
        let message = format!("where there is no such row of `{}`, ents threw an error and the ORM changes none", row.table);
        walk.remark("functions-missing-row", message, None);
    }
    Ok(done(
        Ask::Update { table: row.table.clone(), row: row.key.clone(), change, joins, result: Inserted::Id },
        Yields::Id(row.table.clone()),
    ))
}

pub fn delete(walk: &Walk<'_, '_>, row: &RowRef) -> Result<State, Why> {
    check_key(row)?;
    check_cascade(walk, &row.table)?;
    let ask = Ask::Delete { table: row.table.clone(), row: row.key.clone(), result: Inserted::Id };
    Ok(done(ask, Yields::Nothing))
}

fn check_key(row: &RowRef) -> Result<(), Why> {
    if row.may_lack_id {
        return Err(Why::new("functions-lazy-chain", "what is written is at the other end of an edge that may lead nowhere"));
    }
    if matches!(row.key, Key::Columns(_)) && !row.is_unique {
        return Err(not_unique(row));
    }
    Ok(())
}

/// The fields of a value that is written: all known, and none of them an edge.
fn check_fields(walk: &Walk<'_, '_>, table: &Name, ty: &Ty, value: ExprId, joins: &[Join]) -> Result<(), Why> {
    let edges = &edges::table(&walk.ents.schema, table).ok_or_else(dynamic)?.edges;
    let writes_edge =
        |name: &str| edges.iter().find(|edge| &*edge.name == name && !matches!(&edge.end, EdgeEnd::Field(field) if *field == edge.name));
    let fields = walk.reader.infer.fields_of(walk.reader.file, ty);
    let props = walk.reader.module.as_object(value).unwrap_or_default();
    let is_joined = |name: &Name| {
        let prop = props.iter().find(|prop| matches!(&prop.key, PropKey::Name(key) if key == name));
        prop.is_some_and(|prop| joins.iter().any(|join| join.prop == (prop.start, prop.end)))
    };
    let named = fields.fields.iter().map(|field| field.name.clone()).chain(written_names(walk, value)).filter(|name| !is_joined(name));
    for name in named {
        if let Some(edge) = writes_edge(&name) {
            return Err(Why::new("functions-edge-write", format!("`{name}` is an edge, which is written to other rows than this one"))
                .or(format!("write the rows of the edge `{table}.{}` with calls of their own: `ctx.orm.insert(…).values(…)`", edge.name)));
        }
    }
    // With an edge that is kept elsewhere, a value that cannot be read may hold what it writes.
    let is_plain = !edges.iter().any(|edge| matches!(edge.end, EdgeEnd::Many { .. } | EdgeEnd::One(_)));
    if fields.open && !is_plain {
        let message = format!("it cannot be told which fields `{}` has, and whether edges are among them", walk.reader.text(value));
        return Err(Why::new("functions-opaque-value", message));
    }
    Ok(())
}

/// The edges behind tables of their own that a value writes, where it is an object that shows them.
fn joins(walk: &Walk<'_, '_>, table: &Name, value: ExprId, is_new: bool) -> Result<Vec<Join>, Why> {
    let module = walk.reader.module;
    let Some(props) = module.as_object(value) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for prop in props.iter().filter(|prop| matches!(prop.kind, PropKind::KeyValue | PropKind::Shorthand)) {
        let PropKey::Name(name) = &prop.key else { continue };
        let Some(followed) = edges::follow(&walk.ents.schema, table, name) else { continue };
        let Path::Through(join, own, other) = followed.path else { continue };
        if followed.is_symmetric {
            return Err(Why::new("functions-symmetric", format!("ents write the edge `{table}.{name}` twice, once for each direction")));
        }
        walk.reader.check_table(&join)?;
        let mut made = Join { table: join, own, other, add: None, remove: None, prop: (prop.start, prop.end) };
        if is_new {
            made.add = Some(list(walk, prop.value)?);
        } else {
            let opaque =
                || Why::new("functions-edge-write", format!("what is added to the edge `{name}`, or removed, is not written here"));
            for part in module.as_object(prop.value).ok_or_else(opaque)? {
                match (&part.key, part.kind) {
                    (PropKey::Name(key), PropKind::KeyValue | PropKind::Shorthand) if &**key == "add" => {
                        made.add = Some(list(walk, part.value)?)
                    }
                    (PropKey::Name(key), PropKind::KeyValue | PropKind::Shorthand) if &**key == "remove" => {
                        made.remove = Some(list(walk, part.value)?)
                    }
                    _ => return Err(opaque()),
                }
            }
        }
        found.push(made);
    }
    Ok(found)
}

/// A list, if it is there.
fn list(walk: &Walk<'_, '_>, value: ExprId) -> Result<Ids, Why> {
    let ty = walk.reader.infer.at_once(walk.reader.file, value);
    let may_lack = ty.members().contains(&Ty::Undefined);
    match ty.members().iter().all(|member| matches!(member, Ty::Array(_) | Ty::Tuple(_) | Ty::Undefined)) {
        true if ty != Ty::Undefined => Ok(Ids { value, may_lack }),
        _ => Err(Why::new("functions-edge-write", format!("`{}` may be no list of ids", walk.reader.text(value)))),
    }
}

/// The keys that an object names itself, whatever is spread into it.
fn written_names(walk: &Walk<'_, '_>, value: ExprId) -> Vec<Name> {
    let props = walk.reader.module.as_object(value).unwrap_or_default();
    let name = |key: &PropKey| match key {
        PropKey::Name(name) => Some(name.clone()),
        _ => None,
    };
    props.iter().filter_map(|prop| name(&prop.key)).collect()
}

/// Whether deleting a row takes the same other rows along.
fn check_cascade(walk: &Walk<'_, '_>, table: &Name) -> Result<(), Why> {
    let mut reached = vec![table.clone()];
    let mut at = 0;
    while let Some(name) = reached.get(at).cloned() {
        at += 1;
        let definition = edges::table(&walk.ents.schema, &name).ok_or_else(dynamic)?;
        if definition.deletion.is_some() {
            let message = match name == *table {
                true => format!("rows of `{table}` are marked as deleted, and deleted later or not at all"),
                false => format!("with the row go rows of `{name}`, which are otherwise only marked as deleted"),
            };
            return Err(Why::new("functions-soft-delete", message)
                .or(format!("ctx.orm.delete({table}).where(eq({table}.id, …)), once it is clear what goes with it")));
        }
        for (other, _, definition) in &walk.ents.schema.tables {
            for edge in &definition.edges {
                let leads_here = edge.to == name && matches!(edge.end, EdgeEnd::Field(_));
                if let EdgeEnd::Field(column) = &edge.end
                    && leads_here
                    && !has_cascade(walk, other, column)
                {
                    let message = format!("with the row go rows of `{other}`, which the new schema does not see to");
                    return Err(Why::new("functions-soft-delete", message));
                }
                if leads_here && !reached.contains(other) {
                    reached.push(other.clone());
                }
            }
        }
        // Rows of tables in between.
        for edge in &definition.edges {
            if let Some(Path::Through(join, own, _)) = edges::follow(&walk.ents.schema, &name, &edge.name).map(|followed| followed.path)
                && !has_cascade(walk, &join, &own)
            {
                return Err(Why::new(
                    "functions-soft-delete",
                    format!("with the row go rows of `{join}`, which the new schema does not see to"),
                ));
            }
        }
        let is_reverse = |end: &EdgeEnd| matches!(end, EdgeEnd::Field(_));
        if let Some(edge) = definition.edges.iter().find(|edge| is_reverse(&edge.end) && edge.deletion.is_some()) {
            return Err(Why::new(
                "functions-reverse-cascade",
                format!("with a row of `{name}` goes what its edge `{}` leads to, which the ORM leaves", edge.name),
            ));
        }
        walk.reader.check_table(&name)?;
    }
    Ok(())
}

/// Whether rows of a table go with the row that their column refers to.
fn has_cascade(walk: &Walk<'_, '_>, table: &Name, column: &Name) -> bool {
    walk.reader.target.tables.get(table).is_some_and(|table| table.cascades.contains(column))
}

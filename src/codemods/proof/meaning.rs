//! Whether the ORM does with the rows of a table what was done with them before.
//!
//! That is: what it fills in, what becomes of rows that are deleted and of those that refer to them, and what relations lead to.
//! What the ORM adds of its own accord is not looked for here: that it refuses ids which lead nowhere, or to delete what is referred to.

use std::collections::{BTreeMap, BTreeSet};

use super::{Note, Proof};
use crate::model::hir::Name;
use crate::model::relations::Relation;
use crate::model::ty::{
    Action, AddedField, ColumnDefault, ColumnKind, DeletionMode, Edge, EdgeEnd, ForeignKey, Object, RelationKind, TableFlavor, Ty,
};
use crate::model::{Project, Schema, Table, Workspace};
use crate::source::Span;

/// The schemas, the tables of which are compared.
pub(super) struct Schemas<'a> {
    pub old: &'a Schema,
    pub new: &'a Schema,
    /// The project of the new one, which has its relations.
    pub project: &'a Project,
}

pub(super) fn compare(proof: &Proof<'_>, schemas: &Schemas<'_>, old: &Table, new: &Table, notes: &mut Vec<Note>) {
    // Early tables of the ORM said all of this as the new ones do.
    if old.definition.flavor == TableFlavor::Orm || new.definition.flavor != TableFlavor::Orm {
        return;
    }
    if new.definition.has_rules {
        notes.push(Note::Narrowed("it has rules, checks or counters, which it had not".to_owned()));
    }
    defaults(proof, old, new, notes);
    variants(old, new, notes);
    deletion(proof, old, new, notes);
    for key in &new.foreign_keys {
        notes.extend(foreign_key(old, key).map(Note::Lost));
    }
    for relation in schemas.project.relations.iter().filter(|relation| relation.table == old.name) {
        notes.extend(relation_of(schemas.old, old, relation).map(|why| Note::Lost(format!("{}: {why}", relation.name))));
    }
    if schemas.project.unread_relations.is_empty() {
        notes.extend(old.definition.edges.iter().filter_map(|edge| unrelated(schemas, old, edge)).map(Note::Lost));
    }
}

fn defaults(proof: &Proof<'_>, old: &Table, new: &Table, notes: &mut Vec<Note>) {
    for place in &new.definition.columns {
        let Some(column) = &place.column else { continue };
        if column.updates {
            notes.push(Note::Lost(format!("{}: it is filled in now by updates", place.name)));
        }
        let of_column = |field: &&AddedField| field.name == place.name;
        let was = old.definition.added.iter().rfind(of_column).and_then(|field| field.default);
        let said = match (was, column.default, column.default_at) {
            (None, ColumnDefault::None, _) => continue,
            (Some(was), ColumnDefault::Value, Some(is)) if proof.same.text(value_of(proof.before, was), is) => continue,
            (None, ..) => "is filled in now where it is left out",
            (Some(_), ColumnDefault::None, _) => "is no longer filled in where it is left out",
            (Some(_), ..) => "is filled in with another value where it is left out",
        };
        notes.push(Note::Lost(format!("{}: it {said}", place.name)));
    }
}

/// Whether the variants of rows are those of the old documents, each with its own fields.
fn variants(old: &Table, new: &Table, notes: &mut Vec<Note>) {
    for place in &new.definition.columns {
        let Some(ColumnKind::Discriminator { variants, .. }) = place.column.as_ref().map(|column| &column.kind) else { continue };
        let is_shared = |name: &Name| new.definition.columns.iter().any(|column| column.name == *name && !column.is_of_variant);
        let own =
            |fields: &Object| -> BTreeSet<Name> { fields.fields.iter().map(|f| f.name.clone()).filter(|name| !is_shared(name)).collect() };
        let was: Option<BTreeMap<Name, BTreeSet<Name>>> = old
            .definition
            .document
            .members()
            .iter()
            .map(|member| match member {
                Ty::Object(object) => Some((object.field(&place.name)?.ty.as_str()?.clone(), own(object))),
                _ => None,
            })
            .collect();
        let is: Option<BTreeMap<Name, BTreeSet<Name>>> = variants
            .iter()
            .flat_map(|variants| &variants.fields)
            .map(|variant| match &variant.ty {
                Ty::Object(object) => Some((variant.name.clone(), own(object))),
                _ => None,
            })
            .collect();
        if was.is_none() || was != is {
            notes.push(Note::Lost(format!("{}: it tells other variants apart, or their fields are others", place.name)));
        }
    }
}

fn deletion(proof: &Proof<'_>, old: &Table, new: &Table, notes: &mut Vec<Note>) {
    let mode = |table: &Table| table.definition.deletion.as_ref().map_or(DeletionMode::Hard, |deletion| deletion.mode);
    let delay = |table: &Table| table.definition.deletion.as_ref().and_then(|deletion| deletion.delay);
    let is_same_delay = match (delay(old), delay(new)) {
        (None, None) => true,
        (Some(was), Some(is)) => proof.same.text(value_of(proof.before, was), value_of(proof.after, is)),
        _ => false,
    };
    match (mode(old), mode(new)) {
        (DeletionMode::Unknown, _) | (_, DeletionMode::Unknown) => {
            notes.push(Note::Unprovable("what becomes of deleted rows cannot be read".to_owned()));
        }
        // The table's own scheduled deletion never ends: what deletes a row says it instead.
        (DeletionMode::Scheduled, DeletionMode::Hard) => {}
        (was, is) if was != is => notes.push(Note::Lost("other things become of deleted rows".to_owned())),
        (DeletionMode::Scheduled, _) if !is_same_delay => notes.push(Note::Lost("rows are deleted after another time".to_owned())),
        _ => {}
    }
}

/// The value of a property, of which the span may be the whole.
fn value_of(workspace: &Workspace, property: Span) -> Span {
    let text = workspace.text(property);
    let key = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    match text[key..].strip_prefix(':').filter(|_| key > 0) {
        Some(value) => {
            let blank = value.len() - value.trim_start().len();
            Span { start: property.start + (key + 1 + blank) as u32, ..property }
        }
        None => property,
    }
}

/// What is wrong with a key, seen from what its column held and what ents did along it.
fn foreign_key(old: &Table, key: &ForeignKey) -> Option<String> {
    let [column] = &key.columns[..] else { return Some("rows refer to others by several columns now".to_owned()) };
    let target = key.table.as_ref()?;
    match held(old, column) {
        Some(was) if was == target => {}
        Some(was) => return Some(format!("{column}: it refers to `{target}`, and held ids of `{was}`")),
        None => return Some(format!("{column}: it refers to `{target}`, and held no ids of it")),
    }
    if key.to.iter().any(|to| &**to != "_id") {
        return Some(format!("{column}: it refers to another column of `{target}` than its id"));
    }
    // Ents delete the rows at the other end of an edge, and those of a table in between.
    let stores = |edge: &Edge| matches!(&edge.end, EdgeEnd::Field(field) if field == column);
    let went_along = old.definition.flavor == TableFlavor::Package || old.definition.edges.iter().any(stores);
    let goes_along = match &key.on_delete {
        Action::Unset => false,
        Action::Named(action) => match &**action {
            "cascade" => true,
            "restrict" | "no action" => false,
            _ => return Some(format!("{column}: deleting a row of `{target}` changes the rows that refer to it")),
        },
        Action::Unknown => return Some(format!("{column}: what deleting a row of `{target}` does to it cannot be read")),
    };
    match (went_along, goes_along) {
        (false, true) => Some(format!("{column}: deleting a row of `{target}` now deletes the rows that refer to it")),
        (true, false) => Some(format!("{column}: deleting a row of `{target}` no longer deletes the rows that refer to it")),
        _ => None,
    }
}

/// The table whose ids the field holds.
fn held<'t>(table: &'t Table, field: &str) -> Option<&'t Name> {
    let mut found = table.definition.document.members().iter().filter_map(|member| match member {
        Ty::Object(object) => object.field(field),
        _ => None,
    });
    let mut ids = found.next()?.ty.members().iter().filter(|member| !matches!(member, Ty::Null | Ty::Undefined));
    match (ids.next(), ids.next()) {
        (Some(Ty::Id(table)), None) => Some(table),
        _ => None,
    }
}

/// What is wrong with a relation of the table, seen from the fields that hold ids, and from the edge of its name.
fn relation_of(schema: &Schema, table: &Table, relation: &Relation) -> Option<String> {
    let target = relation.target.as_ref()?;
    // One that says no columns goes by those of the one that leads back.
    let (Some(from), Some(to)) = (&relation.from, &relation.to) else { return None };
    let ([from], [to]) = (&from[..], &to[..]) else { return Some("it goes by several columns".to_owned()) };
    let named = |edge: &&Edge| edge.name == relation.name || relation.name.strip_suffix("Relation") == Some(&*edge.name);
    let edge = table.definition.edges.iter().find(named);
    if let Some(edge) = edge.filter(|edge| edge.to != *target) {
        return Some(format!("it leads to `{target}`, and led to `{}`", edge.to));
    }
    let holds = |table: &Name, column: &Name, target: &Name| schema.table(table).and_then(|t| held(t, column)) == Some(target);
    if let (Some(near), Some(far)) = (&from.through, &to.through) {
        let between = near.table.as_ref()?;
        if !holds(between, &near.column, &table.name) || !holds(between, &far.column, target) {
            return Some(format!("it goes through columns of `{between}` that do not hold the ids of both ends"));
        }
        let is_turned = edge.is_some_and(|edge| is_turned_around(schema, between, edge, &near.column));
        return is_turned.then(|| "it leads the other way".to_owned());
    }
    let (is_own, holder, column, end) = match (&*from.column.column, &*to.column.column) {
        (_, "_id") => (true, &table.name, &from.column.column, target),
        ("_id", _) => (false, target, &to.column.column, &table.name),
        _ => return Some("it goes by columns of which neither is an id of its own table".to_owned()),
    };
    if !holds(holder, column, end) {
        return Some(format!("it goes by `{holder}.{column}`, which held no ids of `{end}`"));
    }
    let (is_other_end, named) = match &edge?.end {
        EdgeEnd::Field(field) => (!is_own || relation.kind == RelationKind::Many, Some(field)),
        EdgeEnd::One(field) => (is_own, field.as_ref()),
        EdgeEnd::Referenced(field) => (is_own || relation.kind == RelationKind::One, field.as_ref()),
        EdgeEnd::Many { .. } => (is_own || relation.kind == RelationKind::One, None),
    };
    if is_other_end {
        return Some("it has the other end of the edge".to_owned());
    }
    if !relation.optional && edge.is_some_and(|edge| edge.optional) {
        return Some("it is always to lead to a row, and may lead to none".to_owned());
    }
    named.filter(|field| *field != column).map(|field| format!("it goes by `{holder}.{column}`, and went by `{field}`"))
}

/// Whether a relation of a table to itself starts at the column where the edge of its name ended.
fn is_turned_around(schema: &Schema, between: &Name, edge: &Edge, near: &Name) -> bool {
    let Some(join) = schema.table(between).filter(|join| join.definition.flavor == TableFlavor::Package) else { return false };
    let Ty::Object(object) = &join.definition.document else { return false };
    // Pairs without a direction are written twice.
    let is_directed = join.definition.all_indexes().count() > 3;
    let [first, second] = &object.fields[..] else { return false };
    let start = if edge.inverse_of.is_some() { second } else { first };
    is_directed && first.ty == second.ty && start.name != *near
}

/// The edge, where no relation goes by its field any more.
fn unrelated(schemas: &Schemas<'_>, table: &Table, edge: &Edge) -> Option<String> {
    let EdgeEnd::Field(field) = &edge.end else { return None };
    let is_of_orm = schemas.new.table(&edge.to).is_some_and(|target| target.definition.flavor == TableFlavor::Orm);
    let goes_by = |relation: &Relation| {
        let columns = relation.from.iter().flatten().map(|from| &from.column.column);
        relation.table == table.name && columns.eq([field])
    };
    let is_left_out = is_of_orm && !schemas.project.relations.iter().any(goes_by);
    // The ORM refuses circles of relations that no row can be without: one of them gives way.
    (is_left_out && !is_of_circle(schemas.old, table, edge)).then(|| format!("{}: no relation goes by `{field}`", edge.name))
}

/// Whether required edges lead back to the table.
fn is_of_circle(schema: &Schema, table: &Table, edge: &Edge) -> bool {
    let mut reached = vec![&edge.to];
    let mut at = 0;
    while let Some(name) = reached.get(at).copied() {
        if *name == table.name {
            return true;
        }
        at += 1;
        let edges = schema.table(name).into_iter().flat_map(|table| &table.definition.edges);
        for next in edges.filter(|edge| matches!(edge.end, EdgeEnd::Field(_)) && !edge.optional) {
            if !reached.contains(&&next.to) {
                reached.push(&next.to);
            }
        }
    }
    false
}

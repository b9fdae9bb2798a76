//! Ids of plain tables as relations: `one` for each column that holds the id of another row, and `many` back where an index finds the rows.
//!
//! Foreign keys are another matter (`keys`, `tables`): a relation only says how rows are read, and neither stores nor checks anything.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::validator_call;
use super::facts::Facts;
use super::relations::{Path, Relation};
use super::source::{Definition, SchemaCall};
use super::tables::object_of;
use crate::codemod::{Nullable, Options};
use crate::model::calls::Callee;
use crate::model::hir::{ExprId, Key, Name, Prop, PropKind};
use crate::model::relations::RelationForm;
use crate::model::ty::{Field, Ty};
use crate::model::{Project, Workspace};
use crate::source::Span;

/// The relations of all ids, those that hold a column first, in the order of the schema.
pub fn relations(workspace: &Workspace, schema: &SchemaCall, facts: &[Facts], options: &Options) -> Vec<Relation> {
    let ids = ids(workspace, schema, facts, options);
    let mut taken = Taken::of(facts);
    let mut list = Vec::new();
    for id in &ids {
        let name = taken.name(&id.from.name, &named_by(&id.field.name));
        list.push(id.relation(name, true));
    }
    for id in ids.iter().filter(|id| id.from.leads(&id.field.name)) {
        let is_only = ids.iter().filter(|other| other.from.name == id.from.name && other.target == id.target).count() == 1;
        let wanted = if is_only { id.from.name.to_string() } else { format!("{}By{}", id.from.name, capital(&named_by(&id.field.name))) };
        let name = taken.name(&id.target, &wanted);
        list.push(id.relation(name, false));
    }
    list
}

/// What a row that a column leads to is called: `author` for `authorId`.
pub fn named_by(column: &str) -> String {
    let stem = ["_id", "Id", "ID"].iter().find_map(|end| column.strip_suffix(end)).unwrap_or(column);
    if stem.trim_matches('_').is_empty() { column.to_owned() } else { stem.to_owned() }
}

/// Where the project says relations already: a second place for them would be one too many.
pub fn said_elsewhere(project: &Project) -> Option<Span> {
    let is_maker = |call: &&crate::model::calls::PlatformCall| match &call.callee {
        Callee::External(external) => {
            external.module.ends_with("/orm")
                && matches!(&external.path[..], [name] if matches!(&**name, "defineRelations" | "defineRelationsPart" | "relations"))
        }
        _ => false,
    };
    let chained = || project.relations.iter().find(|relation| relation.form == RelationForm::Chained).map(|relation| relation.span);
    project.calls.iter().find(is_maker).map(|call| call.span).or_else(chained)
}

/// A column that holds the id of a row.
struct Id<'a> {
    from: &'a Facts,
    field: &'a Field,
    target: Name,
    /// The ORM is told that it is never without a value, though that value may be null.
    is_filled: bool,
    /// Every row has one: the ORM sees to it.
    is_required: bool,
}

impl Id<'_> {
    /// The relation along the column, or the one that leads back.
    fn relation(&self, name: String, is_one: bool) -> Relation {
        let (own, other) = (self.from.name.clone(), self.target.clone());
        let column = self.field.name.clone();
        let (table, target, path) = match is_one {
            true => (own, other, Path::Own(column)),
            false => (other, own, Path::Other(column)),
        };
        let span = self.field.span.unwrap_or(self.from.table.span);
        let is_required = is_one && self.is_required;
        Relation { table, name, is_one, target, path, is_required, is_filled: is_one && self.is_filled, alias: None, span }
    }
}

fn ids<'a>(workspace: &Workspace, schema: &SchemaCall, facts: &'a [Facts], options: &Options) -> Vec<Id<'a>> {
    let is_of_orm = |name: &Name| facts.iter().any(|facts| facts.name == *name && facts.kept.is_none());
    let mut found = Vec::new();
    for (entry, from) in schema.entries.iter().zip(facts).filter(|(_, facts)| facts.kept.is_none()) {
        let Ty::Object(document) = &from.table.document else { continue };
        for field in &document.fields {
            let Ty::Id(target) = field.ty.non_null() else { continue };
            if !is_of_orm(&target) {
                continue;
            }
            let written = entry.definition.as_ref().and_then(|definition| written(workspace, definition, &field.name));
            let may_lack =
                matches!(written, Some(Written::Optional)) || options.nullable != Nullable::Exact && written == Some(Written::OrNull);
            // Only a foreign key sees to it that there is such a row.
            let is_key = written == Some(Written::Id) && from.leads(&field.name) && options.has_keys_of_ids();
            found.push(Id { from, field, target, is_filled: !may_lack, is_required: is_key });
        }
    }
    found
}

/// How the validator of an id is written, where it stands in the table itself and no comment keeps it as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Id,
    OrNull,
    Optional,
}

fn written(workspace: &Workspace, definition: &Definition, field: &Name) -> Option<Written> {
    let file = definition.file;
    let module = workspace.hir(file);
    let fields = definition.fields?;
    let fields = object_of(workspace, file, fields).unwrap_or(fields);
    let is_it = |prop: &&Prop| prop.kind == PropKind::KeyValue && matches!(&prop.key, Key::Name(name) if name == field);
    let value = module.as_object(fields)?.iter().find(is_it)?.value;
    if !workspace.source(file).comments_in(module.span(value)).is_empty() {
        return None;
    }
    let is_null = |member: &ExprId| validator_call(workspace, file, *member).is_some_and(|(kind, _)| kind == "null");
    match validator_call(workspace, file, value)? {
        ("id", _) => Some(Written::Id),
        ("optional", _) => Some(Written::Optional),
        ("union", members) if members.len() == 2 && members.iter().any(is_null) => Some(Written::OrNull),
        _ => None,
    }
}

/// The names that the tables have given away: those of columns, and of relations.
struct Taken(BTreeMap<Name, BTreeSet<String>>);

impl Taken {
    fn of(facts: &[Facts]) -> Self {
        let columns = |facts: &Facts| match &facts.table.document {
            Ty::Object(document) => document.fields.iter().map(|field| field.name.to_string()).collect(),
            Ty::Union(members) => {
                let objects = members.iter().filter_map(|member| if let Ty::Object(object) = member { Some(object) } else { None });
                objects.flat_map(|object| object.fields.iter().map(|field| field.name.to_string())).collect()
            }
            _ => BTreeSet::new(),
        };
        let own = ["id", "createdAt", "_id", "_creationTime", "_count"].map(str::to_owned);
        Self(facts.iter().map(|facts| (facts.name.clone(), columns(facts).into_iter().chain(own.clone()).collect())).collect())
    }

    /// A name for a relation of the table, as near to the wanted one as can be.
    fn name(&mut self, table: &Name, wanted: &str) -> String {
        let names = self.0.entry(table.clone()).or_default();
        let mut name = wanted.to_owned();
        let mut count = 1;
        while !names.insert(name.clone()) {
            name = if count == 1 { format!("{wanted}Relation") } else { format!("{wanted}Relation{count}") };
            count += 1;
        }
        name
    }
}

fn capital(name: &str) -> String {
    let mut letters = name.trim_start_matches('_').chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

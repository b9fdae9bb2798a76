//! The schema of a project: its tables, with their documents and indexes.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Workspace;
use super::hir::Name;
use super::infer::{Infer, with_system_fields};
use super::layout::join;
use super::ty::{Action, ColumnKind, ForeignKey, Index, IndexKind, SchemaTy, TableTy, Ty};
use super::world::{Known, World};
use crate::source::{FileId, Span};

#[derive(Clone, Debug)]
pub struct Schema {
    pub file: FileId,
    pub tables: Vec<Table>,
    /// There may be tables that are not listed.
    pub open: bool,
    /// The call of `defineSchema`.
    pub span: Span,
    /// `schemaValidation: false`: documents may be anything.
    pub unchecked: bool,
    /// `strictTableNameTypes: false`: code may name tables that the schema leaves out.
    pub loose_names: bool,
    /// The tables that an ORM adds by itself, by name.
    pub own: &'static [&'static str],
    by_name: FxHashMap<Box<str>, usize>,
    by_own_name: FxHashMap<Name, usize>,
    index_names: FxHashSet<Name>,
    /// How many tables each definition is given to.
    definitions: FxHashMap<Span, u32>,
}

/// A table that the schema names.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: Name,
    /// The property of the schema that names it.
    pub span: Span,
    pub definition: Arc<TableTy>,
    /// The document as it is read, with its system fields: an object, a union of objects, or unknown.
    pub document: Ty,
    /// What an ORM's table refers to, at its columns and beside them.
    pub foreign_keys: Vec<ForeignKey>,
}

impl Schema {
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(*self.by_name.get(name)?)
    }

    /// Whether there is a table of the name: of the schema, of an ORM, or of Convex itself.
    pub fn knows(&self, name: &str) -> bool {
        self.table(name).is_some() || name.starts_with('_') || self.own.contains(&name)
    }

    /// The table whose definition itself gives the name.
    pub fn defined_as(&self, name: &Name) -> Option<&Table> {
        self.tables.get(*self.by_own_name.get(name)?)
    }

    /// Whether the definition is that of several tables.
    pub fn shares(&self, definition: &TableTy) -> bool {
        self.definitions.get(&definition.span).is_some_and(|count| *count > 1)
    }

    /// Whether the files of the project learn the same from it, apart from the places in it.
    pub(super) fn tells_the_same(&self, other: &Self) -> bool {
        let mut documents = self.tables.iter().map(|table| (table, other.table(&table.name)));
        let is_same = self.tables.len() == other.tables.len() && self.index_names == other.index_names;
        is_same && documents.all(|(table, other)| other.is_some_and(|other| table.document.is_like(&other.document)))
    }

    /// Whether any of the tables has an index of this name.
    pub fn has_index_named(&self, name: &Name) -> bool {
        self.index_names.contains(name)
    }
}

impl Table {
    /// The database indexes, without search and vector indexes.
    pub fn db_indexes(&self) -> impl Iterator<Item = &Index> {
        self.definition.indexes.iter().filter(|i| i.kind == IndexKind::Db)
    }

    /// The index that does all that this one does, and that one would keep of the two: it can be read, no call adds it, or it stands before.
    pub fn original_of(&self, index: &Index) -> Option<&Index> {
        let definition = &self.definition;
        let all = definition.implied.iter().map(|i| (i, false)).chain(definition.indexes.iter().map(|i| (i, true)));
        let same = |(other, _): &(&Index, bool)| match index.own_fields() {
            Some(fields) => other.own_fields() == Some(fields),
            None => false,
        };
        let first = all.filter(same).min_by_key(|(i, is_written)| (i.staged, *is_written, i.span)).map(|(i, _)| i);
        first.filter(|other| other.span != index.span)
    }

    /// Whether the call that adds the index adds it to other tables as well.
    pub fn shares(&self, index: &Index, workspace: &Workspace) -> bool {
        workspace.shared.get_or_init(|| Shared::of(workspace)).indexes.get(&index.span).is_some_and(|only| *only != Some(self.span))
    }

    pub fn index(&self, name: &str) -> Option<&Index> {
        self.definition.all_indexes().find(|i| &*i.name == name)
    }
}

/// Which tables the calls add indexes to.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// For each call that adds an index the property that names its table; `None` where it adds it to several.
    indexes: FxHashMap<Span, Option<Span>>,
}

impl Shared {
    fn of(workspace: &Workspace) -> Self {
        let mut shared = Self::default();
        for table in workspace.projects.iter().filter_map(|p| p.schema.as_ref()).flat_map(|s| &s.tables) {
            for index in &table.definition.indexes {
                let only = shared.indexes.entry(index.span).or_insert(Some(table.span));
                *only = only.filter(|span| *span == table.span);
            }
        }
        shared
    }
}

impl Workspace {
    /// The name of the table where the schema gives it.
    pub fn key_of(&self, table: &Table) -> Span {
        let text = self.text(table.span);
        let end = text.find([':', ',', '(', '\n']).unwrap_or(text.len());
        Span { end: table.span.start + end as u32, ..table.span }
    }
}

/// Reads the schema of the project whose functions lie in the folder; also what was found of other names on the way.
pub(super) fn read(world: &World<'_>, functions: &str) -> Option<(Schema, Known)> {
    let endings = ["ts", "tsx", "mts", "js", "mjs", "jsx"];
    let file = endings.iter().find_map(|e| world.at_path(&join(functions, &format!("schema.{e}"))))?;
    let infer = Infer::new(world, file);
    let found = match infer.exported(file, "default") {
        Ty::Schema(schema) => schema,
        _ => return None,
    };
    let table = |(name, span, definition): &(Name, Span, Arc<TableTy>)| {
        let document = with_system_fields(&definition.document, name);
        let foreign_keys = foreign_keys(&infer, definition);
        Table { name: name.clone(), span: *span, definition: definition.clone(), document, foreign_keys }
    };
    let tables: Vec<Table> = found.tables.iter().map(table).collect();
    let by_name = tables.iter().enumerate().map(|(i, t)| (Box::from(&*t.name), i)).collect();
    let indexes = found.tables.iter().flat_map(|(_, _, table)| table.all_indexes());
    let index_names = indexes.map(|index| index.name.clone()).collect();
    let own_names = tables.iter().enumerate().rev().filter_map(|(i, t)| Some((t.definition.name.clone()?, i)));
    let by_own_name = own_names.collect();
    let mut definitions = FxHashMap::default();
    tables.iter().for_each(|table| *definitions.entry(table.definition.span).or_default() += 1);
    let SchemaTy { open, span, unchecked, loose_names, own, .. } = *found;
    let schema = Schema { file, tables, open, span, unchecked, loose_names, own, by_name, by_own_name, index_names, definitions };
    Some((schema, infer.into_known(file)))
}

/// All foreign keys of a table. A column that refers to another is looked up now, when all tables are known.
fn foreign_keys(infer: &Infer<'_>, table: &TableTy) -> Vec<ForeignKey> {
    let columns = table.columns.iter().filter_map(|c| Some((c, c.column.as_ref()?)));
    let mut keys: Vec<ForeignKey> = Vec::new();
    for (place, column) in columns {
        let made = |table: Option<Name>, to: Vec<Name>, on_delete: &Action, on_update: &Action, span: Span| ForeignKey {
            columns: vec![place.name.clone()],
            table,
            to,
            on_delete: on_delete.clone(),
            on_update: on_update.clone(),
            span,
        };
        for reference in &column.references {
            let (table, to) = match reference.column.map(|at| infer.returns(at)) {
                Some(Ty::ColumnOf(column)) => (column.table.clone(), vec![column.column.clone()]),
                _ => (None, Vec::new()),
            };
            keys.push(made(table, to, &reference.on_delete, &reference.on_update, reference.span));
        }
        if let (ColumnKind::Id(table), true) = (&column.kind, column.references.is_empty()) {
            let ((file, call), _) = column.made;
            let unset = Action::Unset;
            keys.push(made(table.clone(), vec![Name::from("_id")], &unset, &unset, infer.hir(file).span(call)));
        }
    }
    keys.extend(table.foreign_keys.iter().cloned());
    keys
}

/// Whether a table of the ORM keeps something of its own under the name, so that a column of the name would take its place.
///
/// Follows `better-convex/orm` 0.11.
pub fn is_orm_internal(name: &str) -> bool {
    ORM_INTERNAL.contains(&name)
}

const ORM_INTERNAL: [&str; 37] = [
    "addAggregateIndex",
    "addCheck",
    "addForeignKey",
    "addIndex",
    "addRankIndex",
    "addRlsPolicy",
    "addSearchIndex",
    "addUniqueIndex",
    "addVectorIndex",
    "aggregateIndexes",
    "checks",
    "deferredForeignKeys",
    "deferredForeignKeysResolved",
    "export",
    "foreignKeys",
    "getAggregateIndexes",
    "getChecks",
    "getForeignKeys",
    "getIndexes",
    "getPolymorphicConfigs",
    "getRankIndexes",
    "getRlsPolicies",
    "getSearchIndexes",
    "getUniqueIndexes",
    "getVectorIndexes",
    "indexes",
    "isRlsEnabled",
    "rankIndexes",
    "resolveDeferredForeignKeys",
    "searchIndexes",
    "stagedDbIndexes",
    "stagedSearchIndexes",
    "stagedVectorIndexes",
    "tableName",
    "uniqueIndexes",
    "validator",
    "vectorIndexes",
];

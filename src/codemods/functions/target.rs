//! What the functions are written for: the tables, relations and indexes of the ORM that the new schema has, by the names that it exports.

use std::collections::BTreeMap;

use super::order::TableIndex;
use crate::model::hir::{BindingKind, Exported, ExprKind, ImportName, Module, Name};
use crate::model::ty::{Action, RelationKind, TableFlavor, Ty};
use crate::model::{Project, Workspace};
use crate::source::FileId;

/// The new schema, as functions see it.
#[derive(Debug, Default)]
pub struct Target {
    pub tables: BTreeMap<Name, OrmTable>,
    /// The file and the name of what `defineRelations` yields.
    pub relations: Option<(FileId, String)>,
}

#[derive(Debug)]
pub struct OrmTable {
    /// Where its constant is, and its name there.
    pub file: FileId,
    pub local: String,
    pub indexes: Vec<TableIndex>,
    pub relations: Vec<OrmRelation>,
    /// Columns whose rows go with the row that they refer to.
    pub cascades: Vec<Name>,
    /// Columns that may hold null.
    pub nullable: Vec<Name>,
}

#[derive(Debug)]
pub struct OrmRelation {
    pub name: Name,
    pub is_many: bool,
    pub path: Path,
}

/// What connects two tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Path {
    /// A column of this table holds the id of the other.
    Own(Name),
    /// A column of the other table holds the id of this one.
    Other(Name),
    /// A table in between: its name, its column for this table, and for the other.
    Through(Name, Name, Name),
}

impl Target {
    pub fn of(after: &Workspace, project: &Project) -> Self {
        let mut target = Self::default();
        let Some(schema) = &project.schema else { return target };
        for table in schema.tables.iter().filter(|table| table.definition.flavor == TableFlavor::Orm) {
            let file = table.definition.span.file;
            let Some(local) = exported_call(after.hir(file), table.definition.span.start) else { continue };
            let index = |index: &crate::model::ty::Index| Some(TableIndex { name: index.name.clone(), fields: index.fields.clone()? });
            let is_db = |index: &&crate::model::ty::Index| index.kind == crate::model::ty::IndexKind::Db;
            let nullable = match &table.definition.document {
                Ty::Object(object) => {
                    let is_nullable = |field: &&crate::model::ty::Field| field.optional || field.ty.members().contains(&Ty::Null);
                    object.fields.iter().filter(is_nullable).map(|field| field.name.clone()).collect()
                }
                _ => Vec::new(),
            };
            let made = OrmTable {
                file,
                local,
                indexes: table.definition.all_indexes().filter(is_db).filter_map(index).collect(),
                relations: project.relations.iter().filter(|relation| relation.table == table.name).filter_map(relation).collect(),
                nullable,
                cascades: table
                    .foreign_keys
                    .iter()
                    .filter(|key| matches!(&key.on_delete, Action::Named(name) if &**name == "cascade"))
                    .flat_map(|key| key.columns.clone())
                    .collect(),
            };
            target.tables.insert(table.name.clone(), made);
        }
        target.relations = project.files.iter().find_map(|file| Some((*file, relations_of(after.hir(*file))?)));
        target
    }

    /// The relation of a table that goes along this path.
    pub fn relation(&self, table: &str, path: &Path) -> Option<&OrmRelation> {
        self.tables.get(&Name::from(table))?.relations.iter().find(|relation| relation.path == *path)
    }
}

fn relation(relation: &crate::model::Relation) -> Option<OrmRelation> {
    let path = match relation.through() {
        Some(through) => Path::Through(through.table, through.from.into_iter().next()?, through.to.into_iter().next()?),
        None => {
            let one = |columns: &Option<Vec<crate::model::ty::RelationColumn>>| match columns.as_deref() {
                Some([column]) => Some(column.column.column.clone()),
                _ => None,
            };
            let (from, to) = (one(&relation.from)?, one(&relation.to)?);
            if &*from == "_id" { Path::Other(to) } else { Path::Own(from) }
        }
    };
    Some(OrmRelation { name: relation.name.clone(), is_many: relation.kind == RelationKind::Many, path })
}

/// The name under which a file exports the constant whose value begins at this place.
fn exported_call(module: &Module, start: u32) -> Option<String> {
    module.exports.iter().find_map(|export| {
        let Exported::Binding(binding) = export.what else { return None };
        let BindingKind::Const(Some(init)) = module.binding(binding).kind else { return None };
        (module.span(module.bare(init)).start == start).then(|| export.name.as_ref().map(ToString::to_string))?
    })
}

fn relations_of(module: &Module) -> Option<String> {
    module.exports.iter().find_map(|export| {
        let Exported::Binding(binding) = export.what else { return None };
        let BindingKind::Const(Some(init)) = module.binding(binding).kind else { return None };
        let call = module.call(module.bare(init))?;
        let ExprKind::Local(callee) = module.expr(module.bare(call.callee)) else { return None };
        let import = module.import(module.binding(*callee))?;
        let is_maker = import.name == ImportName::Named(Name::from("defineRelations"));
        is_maker.then(|| export.name.as_ref().map(ToString::to_string))?
    })
}

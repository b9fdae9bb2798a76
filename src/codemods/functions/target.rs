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
    /// Some of its tables are none of the ORM's.
    pub has_plain_tables: bool,
    /// The schema may set a limit for reads that have none.
    pub may_limit: bool,
    /// The new code is for versions before 0.11.
    pub is_before_011: bool,
}

#[derive(Debug)]
pub struct OrmTable {
    /// Where its constant is exported, and its name there; or the object of all tables, where it has none of its own.
    pub file: FileId,
    pub local: String,
    pub is_within: bool,
    pub indexes: Vec<TableIndex>,
    pub relations: Vec<OrmRelation>,
    /// Columns whose rows go with the row that they refer to.
    pub cascades: Vec<Name>,
    /// Columns that are always there, with values that JavaScript puts in the same order as Convex does.
    pub sortable: Vec<Name>,
    /// Columns that may hold null.
    pub nullable: Vec<Name>,
    /// The tables that foreign keys of this one refer to.
    pub refers_to: Vec<Name>,
    /// It has a column of its own that is called like the ORM's name for the time of creation.
    pub has_created_at: bool,
}

#[derive(Debug)]
pub struct OrmRelation {
    pub name: Name,
    /// The table that it leads to.
    pub to: Option<Name>,
    /// It says nothing but which rows it leads to, all of them.
    pub is_plain: bool,
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
        let listed = project.files.iter().find_map(|file| Some((*file, list_of(after.hir(*file))?)));
        for table in schema.tables.iter().filter(|table| table.definition.flavor == TableFlavor::Orm) {
            let own = table.definition.span.file;
            let place = match exported_call(after.hir(own), table.definition.span.start) {
                Some(local) => Some((own, local, false)),
                None => listed.clone().map(|(file, local)| (file, local, true)),
            };
            let Some((file, local, is_within)) = place else { continue };
            let index = |index: &crate::model::ty::Index| Some(TableIndex { name: index.name.clone(), fields: index.fields.clone()? });
            let is_db = |index: &&crate::model::ty::Index| index.kind == crate::model::ty::IndexKind::Db;
            let is_sortable = |ty: &Ty| {
                let is_text = |ty: &Ty| matches!(ty, Ty::String | Ty::Id(_) | Ty::Literal(crate::model::ty::Literal::Str(_), _));
                matches!(ty, Ty::Number | Ty::Boolean | Ty::Int64) || ty.members().iter().all(is_text)
            };
            let sortable = match &table.definition.document {
                Ty::Object(object) => {
                    object.fields.iter().filter(|field| !field.optional && is_sortable(&field.ty)).map(|field| field.name.clone()).collect()
                }
                _ => Vec::new(),
            };
            let has_created_at = match &table.definition.document {
                Ty::Object(object) => object.field("createdAt").is_some(),
                _ => false,
            };
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
                is_within,
                indexes: table.definition.all_indexes().filter(is_db).filter_map(index).collect(),
                relations: project.relations.iter().filter(|relation| relation.table == table.name).filter_map(relation).collect(),
                nullable,
                sortable,
                has_created_at,
                refers_to: table.foreign_keys.iter().filter_map(|key| key.table.clone()).collect(),
                cascades: table
                    .foreign_keys
                    .iter()
                    .filter(|key| matches!(&key.on_delete, Action::Named(name) if &**name == "cascade"))
                    .flat_map(|key| key.columns.clone())
                    .collect(),
            };
            target.tables.insert(table.name.clone(), made);
        }
        target.may_limit = crate::model::orm_calls::may_have_default_limit(after, project);
        target.has_plain_tables = schema.tables.iter().any(|table| table.definition.flavor != TableFlavor::Orm);
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
            match (&*from, &*to) {
                ("_id", _) => Path::Other(to),
                (_, "_id") => Path::Own(from),
                // Neither holds an id of the other.
                _ => return None,
            }
        }
    };
    Some(OrmRelation {
        name: relation.name.clone(),
        to: relation.target.clone(),
        is_plain: relation.known && !relation.partial,
        is_many: relation.kind == RelationKind::Many,
        path,
    })
}

/// The name under which a file exports the constant whose value begins at this place.
fn exported_call(module: &Module, start: u32) -> Option<String> {
    module.exports.iter().find_map(|export| {
        let Exported::Binding(binding) = export.what else { return None };
        let BindingKind::Const(Some(init)) = module.binding(binding).kind else { return None };
        (module.span(module.bare(init)).start == start).then(|| export.name.as_ref().map(ToString::to_string))?
    })
}

/// The name under which a file exports the object of all tables that relations are defined for.
fn list_of(module: &Module) -> Option<String> {
    let call = module.exprs().find_map(|(id, _)| {
        let call = module.call(id)?;
        let ExprKind::Local(callee) = module.expr(module.bare(call.callee)) else { return None };
        let is_maker = module.import(module.binding(*callee))?.name == ImportName::Named(Name::from("defineRelations"));
        is_maker.then_some(call)
    })?;
    let ExprKind::Local(list) = module.expr(module.bare(call.args.first()?.value)) else { return None };
    let is_it = |export: &&crate::model::hir::Export| matches!(export.what, Exported::Binding(binding) if binding == *list);
    module.exports.iter().find(is_it)?.name.as_ref().map(ToString::to_string)
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

//! Along which relation of a query's rows a read goes: from the id that a row holds to the row, or from a row to those that hold its id.
//!
//! The ORM reads rows that hold an id in the order of the first index that begins with the column, as far as the limit goes; where it is
//! asked for another order, it reads all of them first. So a limit is only given on where the rows stand in the order of that index.

use super::alone::root;
use crate::codemods::functions::ask::{Ask, Bound, End, Op, Read, Source, Value};
use crate::codemods::functions::reader::Reader;
use crate::codemods::functions::sites::Site;
use crate::codemods::functions::target::{OrmRelation, OrmTable, Path};
use crate::codemods::functions::verdict::Understood;
use crate::model::hir::{BindingKind, ExprId, ExprKind, Name};

use super::Rows;

/// What a read asks of a row.
pub struct Led {
    /// `row.authorId`, `row._id`.
    pub by: ExprId,
    pub relation: Name,
    /// Of those that hold its id.
    pub rows: Option<Rows>,
}

/// `asked` is what the query asks for.
pub fn of(reader: &Reader<'_>, asked: &Read, query: ExprId, site: &Site) -> Option<Led> {
    let Ok(Understood { ask: Ask::Read(read), .. }) = &site.verdict else { return None };
    if !read.filters.is_empty() {
        return None;
    }
    let relations = &reader.target.tables.get(&asked.table)?.relations;
    let along = |path: Path, is_many: bool| {
        let is_it = |relation: &&OrmRelation| {
            relation.path == path && relation.is_many == is_many && relation.is_plain && relation.to.as_ref() == Some(&read.table)
        };
        relations.iter().find(is_it).map(|relation| relation.name.clone())
    };
    match &read.source {
        Source::Id(Value::Expr(id)) => {
            let by = reader.module.bare(*id);
            let relation = along(Path::Own(column_of(reader, by)?), false)?;
            Some(Led { by, relation, rows: None })
        }
        Source::Index { name, bounds } => {
            let [Bound { field, op: Op::Eq, value: Value::Expr(id) | Value::Sure(id) }] = &bounds[..] else { return None };
            let by = reader.module.bare(*id);
            let is_own_id = &*column_of(reader, by)? == "_id";
            // Before 0.11, the ORM reads them in other ways.
            if !is_own_id || reader.target.is_before_011 {
                return None;
            }
            let relation = along(Path::Other(field.clone()), true)?;
            let rows = rows(reader, query, read, (name, field))?;
            Some(Led { by, relation, rows: Some(rows) })
        }
        _ => None,
    }
}

/// The field of a row that an expression is.
fn column_of(reader: &Reader<'_>, id: ExprId) -> Option<Name> {
    match reader.module.expr(id) {
        ExprKind::Member { property, optional: false, .. } => Some(property.clone()),
        _ => None,
    }
}

/// How the ORM is asked for the rows that hold an id, if it can be: through an index, by the first column of that.
fn rows(reader: &Reader<'_>, query: ExprId, read: &Read, (index, column): (&Name, &Name)) -> Option<Rows> {
    let table = reader.target.tables.get(&read.table)?;
    let limit = match &read.end {
        End::Every if !reader.target.may_limit => None,
        End::Take(count) if is_known_before(reader, *count, query) => Some(*count),
        _ => return None,
    };
    let rest = rest_of(table, column, |name| name == index)?;
    let first = rest_of(table, column, |_| true)?;
    if !read.descending && rest == first {
        return Some(Rows { limit, order: Vec::new(), is_descending: false });
    }
    let is_sorted = |field: &Name| table.sortable.contains(field);
    if limit.is_some() || !rest.iter().all(is_sorted) {
        return None;
    }
    let order = rest.iter().cloned().chain([Name::from("createdAt")]).collect();
    Some(Rows { limit, order, is_descending: read.descending })
}

/// The fields behind the column, in the first such index that begins with it.
fn rest_of<'t>(table: &'t OrmTable, column: &Name, is_it: impl Fn(&Name) -> bool) -> Option<&'t [Name]> {
    let index = table.indexes.iter().find(|index| index.fields.first() == Some(column) && is_it(&index.name))?;
    let rest = &index.fields[1..];
    Some(rest.strip_suffix(&[Name::from("_creationTime")]).unwrap_or(rest))
}

/// Whether a value is there when the query is asked, and is the same then.
fn is_known_before(reader: &Reader<'_>, value: ExprId, query: ExprId) -> bool {
    let module = reader.module;
    match module.expr(module.bare(value)) {
        ExprKind::Num(_) => true,
        ExprKind::Local(binding) => {
            let known = module.binding(*binding);
            let is_steady = matches!(known.kind, BindingKind::Const(_) | BindingKind::Param(..) | BindingKind::Import(_));
            let is_before = module.is_of_module(*binding) || known.start < module.span(query).start;
            is_steady && is_before && known.writes.is_empty()
        }
        // `args.limit`, of arguments that nobody assigns to.
        ExprKind::Member { object, optional: false, .. } => {
            let Some(of) = root(module, *object).filter(|_| matches!(module.expr(module.bare(*object)), ExprKind::Local(_))) else {
                return false;
            };
            let is_param = matches!(module.binding(of).kind, BindingKind::Param(..));
            let is_assigned = |(_, kind): (ExprId, &ExprKind)| match kind {
                ExprKind::Assign { target, .. } => target.is_none_or(|target| root(module, target) == Some(of)),
                _ => false,
            };
            is_param && is_known_before(reader, *object, query) && !module.exprs().any(is_assigned)
        }
        _ => false,
    }
}

//! Edges as relations: one list of them, printed in any of the three styles that the ORM has had.

mod print;

pub use print::{Printer, member};

use std::collections::BTreeMap;

use super::facts::{EdgePart, Facts};
use super::ids;
use super::source::SchemaCall;
use crate::codemod::{From, OneToOne, Options, RelationStyle};
use crate::model::hir::Name;
use crate::model::ty::{EdgeEnd, TableFlavor, Ty};
use crate::model::{Project, Workspace};
use crate::source::Span;

/// From one table to another.
#[derive(Clone, Debug)]
pub struct Relation {
    pub table: Name,
    pub name: String,
    pub is_one: bool,
    pub target: Name,
    pub path: Path,
    /// Every row has one.
    pub is_required: bool,
    /// The ORM is told that the column is never without a value, though that value may be null.
    pub is_filled: bool,
    pub alias: Option<String>,
    /// The call that adds the edge.
    pub span: Span,
}

/// What connects the two tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Path {
    /// A column of this table holds the id of the other.
    Own(Name),
    /// A column of the other table holds the id of this one.
    Other(Name),
    /// Rows of a table of their own: its name, its column for this table, and for the other.
    Through(Name, Name, Name),
}

/// A table that keeps many-to-many edges, not yet written anywhere.
#[derive(Clone, Debug)]
pub struct Join {
    pub name: Name,
    /// Column and table, twice.
    pub columns: [(Name, Name); 2],
    /// Rows can be asked for from either side.
    pub is_directed: bool,
    pub span: Span,
}

/// Something about relations that a person should know.
pub struct Remark {
    pub code: &'static str,
    pub span: Span,
    pub message: String,
    pub suggestion: String,
}

#[derive(Default)]
pub struct Relations {
    pub list: Vec<Relation>,
    pub joins: Vec<Join>,
    pub remarks: Vec<Remark>,
    /// Columns that hold the id of at most one row's other end: table and column.
    pub unique: Vec<(Name, Name)>,
    /// Where the project says relations already, so that none are written.
    pub said: Option<Span>,
}

/// Reads the edges of all tables, or the ids of plain ones.
pub fn read(workspace: &Workspace, project: &Project, schema: &SchemaCall, facts: &[Facts], options: &Options) -> Relations {
    let mut relations = Relations::default();
    let by_name: BTreeMap<&Name, &Facts> = facts.iter().filter(|f| !f.is_overridden()).map(|f| (&f.name, f)).collect();
    // Which fields hold an end of a one-to-one edge is said at the other end.
    for from in facts {
        for edge in from.edges().map(|part| &part.edge) {
            let EdgeEnd::One(field) = &edge.end else { continue };
            let stored = by_name.get(&edge.to).and_then(|other| stored_by(other, &from.name, field.as_ref()));
            relations.unique.extend(stored.map(|(field, _)| (edge.to.clone(), field)));
        }
    }
    for from in facts {
        for part in from.edges() {
            add(project, &by_name, from, part, options, &mut relations);
        }
    }
    rename(&by_name, &mut relations);
    if options.from == From::Convex {
        relations.list = ids::relations(workspace, schema, facts, options);
        relations.said = ids::said_elsewhere(project);
    }
    break_cycles(&mut relations, options.relations);
    add_aliases(&mut relations);
    relations
}

fn add(project: &Project, tables: &BTreeMap<&Name, &Facts>, from: &Facts, part: &EdgePart, options: &Options, all: &mut Relations) {
    let edge = &part.edge;
    let one_to_one = options.one_to_one;
    let Some(other) = tables.get(&edge.to) else {
        if let EdgeEnd::Field(field) = &edge.end
            && edge.to.starts_with('_')
            && part.deletion.is_some()
        {
            let message = format!("deleting a row of `{}` also deleted what `{field}` names in `{}`; the ORM does not", from.name, edge.to);
            let suggestion = "delete it in a trigger: see `defineTriggers`".to_owned();
            all.remarks.push(Remark { code: "system-edge", span: edge.span, message, suggestion });
        }
        return;
    };
    let relation = |is_one, path, is_required| Relation {
        table: from.name.clone(),
        name: edge.name.to_string(),
        is_one,
        target: edge.to.clone(),
        path,
        is_required,
        is_filled: is_required,
        alias: None,
        span: edge.span,
    };
    let found = match &edge.end {
        EdgeEnd::Field(field) => {
            if part.deletion.is_some() {
                let message = format!(
                    "deleting a row of `{}` also deleted its `{}`; a foreign key of the ORM works the other way round only",
                    from.name, edge.name
                );
                all.remarks.push(Remark {
                    code: "reverse-cascade",
                    span: edge.span,
                    message,
                    suggestion: "delete it in a trigger: see `defineTriggers`".to_owned(),
                });
            }
            let is_unique = all.unique.iter().any(|(table, column)| *table == from.name && column == field);
            let is_required = !(part.optional || is_unique && one_to_one == OneToOne::Nullable);
            Some(relation(true, Path::Own(field.clone()), is_required))
        }
        EdgeEnd::One(field) => {
            let stored = stored_by(other, &from.name, field.as_ref());
            stored.and_then(|(field, is_optional)| {
                // In `relations(…)`, `one` names the column that holds the id, and this end has none.
                let has_one = options.relations != RelationStyle::Relations;
                let may_be_one = is_optional || one_to_one == OneToOne::Nullable;
                if may_be_one && has_one {
                    return Some(relation(true, Path::Other(field), false));
                }
                let why = match has_one {
                    true => "but the ORM refuses `one` on both ends where the field is required",
                    false => "but `relations()` has `one` only for the end that holds the field",
                };
                let message = format!("`{}.{}` holds at most one row, {why}", from.name, edge.name);
                let suggestion = match one_to_one {
                    OneToOne::InverseOnly => format!("start from `{}`, which has the relation", other.name),
                    _ if has_one => format!("read `{}[0]`, or migrate with `--one-to-one=nullable`", edge.name),
                    _ => format!("read `{}[0]`", edge.name),
                };
                all.remarks.push(Remark { code: "one-to-one", span: edge.span, message, suggestion });
                (may_be_one || one_to_one == OneToOne::Many).then(|| relation(false, Path::Other(field), false))
            })
        }
        EdgeEnd::Referenced(field) => {
            stored_by(other, &from.name, field.as_ref()).map(|(field, _)| relation(false, Path::Other(field), false))
        }
        EdgeEnd::Many { .. } => {
            let back = other.edges().find(|candidate| candidate.edge.is_inverse_of(&from.name, edge));
            match back.map(|back| &back.edge.end) {
                Some(EdgeEnd::Field(field)) => Some(relation(false, Path::Other(field.clone()), false)),
                _ => through(project, from, part, other, all).map(|path| relation(false, path, false)),
            }
        }
    };
    match found {
        Some(relation) if from.is_migrated() && other.is_migrated() => all.list.push(relation),
        Some(_) => {
            let kept = if from.is_migrated() { &edge.to } else { &from.name };
            let message = format!("the relation `{}.{}` is dropped: `{kept}` stays a plain table", from.name, edge.name);
            let suggestion = format!("query `{kept}` with `ctx.db`");
            all.remarks.push(Remark { code: "relation-dropped", span: edge.span, message, suggestion });
        }
        None => {}
    }
}

/// The column of the other table that holds this end of an edge, and whether it may be absent.
fn stored_by(other: &Facts, table: &Name, field: Option<&Name>) -> Option<(Name, bool)> {
    other.edges().filter(|part| part.edge.to == *table).find_map(|part| match &part.edge.end {
        EdgeEnd::Field(stored) if field.is_none_or(|field| field == stored) => Some((stored.clone(), part.optional)),
        _ => None,
    })
}

/// The table behind a many-to-many edge; the edge that is named first makes it.
fn through(project: &Project, from: &Facts, part: &EdgePart, other: &Facts, all: &mut Relations) -> Option<Path> {
    let edge = &part.edge;
    let is_self = edge.to == from.name;
    let back = match (&edge.inverse_of, is_self) {
        (Some(first), _) => from.edges().find(|p| p.edge.name == *first),
        (None, _) => other.edges().find(|candidate| candidate.edge.is_inverse_of(&from.name, edge)),
    };
    let made_at = |span: Span| {
        project.schema.iter().flat_map(|s| &s.tables).find(|t| t.definition.span == span && t.definition.flavor == TableFlavor::Package)
    };
    let is_forward = edge.inverse_of.is_none();
    let (table, is_first) = match made_at(edge.span).filter(|_| is_forward) {
        Some(table) => (table, true),
        None => (made_at(back?.edge.span)?, false),
    };
    let Ty::Object(object) = &table.definition.document else { return None };
    let [first, second] = &object.fields[..] else { return None };
    let target = |ty: &Ty| if let Ty::Id(name) = ty { Some(name.clone()) } else { None };
    let columns = [(first.name.clone(), target(&first.ty)?), (second.name.clone(), target(&second.ty)?)];
    if is_first && all.joins.iter().all(|join| join.name != table.name) {
        let is_directed = table.definition.implied.len() > 3;
        if !is_directed {
            let message = format!("`{}.{}` is symmetric: ents wrote every pair twice, once in each direction", from.name, edge.name);
            let suggestion = format!("insert and delete both rows of `{}`", table.name);
            all.remarks.push(Remark { code: "symmetric", span: edge.span, message, suggestion });
        }
        all.joins.push(Join { name: table.name.clone(), columns: columns.clone(), is_directed, span: edge.span });
    }
    let [(a, _), (b, _)] = columns;
    Some(if is_first { Path::Through(table.name.clone(), a, b) } else { Path::Through(table.name.clone(), b, a) })
}

/// A relation may not be called like a column.
fn rename(tables: &BTreeMap<&Name, &Facts>, all: &mut Relations) {
    for relation in &mut all.list {
        let Some(Ty::Object(object)) = tables.get(&relation.table).map(|facts| &facts.table.document) else { continue };
        if object.field(&relation.name).is_some() {
            let renamed = format!("{}Relation", relation.name);
            let message =
                format!("the relation `{}.{}` is called `{renamed}`: there is a column of that name", relation.table, relation.name);
            let suggestion = format!("use `{renamed}` in `with`");
            all.remarks.push(Remark { code: "relation-renamed", span: relation.span, message, suggestion });
            relation.name = renamed;
        }
    }
}

/// The ORM refuses cycles of `one` that no row can be without; ids count as such, so the ends that hold no field give way.
fn break_cycles(all: &mut Relations, style: RelationStyle) {
    while let Some(cycle) = cycle(&all.list) {
        let inverse = cycle.iter().copied().find(|at| matches!(all.list[*at].path, Path::Other(_)));
        let at = inverse.or(cycle.last().copied()).unwrap_or_default();
        let relation = &mut all.list[at];
        if inverse.is_some() {
            relation.is_one = false;
            let message = format!(
                "`{}.{}` holds at most one row, but as `one` it would close a circle of required relations, which the ORM refuses",
                relation.table, relation.name
            );
            let suggestion = format!("read `{}[0]`", relation.name);
            all.remarks.push(Remark { code: "one-to-one", span: relation.span, message, suggestion });
        } else {
            let message = format!(
                "the relation `{}.{}` is dropped: it closes a circle of required relations, which the ORM refuses",
                relation.table, relation.name
            );
            let suggestion = "make one of the fields of the circle optional".to_owned();
            all.remarks.push(Remark { code: "required-cycle", span: relation.span, message, suggestion });
            let dropped = all.list.remove(at);
            if style == RelationStyle::Relations {
                drop_inverse(&dropped, all);
            }
        }
    }
}

/// In `relations(…)`, `many` takes its columns from the `one` that leads back.
fn drop_inverse(dropped: &Relation, all: &mut Relations) {
    let Path::Own(field) = &dropped.path else { return };
    let is_inverse =
        |other: &Relation| other.table == dropped.target && other.target == dropped.table && other.path == Path::Other(field.clone());
    for other in all.list.extract_if(.., |other| is_inverse(other)) {
        let message = format!(
            "the relation `{}.{}` is dropped: without `{}.{}` nothing says which column it goes by",
            other.table, other.name, dropped.table, dropped.name
        );
        let suggestion = "make one of the fields of the circle optional".to_owned();
        all.remarks.push(Remark { code: "required-cycle", span: other.span, message, suggestion });
    }
}

/// The relations of a circle of required `one`s, if there is one.
fn cycle(list: &[Relation]) -> Option<Vec<usize>> {
    fn visit<'l>(list: &'l [Relation], table: &'l Name, path: &mut Vec<usize>, done: &mut Vec<&'l Name>) -> Option<Vec<usize>> {
        if done.contains(&table) {
            return None;
        }
        if let Some(start) = path.iter().position(|at| list[*at].table == *table) {
            return Some(path[start..].to_vec());
        }
        let is_binding = |relation: &Relation| relation.is_one && (relation.is_filled || matches!(relation.path, Path::Other(_)));
        for (at, relation) in list.iter().enumerate().filter(|(_, r)| r.table == *table && is_binding(r)) {
            path.push(at);
            if let Some(found) = visit(list, &relation.target, path, done) {
                return Some(found);
            }
            path.pop();
        }
        done.push(table);
        None
    }
    let mut done = Vec::new();
    list.iter().find_map(|relation| visit(list, &relation.table, &mut Vec::new(), &mut done))
}

/// Two links between the same tables need names, both ends of a link the same.
fn add_aliases(all: &mut Relations) {
    let links: Vec<(Name, Name, String)> = all.list.iter().map(link).collect();
    for (at, (a, b, name)) in links.iter().enumerate() {
        let is_self = a == b;
        let others = links.iter().any(|(c, d, other)| (c, d) == (a, b) && other != name);
        if is_self || others {
            all.list[at].alias = Some(name.clone());
        }
    }
}

/// The two tables of a relation, sorted, and what connects them.
fn link(relation: &Relation) -> (Name, Name, String) {
    let name = match &relation.path {
        Path::Own(field) => format!("{}_{field}", relation.table),
        Path::Other(field) => format!("{}_{field}", relation.target),
        Path::Through(join, ..) => join.to_string(),
    };
    let (a, b) = (relation.table.clone(), relation.target.clone());
    if a <= b { (a, b, name) } else { (b, a, name) }
}

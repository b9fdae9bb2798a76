//! Relations that the ORM refuses when it starts: columns that do not fit, pairs that it cannot tell apart, required ones in a circle.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{column, has_column};
use super::{Refused, orm_tables};
use crate::model::hir::Name;
use crate::model::relations::Relation;
use crate::model::ty::{RelationColumn, RelationKind};
use crate::model::{Project, Schema, Table};

pub(super) fn check(project: &Project, schema: &Schema, refused: &mut Refused) {
    if !project.unread_relations.is_empty() {
        refused.found.push((Name::from("relations"), "the relations cannot all be read".to_owned()));
    }
    let mut edges: Vec<Edge<'_>> = Vec::new();
    for relation in &project.relations {
        match edge(project, schema, relation) {
            Ok(edge) => edges.push(edge),
            Err(why) => refused.found.push((relation.table.clone(), format!("{}: {why}", relation.name))),
        }
    }
    // In the order of the tables, as the ORM goes through them.
    let place = |name: &Name| schema.tables.iter().position(|t| t.name == *name);
    edges.sort_by_key(|edge| place(&edge.relation.table));
    pairs(&edges, refused);
    circles(schema, &edges, refused);
}

/// A relation with the columns that it goes by, written at it or at the one that leads back.
struct Edge<'p> {
    relation: &'p Relation,
    target: &'p Name,
    from: Vec<Name>,
    through: Option<Between>,
}

/// The table in between, and its columns at both ends.
#[derive(Clone, PartialEq)]
struct Between {
    table: Option<Name>,
    from: Vec<Name>,
    to: Vec<Name>,
}

fn edge<'p>(project: &'p Project, schema: &'p Schema, relation: &'p Relation) -> Result<Edge<'p>, String> {
    let find = |name: &Name| orm_tables(schema).find(|t| t.name == *name);
    let own = find(&relation.table).ok_or("what has it is no table of the ORM, so that nothing has it")?;
    if !relation.known {
        return Err("it cannot all be read".to_owned());
    }
    if has_column(own, &relation.name) || matches!(&*relation.name, "id" | "createdAt") {
        return Err("it is called like a column".to_owned());
    }
    if relation.alias.as_ref().is_some_and(|alias| alias.is_empty()) {
        return Err("its alias is empty".to_owned());
    }
    let target = relation.target.as_ref().ok_or("what it leads to cannot be read")?;
    let other = find(target).ok_or_else(|| format!("it leads to `{target}`, which is no table of the ORM"))?;
    let (from, to) = match (&relation.from, &relation.to) {
        (Some(from), Some(to)) => (from.clone(), to.clone()),
        (None, None) => {
            let back = reverse(project, relation, target)?;
            match (&back.from, &back.to) {
                (Some(from), Some(to)) => (to.clone(), from.clone()),
                _ => return Err(format!("neither it nor `{}.{}` says by which columns", back.table, back.name)),
            }
        }
        _ => return Err("it says only one of `from` and `to`".to_owned()),
    };
    if from.is_empty() || to.is_empty() {
        return Err("it goes by no columns".to_owned());
    }
    let is_through = from.iter().chain(&to).any(|c| c.through.is_some());
    if !is_through && from.len() != to.len() {
        return Err("`from` and `to` are not of the same length".to_owned());
    }
    belong(&from, own)?;
    belong(&to, other)?;
    let through = if is_through { Some(between(schema, &from, &to)?) } else { None };
    Ok(Edge { relation, target, from: from.into_iter().map(|c| c.column.column).collect(), through })
}

/// The relation that leads back, and says by which columns.
fn reverse<'p>(project: &'p Project, relation: &Relation, target: &Name) -> Result<&'p Relation, String> {
    let is_back = |other: &&Relation| {
        let is_other = other.span != relation.span;
        let fits = match &relation.alias {
            Some(alias) => other.alias.as_ref() == Some(alias),
            None => other.alias.is_none() && other.target.as_ref() == Some(&relation.table),
        };
        other.table == *target && is_other && fits
    };
    let mut found = project.relations.iter().filter(is_back);
    match (found.next(), found.next()) {
        (Some(back), None) => Ok(back),
        (None, _) => Err(format!("it says no columns, and nothing leads back from `{target}`")),
        _ => Err(format!("it says no columns, and more than one relation leads back from `{target}`")),
    }
}

fn belong(columns: &[RelationColumn], table: &Table) -> Result<(), String> {
    for column in columns {
        let (owner, name) = (&column.column.table, &column.column.column);
        if owner.as_ref() != Some(&table.name) {
            return Err(format!("`{name}` is no column of `{}`", table.name));
        }
        exists(table, name)?;
    }
    Ok(())
}

fn exists(table: &Table, name: &Name) -> Result<(), String> {
    let is_there = matches!(&**name, "_id" | "_creationTime") || has_column(table, name);
    if is_there { Ok(()) } else { Err(format!("`{}` has no column `{name}`", table.name)) }
}

fn between(schema: &Schema, from: &[RelationColumn], to: &[RelationColumn]) -> Result<Between, String> {
    let over = |columns: &[RelationColumn]| columns.iter().map(|c| c.through.clone()).collect::<Option<Vec<_>>>();
    let (Some(source), Some(end)) = (over(from), over(to)) else {
        return Err("only some of its columns go through a table in between".to_owned());
    };
    let table = source.first().and_then(|c| c.table.clone());
    let Some(join) = orm_tables(schema).find(|t| Some(&t.name) == table.as_ref()) else {
        return Err("the table in between is no table of the ORM".to_owned());
    };
    for column in source.iter().chain(&end) {
        if column.table != table {
            return Err("its columns go through more than one table".to_owned());
        }
        exists(join, &column.column)?;
    }
    let names = |columns: Vec<crate::model::ty::ColumnRef>| columns.into_iter().map(|c| c.column).collect();
    Ok(Between { table, from: names(source), to: names(end) })
}

/// Finds for each relation the one that leads back, as the ORM does.
fn pairs(edges: &[Edge<'_>], refused: &mut Refused) {
    let mut paired: BTreeSet<usize> = BTreeSet::new();
    for (at, edge) in edges.iter().enumerate() {
        if paired.contains(&at) {
            continue;
        }
        let leads_back = |(i, other): &(usize, &Edge<'_>)| *i != at && edge.relation.is_led_back_by(other.relation);
        let mut found = edges.iter().enumerate().filter(leads_back);
        let (first, second) = (found.next(), found.next());
        if let (Some((_, a)), Some((_, b))) = (first, second) {
            let why = format!(
                "`{}.{}` and `{}.{}` both lead back: give each pair an alias of its own",
                a.relation.table, a.relation.name, b.relation.table, b.relation.name
            );
            refused.found.push((edge.relation.table.clone(), format!("{}: {why}", edge.relation.name)));
            continue;
        }
        let Some((back_at, back)) = first else { continue };
        let both_many = edge.relation.kind == RelationKind::Many && back.relation.kind == RelationKind::Many;
        if both_many && !is_swapped(edge, back) {
            let why =
                format!("`{}.{}` leads back, but not through the same columns of the same table", back.relation.table, back.relation.name);
            refused.found.push((edge.relation.table.clone(), format!("{}: {why}", edge.relation.name)));
        }
        paired.extend([at, back_at]);
    }
}

fn is_swapped(edge: &Edge<'_>, back: &Edge<'_>) -> bool {
    match (&edge.through, &back.through) {
        (Some(a), Some(b)) => a.table == b.table && a.from == b.to && a.to == b.from,
        _ => false,
    }
}

/// Tables that each need a row of the next: the ORM goes by columns that may not be null, and an id may not.
fn circles(schema: &Schema, edges: &[Edge<'_>], refused: &mut Refused) {
    let mut needs: BTreeMap<&Name, Vec<&Edge<'_>>> = BTreeMap::new();
    for edge in edges.iter().filter(|edge| edge.relation.kind == RelationKind::One && !is_nullable(schema, edge)) {
        needs.entry(&edge.relation.table).or_default().push(edge);
    }
    let mut done: BTreeSet<&Name> = BTreeSet::new();
    for table in needs.keys() {
        let mut path = Vec::new();
        if let Some(circle) = circle_from(table, &needs, &mut done, &mut path) {
            let names: Vec<String> = circle.iter().map(|edge| format!("`{}.{}`", edge.relation.table, edge.relation.name)).collect();
            let why = format!("required relations lead in a circle: {}", names.join(", "));
            refused.found.push(((*table).clone(), why));
            return;
        }
    }
}

/// The relations that lead from the table back to one on the way; depth first, each table once.
fn circle_from<'e, 'p>(
    table: &'e Name,
    needs: &BTreeMap<&'e Name, Vec<&'e Edge<'p>>>,
    done: &mut BTreeSet<&'e Name>,
    path: &mut Vec<&'e Edge<'p>>,
) -> Option<Vec<&'e Edge<'p>>> {
    if !done.insert(table) {
        return None;
    }
    for edge in needs.get(table).into_iter().flatten().copied() {
        path.push(edge);
        let is_on_the_way = path.iter().position(|e| e.relation.table == *edge.target);
        if let Some(from) = is_on_the_way {
            return Some(path[from..].to_vec());
        }
        if let Some(circle) = circle_from(edge.target, needs, done, path) {
            return Some(circle);
        }
        path.pop();
    }
    None
}

fn is_nullable(schema: &Schema, edge: &Edge<'_>) -> bool {
    let Some(table) = schema.table(&edge.relation.table) else { return true };
    edge.from.iter().any(|name| match &**name {
        "_id" | "_creationTime" => false,
        name => column(table, name).is_none_or(|c| !c.not_null),
    })
}

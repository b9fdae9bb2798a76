//! Where the edges of ents are kept: in a column at this end, in a column at the other, or in a table of their own.

use super::target::Path;
use crate::model::hir::Name;
use crate::model::ty::{Edge, EdgeEnd, SchemaTy, TableTy};

/// An edge, followed.
#[derive(Clone, Debug)]
pub struct Followed {
    pub to: Name,
    pub path: Path,
    /// It leads to one row at most.
    pub is_one: bool,
    pub is_optional: bool,
    /// Ents write a pair twice.
    pub is_symmetric: bool,
}

pub fn table<'s>(schema: &'s SchemaTy, name: &str) -> Option<&'s TableTy> {
    schema.tables.iter().find(|(table, ..)| &**table == name).map(|(_, _, table)| &**table)
}

/// The edge of a table; `None` where it cannot be told where it is kept.
pub fn follow(schema: &SchemaTy, from: &Name, name: &str) -> Option<Followed> {
    let edge = table(schema, from)?.edges.iter().find(|edge| &*edge.name == name)?;
    let made = |path, is_one, is_optional| Followed { to: edge.to.clone(), path, is_one, is_optional, is_symmetric: false };
    match &edge.end {
        EdgeEnd::Field(column) => Some(made(Path::Own(column.clone()), true, edge.optional)),
        EdgeEnd::One(column) => Some(made(Path::Other(column.clone().or_else(|| only_back(schema, from, edge))?), true, true)),
        EdgeEnd::Referenced(column) => Some(made(Path::Other(column.clone().or_else(|| only_back(schema, from, edge))?), false, false)),
        EdgeEnd::Many { .. } => {
            let (path, is_symmetric) = join(schema, from, edge)?;
            Some(Followed { is_symmetric, ..made(path, false, false) })
        }
    }
}

/// The column at the other end that leads back; there may be only one.
fn only_back(schema: &SchemaTy, from: &Name, edge: &Edge) -> Option<Name> {
    let mut back = table(schema, &edge.to)?.edges.iter().filter(|back| back.to == *from).filter_map(|back| match &back.end {
        EdgeEnd::Field(column) => Some(column.clone()),
        _ => None,
    });
    let column = back.next()?;
    back.next().is_none().then_some(column)
}

/// The table between both ends. Follows `defineEntSchema` of the published package.
fn join(schema: &SchemaTy, from: &Name, edge: &Edge) -> Option<(Path, bool)> {
    let is_self = edge.to == *from;
    let mut candidates = table(schema, &edge.to)?.edges.iter().filter(|back| {
        back.to == *from
            && matches!(back.end, EdgeEnd::Many { .. })
            && (!is_self || back.inverse_of.is_some() || edge.inverse_of.is_some())
            && { !is_self || back.inverse_of.as_ref() == Some(&edge.name) || edge.inverse_of.as_ref() == Some(&back.name) }
            && named(back) == named(edge)
    });
    let inverse = candidates.next();
    if candidates.next().is_some() {
        return None;
    }
    // What is stored in a field at the other end is one to many, not many to many.
    let stored = table(schema, &edge.to)?.edges.iter().any(|back| back.to == *from && matches!(back.end, EdgeEnd::Field(_)));
    if inverse.is_none() && (!is_self || stored) {
        return None;
    }
    // The one that the schema lists first decides the names.
    let place = |table: &Name| schema.tables.iter().position(|(name, ..)| name == table);
    let is_forward = match inverse {
        None => true,
        Some(_) if is_self => edge.inverse_of.is_none(),
        Some(_) => place(from)? <= place(&edge.to)?,
    };
    let (first, first_edge, second, second_edge) = match (is_forward, inverse) {
        (true, inverse) => (from, edge, &edge.to, inverse),
        (false, Some(inverse)) => (&edge.to, inverse, from, Some(edge)),
        (false, None) => return None,
    };
    let text = |text: String| Name::from(text);
    let (forward_field, inverse_field) = fields(first_edge);
    let name = named(first_edge).unwrap_or_else(|| match second_edge {
        None => text(format!("{first}_{}", first_edge.name)),
        Some(second) if second.name != *first => text(format!("{first}_{}_to_{}", second.name, first_edge.name)),
        Some(second) => text(format!("{}_to_{}", second.name, first_edge.name)),
    });
    let own = forward_field.unwrap_or_else(|| match second_edge {
        None => Name::from("aId"),
        Some(second_edge) if is_self => text(format!("{}Id", second_edge.name)),
        Some(_) => text(format!("{first}Id")),
    });
    let other =
        inverse_field.filter(|_| is_self).or_else(|| second_edge.and_then(|edge| fields(edge).0)).unwrap_or_else(|| match second_edge {
            None => Name::from("bId"),
            Some(_) if is_self => text(format!("{}Id", first_edge.name)),
            Some(_) => text(format!("{second}Id")),
        });
    // Only what the model knows of as well is taken for true.
    table(schema, &name)?;
    let path = if is_forward { Path::Through(name, own, other) } else { Path::Through(name, other, own) };
    Some((path, inverse.is_none()))
}

fn named(edge: &Edge) -> Option<Name> {
    match &edge.end {
        EdgeEnd::Many { table, .. } => table.clone(),
        _ => None,
    }
}

fn fields(edge: &Edge) -> (Option<Name>, Option<Name>) {
    match &edge.end {
        EdgeEnd::Many { field, inverse_field, .. } => (field.clone(), inverse_field.clone()),
        _ => (None, None),
    }
}

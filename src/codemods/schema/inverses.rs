//! Which edges of ents may lead back along which, as `defineEntSchema` of the published package settles it.
//!
//! Where there is more than one, the package throws, and nothing is guessed here either. What else is wrong with a schema is not looked for.

use crate::model::Schema;
use crate::model::hir::Name;
use crate::model::ty::{Edge, EdgeEnd};
use crate::source::Span;

/// An edge with more than one that could be its inverse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ambiguous {
    pub table: Name,
    pub edge: Name,
    pub to: Name,
    pub candidates: Vec<Name>,
    pub span: Span,
}

/// The first such edge, in the order in which the package goes through them.
pub fn ambiguous(schema: &Schema) -> Option<Ambiguous> {
    let mut tables: Vec<(Name, Vec<End>)> =
        schema.tables.iter().map(|table| (table.name.clone(), table.definition.edges.iter().map(End::of).collect())).collect();
    for at in 0..tables.len() {
        for number in 0..tables[at].1.len() {
            let (table, edge) = (tables[at].0.clone(), tables[at].1[number].clone());
            if edge.is_many && !edge.has_field && (edge.inverse_of.is_some() || edge.is_settled) {
                continue;
            }
            let Some(other) = tables.iter().position(|(name, _)| *name == edge.to) else { continue };
            let is_self = other == at;
            let fits = |candidate: &End| edge.can_lead_back(&table, is_self, candidate);
            let candidates: Vec<usize> = (0..tables[other].1.len()).filter(|i| fits(&tables[other].1[*i])).collect();
            if candidates.len() > 1 {
                let candidates = candidates.iter().map(|i| tables[other].1[*i].name.clone()).collect();
                return Some(Ambiguous { table, edge: edge.name, to: edge.to, candidates, span: edge.span });
            }
            settle(&mut tables, (at, number), candidates.first().map(|inverse| (other, *inverse)));
        }
    }
    None
}

/// What the package notes at both ends once it has found which belong together, and goes by later on.
fn settle(tables: &mut [(Name, Vec<End>)], (at, number): (usize, usize), inverse: Option<(usize, usize)>) {
    let back = inverse.map(|(table, edge)| tables[table].1[edge].clone());
    let is_self = tables[at].1[number].to == tables[at].0;
    let join = Name::from(format!("{}.{}", tables[at].0, tables[at].1[number].name));
    let edge = &mut tables[at].1[number];
    match &back {
        Some(back) if !back.is_many => {
            if edge.reference.is_none() && (edge.is_many || !edge.has_field) {
                edge.reference.clone_from(&back.field);
            }
            if edge.is_many {
                edge.has_field = true;
                edge.reference.clone_from(&back.field);
            }
        }
        _ if edge.is_many && (is_self || back.is_some()) => {
            edge.join.get_or_insert(join.clone());
            edge.is_settled = true;
            if let Some((table, inverse)) = inverse {
                let back = &mut tables[table].1[inverse];
                back.join.get_or_insert(join);
                back.is_settled = true;
            }
        }
        _ => {}
    }
}

/// One end of an edge, as the package keeps it while it goes through them.
#[derive(Clone, Debug)]
struct End {
    name: Name,
    to: Name,
    is_many: bool,
    /// A field keeps it, here or (of many) at the other end; otherwise a table does, or one row at the other end.
    has_field: bool,
    /// The field here.
    field: Option<Name>,
    /// The field at the other end, where it is named.
    reference: Option<Name>,
    /// The table in between, where it is named.
    join: Option<Name>,
    inverse_of: Option<Name>,
    is_settled: bool,
    span: Span,
}

impl End {
    fn of(edge: &Edge) -> Self {
        let (is_many, has_field, field, reference, join) = match &edge.end {
            EdgeEnd::Field(field) => (false, true, Some(field.clone()), None, None),
            EdgeEnd::One(reference) => (false, false, None, reference.clone(), None),
            EdgeEnd::Referenced(reference) => (true, true, None, reference.clone(), None),
            EdgeEnd::Many { table, field, .. } => (true, false, field.clone(), None, table.clone()),
        };
        let (name, to, inverse_of) = (edge.name.clone(), edge.to.clone(), edge.inverse_of.clone());
        Self { name, to, is_many, has_field, field, reference, join, inverse_of, is_settled: false, span: edge.span }
    }

    /// Follows `canBeInverseEdge` of the package.
    fn can_lead_back(&self, table: &Name, is_self: bool, other: &Self) -> bool {
        if other.to != *table {
            return false;
        }
        if is_self {
            return other.is_many && !other.has_field && other.inverse_of.as_ref() == Some(&self.name);
        }
        let names_field = |end: &Self| end.is_many == end.has_field && end.reference.is_some();
        let is_stored = |end: &Self| !end.is_many && end.has_field;
        if names_field(self) && is_stored(other) {
            return self.reference == other.field;
        }
        if is_stored(self) && names_field(other) {
            return self.field == other.reference;
        }
        let is_joined = |end: &Self| end.is_many && !end.has_field;
        if is_joined(self) && self.join.is_some() {
            return is_joined(other) && self.join == other.join;
        }
        if is_joined(other) && other.join.is_some() {
            return is_joined(self) && self.join == other.join;
        }
        true
    }
}

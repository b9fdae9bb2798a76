//! Which index of a table serves what a query asks of its fields, and in which order documents come from it.
//!
//! Every index ends with `_creationTime`, whether its definition says so or not; `by_creation_time` and `by_id` exist without one.

use super::hir::Name;
use super::schema::Table;
use super::ty::{Index, IndexKind};

/// An index that `.withIndex` may name.
#[derive(Debug)]
pub struct Queryable<'t> {
    pub name: Name,
    /// As queries step through them, `_creationTime` included.
    pub fields: Vec<Name>,
    /// `None` for the ones that Convex itself keeps.
    pub declared: Option<&'t Index>,
}

/// What is asked of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub field: Name,
    pub ask: Ask,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// It has one value.
    Equal,
    /// It is greater than a value, or equal to it.
    Lower,
    /// It is less than a value, or equal to it.
    Upper,
}

impl Ask {
    /// What the method of an index range or a filter asks, read from left to right.
    pub fn of(op: &str) -> Option<Self> {
        Some(match op {
            "eq" => Self::Equal,
            "gt" | "gte" => Self::Lower,
            "lt" | "lte" => Self::Upper,
            _ => return None,
        })
    }
}

/// The conditions that an index serves, by their places, in the order in which its range names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Served {
    pub equal: Vec<usize>,
    /// A lower and an upper bound, at most one of each, on the field after those.
    pub range: Vec<usize>,
}

impl Served {
    pub fn all(&self) -> impl Iterator<Item = usize> {
        self.equal.iter().chain(&self.range).copied()
    }

    pub fn contains(&self, condition: usize) -> bool {
        self.all().any(|c| c == condition)
    }

    pub fn is_empty(&self) -> bool {
        self.equal.is_empty() && self.range.is_empty()
    }
}

impl Queryable<'_> {
    /// What a range on this index can hold of the conditions.
    pub fn serve(&self, conditions: &[Condition]) -> Served {
        let mut served = Served::default();
        for field in &self.fields {
            let on = |ask: Ask| conditions.iter().position(|c| c.field == *field && c.ask == ask);
            match on(Ask::Equal) {
                Some(at) => served.equal.push(at),
                None => {
                    served.range = [Ask::Lower, Ask::Upper].into_iter().filter_map(on).collect();
                    break;
                }
            }
        }
        served
    }
}

/// What documents are ordered by when these fields each have one value: the fields that are left, up to the one that no two documents share.
pub fn order_of(fields: &[Name], fixed: &[Name]) -> Vec<Name> {
    let mut order = Vec::new();
    if fixed.iter().any(|f| &**f == "_id") {
        return order;
    }
    for field in fields.iter().filter(|f| !fixed.contains(f)) {
        order.push(field.clone());
        if matches!(&**field, "_creationTime" | "_id") {
            break;
        }
    }
    order
}

/// The fields that a scan of the table steps through.
pub fn scan_fields() -> Vec<Name> {
    vec![Name::from("_creationTime")]
}

impl Table {
    /// The indexes that queries may use now: those of the definition whose fields are known, staged ones left out, then Convex's own.
    pub fn queryable<'t>(&'t self) -> Vec<Queryable<'t>> {
        let all = self.definition.all_indexes().filter(|i| i.kind == IndexKind::Db);
        let declared = all.filter(|i| !i.staged).filter_map(|index| Some((index.fields.as_ref()?, index)));
        let mut list: Vec<Queryable<'t>> = declared
            .map(|(fields, index)| Queryable { name: index.name.clone(), fields: with_time(fields), declared: Some(index) })
            .collect();
        list.extend(own());
        list
    }
}

/// The indexes that every table has.
pub fn own<'t>() -> impl Iterator<Item = Queryable<'t>> {
    [("by_creation_time", "_creationTime"), ("by_id", "_id")].into_iter().map(|(name, field)| Queryable {
        name: Name::from(name),
        fields: vec![Name::from(field)],
        declared: None,
    })
}

impl Index {
    /// The fields that a range on the index steps through, in order; `None` for another kind of index, or where they are not known.
    pub fn range_fields(&self) -> Option<Vec<Name>> {
        (self.kind == IndexKind::Db).then_some(with_time(self.fields.as_ref()?))
    }
}

fn with_time(fields: &[Name]) -> Vec<Name> {
    let mut fields = fields.to_vec();
    if fields.iter().all(|f| &**f != "_creationTime") {
        fields.push(Name::from("_creationTime"));
    }
    fields
}

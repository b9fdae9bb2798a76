//! In which order the ORM gives rows: which index it reads for a condition, and what its `orderBy` then does.
//!
//! Follows the choice of an index, and its use, in `better-convex/orm` 0.6 to 0.11. What it does there is not always what was asked for,
//! so that an order is only written where the rows would really come in it.

use crate::model::hir::Name;

use super::ask::{End, Op, Predicate, Read, Source};
use super::target::OrmTable;

/// An index of a table of the ORM, in the order in which the table has them.
#[derive(Clone, Debug)]
pub struct TableIndex {
    pub name: Name,
    pub fields: Vec<Name>,
}

/// The columns in `orderBy` that make the ORM give rows as they were given before; `None` where none do.
pub fn order_by(read: &Read, table: Option<&OrmTable>) -> Option<Vec<Name>> {
    let indexes = table.map_or(&[][..], |table| &table.indexes);
    let creation = |is_read_so: bool| match is_read_so {
        true => Some(vec![Name::from("createdAt")]),
        // Several columns are put in order when all rows are there, whichever index was read.
        false => matches!(read.end, End::Every).then(|| vec![Name::from("createdAt"), Name::from("id")]),
    };
    if matches!(read.source, Source::Id(_)) {
        return read.filters.is_empty().then(Vec::new);
    }
    if matches!(read.source, Source::Search { .. }) {
        // By relevance, both here and there.
        return (read.filters.is_empty() && !read.descending).then(Vec::new);
    }
    let asked = asked(read, indexes)?;
    let chosen = chosen(&asked, indexes);
    let consumed = chosen.map_or(0, |index| consumed(index, &asked));
    let read_index = chosen.filter(|_| consumed > 0);
    match &read.source {
        Source::All => creation(by_creation(read_index, &asked)),
        Source::Index { name, bounds } => {
            let index = indexes.iter().find(|index| index.name == *name);
            let own: &[Name] = index.map_or(&[], |index| &index.fields);
            let own = own.strip_suffix(&[Name::from("_creationTime")]).unwrap_or(own);
            let equal = bounds.iter().take_while(|bound| bound.op == Op::Eq).count();
            let is_system = matches!(&**name, "by_creation_time");
            if is_system || index.is_some() && equal == own.len() && equal == bounds.len() {
                return creation(by_creation(read_index, &asked));
            }
            let index = index?;
            let of_index = match bounds.last() {
                // The whole index, or what begins with some values: in the order of the index itself.
                None => own.first().and_then(|first| {
                    let found = indexes.iter().find(|index| index.fields.contains(first))?;
                    (found.name == index.name && read_index.is_none()).then(|| vec![first.clone()])
                }),
                Some(last) => {
                    let is_read = read_index.is_some_and(|read| read.name == index.name) && consumed >= bounds.len();
                    is_read.then(|| vec![last.field.clone()])
                }
            };
            // All rows are there before they are put in order, so that it does not matter through which index they came.
            let is_sorted = |field: &Name| table.is_some_and(|table| table.sortable.contains(field));
            let rest = &own[equal.min(own.len())..];
            let is_prefix = equal == bounds.len() && matches!(read.end, End::Every) && rest.iter().all(is_sorted);
            of_index.or_else(|| is_prefix.then(|| rest.iter().cloned().chain([Name::from("createdAt")]).collect()))
        }
        Source::Id(_) | Source::Search { .. } => None,
    }
}

/// The index that the ORM reads in the place of the one that was named, where rows have to be looked through that the range had left out.
pub fn wider_index<'t>(read: &Read, table: &'t OrmTable) -> Option<&'t Name> {
    let Source::Index { name, bounds } = &read.source else { return None };
    let asked = asked(read, &table.indexes)?;
    let index = chosen(&asked, &table.indexes).filter(|index| index.name != *name)?;
    let fields = read_by(index, &asked);
    bounds.iter().any(|bound| !fields.contains(&system(&bound.field))).then_some(&index.name)
}

/// Whether rows come in the order of their insertion, if that is asked for.
fn by_creation(read: Option<&TableIndex>, asked: &[(Name, Op)]) -> bool {
    let Some(index) = read else { return true };
    let is_equal = |field: &Name| &**field == "_creationTime" || asked.iter().any(|(name, op)| name == field && *op == Op::Eq);
    index.fields.iter().all(is_equal)
}

/// The comparisons that all rows have to meet, as the ORM sees them; `None` where it would read several ranges at once, in any order.
fn asked(read: &Read, indexes: &[TableIndex]) -> Option<Vec<(Name, Op)>> {
    let mut asked: Vec<(Name, Op)> = Vec::new();
    if let Source::Index { bounds, .. } = &read.source {
        asked.extend(bounds.iter().map(|bound| (system(&bound.field), bound.op)));
    }
    let conditions = asked.len() + read.filters.len();
    for filter in &read.filters {
        add(filter, &mut asked);
    }
    let is_lone = conditions == 1 && read.filters.first().is_some_and(|filter| is_cut(filter, indexes));
    (!is_lone).then_some(asked)
}

/// Whether a single condition that is no equality or range is cut into several ranges of an index that begins with its column.
fn is_cut(filter: &Predicate, indexes: &[TableIndex]) -> bool {
    let leads = |field: &Name| indexes.iter().any(|index| index.fields.first() == Some(&system(field)));
    match filter {
        Predicate::Compare(field, Op::Ne, _) | Predicate::Present(field) => leads(field),
        Predicate::Compare(..) | Predicate::Missing(_) => false,
        Predicate::All(parts) => matches!(&parts[..], [part] if is_cut(part, indexes)),
        // Only alternatives of one column are.
        Predicate::Any(parts) => {
            let column = |part: &Predicate| match part {
                Predicate::Compare(field, ..) => Some(field.clone()),
                _ => None,
            };
            let columns: Option<Vec<Name>> = parts.iter().map(column).collect();
            columns.is_some_and(|columns| columns.windows(2).all(|two| two[0] == two[1]) && columns.first().is_some_and(leads))
        }
    }
}

fn add(filter: &Predicate, asked: &mut Vec<(Name, Op)>) {
    match filter {
        Predicate::Compare(field, op, _) if *op != Op::Ne => asked.push((system(field), *op)),
        Predicate::All(parts) => parts.iter().for_each(|part| add(part, asked)),
        _ => {}
    }
}

fn system(field: &Name) -> Name {
    match &**field {
        "id" => Name::from("_id"),
        "createdAt" => Name::from("_creationTime"),
        _ => field.clone(),
    }
}

/// The index that the ORM chooses for these comparisons.
fn chosen<'i>(asked: &[(Name, Op)], indexes: &'i [TableIndex]) -> Option<&'i TableIndex> {
    let mut fields: Vec<&Name> = Vec::new();
    for (field, _) in asked {
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    let mut best: Option<(f64, u8, &TableIndex)> = None;
    for index in indexes {
        let Some((score, kind)) = score(index, &fields) else { continue };
        if best.is_none_or(|(other, other_kind, _)| score > other || (score - other).abs() < f64::EPSILON && kind > other_kind) {
            best = Some((score, kind, index));
        }
    }
    best.map(|(_, _, index)| index)
}

fn score(index: &TableIndex, fields: &[&Name]) -> Option<(f64, u8)> {
    let has = |field: &&Name| fields.contains(field);
    if index.fields.iter().eq(fields.iter().copied()) {
        return Some((100.0 + index.fields.len() as f64, 3));
    }
    let prefix = index.fields.iter().take_while(has).count();
    if prefix > 0 {
        return Some((75.0 + prefix as f64, 2));
    }
    let overlap = index.fields.iter().filter(has).count();
    (overlap > 0).then(|| (50.0 * overlap as f64 / index.fields.len().max(fields.len()) as f64, 1))
}

/// The first fields of an index, as many as the ORM reads it by: equal ones, and one with bounds.
fn read_by<'i>(index: &'i TableIndex, asked: &[(Name, Op)]) -> &'i [Name] {
    let op = |field: &Name| asked.iter().find(|(name, _)| name == field).map(|(_, op)| *op);
    let equal = index.fields.iter().take_while(|field| op(field) == Some(Op::Eq)).count();
    let has_bounds = index.fields.get(equal).is_some_and(|next| op(next).is_some());
    &index.fields[..equal + usize::from(has_bounds)]
}

/// How many of the comparisons the ORM reads an index by: of a field with bounds, both.
fn consumed(index: &TableIndex, asked: &[(Name, Op)]) -> usize {
    let of_field = |field: &Name| {
        let mut ops = asked.iter().filter(|(name, _)| name == field).map(|(_, op)| *op);
        if ops.next() == Some(Op::Eq) { 1 } else { 1 + ops.count() }
    };
    read_by(index, asked).iter().map(of_field).sum()
}

/// Whether the rows that a read yields come in no order that could be told: at most one, or an error.
pub fn is_unordered(read: &Read) -> bool {
    matches!(read.source, Source::Id(_)) || read.is_unique && read.end.is_one() || matches!(read.end, End::Only | End::OnlyOrThrow)
}

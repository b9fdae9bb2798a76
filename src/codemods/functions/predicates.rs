//! Conditions: ranges of indexes, and filters.

use super::ask::{Bound, Op, Predicate, Value};
use super::edges;
use super::reader::{Reader, column};
use super::sites::created_at;
use super::verdict::Why;
use crate::model::hir::{BindingId, ExprId, ExprKind, Name};
use crate::model::queries::callback;
use crate::model::ty::{SchemaTy, Ty};

/// `(q) => q.eq("a", x).gt("b", y)`, a range of this index.
pub fn bounds(reader: &Reader<'_>, schema: &SchemaTy, table: &Name, index: &Name, range: ExprId) -> Result<Vec<Bound>, Why> {
    let opaque = || Why::new("functions-range", "the range of the index is not written as calls on its parameter");
    let (param, body) = callback(reader.module, range).ok_or_else(opaque)?;
    let mut bounds = Vec::new();
    let mut at = reader.module.bare(body);
    while !is_local(reader, at, param) {
        let (call, object, op) = reader.module.method(at).ok_or_else(opaque)?;
        let ([field, value], Some(op)) = (&*call.args, Op::of(op)) else { return Err(opaque()) };
        let field_name = reader.ty(field.value).as_str().cloned().ok_or_else(opaque)?;
        let value = value_of(reader, schema, table, &field_name, op, value.value)?;
        bounds.push(Bound { field: column(&field_name), op, value });
        at = reader.module.bare(object);
    }
    bounds.reverse();
    check_fields(schema, table, index, &bounds)?;
    Ok(bounds)
}

/// Convex reads an index by its fields in their order, and throws where a range has others; the ORM would look for an index that fits.
fn check_fields(schema: &SchemaTy, table: &Name, index: &Name, bounds: &[Bound]) -> Result<(), Why> {
    let definition = edges::table(schema, table).and_then(|table| table.all_indexes().find(|known| known.name == *index));
    let Some(fields) = definition.and_then(|index| index.own_fields()) else { return Ok(()) };
    let fields: Vec<Name> = fields.iter().map(column).chain([Name::from("createdAt")]).collect();
    let equal = bounds.iter().take_while(|bound| bound.op == Op::Eq).count();
    // Behind the equal ones stand the bounds of one field.
    let is_next = |(at, bound): (usize, &Bound)| fields.get(at.min(equal)) == Some(&bound.field);
    if bounds.iter().enumerate().all(is_next) {
        return Ok(());
    }
    let message = format!("its range has other fields than the index `{index}`, or has them in another order, which Convex refuses");
    Err(Why::new("functions-range", message).or("name the fields of the index, beginning with the first"))
}

/// `(q) => q.search("a", x).eq("b", y)`: the value looked for, and the filters.
pub fn search(reader: &Reader<'_>, schema: &SchemaTy, table: &Name, range: ExprId) -> Result<(Value, Vec<(Name, Value)>), Why> {
    let opaque = || Why::new("functions-range", "what is searched for is not written as calls on the parameter");
    let (param, body) = callback(reader.module, range).ok_or_else(opaque)?;
    let (mut filters, mut text) = (Vec::new(), None);
    let mut at = reader.module.bare(body);
    while !is_local(reader, at, param) {
        let (call, object, op) = reader.module.method(at).ok_or_else(opaque)?;
        let [field, value] = &*call.args else { return Err(opaque()) };
        let field_name = reader.ty(field.value).as_str().cloned().ok_or_else(opaque)?;
        match &**op {
            "search" => text = Some(Value::Expr(value.value)),
            "eq" => filters.push((column(&field_name), reader.comparable(schema, table, &field_name, value.value)?)),
            _ => return Err(opaque()),
        }
        at = reader.module.bare(object);
    }
    filters.reverse();
    Ok((text.ok_or_else(opaque)?, filters))
}

/// `(q) => q.and(q.eq(q.field("a"), x), …)`.
pub fn filter(reader: &Reader<'_>, schema: &SchemaTy, table: &Name, predicate: ExprId) -> Result<Predicate, Why> {
    let opaque = || Why::new("functions-filter", "the filter is not written as calls on its parameter");
    let (param, body) = callback(reader.module, predicate).ok_or_else(opaque)?;
    Terms { reader, schema, table, param }.term(body, &[])
}

/// Whether some condition asks for a field that is missing, or there.
pub fn contains_missing(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::Missing(_) | Predicate::Present(_) => true,
        Predicate::All(parts) | Predicate::Any(parts) => parts.iter().any(contains_missing),
        Predicate::Compare(..) => false,
    }
}

/// The terms of one filter.
struct Terms<'r, 'a> {
    reader: &'r Reader<'a>,
    schema: &'r SchemaTy,
    table: &'r Name,
    param: BindingId,
}

impl Terms<'_, '_> {
    /// One term, beside others by which these fields are there.
    fn term(&self, id: ExprId, present: &[Name]) -> Result<Predicate, Why> {
        let Self { reader, schema, table, param } = *self;
        let opaque = || Why::new("functions-filter", "the filter does not only compare fields with values");
        let at = reader.module.bare(id);
        let (call, object, op) = reader.module.method(at).ok_or_else(opaque)?;
        if !is_local(reader, object, param) || call.args.iter().any(|a| a.spread) {
            return Err(opaque());
        }
        match &**op {
            "and" => {
                let present: Vec<Name> = call.args.iter().filter_map(|a| self.present(a.value)).chain(present.iter().cloned()).collect();
                return Ok(Predicate::All(call.args.iter().map(|a| self.term(a.value, &present)).collect::<Result<_, Why>>()?));
            }
            "or" => return Ok(Predicate::Any(call.args.iter().map(|a| self.term(a.value, present)).collect::<Result<_, Why>>()?)),
            _ => {}
        }
        let (Some(op), [left, right]) = (Op::of(op), &*call.args) else { return Err(opaque()) };
        let (name, op, value) = match (self.field(left.value), self.field(right.value)) {
            (Some(name), None) => (name, op, right.value),
            (None, Some(name)) => (name, flipped(op), left.value),
            _ => return Err(opaque()),
        };
        if name.contains('.') {
            return Err(Why::new("functions-filter", format!("the filter looks into `{name}`, which conditions of the ORM do not")));
        }
        if is_undefined(reader, value) && &*name != "createdAt" {
            return match op {
                Op::Eq => Ok(Predicate::Missing(column(&name))),
                Op::Ne => Ok(Predicate::Present(column(&name))),
                _ => Err(opaque()),
            };
        }
        let is_there = present.contains(&name) && !reader.may_be_null(schema, table, &name);
        let value = match is_there && &*name != "createdAt" {
            true => reader.comparable(schema, table, &name, value)?,
            false => value_of(reader, schema, table, &name, op, value)?,
        };
        Ok(Predicate::Compare(column(&name), op, value))
    }

    /// The field of `q.neq(q.field("name"), undefined)`.
    fn present(&self, id: ExprId) -> Option<Name> {
        let (call, object, op) = self.reader.module.method(self.reader.module.bare(id))?;
        let [left, right] = &*call.args else { return None };
        let is_asked = is_local(self.reader, object, self.param) && &**op == "neq" && is_undefined(self.reader, right.value);
        self.field(left.value).filter(|_| is_asked)
    }

    /// The name in `q.field("name")`.
    fn field(&self, id: ExprId) -> Option<Name> {
        let (call, object, name) = self.reader.module.method(self.reader.module.bare(id))?;
        let [path] = &*call.args else { return None };
        (is_local(self.reader, object, self.param) && &**name == "field").then(|| self.reader.ty(path.value).as_str().cloned()).flatten()
    }
}

fn flipped(op: Op) -> Op {
    match op {
        Op::Gt => Op::Lt,
        Op::Gte => Op::Lte,
        Op::Lt => Op::Gt,
        Op::Lte => Op::Gte,
        other => other,
    }
}

/// What a field is compared with.
pub fn value_of(reader: &Reader<'_>, schema: &SchemaTy, table: &Name, field: &Name, op: Op, value: ExprId) -> Result<Value, Why> {
    if &**field == "createdAt" {
        return Err(created_at(table));
    }
    // Convex takes a missing field to be less than anything, the ORM compares as JavaScript does.
    if matches!(op, Op::Lt | Op::Lte) && reader.may_lack(schema, table, field) {
        return Err(Why::new(
            "functions-missing-value",
            format!("documents may lack `{field}`, and are then less than any value only for Convex"),
        ));
    }
    reader.comparable(schema, table, field, value)
}

fn is_undefined(reader: &Reader<'_>, id: ExprId) -> bool {
    matches!(reader.ty(id), Ty::Undefined)
}

fn is_local(reader: &Reader<'_>, id: ExprId, binding: BindingId) -> bool {
    matches!(reader.module.expr(reader.module.bare(id)), ExprKind::Local(b) if *b == binding)
}

//! The functions of `convex-helpers/server/relationships`: those that read one range of an index are reads like any other, those that go
//! through a table in between load the rows behind it along, and those that are given ids read each of them, in their order.

use super::{Front, reads};
use crate::codemods::functions::ask::{Ask, Bound, End, Op, Read, Source};
use crate::codemods::functions::predicates;
use crate::codemods::functions::target::Path;
use crate::codemods::functions::verdict::{Understood, Why, Yields};
use crate::model::hir::{Call, ExprId, Name};
use crate::model::ty::{External, Ty};

/// The name of the function, if it is one of these.
pub fn name_of(external: &External) -> Option<&Name> {
    let is_of_package = &*external.module == "convex-helpers/server/relationships";
    match &external.path[..] {
        [name] if is_of_package && name.starts_with("get") => Some(name),
        _ => None,
    }
}

/// The table that the call names, and what it reads there.
pub fn understand(front: &Front<'_>, name: &str, call: &Call) -> (Option<Name>, Result<Understood, Why>) {
    let args: Vec<ExprId> = call.args.iter().map(|a| a.value).collect();
    if call.args.iter().any(|a| a.spread) {
        return (None, Err(reads::dynamic()));
    }
    match name {
        "getManyFrom" => from(front, &args, End::Every),
        "getOneFrom" => from(front, &args, End::Only),
        "getOneFromOrThrow" => from(front, &args, End::OnlyOrThrow),
        "getAll" | "getAllOrThrow" => all(front, &args, name == "getAllOrThrow"),
        "getManyVia" | "getManyViaOrThrow" => via(front, &args, name == "getManyViaOrThrow"),
        _ => {
            let why = format!("`{name}` has no equal in the ORM that is known to do the same");
            (None, Err(Why::new("functions-no-equal", why)))
        }
    }
}

/// `(db, table, index, value, field?)`.
fn from(front: &Front<'_>, args: &[ExprId], end: End) -> (Option<Name>, Result<Understood, Why>) {
    let [_, table, index, value, rest @ ..] = args else { return (None, Err(reads::dynamic())) };
    let Some(table) = text(front, *table) else { return (None, Err(reads::dynamic())) };
    let verdict = range(front, &table, (*index, *value, rest), end).and_then(|read| front.read(read, Vec::new()));
    (Some(table), verdict)
}

/// `(db, ids)`, `(db, table, ids)`.
fn all(front: &Front<'_>, args: &[ExprId], throws: bool) -> (Option<Name>, Result<Understood, Why>) {
    let (named, ids) = match args {
        [_, ids] => (None, *ids),
        [_, table, ids] => (text(front, *table), *ids),
        _ => return (None, Err(reads::dynamic())),
    };
    let of = match front.reader.infer.at_once(front.reader.file, ids) {
        Ty::Array(element) => match &*element {
            Ty::Id(table) => Some(table.clone()),
            _ => None,
        },
        _ => None,
    };
    let Some(table) = of.filter(|table| named.as_ref().is_none_or(|named| named == table)) else {
        let said = front.reader.text(ids);
        let why = Why::new("functions-missing-value", format!("it cannot be told whether `{said}` is a list of ids of one table"))
            .or("give it a type, and read each id: `Promise.all(ids.map((id) => ….findFirst({ where: { id } })))`");
        return (named, Err(why));
    };
    let ask = || {
        front.reader.check_table(&table)?;
        Ok(front.done(Ask::Many { table: table.clone(), ids, throws }, Yields::Data, Vec::new()))
    };
    let verdict = ask();
    (Some(table), verdict)
}

/// `(db, table in between, its column for the others, index, value, field?)`.
fn via(front: &Front<'_>, args: &[ExprId], throws: bool) -> (Option<Name>, Result<Understood, Why>) {
    let [_, table, to, index, value, rest @ ..] = args else { return (None, Err(reads::dynamic())) };
    let (Some(table), Some(to)) = (text(front, *table), text(front, *to)) else { return (None, Err(reads::dynamic())) };
    let ask = || {
        let read = range(front, &table, (*index, *value, rest), End::Every)?;
        front.check_rows(&read)?;
        let relation =
            front.reader.target.relation(&table, &Path::Own(to.clone())).filter(|relation| !relation.is_many && relation.is_plain);
        let found = relation.and_then(|relation| Some((relation.name.clone(), relation.to.clone()?)));
        let Some((relation, target)) = found else {
            let why = format!("the new schema has no relation along `{table}.{to}`");
            return Err(Why::new("functions-edge", why).or(format!(
                "load the rows of `{table}`, and read what each leads to: `Promise.all(rows.map((row) => ….findFirst({{ where: {{ id: row.{to} }} }})))`"
            )));
        };
        if front.reader.may_lack(front.schema, &table, &to) {
            let why = format!("rows of `{table}` may lack `{to}`, which was an error and is null for the ORM");
            return Err(Why::new("functions-missing-value", why)
                .or(format!("`….query.{table}.findMany({{ …, with: {{ {relation}: true }} }})`, and `row.{relation}` of each")));
        }
        Ok(front.done(Ask::Via { read, relation, table: target, throws }, Yields::Data, Vec::new()))
    };
    let verdict = ask();
    (Some(table), verdict)
}

/// The range of an index in which a field has a value.
fn range(front: &Front<'_>, table: &Name, (index, value, rest): (ExprId, ExprId, &[ExprId]), end: End) -> Result<Read, Why> {
    let index = text(front, index).ok_or_else(reads::dynamic)?;
    let field = match rest {
        [] => Some(index.strip_prefix("by_").map_or_else(|| index.clone(), Name::from)),
        [field] => text(front, *field),
        _ => None,
    };
    front.reader.check_table(table)?;
    let field = field.ok_or_else(reads::dynamic)?;
    let value = predicates::value_of(&front.reader, front.schema, table, &field, Op::Eq, value)?;
    let bounds = vec![Bound { field, op: Op::Eq, value }];
    reads::check_bounds(front, table, &bounds)?;
    let source = Source::Index { name: index, bounds };
    Ok(Read { table: table.clone(), source, filters: Vec::new(), descending: false, end, is_unique: false })
}

fn text(front: &Front<'_>, id: ExprId) -> Option<Name> {
    front.reader.ty(id).as_str().cloned()
}

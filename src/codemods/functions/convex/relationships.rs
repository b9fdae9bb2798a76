//! The functions of `convex-helpers/server/relationships`: those that read one range of an index are reads like any other; those that go
//! through a table in between, or read by many ids at once, are left.

use super::{Front, reads};
use crate::codemods::functions::ask::{Bound, End, Op, Read, Source};
use crate::codemods::functions::predicates;
use crate::codemods::functions::verdict::{Understood, Why};
use crate::model::hir::{Call, ExprId, Name};
use crate::model::ty::External;

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
    let text = |id: ExprId| front.reader.ty(id).as_str().cloned();
    let args: Vec<ExprId> = call.args.iter().map(|a| a.value).collect();
    let end = match name {
        "getManyFrom" => End::Every,
        "getOneFrom" => End::Only,
        "getOneFromOrThrow" => End::OnlyOrThrow,
        _ => {
            let why = format!("`{name}` reads rows by ids that others hold, which is a relation of the ORM's, and none of this schema's");
            return (None, Err(Why::new("functions-no-equal", why)));
        }
    };
    let [_, table, index, value, rest @ ..] = &args[..] else { return (None, Err(reads::dynamic())) };
    let (Some(table), Some(index)) = (text(*table), text(*index)) else { return (None, Err(reads::dynamic())) };
    let field = match rest {
        [] => Some(index.strip_prefix("by_").map_or_else(|| index.clone(), Name::from)),
        [field] => text(*field),
        _ => None,
    };
    let read = || {
        front.reader.check_table(&table)?;
        let field = field.filter(|_| call.args.iter().all(|a| !a.spread)).ok_or_else(reads::dynamic)?;
        let value = predicates::value_of(&front.reader, front.schema, &table, &field, Op::Eq, *value)?;
        let bounds = vec![Bound { field, op: Op::Eq, value }];
        reads::check_bounds(front, &table, &bounds)?;
        let source = Source::Index { name: index, bounds };
        front.read(Read { table: table.clone(), source, filters: Vec::new(), descending: false, end, is_unique: false }, Vec::new())
    };
    let verdict = read();
    (Some(table), verdict)
}

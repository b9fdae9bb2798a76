//! Reads: by id, through an index, in order of insertion, by search; filtered, and ended in one of the ways in which queries end.

use super::Front;
use crate::codemods::functions::ask::{Bound, End, Op, Predicate, Read, Source, Value};
use crate::codemods::functions::predicates;
use crate::codemods::functions::verdict::{Remark, Understood, Why};
use crate::model::hir::{Binary, BindingKind, Cast, ExprId, ExprKind, Name, TypeNode};
use crate::model::queries::{self, DbQuery, StepKind};
use crate::model::ty::{Literal, Ty};

/// `db.get(id)`.
pub fn get(front: &Front<'_>, table: &Name, id: ExprId) -> Result<Understood, Why> {
    let source = Source::Id(key(front, table, id)?);
    let read = Read { table: table.clone(), source, filters: Vec::new(), descending: false, end: End::First, is_unique: true };
    front.read(read, Vec::new())
}

/// The id of a row of the table. Where it is not known, the compiler has seen to it that it is one of the table that is named; should
/// there be none when the code runs, the ORM finds no row, and never another one.
pub fn key(front: &Front<'_>, table: &Name, id: ExprId) -> Result<Value, Why> {
    let module = front.reader.module;
    let is_blind = matches!(module.expr(id), ExprKind::Cast { kind: Cast::As(ty), .. } if matches!(module.ty(*ty), TypeNode::Keyword(_)));
    let ty = front.reader.infer.at_once(front.reader.file, id);
    match ty.non_null() {
        Ty::Id(of) if of == *table => Ok(Value::Expr(id)),
        Ty::Unknown if !is_blind => Ok(Value::Expr(id)),
        _ => {
            let text = front.reader.text(id);
            Err(Why::new("functions-missing-value", format!("it cannot be told whether `{text}` is always an id of `{table}`"))
                .or("give it a type, or decide before what happens without a value"))
        }
    }
}

/// `for await (const row of query)`.
pub fn iterated(table: &Name) -> Why {
    Why::new("functions-iterated", "its rows are read one after the other, and the ORM reads them all at once").or(format!(
        "`for (const row of await ….query.{table}.findMany({{ …, allowFullScan: true }}))`, where all of the rows can be read at once"
    ))
}

pub fn handed_on() -> Why {
    Why::new("functions-lazy-chain", "the query is handed on before it is awaited")
        .or("await the rows where they are asked for, and hand them on")
}

/// `db.query("posts")…`, to its end.
pub fn query(front: &Front<'_>, query: &DbQuery, table: &Name) -> Result<Understood, Why> {
    let module = front.reader.module;
    if !query.is_in_one_piece(module) {
        return Err(Why::new("functions-lazy-chain", "the query is put together before it is awaited, in a way that cannot be followed")
            .or("await the rows where they are asked for, and keep them in the variable"));
    }
    let mut read =
        Read { table: table.clone(), source: Source::All, filters: Vec::new(), descending: false, end: End::Every, is_unique: false };
    let mut remarks = Vec::new();
    for step in &query.steps {
        let Some(call) = module.call(step.call).filter(|call| call.args.iter().all(|a| !a.spread)) else { return Err(dynamic()) };
        let args: Vec<ExprId> = call.args.iter().map(|a| a.value).collect();
        match (&step.kind, &args[..]) {
            (StepKind::Index(index), [_, ..]) => {
                let name = index.name.clone().ok_or_else(dynamic)?;
                if &*name == "by_id" {
                    return Err(Why::new(
                        "functions-order",
                        "the rows come in the order of their ids, which the ORM does not give them in",
                    ));
                }
                let bounds = match &args[1..] {
                    [] => Vec::new(),
                    [range] => predicates::bounds(&front.reader, front.schema, table, &name, *range)?,
                    _ => return Err(dynamic()),
                };
                check_bounds(front, table, &bounds)?;
                read.source = Source::Index { name, bounds };
            }
            (StepKind::Search(index), [_, range]) => {
                let index = index.name.clone().ok_or_else(dynamic)?;
                let (text, filters) = predicates::search(&front.reader, front.schema, table, *range)?;
                filters.iter().try_for_each(|(field, _)| check_plain(front, table, field))?;
                read.source = Source::Search { index, text, filters };
            }
            (StepKind::FullTableScan, []) => {}
            (StepKind::Filter(_), [predicate]) => {
                let filter = predicates::filter(&front.reader, front.schema, table, *predicate)?;
                check_predicate(front, table, &filter)?;
                if predicates::contains_missing(&filter) {
                    remarks.push(remark("functions-missing-or-null", "the condition that a field is missing holds for null as well"));
                }
                read.filters.push(filter);
            }
            (StepKind::Order, [direction]) => {
                read.descending = match front.reader.ty(*direction).as_str().map(|name| &**name) {
                    Some("asc") => false,
                    Some("desc") => true,
                    _ => return Err(dynamic()),
                };
            }
            _ => return Err(dynamic()),
        }
    }
    let ending = module.method(query.call).and_then(|(call, ..)| call.args.first()).map(|a| a.value);
    read.end = match (query.end, ending) {
        (queries::End::Collect, _) => End::Every,
        (queries::End::First, _) => End::First,
        (queries::End::Unique, _) => End::Only,
        (queries::End::Take(Some(count)), _) => {
            check_limit(front, count, &mut remarks)?;
            End::Take(count)
        }
        (queries::End::Paginate, Some(options)) => {
            let message = "cursors of the ORM and those from before cannot be used for each other";
            remarks.push(Remark {
                suggestion: Some("clients that hold a page open load it anew".to_owned()),
                ..remark("functions-pagination", message)
            });
            End::Page(options)
        }
        (queries::End::Iterated, _) => return Err(iterated(table)),
        _ => return Err(handed_on()),
    };
    front.read(read, remarks)
}

/// A limit that may be 0 is no limit for the ORM.
fn check_limit(front: &Front<'_>, count: ExprId, remarks: &mut Vec<Remark>) -> Result<(), Why> {
    let text = front.reader.text(count);
    if let Ty::Literal(Literal::Num(number), _) = front.reader.ty(count) {
        let is_fine = number >= 1.0 && number.fract() == 0.0;
        return if is_fine { Ok(()) } else { Err(Why::new("functions-limit", format!("`{text}` is no limit for the ORM"))) };
    }
    if may_be_zero(front, count, 0) {
        return Err(Why::new("functions-limit", format!("`{text}` may well be 0, which was no row before and is an error in the ORM")));
    }
    let message = format!("`{text}` must be a whole number of at least 1 for the ORM; 0 was no row before");
    remarks.push(remark("functions-limit", &message));
    Ok(())
}

fn may_be_zero(front: &Front<'_>, id: ExprId, depth: u32) -> bool {
    let module = front.reader.module;
    match module.expr(module.bare(id)) {
        ExprKind::Binary { op: Binary::Arithmetic, left, right } => {
            let (left, right) = (*left, *right);
            let between = module.at(module.span(left).end, module.span(right).start);
            let is_product = front.reader.infer.world.file(front.reader.file).source.slice(between).trim() == "*";
            !is_product || may_be_zero(front, left, depth) || may_be_zero(front, right, depth)
        }
        ExprKind::Binary { left, right, .. } => may_be_zero(front, *left, depth) || may_be_zero(front, *right, depth),
        ExprKind::Num(number) => *number < 1.0,
        ExprKind::Local(binding) if depth < 4 => match module.binding(*binding).kind {
            BindingKind::Const(Some(init)) => may_be_zero(front, init, depth + 1),
            BindingKind::Let(_) => true,
            _ => false,
        },
        ExprKind::Call(call) => call.args.iter().any(|a| may_be_zero(front, a.value, depth)),
        _ => false,
    }
}

pub fn check_bounds(front: &Front<'_>, table: &Name, bounds: &[Bound]) -> Result<(), Why> {
    bounds.iter().try_for_each(|bound| check_comparison(front, table, &bound.field, bound.op))
}

fn check_predicate(front: &Front<'_>, table: &Name, predicate: &Predicate) -> Result<(), Why> {
    match predicate {
        Predicate::Compare(field, op, _) => check_comparison(front, table, field, *op),
        Predicate::Missing(field) | Predicate::Present(field) => check_plain(front, table, field),
        Predicate::All(parts) | Predicate::Any(parts) => parts.iter().try_for_each(|part| check_predicate(front, table, part)),
    }
}

/// The ORM looks at the rows once more, and compares as JavaScript does: objects are never equal, and values of different types have
/// another order.
fn check_comparison(front: &Front<'_>, table: &Name, field: &Name, op: Op) -> Result<(), Why> {
    check_plain(front, table, field)?;
    if matches!(op, Op::Eq | Op::Ne) || matches!(&**field, "id" | "createdAt") {
        return Ok(());
    }
    let kinds: Vec<u8> = front.field(table, field).map(|ty| ty.members().iter().filter_map(kind).collect()).unwrap_or_default();
    if kinds.iter().all(|other| *other == kinds[0]) { Ok(()) } else { Err(other_order(table, field)) }
}

fn check_plain(front: &Front<'_>, table: &Name, field: &Name) -> Result<(), Why> {
    if matches!(&**field, "id" | "createdAt") {
        let has_own = front.reader.target.tables.get(table).is_some_and(|table| table.has_created_at);
        return match has_own && &**field == "createdAt" {
            true => Err(Why::new(
                "functions-created-at",
                format!("a condition on `createdAt` of `{table}` is one on the time of creation for the ORM"),
            )),
            false => Ok(()),
        };
    }
    let Some(ty) = front.field(table, field) else { return Err(other_order(table, field)) };
    let is_nothing = |ty: &Ty| matches!(ty, Ty::Null | Ty::Undefined);
    if ty.members().iter().all(|ty| is_nothing(ty) || kind(ty).is_some()) { Ok(()) } else { Err(other_order(table, field)) }
}

fn other_order(table: &Name, field: &Name) -> Why {
    Why::new("functions-filter", format!("`{table}.{field}` holds values that the ORM compares in another way than Convex does"))
}

/// What kind of values a type has that JavaScript compares as Convex does.
fn kind(ty: &Ty) -> Option<u8> {
    Some(match ty {
        Ty::String | Ty::Id(_) | Ty::Literal(Literal::Str(_), _) => 0,
        Ty::Number | Ty::Literal(Literal::Num(_), _) => 1,
        Ty::Boolean | Ty::Literal(Literal::Bool(_), _) => 2,
        Ty::Int64 => 3,
        _ => return None,
    })
}

fn remark(code: &'static str, message: &str) -> Remark {
    Remark { code, message: message.to_owned(), suggestion: None }
}

pub fn dynamic() -> Why {
    Why::new("functions-dynamic", "what is read here is decided when the code runs")
}

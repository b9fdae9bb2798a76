//! Joins that functions make by hand: for each row of a query, the row whose id it holds, or the rows that hold its id. The query loads
//! them along, with the relation.
//!
//! Only where that comes to the same: nothing can be written in between, each row is asked for its own, and rows leave without what was
//! loaded along. What a front end or `decide` has left is left here, too.

mod alone;
mod along;
mod each;
mod led;
mod quiet;
mod written;

pub use along::{Along, Rows, apply};
pub use written::Apart;

use super::ask::{Ask, End, Read};
use super::print::page_options;
use super::reader::Reader;
use super::shapes::{Shape, Taken, Use, Way};
use super::sites::{Handle, Site};
use super::verdict::{Understood, Yields};
use crate::model::hir::{Binary, BindingId, BindingKind, Body, ExprId, ExprKind, FuncId, Key, Module, Name, Parent, Place, Stmt};
use crate::model::repetition::Mapping;
use crate::model::ty::{FunctionKind, Literal, Ty};
use crate::source::Comment;
use each::{Each, asks_for};

/// As many different rows as a relation loads at once.
const MOST: f64 = 1000.0;

/// A read that a relation of an earlier query can take the place of.
#[derive(Clone, Debug)]
pub struct ByHand {
    /// The last calls of the query, and of the read.
    query: ExprId,
    read: ExprId,
    joined: Joined,
    /// It reads rows that hold the row's id.
    rows: Option<Rows>,
    /// Of more rows than the ORM loads at once, as far as can be told: the limit, as it is written.
    unsure: Option<String>,
}

/// What takes the place of a read.
#[derive(Clone, Debug)]
pub struct Joined {
    pub relation: Name,
    /// The row, and what it is called: a parameter, or an element of a loop.
    pub row: ExprId,
    pub binding: BindingId,
    /// The place of the read: with its `await`, and with a condition that asks for nothing but the id.
    pub place: ExprId,
    /// `Promise.all(rows.map(…))`, which has nothing to await without the read, unless something else is left to await.
    pub together: Option<Together>,
}

/// `await Promise.all(rows.map(async (row) => …))`, `await asyncMap(rows, async (row) => …)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Together {
    pub whole: ExprId,
    pub mapping: Mapping,
    pub callback: FuncId,
}

/// The joins of one file.
pub fn find(reader: &Reader<'_>, sites: &[Site]) -> Vec<ByHand> {
    let queries: Vec<(&Site, &Read)> = sites.iter().filter_map(|site| Some((site, rows_of(reader, site)?))).collect();
    let join = |site: &Site| queries.iter().find_map(|(query, asked)| by_hand(reader, query, asked, site));
    sites.iter().filter_map(join).collect()
}

/// What a query asks for, if rows can be loaded along with its own.
fn rows_of<'s>(reader: &Reader<'_>, site: &'s Site) -> Option<&'s Read> {
    let Ok(Understood { ask: Ask::Read(read), yields: Yields::Rows(_) | Yields::Page(_), .. }) = &site.verdict else { return None };
    let is_fine = matches!(site.flow.taken, Taken::Awaited(_) | Taken::Together | Taken::Mapped(_))
        && site.fields.iter().all(|field| !field.is_written && !field.is_held_against_undefined)
        && site.flow.uses.iter().all(|usage| can_leave(reader.module, usage));
    is_fine.then_some(read)
}

/// Whether the function that asks can write nothing.
fn is_reading(reader: &Reader<'_>, query: &Site) -> bool {
    let Some(Handle::Source(source)) = &query.handle else { return false };
    matches!(reader.ty(*source), Ty::Ctx(ctx) if ctx.kind == Some(FunctionKind::Query))
}

/// Whether rows go there without what was loaded along.
fn can_leave(module: &Module, usage: &Use) -> bool {
    match usage {
        Use::Field(_) => true,
        Use::Receiver(_) | Use::Method(_) | Use::Itself(_) => false,
        Use::Escape { value, shape: Shape::Row, .. } => row_binding(module, *value).is_some(),
        // The rows are put over what is spread.
        Use::Escape { value, shape: Shape::Page, way: Way::Spread } => is_put_over(module, *value, "page"),
        Use::Escape { .. } => false,
    }
}

/// Whether the object into which something is spread has a value of its own under the name.
fn is_put_over(module: &Module, spread: ExprId, name: &str) -> bool {
    let Parent::Expr(object) = module.parent(spread) else { return false };
    let Some(props) = module.as_object(object) else { return false };
    let behind = props.iter().skip_while(|prop| prop.value != spread);
    behind.into_iter().any(|prop| matches!(&prop.key, Key::Name(key) if **key == *name))
}

/// The parameter, or the element of a loop, that an expression is.
fn row_binding(module: &Module, row: ExprId) -> Option<BindingId> {
    let ExprKind::Local(binding) = module.expr(module.bare(row)) else { return None };
    let known = module.binding(*binding);
    (matches!(known.kind, BindingKind::Param(_, 0) | BindingKind::Element(_)) && known.path.is_empty()).then_some(*binding)
}

fn by_hand(reader: &Reader<'_>, query: &Site, asked: &Read, site: &Site) -> Option<ByHand> {
    let module = reader.module;
    let led = led::of(reader, asked, query.top, site)?;
    let is_plain = site.fields.iter().all(|field| !field.is_written);
    if !is_plain || !query.flow.uses.contains(&Use::Field(led.by)) {
        return None;
    }
    let id = led.by;
    let ExprKind::Member { object: row, .. } = module.expr(id) else { return None };
    let binding = row_binding(module, *row)?;
    let limit = match &asked.end {
        End::Take(count) => Some(*count),
        End::Page(options) => page_options(module, *options).map(|(_, count)| count),
        _ => None,
    };
    let unsure = match limit.map(|count| (reader.ty(count), count)) {
        None => None,
        Some((Ty::Literal(Literal::Num(count), _), _)) if count <= MOST => None,
        Some((Ty::Literal(..), _)) => return None,
        Some((_, count)) => Some(reader.text(count)),
    };
    let each = Each::of(module, binding)?;
    let place = place(module, site, id)?;
    let (start, end) = each.extent(module)?;
    let is_each =
        each.is_whole(module, query.top) && module.enclosing_func(site.top) == each.func(module) && each.reaches(module, place, id);
    // What is written in between is seen by one way of reading, and not by the other.
    let region = (module.span(query.top).end.min(start), end);
    if !is_each || !(is_reading(reader, query) || quiet::is_quiet(reader, module.enclosing_func(query.top), region)) {
        return None;
    }
    // What a comment says of the read would be lost with it.
    if !reader.infer.world.file(reader.file).source.comments_in(module.span(place)).is_empty() {
        return None;
    }
    // Callbacks take turns where they await, which nothing but themselves may notice.
    if matches!(each, Each::Callback(callback, _) if !alone::is_alone(module, callback)) {
        return None;
    }
    let together = match each {
        Each::Callback(callback, mapping) => together(reader, callback, mapping, site.top),
        Each::Loop(_) => None,
    };
    // `asyncMap` takes functions that return promises, and no others.
    if let Each::Callback(callback, Mapping { waits: true, .. }) = each
        && !module.func(callback).is_async
        && !together.is_some_and(|together| together.is_lone(reader))
    {
        return None;
    }
    let joined = Joined { relation: led.relation, row: *row, binding, place, together };
    Some(ByHand { query: query.top, read: site.top, joined, rows: led.rows, unsure })
}

/// What the relation stands for: the call, its `await`, and `row.ownerId ? … : null` around it.
fn place(module: &Module, site: &Site, id: ExprId) -> Option<ExprId> {
    let mut at = match site.flow.taken {
        Taken::Awaited(awaited) => awaited,
        Taken::Together | Taken::Chosen(_) | Taken::Returned | Taken::Collected | Taken::Mapped(_) => site.top,
        Taken::Then(_) | Taken::Discarded | Taken::Lazy => return None,
    };
    while let Parent::Expr(up) = module.parent(at) {
        at = match module.expr(up) {
            ExprKind::Paren(_) => up,
            ExprKind::Await(_) if matches!(site.flow.taken, Taken::Chosen(awaited) if awaited == up) => up,
            ExprKind::Cond { test, yes, no }
                if *yes == at && asks_for(module, *test, id) && matches!(module.expr(module.bare(*no)), ExprKind::Null) =>
            {
                up
            }
            _ => break,
        };
    }
    // An `await` of what is chosen stays where the condition does.
    Some(at)
}

/// What awaits the callback's results, if they are no promises once the read is gone.
fn together(reader: &Reader<'_>, callback: FuncId, mapping: Mapping, read: ExprId) -> Option<Together> {
    let module = reader.module;
    let func = module.func(callback);
    let all = mapping.all(module)?;
    if func.return_type.is_some() {
        return None;
    }
    let whole = match module.parent(all) {
        Parent::Expr(up) if matches!(module.expr(up), ExprKind::Await(_)) => match module.parent(up) {
            Parent::Expr(brackets) if matches!(module.expr(brackets), ExprKind::Paren(_)) => brackets,
            _ => up,
        },
        Parent::Stmt { place: Place::Returned, func: Some(func), .. } if module.func(func).is_async => all,
        _ => return None,
    };
    let is_value = |value: &ExprId| is_value(reader, *value, read);
    let holds = match &func.body {
        Body::Expr(value) => is_value(value),
        Body::Block { stmts, .. } => {
            let mut all = true;
            for stmt in stmts {
                stmt.each_return(&mut |found| {
                    if let Stmt::Return { value: Some(value), .. } = found {
                        all &= is_value(value);
                    }
                });
            }
            all
        }
        Body::None => false,
    };
    holds.then_some(Together { whole, mapping, callback })
}

impl Together {
    /// Whether nothing is left to await, and no comment is in the way, for sure.
    fn is_lone(self, reader: &Reader<'_>) -> bool {
        let source = &reader.infer.world.file(reader.file).source;
        let callback = reader.module.func(self.callback);
        self.comments_stay(reader.module, source.comments_in(reader.module.span(self.whole)))
            && !has_await(&source.text[callback.start as usize..callback.end as usize])
    }

    /// Whether all comments stand in what stays: the list, and the callback.
    fn comments_stay(self, module: &Module, comments: &[Comment]) -> bool {
        let Mapping { call, list, callback, waits } = self.mapping;
        let kept = if waits { vec![module.span(list), module.span(callback)] } else { vec![module.span(call)] };
        comments.iter().all(|comment| kept.iter().any(|span| span.start <= comment.start && comment.end <= span.end))
    }
}

/// Whether the word stands in the text.
fn has_await(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').any(|word| word == "await")
}

/// Whether what a function returns is no promise, as the read is none once it is joined.
fn is_value(reader: &Reader<'_>, value: ExprId, read: ExprId) -> bool {
    let module = reader.module;
    let of = |part: &ExprId| is_value(reader, *part, read);
    match module.expr(value) {
        ExprKind::Paren(inner) | ExprKind::Cast { value: inner, .. } => of(inner),
        ExprKind::Cond { yes, no, .. } => of(yes) && of(no),
        ExprKind::Binary { op: Binary::And | Binary::Or | Binary::Coalesce, left, right } => of(left) && of(right),
        ExprKind::Object(_) | ExprKind::Array(_) | ExprKind::Null | ExprKind::Str(_) | ExprKind::Num(_) | ExprKind::Bool(_) => true,
        ExprKind::Template(_) | ExprKind::Await(_) | ExprKind::Binary { .. } | ExprKind::Unary { .. } => true,
        ExprKind::Global(name) => &**name == "undefined",
        ExprKind::Call(_) if value == read => true,
        _ => !reader.ty(value).members().iter().any(|ty| matches!(ty, Ty::Promise(_) | Ty::Unknown)),
    }
}

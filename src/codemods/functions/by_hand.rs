//! Joins that functions make by hand: for each row of a query, the row whose id it holds. The query loads them along, with the relation.
//!
//! Only where that comes to the same: nothing can be written in between, each row is asked for its own, and rows leave without what was
//! loaded along. What a front end or `decide` has left is left here, too.

mod alone;
mod quiet;
mod written;

pub use written::Apart;

use super::ask::{Ask, End, Read, Source, Value};
use super::print::page_options;
use super::reader::Reader;
use super::shapes::{Shape, Taken, Use, Way};
use super::sites::{FileSites, Handle, Site};
use super::target::Path;
use super::verdict::{Remark, Understood, Yields};
use crate::model::hir::{
    Binary, BindingId, BindingKind, Body, ExprId, ExprKind, FuncId, GuardId, Jump, Key, Loop, Module, Name, Parent, Place, Stmt,
};
use crate::model::ty::{FunctionKind, Literal, Ty};

/// As many different rows as a relation loads at once.
const MOST: f64 = 1000.0;

/// A read that a relation of an earlier query can take the place of.
#[derive(Clone, Debug)]
pub struct ByHand {
    /// The last calls of the query, and of the read.
    query: ExprId,
    read: ExprId,
    joined: Joined,
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

/// `await Promise.all(rows.map(async (row) => …))`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Together {
    pub whole: ExprId,
    pub list: ExprId,
    pub callback: FuncId,
}

/// The joins of one file.
pub fn find(reader: &Reader<'_>, sites: &[Site]) -> Vec<ByHand> {
    let queries: Vec<(&Site, &Read)> = sites.iter().filter_map(|site| Some((site, rows_of(reader, site)?))).collect();
    let join = |site: &Site| queries.iter().find_map(|(query, asked)| by_hand(reader, query, asked, site));
    sites.iter().filter_map(join).collect()
}

/// Lets queries load what they are joined with, where both are rewritten.
pub fn apply(found: &mut [FileSites]) {
    for file in found {
        let is_live = |top: ExprId| file.sites.iter().any(|site| site.top == top && site.is_live());
        let joins: Vec<ByHand> = file.by_hand.iter().filter(|join| is_live(join.query) && is_live(join.read)).cloned().collect();
        for join in joins {
            for site in &mut file.sites {
                if site.top == join.read {
                    site.joined = Some(join.joined.clone());
                }
                if site.top != join.query || site.with.contains(&join.joined.relation) {
                    continue;
                }
                site.with.push(join.joined.relation.clone());
                let Ok(Understood { remarks, .. }) = &mut site.verdict else { continue };
                if let Some(limit) = &join.unsure {
                    let message =
                        format!("`{limit}` must lead to no more than 1000 different rows of `{}` for the ORM", join.joined.relation);
                    remarks.push(Remark { code: "functions-limit", message, suggestion: None });
                }
            }
        }
    }
}

/// What a query asks for, if rows can be loaded along with its own.
fn rows_of<'s>(reader: &Reader<'_>, site: &'s Site) -> Option<&'s Read> {
    let Ok(Understood { ask: Ask::Read(read), yields: Yields::Rows(_) | Yields::Page(_), .. }) = &site.verdict else { return None };
    let is_fine = matches!(site.flow.taken, Taken::Awaited(_) | Taken::Together)
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
    let Ok(Understood { ask: Ask::Read(Read { table, source: Source::Id(Value::Expr(id)), filters, .. }), .. }) = &site.verdict else {
        return None;
    };
    let is_plain = filters.is_empty() && site.fields.iter().all(|field| !field.is_written);
    let id = module.bare(*id);
    if !is_plain || !query.flow.uses.contains(&Use::Field(id)) {
        return None;
    }
    let ExprKind::Member { object: row, property: column, optional: false } = module.expr(id) else { return None };
    let binding = row_binding(module, *row)?;
    let relation =
        reader.target.relation(&asked.table, &Path::Own(column.clone())).filter(|relation| !relation.is_many && relation.is_own)?;
    if relation.to.as_ref() != Some(table) {
        return None;
    }
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
    let is_each = each.is_whole(module) && module.enclosing_func(site.top) == each.func(module) && each.reaches(module, place, id);
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
        Each::Callback(callback, _) => together(reader, callback, site.top),
        Each::Loop(_) => None,
    };
    let joined = Joined { relation: relation.name.clone(), row: *row, binding, place, together };
    Some(ByHand { query: query.top, read: site.top, joined, unsure })
}

/// What goes through the rows.
#[derive(Clone, Copy)]
enum Each {
    /// A function that is called for each, and the call that is given it.
    Callback(FuncId, ExprId),
    /// `for (const row of rows)`: the rows.
    Loop(ExprId),
}

impl Each {
    fn of(module: &Module, row: BindingId) -> Option<Self> {
        match module.binding(row).kind {
            BindingKind::Element(rows) => Some(Self::Loop(rows)),
            BindingKind::Param(func, _) => {
                let Parent::Expr(call) = module.parent(module.func(func).expr?) else { return None };
                let (_, _, method) = module.method(call)?;
                (&**method == "map").then_some(Self::Callback(func, call))
            }
            _ => None,
        }
    }

    /// The function whose statements are done for each row.
    fn func(self, module: &Module) -> Option<FuncId> {
        match self {
            Self::Callback(func, _) => Some(func),
            Self::Loop(rows) => module.enclosing_func(rows),
        }
    }

    /// Whether these are all rows of the query, and not some of them.
    fn is_whole(self, module: &Module) -> bool {
        match self {
            Self::Callback(_, call) => module.method(call).is_some_and(|(_, rows, _)| is_whole(module, rows)),
            Self::Loop(rows) => is_whole(module, rows),
        }
    }

    /// From where to where what is done for each row stands; `None` of a loop that may end early: it has not asked for the rows that follow.
    fn extent(self, module: &Module) -> Option<(u32, u32)> {
        match self {
            Self::Callback(func, _) => Some((module.func(func).start, module.func(func).end)),
            Self::Loop(rows) => {
                let stmts = match module.enclosing_func(rows).map(|func| &module.func(func).body) {
                    Some(Body::Block { stmts, .. }) => stmts,
                    _ => return None,
                };
                let (body, start, end) = loop_over(stmts, rows)?;
                (!body.iter().any(leaves_loop)).then_some((start, end))
            }
        }
    }

    /// Whether the place is reached for each row, unless the row holds no id.
    fn reaches(self, module: &Module, place: ExprId, id: ExprId) -> bool {
        let Some((start, end)) = self.extent(module) else { return false };
        let mut at = place;
        let guard = loop {
            match module.parent(at) {
                Parent::Stmt { guard, .. } => break guard,
                Parent::Expr(up) => {
                    let is_reached = match module.expr(up) {
                        ExprKind::Cond { test, yes, .. } => *test == at || *yes == at && asks_for(module, *test, id),
                        ExprKind::Binary { op: Binary::And, left, .. } => *left == at || asks_for(module, *left, id),
                        ExprKind::Binary { op: Binary::Or | Binary::Coalesce, left, .. } => *left == at,
                        _ => true,
                    };
                    if !is_reached {
                        return false;
                    }
                    at = up;
                }
            }
        };
        let is_inside = |test: ExprId| start <= module.span(test).start && module.span(test).end <= end;
        let mut next: Option<GuardId> = guard;
        while let Some(guard) = next.map(|guard| module.guard(guard)) {
            let asks = if guard.holds { asks_for } else { lacks };
            if is_inside(guard.test) && !asks(module, guard.test, id) {
                return false;
            }
            next = guard.outer;
        }
        true
    }
}

/// Whether all rows of a query are held, as they came.
fn is_whole(module: &Module, rows: ExprId) -> bool {
    match module.expr(module.bare(rows)) {
        ExprKind::Await(_) => true,
        ExprKind::Local(binding) => match module.binding(*binding).kind {
            BindingKind::Const(Some(init)) => matches!(module.expr(module.bare(init)), ExprKind::Await(_)),
            _ => false,
        },
        ExprKind::Member { object, property, .. } => &**property == "page" && is_whole(module, *object),
        _ => false,
    }
}

/// The body of the loop over these rows.
fn loop_over(stmts: &[Stmt], rows: ExprId) -> Option<(&[Stmt], u32, u32)> {
    let within = |list| loop_over(list, rows);
    stmts.iter().find_map(|stmt| match stmt {
        Stmt::Loop { kind: Loop::Of { is_await: false }, heads, body, start, end, .. } if heads.contains(&rows) => {
            Some((&body[..], *start, *end))
        }
        Stmt::Loop { body, .. } | Stmt::Block(body) => within(body),
        Stmt::If { yes, no, .. } => within(yes).or_else(|| within(no)),
        Stmt::Switch { cases, .. } => cases.iter().find_map(|case| within(&case.body)),
        Stmt::Try { block, handler, finalizer } => {
            within(block).or_else(|| handler.as_ref().and_then(|handler| within(handler))).or_else(|| within(finalizer))
        }
        _ => None,
    })
}

/// Whether a statement of a loop ends the loop, or the function.
fn leaves_loop(stmt: &Stmt) -> bool {
    let any = |list: &[Stmt]| list.iter().any(leaves_loop);
    match stmt {
        Stmt::Return { .. } | Stmt::Jump(Jump::Break | Jump::Labelled) => true,
        Stmt::If { yes, no, .. } => any(yes) || any(no),
        Stmt::Loop { body, .. } | Stmt::Block(body) => any(body),
        Stmt::Switch { cases, .. } => cases.iter().any(|case| any(&case.body)),
        Stmt::Try { block, handler, finalizer } => any(block) || handler.as_ref().is_some_and(|handler| any(handler)) || any(finalizer),
        Stmt::Jump(Jump::Continue) | Stmt::Expr(_) | Stmt::Var { .. } | Stmt::Throw(_) | Stmt::Func(_) => false,
    }
}

/// Whether a condition asks for nothing but whether the row holds an id: `row.ownerId`, `row.ownerId !== undefined`.
fn asks_for(module: &Module, test: ExprId, id: ExprId) -> bool {
    match module.expr(module.bare(test)) {
        ExprKind::Binary { op: Binary::StrictNe | Binary::LooseNe, left, right } => {
            is_nothing(module, *right) && is_same(module, *left, id) || is_nothing(module, *left) && is_same(module, *right, id)
        }
        _ => is_same(module, test, id),
    }
}

/// Whether a condition asks for nothing but whether the row holds no id: `!row.ownerId`.
fn lacks(module: &Module, test: ExprId, id: ExprId) -> bool {
    match module.expr(module.bare(test)) {
        ExprKind::Unary { op: crate::model::hir::Unary::Not, operand } => is_same(module, *operand, id),
        ExprKind::Binary { op: Binary::StrictEq | Binary::LooseEq, left, right } => {
            is_nothing(module, *right) && is_same(module, *left, id)
        }
        _ => false,
    }
}

fn is_nothing(module: &Module, value: ExprId) -> bool {
    match module.expr(module.bare(value)) {
        ExprKind::Null => true,
        ExprKind::Global(name) => &**name == "undefined",
        _ => false,
    }
}

/// Whether both are the same field of the same row.
fn is_same(module: &Module, a: ExprId, b: ExprId) -> bool {
    let parts = |id: ExprId| match module.expr(module.bare(id)) {
        ExprKind::Member { object, property, .. } => match module.expr(module.bare(*object)) {
            ExprKind::Local(binding) => Some((*binding, property.clone())),
            _ => None,
        },
        _ => None,
    };
    parts(a).is_some() && parts(a) == parts(b)
}

/// What the relation stands for: the call, its `await`, and `row.ownerId ? … : null` around it.
fn place(module: &Module, site: &Site, id: ExprId) -> Option<ExprId> {
    let mut at = match site.flow.taken {
        Taken::Awaited(awaited) => awaited,
        Taken::Together | Taken::Chosen(_) | Taken::Returned | Taken::Collected => site.top,
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
fn together(reader: &Reader<'_>, callback: FuncId, read: ExprId) -> Option<Together> {
    let module = reader.module;
    let func = module.func(callback);
    let Parent::Expr(list) = module.parent(func.expr?) else { return None };
    let (called, _, method) = module.method(list)?;
    let Parent::Expr(all) = module.parent(list) else { return None };
    let (call, object, name) = module.method(all)?;
    let is_all = &**name == "all" && matches!(module.expr(module.bare(object)), ExprKind::Global(name) if &**name == "Promise");
    if !is_all || call.args.len() != 1 || called.args.len() != 1 || &**method != "map" || func.return_type.is_some() {
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
    holds.then_some(Together { whole, list, callback })
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

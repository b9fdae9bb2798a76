//! What goes through the rows of a query: whether these are all of them, where what is done for each stands, and which places of it are
//! reached for each row.

use crate::model::hir::{Binary, BindingId, BindingKind, Body, ExprId, ExprKind, FuncId, GuardId, Jump, Loop, Module, Parent, Stmt, Unary};
use crate::model::repetition::Mapping;

/// What goes through the rows.
#[derive(Clone, Copy)]
pub enum Each {
    /// A function that is called for each.
    Callback(FuncId, Mapping),
    /// `for (const row of rows)`: the rows.
    Loop(ExprId),
}

impl Each {
    pub fn of(module: &Module, row: BindingId) -> Option<Self> {
        match module.binding(row).kind {
            BindingKind::Element(rows) => Some(Self::Loop(rows)),
            BindingKind::Param(func, _) => Some(Self::Callback(func, Mapping::by(module, func)?)),
            _ => None,
        }
    }

    /// The function whose statements are done for each row.
    pub fn func(self, module: &Module) -> Option<FuncId> {
        match self {
            Self::Callback(func, _) => Some(func),
            Self::Loop(rows) => module.enclosing_func(rows),
        }
    }

    /// Whether these are all rows of the query whose last call this is, and not some of them.
    pub fn is_whole(self, module: &Module, query: ExprId) -> bool {
        match self {
            Self::Callback(_, mapping) => is_whole(module, mapping.list) || mapping.waits && module.bare(mapping.list) == query,
            Self::Loop(rows) => is_whole(module, rows),
        }
    }

    /// From where to where what is done for each row stands; `None` of a loop that may end early: it has not asked for the rows that follow.
    pub fn extent(self, module: &Module) -> Option<(u32, u32)> {
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
    pub fn reaches(self, module: &Module, place: ExprId, id: ExprId) -> bool {
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
pub fn asks_for(module: &Module, test: ExprId, id: ExprId) -> bool {
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
        ExprKind::Unary { op: Unary::Not, operand } => is_same(module, *operand, id),
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

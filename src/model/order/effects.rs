//! What is done for each row, one after the other: does it come to the same in any order?
//!
//! Deleting every row, patching each of them, adding numbers up: yes. Inserting, stopping at a row, keeping the last one: no.

use super::each::{Each, Found, Log, Stop, root};
use super::{OrderSeen, Rows, Sight, What};
use crate::model::hir::{BindingId, BindingKind, Body, Call, ExprId, ExprKind, Jump, Parent, Stmt, Unary};
use crate::model::ty::{Literal, Ty};
use crate::source::{FileId, Span};

/// What a statement may leave.
#[derive(Clone, Copy)]
struct Inside {
    /// The loop over the rows itself: `return` and `break` stop it.
    rows: bool,
    /// A loop or switch inside of it, which a `break` would leave instead.
    nested: bool,
}

impl Rows<'_, '_> {
    /// `for (const row of rows) { … }`, where `child` is what is iterated.
    pub(super) fn iterated(&self, file: FileId, child: ExprId) -> Found {
        let module = self.infer.hir(file);
        let mut root = child;
        while let Parent::Expr(up) = module.parent(root) {
            root = up;
        }
        let body = match module.enclosing_func(root).map(|f| &module.func(f).body) {
            Some(Body::Block { stmts, .. }) => &stmts[..],
            Some(_) => &[],
            None => &module.body[..],
        };
        let Some(Stmt::Loop { body, start, end, .. }) = find_loop(body, root) else {
            return Some(OrderSeen { span: module.span(child), how: Sight::HandedOn });
        };
        let log = Log::default();
        let each = Each { file, module, start: *start, end: *end, log: &log };
        self.statements(each, body, Inside { rows: true, nested: false }).or_else(|| log.verdict())
    }

    /// The body of a callback or of a helper, called for each row.
    pub(super) fn effects(&self, file: FileId, body: &Body, (start, end): (u32, u32)) -> Found {
        let log = Log::default();
        let each = Each { file, module: self.infer.hir(file), start, end, log: &log };
        let found = match body {
            Body::None => None,
            Body::Expr(value) => self.expression(each, *value),
            Body::Block { stmts, .. } => self.statements(each, stmts, Inside { rows: false, nested: false }),
        };
        found.or_else(|| log.verdict())
    }

    fn statements(&self, each: Each<'_>, stmts: &[Stmt], inside: Inside) -> Found {
        stmts.iter().find_map(|stmt| self.statement(each, stmt, inside))
    }

    fn statement(&self, each: Each<'_>, stmt: &Stmt, inside: Inside) -> Found {
        let all = |list: &[Stmt], inside| self.statements(each, list, inside);
        let stops = |span: Span| Some(OrderSeen { span, how: Sight::Searched });
        match stmt {
            Stmt::Expr(value) => self.expression(each, *value),
            Stmt::Var { init, .. } => init.and_then(|init| self.expression(each, init)),
            Stmt::Return { value, start, end } if inside.rows => {
                let span = each.module.at(*start, *end);
                match value.map(|v| (v, self.infer.expr(each.file, v))) {
                    None => each.log.stops(span, Stop::Return(None)),
                    Some((_, Ty::Null | Ty::Undefined)) => each.log.stops(span, Stop::Return(None)),
                    Some((v, Ty::Literal(literal, _))) if !each.names_own(v) => each.log.stops(span, Stop::Return(Some(literal))),
                    _ => stops(span),
                }
            }
            Stmt::Return { value, .. } => value.and_then(|value| self.expression(each, value)),
            Stmt::If { test, yes, no } => self.expression(each, *test).or_else(|| all(yes, inside)).or_else(|| all(no, inside)),
            Stmt::Loop { heads, body, .. } => {
                heads.iter().find_map(|head| self.expression(each, *head)).or_else(|| all(body, Inside { nested: true, ..inside }))
            }
            Stmt::Switch { subject, cases } => self.expression(each, *subject).or_else(|| {
                let inside = Inside { nested: true, ..inside };
                cases.iter().find_map(|c| c.test.and_then(|t| self.expression(each, t)).or_else(|| all(&c.body, inside)))
            }),
            Stmt::Try { block, handler, finalizer } => {
                all(block, inside).or_else(|| handler.as_ref().and_then(|h| all(h, inside))).or_else(|| all(finalizer, inside))
            }
            // Thrown for one row or another, but thrown; only what it says may differ.
            Stmt::Throw(value) if each.names_own(*value) => stops(each.module.span(*value)),
            Stmt::Throw(value) => each.log.stops(each.module.span(*value), Stop::Throw),
            Stmt::Jump(Jump::Break) if inside.rows && !inside.nested => each.log.stops(each.module.at(each.start, each.end), Stop::Break),
            Stmt::Jump(Jump::Labelled) if inside.rows => stops(each.module.at(each.start, each.end)),
            Stmt::Jump(_) => None,
            Stmt::Block(stmts) => all(stmts, inside),
            // Looked at where it is called.
            Stmt::Func(_) => None,
        }
    }

    fn expression(&self, each: Each<'_>, id: ExprId) -> Found {
        let module = each.module;
        let own = match module.expr(id) {
            ExprKind::Func(func) => {
                let body = &module.func(*func).body;
                match body {
                    Body::None => None,
                    Body::Expr(value) => self.expression(each, *value),
                    Body::Block { stmts, .. } => self.statements(each, stmts, Inside { rows: false, nested: false }),
                }
            }
            ExprKind::Call(call) => self.call(each, id, call),
            ExprKind::New(call) => match self.infer.expr(each.file, call.callee) {
                Ty::External(external) if matches!(&*external.module, "global" | "convex/values") => None,
                _ => each.seen(id, Sight::HandedOn),
            },
            ExprKind::Assign { target, value, plain } => self.assignment(each, id, *target, *value, *plain),
            ExprKind::Unary { op: Unary::Update, operand } => match root(module, *operand) {
                Some(binding) if each.owns(binding) => None,
                Some(binding) if each.is_only_updated(binding) && each.is_thrown_away(id) => each.acts(),
                _ => each.seen(id, Sight::Written),
            },
            _ => None,
        };
        own.or_else(|| {
            let mut parts = Vec::new();
            module.children(id, &mut |part| parts.push(part));
            parts.into_iter().find_map(|part| self.expression(each, part))
        })
    }

    fn assignment(&self, each: Each<'_>, id: ExprId, target: Option<ExprId>, value: ExprId, plain: bool) -> Found {
        let Some(target) = target else { return each.seen(id, Sight::Written) };
        if let Some(root) = root(each.module, target)
            && each.owns(root)
        {
            return None;
        }
        let Some(binding) = root(each.module, target) else { return each.seen(id, Sight::Written) };
        let is_name = each.outer(target).is_some();
        let declared = each.module.binding(binding);
        let within = || declared.writes.iter().flatten().filter(|w| each.holds(each.module.span(**w)));
        let comes_to_the_same = if plain {
            // `found = true`, wherever it is said.
            let flag = |id: ExprId| match each.module.expr(each.module.bare(id)) {
                ExprKind::Bool(value) => Some(*value),
                _ => None,
            };
            is_name && flag(value).is_some() && within().all(|w| flag(*w) == flag(value))
        } else {
            let is_number = |ty: &Ty| matches!(ty, Ty::Number | Ty::Literal(Literal::Num(_), _));
            let starts_as_number = match declared.kind {
                BindingKind::Let(Some(init)) => is_name && is_number(&self.infer.expr(each.file, init)),
                _ => false,
            };
            starts_as_number || is_number(&self.infer.expr(each.file, value))
        };
        match comes_to_the_same && each.is_only_updated(binding) && (plain || each.is_thrown_away(id)) {
            // A flag is up, whichever row raised it.
            true if plain => None,
            true => each.acts(),
            false => each.seen(id, Sight::Written),
        }
    }

    fn call(&self, each: Each<'_>, id: ExprId, call: &Call) -> Found {
        let module = each.module;
        if let Some((_, object, method)) = module.method(id) {
            let base = self.infer.expr(each.file, object).non_null();
            if let Some(found) = self.method_effect(each, id, call, object, &base, method) {
                return found;
            }
        }
        match self.infer.expr(each.file, call.callee) {
            Ty::Function(at) => {
                let is_deep = self.calls.borrow().len() >= super::CALLS || self.calls.borrow().iter().any(|(inner, ..)| *inner == at);
                if is_deep {
                    return each.seen(id, Sight::HandedOn);
                }
                self.calls.borrow_mut().push((at, each.file, id));
                let found = self.effects_of(at);
                self.calls.borrow_mut().pop();
                // What it does was not counted here.
                each.acts();
                found
            }
            Ty::External(external) => match (&*external.module, external.path.first().map(|p| &**p)) {
                ("global", Some("fetch" | "setTimeout" | "setInterval" | "queueMicrotask")) => each.seen(id, Sight::HandedOn),
                ("global" | "instance" | "convex/values", _) => None,
                (module, _) if module.starts_with("convex-helpers") => None,
                _ => each.seen(id, Sight::HandedOn),
            },
            Ty::CtxPart(part) => match &*part {
                "runQuery" | "vectorSearch" => None,
                part if part.starts_with("auth.") => None,
                "storage.getUrl" | "storage.getMetadata" => None,
                "storage.delete" => each.acts(),
                _ => each.seen(id, Sight::Written),
            },
            _ => each.seen(id, Sight::HandedOn),
        }
    }

    /// A method that is known for what it is called on; `None` to look at the callee itself.
    fn method_effect(&self, each: Each<'_>, id: ExprId, call: &Call, object: ExprId, base: &Ty, method: &str) -> Option<Found> {
        let named = match each.module.expr(each.module.bare(object)) {
            ExprKind::Local(binding) => Some(*binding),
            _ => None,
        };
        let grows = |binding: BindingId| {
            if each.owns(binding) {
                return None;
            }
            each.acts().or_else(|| self.uses(each.file, binding, What::All))
        };
        Some(match (base, method) {
            (Ty::Db, "patch" | "replace") => each.acts().or_else(|| self.write(each, id, call)),
            (Ty::Db, "delete") => each.acts(),
            (Ty::Db, "insert") => each.seen(id, Sight::Written),
            (Ty::Db | Ty::Query(_) | Ty::RangeBuilder | Ty::FilterBuilder, _) => None,
            (Ty::CtxPart(_) | Ty::Function(_) | Ty::Namespace(_), _) => return None,
            (Ty::External(external), _) if &*external.module != "instance" => return None,
            (_, "push" | "unshift" | "add") => match named {
                Some(binding) => grows(binding),
                None => each.seen(id, Sight::HandedOn),
            },
            (_, "set") if named.is_some() && call.args.first().is_some_and(|key| each.is_own_id(key.value)) => named.and_then(grows),
            (_, "set" | "splice" | "pop" | "shift" | "sort" | "reverse" | "fill") => match root(each.module, object) {
                Some(binding) if each.owns(binding) => None,
                _ => each.seen(id, Sight::Written),
            },
            (Ty::Unknown, name) if !READS.contains(&name) => return None,
            _ => None,
        })
    }

    /// `db.patch(row._id, …)`: each row its own, or the same for all.
    fn write(&self, each: Each<'_>, id: ExprId, call: &Call) -> Found {
        let (target, value) = match &*call.args {
            [target, value] | [_, target, value] => (target.value, value.value),
            _ => return each.seen(id, Sight::Written),
        };
        if each.is_own_id(target) || !each.names_own(value) { None } else { each.seen(id, Sight::Written) }
    }
}

/// Methods that change nothing, for receivers that are not known.
const READS: &[&str] = &[
    "map",
    "filter",
    "flatMap",
    "some",
    "every",
    "includes",
    "find",
    "findIndex",
    "forEach",
    "reduce",
    "slice",
    "concat",
    "join",
    "split",
    "at",
    "has",
    "get",
    "keys",
    "values",
    "entries",
    "indexOf",
    "toString",
    "toISOString",
    "getTime",
    "toLowerCase",
    "toUpperCase",
    "trim",
    "startsWith",
    "endsWith",
    "replace",
    "replaceAll",
    "match",
    "test",
    "localeCompare",
    "toFixed",
    "then",
    "catch",
    "flat",
];

fn find_loop(stmts: &[Stmt], head: ExprId) -> Option<&Stmt> {
    stmts.iter().find_map(|stmt| match stmt {
        Stmt::Loop { heads, body, .. } => {
            if heads.contains(&head) {
                Some(stmt)
            } else {
                find_loop(body, head)
            }
        }
        Stmt::If { yes, no, .. } => find_loop(yes, head).or_else(|| find_loop(no, head)),
        Stmt::Block(body) => find_loop(body, head),
        Stmt::Switch { cases, .. } => cases.iter().find_map(|c| find_loop(&c.body, head)),
        Stmt::Try { block, handler, finalizer } => {
            find_loop(block, head).or_else(|| handler.as_ref().and_then(|h| find_loop(h, head))).or_else(|| find_loop(finalizer, head))
        }
        _ => None,
    })
}

//! What lists of rows are put through: methods of arrays, sets and maps, and functions that take a list.

use super::{OrderSeen, Rows, Sight, What, seen, strongest};
use crate::model::hir::{Binary, BindingId, Call, ExprId, ExprKind, Module, Parent, Place};
use crate::model::ty::{External, FunctionAt, Literal, Ty};
use crate::source::FileId;

impl Rows<'_, '_> {
    /// A method is called on the value.
    pub(super) fn method(&self, file: FileId, call: ExprId, name: &str, what: What) -> Option<OrderSeen> {
        let module = self.infer.hir(file);
        let here = || seen(module, call, what);
        let go_on = |what| self.value(file, call, what);
        match (what, name) {
            (_, "catch" | "finally") => return go_on(what),
            (_, "then") => {
                let callback = module.call(call).and_then(|c| c.args.first()).and_then(|a| self.infer.function(file, a.value));
                return callback.and_then(|at| self.entered(file, call, at, 0, what)).unwrap_or_else(here);
            }
            (What::Part(..), _) => return here(),
            // A wrapper of convex-helpers around the query.
            (What::Query, "collect") => return go_on(What::All),
            (What::Query, "unique") => return None,
            (What::Query, "first" | "take") => return go_on(What::Part(module.span(call), Sight::Picked)),
            (What::Query, "paginate") => return Some(OrderSeen { span: module.span(call), how: Sight::Paged }),
            (What::Query, "order") => {
                let found = go_on(What::Query)?;
                return Some(OrderSeen { span: module.span(call), how: found.how.max(Sight::Ordered) });
            }
            (What::Query, "withIndex" | "fullTableScan" | "filter" | "filterWith" | "limit") => return go_on(What::Query),
            (What::Query, _) => return here(),
            (What::All, _) => {}
        }
        match name {
            // Whether there is one, what is kept under a key: the same in any order.
            "includes" | "has" | "get" | "set" | "add" | "delete" | "clear" => None,
            "some" | "every" | "forEach" => self.callback(file, call),
            "filter" | "map" | "flatMap" => strongest([self.callback(file, call), go_on(What::All)]),
            "flat" | "concat" | "values" | "reverse" | "toReversed" => go_on(What::All),
            "push" | "unshift" => None,
            "find" | "findLast" | "findIndex" | "findLastIndex" | "indexOf" | "lastIndexOf" => {
                go_on(What::Part(module.span(call), Sight::Searched))
            }
            "at" | "slice" | "splice" | "pop" | "shift" => go_on(What::Part(module.span(call), Sight::Picked)),
            "sort" | "toSorted" => {
                let found = go_on(What::All)?;
                if self.is_total(file, call) { None } else { Some(OrderSeen { how: Sight::Tied, ..found }) }
            }
            "reduce" if self.is_sum(file, call) => None,
            _ => here(),
        }
    }

    /// A function that is no part of the project takes the value.
    pub(super) fn external(
        &self,
        file: FileId,
        id: ExprId,
        call: &Call,
        external: &External,
        place: usize,
        what: What,
    ) -> Option<Option<OrderSeen>> {
        let mut room = Default::default();
        let path = external.parts(&mut room);
        let spread = call.args.get(place)?.spread;
        match (&*external.module, path, what) {
            ("global", ["Boolean"] | ["Array", "isArray"] | ["console", _], _) => Some(None),
            ("global", ["Math", "max" | "min"], What::All) if spread => Some(None),
            ("global", ["Promise", "all" | "allSettled"] | ["Set"], What::All) => Some(self.value(file, id, what)),
            ("global", ["Array", "from"], What::All) if place == 0 => {
                Some(strongest([self.callback_at(file, call, 1), self.value(file, id, what)]))
            }
            ("global", ["Map"], What::All) if self.is_keyed_by_id(file, call) => Some(self.value(file, id, what)),
            ("global", ["Map"] | ["Object", "fromEntries"], What::All) => {
                let found = self.value(file, id, what);
                let written = OrderSeen { span: self.infer.hir(file).span(id), how: Sight::Written };
                Some(found.or(Some(written)))
            }
            (module, [name], What::All) if module.starts_with("convex-helpers") => match *name {
                "asyncMap" if place == 0 => Some(strongest([self.callback_at(file, call, 1), self.value(file, id, what)])),
                "getAll" | "getAllOrThrow" | "pruneNull" => Some(self.value(file, id, what)),
                _ => None,
            },
            (module, ["filter"], What::Query) if module.starts_with("convex-helpers") && place == 0 => {
                Some(strongest([self.callback_at(file, call, 1), self.value(file, id, what)]))
            }
            _ => None,
        }
    }

    /// What a method's callback does for each row, if the order shows in it.
    fn callback(&self, file: FileId, call: ExprId) -> Option<OrderSeen> {
        self.infer.hir(file).call(call).and_then(|call| self.callback_at(file, call, 0))
    }

    fn callback_at(&self, file: FileId, call: &Call, place: usize) -> Option<OrderSeen> {
        let module = self.infer.hir(file);
        let given = call.args.get(place)?.value;
        match self.infer.expr(file, given) {
            Ty::Function(at) => {
                let inner = self.infer.hir(at.file);
                let by_place = inner.func(at.func).params.iter().skip(1).flat_map(|p| inner.bindings_in(p.bindings));
                match by_place.map(|b| inner.binding(b)).find(|b| !b.uses.is_empty()) {
                    Some(index) => Some(OrderSeen { span: inner.at(index.start, index.end), how: Sight::HandedOn }),
                    None => self.effects_of(at),
                }
            }
            Ty::External(external) if &*external.module == "global" => None,
            _ => Some(OrderSeen { span: module.span(given), how: Sight::HandedOn }),
        }
    }

    /// Whether this use sorts the list that the name holds: from where on, and whether no two rows compare equal.
    pub(super) fn sorts_in_place(&self, file: FileId, usage: ExprId) -> Option<(u32, bool)> {
        let module = self.infer.hir(file);
        let (Parent::Expr(member), child) = module.meaningful_parent(usage) else { return None };
        let ExprKind::Member { object, property, .. } = module.expr(member) else { return None };
        if *object != child || &**property != "sort" {
            return None;
        }
        let call = super::called(module, member)?;
        // In a branch or a callback it may not have run.
        let same = |a: Parent| match a {
            Parent::Stmt { place, guard, .. } => place == Place::Discarded && guard.is_none() || place == Place::Returned,
            Parent::Expr(_) => false,
        };
        same(module.meaningful_parent(call).0).then(|| (module.span(call).start, self.is_total(file, call)))
    }

    /// `(a, b) => a._creationTime - b._creationTime`: no two rows compare equal.
    fn is_total(&self, file: FileId, call: ExprId) -> bool {
        let module = self.infer.hir(file);
        let Some((params, body)) = module.call(call).and_then(|c| c.args.first()).and_then(|a| small(module, a.value)) else {
            return false;
        };
        let [Some(first), Some(second)] = params[..] else { return false };
        let own = |id: ExprId, param: BindingId| match module.expr(module.bare(id)) {
            ExprKind::Member { object, property, .. } => is_local(module, *object, param) && matches!(&**property, "_creationTime" | "_id"),
            _ => false,
        };
        match module.expr(module.bare(body)) {
            ExprKind::Binary { op: Binary::Arithmetic, left, right } => {
                own(*left, first) && own(*right, second) || own(*left, second) && own(*right, first)
            }
            _ => false,
        }
    }

    /// `(sum, row) => sum + row.amount` from a number: the same in any order.
    fn is_sum(&self, file: FileId, call: ExprId) -> bool {
        let module = self.infer.hir(file);
        let Some([step, start]) = module.call(call).map(|c| &*c.args) else { return false };
        let from_number = matches!(self.infer.expr(file, start.value), Ty::Number | Ty::Literal(Literal::Num(_), _));
        let Some((params, body)) = small(module, step.value) else { return false };
        let [Some(sum), _] = &params[..] else { return false };
        let adds = |id: ExprId| match module.expr(module.bare(id)) {
            ExprKind::Binary { op: Binary::Add, left, right } => {
                is_local(module, *left, *sum) && !mentions(module, *right, *sum)
                    || is_local(module, *right, *sum) && !mentions(module, *left, *sum)
            }
            ExprKind::Call(call) => {
                let is_extreme = matches!(self.infer.expr(file, call.callee), Ty::External(e) if e.is("global", &["Math", "max"]) || e.is("global", &["Math", "min"]));
                is_extreme && call.args.iter().filter(|a| mentions(module, a.value, *sum)).all(|a| is_local(module, a.value, *sum))
            }
            _ => is_local(module, id, *sum),
        };
        let sums = match module.expr(module.bare(body)) {
            ExprKind::Cond { test, yes, no } => !mentions(module, *test, *sum) && adds(*yes) && adds(*no),
            _ => adds(body),
        };
        from_number && sums
    }

    /// `new Map(rows.map((row) => [row._id, …]))`.
    fn is_keyed_by_id(&self, file: FileId, call: &Call) -> bool {
        let module = self.infer.hir(file);
        let Some((_, _, method)) = call.args.first().and_then(|a| module.method(module.bare(a.value))) else { return false };
        let pairs = call.args.first().and_then(|a| module.call(module.bare(a.value))).and_then(|c| c.args.first());
        let Some((params, body)) = pairs.and_then(|a| small(module, a.value)) else { return false };
        let key = match module.expr(module.bare(body)) {
            ExprKind::Array(items) => items.first().map(|a| module.bare(a.value)),
            _ => None,
        };
        let Some(ExprKind::Member { object, property, .. }) = key.map(|k| module.expr(k)) else { return false };
        &**method == "map" && &**property == "_id" && params.first().is_some_and(|p| p.is_some_and(|p| is_local(module, *object, p)))
    }

    pub(super) fn effects_of(&self, at: FunctionAt) -> Option<OrderSeen> {
        let func = self.infer.hir(at.file).func(at.func);
        self.effects(at.file, &func.body, (func.start, func.end))
    }
}

/// The parameters (those that are plain names) and the value of a callback that is no more than an expression.
fn small(module: &Module, callback: ExprId) -> Option<(Vec<Option<BindingId>>, ExprId)> {
    let func = module.func(module.as_func(callback)?);
    Some((func.params.iter().map(|p| p.is_name.then_some(p.bindings.0)).collect(), func.body.value()?))
}

fn is_local(module: &Module, id: ExprId, binding: BindingId) -> bool {
    matches!(module.expr(module.bare(id)), ExprKind::Local(b) if *b == binding)
}

fn mentions(module: &Module, id: ExprId, binding: BindingId) -> bool {
    let span = module.span(id);
    module.binding(binding).uses.iter().any(|u| span.contains(module.span(*u)))
}

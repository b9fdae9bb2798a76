//! How a promise is used: awaited, returned, one of several, chosen by a condition, handed on.

use super::shapes::{Taken, Tracer};
use crate::model::hir::{Binary, ExprId, ExprKind, FuncId, Parent, Place, Unary};
use crate::model::promises::is_promise_all;
use crate::model::repetition::Mapping;

impl Tracer<'_> {
    /// How the promise is used, and the expression that stands for it there: `wanted ? promise : null` may.
    pub fn taken(&self, top: ExprId) -> (Taken, ExprId) {
        let mut at = top;
        let mut is_chosen = false;
        loop {
            let taken = match self.module.parent(at) {
                Parent::Expr(up) => match self.module.expr(up) {
                    ExprKind::Paren(_) => {
                        at = up;
                        continue;
                    }
                    ExprKind::Cond { test, yes, no } if *test != at && self.is_nothing(if *yes == at { *no } else { *yes }) => {
                        (at, is_chosen) = (up, true);
                        continue;
                    }
                    ExprKind::Binary { op: Binary::And, right, .. } if *right == at => {
                        (at, is_chosen) = (up, true);
                        continue;
                    }
                    ExprKind::Await(_) => {
                        if is_chosen {
                            Taken::Chosen(up)
                        } else {
                            Taken::Awaited(up)
                        }
                    }
                    ExprKind::Unary { op: Unary::Void, .. } => Taken::Discarded,
                    ExprKind::Array(items) if items.iter().all(|item| !item.spread) => match self.module.parent(up) {
                        Parent::Expr(call) if is_promise_all(self.module, call) => Taken::Together,
                        _ => Taken::Lazy,
                    },
                    ExprKind::Call(_) if !is_chosen => match Mapping::of(self.module, up) {
                        Some(mapping) if mapping.waits && mapping.list == at => Taken::Mapped(mapping.callback),
                        _ => Taken::Lazy,
                    },
                    ExprKind::Member { object, .. } if *object == at && !is_chosen => self.then(up).map_or(Taken::Lazy, Taken::Then),
                    _ => Taken::Lazy,
                },
                Parent::Stmt { place: Place::Discarded, .. } => Taken::Discarded,
                Parent::Stmt { place: Place::Returned, func: Some(func), .. } => match self.module.func(func).is_async {
                    true => Taken::Returned,
                    false if self.collection(func).is_some() || (self.is_awaited)(func) => Taken::Collected,
                    false => Taken::Lazy,
                },
                Parent::Stmt { .. } => Taken::Lazy,
            };
            return (taken, at);
        }
    }

    /// `null`, `undefined`, `Promise.resolve(null)`.
    fn is_nothing(&self, id: ExprId) -> bool {
        match self.module.expr(self.module.bare(id)) {
            ExprKind::Null => true,
            ExprKind::Global(name) => &**name == "undefined",
            ExprKind::Call(call) => {
                let is_resolved = self.module.method(self.module.bare(id)).is_some_and(|(_, object, method)| {
                    &**method == "resolve" && matches!(self.module.expr(object), ExprKind::Global(name) if &**name == "Promise")
                });
                is_resolved && call.args.iter().all(|argument| !argument.spread && self.is_nothing(argument.value))
            }
            _ => false,
        }
    }

    /// The callback of `.then(callback)`, given the member `.then`.
    fn then(&self, member: ExprId) -> Option<ExprId> {
        let Parent::Expr(call) = self.module.parent(member) else { return None };
        let (called, _, method) = self.module.method(call)?;
        let [callback] = &*called.args else { return None };
        let is_plain = called.callee == member && &**method == "then" && !callback.spread;
        (is_plain && self.module.as_func(callback.value).is_some()).then_some(callback.value)
    }

    /// The promise of all that the function returns, which is called for each element of a list.
    fn collection(&self, func: FuncId) -> Option<ExprId> {
        Mapping::by(self.module, func)?.all(self.module)
    }

    pub fn is_collection_ignored(&self, top: ExprId) -> bool {
        let Some(all) = self.module.enclosing_func(top).and_then(|func| self.collection(func)) else { return false };
        match self.module.parent(all) {
            Parent::Expr(up) => matches!(self.module.expr(up), ExprKind::Await(_)) && self.is_ignored(up),
            Parent::Stmt { place, .. } => place == Place::Discarded,
        }
    }

    pub fn is_ignored(&self, at: ExprId) -> bool {
        matches!(self.module.parent(at), Parent::Stmt { place: Place::Discarded, .. })
    }
}

//! Code that runs once for each row: which names are its own, what it changes beyond them, how it stops.

use std::cell::{Cell, RefCell};

use super::{OrderSeen, Sight};
use crate::model::hir::{Binary, BindingId, BindingKind, ExprId, ExprKind, Module, Parent, Place, Step, Unary};
use crate::model::ty::Literal;
use crate::source::{FileId, Span};

/// Where the order shows, if it does.
pub(super) type Found = Option<OrderSeen>;

/// Code that runs once for each row.
#[derive(Clone, Copy)]
pub(super) struct Each<'m> {
    pub(super) file: FileId,
    pub(super) module: &'m Module,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) log: &'m Log,
}

/// What the code was found to do that is harmless by itself, and not together.
#[derive(Default)]
pub(super) struct Log {
    /// It changes something.
    acts: Cell<bool>,
    /// It stops at a row, with nothing of that row.
    stop: RefCell<Option<(OrderSeen, Stop)>>,
    /// It stops in more than one way.
    stops_differ: Cell<bool>,
}

#[derive(PartialEq)]
pub(super) enum Stop {
    Break,
    Throw,
    Return(Option<Literal>),
}

impl Log {
    /// Which rows are reached before the one that stops the loop depends on their order: is that seen?
    pub(super) fn verdict(self) -> Found {
        let (seen, stop) = self.stop.into_inner()?;
        // What was changed before an error is thrown is undone.
        (self.stops_differ.get() || self.acts.get() && stop != Stop::Throw).then_some(seen)
    }

    pub(super) fn stops(&self, span: Span, stop: Stop) -> Found {
        let mut first = self.stop.borrow_mut();
        match &*first {
            Some((_, other)) => self.stops_differ.set(self.stops_differ.get() || *other != stop),
            None => *first = Some((OrderSeen { span, how: Sight::Searched }, stop)),
        }
        None
    }
}

impl Each<'_> {
    pub(super) fn holds(&self, span: Span) -> bool {
        self.start <= span.start && span.end <= self.end
    }

    /// Declared for each row anew.
    pub(super) fn owns(&self, binding: BindingId) -> bool {
        self.holds(self.module.binding_span(binding))
    }

    /// The name outside of the code that the expression is.
    pub(super) fn outer(&self, id: ExprId) -> Option<BindingId> {
        match self.module.expr(self.module.bare(id)) {
            ExprKind::Local(binding) if !self.owns(*binding) => Some(*binding),
            _ => None,
        }
    }

    /// Whether the expression is the row itself: the name of the loop, or the parameter.
    pub(super) fn is_element(&self, id: ExprId) -> bool {
        match self.module.expr(self.module.bare(id)) {
            ExprKind::Local(binding) => {
                let declared = self.module.binding(*binding);
                let is_row = matches!(declared.kind, BindingKind::Element(_) | BindingKind::Param(_, 0));
                self.owns(*binding) && is_row && declared.path.is_empty()
            }
            _ => false,
        }
    }

    /// `row._id`, as it is or as a string.
    pub(super) fn is_own_id(&self, id: ExprId) -> bool {
        let id = self.module.bare(id);
        match self.module.expr(id) {
            ExprKind::Member { object, property, .. } => &**property == "_id" && self.is_element(*object),
            ExprKind::Local(binding) => {
                self.owns(*binding) && matches!(&*self.module.binding(*binding).path, [Step::Key(name)] if &**name == "_id")
            }
            ExprKind::Call(call) => match (self.module.method(id), &*call.args) {
                (Some((_, object, method)), []) => &**method == "toString" && self.is_own_id(object),
                (None, [value]) => {
                    matches!(self.module.expr(call.callee), ExprKind::Global(name) if &**name == "String") && self.is_own_id(value.value)
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether the expression speaks of anything that differs from row to row.
    pub(super) fn names_own(&self, id: ExprId) -> bool {
        let mut parts = vec![id];
        while let Some(part) = parts.pop() {
            match self.module.expr(part) {
                ExprKind::Local(binding) if self.owns(*binding) => return true,
                ExprKind::Func(_) => return true,
                _ => self.module.children(part, &mut |inner| parts.push(inner)),
            }
        }
        false
    }

    /// Whether the code only counts with the name or its members, and never looks at them.
    pub(super) fn is_only_updated(&self, binding: BindingId) -> bool {
        self.module.binding(binding).uses.iter().filter(|u| self.holds(self.module.span(**u))).all(|u| {
            let mut at = *u;
            loop {
                let (Parent::Expr(up), child) = self.module.meaningful_parent(at) else { return false };
                match self.module.expr(up) {
                    ExprKind::Member { object, .. } if *object == child => at = up,
                    ExprKind::Unary { op: Unary::Update, .. } => return true,
                    ExprKind::Assign { target, plain: false, .. } => return target.is_some_and(|t| self.module.bare(t) == child),
                    _ => return false,
                }
            }
        })
    }

    /// Whether nothing is made of the expression's value.
    pub(super) fn is_thrown_away(&self, id: ExprId) -> bool {
        match self.module.meaningful_parent(id) {
            (Parent::Expr(up), child) => match self.module.expr(up) {
                ExprKind::Binary { op: Binary::And | Binary::Or | Binary::Coalesce, right, .. } => {
                    *right == child && self.is_thrown_away(up)
                }
                ExprKind::Cond { test, .. } => *test != child && self.is_thrown_away(up),
                _ => false,
            },
            (Parent::Stmt { place, .. }, _) => place == Place::Discarded,
        }
    }

    /// Something is changed; by itself that comes to the same in any order.
    pub(super) fn acts(&self) -> Found {
        self.log.acts.set(true);
        None
    }

    pub(super) fn seen(&self, id: ExprId, how: Sight) -> Found {
        Some(OrderSeen { span: self.module.span(id), how })
    }
}

/// The name that a chain of members starts from.
pub(super) fn root(module: &Module, mut id: ExprId) -> Option<BindingId> {
    loop {
        id = module.bare_awaited(id);
        match module.expr(id) {
            ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => id = *object,
            ExprKind::Local(binding) => return Some(*binding),
            _ => return None,
        }
    }
}

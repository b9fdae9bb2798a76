//! Whether the order in which rows come can be told from what is made of them.
//!
//! Says that it cannot only where every use was seen and none depends on it; whatever is not understood counts as seen.
//! Knows nothing of indexes: which order rows come in, and whether another would do, is for the asker.

mod each;
mod effects;
mod lists;

use std::cell::{Cell, RefCell};

use super::hir::{Binary, BindingId, Call, ExprId, ExprKind, FuncId, Module, Parent, Place, Step, Unary};
use super::infer::Infer;
use super::queries::End;
use super::ty::{FunctionAt, Ty};
use crate::source::{FileId, Span};

/// The place where the order of rows shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderSeen {
    pub span: Span,
    pub how: Sight,
}

/// How it shows, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// Sorted by something that several rows may share: those stay as they came.
    Tied,
    /// The rows go on as they came: returned, stored, given to other code.
    HandedOn,
    /// Something is written, or kept under a key, for each in turn: the last one stays.
    Written,
    /// The first row that meets a condition.
    Searched,
    /// `.first()`, `.take(n)`, `rows[0]`: some are picked by their place.
    Picked,
    /// `.paginate()`.
    Paged,
    /// `.order(…)`.
    Ordered,
}

impl Sight {
    /// Whether the code asks for the order, and does not just let it through.
    pub fn is_deliberate(self) -> bool {
        self >= Self::Picked
    }
}

/// Where the order shows in which a query's rows come; `None` where surely nothing depends on it.
///
/// `call` is the last call of the chain, `ordered` the place of an `.order(…)` in it.
pub(super) fn of_query(infer: &Infer<'_>, file: FileId, call: ExprId, end: End, ordered: Option<Span>) -> Option<OrderSeen> {
    let rows = Rows::new(infer);
    let span = infer.hir(file).span(call);
    let seen = match end {
        End::Unique => None,
        End::First => rows.value(file, call, What::Part(span, Sight::Picked)),
        End::Take(_) => rows.value(file, call, What::Part(span, Sight::Picked)),
        End::Paginate => Some(OrderSeen { span, how: Sight::Paged }),
        End::Collect | End::Iterated => rows.value(file, call, What::All),
        End::Open => rows.value(file, call, What::Query),
    }?;
    Some(ordered.map_or(seen, |span| OrderSeen { span, how: seen.how.max(Sight::Ordered) }))
}

/// The same of something that only looks like a query, or takes the place of one: its chain goes on after `call`.
pub(super) fn of_chain(infer: &Infer<'_>, file: FileId, call: ExprId) -> Option<OrderSeen> {
    Rows::new(infer).value(file, call, What::Query)
}

/// The same of a list of rows.
pub(super) fn of_list(infer: &Infer<'_>, file: FileId, call: ExprId) -> Option<OrderSeen> {
    Rows::new(infer).value(file, call, What::All)
}

/// What a value is of the rows.
#[derive(Clone, Copy)]
enum What {
    /// All of them, or something made of each, in their order.
    All,
    /// Something that their order picked: only whether it is there, and how much of it, does not depend on that.
    Part(Span, Sight),
    /// The query itself, not yet ended.
    Query,
}

struct Rows<'a, 'w> {
    infer: &'a Infer<'w>,
    /// Names whose uses are being judged, or were.
    followed: RefCell<Vec<(FileId, BindingId, bool)>>,
    /// The project's functions that were entered, with the calls that lead into them.
    calls: RefCell<Vec<(FunctionAt, FileId, ExprId)>>,
    fuel: Cell<u32>,
}

/// How many calls deep rows are followed into functions of the project.
const CALLS: usize = 4;
/// How many uses are looked at for one query.
const FUEL: u32 = 2_000;

impl<'a, 'w> Rows<'a, 'w> {
    fn new(infer: &'a Infer<'w>) -> Self {
        Self { infer, followed: RefCell::default(), calls: RefCell::default(), fuel: Cell::new(FUEL) }
    }

    fn value(&self, file: FileId, id: ExprId, what: What) -> Option<OrderSeen> {
        let module = self.infer.hir(file);
        let Some(left) = self.fuel.get().checked_sub(1) else { return seen(module, id, what) };
        self.fuel.set(left);
        match module.meaningful_parent(id) {
            (Parent::Expr(up), child) => self.inside(file, up, child, what),
            (Parent::Stmt { place, func, .. }, child) => match place {
                Place::Discarded | Place::Test => None,
                Place::Init(first, end) => strongest(module.bindings_in((first, end)).map(|b| self.bound(file, b, what))),
                Place::Iterated => match what {
                    What::All | What::Query => self.iterated(file, child),
                    What::Part(..) => seen(module, child, what),
                },
                Place::Returned => self.returned(file, child, func, what),
                Place::Thrown | Place::Exported | Place::Other => seen(module, child, what),
            },
        }
    }

    /// The value is `child`, part of the expression `up`.
    fn inside(&self, file: FileId, up: ExprId, child: ExprId, what: What) -> Option<OrderSeen> {
        let module = self.infer.hir(file);
        let here = || seen(module, child, what);
        match module.expr(up) {
            ExprKind::Member { object, property, .. } if *object == child => match called(module, up) {
                Some(call) => self.method(file, call, property, what),
                None if matches!(&**property, "length" | "size") => None,
                None => here(),
            },
            ExprKind::Index { object, .. } if *object == child && matches!(what, What::All) => {
                self.value(file, up, What::Part(module.span(up), Sight::Picked))
            }
            ExprKind::Call(call) | ExprKind::New(call) if call.callee != child => self.argument(file, up, call, child, what),
            ExprKind::Array(items) => match items.iter().position(|a| a.value == child) {
                Some(at) if items[at].spread => self.value(file, up, what),
                Some(at) if items[..at].iter().all(|a| !a.spread) => self.among(file, up, at as u32, child, what),
                _ => here(),
            },
            ExprKind::Cond { test, .. } if *test == child => None,
            ExprKind::Binary { op: Binary::And, left, .. } if *left == child => None,
            ExprKind::Cond { .. } | ExprKind::Binary { op: Binary::And | Binary::Or | Binary::Coalesce, .. } => self.value(file, up, what),
            ExprKind::Binary { op: Binary::StrictEq | Binary::StrictNe | Binary::LooseEq | Binary::LooseNe, left, right } => {
                let other = if *left == child { *right } else { *left };
                let is_nothing = matches!(self.infer.expr(file, other), Ty::Null | Ty::Undefined);
                if is_nothing || matches!(what, What::All) { None } else { here() }
            }
            ExprKind::Unary { op: Unary::Not | Unary::TypeOf | Unary::Void, .. } => None,
            ExprKind::Sequence(parts) if parts.last() != Some(&child) => None,
            ExprKind::Sequence(_) => self.value(file, up, what),
            ExprKind::Assign { target, value, .. } if *value == child => {
                let stored = match target.map(|t| module.expr(module.bare(t))) {
                    Some(ExprKind::Local(binding)) => self.uses(file, *binding, what),
                    _ => here(),
                };
                strongest([stored, self.value(file, up, what)])
            }
            ExprKind::Assign { .. } => None,
            _ => here(),
        }
    }

    /// An element of an array literal: of `Promise.all([…])` it can be followed to the name that it gets.
    fn among(&self, file: FileId, array: ExprId, at: u32, child: ExprId, what: What) -> Option<OrderSeen> {
        let module = self.infer.hir(file);
        let here = || seen(module, child, what);
        let (Parent::Expr(up), _) = module.meaningful_parent(array) else { return here() };
        let is_all = module.call(up).is_some_and(|call| match self.infer.expr(file, call.callee) {
            Ty::External(external) => external.is("global", &["Promise", "all"]),
            _ => false,
        });
        let (Parent::Stmt { place: Place::Init(first, end), .. }, true) = (module.meaningful_parent(up).0, is_all) else { return here() };
        let mut found = None;
        for id in module.bindings_in((first, end)) {
            let binding = module.binding(id);
            match &*binding.path {
                [Step::Index(index), ..] if *index != at => {}
                [Step::Index(_), rest @ ..] => found = strongest([found, self.bound_at(file, id, rest, what)]),
                _ if binding.uses.is_empty() => {}
                _ => return here(),
            }
        }
        found
    }

    /// What a declaration binds to the value, or to a part of it.
    fn bound(&self, file: FileId, id: BindingId, what: What) -> Option<OrderSeen> {
        self.bound_at(file, id, &self.infer.hir(file).binding(id).path, what)
    }

    fn bound_at(&self, file: FileId, id: BindingId, path: &[Step], what: What) -> Option<OrderSeen> {
        let module = self.infer.hir(file);
        match path {
            [] => self.uses(file, id, what),
            _ if module.binding(id).uses.is_empty() => None,
            [Step::Key(name)] if matches!(&**name, "length" | "size") => None,
            [Step::Index(_)] if matches!(what, What::All) => self.uses(file, id, What::Part(module.binding_span(id), Sight::Picked)),
            _ => match what {
                What::Part(span, how) => Some(OrderSeen { span, how }),
                _ => Some(OrderSeen { span: module.binding_span(id), how: Sight::HandedOn }),
            },
        }
    }

    /// Every use of a name that holds the value.
    fn uses(&self, file: FileId, id: BindingId, what: What) -> Option<OrderSeen> {
        let key = (file, id, matches!(what, What::Part(..)));
        if self.followed.borrow().contains(&key) {
            return None;
        }
        self.followed.borrow_mut().push(key);
        let module = self.infer.hir(file);
        let uses = &module.binding(id).uses;
        let sorted = uses.iter().find_map(|usage| self.sorts_in_place(file, *usage));
        strongest(uses.iter().map(|usage| {
            let found = self.value(file, *usage, what)?;
            match sorted {
                Some((from, _)) if module.span(*usage).start < from => Some(found),
                Some((_, true)) => None,
                Some((_, false)) => Some(OrderSeen { how: Sight::Tied, ..found }),
                None => Some(found),
            }
        }))
    }

    fn returned(&self, file: FileId, child: ExprId, func: Option<FuncId>, what: What) -> Option<OrderSeen> {
        let entered = self.calls.borrow().last().copied();
        match entered {
            // The function was entered through a call: that call is the value now.
            Some((at, from, call)) if Some(at.func) == func && at.file == file => {
                self.calls.borrow_mut().pop();
                let found = self.value(from, call, what);
                self.calls.borrow_mut().push((at, from, call));
                found
            }
            _ => seen(self.infer.hir(file), child, what),
        }
    }

    /// The value is given to a call that is no method of its own.
    fn argument(&self, file: FileId, id: ExprId, call: &Call, child: ExprId, what: What) -> Option<OrderSeen> {
        let module = self.infer.hir(file);
        let here = || seen(module, child, what);
        let Some(place) = call.args.iter().position(|a| a.value == child) else { return here() };
        if let Some((list, method)) = module.method(id).map(|(_, object, method)| (module.bare(object), method))
            && matches!(&**method, "push" | "unshift")
            && let (ExprKind::Local(binding), What::All, true) = (module.expr(list), what, call.args[place].spread)
        {
            return self.uses(file, *binding, what);
        }
        match self.infer.expr(file, call.callee) {
            Ty::External(external) => self.external(file, id, call, &external, place, what).unwrap_or_else(here),
            Ty::Function(at) if !call.args[..=place].iter().any(|a| a.spread) => {
                self.entered(file, id, at, place, what).unwrap_or_else(here)
            }
            _ => here(),
        }
    }

    /// Follows the value into a function of the project; `None` where that cannot be done.
    fn entered(&self, file: FileId, id: ExprId, at: FunctionAt, place: usize, what: What) -> Option<Option<OrderSeen>> {
        let module = self.infer.hir(at.file);
        let param = module.func(at.func).params.get(place).filter(|p| !p.is_rest)?;
        let is_deep = self.calls.borrow().len() >= CALLS || self.calls.borrow().iter().any(|(inner, ..)| *inner == at);
        if is_deep {
            return None;
        }
        self.calls.borrow_mut().push((at, file, id));
        // Another call of the same function leads elsewhere: what was followed there says nothing of this one.
        let before = self.followed.borrow().len();
        let found = strongest(module.bindings_in(param.bindings).map(|b| self.bound(at.file, b, what)));
        self.followed.borrow_mut().truncate(before);
        self.calls.borrow_mut().pop();
        Some(found)
    }
}

/// The call of which the member is the callee.
fn called(module: &Module, member: ExprId) -> Option<ExprId> {
    let (Parent::Expr(up), child) = module.meaningful_parent(member) else { return None };
    module.call(up).filter(|call| call.callee == child).map(|_| up)
}

fn seen(module: &Module, at: ExprId, what: What) -> Option<OrderSeen> {
    Some(match what {
        What::Part(span, how) => OrderSeen { span, how },
        What::All | What::Query => OrderSeen { span: module.span(at), how: Sight::HandedOn },
    })
}

/// The strongest sight, the first of several.
fn strongest(all: impl IntoIterator<Item = Option<OrderSeen>>) -> Option<OrderSeen> {
    all.into_iter().flatten().reduce(|best, next| if next.how > best.how { next } else { best })
}

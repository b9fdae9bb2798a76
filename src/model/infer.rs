//! Tells what an expression is known to be: one abstract interpreter for schemas, validators, contexts, queries and results.
//!
//! Errs on the wide side: where it cannot tell it says `Ty::Unknown`, and never guesses.
//! Answers are kept per expression. A project's helper function that is given validators or tables is evaluated anew for its arguments.

mod bindings;
mod calls;
mod context;
mod ents;
mod externals;
mod held;
mod mutations;
mod narrow;
mod packages;
mod tables;
mod values;

use std::cell::{Cell, RefCell};

use rustc_hash::FxHashMap;

pub use values::with_system_fields;

use super::hir::{BindingId, Body, Exported, ExprId, ExprKind, FuncId, Module, Stmt, TypeId, exits};
use super::ty::{FunctionAt, Ty};
use super::world::{Known, Origin, World};
use crate::source::{FileId, Span};

/// Asks the world. Keeps what it found; make one for each file or task, they are not shared between threads.
pub struct Infer<'w> {
    pub world: &'w World<'w>,
    /// The file whose expressions are asked for one after the other; of others a few are.
    home: FileId,
    memo: RefCell<Box<[Slot]>>,
    elsewhere: RefCell<FxHashMap<(FileId, ExprId), Slot>>,
    names: RefCell<FxHashMap<(FileId, BindingId), Option<Ty>>>,
    returns: RefCell<FxHashMap<FunctionAt, Option<Ty>>>,
    frames: RefCell<Vec<Frame>>,
    fuel: Cell<u32>,
}

#[derive(Clone)]
enum Slot {
    Empty,
    /// Being worked out: asking again means a cycle.
    Busy,
    Done(Ty),
}

/// A call of a project's function that is evaluated for its own arguments.
struct Frame {
    at: FunctionAt,
    start: u32,
    end: u32,
    args: Vec<Ty>,
}

/// How many helpers deep a call is followed for its own arguments.
const FRAMES: usize = 8;
/// How many expressions may be evaluated in frames, where nothing is kept, for one question.
const FUEL: u32 = 20_000;

impl<'w> Infer<'w> {
    /// To be asked about the file, and for it about others.
    pub fn new(world: &'w World<'w>, home: FileId) -> Self {
        let count = world.file(home).hir.expr_count() as usize;
        let memo = RefCell::new(vec![Slot::Empty; count].into());
        Self {
            world,
            home,
            memo,
            elsewhere: RefCell::default(),
            names: RefCell::default(),
            returns: RefCell::default(),
            frames: RefCell::default(),
            fuel: Cell::new(FUEL),
        }
    }

    pub fn hir(&self, file: FileId) -> &'w Module {
        &self.world.file(file).hir
    }

    /// What the expression is known to be.
    pub fn expr(&self, file: FileId, id: ExprId) -> Ty {
        if self.in_frame(file, id) {
            let Some(left) = self.fuel.get().checked_sub(1) else { return Ty::Unknown };
            self.fuel.set(left);
            return self.compute(file, id);
        }
        if let Some(known) = self.known(file, id) {
            return known;
        }
        let ty = self.compute(file, id);
        self.keep(file, id, Slot::Done(ty.clone()));
        ty
    }

    /// What was found of the file and of others that it led to: finished answers about names, and what the file exports by default.
    pub fn into_known(self, file: FileId) -> Known {
        let names = self.names.into_inner().into_iter().filter_map(|(name, ty)| Some((name, ty.filter(|ty| !ty.is_unknown())?)));
        let names = names.filter(|((file, binding), _)| self.world.file(*file).hir.is_of_module(*binding));
        let mut known = Known { names: names.collect(), ..Known::default() };
        if let Origin::Here(file, Exported::Expr(expr)) = self.world.export(file, "default")
            && file == self.home
            && let Some(Slot::Done(ty)) = self.memo.into_inner().get(expr.0 as usize)
        {
            known.exprs.insert((file, expr), ty.clone());
        }
        known
    }

    /// What was found before; `None` marks the expression as being worked out.
    fn known(&self, file: FileId, id: ExprId) -> Option<Ty> {
        let seen = |slot: &Slot| match slot {
            Slot::Empty => None,
            Slot::Busy => Some(Ty::Unknown),
            Slot::Done(ty) => Some(ty.clone()),
        };
        if file == self.home {
            let slot = &mut self.memo.borrow_mut()[id.0 as usize];
            let known = seen(slot);
            if known.is_none() {
                *slot = Slot::Busy;
            }
            return known;
        }
        if let Some(ty) = self.world.known.exprs.get(&(file, id)) {
            return Some(ty.clone());
        }
        let mut elsewhere = self.elsewhere.borrow_mut();
        let slot = elsewhere.entry((file, id)).or_insert(Slot::Empty);
        let known = seen(slot);
        if known.is_none() {
            *slot = Slot::Busy;
        }
        known
    }

    fn keep(&self, file: FileId, id: ExprId, slot: Slot) {
        if file == self.home {
            self.memo.borrow_mut()[id.0 as usize] = slot;
        } else {
            self.elsewhere.borrow_mut().insert((file, id), slot);
        }
    }

    fn in_frame(&self, file: FileId, id: ExprId) -> bool {
        if self.frames.borrow().is_empty() {
            return false;
        }
        self.is_framed(self.hir(file).span(id))
    }

    /// Whether the place lies in a function that is being evaluated for its own arguments.
    fn is_framed(&self, span: Span) -> bool {
        let file = span.file;
        let frames = self.frames.borrow();
        frames.iter().any(|f| f.at.file == file && f.start <= span.start && span.end <= f.end)
    }

    /// What a call of the function yields: a promise for an async one.
    pub fn returns(&self, at: FunctionAt) -> Ty {
        // Its own arguments, or those of the function around it, may decide.
        let func = self.hir(at.file).func(at.func);
        if self.is_framed(Span::new(at.file, func.start, func.end)) {
            return self.compute_returns(at);
        }
        match self.returns.borrow().get(&at) {
            Some(Some(ty)) => return ty.clone(),
            Some(None) => return Ty::Unknown,
            None => {}
        }
        self.returns.borrow_mut().insert(at, None);
        let ty = self.compute_returns(at);
        self.returns.borrow_mut().insert(at, Some(ty.clone()));
        ty
    }

    /// Evaluates the function's body with these arguments.
    pub fn returns_with(&self, at: FunctionAt, args: Vec<Ty>) -> Ty {
        let func = self.hir(at.file).func(at.func);
        let deep = self.frames.borrow().len() >= FRAMES || self.frames.borrow().iter().any(|f| f.at == at);
        if deep {
            return Ty::Unknown;
        }
        if self.frames.borrow().is_empty() {
            self.fuel.set(FUEL);
        }
        self.frames.borrow_mut().push(Frame { at, start: func.start, end: func.end, args });
        let ty = self.compute_returns(at);
        self.frames.borrow_mut().pop();
        ty
    }

    /// The first value that the function returns and that is not known to be a Convex value.
    pub fn unclear_return(&self, at: FunctionAt) -> Option<Span> {
        let module = self.hir(at.file);
        let mut values = Vec::new();
        match &module.func(at.func).body {
            Body::None => {}
            Body::Expr(value) => values.push(*value),
            Body::Block { stmts, .. } => stmts.iter().for_each(|s| {
                s.each_return(&mut |ret| {
                    if let Stmt::Return { value: Some(value), .. } = ret {
                        values.push(*value);
                    }
                });
            }),
        }
        values.into_iter().find(|v| !self.expr(at.file, *v).awaited().is_value()).map(|v| module.span(v))
    }

    fn compute_returns(&self, at: FunctionAt) -> Ty {
        let func = self.hir(at.file).func(at.func);
        if func.is_generator {
            return Ty::Unknown;
        }
        let body = match &func.body {
            Body::None => Ty::Unknown,
            Body::Expr(value) => self.expr(at.file, *value),
            Body::Block { stmts, .. } => {
                let mut results = Vec::new();
                stmts.iter().for_each(|s| {
                    s.each_return(&mut |ret| {
                        let Stmt::Return { value, .. } = ret else { return };
                        results.push(value.map_or(Ty::Undefined, |value| self.expr(at.file, value)));
                    });
                });
                if !exits(stmts) {
                    results.push(Ty::Undefined);
                }
                Ty::union(results)
            }
        };
        let ty = match func.return_type.map(|annotation| self.ty(at.file, annotation).awaited()) {
            None => body,
            // Some type that cannot be read: the compiler goes by that.
            Some(Ty::Unknown) if body.awaited().is_value() => Ty::Unknown,
            Some(declared) if declared.is_plain() && !declared.is_unknown() => Ty::settled(&declared, &body.awaited()),
            Some(declared) if body.is_unknown() => declared,
            Some(_) => body,
        };
        if !func.is_async {
            return ty;
        }
        match ty.awaited() {
            Ty::Unknown => Ty::Unknown,
            awaited => Ty::promise(awaited),
        }
    }

    fn compute(&self, file: FileId, id: ExprId) -> Ty {
        let module = self.hir(file);
        match module.expr(id) {
            ExprKind::Local(binding) => {
                let ty = self.binding(file, *binding);
                self.narrowed(file, id, ty)
            }
            ExprKind::Member { object, property, optional } => {
                let base = self.expr(file, *object);
                let ty = self.member_of(file, id, *object, &base, property, *optional);
                self.narrowed(file, id, ty)
            }
            ExprKind::Index { object, index } => {
                let base = self.expr(file, *object).non_null();
                let index = self.expr(file, *index);
                self.element_at(file, &base, &index)
            }
            ExprKind::Call(call) => self.call(file, id, call),
            ExprKind::New(call) => self.construct(file, call),
            other => self.value(file, id, other),
        }
    }

    /// What a type annotation says.
    pub fn ty(&self, file: FileId, id: TypeId) -> Ty {
        self.annotation(file, id, 0)
    }

    /// The function that an expression is, if it is one of the project's.
    pub fn function(&self, file: FileId, id: ExprId) -> Option<FunctionAt> {
        match self.expr(file, id) {
            Ty::Function(at) => Some(at),
            _ => None,
        }
    }

    fn frame_arg(&self, file: FileId, func: FuncId, index: u32) -> Option<Ty> {
        let frames = self.frames.borrow();
        let frame = frames.iter().rev().find(|f| f.at == FunctionAt { file, func })?;
        Some(frame.args.get(index as usize).cloned().unwrap_or(Ty::Undefined))
    }
}

//! Tells what an expression is known to be: one abstract interpreter for schemas, validators, contexts, queries and results.
//!
//! Errs on the wide side: where it cannot tell it says `Ty::Unknown`, and never guesses.
//! Answers are kept per expression. A project's helper function that is given validators or tables is evaluated anew for its arguments.

mod annotations;
mod bindings;
mod calls;
mod context;
mod ents;
mod ents_calls;
mod externals;
mod held;
mod mutations;
mod narrow;
mod orm;
mod packages;
mod procedures;
mod relations;
mod tables;
mod values;
mod wrappers;

use std::cell::{Cell, RefCell};
use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

pub use tables::Held;
pub use values::with_system_fields;

use super::hir::{BindingId, Body, Exported, ExprId, ExprKind, FuncId, Module, Stmt, TypeId, exits};
use super::ty::{FunctionAt, Ty};
use super::world::{Finder, Known, Maker, Origin, World};
use crate::source::{FileId, Span};

/// Asks the world. Keeps what it found; make one for each file or task, they are not shared between threads.
pub struct Infer<'w> {
    pub world: &'w World<'w>,
    /// The file whose expressions are asked for one after the other; of others a few are.
    home: FileId,
    memo: RefCell<Memo>,
    /// What the names of the file are bound to.
    names: RefCell<Memo>,
    elsewhere: RefCell<FxHashMap<(FileId, ExprId), Slot>>,
    names_elsewhere: RefCell<FxHashMap<(FileId, BindingId), Slot>>,
    returns: RefCell<FxHashMap<FunctionAt, Option<Ty>>>,
    contexts: RefCell<FxHashMap<Maker, Ty>>,
    frames: RefCell<Vec<Frame>>,
    fuel: Cell<u32>,
    types_left: Cell<u32>,
    /// The types with names that are being read.
    aliases: RefCell<Vec<(FileId, TypeId)>>,
}

/// An answer outside of the file.
enum Slot {
    /// Being worked out: asking again means a cycle.
    Busy,
    Done(Ty),
}

impl Slot {
    fn seen(&self) -> Ty {
        match self {
            Self::Busy => Ty::Unknown,
            Self::Done(ty) => ty.clone(),
        }
    }
}

/// Answers by number. Most numbers are never asked for, so that the answers themselves stand in a list of their own.
struct Memo {
    /// For each number the place of its answer; one of the marks below where there is none.
    places: Vec<u32>,
    answers: Vec<Ty>,
}

impl Memo {
    const EMPTY: u32 = 0;
    /// Being worked out: asking again means a cycle.
    const BUSY: u32 = 1;
    const FIRST: u32 = 2;

    fn new(count: usize) -> Self {
        Self { places: vec![Self::EMPTY; count], answers: Vec::new() }
    }

    /// The answer; `None` marks the number as being worked out.
    fn ask(&mut self, at: u32) -> Option<Ty> {
        let place = self.places.get_mut(at as usize)?;
        match *place {
            Self::EMPTY => {
                *place = Self::BUSY;
                None
            }
            Self::BUSY => Some(Ty::Unknown),
            place => Some(self.answers[(place - Self::FIRST) as usize].clone()),
        }
    }

    fn keep(&mut self, at: u32, answer: Ty) {
        if let Some(place) = self.places.get_mut(at as usize) {
            *place = self.answers.len() as u32 + Self::FIRST;
            self.answers.push(answer);
        }
    }

    fn answer(&self, at: u32) -> Option<&Ty> {
        let place = self.places.get(at as usize)?.checked_sub(Self::FIRST)?;
        self.answers.get(place as usize)
    }
}

/// A call of a project's function that is evaluated for its own arguments.
struct Frame {
    at: FunctionAt,
    start: u32,
    end: u32,
    args: Vec<Ty>,
    /// What its expressions are for these arguments.
    known: FxHashMap<ExprId, Slot>,
}

impl Frame {
    fn holds(&self, span: Span) -> bool {
        self.at.file == span.file && self.start <= span.start && span.end <= self.end
    }
}

/// How many helpers deep a call is followed for its own arguments.
const FRAMES: usize = 8;
/// How many expressions may be evaluated in frames, where nothing is kept, for one question.
const FUEL: u32 = 20_000;
/// How many parts of types one annotation comes to: types that name each other would come to more with each step.
const TYPES: u32 = 1_000;

impl<'w> Infer<'w> {
    /// To be asked about the file, and for it about others.
    pub fn new(world: &'w World<'w>, home: FileId) -> Self {
        let module = &world.file(home).hir;
        Self {
            world,
            home,
            memo: RefCell::new(Memo::new(module.expr_count() as usize)),
            names: RefCell::new(Memo::new(module.bindings.len())),
            elsewhere: RefCell::default(),
            names_elsewhere: RefCell::default(),
            returns: RefCell::default(),
            contexts: RefCell::default(),
            frames: RefCell::default(),
            fuel: Cell::new(FUEL),
            types_left: Cell::new(TYPES),
            aliases: RefCell::default(),
        }
    }

    pub fn hir(&self, file: FileId) -> &'w Module {
        &self.world.file(file).hir
    }

    /// What the expression is known to be.
    pub fn expr(&self, file: FileId, id: ExprId) -> Ty {
        if let Some(frame) = self.frame_of(file, id) {
            return self.expr_in(frame, file, id);
        }
        if let Some(known) = self.known(file, id) {
            return known;
        }
        let ty = self.compute(file, id);
        self.keep(file, id, ty.clone());
        ty
    }

    /// What was found of the file and of others that it led to: finished answers about names, and what the file exports by default.
    pub fn into_known(self, file: FileId) -> Known {
        let mut known = Known::default();
        let is_known = |file: FileId, name: BindingId, ty: &Ty| !ty.is_unknown() && self.world.file(file).hir.is_of_module(name);
        let names = self.names.into_inner();
        for name in (0..names.places.len() as u32).map(BindingId) {
            if let Some(ty) = names.answer(name.0).filter(|ty| is_known(self.home, name, ty)) {
                known.names.insert((self.home, name), ty.clone().into());
            }
        }
        for ((file, name), slot) in self.names_elsewhere.into_inner() {
            if let Slot::Done(ty) = slot
                && is_known(file, name, &ty)
            {
                known.names.insert((file, name), ty.into());
            }
        }
        if let Origin::Here(file, Exported::Expr(expr)) = self.world.export(file, "default")
            && file == self.home
            && let Some(ty) = self.memo.into_inner().answer(expr.0)
        {
            known.exprs.insert((file, expr), ty.clone().into());
        }
        known
    }

    /// What the file exports, for all that import it: the values, and what calling them yields.
    pub fn exports(self) -> Known {
        let file = self.home;
        let mut known = Known::default();
        for export in &self.hir(file).exports {
            let Some(name) = &export.name else { continue };
            match self.exported(file, name) {
                Ty::Function(at) => _ = known.returns.insert(at, self.returns(at).into()),
                Ty::Builder(builder) => _ = self.ctx_of(&builder),
                _ => {}
            }
        }
        known.contexts = self.contexts.take().into_iter().map(|(maker, ty)| (maker, ty.into())).collect();
        known.add(self.into_known(file), Finder::default());
        known
    }

    /// What was found before; `None` marks the expression as being worked out.
    fn known(&self, file: FileId, id: ExprId) -> Option<Ty> {
        if file == self.home {
            return self.memo.borrow_mut().ask(id.0);
        }
        if let Some(ty) = self.world.known_expr(file, id) {
            return Some(ty);
        }
        match self.elsewhere.borrow_mut().entry((file, id)) {
            Entry::Occupied(known) => Some(known.get().seen()),
            Entry::Vacant(empty) => {
                empty.insert(Slot::Busy);
                None
            }
        }
    }

    fn keep(&self, file: FileId, id: ExprId, ty: Ty) {
        if file == self.home {
            self.memo.borrow_mut().keep(id.0, ty);
        } else {
            self.elsewhere.borrow_mut().insert((file, id), Slot::Done(ty));
        }
    }

    /// The last call that is being evaluated for its own arguments, and in whose function the expression lies.
    fn frame_of(&self, file: FileId, id: ExprId) -> Option<usize> {
        let frames = self.frames.borrow();
        if frames.is_empty() {
            return None;
        }
        let span = self.hir(file).span(id);
        frames.iter().rposition(|frame| frame.holds(span))
    }

    /// Whether the place lies in a function that is being evaluated for its own arguments.
    fn is_framed(&self, span: Span) -> bool {
        self.frames.borrow().iter().any(|frame| frame.holds(span))
    }

    /// What the expression is for the arguments of this call.
    fn expr_in(&self, frame: usize, file: FileId, id: ExprId) -> Ty {
        if let Some(known) = self.frames.borrow()[frame].known.get(&id) {
            return known.seen();
        }
        let Some(left) = self.fuel.get().checked_sub(1) else { return Ty::Unknown };
        self.fuel.set(left);
        self.frames.borrow_mut()[frame].known.insert(id, Slot::Busy);
        let ty = self.compute(file, id);
        self.frames.borrow_mut()[frame].known.insert(id, Slot::Done(ty.clone()));
        ty
    }

    /// What a call of the function yields: a promise for an async one.
    pub fn returns(&self, at: FunctionAt) -> Ty {
        // Its own arguments, or those of the function around it, may decide.
        let func = self.hir(at.file).func(at.func);
        if self.is_framed(Span::new(at.file, func.start, func.end)) {
            return self.compute_returns(at);
        }
        if let Some(ty) = self.world.known_return(at) {
            return ty;
        }
        match self.returns.borrow_mut().entry(at) {
            Entry::Occupied(known) => return known.get().clone().unwrap_or(Ty::Unknown),
            Entry::Vacant(empty) => _ = empty.insert(None),
        }
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
        self.frames.borrow_mut().push(Frame { at, start: func.start, end: func.end, args, known: FxHashMap::default() });
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
            Some(Ty::Unknown) if body.awaited().is_plain() => Ty::Unknown,
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
        let around = self.types_left.replace(TYPES);
        let ty = self.annotation(file, id, 0);
        self.types_left.set(around);
        ty
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

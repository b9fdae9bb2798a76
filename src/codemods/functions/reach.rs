//! Where rows go that leave: out of the backend, into functions that can be seen, or out of sight.
//!
//! A row that nobody calls anything on need not go on being one of the old library's, whatever else is done with rows of its table.
//! What cannot be followed is out of sight; nothing is concluded from names.

use std::collections::BTreeSet;

use super::shapes::{Shape, Tracer, Use};
use super::sites::is_handler;
use crate::model::hir::{Arg, Binary, BindingId, BindingKind, Cast, ExprId, ExprKind, FuncId, Key, Parent, Place, Prop, Step};
use crate::model::infer::Infer;
use crate::model::promises::is_promise_all;
use crate::model::repetition::Mapping;
use crate::model::ty::{FunctionAt, Ty};
use crate::source::FileId;

/// Where rows get to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The rows that something of the old library is called on there.
    pub receivers: Vec<(FileId, ExprId)>,
    /// Some of it is out of sight.
    pub is_lost: bool,
}

pub struct Follower<'a> {
    pub infer: &'a Infer<'a>,
    /// Whether a call of this name on a row is one of the old library's.
    pub is_method: &'a dyn Fn(&str) -> bool,
    reach: Reach,
    seen: BTreeSet<(FileId, BindingId, bool)>,
}

/// How a value holds rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    As(Shape),
    /// Somewhere in an object or a list that is made here.
    Within,
}

impl<'a> Follower<'a> {
    pub fn new(infer: &'a Infer<'a>, is_method: &'a dyn Fn(&str) -> bool) -> Self {
        Self { infer, is_method, reach: Reach::default(), seen: BTreeSet::new() }
    }

    /// Where the uses of a row, or of rows, take them.
    pub fn of_uses(mut self, file: FileId, uses: &[Use]) -> Reach {
        for usage in uses {
            if let Use::Escape { value, shape, .. } = usage {
                self.leave(file, *value, Held::As(*shape));
            }
        }
        self.reach
    }

    fn uses(&mut self, file: FileId, uses: &[Use]) {
        for usage in uses {
            match usage {
                Use::Field(_) | Use::Itself(_) => {}
                Use::Receiver(row) => self.reach.receivers.push((file, *row)),
                Use::Method(_) => self.reach.is_lost = true,
                Use::Escape { value, shape, .. } => self.leave(file, *value, Held::As(*shape)),
            }
        }
    }

    /// From an expression that holds rows to what takes them.
    fn leave(&mut self, file: FileId, value: ExprId, mut held: Held) {
        let module = self.infer.hir(file);
        let mut at = value;
        loop {
            if self.reach.is_lost {
                return;
            }
            match module.parent(at) {
                Parent::Expr(up) => match module.expr(up) {
                    ExprKind::Paren(_) | ExprKind::Await(_) | ExprKind::Cast { kind: Cast::NonNull | Cast::Satisfies(_), .. } => {}
                    // A copy of its fields.
                    ExprKind::Object(props) if held == Held::As(Shape::Row) && is_spread(props, at) => return,
                    ExprKind::Object(_) | ExprKind::Array(_) => held = Held::Within,
                    ExprKind::Cond { test, .. } if *test == at => return,
                    ExprKind::Cond { .. } | ExprKind::Binary { op: Binary::And | Binary::Or | Binary::Coalesce, .. } => {}
                    ExprKind::Assign { target: Some(target), value, plain: true } if *value == at => {
                        self.assigned(file, *target, up, held);
                        return;
                    }
                    ExprKind::Call(call) if call.callee != at => {
                        if !is_promise_all(module, up) {
                            self.given(file, (call.callee, &call.args), at, held);
                            return;
                        }
                    }
                    ExprKind::Member { object, .. } if *object == at => {
                        let Parent::Expr(call) = module.parent(up) else { return self.lose() };
                        match self.method(file, (up, call), held) {
                            Some(next) => held = next,
                            None => return,
                        }
                        at = call;
                        continue;
                    }
                    _ => return self.lose(),
                },
                Parent::Stmt { place: Place::Discarded | Place::Test, .. } => return,
                Parent::Stmt { place: Place::Returned, func: Some(func), .. } => {
                    if is_handler(self.infer, file, func) {
                        return;
                    }
                    // `rows.map(async (row) => ({ ...row, owner }))`.
                    let Some(mapping) = Mapping::by(module, func) else { return self.lose() };
                    held = Held::Within;
                    at = mapping.call;
                    continue;
                }
                Parent::Stmt { place: Place::Init(first, end), .. } => {
                    self.declared(file, (first, end), held);
                    return;
                }
                Parent::Stmt { .. } => return self.lose(),
            }
            let Parent::Expr(up) = module.parent(at) else { return self.lose() };
            at = up;
        }
    }

    fn lose(&mut self) {
        self.reach.is_lost = true;
    }

    /// A call on rows, by the name in front of it: what its result holds; `None` where that is the end of it.
    fn method(&mut self, file: FileId, (member, call): (ExprId, ExprId), held: Held) -> Option<Held> {
        let module = self.infer.hir(file);
        let (ExprKind::Member { property, .. }, Some(called)) = (module.expr(member), module.call(call).filter(|c| c.callee == member))
        else {
            self.lose();
            return None;
        };
        let [argument] = &*called.args else {
            self.lose();
            return None;
        };
        let row = match (&**property, held) {
            ("map" | "flatMap" | "forEach" | "some" | "every" | "filter" | "find", Held::As(Shape::Rows)) => Shape::Row,
            ("then", Held::As(shape)) => shape,
            _ => {
                self.lose();
                return None;
            }
        };
        match self.infer.expr(file, argument.value) {
            Ty::Function(at) => self.parameter(at, 0, Held::As(row)),
            _ => self.lose(),
        }
        // What the callback returns of the row is lost from sight there.
        match &**property {
            "filter" => Some(held),
            "find" => Some(Held::As(Shape::Row)),
            _ => None,
        }
    }

    fn given(&mut self, file: FileId, (callee, args): (ExprId, &[Arg]), at: ExprId, held: Held) {
        let index = args.iter().position(|a| a.value == at).filter(|index| args[..=*index].iter().all(|a| !a.spread));
        match (self.infer.expr(file, callee), index) {
            (Ty::Function(function), Some(index)) => self.parameter(function, index as u32, held),
            _ => self.lose(),
        }
    }

    fn parameter(&mut self, at: FunctionAt, index: u32, held: Held) {
        let module = self.infer.hir(at.file);
        let Held::As(shape) = held else { return self.lose() };
        let Some(param) = module.func(at.func).params.get(index as usize).filter(|param| !param.is_rest) else { return self.lose() };
        if let Some(ty) = param.ty {
            // By a type of the old library it has to go on being one of its rows, and one that is not read may be such.
            match self.infer.ty(at.file, ty).non_null() {
                Ty::Doc(_) => {}
                Ty::Object(object) if object.fields.iter().all(|field| !(self.is_method)(&field.name)) => {}
                _ => return self.lose(),
            }
        }
        if param.is_name {
            self.name(at.file, param.bindings.0, shape);
        } else {
            self.taken_apart(at.file, param.bindings, shape);
        }
    }

    fn declared(&mut self, file: FileId, range: (BindingId, BindingId), held: Held) {
        let module = self.infer.hir(file);
        let first = module.binding(range.0);
        let is_lone = range.1.0 == range.0.0 + 1 && first.path.is_empty();
        match held {
            Held::As(shape) if is_lone => self.named(file, range.0, shape),
            Held::As(shape) => self.taken_apart(file, range, shape),
            Held::Within if is_lone && first.writes.is_empty() && matches!(first.kind, BindingKind::Const(_)) => {
                for usage in &first.uses {
                    self.leave(file, *usage, Held::Within);
                }
            }
            Held::Within => self.lose(),
        }
    }

    /// `({ _id, ...rest }) => …`: fields, and copies of them.
    fn taken_apart(&mut self, file: FileId, range: (BindingId, BindingId), shape: Shape) {
        let module = self.infer.hir(file);
        let is_field = |id: BindingId| match module.binding(id).path.first() {
            Some(Step::Key(name)) => !(self.is_method)(name),
            Some(Step::Rest(_)) => true,
            _ => false,
        };
        if shape != Shape::Row || !module.bindings_in(range).all(is_field) {
            self.lose();
        }
    }

    fn assigned(&mut self, file: FileId, target: ExprId, whole: ExprId, held: Held) {
        let module = self.infer.hir(file);
        let is_statement = matches!(module.parent(whole), Parent::Stmt { place: Place::Discarded, .. });
        match (module.expr(module.bare(target)), held) {
            (ExprKind::Local(binding), Held::As(shape)) if is_statement => self.named(file, *binding, shape),
            _ => self.lose(),
        }
    }

    /// A variable that may have a type.
    fn named(&mut self, file: FileId, binding: BindingId, shape: Shape) {
        let module = self.infer.hir(file);
        if module.binding(binding).ty.is_some() && !matches!(self.infer.binding(file, binding).non_null(), Ty::Doc(_)) {
            return self.lose();
        }
        self.name(file, binding, shape);
    }

    fn name(&mut self, file: FileId, binding: BindingId, shape: Shape) {
        if !self.seen.insert((file, binding, shape == Shape::Row)) {
            return;
        }
        if self.seen.len() > 48 {
            return self.lose();
        }
        let module = self.infer.hir(file);
        let is_awaited = |func: FuncId| is_handler(self.infer, file, func);
        let uses = Tracer { module, is_method: self.is_method, is_awaited: &is_awaited }.of_binding(binding, shape);
        self.uses(file, &uses);
    }
}

fn is_spread(props: &[Prop], at: ExprId) -> bool {
    props.iter().any(|prop| prop.value == at && prop.key == Key::Spread)
}

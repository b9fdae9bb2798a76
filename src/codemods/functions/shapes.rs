//! What becomes of the rows that a call yields: which of their fields are read, what is called on them, and where they go out of sight.
//!
//! Rows of the ORM call their id `id` and not `_id`. Where every use can be seen the uses follow; where rows leave, they are given the
//! shape that they had. Nothing is concluded from names: uses are those of bindings.

use crate::model::hir::{
    Binary, BindingId, BindingKind, Cast, ExprId, ExprKind, FuncId, Key, Module, Name, Parent, Place, PropKind, Step, Unary,
};
use crate::model::repetition::Mapping;

/// What an expression holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Row,
    Rows,
    Page,
}

/// One use of a row, or of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// `row.name`.
    Field(ExprId),
    /// Something of ents is called on the row: `row.edge("posts")`. The row, not the call.
    Receiver(ExprId),
    /// Something of ents is taken from the row, and not called: it would be called on whatever comes after.
    Method(ExprId),
    /// What stands here has to be what it was from the start: it is changed, compared with another, or named as a type.
    Itself(ExprId),
    /// The value goes where it is not followed.
    Escape { value: ExprId, shape: Shape, way: Way },
}

/// How a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It is returned.
    Returned,
    /// `{ row }`.
    Shorthand,
    /// Its fields are copied.
    Spread,
    Other,
}

/// How the promise itself is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Taken {
    /// `await …`: the expression that awaits.
    Awaited(ExprId),
    /// One of the promises, or nothings, that a condition chooses from: the expression that awaits it.
    Chosen(ExprId),
    /// Returned by an async function, which awaits it.
    Returned,
    /// One of the promises that `Promise.all` awaits.
    Together,
    /// A function's result that whoever calls it awaits, as `Promise.all(rows.map((row) => …))` does.
    Collected,
    /// Given to the callback of `.then(…)`, which is the only thing that is done with the promise.
    Then(ExprId),
    /// Given to `asyncMap(promise, callback)`, which calls back for each of the rows.
    Mapped(ExprId),
    /// Nobody looks at it, nor waits for it.
    Discarded,
    /// Handed on as it is: what is called on it then is not known.
    #[default]
    Lazy,
}

/// Everything that becomes of what a call yields.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    pub taken: Taken,
    pub uses: Vec<Use>,
    /// The value of the promise is never looked at.
    pub is_ignored: bool,
}

pub struct Tracer<'m> {
    pub module: &'m Module,
    /// Whether a call of this name on a row is one of ents.
    pub is_method: &'m dyn Fn(&str) -> bool,
    /// Whether what the function returns is awaited by whoever calls it.
    pub is_awaited: &'m dyn Fn(FuncId) -> bool,
}

impl Tracer<'_> {
    pub fn flow(&self, top: ExprId, shape: Option<Shape>) -> Flow {
        let (taken, stands) = self.taken(top);
        let mut uses = Vec::new();
        let mut is_ignored = false;
        match (taken, shape) {
            (Taken::Awaited(at) | Taken::Chosen(at), shape) => {
                is_ignored = self.is_ignored(at);
                if let Some(shape) = shape {
                    self.follow(at, shape, &mut uses, 0);
                }
            }
            (Taken::Together, shape) => match self.together(stands) {
                Some(bindings) => {
                    is_ignored = bindings.is_empty();
                    if let Some(shape) = shape {
                        for binding in bindings {
                            self.follow_binding(binding, shape, &mut uses, 0);
                        }
                    }
                }
                None => uses.extend(shape.map(|shape| Use::Escape { value: top, shape, way: Way::Other })),
            },
            (Taken::Returned, shape) => uses.extend(shape.map(|shape| Use::Escape { value: top, shape, way: Way::Returned })),
            (Taken::Collected, shape) => {
                is_ignored = self.is_collection_ignored(top);
                uses.extend(shape.filter(|_| !is_ignored).map(|shape| Use::Escape { value: top, shape, way: Way::Returned }));
            }
            (Taken::Then(callback), shape) => {
                is_ignored = self.module.as_func(callback).is_some_and(|func| self.module.func(func).params.is_empty());
                uses.extend(shape.map_or_else(Vec::new, |shape| self.given(callback, top, shape)));
            }
            (Taken::Mapped(callback), Some(Shape::Rows)) if self.each(callback, 1, &mut uses, 0) => {}
            (Taken::Mapped(_), shape) => uses.extend(shape.map(|shape| Use::Escape { value: top, shape, way: Way::Other })),
            (Taken::Discarded, _) => is_ignored = true,
            (Taken::Lazy, _) => {}
        }
        Flow { taken, uses, is_ignored }
    }

    /// What becomes of the value that a function is called with, which is that of a promise.
    fn given(&self, callback: ExprId, promise: ExprId, shape: Shape) -> Vec<Use> {
        let escape = || vec![Use::Escape { value: promise, shape, way: Way::Other }];
        let Some(func) = self.module.as_func(callback).map(|func| self.module.func(func)) else { return escape() };
        match func.params.first() {
            None => Vec::new(),
            Some(param) if param.is_name && !param.is_rest && param.ty.is_none() && self.is_steady(param.bindings.0) => {
                let mut uses = Vec::new();
                self.follow_binding(param.bindings.0, shape, &mut uses, 0);
                uses
            }
            Some(_) => escape(),
        }
    }

    /// The names that the promise's value gets in `const [a, b] = await Promise.all([…])`; none where it gets none.
    fn together(&self, top: ExprId) -> Option<Vec<BindingId>> {
        let Parent::Expr(list) = self.module.parent(top) else { return None };
        let ExprKind::Array(items) = self.module.expr(list) else { return None };
        let place = items.iter().position(|item| item.value == top)? as u32;
        let Parent::Expr(all) = self.module.parent(list) else { return None };
        let Parent::Expr(awaited) = self.module.parent(all) else { return None };
        if !matches!(self.module.expr(awaited), ExprKind::Await(_)) {
            return None;
        }
        match self.module.parent(awaited) {
            Parent::Stmt { place: Place::Discarded, .. } => Some(Vec::new()),
            Parent::Stmt { place: Place::Init(first, end), .. } => {
                let bindings: Vec<BindingId> = self.module.bindings_in((first, end)).collect();
                let is_item = |b: &BindingId| matches!(self.module.binding(*b).path.first(), Some(Step::Index(at)) if *at == place);
                let is_listed = bindings.iter().all(|b| matches!(self.module.binding(*b).path.first(), Some(Step::Index(_))));
                let own: Vec<BindingId> = bindings.iter().copied().filter(is_item).collect();
                let is_plain = own.iter().all(|b| self.module.binding(*b).path.len() == 1 && self.is_steady(*b));
                (is_listed && is_plain).then_some(own)
            }
            _ => None,
        }
    }

    /// `rows.reduce((sum, row) => …, start)`.
    fn reduced(&self, callback: ExprId, escape: Use, uses: &mut Vec<Use>, depth: u32) {
        let Some(func) = self.module.as_func(callback).map(|func| self.module.func(func)) else { return uses.push(escape) };
        match &func.params[..] {
            [_] | [] => {}
            [_, row] | [_, row, _] if row.is_name && !row.is_rest && self.is_steady(row.bindings.0) => {
                self.follow_binding(row.bindings.0, Shape::Row, uses, depth);
            }
            _ => uses.push(escape),
        }
    }

    /// What becomes of a row that a parameter is.
    pub fn of_parameter(&self, id: BindingId) -> Vec<Use> {
        let mut uses = Vec::new();
        self.follow_binding(id, Shape::Row, &mut uses, 0);
        uses
    }

    /// What becomes of what a name stands for, if that is of the shape.
    pub fn of_binding(&self, id: BindingId, shape: Shape) -> Vec<Use> {
        let mut uses = Vec::new();
        self.follow_binding(id, shape, &mut uses, 0);
        uses
    }

    /// A constant without a type of its own.
    fn is_steady(&self, id: BindingId) -> bool {
        let binding = self.module.binding(id);
        let is_const =
            matches!(binding.kind, BindingKind::Const(_) | BindingKind::Element(_) | BindingKind::Param(..) | BindingKind::Let(_));
        is_const && binding.writes.is_empty() && binding.ty.is_none() && binding.default.is_none()
    }

    fn follow_binding(&self, id: BindingId, shape: Shape, uses: &mut Vec<Use>, depth: u32) {
        let named = self.module.type_uses(id).next();
        if let (Some(_), Some(first)) = (named, self.module.binding(id).uses.first()) {
            uses.push(Use::Itself(*first));
        }
        for usage in &self.module.binding(id).uses {
            self.follow(*usage, shape, uses, depth + 1);
        }
    }

    /// What becomes of an expression that holds the shape.
    fn follow(&self, at: ExprId, shape: Shape, uses: &mut Vec<Use>, depth: u32) {
        let escape = |way: Way| Use::Escape { value: at, shape, way };
        if depth > 24 {
            uses.push(escape(Way::Other));
            return;
        }
        match self.module.parent(at) {
            Parent::Stmt { place, func, .. } => match place {
                Place::Discarded | Place::Test => {}
                Place::Returned => uses.push(escape(Way::Returned)),
                Place::Init(first, end) => self.declared(at, (first, end), shape, uses, depth),
                Place::Iterated if shape == Shape::Rows => {
                    let _ = func;
                    self.iterated(at, uses, depth);
                }
                _ => uses.push(escape(Way::Other)),
            },
            Parent::Expr(up) => self.used(at, up, shape, uses, depth),
        }
    }

    fn declared(&self, at: ExprId, range: (BindingId, BindingId), shape: Shape, uses: &mut Vec<Use>, depth: u32) {
        let bindings: Vec<BindingId> = self.module.bindings_in(range).collect();
        let escape = Use::Escape { value: at, shape, way: Way::Other };
        if !bindings.iter().all(|b| self.is_steady(*b)) {
            uses.push(escape);
            return;
        }
        let path = |b: &BindingId| self.module.binding(*b).path.clone();
        match (shape, &bindings[..]) {
            (shape, [one]) if path(one).is_empty() => self.follow_binding(*one, shape, uses, depth),
            // `const [first] = …`.
            (Shape::Rows, all) if all.iter().all(|b| matches!(&path(b)[..], [Step::Index(_)])) => {
                all.iter().for_each(|b| self.follow_binding(*b, Shape::Row, uses, depth));
            }
            (Shape::Page, all) if all.iter().all(|b| matches!(&path(b)[..], [Step::Key(_)])) => {
                for b in all {
                    match &path(b)[..] {
                        [Step::Key(name)] if &**name == "page" => self.follow_binding(*b, Shape::Rows, uses, depth),
                        // The ORM has another type for it.
                        [Step::Key(name)] if &**name == "continueCursor" => uses.push(Use::Itself(at)),
                        _ => {}
                    }
                }
            }
            // Fields that are called the same in both worlds.
            (Shape::Row, all) if all.iter().all(|b| matches!(&path(b)[..], [Step::Key(name)] if !name.starts_with('_'))) => {
                uses.push(escape)
            }
            _ => uses.push(escape),
        }
    }

    /// `for (const row of rows)`.
    fn iterated(&self, at: ExprId, uses: &mut Vec<Use>, depth: u32) {
        let of = |id: &BindingId| self.module.binding(*id).kind == BindingKind::Element(at);
        let elements: Vec<BindingId> = (0..self.module.bindings.len() as u32).map(BindingId).filter(of).collect();
        let is_plain = |id: &BindingId| self.module.binding(*id).path.is_empty() && self.is_steady(*id);
        if elements.iter().all(is_plain) {
            elements.iter().for_each(|id| self.follow_binding(*id, Shape::Row, uses, depth));
        } else {
            uses.push(Use::Escape { value: at, shape: Shape::Rows, way: Way::Other });
        }
    }

    fn used(&self, at: ExprId, up: ExprId, shape: Shape, uses: &mut Vec<Use>, depth: u32) {
        let escape = |way: Way| Use::Escape { value: at, shape, way };
        match self.module.expr(up) {
            ExprKind::Paren(_) | ExprKind::Await(_) => self.follow(up, shape, uses, depth + 1),
            ExprKind::Cast { kind: Cast::NonNull, .. } => self.follow(up, shape, uses, depth + 1),
            ExprKind::Member { object, property, .. } if *object == at => self.member(at, up, property, shape, uses, depth),
            ExprKind::Index { object, .. } if *object == at && shape == Shape::Rows => self.follow(up, Shape::Row, uses, depth + 1),
            // `row["edge"](…)`.
            ExprKind::Index { object, index }
                if *object == at && self.module.constant(*index).is_some_and(|name| (self.is_method)(name)) =>
            {
                uses.push(Use::Method(at));
            }
            ExprKind::Assign { target: Some(target), .. } if *target == at => uses.push(Use::Itself(at)),
            ExprKind::Call(_) if shape == Shape::Rows => match Mapping::of(self.module, up) {
                Some(mapping) if mapping.list == at && self.each(mapping.callback, 1, uses, depth) => {}
                _ => uses.push(escape(Way::Other)),
            },
            ExprKind::Unary { op: Unary::Not, .. } => {}
            ExprKind::Cond { test, .. } if *test == at => {}
            ExprKind::Binary { op: Binary::And, left, .. } if *left == at => {}
            ExprKind::Binary { op: Binary::And | Binary::Or | Binary::Coalesce, .. } if is_condition(self.module, up) => {}
            ExprKind::Binary { op: Binary::StrictEq | Binary::StrictNe | Binary::LooseEq | Binary::LooseNe, left, right } => {
                let other = if *left == at { *right } else { *left };
                let is_nothing = match self.module.expr(self.module.bare(other)) {
                    ExprKind::Null => true,
                    ExprKind::Global(name) => &**name == "undefined",
                    _ => false,
                };
                if !is_nothing {
                    uses.push(Use::Itself(at));
                }
            }
            ExprKind::Object(props) => {
                let prop = props.iter().find(|prop| prop.value == at);
                uses.push(escape(match prop {
                    Some(prop) if prop.key == Key::Spread => Way::Spread,
                    Some(prop) if prop.kind == PropKind::Shorthand => Way::Shorthand,
                    _ => Way::Other,
                }));
            }
            _ => uses.push(escape(Way::Other)),
        }
    }

    fn member(&self, at: ExprId, member: ExprId, property: &Name, shape: Shape, uses: &mut Vec<Use>, depth: u32) {
        let escape = Use::Escape { value: at, shape, way: Way::Other };
        let called = match self.module.parent(member) {
            Parent::Expr(call) if self.module.call(call).is_some_and(|c| c.callee == member) => Some(call),
            _ => None,
        };
        match (shape, called) {
            (Shape::Row, Some(_)) if (self.is_method)(property) => uses.push(Use::Receiver(at)),
            (Shape::Row, None) if (self.is_method)(property) => uses.push(Use::Method(at)),
            (Shape::Row, _) => {
                // `row.count++` and `row.list = …` change the row itself.
                uses.push(Use::Field(member));
            }
            (Shape::Page, None) if &**property == "page" => self.follow(member, Shape::Rows, uses, depth + 1),
            (Shape::Page, None) if &**property == "continueCursor" => uses.push(Use::Itself(at)),
            (Shape::Page, None) => {}
            (Shape::Rows, None) if &**property == "length" => {}
            (Shape::Rows, Some(call)) => self.list_method(call, property, escape, uses, depth),
            _ => uses.push(escape),
        }
    }

    fn list_method(&self, call: ExprId, method: &str, escape: Use, uses: &mut Vec<Use>, depth: u32) {
        let Some(args) = self.module.call(call).map(|call| &call.args) else { return uses.push(escape) };
        let rows = match method {
            "sort" | "toSorted" => 2,
            "map" | "filter" | "some" | "every" | "find" | "findLast" | "findIndex" | "forEach" | "flatMap" => 1,
            "slice" | "at" | "reverse" | "toReversed" | "pop" | "shift" => 0,
            "reduce" if args.len() == 2 => return self.reduced(args[0].value, escape, uses, depth),
            // It grows, or is asked for one of its rows.
            "push" | "unshift" | "splice" | "fill" | "includes" | "indexOf" | "lastIndexOf" => {
                return match escape {
                    Use::Escape { value, .. } => uses.push(Use::Itself(value)),
                    other => uses.push(other),
                };
            }
            _ => return uses.push(escape),
        };
        // `rows.filter(Boolean)`: nothing is asked of a row.
        let is_global = |at: ExprId| matches!(self.module.expr(self.module.bare(at)), ExprKind::Global(name) if &**name == "Boolean");
        let is_presence = method == "filter" && matches!(&**args, [only] if is_global(only.value));
        if rows > 0 && !is_presence {
            let [callback] = &**args else { return uses.push(escape) };
            if !self.each(callback.value, rows, uses, depth) {
                return uses.push(escape);
            }
        }
        match method {
            "filter" | "sort" | "toSorted" | "slice" | "reverse" | "toReversed" => self.follow(call, Shape::Rows, uses, depth + 1),
            "find" | "findLast" | "at" | "pop" | "shift" => self.follow(call, Shape::Row, uses, depth + 1),
            _ => {}
        }
    }

    /// What becomes of the rows that a callback is called with, its first parameters; whether that can be followed.
    fn each(&self, callback: ExprId, rows: usize, uses: &mut Vec<Use>, depth: u32) -> bool {
        let Some(func) = self.module.as_func(callback).map(|func| self.module.func(func)) else { return false };
        let params = func.params.iter().take(rows);
        let is_plain = params.clone().all(|p| p.is_name && !p.is_rest && self.is_steady(p.bindings.0));
        // The list itself, given as a third argument.
        if !is_plain || func.params.len() > rows.max(2) {
            return false;
        }
        for param in params {
            self.follow_binding(param.bindings.0, Shape::Row, uses, depth);
        }
        true
    }
}

/// Whether of a value no more is asked than whether it is one that holds: `if (ready && row)`.
fn is_condition(module: &Module, at: ExprId) -> bool {
    match module.parent(at) {
        Parent::Stmt { place, .. } => place == Place::Test,
        Parent::Expr(up) => match module.expr(up) {
            ExprKind::Paren(_) | ExprKind::Binary { op: Binary::And | Binary::Or | Binary::Coalesce, .. } => is_condition(module, up),
            ExprKind::Unary { op, .. } => *op == Unary::Not,
            ExprKind::Cond { test, .. } => *test == at,
            _ => false,
        },
    }
}

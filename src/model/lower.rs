//! From swc's tree to `hir::Module`: one walk, names resolved on the way.
//!
//! Scopes are its own and light: blocks, functions and the module; types have a name space beside values.
//! Nothing is judged here, and nothing about Convex is known.

mod classes;
mod patterns;
mod statements;
mod types;

use std::cell::Cell;

use rustc_hash::FxHashMap;
use swc_atoms::Atom;
use swc_ecma_ast::{
    ArrowExpr, ArrowFunctionBody, AssignExpr, AssignOp, AssignTarget, BinaryOp, CallExpr, Callee, Expr, ExprOrSpread, Function, Ident, Lit,
    MemberExpr, MemberProp, ObjectLit, OptChainBase, Pat, Program, Prop as AstProp, PropName, PropOrSpread, SimpleAssignTarget, Str,
    TsTypeAnn, TsTypeParamDecl, TsTypeParamInstantiation, UnaryOp,
};
use swc_ecma_visit::VisitWith;

use classes::Inside;

use super::hir::{
    Arg, Binary, Binding, BindingId, BindingKind, Body, Call, Cast, ClassId, ExprId, ExprKind, Func, FuncId, GuardId, Holds, Key, Loop,
    Module, Name, Param, Place, Prop, PropKind, Room, Step, TypeId, Unary,
};
use crate::source::{Node, Span, Tree, span_of};

thread_local!(static ROOM: Cell<Room> = Cell::default());

/// Lowers the tree of one file.
pub fn lower(tree: &Tree, file: crate::source::FileId) -> Module {
    let mut lower = Lower {
        module: Module::empty(file),
        locals: Vec::new(),
        types: FxHashMap::default(),
        type_params: Vec::new(),
        func: None,
        class: None,
        guard: None,
    };
    lower.module.take(ROOM.take());
    match &tree.program {
        Program::Module(module) => lower.module_items(&module.body),
        Program::Script(script) => {
            lower.module.use_node = statements::says_use_node(script.body.first());
            lower.declare_all(script.body.iter());
            lower.module.body = lower.stmts(&script.body);
        }
    }
    ROOM.set(lower.module.finish());
    lower.module
}

struct Lower {
    module: Module,
    /// Names of the scopes inside the module's own, innermost last.
    locals: Vec<(Atom, BindingId)>,
    types: FxHashMap<Atom, BindingId>,
    /// Type parameters around, innermost last, with the contexts that they stand for.
    type_params: Vec<(Atom, Option<TypeId>)>,
    func: Option<FuncId>,
    /// The class whose instance `this` is.
    class: Option<ClassId>,
    guard: Option<GuardId>,
}

impl Lower {
    fn span(&self, node: &impl Node) -> Span {
        span_of(self.module.file, node)
    }

    fn lookup(&self, name: &Atom) -> Option<BindingId> {
        self.locals.iter().rev().find(|(n, _)| n == name).map(|(_, id)| *id).or_else(|| self.module.top.get(name).copied())
    }

    /// Makes a name known in the current scope. What it is bound to is said when its declaration is lowered.
    fn declare(&mut self, ident: &Ident, kind: BindingKind) -> BindingId {
        let span = self.span(ident);
        let id = BindingId(self.module.bindings.len() as u32);
        self.module.bindings.push(Binding {
            name: ident.sym.clone(),
            start: span.start,
            end: span.start + ident.sym.len() as u32,
            kind,
            path: Box::default(),
            default: None,
            ty: None,
            writes: Vec::new(),
            uses: Vec::new(),
        });
        if self.func.is_none() && self.locals.is_empty() {
            self.module.top.insert(ident.sym.clone(), id);
        } else {
            self.locals.push((ident.sym.clone(), id));
        }
        id
    }

    fn next_binding(&self) -> BindingId {
        BindingId(self.module.bindings.len() as u32)
    }

    /// Runs the closure in a scope of its own.
    fn scoped<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        let mark = self.locals.len();
        let result = run(self);
        self.locals.truncate(mark);
        result
    }

    fn push(&mut self, node: &impl Node, kind: ExprKind) -> ExprId {
        let span = self.span(node);
        self.module.push_expr(span, kind)
    }

    fn placed(&mut self, expr: &Expr, place: Place) -> ExprId {
        let id = self.expr(expr);
        self.module.place(id, place, self.func, self.guard);
        id
    }

    fn expr(&mut self, expr: &Expr) -> ExprId {
        let kind = match expr {
            Expr::Ident(ident) => return self.name(ident),
            Expr::Lit(Lit::Str(text)) => return self.push(text, ExprKind::Str(text_of(text))),
            Expr::Lit(lit) => self.literal(lit),
            Expr::Member(member) => return self.member(member, member, false),
            Expr::Call(call) => return self.call(call),
            Expr::OptChain(chain) => match &*chain.base {
                OptChainBase::Member(member) => return self.member(member, chain, chain.optional),
                OptChainBase::Call(call) => {
                    let callee = self.expr(&call.callee);
                    self.call_parts(callee, &call.args, call.type_args.as_deref(), chain.optional)
                }
            },
            Expr::New(new) => {
                let callee = self.expr(&new.callee);
                match self.call_parts(callee, new.args.as_deref().unwrap_or_default(), new.type_args.as_deref(), false) {
                    ExprKind::Call(call) => ExprKind::New(call),
                    other => other,
                }
            }
            Expr::Object(object) => {
                let kind = self.object(object);
                return self.push(object, kind);
            }
            Expr::Array(array) => ExprKind::Array(array.elems.iter().flatten().map(|e| self.arg(e)).collect()),
            Expr::Arrow(arrow) => ExprKind::Func(self.arrow(arrow)),
            Expr::Fn(function) => {
                let name = function.ident.as_ref().map(|i| i.sym.clone());
                ExprKind::Func(self.function(&function.function, name))
            }
            Expr::Cond(cond) => {
                let (test, yes, no) = (self.expr(&cond.test), self.expr(&cond.cons), self.expr(&cond.alt));
                ExprKind::Cond { test, yes, no }
            }
            Expr::Bin(bin) => {
                let (left, right) = (self.expr(&bin.left), self.expr(&bin.right));
                ExprKind::Binary { op: binary(bin.op), left, right }
            }
            Expr::Unary(unary) => ExprKind::Unary { op: unary_op(unary.op), operand: self.expr(&unary.arg) },
            Expr::Update(update) => {
                let operand = self.expr(&update.arg);
                ExprKind::Unary { op: Unary::Update, operand }
            }
            Expr::Assign(assign) => self.assign(assign),
            Expr::Await(inner) => ExprKind::Await(self.expr(&inner.arg)),
            Expr::Paren(inner) => ExprKind::Paren(self.expr(&inner.expr)),
            Expr::TsAs(cast) => {
                let value = self.expr(&cast.expr);
                ExprKind::Cast { value, kind: Cast::As(self.ty(&cast.type_ann)) }
            }
            Expr::TsTypeAssertion(cast) => {
                let value = self.expr(&cast.expr);
                ExprKind::Cast { value, kind: Cast::As(self.ty(&cast.type_ann)) }
            }
            Expr::TsSatisfies(cast) => {
                let value = self.expr(&cast.expr);
                ExprKind::Cast { value, kind: Cast::Satisfies(self.ty(&cast.type_ann)) }
            }
            Expr::TsNonNull(cast) => ExprKind::Cast { value: self.expr(&cast.expr), kind: Cast::NonNull },
            Expr::TsConstAssertion(cast) => ExprKind::Cast { value: self.expr(&cast.expr), kind: Cast::Const },
            Expr::TsInstantiation(inner) => return self.expr(&inner.expr),
            Expr::Seq(seq) => ExprKind::Sequence(seq.exprs.iter().map(|e| self.expr(e)).collect()),
            Expr::This(_) => ExprKind::This(self.class),
            Expr::Tpl(template) => ExprKind::Template(template.exprs.iter().map(|e| self.expr(e)).collect()),
            Expr::TaggedTpl(tagged) => {
                let tag = self.expr(&tagged.tag);
                let parts = tagged.tpl.exprs.iter().map(|e| self.expr(e));
                ExprKind::Opaque(std::iter::once(tag).chain(parts).collect())
            }
            Expr::Yield(inner) => ExprKind::Opaque(inner.arg.iter().map(|e| self.expr(e)).collect()),
            Expr::Class(class) => self.class(&class.class),
            other => self.opaque(other),
        };
        self.push(expr, kind)
    }

    fn name(&mut self, ident: &Ident) -> ExprId {
        let found = self.lookup(&ident.sym);
        let kind = found.map_or_else(|| ExprKind::Global(ident.sym.clone()), ExprKind::Local);
        let id = self.push(ident, kind);
        if let Some(binding) = found {
            self.module.bindings[binding.0 as usize].uses.push(id);
        }
        id
    }

    fn literal(&mut self, lit: &Lit) -> ExprKind {
        match lit {
            Lit::Str(text) => ExprKind::Str(text_of(text)),
            Lit::Num(number) => ExprKind::Num(number.value),
            Lit::Bool(value) => ExprKind::Bool(value.value),
            Lit::Null(_) => ExprKind::Null,
            Lit::BigInt(_) => ExprKind::BigInt,
            Lit::Regex(_) => ExprKind::Regex,
            Lit::JSXText(_) => ExprKind::Opaque(Box::default()),
        }
    }

    fn member(&mut self, member: &MemberExpr, whole: &impl Node, optional: bool) -> ExprId {
        let object = self.expr(&member.obj);
        let kind = match &member.prop {
            MemberProp::Ident(name) => ExprKind::Member { object, property: name.sym.clone(), optional },
            MemberProp::PrivateName(_) => ExprKind::Opaque(Box::new([object])),
            MemberProp::Computed(computed) => ExprKind::Index { object, index: self.expr(&computed.expr) },
        };
        self.push(whole, kind)
    }

    fn call(&mut self, call: &CallExpr) -> ExprId {
        let kind = match &call.callee {
            Callee::Expr(callee) => {
                let callee = self.expr(callee);
                self.call_parts(callee, &call.args, call.type_args.as_deref(), false)
            }
            Callee::Import(_) => match call.args.first() {
                Some(module) => ExprKind::Import(self.expr(&module.expr)),
                None => ExprKind::Opaque(Box::default()),
            },
            Callee::Super(_) => ExprKind::Opaque(call.args.iter().map(|a| self.expr(&a.expr)).collect()),
        };
        if let ExprKind::Import(module) = kind
            && let Some(name) = self.module.as_str(module).cloned()
        {
            let span = self.span(call);
            self.import_of(name, span);
        }
        self.push(call, kind)
    }

    fn call_parts(
        &mut self,
        callee: ExprId,
        args: &[ExprOrSpread],
        type_args: Option<&TsTypeParamInstantiation>,
        optional: bool,
    ) -> ExprKind {
        let args = args.iter().map(|a| self.arg(a)).collect();
        let type_args = type_args.map(|t| t.params.iter().map(|p| self.ty(p)).collect()).unwrap_or_default();
        ExprKind::Call(Box::new(Call { callee, args, type_args, optional }))
    }

    fn arg(&mut self, arg: &ExprOrSpread) -> Arg {
        Arg { value: self.expr(&arg.expr), spread: arg.spread.is_some() }
    }

    fn object(&mut self, object: &ObjectLit) -> ExprKind {
        ExprKind::Object(object.props.iter().map(|p| self.prop(p)).collect())
    }

    fn prop(&mut self, prop: &PropOrSpread) -> Prop {
        let whole = self.span(prop);
        let made = |key, value, key_end, kind| Prop { key, value, start: whole.start, end: whole.end, key_end, kind };
        let prop = match prop {
            PropOrSpread::Spread(spread) => return made(Key::Spread, self.expr(&spread.expr), whole.start + 3, PropKind::Spread),
            PropOrSpread::Prop(prop) => &**prop,
        };
        match prop {
            AstProp::Shorthand(ident) => made(Key::Name(ident.sym.clone()), self.name(ident), whole.end, PropKind::Shorthand),
            AstProp::KeyValue(pair) => {
                let (key, key_end) = self.key(&pair.key);
                made(key, self.expr(&pair.value), key_end, PropKind::KeyValue)
            }
            AstProp::Assign(pair) => {
                let value = self.expr(&pair.value);
                made(Key::Name(pair.key.sym.clone()), value, whole.end, PropKind::KeyValue)
            }
            AstProp::Getter(getter) => {
                let (key, key_end) = self.key(&getter.key);
                let value = self.function(&getter.function, None);
                let value = self.push(getter, ExprKind::Func(value));
                made(key, value, key_end, PropKind::Accessor)
            }
            AstProp::Setter(setter) => {
                let (key, key_end) = self.key(&setter.key);
                let value = self.function(&setter.function, None);
                let value = self.push(setter, ExprKind::Func(value));
                made(key, value, key_end, PropKind::Accessor)
            }
            AstProp::Method(method) => {
                let (key, key_end) = self.key(&method.key);
                let name = match &key {
                    Key::Name(name) => Some(name.clone()),
                    _ => None,
                };
                let func = self.function(&method.function, name);
                let value = self.push(method, ExprKind::Func(func));
                made(key, value, key_end, PropKind::Method)
            }
        }
    }

    /// A property's key, and where it ends.
    fn key(&mut self, key: &PropName) -> (Key, u32) {
        let end = self.span(key).end;
        let key = match key {
            PropName::Ident(name) => Key::Name(name.sym.clone()),
            PropName::Str(text) => Key::Name(text_of(text)),
            PropName::Num(number) => Key::Name(Atom::from(number.value.to_string())),
            PropName::BigInt(number) => Key::Name(Atom::from(number.value.to_string())),
            PropName::Computed(computed) => {
                let id = self.expr(&computed.expr);
                match self.module.as_str(id) {
                    Some(text) => Key::Name(text.clone()),
                    None => Key::Computed(id),
                }
            }
        };
        (key, end)
    }

    fn assign(&mut self, assign: &AssignExpr) -> ExprKind {
        let value = self.expr(&assign.right);
        let plain = assign.op == AssignOp::Assign;
        let target = match &assign.left {
            AssignTarget::Simple(SimpleAssignTarget::Ident(ident)) => {
                let found = self.lookup(&ident.id.sym);
                let kind = found.map_or_else(|| ExprKind::Global(ident.id.sym.clone()), ExprKind::Local);
                if let Some(binding) = found {
                    self.module.bindings[binding.0 as usize].writes.push(Some(value));
                }
                Some(self.push(&ident.id, kind))
            }
            AssignTarget::Simple(simple) => self.assign_target(simple),
            AssignTarget::Pat(pattern) => {
                let pattern: Pat = pattern.clone().into();
                self.write_pattern(&pattern);
                None
            }
        };
        ExprKind::Assign { target, value, plain }
    }

    fn assign_target(&mut self, target: &SimpleAssignTarget) -> Option<ExprId> {
        match target {
            SimpleAssignTarget::Member(member) => Some(self.member(member, member, false)),
            SimpleAssignTarget::Paren(inner) => Some(self.expr(&inner.expr)),
            SimpleAssignTarget::TsAs(inner) => Some(self.expr(&inner.expr)),
            SimpleAssignTarget::TsNonNull(inner) => Some(self.expr(&inner.expr)),
            SimpleAssignTarget::TsSatisfies(inner) => Some(self.expr(&inner.expr)),
            SimpleAssignTarget::TsTypeAssertion(inner) => Some(self.expr(&inner.expr)),
            _ => None,
        }
    }

    fn arrow(&mut self, arrow: &ArrowExpr) -> FuncId {
        let whole = self.span(arrow);
        let params: Vec<&Pat> = arrow.params.iter().collect();
        let body = match &*arrow.body {
            ArrowFunctionBody::Expr(expr) => Code::Expr(expr),
            ArrowFunctionBody::FunctionBody(body) => Code::Block(body),
        };
        self.code(Signature {
            name: None,
            whole,
            params,
            body,
            is_async: arrow.is_async,
            is_generator: arrow.is_generator,
            is_arrow: true,
            return_type: arrow.return_type.as_deref(),
            type_params: arrow.type_params.as_deref(),
        })
    }

    fn function(&mut self, function: &Function, name: Option<Name>) -> FuncId {
        let class = self.class.take();
        let func = self.method(function, name);
        self.class = class;
        func
    }

    /// A function whose `this` is that of the class around it.
    fn method(&mut self, function: &Function, name: Option<Name>) -> FuncId {
        let whole = self.span(function);
        self.code(Signature {
            name,
            whole,
            params: function.params.iter().map(|p| &p.pat).collect(),
            body: function.body.as_ref().map_or(Code::None, Code::Block),
            is_async: function.is_async,
            is_generator: function.is_generator,
            is_arrow: false,
            return_type: function.return_type.as_deref(),
            type_params: function.type_params.as_deref(),
        })
    }

    fn code(&mut self, signature: Signature<'_>) -> FuncId {
        let id = FuncId(self.module.funcs.len() as u32);
        let first = ExprId(self.module.expr_count());
        let outer = self.func;
        let params_start = signature.params.first().map_or(signature.whole.start, |p| self.span(*p).start);
        let params_end = signature.params.last().map_or(signature.whole.start, |p| self.span(*p).end);
        self.module.funcs.push(Func {
            name: signature.name,
            params: Vec::new(),
            body: Body::None,
            start: signature.whole.start,
            end: signature.whole.end,
            params_start,
            params_end,
            is_async: signature.is_async,
            is_generator: signature.is_generator,
            is_arrow: signature.is_arrow,
            return_type: None,
            outer,
            expr: None,
            holds: Holds { exprs: (first, first), funcs: (id, id) },
        });
        self.func = Some(id);
        // When it is called, what held around it may hold no longer.
        let guard = self.guard.take();
        let around = self.type_params(signature.type_params);
        let (params, return_type, body) = self.scoped(|this| {
            let params: Vec<Param> = signature.params.iter().enumerate().map(|(i, p)| this.param(p, id, i as u32)).collect();
            let return_type = signature.return_type.map(|t| this.ty(&t.type_ann));
            let body = match signature.body {
                Code::None => Body::None,
                Code::Expr(expr) => Body::Expr(this.placed(expr, Place::Returned)),
                Code::Block(body) => {
                    let span = this.span(body);
                    this.declare_all(body.stmts.iter());
                    Body::Block { stmts: this.stmts(&body.stmts), start: span.start, end: span.end }
                }
            };
            (params, return_type, body)
        });
        self.type_params.truncate(around);
        self.func = outer;
        self.guard = guard;
        let holds = Holds { exprs: (first, ExprId(self.module.expr_count())), funcs: (id, FuncId(self.module.funcs.len() as u32)) };
        let func = &mut self.module.funcs[id.0 as usize];
        func.holds = holds;
        func.params = params;
        func.return_type = return_type;
        func.body = body;
        id
    }

    fn opaque(&mut self, node: &Expr) -> ExprKind {
        let mut inner = Vec::new();
        let mut collect = Inside { lower: self, found: &mut inner };
        node.visit_children_with(&mut collect);
        ExprKind::Opaque(inner.into())
    }
}

struct Signature<'t> {
    name: Option<Name>,
    whole: Span,
    params: Vec<&'t Pat>,
    body: Code<'t>,
    is_async: bool,
    is_generator: bool,
    is_arrow: bool,
    return_type: Option<&'t TsTypeAnn>,
    type_params: Option<&'t TsTypeParamDecl>,
}

enum Code<'t> {
    None,
    Expr(&'t Expr),
    Block(&'t swc_ecma_ast::FunctionBody),
}

/// The text of a string literal; a lone surrogate in it becomes U+FFFD.
fn text_of(text: &Str) -> Atom {
    text.value.to_atom_lossy().into_owned()
}

fn binary(op: BinaryOp) -> Binary {
    match op {
        BinaryOp::LogicalAnd => Binary::And,
        BinaryOp::LogicalOr => Binary::Or,
        BinaryOp::NullishCoalescing => Binary::Coalesce,
        BinaryOp::EqEqEq => Binary::StrictEq,
        BinaryOp::NotEqEq => Binary::StrictNe,
        BinaryOp::EqEq => Binary::LooseEq,
        BinaryOp::NotEq => Binary::LooseNe,
        BinaryOp::Lt | BinaryOp::LtEq | BinaryOp::Gt | BinaryOp::GtEq | BinaryOp::In | BinaryOp::InstanceOf => Binary::Compare,
        BinaryOp::Add => Binary::Add,
        _ => Binary::Arithmetic,
    }
}

fn unary_op(op: UnaryOp) -> Unary {
    match op {
        UnaryOp::Bang => Unary::Not,
        UnaryOp::Minus => Unary::Minus,
        UnaryOp::Plus => Unary::Plus,
        UnaryOp::TypeOf => Unary::TypeOf,
        UnaryOp::Void => Unary::Void,
        UnaryOp::Delete => Unary::Delete,
        UnaryOp::Tilde => Unary::BitNot,
    }
}

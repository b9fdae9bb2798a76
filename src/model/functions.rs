//! Registered functions: what `query({ … })` and its kin declare.

use super::hir::{BindingId, BindingKind, Call, ExprId, ExprKind, Key, Module, Name, Parent, Place, PropKind, Step};
use super::infer::Infer;
use super::ty::{Builder, Flavor, FunctionAt, FunctionKind, Ty, Visibility};
use crate::source::{FileId, Span};

/// One registered function.
#[derive(Debug)]
pub struct Function {
    pub file: FileId,
    /// The call that registers it.
    pub call: ExprId,
    pub span: Span,
    /// The registrar as written: `query`, `authedMutation`, `generated.query`.
    pub callee_span: Span,
    /// Name of the export, where there is one.
    pub name: Option<Name>,
    pub builder: Builder,
    pub syntax: Syntax,
    pub args: Entry,
    pub returns: Entry,
    pub handler: Option<FunctionAt>,
    /// The object that it is given, in object syntax.
    pub config: Option<ExprId>,
    /// What `returns` admits.
    pub declared: Ty,
    /// What the handler yields, unless `returns` admits anything.
    pub result: Ty,
    /// What the handler's second parameter is, where no `args` says so.
    pub arguments: Ty,
    /// The first value returned that cannot be described, if there is one.
    pub unclear: Option<Span>,
    /// A custom builder hands a database to its handlers, or may do so.
    pub may_bring_database: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// `query({ args, handler })`.
    Object,
    /// `query(async (ctx, args) => …)`.
    Bare,
    /// `builder.input(…).query(async ({ ctx, input }) => …)`.
    Chained,
}

/// A key of the object that a registration is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    Missing,
    Present(ExprId),
    /// A spread may bring it, or the object is not written out.
    Unknown,
}

impl Function {
    pub fn is_public(&self) -> bool {
        self.builder.visibility == Visibility::Public
    }

    pub fn is_internal(&self) -> bool {
        self.builder.visibility == Visibility::Internal
    }

    /// Whether this entry, `args` or `returns`, is not there and has its place there.
    pub fn could_have(&self, entry: Entry) -> bool {
        entry == Entry::Missing && self.syntax == Syntax::Object && self.kind() != FunctionKind::HttpAction
    }

    /// Whether the module exports it, under whatever name.
    pub fn is_exported(&self, module: &Module) -> bool {
        let is_own = |name: BindingId| module.is_exported(name);
        match module.meaningful_parent(self.call).0 {
            Parent::Stmt { place: Place::Init(first, end), .. } => module.bindings_in((first, end)).any(is_own),
            Parent::Stmt { place: Place::Exported, .. } => true,
            _ => false,
        }
    }

    /// The argument of the handler that the expression is: `args.id`, or `id` of `(ctx, { id })`.
    pub fn argument(&self, module: &Module, value: ExprId) -> Option<Name> {
        let handler = self.handler.filter(|at| at.file == module.file)?.func;
        let is_args = |id: ExprId| match module.expr(module.bare(id)) {
            ExprKind::Local(b) => module.binding(*b).kind == BindingKind::Param(handler, 1) && module.binding(*b).path.is_empty(),
            _ => false,
        };
        match module.expr(module.bare(value)) {
            ExprKind::Member { object, property, .. } if is_args(*object) => Some(property.clone()),
            ExprKind::Local(b) => match (module.binding(*b).kind, &*module.binding(*b).path) {
                (BindingKind::Param(of, 1), [Step::Key(name)]) if of == handler => Some(name.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    /// The validator that the registration gives the argument, where that is Convex's own and written there.
    pub fn validator_of(&self, module: &Module, argument: &Name) -> Option<ExprId> {
        let Entry::Present(args) = self.args else { return None };
        if !matches!(self.builder.flavor, Flavor::Plain | Flavor::Custom) || module.file != self.file {
            return None;
        }
        let props = module.as_object(args)?;
        props.iter().find(|p| matches!(&p.key, Key::Name(key) if key == argument)).map(|p| p.value)
    }

    pub fn kind(&self) -> FunctionKind {
        self.builder.kind
    }

    /// `function \`list\``, or `this query` where it has no name.
    pub fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("`{name}`"),
            None => match self.kind() {
                FunctionKind::Query => "this query",
                FunctionKind::Mutation => "this mutation",
                FunctionKind::Action => "this action",
                FunctionKind::HttpAction => "this HTTP action",
            }
            .to_owned(),
        }
    }

    /// `query \`list\``, or `query` where it has no name.
    pub fn kind_and_name(&self) -> String {
        let kind = match self.kind() {
            FunctionKind::Query => "query",
            FunctionKind::Mutation => "mutation",
            FunctionKind::Action => "action",
            FunctionKind::HttpAction => "HTTP action",
        };
        self.name.as_ref().map_or_else(|| kind.to_owned(), |name| format!("{kind} `{name}`"))
    }
}

/// The registrations of one file, in source order.
pub(super) fn read(infer: &Infer<'_>, file: FileId) -> Vec<Function> {
    let module = infer.hir(file);
    module.calls().filter_map(|(id, call)| registration(infer, file, id, call)).collect()
}

fn registration(infer: &Infer<'_>, file: FileId, id: ExprId, call: &Call) -> Option<Function> {
    let module = infer.hir(file);
    let first = call.args.first()?;
    // Registrars are imported or made at the top of a module; what a function has in its own variables is none.
    if module.validator_method(call).is_some() || module.begins_locally(call.callee) || is_called_here(module, id) {
        return None;
    }
    let builder = match infer.expr(file, call.callee) {
        Ty::Builder(builder) => Some(builder),
        Ty::Unknown | Ty::External(_) => infer.foreign_builder(file, call),
        _ => None,
    };
    let Some(builder) = builder else { return chained(infer, file, id) };
    if builder.flavor != Flavor::Foreign && !matches!(infer.expr(file, id), Ty::Registered(..)) {
        return None;
    }
    let made = |syntax, args, returns, handler, config| Function {
        file,
        call: id,
        span: module.span(id),
        callee_span: module.span(call.callee),
        name: exported_name(module, id),
        builder,
        syntax,
        args,
        returns,
        handler,
        config,
        declared: Ty::Unknown,
        result: Ty::Unknown,
        arguments: Ty::Unknown,
        unclear: None,
        may_bring_database: false,
    };
    let may_bring_database = builder.flavor == Flavor::Foreign
        || builder.made_by.is_some()
            && match infer.ctx_of(&builder) {
                Ty::Ctx(ctx) => ctx.custom.open || ctx.custom.field("db").is_some(),
                _ => true,
            };
    let made = |syntax, args, returns, handler, config| Function { may_bring_database, ..made(syntax, args, returns, handler, config) };
    match module.as_object(first.value) {
        Some(props) => {
            let entry = |key: &str| match props.iter().find(|p| matches!(&p.key, Key::Name(name) if &**name == key)) {
                Some(prop) => Entry::Present(prop.value),
                None if props.iter().any(|p| p.kind == PropKind::Spread || matches!(p.key, Key::Computed(_))) => Entry::Unknown,
                None => Entry::Missing,
            };
            let handler = match entry("handler") {
                Entry::Present(value) => infer.function(file, value),
                _ => None,
            };
            Some(made(Syntax::Object, entry("args"), entry("returns"), handler, Some(first.value)))
        }
        None => match infer.expr(file, first.value) {
            Ty::Function(at) => Some(made(Syntax::Bare, Entry::Missing, Entry::Missing, Some(at), None)),
            _ => Some(made(Syntax::Object, Entry::Unknown, Entry::Unknown, None, None)),
        },
    }
}

/// `const run = action({ … }); run(ctx, args)`, `run.invokeAction(…)` inside of a function: made to be called, and registered nowhere.
fn is_called_here(module: &Module, id: ExprId) -> bool {
    let (Parent::Stmt { place: Place::Init(first, end), func: Some(_), .. }, _) = module.meaningful_parent(id) else { return false };
    let is_called = |usage: ExprId| match module.meaningful_parent(usage) {
        (Parent::Expr(up), child) => match module.expr(up) {
            ExprKind::Call(call) => call.callee == child,
            ExprKind::Member { object, .. } => *object == child,
            _ => false,
        },
        _ => false,
    };
    module.bindings_in((first, end)).any(|b| module.binding(b).uses.iter().any(|usage| is_called(*usage)))
}

/// `builder.query(async ({ ctx, input }) => …)`: its own `args` and `returns` are calls of the chain, and not judged.
fn chained(infer: &Infer<'_>, file: FileId, id: ExprId) -> Option<Function> {
    let module = infer.hir(file);
    let (call, _, method) = module.method(id)?;
    let kind = match &**method {
        "query" | "internalQuery" => FunctionKind::Query,
        "mutation" | "internalMutation" => FunctionKind::Mutation,
        "action" | "internalAction" => FunctionKind::Action,
        _ => return None,
    };
    let [handler] = &*call.args else { return None };
    let func = module.as_func(handler.value)?;
    let named_ctx = |b: &super::hir::Binding| b.kind == BindingKind::Param(func, 0) && b.path.len() == 1 && &*b.name == "ctx";
    let range = module.func(func).params.first()?.bindings;
    let takes_ctx = module.bindings_in(range).any(|b| named_ctx(module.binding(b)));
    takes_ctx.then(|| Function {
        file,
        call: id,
        span: module.span(id),
        callee_span: module.property_span(call.callee),
        name: exported_name(module, id),
        builder: Builder { kind, visibility: Visibility::Unknown, flavor: Flavor::Foreign, made_by: None },
        syntax: Syntax::Chained,
        args: Entry::Unknown,
        returns: Entry::Unknown,
        handler: Some(FunctionAt { file, func }),
        config: None,
        declared: Ty::Unknown,
        result: Ty::Unknown,
        arguments: Ty::Unknown,
        unclear: None,
        may_bring_database: true,
    })
}

/// The name under which the value of an expression is exported, or bound.
fn exported_name(module: &Module, id: ExprId) -> Option<Name> {
    match module.meaningful_parent(id).0 {
        Parent::Stmt { place: Place::Init(first, _), .. } => Some(module.binding(first).name.clone()),
        Parent::Stmt { place: Place::Exported, .. } => Some(Name::from("default")),
        _ => None,
    }
}

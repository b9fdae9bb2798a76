//! What the code of one file says, in a compact form that outlives its tree.
//!
//! Owned, without lifetimes, a fraction of the tree's size: expressions, statements and types in flat arrays, names resolved to bindings.
//! It keeps what rules ask of and drops the rest (decorators, class bodies' shapes, JSX): such parts become `Opaque` with the expressions inside them.

mod lookups;

use lookups::Lookups;
use rustc_hash::FxHashMap;
use swc_atoms::Atom;

use crate::source::{FileId, Span};

/// An interned string; cheap to clone and compare.
pub type Name = Atom;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExprId(pub u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FuncId(pub u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BindingId(pub u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GuardId(pub u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub u32);

/// One module (or script).
#[derive(Debug)]
pub struct Module {
    pub file: FileId,
    exprs: Vec<Expr>,
    /// Those that are calls: most of what is looked for in a file is one.
    calls: Vec<ExprId>,
    /// What each expression hangs on: another expression, or (with the top bit set) a place in `roots`.
    parents: Vec<u32>,
    roots: Vec<(Place, Option<FuncId>, Option<GuardId>)>,
    pub funcs: Vec<Func>,
    pub bindings: Vec<Binding>,
    types: Vec<(TypeNode, u32, u32)>,
    /// For each class the fields whose types are written down.
    pub(super) classes: Vec<Vec<TypeField>>,
    guards: Vec<Guard>,
    pub body: Vec<Stmt>,
    pub exports: Vec<Export>,
    pub imports: Vec<Import>,
    /// Names of the module's own scope.
    pub(super) top: FxHashMap<Name, BindingId>,
    /// The module says `"use node"` first.
    pub use_node: bool,
    lookups: Lookups,
}

/// Memory that one file after another is built in: growing and shrinking it for each would cost more than copying what is kept.
#[derive(Default)]
pub(super) struct Room {
    exprs: Vec<Expr>,
    calls: Vec<ExprId>,
    parents: Vec<u32>,
    roots: Vec<(Place, Option<FuncId>, Option<GuardId>)>,
    funcs: Vec<Func>,
    bindings: Vec<Binding>,
    types: Vec<(TypeNode, u32, u32)>,
    guards: Vec<Guard>,
}

#[derive(Debug)]
struct Expr {
    start: u32,
    end: u32,
    kind: ExprKind,
}

/// Marks a parent that is a statement.
const ROOT: u32 = 1 << 31;

/// What an expression hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parent {
    Expr(ExprId),
    /// It stands in a statement of the function (`None`: of the module itself), which is reached only where the guard holds.
    Stmt {
        place: Place,
        func: Option<FuncId>,
        guard: Option<GuardId>,
    },
}

/// A condition that decided before a statement is reached, and the one that decided before it.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    pub test: ExprId,
    pub holds: bool,
    pub outer: Option<GuardId>,
}

/// The part that an expression plays in its statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// An expression statement: the value is thrown away.
    Discarded,
    /// `return x`, or the body of an arrow function.
    Returned,
    /// Initial value of the bindings from the first up to (not including) the second.
    Init(BindingId, BindingId),
    /// `for (… of x)`.
    Iterated,
    /// A condition.
    Test,
    Thrown,
    /// `export default x`.
    Exported,
    /// Default of a parameter or a destructured name, a computed key, …
    Other,
}

#[derive(Debug)]
pub enum ExprKind {
    Str(Name),
    Num(f64),
    Bool(bool),
    Null,
    BigInt,
    Regex,
    Template(Box<[ExprId]>),
    /// A name that the file declares or imports.
    Local(BindingId),
    /// A name that it does not.
    Global(Name),
    Member {
        object: ExprId,
        property: Name,
        optional: bool,
    },
    Index {
        object: ExprId,
        index: ExprId,
    },
    Call(Box<Call>),
    New(Box<Call>),
    Object(Box<[Prop]>),
    Array(Box<[Arg]>),
    Func(FuncId),
    Cond {
        test: ExprId,
        yes: ExprId,
        no: ExprId,
    },
    Binary {
        op: Binary,
        left: ExprId,
        right: ExprId,
    },
    Unary {
        op: Unary,
        operand: ExprId,
    },
    /// The target is `None` for a destructuring pattern; its names are then in `Binding::writes`.
    Assign {
        target: Option<ExprId>,
        value: ExprId,
        plain: bool,
    },
    Await(ExprId),
    Paren(ExprId),
    /// `x as T`, `x satisfies T`, `x!`, `<T>x`, `x as const`.
    Cast {
        value: ExprId,
        kind: Cast,
    },
    Sequence(Box<[ExprId]>),
    /// Of an instance, where it stands in a class.
    This(Option<ClassId>),
    /// `import(x)`.
    Import(ExprId),
    /// A class, JSX, tagged template, `yield`, …: what it does is not modelled, but what stands in it is.
    Opaque(Box<[ExprId]>),
}

#[derive(Debug)]
pub struct Call {
    pub callee: ExprId,
    pub args: Box<[Arg]>,
    pub type_args: Box<[TypeId]>,
    pub optional: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Arg {
    pub value: ExprId,
    pub spread: bool,
}

#[derive(Debug)]
pub struct Prop {
    pub key: Key,
    pub value: ExprId,
    /// The whole property.
    pub start: u32,
    pub end: u32,
    pub key_end: u32,
    pub kind: PropKind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    Name(Name),
    Computed(ExprId),
    /// `...value`.
    Spread,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropKind {
    KeyValue,
    Shorthand,
    Method,
    Accessor,
    Spread,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    And,
    Or,
    Coalesce,
    StrictEq,
    StrictNe,
    LooseEq,
    LooseNe,
    /// `<`, `>`, `in`, `instanceof`, …: yields a boolean.
    Compare,
    Add,
    /// Yields a number (or bigint).
    Arithmetic,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    Not,
    Minus,
    Plus,
    TypeOf,
    Void,
    Delete,
    BitNot,
    /// `++` and `--`.
    Update,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cast {
    As(TypeId),
    Satisfies(TypeId),
    NonNull,
    Const,
}

#[derive(Debug)]
pub struct Func {
    pub name: Option<Name>,
    pub params: Vec<Param>,
    pub body: Body,
    pub start: u32,
    pub end: u32,
    /// From the first parameter to the last, without the brackets around them.
    pub params_start: u32,
    pub params_end: u32,
    pub is_async: bool,
    pub is_generator: bool,
    pub is_arrow: bool,
    pub return_type: Option<TypeId>,
    /// The function that it stands in.
    pub outer: Option<FuncId>,
    /// The expression that it is; absent for a declaration.
    pub expr: Option<ExprId>,
    /// All that stands in it, functions in it and what stands in those too.
    pub holds: Holds,
}

/// What stands in a function, from the first up to (not including) the second of each kind.
#[derive(Clone, Copy, Debug)]
pub struct Holds {
    pub exprs: (ExprId, ExprId),
    /// The function itself is the first.
    pub funcs: (FuncId, FuncId),
}

#[derive(Debug)]
pub struct Param {
    pub start: u32,
    pub end: u32,
    pub ty: Option<TypeId>,
    pub default: Option<ExprId>,
    pub is_rest: bool,
    pub is_optional: bool,
    /// All names that it binds, from the first up to (not including) the second.
    pub bindings: (BindingId, BindingId),
    /// It is a plain name, not a pattern.
    pub is_name: bool,
}

#[derive(Debug)]
pub enum Body {
    Expr(ExprId),
    Block {
        stmts: Vec<Stmt>,
        start: u32,
        end: u32,
    },
    /// A declaration without a body.
    None,
}

impl Body {
    /// The value of a function that does no more than return one.
    pub fn value(&self) -> Option<ExprId> {
        match self {
            Self::Expr(value) => Some(*value),
            Self::Block { stmts, .. } => match &stmts[..] {
                [Stmt::Return { value, .. }] => *value,
                _ => None,
            },
            Self::None => None,
        }
    }
}

#[derive(Debug)]
pub enum Stmt {
    Expr(ExprId),
    Var { first: BindingId, end: BindingId, init: Option<ExprId> },
    Return { value: Option<ExprId>, start: u32, end: u32 },
    If { test: ExprId, yes: Vec<Stmt>, no: Vec<Stmt> },
    Loop { kind: Loop, heads: Vec<ExprId>, bindings: (BindingId, BindingId), body: Vec<Stmt>, start: u32, end: u32 },
    Switch { subject: ExprId, cases: Vec<Case> },
    Try { block: Vec<Stmt>, handler: Option<Vec<Stmt>>, finalizer: Vec<Stmt> },
    Throw(ExprId),
    Jump(Jump),
    Block(Vec<Stmt>),
    Func(FuncId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jump {
    Break,
    Continue,
    /// Either of them, out of the labelled statement that it names.
    Labelled,
}

#[derive(Debug)]
pub struct Case {
    pub test: Option<ExprId>,
    pub body: Vec<Stmt>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loop {
    /// `for (;;)`, `while`, `do`; `true` where the condition is literally true or absent.
    While {
        endless: bool,
    },
    Of {
        is_await: bool,
    },
    In,
}

/// One declared name.
#[derive(Debug)]
pub struct Binding {
    pub name: Name,
    pub start: u32,
    pub end: u32,
    pub kind: BindingKind,
    /// Steps from the value to the name, where it is destructured.
    pub path: Box<[Step]>,
    /// Default in a destructuring pattern.
    pub default: Option<ExprId>,
    /// Annotation of a plain name.
    pub ty: Option<TypeId>,
    /// Values assigned after the declaration (of `+=`, the one added); `None` where it is not one (destructuring, loops).
    pub writes: Vec<Option<ExprId>>,
    /// Every expression that names it, writes left out.
    pub uses: Vec<ExprId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Key(Name),
    Index(u32),
    /// `...rest`, without the keys named before it.
    Rest(Box<[Name]>),
    /// A computed key.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingKind {
    /// Index into `Module::imports`.
    Import(u32),
    Const(Option<ExprId>),
    Let(Option<ExprId>),
    Param(FuncId, u32),
    /// Each element of the value.
    Element(ExprId),
    Func(FuncId),
    /// A class, an enum, a namespace, a caught error, a loop's key: not modelled.
    Other,
    TypeAlias(TypeId),
    /// A type with parameters, which mean nothing in it by themselves.
    GenericAlias(TypeId),
}

#[derive(Debug)]
pub struct Import {
    pub module: Name,
    pub name: ImportName,
    pub type_only: bool,
    /// The specifier (`a as b`).
    pub start: u32,
    pub end: u32,
    /// The whole declaration.
    pub decl_start: u32,
    pub decl_end: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportName {
    Named(Name),
    Default,
    Namespace,
    /// `import "x"`, or the module of a re-export or of `import(…)`.
    Nothing,
}

#[derive(Debug)]
pub struct Export {
    /// `None` for `export * from`.
    pub name: Option<Name>,
    pub what: Exported,
    pub type_only: bool,
}

#[derive(Clone, Debug)]
pub enum Exported {
    Binding(BindingId),
    Expr(ExprId),
    From(Name, ImportName),
    /// A name that the file does not declare, or something not modelled.
    Unknown,
}

#[derive(Debug)]
pub enum TypeNode {
    Keyword(Keyword),
    /// `A.B<C>`: the binding of `A`, the names, the arguments.
    Ref {
        binding: Option<BindingId>,
        path: Box<[Name]>,
        args: Box<[TypeId]>,
    },
    Str(Name),
    Num(f64),
    Bool(bool),
    Object(Box<[TypeField]>),
    Array(TypeId),
    Tuple(Box<[TypeId]>),
    Union(Box<[TypeId]>),
    Intersection(Box<[TypeId]>),
    /// `T[K]`.
    Indexed(TypeId, TypeId),
    /// `typeof x.y`.
    TypeOf {
        binding: Option<BindingId>,
        path: Box<[Name]>,
    },
    /// Functions, conditional and mapped types, …
    Opaque,
}

#[derive(Debug)]
pub struct TypeField {
    pub name: Name,
    pub ty: TypeId,
    pub optional: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyword {
    Any,
    Unknown,
    Never,
    Void,
    Undefined,
    Null,
    String,
    Number,
    Boolean,
    BigInt,
    Object,
    Symbol,
}

impl Stmt {
    /// Whether control never goes on to the statement after this one.
    pub fn exits(&self) -> bool {
        match self {
            Self::Return { .. } | Self::Throw(_) | Self::Jump(_) => true,
            Self::If { yes, no, .. } => exits(yes) && exits(no),
            Self::Block(stmts) => exits(stmts),
            Self::Try { block, handler, finalizer } => exits(finalizer) || exits(block) && handler.as_ref().is_none_or(|h| exits(h)),
            Self::Switch { cases, .. } => {
                let covers = cases.iter().any(|c| c.test.is_none());
                let leaves = |c: &Case| c.body.iter().any(contains_jump);
                covers && !cases.iter().any(leaves) && cases.last().is_some_and(|c| exits(&c.body))
            }
            Self::Loop { kind: Loop::While { endless: true }, body, .. } => !body.iter().any(contains_jump),
            Self::Loop { .. } | Self::Expr(_) | Self::Var { .. } | Self::Func(_) => false,
        }
    }

    /// Calls `visit` for each `return` in the statement, nested ones too, functions inside it left out.
    pub fn each_return<'m>(&'m self, visit: &mut dyn FnMut(&'m Stmt)) {
        let mut all = |list: &'m [Stmt]| list.iter().for_each(|s| s.each_return(visit));
        match self {
            Self::Return { .. } => visit(self),
            Self::If { yes, no, .. } => {
                all(yes);
                all(no);
            }
            Self::Loop { body, .. } | Self::Block(body) => all(body),
            Self::Switch { cases, .. } => cases.iter().for_each(|c| all(&c.body)),
            Self::Try { block, handler, finalizer } => {
                all(block);
                handler.iter().for_each(|h| all(h));
                all(finalizer);
            }
            Self::Expr(_) | Self::Var { .. } | Self::Throw(_) | Self::Jump(_) | Self::Func(_) => {}
        }
    }
}

/// Whether control never reaches the end of the statements.
pub fn exits(stmts: &[Stmt]) -> bool {
    stmts.iter().any(Stmt::exits)
}

/// Whether a `break` or `continue` stands in the statement, whatever it leaves.
fn contains_jump(stmt: &Stmt) -> bool {
    let any = |list: &[Stmt]| list.iter().any(contains_jump);
    match stmt {
        Stmt::Jump(_) => true,
        Stmt::If { yes, no, .. } => any(yes) || any(no),
        Stmt::Loop { body, .. } | Stmt::Block(body) => any(body),
        Stmt::Switch { cases, .. } => cases.iter().any(|c| any(&c.body)),
        Stmt::Try { block, handler, finalizer } => any(block) || handler.as_ref().is_some_and(|h| any(h)) || any(finalizer),
        Stmt::Expr(_) | Stmt::Var { .. } | Stmt::Return { .. } | Stmt::Throw(_) | Stmt::Func(_) => false,
    }
}

impl Module {
    /// Takes memory to build in, which [`Module::finish`] gives back.
    pub(super) fn take(&mut self, mut room: Room) {
        room.roots.append(&mut self.roots);
        self.roots = room.roots;
        self.exprs = room.exprs;
        self.calls = room.calls;
        self.parents = room.parents;
        self.funcs = room.funcs;
        self.bindings = room.bindings;
        self.types = room.types;
        self.guards = room.guards;
    }

    /// A module of a file that could not be parsed.
    pub fn empty(file: FileId) -> Self {
        Self {
            file,
            exprs: Vec::new(),
            calls: Vec::new(),
            parents: Vec::new(),
            roots: vec![(Place::Other, None, None)],
            funcs: Vec::new(),
            bindings: Vec::new(),
            types: Vec::new(),
            classes: Vec::new(),
            guards: Vec::new(),
            body: Vec::new(),
            exports: Vec::new(),
            imports: Vec::new(),
            top: FxHashMap::default(),
            use_node: false,
            lookups: Lookups::default(),
        }
    }

    pub fn expr(&self, id: ExprId) -> &ExprKind {
        &self.exprs[id.0 as usize].kind
    }

    pub fn expr_count(&self) -> u32 {
        self.exprs.len() as u32
    }

    pub fn exprs(&self) -> impl Iterator<Item = (ExprId, &ExprKind)> {
        self.exprs.iter().enumerate().map(|(i, e)| (ExprId(i as u32), &e.kind))
    }

    /// Every call, in the order of `exprs`.
    pub fn calls(&self) -> impl Iterator<Item = (ExprId, &Call)> {
        self.calls.iter().filter_map(|id| Some((*id, self.call(*id)?)))
    }

    /// Every expression in the function, those of functions in it too.
    pub fn exprs_of(&self, id: FuncId) -> impl Iterator<Item = (ExprId, &ExprKind)> {
        let (first, end) = self.func(id).holds.exprs;
        (first.0..end.0).map(|at| (ExprId(at), self.expr(ExprId(at))))
    }

    pub fn func(&self, id: FuncId) -> &Func {
        &self.funcs[id.0 as usize]
    }

    pub fn binding(&self, id: BindingId) -> &Binding {
        &self.bindings[id.0 as usize]
    }

    /// The fields of a class whose types are written down.
    pub fn class_fields(&self, id: ClassId) -> &[TypeField] {
        self.classes.get(id.0 as usize).map_or(&[], Vec::as_slice)
    }

    pub fn ty(&self, id: TypeId) -> &TypeNode {
        &self.types[id.0 as usize].0
    }

    pub fn type_span(&self, id: TypeId) -> Span {
        let (_, start, end) = &self.types[id.0 as usize];
        self.at(*start, *end)
    }

    /// Every type that is written somewhere.
    pub fn types(&self) -> impl Iterator<Item = &TypeNode> {
        self.types.iter().map(|(node, ..)| node)
    }

    /// Every reference to a named type in an annotation, with its place.
    pub fn type_references(&self) -> impl Iterator<Item = (&TypeNode, Span)> {
        self.types.iter().filter(|(node, ..)| matches!(node, TypeNode::Ref { .. })).map(|(node, start, end)| (node, self.at(*start, *end)))
    }

    /// Where the name stands in types: `Name`, `typeof name`.
    pub fn type_uses(&self, id: BindingId) -> impl Iterator<Item = Span> {
        let names = move |node: &TypeNode| match node {
            TypeNode::Ref { binding, .. } | TypeNode::TypeOf { binding, .. } => *binding == Some(id),
            _ => false,
        };
        self.types.iter().filter(move |(node, ..)| names(node)).map(|(_, start, end)| self.at(*start, *end))
    }

    /// Whether the module itself declares or imports the name, and no function in it.
    pub fn is_of_module(&self, id: BindingId) -> bool {
        self.top.get(&self.binding(id).name) == Some(&id)
    }

    /// Whether anything in the file names it: an expression, a type, or an export.
    pub fn is_used(&self, id: BindingId) -> bool {
        !self.binding(id).uses.is_empty() || self.is_exported(id) || self.type_uses(id).next().is_some()
    }

    /// What the module itself declares, or imports, under the name.
    pub fn declared(&self, name: &str) -> Option<BindingId> {
        self.top.get(&Name::from(name)).copied()
    }

    pub fn guard(&self, id: GuardId) -> Guard {
        self.guards[id.0 as usize]
    }

    pub fn import(&self, binding: &Binding) -> Option<&Import> {
        match binding.kind {
            BindingKind::Import(i) => self.imports.get(i as usize),
            _ => None,
        }
    }

    /// Whether the import is there for its effects, or something uses its name as a value.
    pub fn is_import_used(&self, at: u32) -> bool {
        let import = &self.imports[at as usize];
        if import.name == ImportName::Nothing {
            return true;
        }
        self.binding_of_import(at).is_none_or(|binding| !self.binding(binding).uses.is_empty() || self.is_exported_value(binding))
    }

    /// The statement `"use node"` that does not stand first, and says nothing there.
    pub fn stray_use_node(&self) -> Option<ExprId> {
        let said = |stmt: &Stmt| match stmt {
            Stmt::Expr(value) => self.as_str(*value).filter(|text| &***text == "use node").map(|_| *value),
            _ => None,
        };
        if self.use_node { None } else { self.body.iter().find_map(said) }
    }

    pub fn span(&self, id: ExprId) -> Span {
        let expr = &self.exprs[id.0 as usize];
        Span::new(self.file, expr.start, expr.end)
    }

    pub fn at(&self, start: u32, end: u32) -> Span {
        Span::new(self.file, start, end)
    }

    pub fn binding_span(&self, id: BindingId) -> Span {
        let binding = self.binding(id);
        self.at(binding.start, binding.end)
    }

    /// The span of a member's property name; of the brackets' inside for a computed one.
    pub fn property_span(&self, id: ExprId) -> Span {
        let expr = &self.exprs[id.0 as usize];
        match &expr.kind {
            ExprKind::Member { property, .. } => self.at(expr.end.saturating_sub(property.len() as u32), expr.end),
            _ => self.span(id),
        }
    }

    /// From the `.` (or `?.`) of a method call to its closing bracket, where `call` is `object.name(…)`.
    pub fn method_span(&self, call: ExprId) -> Option<Span> {
        let (_, object, _) = self.method(call)?;
        let end = self.exprs[object.0 as usize].end;
        Some(self.at(end, self.exprs[call.0 as usize].end))
    }

    pub fn parent(&self, id: ExprId) -> Parent {
        let parent = self.parents[id.0 as usize];
        if parent & ROOT == 0 {
            return Parent::Expr(ExprId(parent));
        }
        let (place, func, guard) = self.roots[(parent & !ROOT) as usize];
        Parent::Stmt { place, func, guard }
    }

    /// The nearest expression above that is not just brackets, a cast or an `await`, and the child of it that leads here.
    pub fn meaningful_parent(&self, id: ExprId) -> (Parent, ExprId) {
        let mut child = id;
        loop {
            match self.parent(child) {
                Parent::Expr(up) if matches!(self.expr(up), ExprKind::Paren(_) | ExprKind::Cast { .. } | ExprKind::Await(_)) => child = up,
                parent => return (parent, child),
            }
        }
    }

    /// The function that the expression stands in.
    pub fn enclosing_func(&self, id: ExprId) -> Option<FuncId> {
        let mut at = id;
        loop {
            match self.parent(at) {
                Parent::Expr(up) => at = up,
                Parent::Stmt { func, .. } => return func,
            }
        }
    }

    pub fn call(&self, id: ExprId) -> Option<&Call> {
        match self.expr(id) {
            ExprKind::Call(call) => Some(call),
            _ => None,
        }
    }

    /// A call `object.name(args)`: the call, the object, the name.
    pub fn method(&self, id: ExprId) -> Option<(&Call, ExprId, &Name)> {
        let call = self.call(id)?;
        match self.expr(self.bare(call.callee)) {
            ExprKind::Member { object, property, .. } => Some((call, *object, property)),
            _ => None,
        }
    }

    /// The expression without brackets and casts around it.
    pub fn bare(&self, mut id: ExprId) -> ExprId {
        while let ExprKind::Paren(inner) | ExprKind::Cast { value: inner, .. } = self.expr(id) {
            id = *inner;
        }
        id
    }

    /// The expression without brackets, casts and awaits around it.
    pub fn bare_awaited(&self, mut id: ExprId) -> ExprId {
        while let ExprKind::Paren(inner) | ExprKind::Cast { value: inner, .. } | ExprKind::Await(inner) = self.expr(id) {
            id = *inner;
        }
        id
    }

    /// The method of a call on an import of `convex/values`: `string` of `v.string()`.
    pub fn validator_method(&self, call: &Call) -> Option<&Name> {
        let ExprKind::Member { object, property, .. } = self.expr(call.callee) else { return None };
        let ExprKind::Local(binding) = self.expr(*object) else { return None };
        let import = self.import(self.binding(*binding))?;
        (&*import.module == "convex/values").then_some(property)
    }

    /// Whether what the expression begins with is a name of a function's own: a parameter, or a variable in it.
    pub fn begins_locally(&self, id: ExprId) -> bool {
        let mut at = id;
        loop {
            match self.expr(at) {
                ExprKind::Member { object: inner, .. } | ExprKind::Index { object: inner, .. } => at = *inner,
                ExprKind::Paren(inner) | ExprKind::Await(inner) | ExprKind::Cast { value: inner, .. } => at = *inner,
                ExprKind::Call(call) | ExprKind::New(call) => at = call.callee,
                ExprKind::Local(binding) => return !self.is_of_module(*binding),
                ExprKind::Global(_) | ExprKind::Import(_) => return false,
                _ => return true,
            }
        }
    }

    pub fn as_func(&self, id: ExprId) -> Option<FuncId> {
        match self.expr(self.bare(id)) {
            ExprKind::Func(func) => Some(*func),
            _ => None,
        }
    }

    pub fn as_object(&self, id: ExprId) -> Option<&[Prop]> {
        match self.expr(self.bare(id)) {
            ExprKind::Object(props) => Some(props),
            _ => None,
        }
    }

    pub fn as_str(&self, id: ExprId) -> Option<&Name> {
        match self.expr(self.bare(id)) {
            ExprKind::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The string that an expression is: written here, or as the value of a constant of this file.
    pub fn constant(&self, id: ExprId) -> Option<&Name> {
        match self.expr(self.bare(id)) {
            ExprKind::Local(binding) => match self.binding(*binding) {
                Binding { kind: BindingKind::Const(Some(init)), path, writes, .. } if path.is_empty() && writes.is_empty() => {
                    self.as_str(*init)
                }
                _ => None,
            },
            _ => self.as_str(id),
        }
    }

    /// The bindings in a half-open range of ids.
    pub fn bindings_in(&self, range: (BindingId, BindingId)) -> impl Iterator<Item = BindingId> + use<> {
        (range.0.0..range.1.0).map(BindingId)
    }

    /// The expression and all that stand in it, those of functions too, from its end to its start.
    pub fn within(&self, id: ExprId) -> impl Iterator<Item = ExprId> {
        // What stands in an expression is lowered right before it.
        let span = self.span(id);
        (0..=id.0).rev().map(ExprId).take_while(move |inner| span.contains(self.span(*inner)))
    }

    /// Calls `visit` for each expression directly inside this one.
    pub fn children(&self, id: ExprId, visit: &mut impl FnMut(ExprId)) {
        children_of(self.expr(id), visit);
    }

    /// Keeps what it holds in memory of just that size, and gives back what it was built in.
    pub(super) fn finish(&mut self) -> Room {
        Room {
            exprs: exact(&mut self.exprs),
            calls: exact(&mut self.calls),
            parents: exact(&mut self.parents),
            roots: exact(&mut self.roots),
            funcs: exact(&mut self.funcs),
            bindings: exact(&mut self.bindings),
            types: exact(&mut self.types),
            guards: exact(&mut self.guards),
        }
    }

    pub(super) fn push_expr(&mut self, span: Span, kind: ExprKind) -> ExprId {
        let id = ExprId(self.exprs.len() as u32);
        if let ExprKind::Func(func) = kind {
            self.funcs[func.0 as usize].expr = Some(id);
        }
        match &kind {
            // Most expressions, and nothing stands in them.
            ExprKind::Local(_) | ExprKind::Str(_) => {}
            ExprKind::Member { object, .. } => self.parents[object.0 as usize] = id.0,
            ExprKind::Call(_) => {
                self.calls.push(id);
                children_of(&kind, &mut |child| self.parents[child.0 as usize] = id.0);
            }
            kind => children_of(kind, &mut |child| self.parents[child.0 as usize] = id.0),
        }
        self.exprs.push(Expr { start: span.start, end: span.end, kind });
        self.parents.push(ROOT);
        id
    }

    pub(super) fn place(&mut self, id: ExprId, place: Place, func: Option<FuncId>, guard: Option<GuardId>) {
        self.parents[id.0 as usize] = ROOT | self.roots.len() as u32;
        self.roots.push((place, func, guard));
    }

    pub(super) fn push_guard(&mut self, guard: Guard) -> GuardId {
        self.guards.push(guard);
        GuardId(self.guards.len() as u32 - 1)
    }

    pub(super) fn push_type(&mut self, span: Span, node: TypeNode) -> TypeId {
        self.types.push((node, span.start, span.end));
        TypeId(self.types.len() as u32 - 1)
    }
}

/// Leaves a copy without room to grow, and gives the emptied list.
fn exact<T>(list: &mut Vec<T>) -> Vec<T> {
    let mut kept = Vec::with_capacity(list.len());
    kept.append(list);
    std::mem::replace(list, kept)
}

fn children_of(kind: &ExprKind, visit: &mut impl FnMut(ExprId)) {
    match kind {
        ExprKind::Str(_) | ExprKind::Num(_) | ExprKind::Bool(_) | ExprKind::Null | ExprKind::BigInt | ExprKind::Regex => {}
        ExprKind::Local(_) | ExprKind::Global(_) | ExprKind::This(_) | ExprKind::Func(_) => {}
        ExprKind::Template(parts) | ExprKind::Sequence(parts) | ExprKind::Opaque(parts) => parts.iter().for_each(|p| visit(*p)),
        ExprKind::Member { object, .. } => visit(*object),
        ExprKind::Index { object, index } => {
            visit(*object);
            visit(*index);
        }
        ExprKind::Call(call) | ExprKind::New(call) => {
            visit(call.callee);
            call.args.iter().for_each(|a| visit(a.value));
        }
        ExprKind::Object(props) => {
            for prop in props {
                if let Key::Computed(key) = prop.key {
                    visit(key);
                }
                visit(prop.value);
            }
        }
        ExprKind::Array(items) => items.iter().for_each(|a| visit(a.value)),
        ExprKind::Cond { test, yes, no } => [*test, *yes, *no].into_iter().for_each(&mut *visit),
        ExprKind::Binary { left, right, .. } => [*left, *right].into_iter().for_each(&mut *visit),
        ExprKind::Assign { target, value, .. } => target.iter().chain([value]).for_each(|e| visit(*e)),
        ExprKind::Unary { operand: inner, .. }
        | ExprKind::Await(inner)
        | ExprKind::Paren(inner)
        | ExprKind::Cast { value: inner, .. }
        | ExprKind::Import(inner) => {
            visit(*inner);
        }
    }
}

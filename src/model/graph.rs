//! Which function of the project calls which, which registered function a reference names, and who uses what.
//!
//! Edges are calls that surely lead to one of the project's functions, and callbacks that surely run where they stand.
//! What is stored, handed to other code or found by a computed name is no edge: what is said of a function holds for all that it reaches, and may miss some of it.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::effects::{Effect, Reached};
use super::hir::{Binding, BindingId, BindingKind, ExprId, ExprKind, FuncId, ImportName, Module, Name, Parent, Step};
use super::infer::Infer;
use super::ty::{FunctionAt, Ty};
use super::{Function, Project, Workspace};
use crate::source::{FileId, Span};

/// The calls of a project from function to function, the references to its registered functions, and what its functions reach.
#[derive(Debug, Default)]
pub struct Graph {
    /// In order of file and of the function that calls, then of place.
    edges: Vec<Edge>,
    /// For each file where its edges begin and end.
    edges_in: FxHashMap<FileId, (u32, u32)>,
    /// For each function the places of the edges that lead to it.
    callers: OnceLock<FxHashMap<FunctionAt, Vec<u32>>>,
    /// Every reference, in order of file and place.
    references: Vec<Reference>,
    /// The references to a registered function, by the call that registers it.
    by_target: FxHashMap<(FileId, ExprId), Vec<u32>>,
    /// Registered functions that are used as if they were references or plain functions, in order of file and place.
    misused: Vec<Misused>,
    /// Places in the list of functions, by the call that registers and by the handler.
    by_call: FxHashMap<(FileId, ExprId), u32>,
    by_handler: FxHashMap<FunctionAt, u32>,
    pub(super) reached: Reached,
}

/// One function leads to another.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    pub file: FileId,
    pub from: FuncId,
    /// The call, or the callback itself.
    pub at: ExprId,
    /// What to show of it: the callee's name.
    pub span: Span,
    pub to: FunctionAt,
    /// The function stands here as a callback that runs at once.
    pub is_callback: bool,
}

/// `internal.users.list`, `api.users.list`, `components.x.lib.y`: the longest chain of names.
#[derive(Clone, Debug)]
pub struct Reference {
    pub file: FileId,
    pub expr: ExprId,
    pub span: Span,
    /// From the root (`api`, `internal`, `components`) to the last name.
    pub path: Box<[Name]>,
    /// The call that registers what it names, where that is known.
    pub target: Option<(FileId, ExprId)>,
}

/// A registered function itself, where a reference or a plain function is meant.
#[derive(Clone, Copy, Debug)]
pub struct Misused {
    pub file: FileId,
    pub expr: ExprId,
    pub target: (FileId, ExprId),
    /// It is called, and not handed to something that runs references.
    pub is_called: bool,
}

/// What one file adds.
#[derive(Clone, Debug, Default)]
pub(super) struct FileGraph {
    pub edges: Vec<Edge>,
    pub references: Vec<Reference>,
    pub misused: Vec<Misused>,
}

impl Reference {
    /// `internal.users.list`.
    pub fn text(&self) -> String {
        self.path.iter().map(|p| &**p).collect::<Vec<&str>>().join(".")
    }
}

impl Graph {
    pub(super) fn link(files: Vec<FileGraph>, functions: &[Function]) -> Self {
        let mut graph = Self::default();
        for file in files {
            graph.edges.extend(file.edges);
            graph.references.extend(file.references);
            graph.misused.extend(file.misused);
        }
        graph.edges.sort_by_key(|e| (e.file, e.from));
        for (at, edge) in graph.edges.iter().enumerate() {
            graph.edges_in.entry(edge.file).or_insert((at as u32, 0)).1 = at as u32 + 1;
        }
        for (at, reference) in graph.references.iter().enumerate() {
            if let Some(target) = reference.target {
                graph.by_target.entry(target).or_default().push(at as u32);
            }
        }
        for (at, function) in functions.iter().enumerate() {
            graph.by_call.insert((function.file, function.call), at as u32);
            if let Some(handler) = function.handler {
                graph.by_handler.entry(handler).or_insert(at as u32);
            }
        }
        graph
    }

    /// What the function calls, in source order.
    pub fn calls_of(&self, from: FunctionAt) -> &[Edge] {
        let edges = self.calls_in(from.file);
        let start = edges.partition_point(|e| e.from < from.func);
        let rest = edges.get(start..).unwrap_or_default();
        let count = rest.iter().take_while(|e| e.from == from.func).count();
        &rest[..count]
    }

    /// What the functions of a file call.
    pub fn calls_in(&self, file: FileId) -> &[Edge] {
        let Some((from, to)) = self.edges_in.get(&file) else { return &[] };
        self.edges.get(*from as usize..*to as usize).unwrap_or_default()
    }

    /// The edges that lead to the function, in order of file and place.
    pub(super) fn calls_to(&self, to: FunctionAt) -> impl Iterator<Item = &Edge> {
        let callers = self.callers.get_or_init(|| {
            let mut places: Vec<u32> = (0..self.edges.len() as u32).collect();
            places.sort_by_key(|at| (self.edges[*at as usize].file, self.edges[*at as usize].at));
            let mut callers: FxHashMap<FunctionAt, Vec<u32>> = FxHashMap::default();
            for at in places {
                callers.entry(self.edges[at as usize].to).or_default().push(at);
            }
            callers
        });
        callers.get(&to).into_iter().flatten().map(|at| &self.edges[*at as usize])
    }

    /// The calls in the function, or in one that stands in it.
    pub fn calls_within(&self, module: &Module, func: FuncId) -> &[Edge] {
        let (first, end) = module.func(func).holds.funcs;
        let edges = self.calls_in(module.file);
        let from = edges.partition_point(|e| e.from < first);
        let to = edges.partition_point(|e| e.from < end);
        edges.get(from..to).unwrap_or_default()
    }

    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// The references that stand in the file, in order of place.
    pub fn references_in(&self, file: FileId) -> &[Reference] {
        super::in_file(&self.references, file, |r| r.file)
    }

    pub fn misused(&self) -> &[Misused] {
        &self.misused
    }

    /// The references that surely name the registered function.
    pub fn references_to(&self, function: &Function) -> impl Iterator<Item = &Reference> {
        let places = self.by_target.get(&(function.file, function.call)).map_or(&[][..], Vec::as_slice);
        places.iter().map(|at| &self.references[*at as usize])
    }

    /// The reference that the expression is.
    pub fn reference_at(&self, module: &Module, expr: ExprId) -> Option<&Reference> {
        let key = (module.file, module.bare(expr));
        let at = self.references.binary_search_by_key(&key, |r| (r.file, r.expr)).ok()?;
        self.references.get(at)
    }
}

impl Project {
    /// The registered function that the call declares.
    pub fn registered_by(&self, target: (FileId, ExprId)) -> Option<&Function> {
        self.functions.get(*self.graph.by_call.get(&target)? as usize)
    }

    /// The registered function that a reference names.
    pub fn referenced(&self, reference: &Reference) -> Option<&Function> {
        self.registered_by(reference.target?)
    }

    /// What the call is made for each of, where it is repeated.
    pub fn repeat_at(&self, file: FileId, call: ExprId) -> Option<&super::Repeat> {
        let at = self.repeats.binary_search_by_key(&(file, call), |r| (r.file, r.at)).ok()?;
        self.repeats.get(at)
    }

    /// The registered function whose handler the function is, or stands in.
    pub fn function_around(&self, module: &Module, func: Option<FuncId>) -> Option<&Function> {
        let mut at = func;
        while let Some(func) = at {
            if let Some(place) = self.graph.by_handler.get(&FunctionAt { file: module.file, func }) {
                return self.functions.get(*place as usize);
            }
            at = module.func(func).outer;
        }
        None
    }
}

impl Workspace {
    /// What the function comes to do of this kind, itself or through what it calls.
    pub fn reach<'a>(&'a self, project: &'a Project, effect: Effect) -> super::effects::Reach<'a> {
        project.graph.reached.of(self, project, effect)
    }
}

/// The function that a callee names without a look at types: one declared in a function, or written where it is called.
pub(super) fn local_function(module: &Module, callee: ExprId) -> Option<FuncId> {
    match module.expr(module.bare(callee)) {
        ExprKind::Func(func) => Some(*func),
        ExprKind::Local(binding) => {
            let binding = module.binding(*binding);
            match binding.kind {
                BindingKind::Func(func) if binding.writes.is_empty() => Some(func),
                BindingKind::Const(Some(init)) if binding.path.is_empty() => module.as_func(init),
                _ => None,
            }
        }
        _ => None,
    }
}

/// An edge from the function that the call stands in.
pub(super) fn edge(module: &Module, call: ExprId, to: FunctionAt) -> Option<Edge> {
    let from = module.enclosing_func(call)?;
    let callee = module.call(call)?.callee;
    Some(Edge { file: module.file, from, at: call, span: module.property_span(module.bare(callee)), to, is_callback: false })
}

/// Methods that call what they are given, before they are done or as part of what they promise.
const CALLS_BACK: [&str; 22] = [
    "map",
    "forEach",
    "filter",
    "flatMap",
    "reduce",
    "reduceRight",
    "some",
    "every",
    "find",
    "findIndex",
    "findLast",
    "findLastIndex",
    "sort",
    "toSorted",
    "then",
    "catch",
    "finally",
    "withIndex",
    "withSearchIndex",
    "filterWith",
    "from",
    "allSettled",
];

/// Functions that are written as arguments, and called by what they are given to.
pub(super) fn callbacks(infer: &Infer<'_>, file: FileId) -> Vec<Edge> {
    let module = infer.hir(file);
    let mut found = Vec::new();
    for (at, func) in module.funcs.iter().enumerate() {
        let (Some(expr), Some(from)) = (func.expr, func.outer) else { continue };
        let (Parent::Expr(up), child) = module.meaningful_parent(expr) else { continue };
        let (ExprKind::Call(call) | ExprKind::New(call)) = module.expr(up) else { continue };
        let Some(place) = call.args.iter().position(|a| a.value == child) else { continue };
        let by_name = module.method(up).is_some_and(|(_, _, method)| CALLS_BACK.contains(&&**method));
        let runs = by_name
            || match infer.expr(file, call.callee) {
                Ty::External(external) => matches!(&*external.module, "global" | "convex-helpers"),
                Ty::Function(to) => calls_parameter(infer, to, place),
                _ => false,
            };
        // A callback that is given a context of its own does what it does there.
        let brings_context = || matches!(infer.parameter(file, FuncId(at as u32), 0), Ty::Ctx(_) | Ty::Db);
        if runs && (func.params.is_empty() || !brings_context()) {
            let to = FunctionAt { file, func: FuncId(at as u32) };
            found.push(Edge { file, from, at: expr, span: module.span(expr), to, is_callback: true });
        }
    }
    found
}

/// Whether the function calls the parameter at this place, itself or in a callback of its own.
fn calls_parameter(infer: &Infer<'_>, at: FunctionAt, place: usize) -> bool {
    let module = infer.hir(at.file);
    let Some(param) = module.func(at.func).params.get(place).filter(|p| p.is_name && !p.is_rest) else { return false };
    module.binding(param.bindings.0).uses.iter().any(|usage| match module.meaningful_parent(*usage) {
        (Parent::Expr(up), child) => module.call(up).is_some_and(|call| call.callee == child),
        _ => false,
    })
}

/// The references in a file to functions of its own and of others.
pub(super) fn references(infer: &Infer<'_>, file: FileId) -> Vec<Reference> {
    let module = infer.hir(file);
    let mut found = Vec::new();
    for (at, binding) in module.bindings.iter().enumerate() {
        if !may_be_root(module, binding) || !is_root(infer, file, BindingId(at as u32)) {
            continue;
        }
        for usage in &binding.uses {
            let expr = longest(module, *usage);
            let Ty::Reference(path) = infer.expr(file, expr) else { continue };
            let target = infer.referenced(file, &path);
            found.push(Reference { file, expr, span: module.span(expr), path: path.iter().cloned().collect(), target });
        }
    }
    found.sort_by_key(|r| r.expr);
    found
}

/// Whether the name is worth asking about: an import, or a constant that is taken out of one.
fn may_be_root(module: &Module, binding: &Binding) -> bool {
    let is_name = |name: &str| matches!(name, "api" | "internal" | "components");
    match binding.kind {
        BindingKind::Import(_) => module.import(binding).is_some_and(|import| {
            let is_named = matches!(&import.name, ImportName::Named(name) if is_name(name));
            !import.type_only && (import.module.contains("_generated/api") || import.name == ImportName::Namespace || is_named)
        }),
        BindingKind::Const(Some(init)) if binding.writes.is_empty() => match &*binding.path {
            [] => matches!(module.expr(module.bare(init)), ExprKind::Member { property, .. } if is_name(property)),
            [Step::Key(key)] => is_name(key),
            _ => false,
        },
        _ => false,
    }
}

fn is_root(infer: &Infer<'_>, file: FileId, binding: BindingId) -> bool {
    match infer.binding(file, binding) {
        Ty::Reference(_) => true,
        Ty::External(external) => &*external.module == "_generated/api",
        _ => false,
    }
}

/// The longest chain of members that begins with the name, whatever it is cast to on the way.
fn longest(module: &Module, name: ExprId) -> ExprId {
    let (mut at, mut found) = (name, name);
    while let Parent::Expr(up) = module.parent(at) {
        match module.expr(up) {
            ExprKind::Member { object, .. } if *object == at => found = up,
            ExprKind::Index { object, index } if *object == at && module.as_str(*index).is_some() => found = up,
            ExprKind::Paren(_) | ExprKind::Cast { .. } => {}
            _ => break,
        }
        at = up;
    }
    found
}

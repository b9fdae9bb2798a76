//! What a function does beyond computing: reading and writing the database, reaching the network, asking the clock.
//! Itself, or through the functions that it calls.

use std::collections::VecDeque;
use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::calls::{Callee, PlatformCall, RunBy};
use super::graph::Edge;
use super::hir::{Binary, BindingKind, ExprId, ExprKind, FuncId, Module, Parent};
use super::queries::End;
use super::ty::{External, FunctionAt};
use super::{Project, Workspace};
use crate::source::Span;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Speaks to another machine.
    Network,
    /// Changes documents, schedules, or runs a mutation.
    Write,
    /// Anything that must be waited for to have happened: writes, scheduling, other functions, stored files.
    Work,
    /// Reads or writes documents through `ctx.db`.
    Database,
    /// Reads documents.
    Read,
    /// Pages through a query.
    Paginate,
    /// Asks who calls.
    Identity,
    /// Asks what time it is.
    Clock,
}

const EFFECTS: usize = 8;

/// What every function of a project reaches, worked out for an effect when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct Reached([OnceLock<Found>; EFFECTS]);

#[derive(Debug, Default)]
struct Found {
    /// What a function does itself, in source order.
    own: FxHashMap<FunctionAt, Vec<Span>>,
    /// For each function that comes to do it, the first step of a shortest way there.
    next: FxHashMap<FunctionAt, Hop>,
}

#[derive(Clone, Copy, Debug)]
struct Hop {
    at: Span,
    to: Option<FunctionAt>,
}

/// Answers for one effect.
#[derive(Clone, Copy)]
pub struct Reach<'a> {
    project: &'a Project,
    found: &'a Found,
}

/// One way from a function to what it comes to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// In the function itself: what does it, or the call that leads there.
    pub site: Span,
    /// The calls on the way, and at the end what does it; empty where the function does it itself.
    pub through: Vec<Span>,
}

impl Chain {
    /// What does it in the end.
    pub fn end(&self) -> Span {
        self.through.last().copied().unwrap_or(self.site)
    }
}

impl Reached {
    pub(super) fn of<'a>(&'a self, workspace: &'a Workspace, project: &'a Project, effect: Effect) -> Reach<'a> {
        let found = self.0[effect as usize].get_or_init(|| find(workspace, project, effect));
        Reach { project, found }
    }
}

impl Reach<'_> {
    /// Every way out of the function that comes to do it, one for each place in the function, in source order.
    pub fn from(&self, function: FunctionAt) -> Vec<Chain> {
        let mut chains = Vec::new();
        self.collect(function, &mut chains, 0);
        chains.sort_by_key(|c| c.site);
        chains.dedup_by_key(|c| c.site);
        chains
    }

    pub fn is_reached(&self, function: FunctionAt) -> bool {
        self.found.next.contains_key(&function)
    }

    /// The way through one call of a function of the project.
    pub fn through(&self, edge: &Edge) -> Option<Chain> {
        self.is_reached(edge.to).then(|| Chain { site: edge.span, through: self.way(edge.to) })
    }

    fn collect(&self, function: FunctionAt, chains: &mut Vec<Chain>, depth: u32) {
        if depth > 8 {
            return;
        }
        let own = self.found.own.get(&function).map_or(&[][..], Vec::as_slice);
        chains.extend(own.iter().map(|site| Chain { site: *site, through: Vec::new() }));
        for edge in self.project.graph.calls_of(function) {
            if edge.is_callback {
                self.collect(edge.to, chains, depth + 1);
            } else if self.is_reached(edge.to) {
                chains.push(Chain { site: edge.span, through: self.way(edge.to) });
            }
        }
    }

    fn way(&self, from: FunctionAt) -> Vec<Span> {
        let mut way = Vec::new();
        let mut at = Some(from);
        while let Some(hop) = at.and_then(|at| self.found.next.get(&at)) {
            way.push(hop.at);
            at = hop.to.filter(|_| way.len() < 32);
        }
        way
    }
}

fn find(workspace: &Workspace, project: &Project, effect: Effect) -> Found {
    let mut found = Found::default();
    let mut queue = VecDeque::new();
    let mut add = |file, expr: ExprId, span: Span| {
        let module = workspace.hir(file);
        let Some(func) = module.enclosing_func(expr) else { return };
        let at = FunctionAt { file, func };
        let when = condition(module, expr, func);
        if when != Condition::Context {
            found.own.entry(at).or_default().push(span);
            if when == Condition::None && !found.next.contains_key(&at) {
                found.next.insert(at, Hop { at: span, to: None });
                queue.push_back(at);
            }
        }
    };
    for call in project.calls.iter().filter(|call| is_of(call, effect)) {
        let module = workspace.hir(call.file);
        // `new Date(x)` is a date, and not the time.
        if effect == Effect::Clock && matches!(module.expr(call.call), ExprKind::Call(c) | ExprKind::New(c) if !c.args.is_empty()) {
            continue;
        }
        // `args.now ?? Date.now()`: who wants the same answer says when.
        if effect == Effect::Clock && stands_in_for_argument(module, call.call) {
            continue;
        }
        add(call.file, call.call, shown(module, call.call));
    }
    if effect == Effect::Paginate {
        for query in project.queries.iter().filter(|q| q.end == End::Paginate) {
            add(query.file, query.call, shown(workspace.hir(query.file), query.call));
        }
    }
    if matches!(effect, Effect::Database | Effect::Read) {
        let mut origins: Vec<_> = project.queries.iter().map(|q| q.origin).collect();
        origins.sort_unstable();
        origins.dedup();
        for (file, expr) in origins {
            let module = workspace.hir(file);
            add(file, expr, shown(module, expr));
        }
    }
    let runs = if effect == Effect::Identity { runs(workspace, project) } else { FxHashMap::default() };
    while let Some(at) = queue.pop_front() {
        for (from, span) in runs.get(&at).into_iter().flatten() {
            found.own.entry(*from).or_default().push(*span);
            if !found.next.contains_key(from) {
                found.next.insert(*from, Hop { at: *span, to: None });
                queue.push_back(*from);
            }
        }
        for edge in project.graph.calls_to(at) {
            let from = FunctionAt { file: edge.file, func: edge.from };
            let is_known = found.next.contains_key(&from);
            if is_known || condition(workspace.hir(edge.file), edge.at, edge.from) != Condition::None {
                continue;
            }
            let hop = match edge.is_callback {
                // What stands in a callback stands in the function around it.
                true => found.next[&at],
                false => Hop { at: edge.span, to: Some(at) },
            };
            found.next.insert(from, hop);
            queue.push_back(from);
        }
    }
    found.own.values_mut().for_each(|spans| spans.sort_unstable());
    found
}

/// For each handler, the functions that run it through a reference and wait for its answer, and where: whoever calls these calls it.
fn runs(workspace: &Workspace, project: &Project) -> FxHashMap<FunctionAt, Vec<(FunctionAt, Span)>> {
    let mut runs: FxHashMap<FunctionAt, Vec<(FunctionAt, Span)>> = FxHashMap::default();
    for call in &project.calls {
        let module = workspace.hir(call.file);
        let run = call.run(module).filter(|run| matches!(run.by, RunBy::Query | RunBy::Mutation | RunBy::Action));
        let target = run.and_then(|run| project.referenced(project.graph.reference_at(module, run.target)?)?.handler);
        if let (Some(target), Some(func)) = (target, module.enclosing_func(call.call)) {
            runs.entry(target).or_default().push((FunctionAt { file: call.file, func }, shown(module, call.call)));
        }
    }
    runs
}

/// `args.now ?? Date.now()`, `now || Date.now()`.
fn stands_in_for_argument(module: &Module, call: ExprId) -> bool {
    let (Parent::Expr(up), child) = module.meaningful_parent(call) else { return false };
    match module.expr(up) {
        ExprKind::Binary { op: Binary::Coalesce | Binary::Or, left, right } if *right == child => {
            module.enclosing_func(call).is_some_and(|func| names_parameter(module, *left, func))
        }
        _ => false,
    }
}

/// What to show of a call: the name of what is called.
fn shown(module: &Module, call: ExprId) -> Span {
    match module.expr(call) {
        ExprKind::Call(inner) => module.property_span(module.bare(inner.callee)),
        _ => module.span(call),
    }
}

fn is_of(call: &PlatformCall, effect: Effect) -> bool {
    match (effect, &call.callee) {
        (Effect::Network, Callee::External(external)) => is_network(external),
        (Effect::Write, Callee::Db(method)) => is_write(method),
        (Effect::Write, Callee::Context(part)) => {
            matches!(&**part, "runMutation" | "scheduler.runAfter" | "scheduler.runAt" | "scheduler.cancel")
        }
        (Effect::Work, _) => is_work(&call.callee),
        (Effect::Database, Callee::Db(method)) => &**method == "get" || is_write(method),
        (Effect::Read, Callee::Db(method)) => &**method == "get",
        (Effect::Identity, Callee::Context(part)) => part.starts_with("auth."),
        (Effect::Identity, Callee::External(external)) => external.module.starts_with("@convex-dev/auth"),
        (Effect::Clock, Callee::External(external)) => external.is("global", &["Date", "now"]) || external.is("global", &["Date"]),
        _ => false,
    }
}

/// Whether the method of the database changes documents.
pub fn is_write(method: &str) -> bool {
    matches!(method, "insert" | "patch" | "replace" | "delete")
}

/// Whether the call must be waited for to have happened.
pub fn is_work(callee: &Callee) -> bool {
    match callee {
        Callee::Db(method) => is_write(method),
        Callee::Context(part) => matches!(
            &**part,
            "runQuery"
                | "runMutation"
                | "runAction"
                | "scheduler.runAfter"
                | "scheduler.runAt"
                | "scheduler.cancel"
                | "storage.store"
                | "storage.delete"
        ),
        _ => false,
    }
}

/// Packages whose every call is a request; of the rest of the world nothing is said.
fn is_network(external: &External) -> bool {
    let path: Vec<&str> = external.path.iter().map(|p| &**p).collect();
    match (&*external.module, &path[..]) {
        ("global", ["fetch" | "XMLHttpRequest" | "WebSocket" | "EventSource"] | ["globalThis", "fetch"]) => true,
        ("node-fetch" | "cross-fetch" | "got" | "ky", [name]) => !name.ends_with("Error"),
        ("undici", ["fetch" | "request"]) => true,
        ("axios", ["default"] | ["default", "get" | "post" | "put" | "patch" | "delete" | "head" | "request"]) => true,
        ("ai", [name]) => {
            matches!(*name, "generateText" | "streamText" | "generateObject" | "streamObject" | "embed" | "embedMany")
        }
        ("openai" | "@anthropic-ai/sdk" | "groq-sdk" | "replicate" | "resend", path) => path.len() > 2,
        _ => false,
    }
}

/// Words for what a context has: a condition that asks for one of them tells contexts apart.
const PARTS: [&str; 8] = ["db", "runQuery", "runMutation", "runAction", "scheduler", "storage", "auth", "vectorSearch"];

/// What decides whether a place in a function is reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    /// Nothing that is up to the caller.
    None,
    /// A look at what the function was given: some callers come here, others do not.
    Argument,
    /// A look at what the context is, as `"db" in ctx`: callers with another one do not come here.
    Context,
}

fn condition(module: &Module, expr: ExprId, func: FuncId) -> Condition {
    let mut found = Condition::None;
    let mut judge = |test: ExprId| match () {
        () if asks_for_context(module, test) => found = Condition::Context,
        () if found == Condition::None && names_parameter(module, test, func) => found = Condition::Argument,
        () => {}
    };
    let mut child = expr;
    loop {
        match module.parent(child) {
            Parent::Expr(up) => {
                match module.expr(up) {
                    ExprKind::Cond { test, .. } if *test != child => judge(*test),
                    ExprKind::Binary { op: Binary::And | Binary::Or | Binary::Coalesce, left, right } if *right == child => judge(*left),
                    _ => {}
                }
                child = up;
            }
            Parent::Stmt { guard, func: inside, .. } => {
                let mut at = guard;
                while let Some(guard) = at.map(|id| module.guard(id)) {
                    judge(guard.test);
                    at = guard.outer;
                }
                match inside.filter(|inside| *inside != func).and_then(|f| module.func(f).expr) {
                    Some(outer) => child = outer,
                    None => return found,
                }
            }
        }
    }
}

fn names_parameter(module: &Module, test: ExprId, func: FuncId) -> bool {
    module.within(test).any(|part| match module.expr(part) {
        ExprKind::Local(binding) => match module.binding(*binding).kind {
            BindingKind::Param(of, _) => of == func,
            // What was kept of an earlier call: `const kept = cache.get(id)`.
            BindingKind::Const(Some(init)) => {
                let parameter = |part| matches!(module.expr(part), ExprKind::Local(b) if matches!(module.binding(*b).kind, BindingKind::Param(of, _) if of == func));
                !matches!(module.expr(init), ExprKind::Await(_)) && module.enclosing_func(init) == Some(func) && module.within(init).any(parameter)
            }
            _ => false,
        },
        _ => false,
    })
}

fn asks_for_context(module: &Module, test: ExprId) -> bool {
    module.within(test).any(|part| match module.expr(part) {
        ExprKind::Str(text) => {
            let is_operand = matches!(module.parent(part), Parent::Expr(up) if matches!(module.expr(up), ExprKind::Binary { .. }));
            is_operand && (PARTS.contains(&&**text) || matches!(&**text, "query" | "mutation" | "action"))
        }
        ExprKind::Member { property, .. } => {
            let is_whole = match module.parent(part) {
                Parent::Expr(up) => !matches!(module.expr(up), ExprKind::Member { .. } | ExprKind::Call(_)),
                Parent::Stmt { .. } => true,
            };
            is_whole && PARTS.contains(&&**property)
        }
        _ => false,
    })
}

//! What a function does beyond computing: reading and writing the database, reaching the network, asking the clock.
//! Itself, or through the functions that it calls.

mod conditions;
mod doing;

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::calls::{Callee, RunBy};
use super::graph::Edge;
use super::hir::{Binary, ExprId, ExprKind, Module, Parent};
use super::queries::End;
use super::ty::FunctionAt;
use super::{Project, Workspace};
use crate::source::{FileId, Span};
use conditions::{Condition, Need, asked_of_caller, condition, names_parameter, needs};
pub use doing::Doing;
use doing::{Place, shown};

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

impl Effect {
    const ALL: [Self; 8] =
        [Self::Network, Self::Write, Self::Work, Self::Database, Self::Read, Self::Paginate, Self::Identity, Self::Clock];
}

/// What every function of a project reaches, worked out for an effect when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct Reached([OnceLock<Found>; Effect::ALL.len()]);

#[derive(Debug, Default)]
struct Found {
    /// What a function does itself, in source order.
    own: FxHashMap<FunctionAt, Vec<Span>>,
    /// For each function that comes to do it, the first step of a shortest way there.
    next: FxHashMap<FunctionAt, Hop>,
    /// For each function that comes to do it for some of its callers, the ways there.
    perhaps: FxHashMap<FunctionAt, Vec<(Hop, Vec<Need>)>>,
}

#[derive(Clone, Copy, Debug)]
struct Hop {
    at: Span,
    /// The function that is called, and which of its ways is taken where it has none that all callers take.
    to: Option<(FunctionAt, Option<usize>)>,
}

/// Answers for one effect.
#[derive(Clone, Copy)]
pub struct Reach<'a> {
    workspace: &'a Workspace,
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
        Reach { workspace, project, found }
    }
}

impl Reach<'_> {
    /// Every way out of the function that comes to do it, one for each place in the function, in source order.
    pub fn from(&self, function: FunctionAt) -> Vec<Chain> {
        let mut chains = Vec::new();
        self.collect(function, function, &mut chains, 0);
        chains.sort_by_key(|c| c.site);
        chains.dedup_by_key(|c| c.site);
        chains
    }

    /// Whether [`Self::from`] has anything to say.
    pub fn is_from(&self, function: FunctionAt) -> bool {
        self.leads(function, function, 0)
    }

    fn leads(&self, handler: FunctionAt, function: FunctionAt, depth: u32) -> bool {
        let is_own = || self.found.own.get(&function).is_some_and(|own| !own.is_empty());
        let leads = |edge: &Edge| match edge.is_callback {
            true => self.leads(handler, edge.to, depth + 1),
            false => self.is_reached(edge.to) || self.taken(handler, edge).is_some(),
        };
        depth <= 8 && (is_own() || self.project.graph.calls_of(function).iter().any(leads))
    }

    pub fn is_reached(&self, function: FunctionAt) -> bool {
        self.found.next.contains_key(&function)
    }

    /// The way through one call of a function of the project.
    pub fn through(&self, edge: &Edge) -> Option<Chain> {
        self.is_reached(edge.to).then(|| Chain { site: edge.span, through: self.way(edge.to, None) })
    }

    fn collect(&self, handler: FunctionAt, function: FunctionAt, chains: &mut Vec<Chain>, depth: u32) {
        if depth > 8 {
            return;
        }
        let own = self.found.own.get(&function).map_or(&[][..], Vec::as_slice);
        chains.extend(own.iter().map(|site| Chain { site: *site, through: Vec::new() }));
        for edge in self.project.graph.calls_of(function) {
            if edge.is_callback {
                self.collect(handler, edge.to, chains, depth + 1);
            } else if self.is_reached(edge.to) {
                chains.push(Chain { site: edge.span, through: self.way(edge.to, None) });
            } else if let Some(taken) = self.taken(handler, edge) {
                chains.push(Chain { site: edge.span, through: self.way(edge.to, Some(taken)) });
            }
        }
    }

    /// The way that a call in the handler takes: what decides is given by who calls the handler, or is data.
    fn taken(&self, handler: FunctionAt, edge: &Edge) -> Option<usize> {
        let ways = self.found.perhaps.get(&edge.to)?;
        let module = self.workspace.hir(edge.file);
        ways.iter().position(|(_, needs)| {
            let left = asked_of_caller(module, edge, needs);
            left.is_some_and(|left| left.iter().all(|need| need.func != handler.func || need.param > 0))
        })
    }

    fn way(&self, from: FunctionAt, taken: Option<usize>) -> Vec<Span> {
        let mut way = Vec::new();
        let mut at = Some((from, taken));
        while let Some((function, taken)) = at {
            let hop = match taken {
                None => self.found.next.get(&function),
                Some(taken) => self.found.perhaps.get(&function).and_then(|ways| ways.get(taken)).map(|(hop, _)| hop),
            };
            let Some(hop) = hop else { break };
            way.push(hop.at);
            at = hop.to.filter(|_| way.len() < 32);
        }
        way
    }
}

/// How many ways are kept of a function that comes to do it for some of its callers.
const WAYS: usize = 4;

fn find(workspace: &Workspace, project: &Project, effect: Effect) -> Found {
    let mut search = Search {
        workspace,
        project,
        found: Found::default(),
        sure: VecDeque::new(),
        perhaps: VecDeque::new(),
        // Of the others, a way that only some callers take is none.
        follows_conditions: matches!(effect, Effect::Network | Effect::Database | Effect::Write),
    };
    for (call, place) in project.calls.iter().filter_map(|call| Some((call, call.does.place(effect)?))) {
        let module = workspace.hir(call.file);
        // `new Date(x)` is a date, and not the time.
        if effect == Effect::Clock && matches!(module.expr(call.call), ExprKind::Call(c) | ExprKind::New(c) if !c.args.is_empty()) {
            continue;
        }
        // `args.now ?? Date.now()`: who wants the same answer says when.
        if effect == Effect::Clock && stands_in_for_argument(module, call.call) {
            continue;
        }
        search.add(call.file, call.call, place);
    }
    if effect == Effect::Paginate {
        for query in project.queries.iter().filter(|q| q.end == End::Paginate) {
            search.look(query.file, query.call);
        }
    }
    if matches!(effect, Effect::Database | Effect::Read) {
        let mut origins: Vec<_> = project.queries.iter().map(|q| q.origin).collect();
        origins.sort_unstable();
        origins.dedup();
        origins.into_iter().for_each(|(file, expr)| search.look(file, expr));
    }
    let runs = if effect == Effect::Identity { runs(workspace, project) } else { FxHashMap::default() };
    search.spread(&runs);
    search.found.own.values_mut().for_each(|spans| spans.sort_unstable());
    search.found
}

struct Search<'a> {
    workspace: &'a Workspace,
    project: &'a Project,
    found: Found,
    /// Functions that surely come to do it, whose callers are still to be looked at.
    sure: VecDeque<FunctionAt>,
    /// The same for ways that some callers take.
    perhaps: VecDeque<(FunctionAt, usize)>,
    follows_conditions: bool,
}

impl Search<'_> {
    /// An expression that does it.
    fn look(&mut self, file: FileId, expr: ExprId) {
        if let Some(place) = Place::of(self.workspace.hir(file), expr) {
            self.add(file, expr, place);
        }
    }

    /// The place of an expression that does it.
    fn add(&mut self, file: FileId, expr: ExprId, Place { func, when, shown }: Place) {
        let at = FunctionAt { file, func };
        if when == Condition::Context {
            return;
        }
        self.found.own.entry(at).or_default().push(shown);
        let hop = Hop { at: shown, to: None };
        match when {
            Condition::None => self.reach(at, hop),
            _ => self.reach_perhaps(at, hop, needs(self.workspace.hir(file), expr, func)),
        }
    }

    fn reach(&mut self, at: FunctionAt, hop: Hop) {
        if let Entry::Vacant(slot) = self.found.next.entry(at) {
            slot.insert(hop);
            self.sure.push_back(at);
        }
    }

    fn reach_perhaps(&mut self, at: FunctionAt, hop: Hop, needs: Vec<Need>) {
        if !self.follows_conditions {
            return;
        }
        let ways = self.found.perhaps.entry(at).or_default();
        if ways.len() < WAYS && ways.iter().all(|(_, known)| *known != needs) {
            ways.push((hop, needs));
            self.perhaps.push_back((at, ways.len() - 1));
        }
    }

    /// Goes from each function to its callers; first the ways that all callers take.
    fn spread(&mut self, runs: &FxHashMap<FunctionAt, Vec<(FunctionAt, Span)>>) {
        let project = self.project;
        loop {
            if let Some(at) = self.sure.pop_front() {
                for (from, span) in runs.get(&at).into_iter().flatten() {
                    self.found.own.entry(*from).or_default().push(*span);
                    self.reach(*from, Hop { at: *span, to: None });
                }
                for edge in project.graph.calls_to(at) {
                    self.step(edge, None);
                }
            } else if let Some((at, way)) = self.perhaps.pop_front() {
                if !self.found.next.contains_key(&at) {
                    for edge in project.graph.calls_to(at) {
                        self.step(edge, Some(way));
                    }
                }
            } else {
                return;
            }
        }
    }

    /// From the function that is called to the one that calls it.
    fn step(&mut self, edge: &Edge, way: Option<usize>) {
        let module = self.workspace.hir(edge.file);
        let from = FunctionAt { file: edge.file, func: edge.from };
        if self.found.next.contains_key(&from) {
            return;
        }
        let when = condition(module, edge.at, edge.from);
        if when == Condition::Context || when == Condition::Argument && !self.follows_conditions {
            return;
        }
        let ways = self.found.perhaps.get(&edge.to);
        let taken = way.and_then(|way| ways?.get(way));
        let Some(mut asked) = (match taken {
            Some((_, needs)) => asked_of_caller(module, edge, needs),
            None => Some(Vec::new()),
        }) else {
            return;
        };
        if when == Condition::Argument {
            asked.extend(needs(module, edge.at, edge.from));
        }
        let hop = match (edge.is_callback, taken) {
            (false, _) => Hop { at: edge.span, to: Some((edge.to, way)) },
            // What stands in a callback stands in the function around it.
            (true, Some((hop, _))) => *hop,
            (true, None) => self.found.next[&edge.to],
        };
        if asked.is_empty() { self.reach(from, hop) } else { self.reach_perhaps(from, hop, asked) }
    }
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

/// `args.now ?? Date.now()`, `now || Date.now()`, `year ?? new Date().getFullYear()`.
fn stands_in_for_argument(module: &Module, call: ExprId) -> bool {
    let mut at = call;
    loop {
        let (Parent::Expr(up), child) = module.meaningful_parent(at) else { return false };
        match module.expr(up) {
            // What is taken of the time stands in for what would have been taken of the argument.
            ExprKind::Member { object, .. } if *object == child => at = up,
            ExprKind::Call(taken) if taken.callee == child => at = up,
            ExprKind::Binary { op: Binary::Coalesce | Binary::Or, left, right } if *right == child => {
                return module.enclosing_func(call).is_some_and(|func| names_parameter(module, *left, func));
            }
            _ => return false,
        }
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

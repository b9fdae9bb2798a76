//! Calls of what Convex and other packages offer: `v.id(…)`, `ctx.scheduler.runAfter(…)`, `db.insert(…)`, `fetch(…)`.

use std::sync::Arc;

use super::effects::Doing;
use super::graph::{self, FileGraph, Misused};
use super::hir::{Call, ExprId, ExprKind, Key, Module, Name, Prop, Step};
use super::infer::Infer;
use super::ty::{External, FunctionAt, Ty};
use crate::source::{FileId, Span};

/// A call of something that the project does not define.
#[derive(Debug)]
pub struct PlatformCall {
    pub file: FileId,
    pub call: ExprId,
    pub span: Span,
    pub callee: Callee,
    pub does: Doing,
    /// For a method of the database, the table whose id its first argument is.
    pub id_of: Option<Name>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Callee {
    /// A function of a package; of the language itself where the module is `global`.
    External(Arc<External>),
    /// `ctx.runQuery`, `ctx.storage.getUrl`, …: the path after `ctx`.
    Context(Name),
    /// A method of the database: `get`, `insert`, `patch`, …
    Db(Name),
    /// A method on a query that no query has, as `delete`.
    Query(Name),
}

/// A variable of the environment: `process.env.NAME`, or where `defineApp` declares it.
#[derive(Debug)]
pub struct EnvName {
    pub name: Name,
    pub span: Span,
}

/// A call that has Convex run a function of its own accord: the context runs it, the scheduler, a cron, a pool.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub by: RunBy,
    /// What is run: a reference, where the code is right.
    pub target: ExprId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunBy {
    Query,
    Mutation,
    Action,
    Scheduler,
    Cron,
    /// A workpool, a workflow, a retrier: a component that calls back.
    Component,
}

impl PlatformCall {
    /// What this call has Convex run.
    pub fn run(&self, module: &Module) -> Option<Run> {
        run(&self.callee, module.call(self.call)?)
    }

    /// The table whose document a method of the database reads or writes: named, or that of the id.
    pub fn table<'m>(&'m self, module: &'m Module) -> Option<&'m Name> {
        let args = &module.call(self.call)?.args;
        let first = args.first().filter(|a| !a.spread)?;
        if self.names_table(args.len())? { module.constant(first.value) } else { self.id_of.as_ref() }
    }

    /// The argument of a database's method that says which document is meant.
    pub fn document(&self, module: &Module) -> Option<ExprId> {
        let args = &module.call(self.call)?.args;
        let at = usize::from(self.names_table(args.len())?);
        let is_plain = args.iter().all(|a| !a.spread) && !matches!(&self.callee, Callee::Db(method) if &**method == "insert");
        args.get(at).filter(|_| is_plain).map(|a| a.value)
    }

    /// What a write makes of the document, or changes of it.
    pub fn written(&self, module: &Module) -> Option<ExprId> {
        let Callee::Db(method) = &self.callee else { return None };
        let args = &module.call(self.call)?.args;
        let is_write = matches!(&**method, "insert" | "patch" | "replace") && args.len() > 1;
        args.last().filter(|a| is_write && !a.spread).map(|a| a.value)
    }

    /// Whether the first of so many arguments of a database's method is a table; `None` for a method that takes no document.
    fn names_table(&self, count: usize) -> Option<bool> {
        let Callee::Db(method) = &self.callee else { return None };
        match (&**method, count) {
            ("get" | "delete", 2) | ("patch" | "replace", 3) | ("insert", _) => Some(true),
            ("get" | "delete", 1) | ("patch" | "replace", 2) => Some(false),
            _ => None,
        }
    }
}

fn run(callee: &Callee, call: &Call) -> Option<Run> {
    let (by, at) = match callee {
        Callee::Context(part) => match &**part {
            "runQuery" => (RunBy::Query, 0),
            "runMutation" => (RunBy::Mutation, 0),
            "runAction" => (RunBy::Action, 0),
            "scheduler.runAfter" | "scheduler.runAt" => (RunBy::Scheduler, 1),
            _ => return None,
        },
        Callee::External(external) => {
            let mut room = Default::default();
            match (&*external.module, external.parts(&mut room)) {
                ("convex/server", ["cronJobs", "interval" | "cron" | "hourly" | "daily" | "weekly" | "monthly"]) => (RunBy::Cron, 2),
                ("@convex-dev/workpool", ["Workpool", "enqueueAction" | "enqueueMutation" | "enqueueQuery"])
                | ("@convex-dev/workflow", ["WorkflowManager", "start"])
                | ("@convex-dev/action-retrier", ["ActionRetrier", "run"]) => (RunBy::Component, 1),
                _ => return None,
            }
        }
        Callee::Db(_) | Callee::Query(_) => return None,
    };
    let target = call.args.get(at).filter(|_| call.args[..=at].iter().all(|a| !a.spread))?;
    Some(Run { by, target: target.value })
}

/// The calls of one file, in source order. Of validators only those that rules ask for; calls on an object that a function made itself are left out.
///
/// Adds to the graph what is called of the project's own.
pub(super) fn read(infer: &Infer<'_>, file: FileId, graph: &mut FileGraph, env_reads: &mut Vec<EnvName>) -> Vec<PlatformCall> {
    let module = infer.hir(file);
    let mut found = Vec::new();
    for (id, kind) in module.exprs() {
        if let ExprKind::Member { object, property, .. } = kind
            && is_env(module, *object)
        {
            env_reads.push(EnvName { name: property.clone(), span: module.span(id) });
        }
        let (ExprKind::Call(call) | ExprKind::New(call)) = kind else { continue };
        // Validators are everywhere, and few of them are asked for.
        if module.validator_method(call).is_some_and(|method| !is_notable_validator(method)) {
            continue;
        }
        // What a function has in its own variables is asked for only where the method can be Convex's.
        let method = module.method(id).map(|(_, _, method)| &**method).or_else(|| taken_apart(module, call.callee));
        if module.begins_locally(call.callee) && !method.is_some_and(may_be_platform) {
            if let Some(func) = graph::local_function(module, call.callee) {
                graph.edges.extend(graph::edge(module, id, FunctionAt { file, func }));
            }
            continue;
        }
        let callee = match infer.expr(file, call.callee) {
            Ty::External(external) => Some(Callee::External(external)),
            Ty::CtxPart(part) => Some(Callee::Context(part)),
            Ty::Function(to) => {
                graph.edges.extend(graph::edge(module, id, to));
                None
            }
            Ty::Registered(home, registration) => {
                graph.misused.push(Misused { file, expr: call.callee, target: (home, registration), is_called: true });
                None
            }
            _ => module.method(id).and_then(|(_, object, method)| match infer.expr(file, object).non_null() {
                Ty::Db if &**method != "query" => Some(Callee::Db(method.clone())),
                Ty::Query(_) if matches!(&**method, "delete" | "patch" | "replace" | "insert" | "count") => {
                    Some(Callee::Query(method.clone()))
                }
                _ => None,
            }),
        };
        if let Some(callee) = callee {
            if let Some(run) = run(&callee, call)
                && let Ty::Registered(home, registration) = infer.expr(file, run.target)
            {
                graph.misused.push(Misused { file, expr: run.target, target: (home, registration), is_called: false });
            }
            let id_of = match &callee {
                Callee::Db(_) => call.args.first().and_then(|a| match infer.expr(file, a.value).non_null() {
                    Ty::Id(table) => Some(table),
                    _ => None,
                }),
                _ => None,
            };
            let does = Doing::of(module, id, &callee);
            found.push(PlatformCall { file, call: id, span: module.span(id), callee, does, id_of });
        }
    }
    found
}

/// The variables that `defineApp({ env: { … } })`, or a component, declares in the file.
pub(super) fn declared_env(module: &Module, calls: &[PlatformCall]) -> Vec<EnvName> {
    let defines = |call: &&PlatformCall| match &call.callee {
        Callee::External(external) => external.is("convex/server", &["defineApp"]) || external.is("convex/server", &["defineComponent"]),
        _ => false,
    };
    let named = |key: &Key, wanted: &str| matches!(key, Key::Name(name) if &**name == wanted);
    let env = |call: &PlatformCall| {
        let options = module.as_object(module.call(call.call)?.args.last()?.value)?;
        module.as_object(options.iter().find(|p| named(&p.key, "env"))?.value)
    };
    let name = |prop: &Prop| match &prop.key {
        Key::Name(name) => Some(EnvName { name: name.clone(), span: module.at(prop.start, prop.key_end) }),
        Key::Computed(_) | Key::Spread => None,
    };
    calls.iter().filter(defines).filter_map(env).flatten().filter_map(name).collect()
}

/// `process.env`.
fn is_env(module: &Module, id: ExprId) -> bool {
    let ExprKind::Member { object, property, .. } = module.expr(id) else { return false };
    &**property == "env" && matches!(module.expr(*object), ExprKind::Global(name) if &**name == "process")
}

/// The methods of contexts, databases and what hangs on them.
fn may_be_platform(method: &str) -> bool {
    matches!(
        method,
        "query"
            | "get"
            | "insert"
            | "patch"
            | "replace"
            | "delete"
            | "count"
            | "normalizeId"
            | "runQuery"
            | "runMutation"
            | "runAction"
            | "vectorSearch"
            | "getUserIdentity"
            | "getUrl"
            | "getMetadata"
            | "generateUploadUrl"
            | "store"
            | "cancel"
            | "runAfter"
            | "runAt"
            | "collect"
            | "take"
            | "first"
            | "unique"
            | "paginate"
    )
}

/// The validators that name a table, or that Convex does not have any more.
fn is_notable_validator(method: &str) -> bool {
    matches!(method, "id" | "bigint" | "map" | "set")
}

/// The key that a name stands for that was taken out of an object: `runQuery` of `({ runQuery }) => …`.
fn taken_apart(module: &Module, callee: ExprId) -> Option<&str> {
    let ExprKind::Local(binding) = module.expr(module.bare(callee)) else { return None };
    match module.binding(*binding).path.last()? {
        Step::Key(name) => Some(name),
        _ => None,
    }
}

use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::calls::RunBy;
use crate::model::functions::Syntax;
use crate::model::hir::{Body, ExprId, ExprKind, Module, Stmt};
use crate::model::repetition::{Over, Repeated, Repetition, around};
use crate::model::ty::FunctionKind;
use crate::model::{Callee, PlatformCall};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds `ctx.runQuery` and `ctx.runMutation` that are called for each element of a list.
    ///
    /// ## Why is this bad?
    /// Each call is a transaction of its own: a round trip, a snapshot, and a place to stop half way.
    /// A hundred elements are a hundred of them, which see a hundred different states of the database, where one function that takes the list would do.
    /// In a query or a mutation they are parts of one transaction, and each still costs the start of a function and a copy of what goes in and out, which a plain function does not.
    ///
    /// ## Example
    /// ```ts action
    /// for (const id of args.ids) {
    ///   await ctx.runMutation(internal.tasks.finish, { id }); // error
    /// }
    /// await ctx.runMutation(internal.tasks.finishAll, { ids: args.ids });
    /// ```
    ///
    /// ## When not to use it
    /// Silent where the list was cut into pieces, where it is written out, where each element has its own `try`, and where a request to somewhere else stands between the calls.
    pub struct RunInLoop {} = { id: "run-in-loop", category: Category::Functions, level: Level::Error, since: "0.1.0" }
}

impl Rule for RunInLoop {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn call(&self, call: &PlatformCall, cx: &mut Cx<'_>) -> Option<()> {
        let module = cx.workspace.hir(call.file);
        let run = call.run(module).filter(|run| matches!(run.by, RunBy::Query | RunBy::Mutation))?;
        // A component has the functions that it has.
        let reference = cx.project.graph.reference_at(module, run.target)?;
        if reference.path.first().is_none_or(|root| !matches!(&**root, "api" | "internal")) {
            return None;
        }
        let repeat = cx.project.repeat_at(call.file, call.call)?;
        let repetition = around(module, call.call)?;
        if matches!(repeat.over, Over::Lists | Over::Fixed) || is_cut(module, &repetition, cx) || is_on_its_own(module, &repetition, call, cx) {
            return None;
        }
        let name = if run.by == RunBy::Query { "runQuery" } else { "runMutation" };
        let caller = cx.project.function_around(module, module.enclosing_func(call.call));
        let is_transaction = caller.is_some_and(|f| f.syntax != Syntax::Chained && matches!(f.kind(), FunctionKind::Query | FunctionKind::Mutation));
        let (message, help) = match run.by {
            _ if is_transaction => (format!("`ctx.{name}` starts a function for each element"), "call a plain function that takes `ctx`"),
            RunBy::Query => (format!("`ctx.{name}` runs a transaction for each element"), "ask once: a query that takes the whole list"),
            _ => (
                format!("`ctx.{name}` runs a transaction for each element"),
                "write once: a mutation that takes the whole list, or pieces of it where it is long",
            ),
        };
        let span = module.property_span(module.bare(module.call(call.call)?.callee));
        let mut found = Diagnostic::new(span, message).help(help);
        if let Some(subject) = repetition.subject {
            found = found.label(module.span(subject), "of these");
        }
        cx.report(found);
        Some(())
    }
}

/// Words for a piece of a list.
const PIECES: [&str; 6] = ["batch", "chunk", "page", "slice", "group", "part"];

fn is_cut(module: &Module, repetition: &Repetition<'_>, cx: &Cx<'_>) -> bool {
    let says = |text: &str| PIECES.iter().any(|piece| text.to_ascii_lowercase().contains(piece));
    match (repetition.subject, repetition.element(module)) {
        (Some(_), element) => element.is_some_and(|b| says(&b.name)),
        // What a loop counts stands in its head.
        (None, _) => cx.text(module.at(repetition.start, repetition.end)).lines().next().is_some_and(says),
    }
}

/// Whether each element is dealt with apart from the others: it may fail alone, or something beyond the database happens for it.
fn is_on_its_own(module: &Module, repetition: &Repetition<'_>, call: &PlatformCall, cx: &Cx<'_>) -> bool {
    let stmts = match repetition.body {
        Repeated::Loop(stmts) => stmts,
        Repeated::Callback(func) => match &module.func(func).body {
            Body::Block { stmts, .. } => &stmts[..],
            _ => &[][..],
        },
    };
    if has_try(stmts) || is_caught(module, call.call) {
        return true;
    }
    // Other calls of Convex are fine; what else is awaited may be anything.
    let calls = crate::model::in_file(&cx.project.calls, call.file, |c| c.file);
    let runs = |at: ExprId| {
        let callee = calls.binary_search_by_key(&at, |c| c.call).ok().map(|i| &calls[i].callee);
        matches!(callee, Some(Callee::Context(part)) if matches!(&**part, "runQuery" | "runMutation"))
    };
    module.exprs_of(repetition.func).any(|(id, kind)| match kind {
        ExprKind::Await(inner) if repetition.holds(module.span(id).start) => {
            let awaited = module.bare(*inner);
            module.call(awaited).is_some() && !runs(awaited)
        }
        _ => false,
    })
}

fn is_caught(module: &Module, call: ExprId) -> bool {
    use crate::model::hir::Parent;
    matches!(module.parent(call), Parent::Expr(up) if matches!(module.expr(up), ExprKind::Member { property, .. } if &**property == "catch"))
}

fn has_try(stmts: &[Stmt]) -> bool {
    stmts.iter().any(|stmt| match stmt {
        Stmt::Try { .. } => true,
        Stmt::If { yes, no, .. } => has_try(yes) || has_try(no),
        Stmt::Block(stmts) | Stmt::Loop { body: stmts, .. } => has_try(stmts),
        Stmt::Switch { cases, .. } => cases.iter().any(|c| has_try(&c.body)),
        _ => false,
    })
}

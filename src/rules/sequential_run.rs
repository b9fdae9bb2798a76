use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::Function;
use crate::model::calls::RunBy;
use crate::model::hir::{Body, ExprId, ExprKind, Module, Stmt};
use crate::model::ty::FunctionKind;
use crate::rule::{Category, Cx, Rule, RuleMeta};
use crate::source::Span;

declare_rule! {
    /// Finds actions that run several queries, or a query and a mutation, one right after the other.
    ///
    /// ## Why is this bad?
    /// Each of them is a transaction of its own: what the first has read may have changed when the second begins.
    /// One internal query, or one mutation, sees a single state of the database and saves the way there and back.
    ///
    /// ## Example
    /// ```ts action
    /// const user = await ctx.runQuery(internal.users.get, { id: args.id });
    /// const team = await ctx.runQuery(internal.teams.get, { id: user.teamId }); // error
    /// await fetch("https://example.com", { method: "POST", body: team.name });
    /// ```
    ///
    /// ## When not to use it
    /// Silent where something else happens between them: a request, an action, a call of another function.
    pub struct SequentialRun {} = { id: "sequential-run", category: Category::Functions, level: Level::Warn, since: "0.1.0", strict: Level::Warn }
}

impl Rule for SequentialRun {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn function(&self, function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        let at = function.handler.filter(|_| matches!(function.kind(), FunctionKind::Action | FunctionKind::HttpAction))?;
        let module = cx.workspace.hir(at.file);
        let Body::Block { stmts, .. } = &module.func(at.func).body else { return None };
        let mut lists = vec![&stmts[..]];
        while let Some(list) = lists.pop() {
            self.judge(module, list, cx);
            list.iter().for_each(|stmt| match stmt {
                Stmt::If { yes, no, .. } => lists.extend([&yes[..], &no[..]]),
                Stmt::Block(inner) => lists.push(inner),
                Stmt::Try { block, .. } => lists.push(block),
                _ => {}
            });
        }
        Some(())
    }
}

impl SequentialRun {
    fn judge(&self, module: &Module, list: &[Stmt], cx: &mut Cx<'_>) {
        let mut before: Option<(RunBy, Span)> = None;
        for stmt in list {
            match kind_of(module, stmt, cx) {
                Kind::Run(by, span) => {
                    // A mutation ends what came before it; what follows may need to see that it was done.
                    if let Some((RunBy::Query, first)) = before {
                        let help = match by {
                            RunBy::Query => "read both in one internal query",
                            _ => "read and write in one internal mutation",
                        };
                        let name = if by == RunBy::Query { "runQuery" } else { "runMutation" };
                        cx.report(
                            Diagnostic::new(span, format!("`ctx.{name}` right after another is a transaction too many"))
                                .label(first, "what this has read may have changed")
                                .help(help),
                        );
                    }
                    before = Some((by, span));
                }
                Kind::Value => {}
                Kind::Other => before = None,
            }
        }
    }
}

enum Kind {
    /// It runs one of the project's queries or mutations, and does nothing else.
    Run(RunBy, Span),
    /// It names values, or leaves.
    Value,
    Other,
}

fn kind_of(module: &Module, stmt: &Stmt, cx: &Cx<'_>) -> Kind {
    let is_value = |id: ExprId| !module.within(id).any(|part| matches!(module.expr(part), ExprKind::Call(_) | ExprKind::Await(_)));
    match stmt {
        Stmt::Expr(value) | Stmt::Var { init: Some(value), .. } | Stmt::Return { value: Some(value), .. } => {
            run_of(module, *value, cx).map_or(if is_value(*value) { Kind::Value } else { Kind::Other }, |(by, span)| Kind::Run(by, span))
        }
        Stmt::Var { init: None, .. } | Stmt::Return { value: None, .. } => Kind::Value,
        Stmt::If { test, yes, no } if no.is_empty() && is_value(*test) && crate::model::hir::exits(yes) => Kind::Value,
        _ => Kind::Other,
    }
}

/// `await ctx.runQuery(internal.x.y, values)`, and nothing more.
fn run_of(module: &Module, value: ExprId, cx: &Cx<'_>) -> Option<(RunBy, Span)> {
    let ExprKind::Await(inner) = module.expr(module.bare(value)) else { return None };
    let call = module.bare(*inner);
    let calls = crate::model::in_file(&cx.project.calls, module.file, |c| c.file);
    let found = &calls[calls.binary_search_by_key(&call, |c| c.call).ok()?];
    let run = found.run(module).filter(|run| matches!(run.by, RunBy::Query | RunBy::Mutation))?;
    let reference = cx.project.graph.reference_at(module, run.target)?;
    let is_own = reference.path.first().is_some_and(|root| matches!(&**root, "api" | "internal"));
    let is_call = |part: &ExprId| matches!(module.expr(*part), ExprKind::Call(_) | ExprKind::Await(_));
    let is_plain = module.within(call).filter(|part| *part != call).all(|part| !is_call(&part));
    (is_own && is_plain).then(|| Some((run.by, module.property_span(module.bare(module.call(call)?.callee)))))?
}

use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::Function;
use crate::model::calls::RunBy;
use crate::model::hir::{Body, ExprId, ExprKind, Module, Parent, Stmt};
use crate::model::ty::FunctionKind;
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds actions that do nothing but run one query.
    ///
    /// ## Why is this bad?
    /// What a query returns is cached, consistent, and sent anew when it changes.
    /// Behind an action it is none of these: each call starts a function that starts a function.
    ///
    /// ## Example
    /// ```ts
    /// export const profile = action({ // error
    ///   args: { id: v.id("users") },
    ///   returns: v.any(),
    ///   handler: async (ctx, args) => {
    ///     return await ctx.runQuery(internal.users.get, { id: args.id });
    ///   },
    /// });
    /// ```
    ///
    /// ## When not to use it
    /// An action whose reference is handed to something else than a call that runs it is not reported: caches and workflows ask for actions.
    pub struct ActionAsQuery {} = { id: "action-as-query", category: Category::Functions, level: Level::Error, since: "0.1.0" }
}

impl Rule for ActionAsQuery {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn function(&self, function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        let at = function.handler.filter(|_| function.kind() == FunctionKind::Action)?;
        let module = cx.workspace.hir(at.file);
        let body = &module.func(at.func).body;
        let yielded = match body {
            Body::Block { stmts, .. } => match &stmts[..] {
                [Stmt::Var { first, init: Some(init), .. }, Stmt::Return { value: Some(value), .. }] if is_name(module, *value, *first) => *init,
                _ => body.value()?,
            },
            _ => body.value()?,
        };
        let call = module.bare_awaited(yielded);
        let calls = crate::model::in_file(&cx.project.calls, at.file, |c| c.file);
        let run = calls[calls.binary_search_by_key(&call, |c| c.call).ok()?].run(module)?;
        // What a custom builder does around it may be more.
        if run.by != RunBy::Query || function.builder.made_by.is_some() || !is_plain(module, call) || is_handed_over(function, cx) {
            return None;
        }
        cx.report(
            Diagnostic::new(function.callee_span, format!("the {} does nothing but run a query", function.kind_and_name()))
                .label(module.span(run.target), "this query")
                .help("make it a query, or let the caller run that one"),
        );
        Some(())
    }
}

fn is_name(module: &Module, value: ExprId, name: crate::model::hir::BindingId) -> bool {
    module.binding(name).path.is_empty() && matches!(module.expr(module.bare(value)), ExprKind::Local(b) if *b == name)
}

/// Whether something that is not run here is given the action, and may want one: `new ActionCache(…, { action: internal.a.b })`.
fn is_handed_over(function: &Function, cx: &Cx<'_>) -> bool {
    cx.project.graph.references_to(function).any(|reference| {
        let module = cx.workspace.hir(reference.file);
        let calls = crate::model::in_file(&cx.project.calls, reference.file, |c| c.file);
        let (Parent::Expr(up), _) = module.meaningful_parent(reference.expr) else { return true };
        let run = calls.binary_search_by_key(&up, |c| c.call).ok().and_then(|at| calls[at].run(module));
        run.is_none_or(|run| module.bare(run.target) != reference.expr)
    })
}

/// Whether nothing else is called or awaited for its arguments.
fn is_plain(module: &Module, call: ExprId) -> bool {
    let inner = module.call(call).map_or(&[][..], |c| &c.args);
    !inner.iter().any(|a| module.within(a.value).any(|part| matches!(module.expr(part), ExprKind::Call(_) | ExprKind::New(_) | ExprKind::Await(_))))
}

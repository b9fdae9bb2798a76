use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::branches::are_exclusive;
use crate::model::hir::{ExprId, FuncId, Module};
use crate::model::queries::End;
use crate::model::ty::FunctionAt;
use crate::model::{Effect, Function};
use crate::rule::{Category, Cx, Rule, RuleMeta};
use crate::source::Span;

declare_rule! {
    /// Finds functions that paginate twice.
    ///
    /// ## Why is this bad?
    /// Convex allows one paginated query in a function: the second `.paginate()` throws.
    ///
    /// ## Example
    /// ```ts
    /// const posts = await ctx.db.query("posts").paginate(args.posts);
    /// const tasks = await ctx.db.query("tasks").paginate(args.tasks); // error
    /// ```
    pub struct MultiplePaginate {} = { id: "multiple-paginate", category: Category::Queries, level: Level::Error, since: "0.1.0" }
}

impl Rule for MultiplePaginate {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn function(&self, function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        let at = function.handler?;
        let module = cx.workspace.hir(at.file);
        let mut places: Vec<(ExprId, Span)> = Vec::new();
        collect(module, at, &mut places, cx);
        places.sort_unstable_by_key(|(_, span)| *span);
        places.dedup();
        let mut pairs = places.iter().enumerate().flat_map(|(i, second)| places[..i].iter().map(move |first| (first, second)));
        let (first, second) = pairs.find(|(first, second)| !are_exclusive(module, at.func, first.0, second.0))?;
        cx.report(
            Diagnostic::new(second.1, format!("{} paginates a second time, which throws", function.title()))
                .label(first.1, "it paginates here")
                .help("page through one of them, and read a bounded part of the other with `.take(n)`; or make two functions of it"),
        );
        Some(())
    }
}

/// Where the function paginates: itself, in a callback, or through a function of the project.
fn collect(module: &Module, at: FunctionAt, places: &mut Vec<(ExprId, Span)>, cx: &Cx<'_>) {
    let own = cx.project.queries_in(module, at.func);
    for query in own.iter().filter(|q| q.end == End::Paginate && q.func == Some(at.func)) {
        places.extend(module.call(query.call).map(|c| (query.call, module.property_span(module.bare(c.callee)))));
    }
    let reach = cx.reach(Effect::Paginate);
    for edge in cx.project.graph.calls_of(at) {
        if edge.is_callback {
            collect(module, FunctionAt { func: FuncId(edge.to.func.0), ..edge.to }, places, cx);
        } else if reach.is_reached(edge.to) {
            places.push((edge.at, edge.span));
        }
    }
}

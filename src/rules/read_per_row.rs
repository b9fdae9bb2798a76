use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::effects::{Effect, is_work};
use crate::model::hir::{ExprId, ExprKind, Module};
use crate::model::queries::End;
use crate::model::repetition::{Most, Over, Repeat, Repetition, around};
use crate::model::{Callee, File};
use crate::rule::{Category, Cx, Rule, RuleMeta};
use crate::source::Span;

declare_rule! {
    /// Finds reads of the database that are made for each of many rows or ids.
    ///
    /// ## Why is this bad?
    /// One read becomes as many as there are rows, and the function slows down as the table grows.
    /// All of them are dependencies of a query: it runs anew whenever any of these documents changes.
    ///
    /// ## Example
    /// ```ts
    /// const posts = await ctx.db
    ///   .query("posts")
    ///   .withIndex("by_author", (q) => q.eq("authorId", args.authorId))
    ///   .collect();
    /// const authors = await Promise.all(posts.map((post) => ctx.db.get(post.authorId))); // error
    ///
    /// const latest = await ctx.db.query("posts").order("desc").take(10);
    /// const names = await Promise.all(latest.map((post) => ctx.db.get(post.authorId)));
    /// ```
    ///
    /// ## When not to use it
    /// Silent where there are few: a page, a list that is written out, or no more than `max` rows taken.
    /// Silent too where documents are written for each row, which is an errand of its own, and where `db.get` reads what an argument has the ids of.
    pub struct ReadPerRow {
        /// How many rows are few.
        pub max: u32 = 20,
    } = { id: "read-per-row", category: Category::Queries, level: Level::Warn, since: "0.1.0", strict: Level::Warn }
}

impl Rule for ReadPerRow {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        let (module, project) = (&file.hir, cx.project);
        let repeats = crate::model::in_file(&project.repeats, file.source.id, |r| r.file);
        let many = |repeat: &&Repeat| {
            let is_many = match repeat.most {
                Some(Most::Number(number)) => number > f64::from(self.max),
                Some(Most::Page | Most::Some) => false,
                None => true,
            };
            is_many && matches!(repeat.over, Over::Rows(_) | Over::Ids(_))
        };
        for repeat in repeats.iter().filter(many) {
            let Some((span, message, through)) = read(module, repeat, cx) else { continue };
            let Some(repetition) = around(module, repeat.at).filter(|r| depends(module, repeat.at, r) && !writes(r, file, cx)) else { continue };
            if is_lookup(module, repeat, &repetition, cx) {
                continue;
            }
            let mut found = Diagnostic::new(span, message).help(help(&repeat.over));
            if let Some(subject) = repetition.subject {
                found = found.label(module.span(subject), "for each of these");
            }
            if let Some(chain) = &through {
                found = found.along(chain, "which reads");
            }
            cx.report(found);
        }
        Some(())
    }
}

/// What reads there: itself, or the function of the project that is called.
fn read(module: &Module, repeat: &Repeat, cx: &Cx<'_>) -> Option<(Span, String, Option<crate::model::effects::Chain>)> {
    let callee = |call: ExprId| Some(module.property_span(module.bare(module.call(call)?.callee)));
    let calls = crate::model::in_file(&cx.project.calls, repeat.file, |c| c.file);
    if let Ok(at) = calls.binary_search_by_key(&repeat.at, |c| c.call) {
        let is_get = matches!(&calls[at].callee, Callee::Db(method) if &**method == "get");
        return is_get.then(|| Some((callee(repeat.at)?, "`db.get` for each of many".to_owned(), None)))?;
    }
    if let Some(query) = cx.project.query_at(repeat.file, repeat.at).filter(|q| q.end != End::Open) {
        let (file, origin) = query.origin;
        let span = if file == repeat.file { callee(origin)? } else { callee(query.call)? };
        return Some((span, "a query for each of many".to_owned(), None));
    }
    let func = module.enclosing_func(repeat.at)?;
    let edges = cx.project.graph.calls_of(crate::model::ty::FunctionAt { file: repeat.file, func });
    let edge = edges.iter().find(|e| e.at == repeat.at && !e.is_callback)?;
    let chain = cx.reach(Effect::Read).through(edge)?;
    // One helper deep: what is further away is somebody else's decision.
    (chain.through.len() == 1).then(|| (edge.span, format!("`{}` reads for each of many", cx.text(edge.span)), Some(chain)))
}

/// Whether documents are read by the ids that the caller has sent, as after a vector search: there is no other way to them.
fn is_lookup(module: &Module, repeat: &Repeat, repetition: &Repetition<'_>, cx: &Cx<'_>) -> bool {
    let calls = crate::model::in_file(&cx.project.calls, repeat.file, |c| c.file);
    let call = calls.binary_search_by_key(&repeat.at, |c| c.call).ok().map(|at| &calls[at].callee);
    if !matches!(repeat.over, Over::Ids(_)) || !matches!(call, Some(Callee::Db(method)) if &**method == "get") {
        return false;
    }
    let function = cx.project.function_around(module, module.enclosing_func(repeat.at));
    function.zip(repetition.subject).is_some_and(|(function, subject)| function.argument(module, subject).is_some())
}

/// Whether what is read depends on the element: on a name that is declared for each.
fn depends(module: &Module, call: ExprId, repetition: &Repetition<'_>) -> bool {
    module.within(call).any(|part| match module.expr(part) {
        ExprKind::Local(name) => {
            let binding = module.binding(*name);
            repetition.holds(binding.start) && !module.span(call).contains(module.binding_span(*name))
        }
        _ => false,
    })
}

/// Whether documents are written for each as well: then each is an errand of its own.
fn writes(repetition: &Repetition<'_>, file: &File, cx: &Cx<'_>) -> bool {
    let module = &file.hir;
    let reach = cx.reach(Effect::Work);
    let calls = cx.project.calls_in(module, repetition.func);
    calls.iter().any(|c| repetition.holds(c.span.start) && is_work(&c.callee))
        || cx.project.graph.calls_within(module, repetition.func).iter().any(|e| repetition.holds(e.span.start) && reach.is_reached(e.to))
}

fn help(over: &Over) -> &'static str {
    match over {
        Over::Ids(_) => "keep what is shown of them in the document that holds the ids, or bound how many there are",
        _ => "keep what is needed in the rows themselves, bound them with `.take(n)` or `.paginate(…)`, or read once for all of them",
    }
}

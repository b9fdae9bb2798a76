use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::effects::is_work;
use crate::model::hir::{ExprId, Module};
use crate::model::promises::{Lost, lost, returned};
use crate::model::{Effect, File};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::source::Span;

declare_rule! {
    /// Finds promises of writes, scheduling and other functions that nothing waits for.
    ///
    /// ## Why is this bad?
    /// A function ends when its handler's promise does.
    /// What is still under way then may not happen at all, happen half, or fail without anyone seeing it, and a mutation is no longer all or nothing.
    /// `forEach` waits for nothing: a callback's promise is lost there, `async` or not.
    ///
    /// ## Example
    /// ```ts mutation
    /// ctx.db.patch(args.id, { isDone: true }); // error
    /// await ctx.db.patch(args.id, { isDone: true });
    /// ```
    ///
    /// ```ts mutation
    /// const tasks = await ctx.db.query("tasks").take(10);
    /// tasks.forEach((task) => ctx.db.delete(task._id)); // error
    /// await Promise.all(tasks.map((task) => ctx.db.delete(task._id)));
    /// ```
    ///
    /// ## When not to use it
    /// A promise that is lost on purpose says so with `void`, and is not reported.
    pub struct FloatingPromise {} = { id: "floating-promise", category: Category::Functions, level: Level::Error, since: "0.1.0", fix: FixKind::Safe }
}

impl Rule for FloatingPromise {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        let module = &file.hir;
        let calls = crate::model::in_file(&cx.project.calls, file.source.id, |c| c.file);
        for call in calls.iter().filter(|call| is_work(&call.callee)) {
            let span = module.property_span(module.bare(module.call(call.call)?.callee));
            if let Some(lost) = lost(module, call.call) {
                report(module, lost, span, false, cx);
            }
        }
        let reach = cx.reach(Effect::Work);
        for edge in cx.project.graph.calls_in(file.source.id) {
            let target = cx.workspace.hir(edge.to.file).func(edge.to.func);
            if !target.is_async || target.is_generator || !reach.is_reached(edge.to) {
                continue;
            }
            let found = if edge.is_callback { returned(module, edge.to.func) } else { lost(module, edge.at) };
            if let Some(lost) = found {
                report(module, lost, edge.span, true, cx);
            }
        }
        Some(())
    }
}

fn report(module: &Module, lost: Lost, span: Span, is_own: bool, cx: &mut Cx<'_>) {
    let name = cx.text(span);
    let subject = if is_own { format!("`{name}` writes or runs something, and its promise") } else { format!("the promise of `{name}`") };
    let found = match lost {
        Lost::Discarded(at) => {
            let fix = awaited(module, at);
            Diagnostic::new(span, format!("{subject} is not awaited")).help(help(fix.is_some())).fix(fix)
        }
        Lost::Unused(at, name) => {
            let fix = awaited(module, at);
            Diagnostic::new(span, format!("{subject} is stored, and never awaited"))
                .label(module.binding_span(name), "nothing reads this")
                .help(help(fix.is_some()))
                .fix(fix)
        }
        Lost::ForEach(call) => {
            let at = method_name(module, call);
            Diagnostic::new(at, "`forEach` does not wait for the promises of its callback")
                .help("use `for (const … of …)` with `await`, or `await Promise.all(….map(…))`")
        }
        Lost::Mapped(call) => {
            let at = method_name(module, call);
            let is_async = module.enclosing_func(call).is_some_and(|f| module.func(f).is_async && !module.func(f).is_generator);
            let span = module.span(call);
            let edits = || vec![Edit::insert_before(span, "await Promise.all("), Edit::insert_after(span, ")")];
            Diagnostic::new(at, "nothing waits for the promises that `map` makes")
                .help("wait for all of them: `await Promise.all(….map(…))`")
                .fix(is_async.then(|| Fix::safe("Wait for all of them", edits())))
        }
    };
    cx.report(found);
}

fn help(is_async: bool) -> &'static str {
    if is_async { "await it, so that it is done before the function ends" } else { "return it, or await it in an async function" }
}

fn method_name(module: &Module, call: ExprId) -> Span {
    module.call(call).map_or_else(|| module.span(call), |c| module.property_span(module.bare(c.callee)))
}

/// `await` before the promise, where the function around it may say so.
fn awaited(module: &Module, at: ExprId) -> Option<Fix> {
    let func = module.func(module.enclosing_func(at)?);
    let may = func.is_async && !func.is_generator;
    may.then(|| Fix::safe("Await it", vec![Edit::insert_before(module.span(at), "await ")]))
}

use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::calls::RunBy;
use crate::model::hir::{ExprId, Module, Name, Parent};
use crate::model::{Callee, File, PlatformCall};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds two crons with one name.
    ///
    /// ## Why is this bad?
    /// A cron is known by its name, so the second cannot be registered: the deployment fails.
    ///
    /// ## Example
    /// `convex/crons.ts`:
    /// ```ts
    /// import { cronJobs } from "convex/server";
    /// import { internal } from "./_generated/api";
    ///
    /// const crons = cronJobs();
    /// crons.interval("clean up", { hours: 1 }, internal.tasks.clear);
    /// crons.interval("clean up", { hours: 2 }, internal.posts.clear); // error
    /// export default crons;
    /// ```
    pub struct DuplicateCron {} = { id: "duplicate-cron", category: Category::Functions, level: Level::Error, since: "0.1.0" }
}

impl Rule for DuplicateCron {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        let module = &file.hir;
        let mut seen: Vec<(Name, ExprId)> = Vec::new();
        let calls = crate::model::in_file(&cx.project.calls, file.source.id, |c| c.file);
        for (name, argument) in calls.iter().filter_map(|call| named(module, call)) {
            match seen.iter().find(|(other, _)| *other == name) {
                Some((_, first)) => cx.report(
                    Diagnostic::new(module.span(argument), format!("a second cron is called \"{name}\""))
                        .label(module.span(*first), "this is the first")
                        .help("give each cron a name of its own"),
                ),
                None => seen.push((name, argument)),
            }
        }
        Some(())
    }
}

/// The name of a cron that is surely registered: at the top of the module, under no condition.
fn named(module: &Module, call: &PlatformCall) -> Option<(Name, ExprId)> {
    let is_cron =
        matches!(&call.callee, Callee::External(e) if &*e.module == "convex/server") && call.run(module).is_some_and(|run| run.by == RunBy::Cron);
    if !is_cron {
        return None;
    }
    let argument = module.call(call.call)?.args.first()?.value;
    let is_sure = matches!(module.meaningful_parent(call.call).0, Parent::Stmt { func: None, guard: None, .. });
    let name = module.constant(argument)?.clone();
    is_sure.then_some((name, argument))
}

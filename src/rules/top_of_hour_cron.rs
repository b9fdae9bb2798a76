use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::hir::{ExprId, ExprKind, Key, Module};
use crate::model::{Callee, PlatformCall};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds crons that run at minute 0.
    ///
    /// ## Why is this bad?
    /// Everybody's crons run at the full hour, and so do most of one's own: all of them at once, and nothing for the rest of it.
    ///
    /// ## Example
    /// `convex/crons.ts`:
    /// ```ts
    /// import { cronJobs } from "convex/server";
    /// import { internal } from "./_generated/api";
    ///
    /// const crons = cronJobs();
    /// crons.daily("report", { hourUTC: 4, minuteUTC: 0 }, internal.tasks.report); // error
    /// crons.daily("clean up", { hourUTC: 4, minuteUTC: 17 }, internal.tasks.clear);
    /// export default crons;
    /// ```
    ///
    /// ## When not to use it
    /// Where the minute matters to people.
    pub struct TopOfHourCron {} = { id: "top-of-hour-cron", category: Category::Functions, level: Level::Off, since: "0.1.0", alias: "no-top-of-hour-crons" }
}

impl Rule for TopOfHourCron {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn call(&self, call: &PlatformCall, cx: &mut Cx<'_>) -> Option<()> {
        let Callee::External(external) = &call.callee else { return None };
        let module = cx.workspace.hir(call.file);
        let schedule = module.call(call.call)?.args.get(1)?.value;
        let is = |name: &str| external.is("convex/server", &["cronJobs", name]);
        let at = if is("cron") {
            let text = module.constant(schedule)?;
            is_full_hour(text.split_whitespace().next()?).then_some(schedule)?
        } else if is("hourly") || is("daily") || is("weekly") || is("monthly") {
            minute(module, schedule)?
        } else {
            return None;
        };
        cx.report(Diagnostic::new(module.span(at), "this cron runs at the full hour, as most crons do").help("choose another minute"));
        Some(())
    }
}

/// `minuteUTC: 0`.
fn minute(module: &Module, schedule: ExprId) -> Option<ExprId> {
    let prop = module.as_object(module.bare(schedule))?.iter().find(|p| matches!(&p.key, Key::Name(name) if &**name == "minuteUTC"))?;
    matches!(module.expr(module.bare(prop.value)), ExprKind::Num(number) if *number == 0.0).then_some(prop.value)
}

/// Whether the minutes of a cron expression begin at 0 somewhere: `0`, `0,30`, `0-5`, `0/20`.
fn is_full_hour(minutes: &str) -> bool {
    let first = |part: &str| part.split(['-', '/']).next().and_then(|number| number.parse::<u32>().ok());
    minutes.split(',').any(|part| first(part) == Some(0))
}

use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::effects::Effect;
use crate::model::hir::{ExprId, Module, Parent};
use crate::model::ty::{FunctionAt, FunctionKind};
use crate::model::{Callee, Function, PlatformCall};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds mutations that record a payment or an order for a webhook or a schedule, and do not look whether it is there already.
    ///
    /// ## Why is this bad?
    /// A webhook is sent again when its answer is late, and an action that failed half way is run again.
    /// Whoever does not look for the key of what was sent records it twice.
    ///
    /// ## Example
    /// `convex/payments.ts`:
    /// ```ts
    /// import { internal } from "./_generated/api";
    /// import { httpAction, internalMutation } from "./_generated/server";
    /// import { v } from "convex/values";
    ///
    /// export const hook = httpAction(async (ctx, request) => {
    ///   const { id } = await request.json();
    ///   await ctx.runMutation(internal.payments.record, { id });
    ///   return new Response(null);
    /// });
    ///
    /// export const record = internalMutation({
    ///   args: { id: v.string() },
    ///   returns: v.null(),
    ///   handler: async (ctx, args) => {
    ///     await ctx.db.insert("payments", { id: args.id }); // error
    ///     return null;
    ///   },
    /// });
    /// ```
    pub struct MissingIdempotencyKey {
        /// Parts of names of tables whose rows must not be there twice.
        pub tables: Vec<String> = ["payment", "charge", "order", "invoice", "refund", "payout", "transaction", "purchase"].map(String::from).to_vec(),
    } = { id: "missing-idempotency-key", category: Category::Functions, level: Level::Off, since: "0.1.0", strict: Level::Warn }
}

impl Rule for MissingIdempotencyKey {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn call(&self, call: &PlatformCall, cx: &mut Cx<'_>) -> Option<()> {
        if !matches!(&call.callee, Callee::Db(method) if &**method == "insert") {
            return None;
        }
        let module = cx.workspace.hir(call.file);
        let table = call.table(module)?;
        let lower = table.to_ascii_lowercase();
        let function = cx.project.function_around(module, module.enclosing_func(call.call))?;
        let is_judged = self.tables.iter().any(|part| lower.contains(&**part))
            && function.kind() == FunctionKind::Mutation
            && function.is_internal();
        if !is_judged || looks_first(function.handler?, cx) {
            return None;
        }
        let from = driven_by(function, cx)?;
        cx.report(
            Diagnostic::new(call.span, format!("`{table}` gets a row each time that this runs, and it may run twice for one event"))
                .label(from, "run from here")
                .help("look for the key of the event by an index first, with `.unique()`, and return where there is a row"),
        );
        Some(())
    }
}

/// Whether the function reads anything before it writes.
fn looks_first(handler: FunctionAt, cx: &Cx<'_>) -> bool {
    cx.reach(Effect::Read).is_reached(handler)
}

/// A reference in an HTTP action, or in a schedule.
fn driven_by(function: &Function, cx: &Cx<'_>) -> Option<crate::source::Span> {
    cx.project.graph.references_to(function).find_map(|reference| {
        let module = cx.workspace.hir(reference.file);
        let around = cx.project.function_around(module, module.enclosing_func(reference.expr));
        let is_hook = around.is_some_and(|f| f.kind() == FunctionKind::HttpAction);
        (is_hook || is_scheduled(module, reference.expr)).then_some(reference.span)
    })
}

fn is_scheduled(module: &Module, reference: ExprId) -> bool {
    let (Parent::Expr(up), _) = module.meaningful_parent(reference) else { return false };
    module.method(up).is_some_and(|(_, _, method)| matches!(&**method, "runAfter" | "runAt"))
}

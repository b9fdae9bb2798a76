use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::calls::RunBy;
use crate::model::hir::{ExprId, ExprKind, Module};
use crate::model::ty::Visibility;
use crate::model::{PlatformCall, Reference};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::source::Span;
use crate::writing::imports::Imports;

declare_rule! {
    /// Finds backend code that runs or schedules a function through `api`, which is for clients.
    ///
    /// ## Why is this bad?
    /// A function under `api` is public: anyone can call it with any arguments, as often as they like.
    /// What the backend needs for itself belongs into an internal function, which trusts its caller and which no one else reaches.
    ///
    /// ## Example
    /// ```ts mutation
    /// await ctx.scheduler.runAfter(0, api.mail.send, { to: "me" }); // error
    /// await ctx.scheduler.runAfter(0, internal.mail.send, { to: "me" });
    /// ```
    ///
    /// ## Fix safety
    /// Where the function is internal already, the fix names it as such, which changes nothing but its type.
    pub struct PublicReference {} = { id: "public-reference", category: Category::Functions, level: Level::Error, since: "0.1.0", fix: FixKind::Safe }
}

impl Rule for PublicReference {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn call(&self, call: &PlatformCall, cx: &mut Cx<'_>) -> Option<()> {
        let module = cx.workspace.hir(call.file);
        let run = call.run(module)?;
        let reference = cx.project.graph.reference_at(module, run.target)?;
        // What a component calls public is for the app around it, and for no client.
        if cx.project.is_component || reference.path.first().is_none_or(|root| &**root != "api") {
            return None;
        }
        let by = match run.by {
            RunBy::Query => "`ctx.runQuery`",
            RunBy::Mutation => "`ctx.runMutation`",
            RunBy::Action => "`ctx.runAction`",
            RunBy::Scheduler => "the scheduler",
            RunBy::Cron => "a cron",
            RunBy::Component => "a component",
        };
        let path = reference.text();
        let target = cx.project.referenced(reference);
        let is_internal = target.is_some_and(|f| f.builder.visibility == Visibility::Internal);
        let mut found = Diagnostic::new(reference.span, format!("{by} is given the public function `{path}`"));
        if is_internal {
            let wanted = format!("internal{}", &path["api".len()..]);
            found = Diagnostic::new(reference.span, format!("`{path}` is internal, and is named as if it were public"))
                .help(format!("write `{wanted}`"))
                .fix(fix(reference, module, cx));
        } else {
            if let Some(target) = target {
                found = found.label(target.callee_span, "anyone can call it");
            }
            found = found.help("make it internal, or move what it does into an internal function that both use");
        }
        cx.report(found);
        Some(())
    }
}

/// `internal` for `api`, imported where it is not yet.
fn fix(reference: &Reference, module: &Module, cx: &Cx<'_>) -> Option<Fix> {
    let (name, span) = root(module, reference.expr)?;
    let import = module.import(module.binding(name)).filter(|i| i.module.contains("_generated/api"))?;
    let mut imports = Imports::new(cx.source(span), module, cx.workspace.style(span.file));
    let local = imports.named(&import.module, "internal", "internal")?;
    let mut edits = vec![Edit::replace(span, local)];
    edits.extend(imports.into_edits());
    Some(Fix::safe("Name the internal function", edits))
}

/// The name that a chain of members begins with.
fn root(module: &Module, mut at: ExprId) -> Option<(crate::model::hir::BindingId, Span)> {
    loop {
        match module.expr(at) {
            ExprKind::Member { object: inner, .. } | ExprKind::Index { object: inner, .. } => at = *inner,
            ExprKind::Paren(inner) | ExprKind::Cast { value: inner, .. } => at = *inner,
            ExprKind::Local(binding) => return Some((*binding, module.span(at))),
            _ => return None,
        }
    }
}

use std::collections::BTreeMap;

use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::calls::RunBy;
use crate::model::hir::{ExprId, ExprKind, ImportName, Module, Name};
use crate::model::ty::FunctionKind;
use crate::model::{Function, PlatformCall, Project, Reference, Role, in_file};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::source::{FileId, Span};
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
    ///
    /// A public function that nothing but the backend names is made internal, wherever it is named: unsafe, because a client that is not among the files that were read can call it no more.
    /// Without any client among these files, this is not offered.
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
        let is_internal = target.is_some_and(Function::is_internal);
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
            found = found
                .help("make it internal, or move what it does into an internal function that both use")
                .fix(target.and_then(|target| made_internal(target, &reference.path, cx)));
        }
        cx.report(found);
        Some(())
    }
}

/// `internal` for `api`, imported where it is not yet.
fn fix(reference: &Reference, module: &Module, cx: &Cx<'_>) -> Option<Fix> {
    let mut imports = Imports::new(cx.source(reference.span), module, cx.workspace.style(reference.file));
    let mut edits = vec![renamed(reference, module, &mut imports)?];
    edits.extend(imports.into_edits());
    Some(Fix::safe("Name the internal function", edits))
}

/// Registers the function with the internal builder and names it so wherever the backend runs it; `None` where anything else uses it.
fn made_internal(target: &Function, path: &[Name], cx: &Cx<'_>) -> Option<Fix> {
    let wanted = match target.kind() {
        FunctionKind::Query => ("query", "internalQuery"),
        FunctionKind::Mutation => ("mutation", "internalMutation"),
        FunctionKind::Action => ("action", "internalAction"),
        FunctionKind::HttpAction => return None,
    };
    let module = cx.workspace.hir(target.file);
    let callee = module.call(target.call)?.callee;
    let ExprKind::Local(builder) = module.expr(callee) else { return None };
    let import = module.import(module.binding(*builder)).filter(|i| i.module.contains("_generated/server"))?;
    if import.name != ImportName::Named(wanted.0.into()) || !is_for_backend_alone(path, cx) {
        return None;
    }
    let mut files: BTreeMap<FileId, Vec<&Reference>> = BTreeMap::new();
    for reference in cx.project.graph.references_to(target) {
        let is_test = cx.workspace.files[reference.file.0 as usize].role == Role::Test;
        if !is_test && !is_run(reference, cx) {
            return None;
        }
        files.entry(reference.file).or_default().push(reference);
    }
    let mut edits = Vec::new();
    files.entry(target.file).or_default();
    for (file, references) in files {
        let own = cx.workspace.hir(file);
        let mut imports = Imports::new(&cx.workspace.files[file.0 as usize].source, own, cx.workspace.style(file));
        if file == target.file {
            let local = imports.named(&import.module, wanted.1, wanted.1)?;
            edits.push(Edit::replace(module.span(callee), local));
        }
        for reference in references {
            edits.push(renamed(reference, own, &mut imports)?);
        }
        edits.extend(imports.into_edits());
    }
    Some(Fix::r#unsafe("Make it internal", edits))
}

/// Whether the reference is given to something that has Convex run it.
fn is_run(reference: &Reference, cx: &Cx<'_>) -> bool {
    let module = cx.workspace.hir(reference.file);
    let calls = in_file(&cx.project.calls, reference.file, |call| call.file);
    calls.iter().any(|call| call.run(module).is_some_and(|run| module.bare(run.target) == reference.expr))
}

/// Whether clients are in sight, and neither they nor anything else names the function, or something that it is part of.
fn is_for_backend_alone(path: &[Name], cx: &Cx<'_>) -> bool {
    let (own, others): (Vec<&Project>, Vec<&Project>) = cx.workspace.projects.iter().partition(|p| std::ptr::eq(*p, cx.project));
    let mut clients = others.iter().flat_map(|project| project.graph.references()).peekable();
    let is_part = |r: &Reference| r.path.len() < path.len() && path.starts_with(&r.path);
    // Of clients that are not parsed, too, it is known what they name.
    let named = &cx.workspace.layout.named_outside;
    let way = path[1..].iter().map(|part| &**part).collect::<Vec<&str>>().join(".");
    let is_said = |other: &String| is_way(other, &way) || is_way(&way, other);
    (clients.peek().is_some() || named.iter().any(|way| way.contains('.')))
        && !named.iter().any(is_said)
        && !clients.any(|r| r.path[..] == *path || is_part(r))
        && !own.iter().flat_map(|project| project.graph.references()).any(is_part)
}

/// Whether the way is the other one, or goes on from it.
fn is_way(way: &str, other: &str) -> bool {
    way.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// `internal` for the `api` of a reference.
fn renamed(reference: &Reference, module: &Module, imports: &mut Imports<'_>) -> Option<Edit> {
    let (name, span) = root(module, reference.expr)?;
    let import = module.import(module.binding(name)).filter(|i| i.module.contains("_generated/api"))?;
    Some(Edit::replace(span, imports.named(&import.module, "internal", "internal")?))
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

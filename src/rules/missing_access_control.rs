use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::effects::Effect;
use crate::model::functions::Entry;
use crate::model::hir::{ExprId, ExprKind, Module, PropKind};
use crate::model::ty::{Flavor, FunctionAt, FunctionKind};
use crate::model::{Function, in_func};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds public functions that reach data and never ask who calls.
    ///
    /// ## Why is this bad?
    /// Anyone who knows the address of a deployment can call its public functions, with any arguments.
    /// What is not checked in the function, or in what it calls, is checked nowhere.
    ///
    /// ## Example
    /// ```ts
    /// export const remove = mutation({ // error
    ///   args: { id: v.id("posts") },
    ///   returns: v.null(),
    ///   handler: async (ctx, args) => {
    ///     await ctx.db.delete(args.id);
    ///     return null;
    ///   },
    /// });
    /// export const mine = query({
    ///   args: {},
    ///   returns: v.any(),
    ///   handler: async (ctx) => {
    ///     const identity = await ctx.auth.getUserIdentity();
    ///     return identity && (await ctx.db.query("posts").take(10));
    ///   },
    /// });
    /// ```
    ///
    /// ## When not to use it
    /// For data that is meant for everyone.
    /// Functions of custom builders are not reported, nor those that call or run something whose name says that it checks, or that take an argument that only some can know: a token, a secret, a session.
    pub struct MissingAccessControl {
        /// Parts of names of functions that check who calls, in lower case.
        pub checks: Vec<String> = WORDS.map(str::to_owned).to_vec(),
        /// Parts of names of arguments that say who calls, in lower case.
        pub secrets: Vec<String> = SECRETS.map(str::to_owned).to_vec(),
    } = { id: "missing-access-control", category: Category::Functions, level: Level::Off, since: "0.1.0", strict: Level::Warn, alias: "require-access-control" }
}

const WORDS: [&str; 14] = [
    "access", "admin", "assert", "auth", "identity", "key", "member", "owner", "permission", "require", "secret", "session", "token", "user",
];

const SECRETS: [&str; 7] = ["token", "secret", "session", "apikey", "api_key", "password", "signature"];

impl Rule for MissingAccessControl {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn function(&self, function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        if !self.is_open(function, cx)? {
            return None;
        }
        cx.report(
            Diagnostic::new(function.callee_span, format!("the {} reaches data, and never asks who calls", function.kind_and_name()))
                .help("check the caller with `ctx.auth.getUserIdentity()`, or make it internal"),
        );
        Some(())
    }
}

impl MissingAccessControl {
    /// Whether it is a public function that reaches data, and checks nobody.
    pub(crate) fn is_open(&self, function: &Function, cx: &Cx<'_>) -> Option<bool> {
        let at = function.handler?;
        let is_judged = function.is_public() && function.builder.flavor == Flavor::Plain && function.kind() != FunctionKind::HttpAction;
        if !is_judged || cx.project.is_component || self.takes_secret(function, cx) {
            return None;
        }
        let reaches = |effect| cx.reach(effect).is_from(at);
        let reaches_data = reaches(Effect::Database) || reaches(Effect::Work);
        Some(reaches_data && !reaches(Effect::Identity) && !self.checks(cx, at) && !self.runs_check(cx, at))
    }

    /// Whether an argument says who calls: `token: v.string()`, `...SessionIdArg`.
    fn takes_secret(&self, function: &Function, cx: &Cx<'_>) -> bool {
        let module = cx.workspace.hir(function.file);
        let Entry::Present(args) = function.args else { return false };
        let props = module.as_object(args).unwrap_or_default();
        props.iter().any(|prop| {
            let end = if prop.kind == PropKind::Spread { prop.end } else { prop.key_end };
            let name = cx.text(module.at(prop.start, end)).to_ascii_lowercase();
            self.secrets.iter().any(|word| name.contains(&**word))
        })
    }

    /// Whether the function runs another one that checks, or whose name says that it does: `ctx.runQuery(internal.teams.requireAdmin, …)`.
    fn runs_check(&self, cx: &Cx<'_>, at: FunctionAt) -> bool {
        let module = cx.workspace.hir(at.file);
        in_func(cx.project.graph.references_in(at.file), module, at.func, |r| r.expr).iter().any(|reference| {
            let target = cx.project.referenced(reference);
            reference.path.last().is_some_and(|name| self.says(name))
                || target.is_some_and(|t| t.builder.flavor != Flavor::Plain || t.handler.is_some_and(|handler| self.checks(cx, handler)))
        })
    }

    /// Whether the function calls something whose name says that it checks.
    fn checks(&self, cx: &Cx<'_>, at: FunctionAt) -> bool {
        let module = cx.workspace.hir(at.file);
        module.exprs_of(at.func).any(|(_, kind)| match kind {
            ExprKind::Call(call) => self.says(name_of(module, call.callee).unwrap_or_default()),
            _ => false,
        })
    }

    fn says(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.checks.iter().any(|word| name.contains(&**word))
    }
}

fn name_of(module: &Module, callee: ExprId) -> Option<&str> {
    match module.expr(module.bare(callee)) {
        ExprKind::Local(binding) => Some(&module.binding(*binding).name),
        ExprKind::Member { property, .. } => Some(property),
        _ => None,
    }
}

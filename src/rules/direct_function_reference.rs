use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::graph::Misused;
use crate::model::layout::lies_in;
use crate::model::ty::Visibility;
use crate::model::{File, Function};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::writing::imports::{Imports, specifier};

declare_rule! {
    /// Finds registered functions that are called, or handed over to be run, instead of a reference to them.
    ///
    /// ## Why is this bad?
    /// What `query({ … })` returns is a registration, and neither a plain function nor a reference.
    /// Convex finds functions by their references; given the function itself, `ctx.runQuery` or the scheduler throws.
    /// Called directly, its arguments are not validated, and newer versions of Convex refuse it.
    ///
    /// ## Example
    /// ```ts
    /// export const list = internalQuery({
    ///   args: {},
    ///   returns: v.null(),
    ///   handler: async () => null,
    /// });
    /// export const run = action({
    ///   args: {},
    ///   returns: v.null(),
    ///   handler: async (ctx) => {
    ///     await ctx.runQuery(list, {}); // error
    ///     return await ctx.runQuery(internal.example.list, {});
    ///   },
    /// });
    /// ```
    pub struct DirectFunctionReference {} = { id: "direct-function-reference", category: Category::Functions, level: Level::Error, since: "0.1.0", fix: FixKind::Safe }
}

impl Rule for DirectFunctionReference {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        let project = cx.project;
        let module = &file.hir;
        for misused in crate::model::in_file(project.graph.misused(), file.source.id, |m| m.file) {
            let Some(function) = project.registered_by(misused.target) else { continue };
            let span = module.span(misused.expr);
            let name = cx.text(module.span(module.bare(misused.expr)));
            let found = if misused.is_called {
                Diagnostic::new(span, format!("`{name}` is a registered function, and is called like a plain one"))
                    .help("move what it does into a plain function that takes `ctx`, and call that from both")
            } else {
                let path = path_to(function, cx);
                let help = match &path {
                    Some(path) => format!("give the reference: `{path}`"),
                    None => "give a reference to it: `internal.…`".to_owned(),
                };
                let fix = path.and_then(|path| fix(misused, function, &path, file, cx));
                Diagnostic::new(span, format!("`{name}` is the registered function itself, and no reference to it")).help(help).fix(fix)
            };
            cx.report(found.label(function.callee_span, "registered here"));
        }
        Some(())
    }
}

/// `internal.users.list`, where the function is exported and its file lies in the functions folder.
fn path_to(function: &Function, cx: &Cx<'_>) -> Option<String> {
    let root = match function.builder.visibility {
        Visibility::Public => "api",
        Visibility::Internal => "internal",
        Visibility::Unknown => return None,
    };
    let file = cx.workspace.source(function.file);
    let functions = folder(cx, &file.path)?;
    let name = function.name.as_deref()?;
    let module = cx.workspace.hir(function.file);
    let is_exported = module.export(name).is_some();
    let stem = file.path.strip_prefix(functions)?.trim_start_matches('/').rsplit_once('.')?.0;
    let is_plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let parts: Vec<&str> = std::iter::once(root).chain(stem.split('/')).chain([name]).collect();
    (is_exported && parts.iter().all(|p| is_plain(p))).then(|| parts.join("."))
}

fn folder<'c>(cx: &Cx<'c>, path: &str) -> Option<&'c str> {
    let roots = &cx.workspace.layout.roots;
    let functions = &roots.get(cx.workspace.layout.root_of(path)?)?.functions;
    lies_in(path, functions).then_some(functions)
}

/// The reference in place of the function, with the import that it needs.
fn fix(misused: &Misused, function: &Function, path: &str, file: &File, cx: &Cx<'_>) -> Option<Fix> {
    let functions = folder(cx, &cx.workspace.source(function.file).path)?;
    if folder(cx, &file.source.path) != Some(functions) {
        return None;
    }
    let (root, rest) = path.split_once('.')?;
    let api = if functions.is_empty() { "_generated/api".to_owned() } else { format!("{functions}/_generated/api") };
    let mut imports = Imports::new(&file.source, &file.hir, cx.workspace.style(file.source.id));
    let known = file.hir.imports.iter().find(|i| i.module.contains("_generated/api")).map(|i| i.module.to_string());
    let local = imports.named(&known.unwrap_or_else(|| specifier(&file.source.path, &api)), root, root)?;
    let mut edits = vec![Edit::replace(file.hir.span(misused.expr), format!("{local}.{rest}"))];
    edits.extend(imports.into_edits());
    Some(Fix::safe(format!("Give `{path}`"), edits))
}

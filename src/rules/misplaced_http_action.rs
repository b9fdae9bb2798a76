use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::hir::{Exported, Name};
use crate::model::layout::join;
use crate::model::{Callee, PlatformCall};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds an `httpRouter()` that Convex never sees: in another file than `http.ts`, or not exported by default.
    ///
    /// ## Why is this bad?
    /// Convex takes the routes from the default export of `http.ts` in the functions folder, and from nowhere else.
    /// Routes of any other router are deployed, and answer with 404.
    ///
    /// ## Example
    /// `convex/router.ts`:
    /// ```ts
    /// import { httpRouter } from "convex/server";
    ///
    /// const http = httpRouter(); // error
    /// export default http;
    /// ```
    ///
    /// ## When not to use it
    /// Silent where `http.ts` imports the file: the router may be handed on from there.
    pub struct MisplacedHttpAction {} = { id: "misplaced-http-action", category: Category::Functions, level: Level::Error, since: "0.1.0" }
}

impl Rule for MisplacedHttpAction {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn call(&self, call: &PlatformCall, cx: &mut Cx<'_>) -> Option<()> {
        let Callee::External(external) = &call.callee else { return None };
        let module = cx.workspace.hir(call.file);
        // What a function makes is somebody's to use.
        let is_router = external.is("convex/server", &["httpRouter"]) && module.enclosing_func(call.call).is_none();
        if !is_router || cx.project.is_component || !cx.workspace.is_entry(call.file) {
            return None;
        }
        let functions = cx.workspace.functions_folder(call.file)?;
        let is_http = |path: &str| ["ts", "js", "tsx", "jsx", "mts"].iter().any(|ending| path == join(functions, &format!("http.{ending}")));
        if is_http(&cx.workspace.source(call.file).path) {
            let default = module.exports.iter().find(|e| e.name.as_ref() == Some(&Name::from("default")) || e.name.is_none());
            if default.is_some_and(|e| !matches!(e.what, Exported::Unknown) || e.name.is_some()) {
                return None;
            }
            cx.report(
                Diagnostic::new(call.span, "the router is not the default export of this file, so none of its routes are served")
                    .help("export it: `export default http;`"),
            );
            return Some(());
        }
        let http = cx.project.files.iter().find(|file| is_http(&cx.workspace.source(**file).path));
        if http.is_some_and(|http| cx.workspace.reaches(*http, call.file)) {
            return None;
        }
        let file = join(functions, "http.ts");
        cx.report(
            Diagnostic::new(call.span, format!("the router is not in `{file}`, so none of its routes are served"))
                .help(format!("make the router in `{file}`, and export it by default; handlers may stay here")),
        );
        Some(())
    }
}

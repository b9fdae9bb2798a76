use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::{Callee, PlatformCall};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};

declare_rule! {
    /// Finds calls of what Convex has renamed, replaced or never had.
    ///
    /// ## Why is this bad?
    /// `v.bigint()` is the old name of `v.int64()`, and `ctx.storage.getMetadata` gives way to the table `_storage`.
    /// `v.map()`, `v.set()` and `.delete()` on a query do not exist: the first call of the function throws, whatever the types were cast to.
    ///
    /// ## Example
    /// ```ts
    /// const amount = v.bigint(); // error
    /// const balance = v.int64();
    /// ```
    ///
    /// ```ts mutation
    /// await ctx.db.query("tasks").delete(); // error
    /// for (const task of await ctx.db.query("tasks").take(100)) {
    ///   await ctx.db.delete(task._id);
    /// }
    /// ```
    pub struct DeprecatedApi {} = { id: "deprecated-api", category: Category::Functions, level: Level::Error, since: "0.1.0", fix: FixKind::Safe }
}

impl Rule for DeprecatedApi {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn call(&self, call: &PlatformCall, cx: &mut Cx<'_>) -> Option<()> {
        // Most calls are of other things, which is told without looking at the file.
        if matches!(&call.callee, Callee::External(external) if &*external.module != "convex/values") {
            return None;
        }
        let module = cx.workspace.hir(call.file);
        let span = module.property_span(module.call(call.call)?.callee);
        let found = |message: &str, help: &str| Diagnostic::new(span, message).help(help);
        let diagnostic = match &call.callee {
            Callee::External(external) if external.is("convex/values", &["v", "bigint"]) => {
                let is_member = cx.text(span) == "bigint";
                let fix = is_member.then(|| Fix::safe("Call it `v.int64()`", vec![Edit::replace(span, "int64")]));
                found("`v.bigint()` is the old name of `v.int64()`", "write `v.int64()`: the values are the same").fix(fix)
            }
            Callee::External(external) if external.is("convex/values", &["v", "map"]) => {
                found("`v` has no `map`: Convex does not store maps", "use `v.record(keys, values)`, or an array of pairs")
            }
            Callee::External(external) if external.is("convex/values", &["v", "set"]) => {
                found("`v` has no `set`: Convex does not store sets", "use `v.array(…)`, or `v.record(keys, v.boolean())`")
            }
            Callee::Context(part) if &**part == "storage.getMetadata" => found(
                "`ctx.storage.getMetadata` is deprecated",
                "read the file's document: `ctx.db.system.get(storageId)`; an action asks a query for it",
            ),
            Callee::Query(method) if matches!(&**method, "delete" | "patch" | "replace") => {
                let help = match &**method {
                    "delete" => "read the documents, then `ctx.db.delete(document._id)` for each",
                    "patch" => "read the documents, then `ctx.db.patch(document._id, { … })` for each",
                    _ => "read the documents, then `ctx.db.replace(document._id, { … })` for each",
                };
                found(&format!("a query has no `.{method}()`"), help)
            }
            _ => return None,
        };
        cx.report(diagnostic);
        Some(())
    }
}

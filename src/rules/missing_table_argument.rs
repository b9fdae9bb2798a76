use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::hir::ExprKind;
use crate::model::{Callee, PlatformCall};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};

declare_rule! {
    /// Finds `db.get`, `patch`, `replace` and `delete` without the table that the id is of.
    ///
    /// ## Why is this bad?
    /// With the table, Convex checks that the id is one of its documents; without, an id of any table will do.
    /// Ids that are not bound to tables need it, and it tells the reader what is written.
    ///
    /// ## Example
    /// ```ts mutation
    /// const user = await ctx.db.query("users").first();
    /// await ctx.db.patch(user!._id, { name: "Ada" }); // error
    /// await ctx.db.patch("users", user!._id, { name: "Ada" });
    /// ```
    ///
    /// ## When not to use it
    /// Versions of Convex before 1.31 do not take the table; where such a version is installed, the rule is silent by itself.
    ///
    /// ## Fix safety
    /// Unsafe where package.json allows a version before 1.31 and none is installed that could be asked.
    pub struct MissingTableArgument {} = { id: "missing-table-argument", category: Category::Functions, level: Level::Off, since: "0.1.0", strict: Level::Warn, alias: "explicit-table-ids", fix: FixKind::Safe }
}

impl Rule for MissingTableArgument {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn call(&self, call: &PlatformCall, cx: &mut Cx<'_>) -> Option<()> {
        let Callee::Db(method) = &call.callee else { return None };
        let short = match &**method {
            "get" | "delete" => 1,
            "patch" | "replace" => 2,
            _ => return None,
        };
        let version = cx.workspace.layout.convex_at(&cx.workspace.source(call.file).path).filter(|version| version.is_before(1, 31));
        if version.is_some_and(|version| version.is_installed) {
            return None;
        }
        let module = cx.workspace.hir(call.file);
        let args = &module.call(call.call)?.args;
        if args.len() != short || args.iter().any(|a| a.spread) {
            return None;
        }
        let span = module.property_span(module.bare(module.call(call.call)?.callee));
        let Some(table) = call.id_of.as_deref() else {
            // Whatever the id is of, the call does not name it; system tables have their own database.
            let (_, database, _) = module.method(call.call)?;
            if matches!(module.expr(module.bare(database)), ExprKind::Member { property, .. } if &**property == "system") {
                return None;
            }
            let diagnostic = Diagnostic::new(span, format!("`db.{method}` does not name the table of the id"));
            cx.report(diagnostic.help(format!("give it first: `db.{method}(\"…\", …)`")));
            return Some(());
        };
        let first = module.span(args.first()?.value);
        let style = cx.workspace.style(call.file);
        let edits = vec![Edit::insert_before(first, format!("{}, ", style.string(table)))];
        let fix = match version {
            Some(version) => Fix::r#unsafe(format!("Name `{table}`; Convex {}.{} does not take it, 1.31 does", version.major, version.minor), edits),
            None => Fix::safe(format!("Name `{table}`"), edits),
        };
        cx.report(
            Diagnostic::new(span, format!("`db.{method}` does not name the table of the id, `{table}`"))
                .help(format!("give it first: `db.{method}({}, …)`", style.string(table)))
                .fix(fix),
        );
        Some(())
    }
}

use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::Function;
use crate::model::hir::{Body, Module, Stmt, exits};
use crate::model::ty::Ty;
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::writing::statements::return_null;

declare_rule! {
    /// Finds handlers that end without a value where `returns` admits `null`.
    ///
    /// ## Why is this bad?
    /// Convex turns `undefined` into `null` on the way to the caller, so that what the code says and what arrives are two things.
    /// A path that was forgotten looks like one that has nothing to say; `return null;` tells them apart.
    ///
    /// ## Example
    /// ```ts
    /// export const ping = mutation({
    ///   args: {},
    ///   returns: v.null(),
    ///   handler: async (ctx) => {
    ///     await ctx.db.insert("counters", { name: "ping", count: 1 });
    ///   }, // error
    /// });
    /// ```
    pub struct ImplicitNullReturn {} = { id: "implicit-null-return", category: Category::Functions, level: Level::Error, since: "0.1.0", fix: FixKind::Safe }
}

impl Rule for ImplicitNullReturn {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn function(&self, function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        let at = function.handler?;
        if !function.declared.members().contains(&Ty::Null) {
            return None;
        }
        let module = cx.workspace.hir(at.file);
        let func = module.func(at.func);
        let Body::Block { stmts, end, .. } = &func.body else { return None };
        // An annotation that says that nothing is returned would be broken.
        let may_fix = func.return_type.is_none();
        let title = function.title();
        stmts.iter().for_each(|stmt| {
            stmt.each_return(&mut |found| {
                let Stmt::Return { value: None, start, end } = found else { return };
                let span = module.at(*start, *end);
                let fix = may_fix.then(|| Fix::safe("Return `null`", vec![Edit::insert_after(keyword(module, *start), " null")]));
                cx.report(Diagnostic::new(span, format!("{title} returns nothing where `null` is meant")).help("write `return null;`").fix(fix));
            });
        });
        if !exits(stmts) {
            let span = module.at(end - 1, *end);
            let style = cx.workspace.style(at.file);
            let edit = return_null(module, func, &cx.workspace.source(at.file).text, style);
            let fix = edit.map(|edit| Fix::safe("Return `null` at the end", vec![edit]));
            cx.report(Diagnostic::new(span, format!("{title} may end here without a value, where `null` is meant")).help("end it with `return null;`").fix(fix));
        }
        Some(())
    }
}

/// `return` itself.
fn keyword(module: &Module, start: u32) -> crate::source::Span {
    module.at(start, start + "return".len() as u32)
}

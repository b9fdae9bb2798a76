use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::queries::End;
use crate::model::DbQuery;
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::writing::imports::Imports;

declare_rule! {
    /// Finds `.paginate(args.x)` whose argument is not declared with `paginationOptsValidator`.
    ///
    /// ## Why is this bad?
    /// `usePaginatedQuery` sends more than a cursor and a number of items, and what it sends changes with versions of Convex.
    /// A validator of one's own refuses these calls, and `v.any()` lets through what `.paginate()` then throws on.
    ///
    /// ## Example
    /// ```ts
    /// export const list = query({
    ///   args: { page: v.any() }, // error
    ///   returns: v.any(),
    ///   handler: async (ctx, args) => await ctx.db.query("posts").paginate(args.page),
    /// });
    /// ```
    ///
    /// ## Fix safety
    /// Unsafe: calls with other arguments than those of a paginated query are refused.
    pub struct UntypedPagination {} = { id: "untyped-pagination", category: Category::Functions, level: Level::Warn, since: "0.1.0", fix: FixKind::Unsafe }
}

impl Rule for UntypedPagination {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn db_query(&self, query: &DbQuery, cx: &mut Cx<'_>) -> Option<()> {
        let module = cx.workspace.hir(query.file);
        if query.end != End::Paginate {
            return None;
        }
        let [options] = &*module.call(query.call)?.args else { return None };
        let function = cx.project.function_around(module, query.func)?;
        let name = function.argument(module, options.value)?;
        let value = function.validator_of(module, &name)?;
        let call = module.call(module.bare(value))?;
        let kind = module.validator_method(call).filter(|kind| matches!(&***kind, "any" | "object"))?;
        let span = module.span(value);
        let mut imports = Imports::new(cx.source(span), module, cx.workspace.style(span.file));
        let fix = imports.named("convex/server", "paginationOptsValidator", "paginationOptsValidator").map(|local| {
            let mut edits = vec![Edit::replace(span, local)];
            edits.extend(imports.into_edits());
            Fix::r#unsafe("Declare it with `paginationOptsValidator`", edits)
        });
        cx.report(
            Diagnostic::new(span, format!("`{name}` goes to `.paginate()`, and is declared as `v.{kind}`"))
                .label(module.span(options.value), "here")
                .help("declare it with `paginationOptsValidator` of `convex/server`")
                .fix(fix),
        );
        Some(())
    }
}

use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::functions::Entry;
use crate::model::hir::{BindingKind, ExprId, ExprKind, FuncId, Key, Module, Name, Step};
use crate::model::queries::End;
use crate::model::ty::Flavor;
use crate::model::{DbQuery, Function};
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
        let at = function.handler.filter(|at| at.file == function.file)?;
        let name = argument(module, at.func, options.value)?;
        let value = declared(module, function, &name)?;
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

/// The argument of the handler that the expression is.
fn argument(module: &Module, handler: FuncId, value: ExprId) -> Option<Name> {
    let is_args = |id: ExprId| match module.expr(module.bare(id)) {
        ExprKind::Local(b) => module.binding(*b).kind == BindingKind::Param(handler, 1) && module.binding(*b).path.is_empty(),
        _ => false,
    };
    match module.expr(module.bare(value)) {
        ExprKind::Member { object, property, .. } if is_args(*object) => Some(property.clone()),
        ExprKind::Local(b) => match (module.binding(*b).kind, &*module.binding(*b).path) {
            (BindingKind::Param(of, 1), [Step::Key(name)]) if of == handler => Some(name.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// The validator that the registration gives the argument.
fn declared(module: &Module, function: &Function, name: &Name) -> Option<ExprId> {
    let Entry::Present(args) = function.args else { return None };
    if !matches!(function.builder.flavor, Flavor::Plain | Flavor::Custom) {
        return None;
    }
    let props = module.as_object(args)?;
    props.iter().find(|p| matches!(&p.key, Key::Name(key) if key == name)).map(|p| p.value)
}

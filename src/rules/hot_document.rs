use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::hir::{Binary, BindingId, BindingKind, ExprId, ExprKind, Key, Module};
use crate::model::queries::{End, Range};
use crate::model::ty::FunctionKind;
use crate::model::{Callee, DbQuery, PlatformCall};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds counters and the like that all mutations keep in one document.
    ///
    /// ## Why is this bad?
    /// Two mutations that read and write one document cannot both succeed: one of them is run again, and under load again and again, until it fails.
    /// A document that every call changes makes all calls wait for each other.
    ///
    /// ## Example
    /// ```ts mutation
    /// const total = await ctx.db.query("counters").unique();
    /// await ctx.db.patch(total!._id, { count: total!.count + 1 }); // error
    ///
    /// const own = await ctx.db.query("counters").withIndex("by_name", (q) => q.eq("name", args.name)).unique();
    /// await ctx.db.patch(own!._id, { count: own!.count + 1 });
    /// ```
    ///
    /// ## When not to use it
    /// Where few calls come at a time, one document is the simplest that there is.
    pub struct HotDocument {} = { id: "hot-document", category: Category::Queries, level: Level::Warn, since: "0.1.0", strict: Level::Warn }
}

impl Rule for HotDocument {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn call(&self, call: &PlatformCall, cx: &mut Cx<'_>) -> Option<()> {
        let module = cx.workspace.hir(call.file);
        if !matches!(&call.callee, Callee::Db(method) if &**method == "patch") {
            return None;
        }
        let document = call.document(module)?;
        let row = row_of(module, document)?;
        let BindingKind::Const(Some(init)) = module.binding(row).kind else { return None };
        let read = module.bare_awaited(init);
        let query = cx.project.query_at(call.file, read)?;
        if !is_the_same_for_all(module, query) {
            return None;
        }
        let function = cx.project.function_around(module, module.enclosing_func(call.call));
        // What a cron or another function of the backend runs is its own to hold back.
        if !function.is_some_and(|f| f.kind() == FunctionKind::Mutation && f.is_public()) {
            return None;
        }
        let is_changed = |value: ExprId| is_computed_of(module, value, row);
        let prop = module.as_object(call.written(module)?)?.iter().find(|p| matches!(p.key, Key::Name(_)) && is_changed(p.value))?;
        cx.report(
            Diagnostic::new(module.at(prop.start, prop.end), "every call changes this one document, so that all of them wait for each other")
                .label(query.span, "read here, the same one for everybody")
                .help("count in several documents and add them up, use the Aggregate or Sharded Counter component, or insert a row for each"),
        );
        Some(())
    }
}

/// `row` of `row._id`.
fn row_of(module: &Module, document: ExprId) -> Option<BindingId> {
    match module.expr(module.bare(document)) {
        ExprKind::Member { object, property, .. } if &**property == "_id" => local(module, *object),
        _ => None,
    }
}

fn local(module: &Module, id: ExprId) -> Option<BindingId> {
    match module.expr(module.bare(id)) {
        ExprKind::Local(binding) if module.binding(*binding).path.is_empty() => Some(*binding),
        _ => None,
    }
}

/// Whether the query finds one document, whoever calls.
fn is_the_same_for_all(module: &Module, query: &DbQuery) -> bool {
    let is_constant = |value: ExprId| {
        module.constant(value).is_some() || matches!(module.expr(module.bare(value)), ExprKind::Num(_) | ExprKind::Bool(_) | ExprKind::Null)
    };
    // What is built in pieces may have been built in other files.
    if !query.is_in_one_piece(module) {
        return false;
    }
    let is_fixed = match query.index() {
        None => true,
        Some((_, index)) => match &index.range {
            Range::None => true,
            Range::Bounds(bounds) => bounds.iter().all(|b| is_constant(b.value)),
            Range::Unknown => false,
        },
    };
    is_fixed
        && matches!(query.end, End::First | End::Unique)
        && query.filters().next().is_none()
        && !query.is_search()
        && query.table.is_some()
}

/// `row.count + 1`, `(row.count ?? 0) - n`.
fn is_computed_of(module: &Module, value: ExprId, row: BindingId) -> bool {
    let ExprKind::Binary { op: Binary::Add | Binary::Arithmetic, .. } = module.expr(module.bare(value)) else { return false };
    module.within(value).any(|part| matches!(module.expr(part), ExprKind::Member { object, .. } if local(module, *object) == Some(row)))
}

mod rewrite;

use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::indexes::{order_of, scan_fields};
use crate::model::ty::Index;
use crate::model::{DbQuery, Table};
use crate::model::hir::{Binary, BindingId, ExprId, ExprKind, Module, Name, Parent, Place};
use crate::model::queries::{End, Range, callback};
use crate::model::repetition::around;
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};

declare_rule! {
    /// Finds rows that are collected and then searched by a field that an index could have searched.
    ///
    /// ## Why is this bad?
    /// All rows are read and sent to the function, which keeps a few of them.
    /// With the comparison in the index range, only these are read.
    ///
    /// ## Example
    /// ```ts
    /// const posts = await ctx.db
    ///   .query("posts")
    ///   .withIndex("by_author", (q) => q.eq("authorId", args.authorId))
    ///   .collect();
    /// const drafts = posts.filter((post) => post.status === "draft"); // error
    ///
    /// const published = await ctx.db
    ///   .query("posts")
    ///   .withIndex("by_author_and_status", (q) => q.eq("authorId", args.authorId).eq("status", "published"))
    ///   .collect();
    /// ```
    ///
    /// ## When not to use it
    /// Silent where the rows are used otherwise as well, where no index of the table helps or gives the order that is asked for, and where the condition is more than a comparison.
    ///
    /// ## Fix safety
    /// Unsafe: from another index, rows come in another order.
    /// The comparison moves where the value is known before the query, and is of the field's type.
    pub struct CollectThenFilter {} = { id: "collect-then-filter", category: Category::Queries, level: Level::Warn, since: "0.1.0", fix: FixKind::Unsafe }
}

impl Rule for CollectThenFilter {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn db_query(&self, query: &DbQuery, cx: &mut Cx<'_>) -> Option<()> {
        if query.end != End::Collect || query.is_search() || query.filters().next().is_some() {
            return None;
        }
        let module = cx.workspace.hir(query.file);
        let table = cx.project.table(query.table.as_deref()?)?;
        let call = only_use(module, query.call)?;
        let (inner, _, method) = module.method(call)?;
        if !matches!(&**method, "filter" | "find" | "some") {
            return None;
        }
        let (row, body) = callback(module, inner.args.first()?.value)?;
        let terms = terms(module, row, body);
        // The fields that the range holds already, all of them equal to something.
        let held: Vec<&Name> = match query.index() {
            None => Vec::new(),
            Some((_, used)) => match &used.range {
                Range::None => Vec::new(),
                Range::Bounds(bounds) if bounds.iter().all(|b| &*b.op == "eq") => bounds.iter().map(|b| &b.field).collect(),
                Range::Bounds(_) | Range::Unknown => return None,
            },
        };
        let serves = |own: &[Name]| own.len() > held.len() && own.iter().zip(&held).all(|(a, b)| a == *b);
        let (index, served) = table.db_indexes().chain(&table.definition.implied).filter(|i| !i.staged).find_map(|index| {
            let own = index.own_fields().filter(|own| serves(own))?;
            let on = |field: &Name| terms.iter().find(|t| t.compared.as_ref().is_some_and(|(name, _)| name == field));
            let served: Vec<&Term> = own[held.len()..].iter().map_while(on).collect();
            (!served.is_empty()).then_some((index, served))
        })?;
        if query.is_ordered() && keeps_order(table, query, index, &held, &served) != Some(true) {
            return None;
        }
        let (field, _) = served.first()?.compared.as_ref()?;
        let fix = rewrite::fix(&rewrite::Move { query, table, index, terms: &terms, served: &served, call, body }, cx);
        let span = module.property_span(module.bare(inner.callee));
        let collect = module.property_span(module.bare(module.call(query.call)?.callee));
        cx.report(
            Diagnostic::new(span, format!("`{field}` is compared after all rows were read; the index `{}` could do it", index.name))
                .label(collect, "all of them are read here")
                .label(index.span, "this index holds the field")
                .help(format!("put the comparison into the range: `.withIndex(\"{}\", (q) => q….eq(\"{field}\", …))`", index.name))
                .fix(fix),
        );
        Some(())
    }
}

/// Whether rows come from the other index in the order that they are asked for in.
fn keeps_order(table: &Table, query: &DbQuery, index: &Index, held: &[&Name], served: &[&Term]) -> Option<bool> {
    let before = match query.index() {
        None => scan_fields(),
        Some((_, used)) => table.queryable().into_iter().find(|i| Some(&i.name) == used.name.as_ref())?.fields,
    };
    let mut fixed: Vec<Name> = held.iter().map(|name| (*name).clone()).collect();
    fixed.extend(served.iter().filter_map(|term| Some(term.compared.as_ref()?.0.clone())));
    Some(order_of(&before, &fixed) == order_of(&index.range_fields()?, &fixed))
}

/// The one method call that is made on the rows; `None` where they are used otherwise.
fn only_use(module: &Module, collect: ExprId) -> Option<ExprId> {
    let (parent, value) = module.meaningful_parent(collect);
    let rows = match parent {
        Parent::Expr(_) => value,
        Parent::Stmt { place: Place::Init(first, end), func: Some(_), .. } => {
            let mut names = module.bindings_in((first, end));
            let (name, None) = (names.next()?, names.next()) else { return None };
            let binding = module.binding(name);
            match &binding.uses[..] {
                [only] if binding.path.is_empty() && binding.writes.is_empty() => *only,
                _ => return None,
            }
        }
        Parent::Stmt { .. } => return None,
    };
    // Read anew for each element, it may be worth to read all at once.
    let repeated = module.enclosing_func(rows) != module.enclosing_func(value) || around(module, rows).is_some();
    if rows != value && repeated {
        return None;
    }
    let (Parent::Expr(member), child) = module.meaningful_parent(rows) else { return None };
    let ExprKind::Member { object, .. } = module.expr(member) else { return None };
    let Parent::Expr(call) = module.parent(member) else { return None };
    (*object == child && module.call(call).is_some_and(|c| c.callee == member)).then_some(call)
}

/// One of the conditions that must all hold.
struct Term {
    expr: ExprId,
    /// A field of the row, and what it must equal, which does not depend on the row.
    compared: Option<(Name, ExprId)>,
}

/// The conditions, in the order in which they are written.
fn terms(module: &Module, row: BindingId, body: ExprId) -> Vec<Term> {
    match module.expr(module.bare(body)) {
        ExprKind::Binary { op: Binary::And, left, right } => {
            let mut all = terms(module, row, *left);
            all.extend(terms(module, row, *right));
            all
        }
        ExprKind::Binary { op: Binary::StrictEq, left, right } => {
            let compared = match (field(module, row, *left), field(module, row, *right)) {
                (Some(name), None) if !names(module, row, *right) => Some((name, *right)),
                (None, Some(name)) if !names(module, row, *left) => Some((name, *left)),
                _ => None,
            };
            vec![Term { expr: body, compared }]
        }
        _ => vec![Term { expr: body, compared: None }],
    }
}

fn field(module: &Module, row: BindingId, id: ExprId) -> Option<Name> {
    match module.expr(module.bare(id)) {
        ExprKind::Member { object, property, .. } => {
            matches!(module.expr(module.bare(*object)), ExprKind::Local(b) if *b == row).then(|| property.clone())
        }
        _ => None,
    }
}

fn names(module: &Module, row: BindingId, id: ExprId) -> bool {
    module.within(id).any(|part| matches!(module.expr(part), ExprKind::Local(b) if *b == row))
}

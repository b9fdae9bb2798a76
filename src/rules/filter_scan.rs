mod plan;
mod rewrite;

use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Applicability, Fix};
use crate::model::hir::{ExprId, Module, Name};
use crate::model::ty::Ty;
use crate::model::queries::{Bound, Compare, End, Predicate, Range, Step, StepKind, Term};
use crate::model::{DbQuery, Project};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use plan::{Chosen, Filter, Order, Plan};
use rewrite::Rewrite;

declare_rule! {
    /// Finds `.filter()` on a database query.
    ///
    /// ## Why is this bad?
    /// `.filter()` drops documents after Convex has read them: the query reads, and re-runs on every change of, all that it drops.
    /// An index range reads only what matches.
    ///
    /// ## Example
    /// ```ts
    /// const user = await ctx.db
    ///   .query("users")
    ///   .filter((q) => q.eq(q.field("email"), args.email)) // error
    ///   .unique();
    /// const same = await ctx.db
    ///   .query("users")
    ///   .withIndex("by_email", (q) => q.eq("email", args.email))
    ///   .unique();
    /// ```
    ///
    /// ## When not to use it
    /// For conditions that no index can serve, over few documents: put an ignore comment with the reason there, or name the table in `allow-tables`.
    /// Arrays, streams and the `filter` helper of convex-helpers are not meant, and neither is `.filter()` before `.paginate()`,
    /// where a page of what matches cannot be had in another way; `paginate` includes it.
    ///
    /// ## Fix safety
    /// Equalities (`q.eq(q.field("f"), x)`) joined by `q.and`, and bounds on one more field, become the range of an index.
    /// What the index does not serve stays in `.filter()`.
    /// Filters one after the other are one condition, and one finding.
    /// Filters and indexes compare alike, `undefined` and missing fields included, so the same documents are found.
    ///
    /// Safe where they also come in the same order.
    /// Documents of one index range are ordered by the fields that it leaves open, then by creation time.
    /// So the order of a table scan is kept where the range fixes every field of the index, and the order of an index in use is kept by a longer range on it.
    /// `.unique()` has no order.
    ///
    /// Unsafe, as the title of the fix says, where documents come in another order, where pages would hold other documents,
    /// where it cannot be told whether TypeScript takes a value for the type of its field, where a comment would be lost,
    /// and where an index has to be added to the schema, which Convex builds at the next deploy.
    pub struct FilterScan {
        /// Tables small enough to be read whole.
        pub allow_tables: Vec<String> = Vec::new(),
        /// Also report `.filter()` before `.paginate()`.
        pub paginate: bool = false,
    } = { id: "filter-scan", category: Category::Queries, level: Level::Error, since: "0.1.0", alias: "no-filter-in-query", fix: FixKind::Safe }
}

impl Rule for FilterScan {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn db_query(&self, query: &DbQuery, cx: &mut Cx<'_>) -> Option<()> {
        let table = query.table.as_deref();
        if table.is_some_and(|t| self.allow_tables.iter().any(|allowed| allowed == t)) {
            return None;
        }
        for chain in chains(query, cx) {
            let Some(first) = chain.first() else { continue };
            let siblings = with_step(cx.project, query, first);
            let is_first = siblings.first().is_some_and(|first| std::ptr::eq(*first, query));
            // A query that a function returns is open there, and ended by who calls it.
            let mut ends = siblings.iter().map(|q| q.end).filter(|end| *end != End::Open).peekable();
            let is_paged = ends.peek().is_some() && ends.all(|end| end == End::Paginate);
            if is_first && (self.paginate || !is_paged) {
                report(query, &chain, &siblings, cx);
            }
        }
        Some(())
    }
}

/// The filters of a query, those together that are written in one chain of calls: they are one condition, and one finding.
fn chains<'q>(query: &'q DbQuery, cx: &Cx<'_>) -> Vec<Vec<&'q Step>> {
    let mut chains: Vec<Vec<&Step>> = Vec::new();
    for (step, _) in query.filters() {
        let module = cx.workspace.hir(step.file);
        let goes_on = |chain: &&mut Vec<&Step>| chain.last().is_some_and(|last| last.file == step.file && stands_on(module, step, last));
        match chains.last_mut().filter(goes_on) {
            Some(chain) => chain.push(step),
            None => chains.push(vec![step]),
        }
    }
    chains
}

/// Whether nothing but calls stands between a step and a later one.
fn stands_on(module: &Module, later: &Step, step: &Step) -> bool {
    let below = |at: &ExprId| module.method(*at).map(|(_, object, _)| module.bare(object));
    std::iter::successors(Some(later.call), below).any(|at| at == step.call)
}

/// Every query of the project that has this very step, this one included: a query in a variable may be ended more than once.
fn with_step<'a>(project: &'a Project, query: &'a DbQuery, step: &Step) -> Vec<&'a DbQuery> {
    let has = |q: &DbQuery| q.steps.iter().any(|s| s.file == step.file && s.call == step.call);
    project.queries_from(query.origin).filter(|q| has(q)).collect()
}

fn report(query: &DbQuery, chain: &[&Step], siblings: &[&DbQuery], cx: &mut Cx<'_>) -> Option<()> {
    let (workspace, project) = (cx.workspace, cx.project);
    let search = query.steps.iter().find_map(|s| if let StepKind::Search(index) = &s.kind { Some(index) } else { None });
    let filters = readable(chain, cx);
    let plan = if search.is_some() { None } else { plan::plan(workspace, project, query, &filters, siblings) };
    // No index can be put on the tables that Convex keeps itself; a search reads a bounded number of documents.
    let cannot_do_better = plan.is_none() && query.table.as_deref().is_some_and(|t| t.starts_with('_'));
    let is_equality = |t: &Term| t.compare.as_ref().is_some_and(|c| &*c.op == "eq");
    let is_led = |step: &Step| match (&plan, search) {
        (Some(plan), _) => gives(plan, &filters, step),
        (None, Some(_)) => terms(step).iter().any(is_equality),
        (None, None) => true,
    };
    let lead = *chain.iter().find(|step| is_led(step)).filter(|_| !cannot_do_better)?;
    let module = workspace.hir(lead.file);
    let word = |step: &Step| Some(module.property_span(module.call(step.call)?.callee));
    let mut found = Diagnostic::new(word(lead)?, message(query, search.is_some()));
    for step in chain.iter().filter(|step| step.call != lead.call) {
        let said = if is_led(step) { "this filter, too" } else { "this filter stays" };
        found = found.label(word(step)?, said);
    }
    if !query.is_in_one_piece(workspace.hir(query.file)) && rewrite::origin_under(module, lead, query).is_none() {
        found = found.label(workspace.hir(query.origin.0).span(query.origin.1), "the query starts here");
    }
    found = match (&plan, search) {
        (Some(plan), _) => with_plan(found, plan, query, &filters, siblings, cx),
        (None, Some(index)) => {
            let name = index.name.as_deref().unwrap_or("the search index");
            found.help(format!(
                "make the field one of the `filterFields` of `{name}`, and ask for its value in the search: `.eq(field, value)`"
            ))
        }
        (None, None) if filters.is_empty() => {
            found.help("read a range with `.withIndex`; what no index can serve, compare in TypeScript".to_owned())
        }
        (None, None) => found.help(advice(query, &filters, cx)),
    };
    cx.report(found);
    Some(())
}

/// The terms of a filter; none where it cannot be read.
fn terms(step: &Step) -> &[Term] {
    match &step.kind {
        StepKind::Filter(Predicate::All(terms)) => terms,
        _ => &[],
    }
}

/// Whether the index takes something over from this filter.
fn gives(plan: &Plan<'_>, filters: &[Filter<'_>], step: &Step) -> bool {
    filters.iter().zip(&plan.rests).any(|(f, rest)| f.step.call == step.call && rest.len() < f.terms.len())
}

/// Those of the filters that can be read.
fn readable<'a>(chain: &[&'a Step], cx: &Cx<'_>) -> Vec<Filter<'a>> {
    let filter = |s: &&'a Step| match &s.kind {
        StepKind::Filter(Predicate::All(terms)) => {
            Some(Filter { step: s, terms, param: plan::parameter(cx.workspace.hir(s.file), s.call)? })
        }
        _ => None,
    };
    chain.iter().filter_map(filter).collect()
}

fn message(query: &DbQuery, is_search: bool) -> String {
    let table = query.table.as_ref().map_or_else(|| "the table".to_owned(), |t| format!("`{t}`"));
    let has_range = query.index().is_some_and(|(_, index)| !matches!(index.range, Range::None));
    if is_search {
        format!("`.filter()` drops documents of {table} that the search has read")
    } else if has_range {
        format!("`.filter()` drops documents of {table} that the index range has read")
    } else {
        format!("`.filter()` reads all of {table} and drops what does not match")
    }
}

fn with_plan(
    found: Diagnostic,
    plan: &Plan<'_>,
    query: &DbQuery,
    filters: &[Filter<'_>],
    siblings: &[&DbQuery],
    cx: &Cx<'_>,
) -> Diagnostic {
    let table = &plan.table.name;
    let (name, label) = match &plan.index {
        Chosen::Same(name, declared) => (name, declared.map(|index| (index.name_span, "this index serves it, too"))),
        Chosen::Other(name, declared) => (name, declared.map(|index| (index.name_span, "this index serves it"))),
        Chosen::New(name, _) => (name, Some((cx.workspace.key_of(plan.table), "no index of this table serves it"))),
    };
    let found = label.into_iter().fold(found, |found, (span, message)| found.label(span, message));
    // Whether a range that reads little already is worth an index more is not for a fix to decide.
    let is_ranged = matches!(plan.index, Chosen::New(..)) && plan.has_old_bounds();
    let is_apart = filters.first().is_some_and(|f| rewrite::origin_under(cx.workspace.hir(f.step.file), f.step, query).is_none());
    let Some(rewrite) = rewrite::rewrite(plan, query, filters, cx).filter(|_| !is_ranged) else {
        let built = if is_apart { ", if the query is built on that where the filter applies" } else { "" };
        let help = match &plan.index {
            Chosen::New(_, fields) => format!("an index on {} would serve it{built}", listed(fields)),
            _ => format!("the index `{name}` serves it{built}"),
        };
        return found.help(help);
    };
    let rest = if plan.rests.iter().all(Vec::is_empty) { "" } else { "; the rest stays in `.filter()`" };
    let help = match (&plan.index, &rewrite.shown) {
        (Chosen::New(_, fields), _) => {
            let list: Vec<String> = fields.iter().map(|f| format!("\"{f}\"")).collect();
            format!("add `.index(\"{name}\", [{}])` to `{table}`, and read that with `.withIndex`{rest}", list.join(", "))
        }
        (Chosen::Same(..), Some(bounds)) => format!("let the range on `{name}` go on: `{bounds}`{rest}"),
        (Chosen::Same(..), None) => format!("let the range on `{name}` go on{rest}"),
        (Chosen::Other(..), Some(index)) => format!("use the index: `{index}`{rest}"),
        (Chosen::Other(..), None) => format!("use the index `{name}`{rest}"),
    };
    let seen = match plan.order {
        Order::By(_) => siblings.iter().find_map(|q| q.order_seen),
        Order::Kept => None,
    };
    let found = seen.into_iter().fold(found, |found, seen| found.label(seen.span, "the order of documents shows here"));
    found.help(help).fix(fix(plan, rewrite, siblings))
}

fn fix(plan: &Plan<'_>, rewrite: Rewrite, siblings: &[&DbQuery]) -> Fix {
    let mut effects: Vec<String> = Vec::new();
    let title = match &plan.index {
        Chosen::Same(name, _) => format!("Make the range on `{name}` longer"),
        Chosen::Other(name, _) => format!("Use the index `{name}`"),
        Chosen::New(name, _) => {
            effects.push("Convex builds the index at the next deploy".to_owned());
            format!("Add the index `{name}` and use it")
        }
    };
    if let Order::By(fields) = &plan.order {
        effects.push(format!("documents come in the order of {}", fields.iter().map(shown).collect::<Vec<_>>().join(", ")));
    }
    if siblings.iter().any(|q| q.end == End::Paginate) {
        effects.push("pages hold other documents than before".to_owned());
    }
    if let Some(compare) = plan.untyped {
        effects.push(format!("the type of the value for `{}` is not known here", compare.field));
    }
    if plan.asserts_ids() {
        effects.push("a string is taken for an id".to_owned());
    }
    if rewrite.drops_annotation {
        effects.push("the type of the callback's parameter is left out".to_owned());
    }
    if rewrite.drops_comment {
        effects.push("a comment is lost".to_owned());
    }
    let applicability = if effects.is_empty() { Applicability::Safe } else { Applicability::Unsafe };
    let title = effects.iter().enumerate().fold(title, |title, (i, effect)| format!("{title}{}{effect}", if i == 0 { "; " } else { ", " }));
    let used = match plan.index {
        Chosen::Same(_, index) | Chosen::Other(_, index) => index,
        Chosen::New(..) => None,
    };
    Fix { title, applicability, edits: rewrite.edits, relies_on: Vec::new() }.relying_on(used.map(|index| index.span))
}

fn shown(field: &Name) -> String {
    if &**field == "_creationTime" { "creation".to_owned() } else { format!("`{field}`") }
}

/// What to do where no index can be named.
fn advice(query: &DbQuery, filters: &[Filter<'_>], cx: &Cx<'_>) -> String {
    let conditions = || filters.iter().flat_map(|f| f.terms).filter_map(|t| t.compare.as_ref()).filter(|c| plan::ask_of(c).is_some());
    if conditions().any(|c| &*c.field == "_id" && &*c.op == "eq") {
        return "read the one document: `ctx.db.get(id)`; `ctx.db.normalizeId(table, string)` makes an id of a string".to_owned();
    }
    let Some(condition) = conditions().next() else {
        return "this condition is no range of an index: read one with `.withIndex`, and compare the documents in TypeScript".to_owned();
    };
    let field = &condition.field;
    if let Some((_, used)) = query.index() {
        return advice_beside(&used.range, condition, is_in_order(query, cx));
    }
    let table = query.table.as_deref().and_then(|t| cx.project.table(t));
    if let Some(table) = table.filter(|t| t.field_type(field) == Ty::Undefined) {
        return format!("the schema gives `{}` no field `{field}`: name one that it has", table.name);
    }
    let serving = table.and_then(|t| t.definition.all_indexes().find(|i| i.kind == crate::model::ty::IndexKind::Db && !i.staged && i.fields.as_ref().is_some_and(|f| f.first() == Some(field))));
    match serving {
        Some(index) => {
            format!("the index `{}` starts with `{field}`: read it with `.withIndex`, given a value of that field's type", index.name)
        }
        None => format!("read an index that starts with `{field}` with `.withIndex`"),
    }
}

/// Which index would serve the range that there is and the condition as well.
fn advice_beside(range: &Range, condition: &Compare, is_in_order: bool) -> String {
    let field = &condition.field;
    let bounds = match range {
        Range::Bounds(bounds) => &bounds[..],
        Range::None => &[],
        Range::Unknown => return format!("an index that holds `{field}` after the fields of this range would serve it"),
    };
    let (fixed, open): (Vec<&Bound>, Vec<&Bound>) = bounds.iter().partition(|bound| &*bound.op == "eq");
    let mut fields: Vec<Name> = fixed.iter().map(|bound| bound.field.clone()).collect();
    fields.push(field.clone());
    match open.first() {
        Some(_) if &*condition.op != "eq" => return "no range of an index is this condition and the range as well: compare the documents in TypeScript".to_owned(),
        Some(bound) => fields.push(bound.field.clone()),
        None => {}
    }
    let order = if is_in_order && &*condition.op != "eq" { "; rows would come in the order of that" } else { "" };
    format!("an index on {} would serve it{order}", listed(&fields))
}

/// Whether rows are asked for in the order of the index in use.
fn is_in_order(query: &DbQuery, cx: &Cx<'_>) -> bool {
    let table = query.table.as_deref().and_then(|table| cx.project.table(table));
    let fields = query.index().and_then(|(_, used)| table?.index(used.name.as_deref()?)?.own_fields());
    let bounds = query.index().map_or(0, |(_, used)| if let Range::Bounds(bounds) = &used.range { bounds.len() } else { 0 });
    query.is_ordered() && fields.is_some_and(|fields| fields.len() > bounds)
}

fn listed(fields: &[Name]) -> String {
    fields.iter().map(|f| format!("`{f}`")).collect::<Vec<_>>().join(", ")
}

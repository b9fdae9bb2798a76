use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::hir::{ExprId, Key, Name, Parent, Prop};
use crate::model::indexes::{self, Ask};
use crate::model::queries::{Bound, IndexUse, Range, StepKind};
use crate::model::ty::{Index, IndexKind};
use crate::model::{Callee, DbQuery, PlatformCall, Table};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::source::{FileId, Span};
use crate::writing::meant::nearest_name;

declare_rule! {
    /// Finds queries on indexes that their table does not have, and ranges that do not follow the index's fields.
    ///
    /// ## Why is this bad?
    /// Convex throws when the query runs.
    /// TypeScript says so first, but not in JavaScript, not where a cast stands in between, and not for a vector search in an untyped helper.
    ///
    /// ## Example
    /// ```ts
    /// const a = await ctx.db.query("users").withIndex("by_mail", (q) => q.eq("email", args.email)).unique(); // error
    /// const b = await ctx.db.query("users").withIndex("by_email", (q) => q.eq("name", args.name)).unique(); // error
    /// const c = await ctx.db.query("users").withIndex("by_email", (q) => q.eq("email", args.email)).unique();
    /// ```
    ///
    /// ## When not to use it
    /// The rule is silent by itself on tables whose indexes cannot all be read: those of an ORM, or built by other packages.
    ///
    /// ## Fix safety
    /// The fix takes the name that is spelt most alike, which may be another than the one that was meant.
    pub struct UnknownIndex {} = { id: "unknown-index", category: Category::Queries, level: Level::Error, since: "0.1.0", fix: FixKind::Unsafe }
}

impl Rule for UnknownIndex {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn db_query(&self, query: &DbQuery, cx: &mut Cx<'_>) -> Option<()> {
        let table = readable(cx, query.table.as_deref()?)?;
        for step in &query.steps {
            let (kind, index) = match &step.kind {
                StepKind::Index(index) => (IndexKind::Db, index),
                StepKind::Search(index) => (IndexKind::Search, index),
                _ => continue,
            };
            let found = judge(table, kind, index, step.file, cx);
            found.into_iter().for_each(|d| cx.report(d));
        }
        Some(())
    }

    fn call(&self, call: &PlatformCall, cx: &mut Cx<'_>) -> Option<()> {
        if !matches!(&call.callee, Callee::Context(part) if &**part == "vectorSearch") {
            return None;
        }
        let module = cx.workspace.hir(call.file);
        let [table, name_at, options @ ..] = &*module.call(call.call)?.args else { return None };
        let table = readable(cx, module.constant(table.value)?)?;
        let name = module.constant(name_at.value)?;
        match table.definition.indexes.iter().find(|i| i.name == *name && i.kind == IndexKind::Vector) {
            None => cx.report(unknown_name(table, IndexKind::Vector, name, call.file, name_at.value, cx)),
            Some(index) => {
                let wrong = wrong_vector_filters(index, call.file, options.first()?.value, cx);
                wrong.into_iter().for_each(|d| cx.report(d));
            }
        }
        Some(())
    }
}

/// The table, where all of its indexes are known.
fn readable<'a>(cx: &Cx<'a>, table: &str) -> Option<&'a Table> {
    cx.project.table(table).filter(|t| !t.definition.open)
}

fn judge(table: &Table, kind: IndexKind, used: &IndexUse, file: FileId, cx: &Cx<'_>) -> Option<Diagnostic> {
    let (name, name_expr) = (used.name.as_ref()?, used.name_expr?);
    let declared = table.definition.all_indexes().find(|i| i.name == *name && i.kind == kind);
    let Some(index) = declared else {
        if let Some(own) = indexes::own().find(|own| own.name == *name && kind == IndexKind::Db) {
            return wrong_bound(used, &own.fields).map(|(bound, wanted)| unknown_field(name, &own.fields, bound, wanted, file, cx));
        }
        return Some(unknown_name(table, kind, name, file, name_expr, cx));
    };
    if index.staged {
        let found =
            Diagnostic::new(cx.workspace.hir(file).span(name_expr), format!("the index `{name}` is staged: queries cannot use it yet"))
                .label(index.span, "staged here")
                .help("take `staged: true` away once the index is built");
        return Some(found);
    }
    match kind {
        IndexKind::Db => {
            let fields = index.range_fields()?;
            let (bound, wanted) = wrong_bound(used, &fields)?;
            Some(unknown_field(name, &fields, bound, wanted, file, cx).label(index.name_span, "the index"))
        }
        _ => wrong_search_bound(index, used, file, cx),
    }
}

/// The first bound that does not follow the index's fields, and the field that it should have named.
fn wrong_bound<'u>(used: &'u IndexUse, fields: &[Name]) -> Option<(&'u Bound, Option<Name>)> {
    let Range::Bounds(bounds) = &used.range else { return None };
    let mut at = 0;
    let mut seen: Vec<Ask> = Vec::new();
    for bound in bounds {
        let ask = Ask::of(&bound.op)?;
        let is_next = fields.get(at) == Some(&bound.field);
        let is_late = ask == Ask::Equal && !seen.is_empty() || seen.contains(&ask) || ask == Ask::Lower && seen.contains(&Ask::Upper);
        if !is_next || is_late {
            return Some((bound, fields.get(at).filter(|_| !is_late).cloned()));
        }
        match ask {
            Ask::Equal => at += 1,
            other => seen.push(other),
        }
    }
    None
}

fn unknown_field(index: &Name, fields: &[Name], bound: &Bound, wanted: Option<Name>, file: FileId, cx: &Cx<'_>) -> Diagnostic {
    let module = cx.workspace.hir(file);
    let span = module.span(bound.field_expr);
    let field = &bound.field;
    let steps = quoted(fields.iter());
    let Some(wanted) = wanted else {
        let message = format!("`.{}(\"{field}\", …)` cannot follow what stands before it in this range on `{index}`", bound.op);
        return Diagnostic::new(span, message).help(format!(
            "a range is equalities on the first fields of {steps} in order, then at most one lower and one upper bound on the next"
        ));
    };
    let message = if fields.contains(field) {
        format!("`{field}` is not the next field of the index `{index}`: that is `{wanted}`")
    } else {
        format!("the index `{index}` does not hold `{field}`; its next field is `{wanted}`")
    };
    let is_typo = nearest_name(field, [&wanted]).is_some() && !fields.contains(field);
    let fix = if is_typo { rename(span, &wanted, cx) } else { None };
    Diagnostic::new(span, message).help(format!("step through {steps} in order, or use an index that starts as this range does")).fix(fix)
}

/// A search names its search field in `.search`, and filter fields in `.eq`.
fn wrong_search_bound(index: &Index, used: &IndexUse, file: FileId, cx: &Cx<'_>) -> Option<Diagnostic> {
    let (searched, filters) = index.fields.as_ref()?.split_first()?;
    let Range::Bounds(bounds) = &used.range else { return None };
    let is_wrong = |b: &&Bound| match &*b.op {
        "search" => b.field != *searched,
        "eq" => !filters.contains(&b.field),
        _ => false,
    };
    let bound = bounds.iter().find(is_wrong)?;
    let (name, field) = (&index.name, &bound.field);
    let span = cx.workspace.hir(file).span(bound.field_expr);
    if &*bound.op == "eq" {
        return Some(no_filter_field("search index", index, field, filters, span, cx));
    }
    let fix = nearest_name(field, [searched]).and_then(|meant| rename(span, meant, cx));
    let found = Diagnostic::new(span, format!("the search index `{name}` searches `{searched}`, not `{field}`"))
        .label(index.name_span, "the index")
        .help(format!("search `{searched}`, or add a search index on `{field}`"));
    Some(found.fix(fix))
}

/// The fields that the filter of a vector search compares, and that are no filter fields of the index.
fn wrong_vector_filters(index: &Index, file: FileId, options: ExprId, cx: &Cx<'_>) -> Vec<Diagnostic> {
    let module = cx.workspace.hir(file);
    let Some((_, filters)) = index.fields.as_ref().and_then(|f| f.split_first()) else { return Vec::new() };
    let is_filter = |p: &&Prop| matches!(&p.key, Key::Name(name) if &**name == "filter");
    let callback = module.as_object(options).and_then(|props| props.iter().find(is_filter)).and_then(|p| module.as_func(p.value));
    let Some(param) = callback.and_then(|f| module.func(f).params.first()).filter(|p| p.is_name) else { return Vec::new() };
    let compared = module.binding(param.bindings.0).uses.iter().filter_map(|usage| {
        let Parent::Expr(member) = module.parent(*usage) else { return None };
        let Parent::Expr(call) = module.parent(member) else { return None };
        let (call, _, method) = module.method(call)?;
        (&**method == "eq" && call.callee == member).then(|| call.args.first().map(|a| a.value)).flatten()
    });
    let wrong = compared.filter_map(|at| Some((at, module.constant(at)?))).filter(|(_, field)| !filters.contains(field));
    wrong.map(|(at, field)| no_filter_field("vector index", index, field, filters, module.span(at), cx)).collect()
}

fn no_filter_field(title: &str, index: &Index, field: &Name, filters: &[Name], span: Span, cx: &Cx<'_>) -> Diagnostic {
    let fix = nearest_name(field, filters).and_then(|meant| rename(span, meant, cx));
    Diagnostic::new(span, format!("`{field}` is no filter field of the {title} `{}`", index.name))
        .label(index.name_span, "the index")
        .help(format!("add `{field}` to its `filterFields`"))
        .fix(fix)
}

fn unknown_name(table: &Table, kind: IndexKind, name: &Name, file: FileId, at: ExprId, cx: &Cx<'_>) -> Diagnostic {
    let span = cx.workspace.hir(file).span(at);
    let title = |kind: IndexKind| match kind {
        IndexKind::Db => "index",
        IndexKind::Search => "search index",
        IndexKind::Vector => "vector index",
    };
    let message = format!("the table `{}` has no {} `{name}`", table.name, title(kind));
    let found = Diagnostic::new(span, message);
    if let Some(other) = table.index(name) {
        let how = match other.kind {
            IndexKind::Db => "`.withIndex`",
            IndexKind::Search => "`.withSearchIndex`",
            IndexKind::Vector => "`ctx.vectorSearch`, in an action",
        };
        let help = format!("read it with {how}");
        return found
            .label(other.name_span, format!("this is {} {}", if other.kind == IndexKind::Db { "an" } else { "a" }, title(other.kind)))
            .help(help);
    }
    let same: Vec<&Name> = table.definition.all_indexes().filter(|i| i.kind == kind).map(|i| &i.name).collect();
    let meant = nearest_name(name, same.iter().copied());
    let help = match (meant, same.is_empty()) {
        (Some(meant), _) => format!("there is `{meant}`"),
        (None, true) => format!("the table has no {} at all: add one to its definition", title(kind)),
        (None, false) => format!("it has {}", quoted(same.iter().copied())),
    };
    found
        .label(cx.workspace.key_of(table), format!("`{}` is defined here", table.name))
        .help(help)
        .fix(meant.and_then(|meant| Some(rename(span, meant, cx)?.relying_on(table.index(meant).map(|index| index.span)))))
}

/// Puts another name into the quotes; `None` where what stands there is no literal.
fn rename(span: Span, name: &Name, cx: &Cx<'_>) -> Option<Fix> {
    let quote = cx.text(span).chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    Some(Fix::r#unsafe(format!("Name it `{name}`"), vec![Edit::replace(span, format!("{quote}{name}{quote}"))]))
}

fn quoted<'n>(names: impl Iterator<Item = &'n Name>) -> String {
    names.map(|n| format!("`{n}`")).collect::<Vec<String>>().join(", ")
}

//! Moves comparisons from a callback into the range of an index, and lets the callback go where nothing is left of it.

use super::Term;
use crate::edit::{Edit, Fix};
use crate::model::absence::is_only_asked_for;
use crate::model::assignable::{as_written, is_assignable};
use crate::model::hir::{Binary, BindingKind, Cast, ExprId, ExprKind, GuardId, Module, Name, Parent, Place, Unary};
use crate::model::queries::{Range, StepKind, callback};
use crate::model::ty::Index;
use crate::model::{DbQuery, Table};
use crate::rule::Cx;
use crate::source::Span;
use crate::writing::index_range::{Callback, StepPlace};

pub(super) struct Move<'a> {
    pub query: &'a DbQuery,
    pub table: &'a Table,
    pub index: &'a Index,
    pub terms: &'a [Term],
    /// Those that the index takes over, in its order.
    pub served: &'a [&'a Term],
    /// The call of `.filter`, `.find` or `.some`.
    pub call: ExprId,
    /// What its callback yields.
    pub body: ExprId,
}

pub(super) fn fix(this: &Move<'_>, cx: &Cx<'_>) -> Option<Fix> {
    let module = cx.workspace.hir(this.query.file);
    if !this.query.is_in_one_piece(module) || !stands_alike(module, this.query.call, this.call) {
        return None;
    }
    let file = this.query.file;
    let values: Vec<(&Name, ExprId)> = this.served.iter().filter_map(|t| t.compared.as_ref()).map(|(name, value)| (name, *value)).collect();
    let fits = |(field, value): &(&Name, ExprId)| {
        let Some(ty) = cx.ask(file, |infer| Some(infer.expr(file, *value))) else { return false };
        is_known_before(module, *value, this.query.span.start)
            && is_assignable(&as_written(module, *value, &ty), &this.table.field_type(field)) == Some(true)
    };
    if !values.iter().all(fits) {
        return None;
    }
    let mut edits = vec![range(this, &values, module, cx)?];
    edits.extend(rest(this, module, cx)?);
    let has_comment = edits.iter().any(|e| !cx.source(e.span).comments_in(e.span).is_empty());
    (!has_comment).then(|| Fix::r#unsafe(format!("Let the index `{}` do it", this.index.name), edits).relying_on([this.index.span]))
}

/// `(await …collect()) as Row[]`.
fn is_asserted(module: &Module, mut at: ExprId) -> bool {
    while let Parent::Expr(up) = module.parent(at) {
        match module.expr(up) {
            ExprKind::Cast { .. } => return true,
            ExprKind::Paren(_) | ExprKind::Await(_) => at = up,
            _ => return false,
        }
    }
    false
}

/// Whether both are reached under the same conditions, so that what is known of a value in one place is known in the other.
fn stands_alike(module: &Module, query: ExprId, call: ExprId) -> bool {
    let root = |mut at: ExprId| -> Option<Option<GuardId>> {
        loop {
            match module.parent(at) {
                Parent::Stmt { guard, .. } => return Some(guard),
                Parent::Expr(up) => {
                    let is_conditional = match module.expr(up) {
                        ExprKind::Cond { test, .. } => *test != at,
                        ExprKind::Binary { op: Binary::And | Binary::Or | Binary::Coalesce, right, .. } => *right == at,
                        ExprKind::Func(_) => true,
                        _ => false,
                    };
                    if is_conditional {
                        return None;
                    }
                    at = up;
                }
            }
        }
    };
    let is_inside = module.within(call).any(|part| part == query);
    is_inside || root(query).is_some_and(|guard| root(call) == Some(guard))
}

/// Whether the value is there before the query, and stays what it is: names and members of them, and constants.
fn is_known_before(module: &Module, value: ExprId, query: u32) -> bool {
    module.within(value).all(|part| match module.expr(part) {
        ExprKind::Local(b) => {
            let binding = module.binding(*b);
            let is_constant = match binding.kind {
                BindingKind::Import(_) | BindingKind::Const(_) | BindingKind::Element(_) => true,
                BindingKind::Param(..) | BindingKind::Let(_) => binding.writes.is_empty(),
                _ => false,
            };
            is_constant && (binding.start < query || module.is_of_module(*b))
        }
        ExprKind::Str(_) | ExprKind::Num(_) | ExprKind::Bool(_) | ExprKind::Null | ExprKind::Template(_) | ExprKind::Paren(_) => true,
        ExprKind::Member { .. } => true,
        ExprKind::Global(name) => &**name == "undefined",
        ExprKind::Cast { kind, .. } => matches!(kind, Cast::NonNull | Cast::Const | Cast::As(_)),
        ExprKind::Unary { op, .. } => *op == Unary::Minus,
        _ => false,
    })
}

/// The query with the longer range, or with another index.
fn range(this: &Move<'_>, values: &[(&Name, ExprId)], module: &Module, cx: &Cx<'_>) -> Option<Edit> {
    let style = cx.workspace.style(module.file);
    let bound = |(field, value): &(&Name, ExprId)| format!(".eq({}, {})", style.string(field), cx.text(module.span(*value)));
    let new: Vec<String> = values.iter().map(bound).collect();
    let step = this.query.steps.iter().find(|s| matches!(s.kind, StepKind::Index(_) | StepKind::FullTableScan));
    let used = this.query.index().map(|(_, used)| used);
    let param = used.and_then(|u| u.range_expr).map(|range| callback(module, range)).transpose_known()?;
    let q = param.map_or("q", |(b, _)| &*module.binding(b).name);
    let captured = values.iter().any(|(_, value)| {
        module.within(*value).any(|part| matches!(module.expr(part), ExprKind::Local(b) if &*module.binding(*b).name == q))
    });
    if captured {
        return None;
    }
    if let (Some(used), Some((_, body))) = (used, param)
        && used.name.as_ref() == Some(&this.index.name)
    {
        let body = module.span(module.bare(body));
        let line = module.method_span(module.bare(param?.1)).map(|span| cx.text(span)).unwrap_or_default();
        let before = &line[..line.find('.').unwrap_or_default()];
        return Some(Edit::insert_after(body, new.iter().map(|call| format!("{before}{call}")).collect::<String>()));
    }
    let params = match used.and_then(|u| u.range_expr).and_then(|range| module.as_func(range)) {
        Some(func) => {
            let func = module.func(func);
            format!("({})", cx.text(module.at(func.params_start, func.params_end)))
        }
        // Nothing gives it a type where the database has none.
        None if is_any(module, this.query.origin.1, cx) => "(q: any)".to_owned(),
        None => "(q)".to_owned(),
    };
    let own: Vec<String> = match used.map(|u| &u.range) {
        Some(Range::Bounds(bounds)) => {
            let text = |id: ExprId| cx.text(module.span(id));
            bounds.iter().map(|b| format!(".{}({}, {})", b.op, text(b.field_expr), text(b.value))).collect()
        }
        _ => Vec::new(),
    };
    let calls: Vec<String> = own.into_iter().chain(new).collect();
    let callback = Callback { params: &params, name: q };
    let name = style.string(&this.index.name);
    let text = &*cx.source(this.query.span).text;
    match step {
        Some(step) => {
            let dot = step.span.start + cx.text(step.span).find('.')? as u32;
            let span = Span { start: dot, ..step.span };
            let place = StepPlace::at(text, style, dot, cx.text(span).contains('\n'));
            Some(Edit::replace(span, place.with_index(&name, &callback, &calls)))
        }
        None => {
            let origin = module.span(this.query.origin.1);
            let rest = &text[origin.end as usize..];
            let line = &rest[..rest.find('.')?];
            let is_space = line.chars().all(char::is_whitespace);
            let dot = origin.end + line.len() as u32;
            let place = StepPlace { may_break: !line.is_empty(), ..StepPlace::at(text, style, dot, false) };
            is_space.then(|| Edit::insert_after(origin, format!("{line}{}", place.with_index(&name, &callback, &calls))))
        }
    }
}

/// Whether what a chain begins with is said to be `any`: `const db = ctx.db as any`.
fn is_any(module: &Module, mut at: ExprId, cx: &Cx<'_>) -> bool {
    const STEPS: usize = 32;
    let says_any = |ty| cx.text(module.type_span(ty)).trim() == "any";
    for _ in 0..STEPS {
        at = match module.expr(at) {
            ExprKind::Call(call) => call.callee,
            ExprKind::Member { object, .. } => *object,
            ExprKind::Paren(inner) | ExprKind::Await(inner) => *inner,
            ExprKind::Cast { kind: Cast::As(ty), .. } => return says_any(*ty),
            ExprKind::Cast { value, .. } => *value,
            ExprKind::Local(name) => match (module.binding(*name).ty, module.binding(*name).kind) {
                (Some(ty), _) => return says_any(ty),
                (None, BindingKind::Const(Some(init))) => init,
                _ => return false,
            },
            _ => return false,
        };
    }
    false
}

/// `Some(None)` would be a range that is not read: nothing is written then.
trait TransposeKnown<T> {
    fn transpose_known(self) -> Option<Option<T>>;
}

impl<T> TransposeKnown<T> for Option<Option<T>> {
    fn transpose_known(self) -> Option<Option<T>> {
        match self {
            None => Some(None),
            Some(None) => None,
            Some(known) => Some(known),
        }
    }
}

/// The callback without the comparisons; without any left, what the whole call comes to.
fn rest(this: &Move<'_>, module: &Module, cx: &Cx<'_>) -> Option<Vec<Edit>> {
    let is_served = |term: &&Term| this.served.iter().any(|own| own.expr == term.expr);
    let left: Vec<&str> = this.terms.iter().filter(|t| !is_served(t)).map(|t| cx.text(module.span(t.expr))).collect();
    if !left.is_empty() {
        return Some(vec![Edit::replace(module.span(this.body), left.join(" && "))]);
    }
    let (_, object, method) = module.method(this.call)?;
    let (rows, whole) = (module.span(object), module.span(this.call));
    let after = Span { start: rows.end, ..whole };
    if &**method == "filter" {
        return Some(vec![Edit::delete(after)]);
    }
    if let Parent::Stmt { place: Place::Init(first, _), .. } = module.meaningful_parent(this.query.call).0
        && (module.binding(first).ty.is_some() || is_asserted(module, this.query.call))
    {
        return None;
    }
    // An assertion says that it is a list.
    if module.within(object).any(|part| matches!(module.expr(part), ExprKind::Cast { .. }) && module.span(part).contains(module.span(this.query.call))) {
        return None;
    }
    let first = Edit::replace(module.property_span(module.bare(module.call(this.query.call)?.callee)), "first");
    let parent = match module.parent(this.call) {
        Parent::Stmt { .. } => None,
        Parent::Expr(up) => Some((up, module.expr(up))),
    };
    if &**method == "find" {
        let is_asked_for = is_only_asked_for(module, this.call) || matches!(parent, Some((_, ExprKind::Cast { kind: Cast::NonNull, .. })));
        let may_follow = match parent {
            None => true,
            Some((_, kind)) => matches!(
                kind,
                ExprKind::Paren(_) | ExprKind::Call(_) | ExprKind::Object(_) | ExprKind::Array(_) | ExprKind::Assign { .. }
            ),
        };
        return match (is_asked_for, may_follow) {
            (true, _) => Some(vec![first, Edit::delete(after)]),
            (false, true) => Some(vec![first, Edit::replace(after, " ?? undefined")]),
            (false, false) => None,
        };
    }
    match parent {
        Some((up, ExprKind::Unary { op: Unary::Not, .. })) => {
            let not = Span { end: whole.start, ..module.span(up) };
            Some(vec![first, Edit::delete(not), Edit::replace(after, " === null")])
        }
        None => Some(vec![first, Edit::replace(after, " !== null")]),
        Some((_, ExprKind::Member { .. } | ExprKind::Index { .. } | ExprKind::Unary { .. } | ExprKind::Cast { .. } | ExprKind::Await(_))) => None,
        Some((_, ExprKind::Binary { op, .. })) if !matches!(op, Binary::And | Binary::Or | Binary::Coalesce) => None,
        Some(_) => Some(vec![first, Edit::replace(after, " !== null")]),
    }
}

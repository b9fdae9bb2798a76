//! Decides what an index takes over from a filter, and which one. Writes nothing.

use crate::model::assignable::{as_written, is_assignable};
use crate::model::hir::{BindingId, ExprId, ExprKind, Keyword, Module, Name, TypeNode};
use crate::model::indexes::{Ask, Condition, Queryable, Served, order_of, scan_fields};
use crate::model::queries::{Bound, Compare, End, Predicate, Range, Step, Term, callback};
use crate::model::ty::{Index, Ty};
use crate::model::{DbQuery, Project, Table, Workspace};
use crate::writing::table_index::free_name;

/// A filter, or a part of it, as a range on an index.
pub(super) struct Plan<'a> {
    pub table: &'a Table,
    pub index: Chosen<'a>,
    /// The bounds of the range, in the order of the index.
    pub bounds: Vec<Source<'a>>,
    /// For each filter the terms that stay in it.
    pub rests: Vec<Vec<&'a Term>>,
    pub order: Order,
    /// A value whose type is not known: the compiler may not take it.
    pub untyped: Option<&'a Compare>,
}

pub(super) enum Chosen<'a> {
    /// The index that the query uses already.
    Same(Name, Option<&'a Index>),
    Other(Name, Option<&'a Index>),
    New(Name, Vec<Name>),
}

#[derive(Clone)]
pub(super) enum Source<'a> {
    /// A bound of the range that the query has.
    Old(&'a Bound),
    Term(&'a Compare, Assertion),
}

/// What the compiler has to be told of a value, so that it takes it for the type of a field. Nothing of it is there at run time.
#[derive(Clone, PartialEq)]
pub(super) enum Assertion {
    None,
    /// `x!`: conditions exclude what the compiler has forgotten in the callback.
    Present,
    /// `x as Id<"table">`: a plain string is compared with ids.
    Id(Name),
}

/// In what order documents come from the new range.
pub(super) enum Order {
    /// As before, or nobody can tell.
    Kept,
    By(Vec<Name>),
}

/// A filter as it is written: its terms, the parameter of its callback.
#[derive(Clone, Copy)]
pub(super) struct Filter<'a> {
    pub step: &'a Step,
    pub terms: &'a [Term],
    pub param: BindingId,
}

/// What the query asks of a table whose indexes are known, as far as a range could hold it.
struct Asked<'a> {
    table: &'a Table,
    conditions: Vec<(Condition, Source<'a>)>,
    /// Fields that have one value in all documents of the result.
    fixed: Vec<Name>,
    /// The index in use, as its definition lists it.
    used: Option<Queryable<'a>>,
    /// Something depends on the order that documents come in.
    shows_order: bool,
}

/// What an index takes over from the filters of a query, which stand in one file. `None` where no index serves any of their terms.
pub(super) fn plan<'a>(
    workspace: &'a Workspace,
    project: &'a Project,
    query: &'a DbQuery,
    filters: &[Filter<'a>],
    siblings: &[&DbQuery],
) -> Option<Plan<'a>> {
    let table = project.table(query.table.as_deref()?)?;
    let file = filters.first()?.step.file;
    let module = workspace.hir(file);
    let (used, old): (Option<Queryable<'a>>, &[Bound]) = match query.index() {
        None => (None, &[]),
        Some((_, index)) => {
            let used = table.queryable().into_iter().find(|q| Some(&q.name) == index.name.as_ref())?;
            match &index.range {
                Range::None => (Some(used), &[]),
                Range::Bounds(bounds) => (Some(used), bounds),
                Range::Unknown => return None,
            }
        }
    };
    let mut conditions = Vec::new();
    for bound in old {
        conditions.push((Condition { field: bound.field.clone(), ask: Ask::of(&bound.op)? }, Source::Old(bound)));
    }
    let is_untyped = is_untyped(workspace, query, filters);
    // An index can only be on what the schema says.
    let is_there = |compare: &Compare| table.field_type(&compare.field) != Ty::Undefined;
    let fit = |compare: &Compare| if is_untyped && is_there(compare) { Fit::Sure } else { fit(compare, table, module) };
    for (filter, term) in filters.iter().flat_map(|f| f.terms.iter().map(move |t| (f, t))) {
        let Some((compare, ask)) = term.compare.as_ref().and_then(|c| Some((c, ask_of(c)?))) else { continue };
        let assertion = match fit(compare) {
            Fit::Never => continue,
            Fit::With(assertion) => assertion,
            Fit::Sure | Fit::Unsure => Assertion::None,
        };
        if !mentions(module, compare.value, filter.param) {
            conditions.push((Condition { field: compare.field.clone(), ask }, Source::Term(compare, assertion)));
        }
    }
    let shows_order = siblings.iter().any(|q| q.end != End::Unique && q.order_seen.is_some());
    let asked = Asked { table, conditions, fixed: fixed_fields(query, old), used, shows_order };
    let (index, bounds, order) = asked.same().or_else(|| asked.other()).or_else(|| asked.new_index())?;
    let is_served = |own: &Compare| bounds.iter().any(|b| matches!(b, Source::Term(c, _) if std::ptr::eq(*c, own)));
    let rest = |f: &Filter<'a>| f.terms.iter().filter(|t| !t.compare.as_ref().is_some_and(is_served)).collect();
    let rests = filters.iter().map(rest).collect();
    let mut of_terms = bounds.iter().filter_map(|b| if let Source::Term(compare, _) = b { Some(*compare) } else { None });
    let untyped = of_terms.find(|c| matches!(fit(c), Fit::Unsure));
    Some(Plan { table, index, rests, bounds, order, untyped })
}

/// Whether the compiler checks nothing of a range that these filters become: in JavaScript, and where a parameter is said to be `any`.
fn is_untyped(workspace: &Workspace, query: &DbQuery, filters: &[Filter<'_>]) -> bool {
    let Some(first) = filters.first().map(|f| f.step) else { return false };
    let module = workspace.hir(first.file);
    let is_any_range =
        query.index().is_none_or(|(s, index)| index.range_expr.is_none() || s.file == first.file && takes_any(module, s.call, 1));
    let path = &workspace.source(first.file).path;
    [".js", ".jsx", ".mjs", ".cjs"].iter().any(|ending| path.ends_with(ending)) || is_any_range && takes_any(module, first.call, 0)
}

impl Plan<'_> {
    /// The query has a range now.
    pub fn has_old_bounds(&self) -> bool {
        self.bounds.iter().any(|b| matches!(b, Source::Old(_)))
    }

    pub fn asserts_ids(&self) -> bool {
        self.bounds.iter().any(|b| matches!(b, Source::Term(_, Assertion::Id(_))))
    }
}

type Choice<'a> = (Chosen<'a>, Vec<Source<'a>>, Order);

impl<'a> Asked<'a> {
    /// The range that the query has goes on with terms of the filter.
    fn same(&self) -> Option<Choice<'a>> {
        let used = self.used.as_ref()?;
        let old: Vec<&Condition> = self.conditions.iter().filter(|(_, s)| matches!(s, Source::Old(_))).map(|(c, _)| c).collect();
        // A range takes a lower bound, then an upper one: only an upper bound can still be added on a field that it speaks of.
        let goes_on = |c: &Condition| {
            let mut on_field = old.iter().filter(|o| o.field == c.field).peekable();
            on_field.peek().is_none() || c.ask == Ask::Upper && on_field.all(|o| o.ask == Ask::Lower)
        };
        let allowed = |(c, s): &&(Condition, Source<'a>)| matches!(s, Source::Old(_)) || goes_on(c);
        let kept: Vec<(Condition, Source<'a>)> = self.conditions.iter().filter(allowed).cloned().collect();
        let bounds = bounds(used, &kept)?;
        // The documents of a part of an index come in the order in which they stood in the whole.
        Some((Chosen::Same(used.name.clone(), used.declared), bounds, Order::Kept))
    }

    /// The index that serves most of the terms, and all that the query has in its range now.
    fn other(&self) -> Option<Choice<'a>> {
        let is_used = |q: &Queryable<'_>| self.used.as_ref().is_some_and(|u| u.name == q.name);
        let candidate = |q: Queryable<'a>| {
            let bounds = bounds(&q, &self.conditions)?;
            let order = self.order(&q.fields);
            if self.keeps_its_order() && matches!(order, Order::By(_)) {
                return None;
            }
            let served = serve(&q, &self.conditions);
            let worth = (served.fixes_one(&q), served.equal.len(), served.range.len(), std::cmp::Reverse(q.fields.len()));
            Some((worth, (Chosen::Other(q.name, q.declared), bounds, order)))
        };
        let indexes = self.table.queryable().into_iter().filter(|q| !is_used(q));
        let candidates: Vec<_> = indexes.filter_map(candidate).collect();
        // Of equals the first, in the order of the definition, Convex's own last.
        candidates.into_iter().rev().max_by_key(|(worth, _)| *worth).map(|(_, choice)| choice)
    }

    /// An index that the table would need: fields with one value, then what the documents are ordered by or have bounds on.
    fn new_index(&self) -> Option<Choice<'a>> {
        let mut fields: Vec<Name> = Vec::new();
        let on = |ask: &dyn Fn(Ask) -> bool| self.conditions.iter().filter(|(c, _)| ask(c.ask)).map(|(c, _)| &c.field).collect::<Vec<_>>();
        for field in on(&|ask| ask == Ask::Equal) {
            if !fields.contains(field) {
                fields.push(field.clone());
            }
        }
        let ordered: Vec<Name> = match &self.used {
            Some(used) if self.keeps_its_order() => order_of(&used.fields, &fields),
            _ => on(&|ask| ask != Ask::Equal).into_iter().filter(|f| !fields.contains(f)).take(1).cloned().collect(),
        };
        fields.extend(ordered.into_iter().filter(|f| !f.starts_with('_')));
        if fields.is_empty() || fields.iter().any(|f| f.starts_with('_')) || fields.len() > 15 {
            return None;
        }
        let name = Name::from(free_name(self.table, &fields)?);
        let made = Queryable { name: name.clone(), fields: fields.iter().cloned().chain(scan_fields()).collect(), declared: None };
        let bounds = bounds(&made, &self.conditions)?;
        let order = self.order(&made.fields);
        if self.keeps_its_order() && matches!(order, Order::By(_)) {
            return None;
        }
        Some((Chosen::New(name, fields), bounds, order))
    }

    /// The query uses an index whose order is not that of creation: it may have been chosen for that.
    fn keeps_its_order(&self) -> bool {
        self.used.as_ref().is_some_and(|used| order_of(&used.fields, &self.fixed).first().is_some_and(|f| &**f != "_creationTime"))
    }

    /// The order that documents come in from an index on these fields.
    fn order(&self, fields: &[Name]) -> Order {
        let before = match &self.used {
            Some(used) => order_of(&used.fields, &self.fixed),
            None => order_of(&scan_fields(), &self.fixed),
        };
        let after = order_of(fields, &self.fixed);
        if !self.shows_order || before == after { Order::Kept } else { Order::By(after) }
    }
}

impl Served {
    /// The range holds one document at most.
    fn fixes_one(&self, q: &Queryable<'_>) -> bool {
        q.fields.first().is_some_and(|f| &**f == "_id") && !self.equal.is_empty()
    }
}

fn serve(index: &Queryable<'_>, conditions: &[(Condition, Source<'_>)]) -> Served {
    let list: Vec<Condition> = conditions.iter().map(|(c, _)| c.clone()).collect();
    index.serve(&list)
}

/// The bounds that the index serves; `None` where they leave out one that the query has, or add nothing to them.
fn bounds<'a>(index: &Queryable<'_>, conditions: &[(Condition, Source<'a>)]) -> Option<Vec<Source<'a>>> {
    let served = serve(index, conditions);
    let holds_old = conditions.iter().enumerate().all(|(i, (_, s))| !matches!(s, Source::Old(_)) || served.contains(i));
    let bounds: Vec<Source<'a>> = served.all().map(|i| conditions[i].1.clone()).collect();
    let adds = bounds.iter().any(|b| matches!(b, Source::Term(..)));
    (holds_old && adds).then_some(bounds)
}

/// The fields for which every document of the result has the same value.
fn fixed_fields(query: &DbQuery, old: &[Bound]) -> Vec<Name> {
    let of_range = old.iter().filter(|b| &*b.op == "eq").map(|b| b.field.clone());
    let terms = query.filters().flat_map(|(_, p)| match p {
        Predicate::All(terms) => &terms[..],
        Predicate::Opaque => &[],
    });
    let of_filters = terms.filter_map(|t| t.compare.as_ref()).filter(|c| &*c.op == "eq").map(|c| c.field.clone());
    of_range.chain(of_filters).collect()
}

/// What the term asks of its field, read with the field on the left.
pub(super) fn ask_of(compare: &Compare) -> Option<Ask> {
    Ask::of(op_of(compare))
}

/// The operator, read with the field on the left.
pub(super) fn op_of(compare: &Compare) -> &str {
    match (&*compare.op, compare.flipped) {
        ("gt", true) => "lt",
        ("gte", true) => "lte",
        ("lt", true) => "gt",
        ("lte", true) => "gte",
        (op, _) => op,
    }
}

enum Fit {
    Sure,
    With(Assertion),
    Unsure,
    /// The compiler would not take the value, or no document has the field.
    Never,
}

/// Whether the compiler takes the value for the field in a range. A filter asks for less: that one type allows the other.
fn fit(compare: &Compare, table: &Table, module: &Module) -> Fit {
    let field = table.field_type(&compare.field);
    if field == Ty::Undefined {
        return Fit::Never;
    }
    // Older versions of Convex refuse undefined in a bound.
    if ask_of(compare) != Some(Ask::Equal) && compare.value_ty.members().contains(&Ty::Undefined) {
        return Fit::Unsure;
    }
    let value = as_written(module, compare.value, &compare.compiled_ty);
    match is_assignable(&value, &field) {
        Some(true) => Fit::Sure,
        None => Fit::Unsure,
        Some(false) => {
            // An assertion binds less than what it might be written behind.
            let is_simple = matches!(module.expr(compare.value), ExprKind::Member { .. } | ExprKind::Local(_) | ExprKind::Call(_));
            let is_there = !compare.value_ty.is_unknown() && compare.value_ty.non_null() == compare.value_ty;
            match field.non_null() {
                _ if !is_simple => Fit::Never,
                _ if is_there && is_assignable(&value.non_null(), &field) == Some(true) => Fit::With(Assertion::Present),
                Ty::Id(table) if value.non_null() == Ty::String => Fit::With(Assertion::Id(table)),
                _ => Fit::Never,
            }
        }
    }
}

fn mentions(module: &Module, value: ExprId, param: BindingId) -> bool {
    let span = module.span(value);
    module.binding(param).uses.iter().any(|usage| span.contains(module.span(*usage)))
}

/// Whether the callback among the arguments of a call says that its parameter is `any`.
pub(super) fn takes_any(module: &Module, call: ExprId, place: usize) -> bool {
    let func = module.call(call).and_then(|c| c.args.get(place)).and_then(|a| module.as_func(a.value));
    let ty = func.and_then(|f| module.func(f).params.first()?.ty);
    ty.is_some_and(|ty| matches!(module.ty(ty), TypeNode::Keyword(Keyword::Any)))
}

/// The parameter of the filter's callback.
pub(super) fn parameter(module: &Module, call: ExprId) -> Option<BindingId> {
    let argument = module.call(call)?.args.first()?;
    callback(module, argument.value).map(|(param, _)| param)
}

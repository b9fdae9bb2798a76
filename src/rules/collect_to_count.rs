mod rewrite;

use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::DbQuery;
use crate::model::hir::{Binary, Binding, ExprId, ExprKind, Module, Parent, Place, Step, Unary};
use crate::model::queries::End;
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};

declare_rule! {
    /// Finds `.collect()` where only the number of rows is used, whether there are any, or the first of them.
    ///
    /// ## Why is this bad?
    /// Every row is read, sent to the function and made a dependency of the query, for a number or a yes.
    /// `.first()` reads one row; a number that grows belongs into a document that is counted up, or into an aggregate.
    ///
    /// ## Example
    /// ```ts
    /// const posts = await ctx.db
    ///   .query("posts")
    ///   .withIndex("by_author", (q) => q.eq("authorId", args.authorId))
    ///   .collect(); // error
    /// const hasPosts = posts.length > 0;
    ///
    /// const any = await ctx.db
    ///   .query("posts")
    ///   .withIndex("by_author", (q) => q.eq("authorId", args.authorId))
    ///   .first();
    /// const isAuthor = any !== null;
    /// ```
    ///
    /// ## Fix safety
    /// Where there is no row, `rows[0]` is `undefined` and `.first()` is `null`.
    /// The fix is made where nothing can tell them apart: `rows[0]?.name`, `rows[0] ?? other`, `if (!rows[0])`, and behind a look at whether there are any.
    pub struct CollectToCount {} = { id: "collect-to-count", category: Category::Queries, level: Level::Error, since: "0.1.0", fix: FixKind::Safe }
}

impl Rule for CollectToCount {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn db_query(&self, query: &DbQuery, cx: &mut Cx<'_>) -> Option<()> {
        if query.end != End::Collect {
            return None;
        }
        let module = cx.workspace.hir(query.file);
        let uses = uses(module, query.call)?;
        let first = *uses.iter().max_by_key(|u| u.kind)?;
        let name = module.property_span(module.bare(module.call(query.call)?.callee));
        let (message, help) = match first.kind {
            Kind::Empty => ("`.collect()` reads every row to learn whether there are any", "read one: `.first()` is `null` where there is none"),
            Kind::First => ("`.collect()` reads every row to use the first", "read one: `.first()`"),
            Kind::Count => (
                "`.collect()` reads every row to count them",
                "count up to a limit with `.take(n)`, or keep the number: in a document, or with an aggregate",
            ),
        };
        let fix = if resolved(module, query.call).is_some() { None } else { rewrite::fix(module, query, &uses, name, cx) };
        let mut found = Diagnostic::new(name, message).help(help).fix(fix);
        if !module.span(first.expr).contains(name) {
            let more = uses.iter().find(|u| u.kind != first.kind);
            let said = match (first.kind, more) {
                (Kind::First, None) => "only this is used",
                (_, None) => "all that is asked of them",
                (Kind::Count, Some(_)) => "they are counted here",
                (_, Some(_)) => "this is used",
            };
            found = found.label(module.span(first.expr), said);
            found = more.into_iter().fold(found, |found, more| found.label(module.span(more.expr), "and this"));
        }
        cx.report(found);
        Some(())
    }
}

#[derive(Clone, Copy)]
struct Use {
    /// The whole use: `rows.length`, `rows[0]`; of a pattern `[row]` the query itself.
    expr: ExprId,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Empty,
    First,
    Count,
}

/// What a callback calls the rows: `.collect().then((rows) => …)`.
fn resolved(module: &Module, call: ExprId) -> Option<&Binding> {
    let (Parent::Expr(member), child) = module.meaningful_parent(call) else { return None };
    let is_then = matches!(module.expr(member), ExprKind::Member { object, property, .. } if *object == child && &**property == "then");
    let Parent::Expr(then) = module.parent(member) else { return None };
    let [callback] = &*module.call(then).filter(|then| is_then && then.callee == member)?.args else { return None };
    let [param] = &*module.func(module.as_func(callback.value)?).params else { return None };
    (param.is_name && !param.is_rest).then(|| module.binding(param.bindings.0)).filter(|binding| binding.writes.is_empty())
}

/// Every use of the rows; `None` where one of them needs more than a count.
fn uses(module: &Module, call: ExprId) -> Option<Vec<Use>> {
    if let Some(rows) = resolved(module, call) {
        return rows.uses.iter().map(|usage| one(module, *usage)).collect::<Option<Vec<Use>>>().filter(|uses| !uses.is_empty());
    }
    let (parent, value) = module.meaningful_parent(call);
    match parent {
        Parent::Expr(_) => Some(vec![one(module, value)?]),
        Parent::Stmt { place: Place::Init(first, end), func: Some(_), .. } => {
            let mut found = Vec::new();
            for name in module.bindings_in((first, end)) {
                let binding = module.binding(name);
                match &*binding.path {
                    [] if binding.writes.is_empty() && !binding.uses.is_empty() => {
                        for usage in &binding.uses {
                            found.push(one(module, *usage)?);
                        }
                    }
                    [Step::Index(0)] => found.push(Use { expr: call, kind: Kind::First }),
                    [Step::Key(key)] if &**key == "length" => found.push(Use { expr: call, kind: Kind::Count }),
                    _ => return None,
                }
            }
            Some(found)
        }
        _ => None,
    }
}

fn one(module: &Module, rows: ExprId) -> Option<Use> {
    let (Parent::Expr(up), child) = module.meaningful_parent(rows) else { return None };
    match module.expr(up) {
        ExprKind::Member { object, property, .. } if *object == child && &**property == "length" => {
            let kind = if emptiness(module, up).is_some() { Kind::Empty } else { Kind::Count };
            Some(Use { expr: up, kind })
        }
        ExprKind::Member { object, property, .. } if *object == child && &**property == "at" => {
            let Parent::Expr(call) = module.parent(up) else { return None };
            let [at] = &*module.call(call)?.args else { return None };
            is_zero(module, at.value).then_some(Use { expr: call, kind: Kind::First })
        }
        ExprKind::Index { object, index } if *object == child && is_zero(module, *index) => Some(Use { expr: up, kind: Kind::First }),
        _ => None,
    }
}

fn is_zero(module: &Module, id: ExprId) -> bool {
    matches!(module.expr(id), ExprKind::Num(number) if *number == 0.0)
}

/// What asks whether a length is zero: the expression, and whether it is true of an empty list.
fn emptiness(module: &Module, length: ExprId) -> Option<(ExprId, Option<bool>)> {
    match module.parent(length) {
        Parent::Stmt { place: Place::Test, .. } => Some((length, Some(false))),
        Parent::Expr(up) => match module.expr(up) {
            ExprKind::Binary { op, left, right } if *left == length && is_zero(module, *right) => match op {
                Binary::StrictEq | Binary::LooseEq => Some((up, Some(true))),
                Binary::StrictNe | Binary::LooseNe => Some((up, Some(false))),
                // `> 0`, or something that is never true: its text tells.
                Binary::Compare => Some((up, None)),
                _ => None,
            },
            ExprKind::Unary { op: Unary::Not, .. } => Some((up, Some(true))),
            ExprKind::Cond { test, .. } if *test == length => Some((length, Some(false))),
            _ => None,
        },
        Parent::Stmt { .. } => None,
    }
}

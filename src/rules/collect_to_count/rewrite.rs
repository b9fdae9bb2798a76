//! `.first()` for `.collect()`, and what asked the list asks the row.
//!
//! Where a row that is not there could be told from an element that is not there, or the compiler would ask for a look at it, nothing is rewritten.

use super::{Kind, Use, emptiness, is_zero};
use crate::edit::{Edit, Fix};
use crate::model::DbQuery;
use crate::model::absence::is_only_asked_for;
use crate::model::hir::{Binary, BindingId, BindingKind, ExprId, ExprKind, Module, Parent, Place, Step, Unary};
use crate::rule::Cx;
use crate::source::Span;

pub(super) fn fix(module: &Module, query: &DbQuery, uses: &[Use], name: Span, cx: &Cx<'_>) -> Option<Fix> {
    let rewrite = Rewrite::of(module, query, cx)?;
    let mut edits = vec![Edit::replace(name, "first")];
    for one in uses {
        match one.kind {
            Kind::Empty => rewrite.emptiness(*one, &mut edits)?,
            Kind::First => rewrite.first(*one, &mut edits)?,
            Kind::Count => return None,
        }
    }
    let has_comment = edits.iter().any(|e| !cx.source(e.span).comments_in(e.span).is_empty());
    (!has_comment).then(|| Fix::safe("Read one row", edits))
}

struct Rewrite<'a> {
    module: &'a Module,
    query: &'a DbQuery,
    cx: &'a Cx<'a>,
    /// The constant that holds the rows.
    rows: Option<BindingId>,
    /// The constant that holds the first of them: `const [row] = …`, `const row = (…)[0]`.
    row: Option<BindingId>,
}

impl<'a> Rewrite<'a> {
    /// `None` where an annotation or an assertion says that it is a list, or what holds it may change.
    fn of(module: &'a Module, query: &'a DbQuery, cx: &'a Cx<'a>) -> Option<Self> {
        let mut rewrite = Self { module, query, cx, rows: None, row: None };
        let mut at = query.call;
        while let Parent::Expr(up) = module.parent(at) {
            match module.expr(up) {
                ExprKind::Cast { .. } => return None,
                ExprKind::Paren(_) | ExprKind::Await(_) => at = up,
                _ => break,
            }
        }
        if let Parent::Stmt { place: Place::Init(first, end), .. } = module.meaningful_parent(query.call).0 {
            let (binding, true) = (module.binding(first), end.0 == first.0 + 1) else { return None };
            if binding.ty.is_some() || binding.default.is_some() || !matches!(binding.kind, BindingKind::Const(_)) {
                return None;
            }
            match &*binding.path {
                [] => rewrite.rows = Some(first),
                [Step::Index(0)] => rewrite.row = Some(first),
                _ => return None,
            }
        }
        Some(rewrite)
    }

    /// `rows.length === 0` becomes `rows === null`.
    fn emptiness(&self, one: Use, edits: &mut Vec<Edit>) -> Option<()> {
        let module = self.module;
        let (asked, when_empty) = emptiness(module, one.expr)?;
        let ExprKind::Member { object, .. } = module.expr(one.expr) else { return None };
        let (rows, whole) = (module.span(*object), module.span(asked));
        let after = Span { start: rows.end, ..whole };
        let is_empty = match when_empty {
            Some(is_empty) => is_empty,
            None if self.cx.text(after).replace(char::is_whitespace, "") == ".length>0" => false,
            None => return None,
        };
        // The brackets of `(await …)` stay where they are.
        if !module.span(self.query.call).contains(Span { end: rows.start, ..whole }) && whole.start < rows.start {
            edits.push(Edit::delete(Span { end: rows.start, ..whole }));
        }
        edits.push(Edit::replace(after, if is_empty { " === null" } else { " !== null" }));
        Some(())
    }

    /// `rows[0]` becomes `rows`, `[row]` becomes `row`.
    fn first(&self, one: Use, edits: &mut Vec<Edit>) -> Option<()> {
        let module = self.module;
        if let Some(row) = self.row {
            edits.push(self.without_brackets(row)?);
            return self.each_use(row, edits);
        }
        let object = match module.expr(one.expr) {
            ExprKind::Index { object, .. } => *object,
            ExprKind::Call(call) => match module.expr(call.callee) {
                ExprKind::Member { object, .. } => *object,
                _ => return None,
            },
            _ => return None,
        };
        let (rows, whole) = (module.span(object), module.span(one.expr));
        let after = Span { start: rows.end, ..whole };
        // Behind `?.[0]` the list may be something else than one.
        if self.cx.text(after).starts_with('?') {
            return None;
        }
        // Brackets that stood around the list alone go with it.
        match (module.expr(object), module.parent(one.expr)) {
            (ExprKind::Paren(inner), Parent::Stmt { .. }) => {
                let inner = module.span(*inner);
                edits.push(Edit::delete(Span { end: inner.start, ..rows }));
                edits.push(Edit::delete(Span { start: inner.end, ..whole }));
            }
            _ => edits.push(Edit::delete(after)),
        }
        if self.rows.is_some() {
            return self.may_be_null(one.expr, edits);
        }
        // `const row = (await …)[0]`: what matters is what becomes of the constant.
        let (Parent::Stmt { place: Place::Init(first, end), .. }, held) = module.meaningful_parent(one.expr) else {
            return self.may_be_null(one.expr, edits);
        };
        let binding = module.binding(first);
        let is_plain = held == one.expr || matches!(module.expr(held), ExprKind::Paren(_));
        let is_constant = end.0 == first.0 + 1 && binding.path.is_empty() && binding.ty.is_none() && matches!(binding.kind, BindingKind::Const(_));
        if !is_plain || !is_constant {
            return None;
        }
        Rewrite { module, query: self.query, cx: self.cx, rows: None, row: Some(first) }.each_use(first, edits)
    }

    fn each_use(&self, row: BindingId, edits: &mut Vec<Edit>) -> Option<()> {
        self.module.binding(row).uses.iter().try_for_each(|usage| self.may_be_null(*usage, edits))
    }

    /// `[row]` in `const [row] = …`.
    fn without_brackets(&self, row: BindingId) -> Option<Edit> {
        let span = self.module.binding_span(row);
        let text = &*self.cx.source(span).text;
        let before = text[..span.start as usize].trim_end();
        let after = text[span.end as usize..].trim_start();
        let close = after.strip_prefix(',').map_or(after, str::trim_start);
        if !before.ends_with('[') || !close.starts_with(']') {
            return None;
        }
        let whole = Span { start: before.len() as u32 - 1, end: (text.len() - close.len()) as u32 + 1, ..span };
        Some(Edit::replace(whole, self.cx.text(span)))
    }

    /// Whether nothing tells `null` from `undefined` where the value stands, or it surely is a row there.
    fn may_be_null(&self, value: ExprId, edits: &mut Vec<Edit>) -> Option<()> {
        if self.is_there(value) || is_only_asked_for(self.module, value) {
            return Some(());
        }
        // `row === undefined`.
        let Parent::Expr(up) = self.module.parent(value) else { return None };
        let ExprKind::Binary { op: Binary::StrictEq | Binary::StrictNe, left, right } = self.module.expr(up) else { return None };
        let other = if *left == value { *right } else { *left };
        matches!(self.module.expr(other), ExprKind::Global(name) if &**name == "undefined").then_some(())?;
        edits.push(Edit::replace(self.module.span(other), "null"));
        Some(())
    }

    /// Whether conditions before it say that there is a row, in a way that the compiler understands.
    fn is_there(&self, value: ExprId) -> bool {
        let module = self.module;
        let mut child = value;
        loop {
            match module.parent(child) {
                Parent::Expr(up) => {
                    let said = match module.expr(up) {
                        ExprKind::Cond { test, yes, .. } if *test != child => self.says(*test, *yes == child),
                        ExprKind::Binary { op: Binary::And, left, right } if *right == child => self.says(*left, true),
                        ExprKind::Binary { op: Binary::Or, left, right } if *right == child => self.says(*left, false),
                        _ => false,
                    };
                    if said {
                        return true;
                    }
                    child = up;
                }
                Parent::Stmt { guard, func, .. } => {
                    let mut at = guard;
                    while let Some(guard) = at.map(|id| module.guard(id)) {
                        if self.says(guard.test, guard.holds) {
                            return true;
                        }
                        at = guard.outer;
                    }
                    match func.and_then(|func| module.func(func).expr) {
                        Some(outer) => child = outer,
                        None => return false,
                    }
                }
            }
        }
    }

    /// Whether there is a row if the condition holds (or does not).
    fn says(&self, test: ExprId, holds: bool) -> bool {
        let module = self.module;
        let test = module.bare(test);
        if self.is_row(test) {
            return holds;
        }
        match module.expr(test) {
            ExprKind::Unary { op: Unary::Not, operand } => self.says(*operand, !holds),
            ExprKind::Binary { op: Binary::And, left, right } if holds => self.says(*left, true) || self.says(*right, true),
            ExprKind::Binary { op: Binary::Or, left, right } if !holds => self.says(*left, false) || self.says(*right, false),
            ExprKind::Binary { op, left, right } if self.is_row(*left) => {
                let is_nothing = |id: ExprId| match module.expr(id) {
                    ExprKind::Null => matches!(op, Binary::LooseEq | Binary::LooseNe),
                    ExprKind::Global(name) => &**name == "undefined",
                    _ => false,
                };
                match op {
                    Binary::StrictEq | Binary::LooseEq => is_nothing(*right) && !holds,
                    Binary::StrictNe | Binary::LooseNe => is_nothing(*right) && holds,
                    _ => false,
                }
            }
            ExprKind::Binary { op, left, right } if self.is_length(*left) && is_zero(module, *right) => match op {
                Binary::StrictEq | Binary::LooseEq => !holds,
                Binary::StrictNe | Binary::LooseNe => holds,
                Binary::Compare => holds && emptiness(module, *left).is_some() && self.is_more_than_none(*left, test),
                _ => false,
            },
            _ => self.is_length(test) && holds,
        }
    }

    fn is_more_than_none(&self, length: ExprId, test: ExprId) -> bool {
        let after = Span { start: self.module.span(length).end, ..self.module.span(test) };
        self.cx.text(after).replace(char::is_whitespace, "") == ">0"
    }

    fn is_rows(&self, id: ExprId) -> bool {
        matches!(self.module.expr(self.module.bare(id)), ExprKind::Local(b) if self.rows == Some(*b))
    }

    fn is_length(&self, id: ExprId) -> bool {
        matches!(self.module.expr(id), ExprKind::Member { object, property, .. } if &**property == "length" && self.is_rows(*object))
    }

    fn is_row(&self, id: ExprId) -> bool {
        match self.module.expr(id) {
            ExprKind::Local(b) => self.row == Some(*b),
            ExprKind::Index { object, index } => is_zero(self.module, *index) && self.is_rows(*object),
            ExprKind::Call(_) => self.module.method(id).is_some_and(|(call, object, method)| {
                &**method == "at" && self.is_rows(object) && matches!(&*call.args, [at] if is_zero(self.module, at.value))
            }),
            _ => false,
        }
    }
}

//! Queries held in variables and extended there: `let q = db.query("t"); if (x) q = q.filter(…)`.

use std::sync::Arc;

use super::Infer;
use crate::model::hir::{Binding, BindingId, ExprId, ExprKind, FuncId, GuardId, Module, Parent};
use crate::model::ty::{Chain, Ty};
use crate::source::FileId;

/// Beyond this many ways to build a query, only the longest is followed.
const WAYS: usize = 16;

impl Infer<'_> {
    /// Every chain that the variable may hold; `None` where it holds anything but queries.
    ///
    /// A write in the same run of statements as the declaration takes the place of what was held, one behind a condition stands beside it.
    pub(super) fn held_queries(&self, file: FileId, id: BindingId, binding: &Binding, init: Option<ExprId>) -> Option<Ty> {
        let module = self.hir(file);
        if binding.writes.is_empty() || !binding.path.is_empty() {
            return None;
        }
        let mut held = match init {
            Some(init) => self.expr(file, init),
            None => Ty::Never,
        };
        let queries = |ty: &Ty| ty.members().iter().all(|m| matches!(m, Ty::Query(_)));
        if !queries(&held) && held != Ty::Never {
            return None;
        }
        let declared = init.map(|init| place(module, init));
        for write in &binding.writes {
            let value = (*write)?;
            let written = self.written_query(file, id, value, &held, 0);
            if !queries(&written) {
                return None;
            }
            held = if Some(place(module, value)) == declared { written } else { Ty::union([held, written]) };
        }
        (queries(&held) && held != Ty::Never).then_some(held)
    }

    /// What `q = …` puts into the variable, given what it held.
    fn written_query(&self, file: FileId, id: BindingId, value: ExprId, held: &Ty, depth: u32) -> Ty {
        let module = self.hir(file);
        let bare = module.bare(value);
        if let ExprKind::Cond { yes, no, .. } = module.expr(bare)
            && depth < 8
        {
            return Ty::union([*yes, *no].map(|side| self.written_query(file, id, side, held, depth + 1)));
        }
        match steps_on(module, id, bare) {
            Some(steps) => extended(held, file, &steps),
            None => self.expr(file, value),
        }
    }
}

fn extended(held: &Ty, file: FileId, steps: &[ExprId]) -> Ty {
    let members = held.members();
    let from = if members.len() > WAYS { members.len() - 1 } else { 0 };
    Ty::union(members[from..].iter().map(|member| match member {
        Ty::Query(chain) => {
            let mut longer: Chain = (**chain).clone();
            longer.steps.extend(steps.iter().map(|step| (file, *step)));
            Ty::Query(Arc::new(longer))
        }
        other => other.clone(),
    }))
}

/// The calls that the expression makes on the variable, in order: none for the variable itself.
fn steps_on(module: &Module, variable: BindingId, mut at: ExprId) -> Option<Vec<ExprId>> {
    let mut steps = Vec::new();
    loop {
        if matches!(module.expr(at), ExprKind::Local(b) if *b == variable) {
            steps.reverse();
            return Some(steps);
        }
        let (_, object, method) = module.method(at)?;
        if !super::calls::is_query_step(method) {
            return None;
        }
        steps.push(at);
        at = module.bare(object);
    }
}

/// The function and the condition that an expression's statement stands under.
fn place(module: &Module, mut id: ExprId) -> (Option<FuncId>, Option<GuardId>) {
    loop {
        match module.parent(id) {
            Parent::Expr(up) => id = up,
            Parent::Stmt { func, guard, .. } => return (func, guard),
        }
    }
}

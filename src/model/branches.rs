//! Whether two places of a function can both be reached in one run of it, and what stands in a `try`.
//!
//! Goes by the form of the statements; what conditions say is not read.

use super::hir::{Body, ExprId, ExprKind, FuncId, Module, Parent, Stmt, exits};

/// One branch on the way from a function's body to a place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    /// Which statement it is, by its address.
    stmt: usize,
    branch: Branch,
    /// What comes after the statement is not reached from the branch.
    leaves: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Branch {
    Yes,
    No,
    Case(usize),
    Try,
    Catch,
    Finally,
    Loop,
}

/// Whether no run of the function reaches both places. Both stand in it, or in functions that it holds.
pub fn are_exclusive(module: &Module, func: FuncId, a: ExprId, b: ExprId) -> bool {
    let Body::Block { stmts, .. } = &module.func(func).body else { return in_exclusive_arms(module, a, b) };
    let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
    find(module, stmts, module.span(a).start, &mut of_a);
    find(module, stmts, module.span(b).start, &mut of_b);
    let shared = of_a.iter().zip(&of_b).take_while(|(x, y)| x == y).count();
    let (of_a, of_b) = (&of_a[shared..], &of_b[shared..]);
    let leaves = |steps: &[Step]| steps.iter().any(|s| s.leaves);
    match (of_a.first(), of_b.first()) {
        (None, None) => in_exclusive_arms(module, a, b),
        (Some(x), Some(y)) if x.stmt == y.stmt => {
            !matches!((x.branch, y.branch), (Branch::Finally | Branch::Loop, _) | (_, Branch::Finally | Branch::Loop))
        }
        // The one that stands first never goes on to the other.
        _ if module.span(a).start < module.span(b).start => leaves(of_a),
        _ => leaves(of_b),
    }
}

/// Whether the place stands in a `try`, in the function or around the callbacks that lead to it.
pub fn is_in_try(module: &Module, expr: ExprId) -> bool {
    let mut at = expr;
    loop {
        let Some(func) = module.enclosing_func(at) else { return false };
        if let Body::Block { stmts, .. } = &module.func(func).body {
            let mut steps = Vec::new();
            find(module, stmts, module.span(at).start, &mut steps);
            if steps.iter().any(|s| s.branch == Branch::Try) {
                return true;
            }
        }
        match module.func(func).expr {
            Some(outer) => at = outer,
            None => return false,
        }
    }
}

/// The branches that lead to a place, from the outside in; whether it was found.
fn find(module: &Module, stmts: &[Stmt], place: u32, steps: &mut Vec<Step>) -> bool {
    let holds = |expr: &ExprId| {
        let span = module.span(*expr);
        span.start <= place && place < span.end
    };
    for stmt in stmts {
        let mut into = |branch: Branch, list: &[Stmt], leaves: bool| {
            steps.push(Step { stmt: std::ptr::from_ref(stmt).addr(), branch, leaves });
            let found = find(module, list, place, steps);
            if !found {
                steps.pop();
            }
            found
        };
        let found = match stmt {
            Stmt::Expr(value) | Stmt::Throw(value) => holds(value),
            Stmt::Var { init, .. } => init.as_ref().is_some_and(holds),
            Stmt::Return { start, end, .. } => *start <= place && place < *end,
            Stmt::If { test, yes, no } => holds(test) || into(Branch::Yes, yes, exits(yes)) || into(Branch::No, no, exits(no)),
            Stmt::Loop { heads, body, .. } => heads.iter().any(holds) || into(Branch::Loop, body, false),
            Stmt::Switch { subject, cases } => {
                holds(subject)
                    || cases.iter().enumerate().any(|(at, case)| {
                        // A `break` goes on behind the switch.
                        let leaves = case.body.iter().any(|s| matches!(s, Stmt::Return { .. } | Stmt::Throw(_)));
                        into(Branch::Case(at), &case.body, leaves)
                    })
            }
            Stmt::Try { block, handler, finalizer } => {
                into(Branch::Try, block, exits(block))
                    || handler.as_ref().is_some_and(|h| into(Branch::Catch, h, exits(h)))
                    || into(Branch::Finally, finalizer, false)
            }
            Stmt::Block(stmts) => find(module, stmts, place, steps),
            Stmt::Jump(_) => false,
            Stmt::Func(func) => {
                let func = module.func(*func);
                func.start <= place && place < func.end
            }
        };
        if found {
            return true;
        }
    }
    false
}

/// Whether the two stand in different arms of a conditional, or on the two sides of an `||`.
fn in_exclusive_arms(module: &Module, a: ExprId, b: ExprId) -> bool {
    let above = |mut at: ExprId| {
        let mut all = vec![at];
        while let Parent::Expr(up) = module.parent(at) {
            all.push(up);
            at = up;
        }
        all
    };
    let (of_a, of_b) = (above(a), above(b));
    let Some(common) = of_a.iter().find(|x| of_b.contains(x)) else { return false };
    match module.expr(*common) {
        ExprKind::Cond { test, .. } => !of_a.contains(test) && !of_b.contains(test),
        ExprKind::Binary { .. } => true,
        _ => false,
    }
}

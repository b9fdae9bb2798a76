//! Finds the chains of calls on ents in a file, and takes each apart: what it begins with, and the calls on it.

use std::sync::Arc;

use super::Reader;
use crate::model::hir::{BindingId, BindingKind, ExprId, ExprKind, Name, Parent, Place};
use crate::model::ty::{EntsForm, EntsTy, Ty};

/// `ctx.table("users").getX(id).edge("posts")`, from its beginning to its last call.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The last call.
    pub top: ExprId,
    pub base: Base,
    pub links: Vec<Link>,
    /// What the base is, for tables and rows what they are of.
    pub ents: Arc<EntsTy>,
    /// The name of the constant that it begins with, where that holds something lazy.
    pub via: Option<ExprId>,
}

#[derive(Clone, Debug)]
pub enum Base {
    /// `ctx.table("users", …)`: the call, and the `ctx` in front of `table`, if there is one.
    Table { call: ExprId, factory: ExprId },
    /// A loaded ent.
    Row(ExprId),
    /// Something lazy that is neither: a variable that is written more than once, a condition, a call.
    Lazy,
}

#[derive(Clone, Debug)]
pub struct Link {
    pub name: Name,
    pub call: ExprId,
}

/// Every chain of the file, by its last call; those that stand in another come before it.
pub fn chains(reader: &Reader<'_>) -> Vec<Chain> {
    let calls = reader.module.exprs().filter(|(_, kind)| matches!(kind, ExprKind::Call(_))).map(|(id, _)| id);
    calls.filter(|id| is_top(reader, *id)).filter_map(|id| chain_at(reader, id)).collect()
}

/// Whether the expression is a call on ents that no further such call is made on.
fn is_top(reader: &Reader<'_>, id: ExprId) -> bool {
    if !is_link(reader, id) {
        return false;
    }
    // `.then` and the like belong to the promise.
    let mut up = id;
    while let Parent::Expr(parent) = reader.module.parent(up) {
        match reader.module.expr(parent) {
            ExprKind::Paren(_) => up = parent,
            ExprKind::Member { object, .. } if *object == up => {
                let Parent::Expr(call) = reader.module.parent(parent) else { return true };
                let is_called = reader.module.call(call).is_some_and(|c| c.callee == parent);
                return !(is_called && is_link(reader, call));
            }
            _ => return true,
        }
    }
    true
}

/// A call of `table`, or a method of something of ents.
fn is_link(reader: &Reader<'_>, id: ExprId) -> bool {
    let Some(call) = reader.module.call(id) else { return false };
    if let Some((_, object, method)) = reader.module.method(id)
        && let Some(ents) = reader.ents(object)
        && ents.table_name().is_some()
    {
        return !(matches!(&**method, "then" | "catch" | "finally"));
    }
    reader.ents(call.callee).is_some_and(|ents| ents.form == EntsForm::Factory)
}

/// The chain that ends with this call.
pub fn chain_at(reader: &Reader<'_>, top: ExprId) -> Option<Chain> {
    let mut links = Vec::new();
    let mut at = top;
    loop {
        if let Some(call) = reader.module.call(at)
            && let Some(ents) = reader.ents(call.callee)
            && ents.form == EntsForm::Factory
        {
            let Ty::Ents(table) = reader.ty(at) else { return dynamic(reader, top, at, call.callee, links, &ents) };
            links.reverse();
            return Some(Chain { top, base: Base::Table { call: at, factory: call.callee }, links, ents: table, via: None });
        }
        let Some((_, object, method)) = reader.module.method(at).filter(|_| is_link(reader, at)) else { break };
        links.push(Link { name: method.clone(), call: at });
        at = reader.module.bare(object);
        if reader.ents(at).is_some_and(|ents| ents.is_row()) {
            links.reverse();
            let ents = reader.ents(at)?;
            return Some(Chain { top, base: Base::Row(object), links, ents, via: None });
        }
    }
    links.reverse();
    let ents = reader.ents(at)?;
    // A constant that holds something lazy stands for what it holds: nothing is asked before it is awaited.
    if let Some(mut held) = prefix(reader, at) {
        held.links.extend(links);
        return Some(Chain { top, via: Some(at), ..held });
    }
    Some(Chain { top, base: Base::Lazy, links, ents, via: None })
}

/// A table whose name is not a constant: the chain is there, and nothing is known of it.
fn dynamic(reader: &Reader<'_>, top: ExprId, call: ExprId, factory: ExprId, mut links: Vec<Link>, ents: &Arc<EntsTy>) -> Option<Chain> {
    let _ = reader;
    links.reverse();
    Some(Chain { top, base: Base::Table { call, factory }, links, ents: ents.clone(), via: None })
}

/// The chain that a constant holds, where all that it is made of is the same later on.
pub fn prefix(reader: &Reader<'_>, id: ExprId) -> Option<Chain> {
    let ExprKind::Local(binding) = reader.module.expr(reader.module.bare(id)) else { return None };
    let declared = reader.module.binding(*binding);
    let BindingKind::Const(Some(init)) = declared.kind else { return None };
    if !declared.path.is_empty() || declared.ty.is_some() {
        return None;
    }
    let chain = chain_at(reader, reader.module.bare(init))?;
    let values = chain.links.iter().filter_map(|link| reader.module.call(link.call)).flat_map(|call| &call.args);
    let is_steady = values.clone().all(|argument| is_steady(reader, argument.value));
    (is_steady && matches!(chain.base, Base::Table { .. })).then_some(chain)
}

/// The constant that the chain is the value of, without an `await`.
pub fn held_in(reader: &Reader<'_>, top: ExprId) -> Option<BindingId> {
    match reader.module.parent(top) {
        Parent::Stmt { place: Place::Init(first, end), .. } if end.0 == first.0 + 1 => {
            let binding = reader.module.binding(first);
            (binding.path.is_empty() && matches!(binding.kind, BindingKind::Const(_))).then_some(first)
        }
        _ => None,
    }
}

/// A value that is the same whenever it is read: a constant, a parameter that nothing writes, a member of one, a literal.
fn is_steady(reader: &Reader<'_>, id: ExprId) -> bool {
    let module = reader.module;
    match module.expr(module.bare(id)) {
        ExprKind::Str(_) | ExprKind::Num(_) | ExprKind::Bool(_) => true,
        ExprKind::Local(binding) => module.binding(*binding).writes.is_empty(),
        ExprKind::Member { object, .. } => is_steady(reader, *object),
        _ => false,
    }
}

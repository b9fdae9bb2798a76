//! Where `table` comes from: calls of `entsTableFactory`, functions that give back what it yields, and the constants and contexts that
//! hold it. With that, where the ORM can be had for a call.

use super::{Base, Chain};
use crate::codemods::functions::print::is_simple;
use crate::codemods::functions::reader::Reader;
use crate::codemods::functions::sites::{Handed, HandedFrom, Handle, Held, HeldBy, functions_around, in_reach};
use crate::model::Schema;
use crate::model::hir::{BindingId, BindingKind, Body, ExprId, ExprKind, Key, Name, Prop, PropKind, Step, Stmt};
use crate::model::ty::{EntsForm, FunctionAt, FunctionKind, TableTy, Ty};

/// Calls of `entsTableFactory` itself: the call, and the context that it is given.
pub fn calls(reader: &Reader<'_>) -> Vec<(ExprId, ExprId)> {
    let calls = reader.module.exprs().filter_map(|(id, kind)| match kind {
        ExprKind::Call(call) if is_maker(&reader.ty(call.callee)) => Some((id, call.args.first()?.value)),
        _ => None,
    });
    calls.collect()
}

/// Properties of objects that hand `table` on.
pub fn handed(reader: &Reader<'_>) -> Vec<Handed> {
    let module = reader.module;
    let objects = module.exprs().filter_map(|(_, kind)| match kind {
        ExprKind::Object(props) => Some(props),
        _ => None,
    });
    objects
        .flat_map(|props| {
            let has = |name: &str| props.iter().any(|prop| matches!(&prop.key, Key::Name(key) if &**key == name));
            let is_value = |kind: PropKind| matches!(kind, PropKind::KeyValue | PropKind::Shorthand);
            let hands_on = move |prop: &&Prop| is_value(prop.kind) && is_factory(&reader.ty(prop.value));
            props.iter().filter(hands_on).map(move |prop| Handed {
                prop: (prop.start, prop.end),
                from: handed_from(reader, prop.value),
                has_orm: has("orm"),
                has_normalizer: has("normalizeId"),
            })
        })
        .collect()
}

fn handed_from(reader: &Reader<'_>, value: ExprId) -> HandedFrom {
    let value = reader.module.bare(value);
    let of_context = |context: Option<ExprId>| match context.filter(|context| is_simple(reader.module, *context)) {
        Some(context) => HandedFrom::Context(context),
        None => HandedFrom::Unknown,
    };
    match reader.module.expr(value) {
        ExprKind::Call(_) => of_context(context_of(reader, value)),
        ExprKind::Member { object, .. } if is_simple(reader.module, *object) => HandedFrom::Object(*object),
        ExprKind::Local(binding) => {
            let declared = reader.module.binding(*binding);
            match declared.kind {
                BindingKind::Const(Some(init)) if declared.path.is_empty() && in_reach(reader, init, value) => {
                    of_context(context_of(reader, init))
                }
                _ => HandedFrom::Unknown,
            }
        }
        _ => HandedFrom::Unknown,
    }
}

/// Constants and parameters that hold `table`.
pub fn held(reader: &Reader<'_>) -> Vec<Held> {
    let module = reader.module;
    let ids = (0..module.bindings.len() as u32).map(BindingId);
    ids.filter_map(|binding| {
        let declared = module.binding(binding);
        let is_plain = declared.writes.is_empty() && declared.default.is_none() && declared.ty.is_none();
        let may_hold = matches!(declared.kind, BindingKind::Const(Some(_)) | BindingKind::Param(..));
        if !is_plain || !may_hold || !is_factory(&reader.infer.binding(reader.file, binding)) {
            return None;
        }
        let by = match (declared.kind, &*declared.path) {
            (BindingKind::Const(Some(init)), []) => {
                let context = context_of(reader, init).filter(|context| is_simple(module, *context))?;
                HeldBy::Value { init, context }
            }
            (BindingKind::Const(Some(_)) | BindingKind::Param(..), [Step::Key(_)]) if !module.is_of_module(binding) => HeldBy::Pattern,
            _ => return None,
        };
        Some(Held { binding, by })
    })
    .collect()
}

/// Where the ORM is, for a call.
pub fn handle(reader: &Reader<'_>, chain: &Chain) -> Option<Handle> {
    let Base::Table { factory, .. } = chain.base else { return near(reader, chain.top) };
    let factory = reader.module.bare(factory);
    // Where a constant stands for the chain, what it begins with may not be in reach.
    let is_near =
        |id: ExprId| reader.module.enclosing_func(id) == reader.module.enclosing_func(chain.top) || in_reach(reader, id, chain.top);
    if !is_near(factory) {
        return None;
    }
    match reader.module.expr(factory) {
        ExprKind::Member { object, .. } => Some(Handle::Object(*object)),
        ExprKind::Local(binding) => held(reader).into_iter().find(|held| held.binding == *binding).map(|held| Handle::Held(held.binding)),
        ExprKind::Call(_) => context_of(reader, factory).filter(|context| is_simple(reader.module, *context)).map(Handle::Source),
        _ => None,
    }
}

/// Whether the database of Convex can be had where the handle is.
pub fn has_database(reader: &Reader<'_>, handle: &Handle) -> bool {
    let context = match handle {
        Handle::Object(context) | Handle::Source(context) => *context,
        Handle::Held(binding) => match held(reader).into_iter().find(|held| held.binding == *binding).map(|held| held.by) {
            Some(HeldBy::Value { context, .. }) => context,
            _ => return false,
        },
        Handle::Name(_) | Handle::Given(_) => return false,
    };
    match reader.ty(context) {
        Ty::Ctx(ctx) => !ctx.custom.open && ctx.custom.field("db").is_none_or(|field| field.ty == Ty::Db),
        _ => false,
    }
}

/// A name in reach that has the `table` of ents, or holds it; else that of a context of Convex's own.
fn near(reader: &Reader<'_>, at: ExprId) -> Option<Handle> {
    let module = reader.module;
    let start = module.span(at).start;
    let held = held(reader);
    let mut given = None;
    for func in functions_around(module, at) {
        let params = module.func(func).params.iter().flat_map(|param| module.bindings_in(param.bindings));
        let consts = match &module.func(func).body {
            Body::Block { stmts, .. } => stmts
                .iter()
                .filter_map(|stmt| match stmt {
                    Stmt::Var { first, end, .. } => Some((*first, *end)),
                    _ => None,
                })
                .flat_map(|range| module.bindings_in(range))
                .filter(|binding| module.binding(*binding).end < start && matches!(module.binding(*binding).kind, BindingKind::Const(_)))
                .collect(),
            _ => Vec::new(),
        };
        for binding in consts.into_iter().rev().chain(params) {
            if held.iter().any(|held| held.binding == binding) {
                return Some(Handle::Held(binding));
            }
            let is_context = match reader.infer.binding(reader.file, binding) {
                Ty::Ctx(ctx) => ctx.custom.fields.iter().any(|field| is_factory(&field.ty) && &*field.name == "table"),
                _ => false,
            };
            if is_context {
                return Some(Handle::Name(module.binding(binding).name.clone()));
            }
            if given.is_none() && module.binding(binding).writes.is_empty() && is_plain_context(&reader.infer.binding(reader.file, binding))
            {
                given = Some(Handle::Given(module.binding(binding).name.clone()));
            }
        }
    }
    given
}

/// A context of a query or a mutation, with the database that Convex puts there.
fn is_plain_context(ty: &Ty) -> bool {
    let Ty::Ctx(ctx) = ty else { return false };
    let has_database = ctx.custom.field("db").is_none() && !ctx.custom.open;
    has_database && matches!(ctx.kind, Some(FunctionKind::Query | FunctionKind::Mutation))
}

pub fn is_factory(ty: &Ty) -> bool {
    matches!(ty, Ty::Ents(ents) if ents.form == EntsForm::Factory)
}

fn is_maker(ty: &Ty) -> bool {
    matches!(ty, Ty::External(external) if external.is("convex-ents", &["entsTableFactory"]))
}

/// The context that a call yields `table` for: `entsTableFactory(ctx, …)`, or a function that returns nothing else.
fn context_of(reader: &Reader<'_>, call: ExprId) -> Option<ExprId> {
    let call = reader.module.call(reader.module.bare(call))?;
    match reader.ty(call.callee) {
        ty if is_maker(&ty) => Some(call.args.first()?.value),
        Ty::Function(at) => {
            let given = call.args.get(maker_parameter(reader, at)?)?;
            (!given.spread).then_some(given.value)
        }
        _ => None,
    }
}

/// The parameter that a function gives to `entsTableFactory`, where it returns what that yields.
fn maker_parameter(reader: &Reader<'_>, at: FunctionAt) -> Option<usize> {
    let module = reader.infer.hir(at.file);
    let call = module.call(module.bare(module.func(at.func).body.value()?))?;
    let ExprKind::Local(given) = module.expr(module.bare(call.args.first()?.value)) else { return None };
    let is_made = is_maker(&reader.infer.expr(at.file, call.callee)) && !module.func(at.func).is_async;
    match module.binding(*given).kind {
        BindingKind::Param(func, index) if is_made && func == at.func && module.binding(*given).path.is_empty() => Some(index as usize),
        _ => None,
    }
}

/// The tables that a call on something unknown may be about, by what it names: an edge, or fields.
pub fn tables_with(reader: &Reader<'_>, schema: &Schema, method: &str, argument: ExprId) -> Vec<Name> {
    let has_edge = |table: &TableTy, name: &str| table.edges.iter().any(|edge| &*edge.name == name);
    let has_field = |table: &TableTy, name: &str| match &table.document {
        Ty::Object(document) => document.open || document.field(name).is_some(),
        _ => true,
    };
    let names: Vec<Name> = match method {
        "edge" | "edgeX" => reader.module.constant(argument).cloned().into_iter().collect(),
        _ => reader
            .module
            .as_object(argument)
            .unwrap_or_default()
            .iter()
            .filter_map(|prop| match &prop.key {
                Key::Name(name) => Some(name.clone()),
                _ => None,
            })
            .collect(),
    };
    let fits = |table: &TableTy| match method {
        "edge" | "edgeX" => names.iter().all(|name| has_edge(table, name)),
        _ => names.iter().all(|name| has_edge(table, name) || has_field(table, name)),
    };
    schema.tables.iter().filter(|table| fits(&table.definition)).map(|table| table.name.clone()).collect()
}

//! Whether nothing is written between two places of a function that may write: what is called there is known to only read, or to compute.
//!
//! Whatever is not known may write.

use crate::codemods::functions::reader::Reader;
use crate::model::hir::{Call, ExprId, ExprKind, FuncId, Module, Name};
use crate::model::ty::Ty;

pub fn is_quiet(reader: &Reader<'_>, func: Option<FuncId>, (start, end): (u32, u32)) -> bool {
    let module = reader.module;
    let Some(func) = func else { return false };
    let is_between = |id: ExprId| {
        let span = module.span(id);
        start < span.end && span.start < end
    };
    module.exprs_of(func).filter(|(id, _)| is_between(*id)).all(|(id, kind)| match kind {
        ExprKind::Call(call) => is_quiet_call(reader, id, call) || module.span(id).start < start,
        ExprKind::New(made) => matches!(module.expr(module.bare(made.callee)), ExprKind::Global(_)),
        // What a class, a template with a tag or JSX does is not known.
        ExprKind::Opaque(_) | ExprKind::Import(_) => false,
        _ => true,
    })
}

fn is_quiet_call(reader: &Reader<'_>, id: ExprId, call: &Call) -> bool {
    let module = reader.module;
    // A function from elsewhere may do anything.
    let is_inline = |value: ExprId| module.as_func(value).is_some() || is_data(reader, value);
    if !call.args.iter().all(|argument| is_inline(argument.value)) {
        return false;
    }
    match module.method(id) {
        Some((_, object, method)) => match reader.ty(object) {
            Ty::Db => matches!(&**method, "get" | "query" | "normalizeId"),
            Ty::Query(_) | Ty::RangeBuilder | Ty::FilterBuilder => true,
            Ty::CtxPart(part) => &*part == "storage" && matches!(&**method, "getUrl" | "getMetadata"),
            Ty::Ctx(_) => false,
            _ => is_of_language(module, object) || LIST_METHODS.contains(&&**method),
        },
        None => matches!(module.expr(module.bare(call.callee)), ExprKind::Global(_)),
    }
}

/// Whether a value is no function that could be called.
fn is_data(reader: &Reader<'_>, value: ExprId) -> bool {
    let module = reader.module;
    match module.expr(module.bare(value)) {
        ExprKind::Local(_) | ExprKind::Member { .. } => {
            !matches!(reader.ty(value), Ty::Function(_) | Ty::Unknown | Ty::External(_) | Ty::Ctx(_) | Ty::Db | Ty::Any)
        }
        ExprKind::Global(name) => is_plain_global(name),
        _ => true,
    }
}

/// `Boolean` and the like, as a callback.
fn is_plain_global(name: &Name) -> bool {
    matches!(&**name, "undefined" | "Boolean" | "String" | "Number" | "Infinity" | "NaN")
}

fn is_of_language(module: &Module, object: ExprId) -> bool {
    match module.expr(module.bare(object)) {
        ExprKind::Global(name) => {
            matches!(&**name, "Promise" | "Math" | "Object" | "Array" | "JSON" | "Date" | "console" | "Number" | "String")
        }
        _ => false,
    }
}

/// What lists, texts, maps and sets have, by whatever name they go.
const LIST_METHODS: &[&str] = &[
    "add",
    "at",
    "concat",
    "entries",
    "every",
    "filter",
    "find",
    "findIndex",
    "flat",
    "flatMap",
    "forEach",
    "has",
    "includes",
    "indexOf",
    "join",
    "keys",
    "map",
    "push",
    "reduce",
    "reverse",
    "set",
    "slice",
    "some",
    "sort",
    "split",
    "startsWith",
    "then",
    "toLowerCase",
    "toSorted",
    "toString",
    "toUpperCase",
    "trim",
    "values",
];

//! Calls of what Convex and other packages offer: `v.id(…)`, `ctx.scheduler.runAfter(…)`, `db.insert(…)`, `fetch(…)`.

use std::sync::Arc;

use super::hir::{ExprId, ExprKind, Name};
use super::infer::Infer;
use super::ty::{External, Ty};
use crate::source::{FileId, Span};

/// A call of something that the project does not define.
#[derive(Debug)]
pub struct PlatformCall {
    pub file: FileId,
    pub call: ExprId,
    pub span: Span,
    pub callee: Callee,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Callee {
    /// A function of a package; of the language itself where the module is `global`.
    External(Arc<External>),
    /// `ctx.runQuery`, `ctx.storage.getUrl`, …: the path after `ctx`.
    Context(Name),
    /// A method of the database: `get`, `insert`, `patch`, …
    Db(Name),
    /// A method on a query that no query has, as `delete`.
    Query(Name),
}

/// The methods of contexts, databases and what hangs on them.
const PLATFORM_METHODS: [&str; 25] = [
    "query",
    "get",
    "insert",
    "patch",
    "replace",
    "delete",
    "count",
    "normalizeId",
    "runQuery",
    "runMutation",
    "runAction",
    "vectorSearch",
    "getUserIdentity",
    "getUrl",
    "getMetadata",
    "generateUploadUrl",
    "store",
    "cancel",
    "runAfter",
    "runAt",
    "collect",
    "take",
    "first",
    "unique",
    "paginate",
];

/// The validators that name a table, or that Convex does not have any more.
const VALIDATORS: [&str; 4] = ["id", "bigint", "map", "set"];

/// The calls of one file, in source order. Of validators only those that rules ask for; calls on an object that a function made itself are left out.
pub(super) fn read(infer: &Infer<'_>, file: FileId) -> Vec<PlatformCall> {
    let module = infer.hir(file);
    let mut found = Vec::new();
    for (id, kind) in module.exprs() {
        let (ExprKind::Call(call) | ExprKind::New(call)) = kind else { continue };
        // Validators are everywhere, and few of them are asked for.
        if module.validator_method(call).is_some_and(|method| !VALIDATORS.contains(&&**method)) {
            continue;
        }
        // What a function has in its own variables is asked for only where the method can be Convex's.
        let method = module.method(id).map(|(_, _, method)| &**method);
        if module.begins_locally(call.callee) && !method.is_some_and(|m| PLATFORM_METHODS.contains(&m)) {
            continue;
        }
        let callee = match infer.expr(file, call.callee) {
            Ty::External(external) => Some(Callee::External(external)),
            Ty::CtxPart(part) => Some(Callee::Context(part)),
            _ => module.method(id).and_then(|(_, object, method)| match infer.expr(file, object).non_null() {
                Ty::Db if &**method != "query" => Some(Callee::Db(method.clone())),
                Ty::Query(_) if matches!(&**method, "delete" | "patch" | "replace" | "insert" | "count") => {
                    Some(Callee::Query(method.clone()))
                }
                _ => None,
            }),
        };
        if let Some(callee) = callee {
            found.push(PlatformCall { file, call: id, span: module.span(id), callee });
        }
    }
    found
}

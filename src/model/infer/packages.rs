//! Tables and validators that published packages export as values: Convex Auth's tables, the small ones of convex-helpers.

use std::sync::Arc;

use crate::model::hir::Name;
use crate::model::ty::{External, Field, Index, IndexKind, TableFlavor, TableTy, Ty, Validator};
use crate::source::Span;

/// The validator, or the object of them, that a name of a package stands for.
pub(super) fn value(external: &External) -> Option<Ty> {
    let mut room = Default::default();
    let path = external.parts(&mut room);
    match (&*external.module, path) {
        ("convex-helpers/validators", ["deprecated"]) => {
            Some(Ty::Validator(Arc::new(Validator { ty: Ty::Any, optional: true, foreign: false, exact: true })))
        }
        ("convex-helpers/server/sessions", ["vSessionId"]) => Some(Ty::validator(Ty::String)),
        ("convex-helpers/server/sessions", ["SessionIdArg"]) => {
            Some(Ty::object([Field { name: Name::from("sessionId"), ty: Ty::validator(Ty::String), optional: false, span: None }]))
        }
        _ => None,
    }
}

/// What a function of a package yields, whatever it is called with.
pub(super) fn call(module: &str, name: &str) -> Option<Ty> {
    let table = match (module, name) {
        (AUTH, "getAuthUserId") => "users",
        (AUTH, "getAuthSessionId") => "authSessions",
        _ => return None,
    };
    Some(Ty::promise(Ty::union([Ty::Id(Name::from(table)), Ty::Null])))
}

/// The names of the tables in an object of tables.
pub(super) fn tables(external: &External) -> Option<&'static [&'static str]> {
    let is_auth = external.is(AUTH, &["authTables"]);
    is_auth.then_some(&[
        "users",
        "authSessions",
        "authAccounts",
        "authRefreshTokens",
        "authVerificationCodes",
        "authVerifiers",
        "authRateLimits",
    ])
}

const AUTH: &str = "@convex-dev/auth/server";

/// The table that a name of a package stands for; `span` is where the project takes it up.
pub(super) fn table(external: &External, span: Span) -> Option<TableTy> {
    let id = |table: &str| Ty::Id(Name::from(table));
    let mut room = Default::default();
    let path = external.parts(&mut room);
    let name = match (&*external.module, path) {
        ("convex-helpers/server/migrations", ["migrationsTable"]) => "migrations",
        (AUTH, ["authTables", name]) => name,
        _ => return None,
    };
    let (fields, indexes): (Vec<Field>, &[(&str, &[&str])]) = match name {
        "migrations" => (
            [
                all(&["name", "table"], &Ty::String, false),
                all(&["cursor"], &Ty::union([Ty::String, Ty::Null]), false),
                all(&["isDone"], &Ty::Boolean, false),
                all(&["workerId"], &id("_scheduled_functions"), true),
                all(&["processed", "latestStart"], &Ty::Number, false),
                all(&["latestEnd"], &Ty::Number, true),
            ]
            .concat(),
            &[("name", &["name"])],
        ),
        "users" => (
            [
                all(&["name", "image", "email"], &Ty::String, true),
                all(&["emailVerificationTime"], &Ty::Number, true),
                all(&["phone"], &Ty::String, true),
                all(&["phoneVerificationTime"], &Ty::Number, true),
                all(&["isAnonymous"], &Ty::Boolean, true),
            ]
            .concat(),
            &[("email", &["email"]), ("phone", &["phone"])],
        ),
        "authSessions" => {
            ([all(&["userId"], &id("users"), false), all(&["expirationTime"], &Ty::Number, false)].concat(), &[("userId", &["userId"])])
        }
        "authAccounts" => (
            [
                all(&["userId"], &id("users"), false),
                all(&["provider", "providerAccountId"], &Ty::String, false),
                all(&["secret", "emailVerified", "phoneVerified"], &Ty::String, true),
            ]
            .concat(),
            &[("userIdAndProvider", &["userId", "provider"]), ("providerAndAccountId", &["provider", "providerAccountId"])],
        ),
        "authRefreshTokens" => (
            [
                all(&["sessionId"], &id("authSessions"), false),
                all(&["expirationTime"], &Ty::Number, false),
                all(&["firstUsedTime"], &Ty::Number, true),
                all(&["parentRefreshTokenId"], &id("authRefreshTokens"), true),
            ]
            .concat(),
            &[("sessionId", &["sessionId"]), ("sessionIdAndParentRefreshTokenId", &["sessionId", "parentRefreshTokenId"])],
        ),
        "authVerificationCodes" => (
            [
                all(&["accountId"], &id("authAccounts"), false),
                all(&["provider", "code"], &Ty::String, false),
                all(&["expirationTime"], &Ty::Number, false),
                all(&["verifier", "emailVerified", "phoneVerified"], &Ty::String, true),
            ]
            .concat(),
            &[("accountId", &["accountId"]), ("code", &["code"])],
        ),
        "authVerifiers" => (
            [all(&["sessionId"], &id("authSessions"), true), all(&["signature"], &Ty::String, true)].concat(),
            &[("signature", &["signature"])],
        ),
        "authRateLimits" => (
            [all(&["identifier"], &Ty::String, false), all(&["lastAttemptTime", "attemptsLeft"], &Ty::Number, false)].concat(),
            &[("identifier", &["identifier"])],
        ),
        _ => return None,
    };
    let index = |(name, fields): &(&str, &[&str])| Index {
        kind: IndexKind::Db,
        name: Name::from(*name),
        name_span: span,
        fields: Some(fields.iter().map(|f| Name::from(*f)).collect()),
        span,
        staged: false,
        unique: false,
        dimensions: None,
    };
    let implied = indexes.iter().map(index).collect();
    Some(TableTy { document: Ty::object(fields), implied, open: false, ..TableTy::unknown(TableFlavor::Package, span) })
}

fn all(names: &[&str], ty: &Ty, optional: bool) -> Vec<Field> {
    names.iter().map(|name| Field { name: Name::from(*name), ty: ty.clone(), optional, span: None }).collect()
}

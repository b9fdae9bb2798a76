//! What the functions of Convex, convex-helpers and convex-ents make: validators, tables, schemas, builders.
//!
//! Names and shapes are those of the published packages `convex`, `convex-helpers` and `convex-ents`.

use std::sync::Arc;

use super::tables::ent;
use super::values::with_system_fields;
use super::{Infer, orm, packages};
use crate::model::hir::{Call, ExprId, Name};
use crate::model::ty::{Builder, External, Field, Flavor, FunctionKind, Object, TableFlavor, Ty, Validator, Visibility};
use crate::source::FileId;

const ENTS: &str = "convex-ents";

impl Infer<'_> {
    /// What a name of a package stands for by itself.
    pub(super) fn external_value(&self, external: External) -> Ty {
        let module = &*external.module;
        if module == "_generated/api"
            && let [root, rest @ ..] = &external.path[..]
        {
            return Ty::Reference(std::iter::once(root).chain(rest).cloned().collect());
        }
        if let [name] = &external.path[..]
            && let Some(builder) = own_builder(module, name)
        {
            return Ty::Builder(builder);
        }
        if let ("global", [process, env, _]) = (module, &external.path[..])
            && (&**process, &**env) == ("process", "env")
        {
            return Ty::union([Ty::String, Ty::Undefined]);
        }
        packages::value(&external).unwrap_or_else(|| Ty::External(Arc::new(external)))
    }

    pub(super) fn call_external(&self, file: FileId, id: ExprId, call: &Call, external: &External) -> Ty {
        let arg = |i: usize| call.args.get(i).map_or(Ty::Undefined, |a| self.expr(file, a.value));
        let mut room = Default::default();
        let path = external.parts(&mut room);
        match (&*external.module, path) {
            ("global", path) => self.call_global(file, call, path),
            ("instance", ["Date", method]) => match *method {
                "getTime" | "valueOf" | "getFullYear" | "getMonth" | "getDate" | "getDay" | "getHours" | "getMinutes" | "getSeconds" => {
                    Ty::Number
                }
                name if name.starts_with("to") => Ty::String,
                name if name.starts_with("getUTC") || name.starts_with("set") => Ty::Number,
                _ => Ty::Unknown,
            },
            ("instance", ["Map" | "Set", "has" | "delete"]) => Ty::Boolean,
            ("convex-helpers/validators", ["typedV"]) => self.external("convex/values", [Name::from("v")]),
            ("convex/values", ["v", kind]) => self.validator_call(file, call, kind),
            ("convex/server", ["cronJobs" | "httpRouter"]) => Ty::External(Arc::new(external.clone())),
            ("convex/server", ["defineTable"]) => self.define_table(file, id, call, TableFlavor::Plain),
            ("convex/server", ["defineSchema"]) | (ENTS, ["defineEntSchema"]) => self.define_schema(file, id, call, &[]),
            (module, path) if orm::is_orm(module) => self.call_orm(file, id, call, path),
            (ENTS, ["defineEnt"]) => self.define_table(file, id, call, TableFlavor::Ent),
            (ENTS, ["defineEntFromTable"]) => match self.as_table(&arg(0), self.hir(file).span(id)) {
                Some(table) => ent(&table),
                None => Ty::Unknown,
            },
            (ENTS, ["defineEntsFromTables"]) => self.ents_of(file, call),
            (ENTS, ["getEntDefinitions" | "addEntRules" | "entsTableFactory"]) => self.ents_value(file, call, path[0]),
            ("convex-helpers/server/customFunctions", ["customQuery" | "customMutation" | "customAction"]) => {
                self.custom_builder(file, id, &arg(0), path, Flavor::Custom)
            }
            (_, ["zCustomQuery" | "zCustomMutation" | "zCustomAction"]) => self.custom_builder(file, id, &arg(0), path, Flavor::Zod),
            (module, [name]) if packages::call(module, name).is_some() => packages::call(module, name).unwrap_or(Ty::Unknown),
            (module, [name]) if module.starts_with("convex-helpers") => self.call_helper(file, call, name),
            _ => {
                let _ = &arg;
                self.register_by_shape(file, id, call)
            }
        }
    }

    fn custom_builder(&self, file: FileId, id: ExprId, base: &Ty, path: &[&str], flavor: Flavor) -> Ty {
        let made_by = Some((file, id));
        match base {
            Ty::Builder(builder) => {
                Ty::Builder(Builder { flavor: if builder.flavor == Flavor::Zod { Flavor::Zod } else { flavor }, made_by, ..*builder })
            }
            // Wrapped around something unreadable: the wrapper's own name says the kind.
            _ => {
                let kind = match path.last() {
                    Some(name) if name.ends_with("Query") => FunctionKind::Query,
                    Some(name) if name.ends_with("Mutation") => FunctionKind::Mutation,
                    _ => FunctionKind::Action,
                };
                Ty::Builder(Builder { kind, visibility: Visibility::Unknown, flavor, made_by })
            }
        }
    }

    fn call_global(&self, file: FileId, call: &Call, path: &[&str]) -> Ty {
        let arg = |i: usize| call.args.get(i).map_or(Ty::Undefined, |a| self.expr(file, a.value));
        match path {
            ["Promise", "all"] => match arg(0) {
                Ty::Tuple(items) => Ty::promise(Ty::Tuple(items.iter().map(Ty::awaited).collect())),
                Ty::Array(element) => Ty::promise(Ty::array(element.awaited())),
                _ => Ty::Unknown,
            },
            ["Promise", "resolve"] => Ty::promise(arg(0).awaited()),
            ["Math", _] | ["Date", "now" | "parse"] | ["Number" | "parseInt" | "parseFloat"] | ["Number", "parseInt" | "parseFloat"] => {
                Ty::Number
            }
            ["String"]
            | ["JSON", "stringify"]
            | ["crypto", "randomUUID"]
            | ["encodeURIComponent" | "decodeURIComponent" | "btoa" | "atob"] => Ty::String,
            ["Boolean" | "isNaN" | "isFinite"] | ["Array", "isArray"] | ["Number", "isFinite" | "isInteger" | "isNaN"] => Ty::Boolean,
            ["BigInt"] => Ty::Int64,
            ["Object", "keys"] => Ty::array(Ty::String),
            ["Object", "values"] => match arg(0) {
                Ty::Record(pair) => Ty::array(pair.1.clone()),
                _ => Ty::Unknown,
            },
            ["Object", "freeze"] => arg(0),
            ["Array", "from"] if call.args.len() == 1 => match arg(0) {
                list @ (Ty::Array(_) | Ty::Tuple(_)) => Ty::array(self.element(&list)),
                _ => Ty::Unknown,
            },
            _ => Ty::Unknown,
        }
    }

    pub(super) fn validator_call(&self, file: FileId, call: &Call, kind: &str) -> Ty {
        let arg = |i: usize| call.args.get(i).map_or(Ty::Undefined, |a| self.expr(file, a.value));
        let inner = |i: usize| self.validator_of(&arg(i)).map_or(Ty::Unknown, |v| v.ty);
        let exact = self.is_decided(file, call, kind);
        let ty = match kind {
            "string" => Ty::String,
            "number" | "float64" => Ty::Number,
            "boolean" => Ty::Boolean,
            "int64" | "bigint" => Ty::Int64,
            "bytes" => Ty::Bytes,
            "null" => Ty::Null,
            "any" => Ty::Any,
            "id" => arg(0).as_str().map_or(Ty::Unknown, |table| Ty::Id(table.clone())),
            "literal" => match arg(0) {
                Ty::Literal(literal, _) => Ty::Literal(literal, true),
                Ty::Int64 => Ty::Int64,
                // One of some constants: `xs.map((x) => v.literal(x))`.
                ty => Ty::union(ty.members().iter().map(|m| match m {
                    Ty::Literal(literal, _) => Ty::Literal(literal.clone(), true),
                    _ => Ty::Unknown,
                })),
            },
            // Of convex-helpers' `typedV(schema)`.
            "doc" => arg(0).as_str().map_or(Ty::Unknown, |table| Ty::Doc(table.clone())),
            "array" => Ty::array(inner(0)),
            "object" => self.object_of_validators(&arg(0)).unwrap_or(Ty::Unknown),
            "record" => Ty::Record(Arc::new((inner(0), inner(1)))),
            "union" => {
                let member = |a: &crate::model::hir::Arg| {
                    let ty = self.expr(file, a.value);
                    if a.spread { self.element(&ty) } else { ty }
                };
                let members: Vec<Ty> = call.args.iter().map(member).flat_map(|t| t.members().to_vec()).collect();
                Ty::union(members.iter().map(|m| self.validator_of(m).map_or(Ty::Unknown, |v| v.ty)))
            }
            "optional" => {
                let of = self.validator_of(&arg(0)).map_or(Ty::Unknown, |v| v.ty);
                return Ty::Validator(Arc::new(Validator { ty: of, optional: true, foreign: false, exact }));
            }
            _ => Ty::Unknown,
        };
        Ty::Validator(Arc::new(Validator { ty, optional: false, foreign: false, exact }))
    }

    /// Whether the arguments of `v.<kind>(…)` decide what it is, and do not only say what it may be.
    fn is_decided(&self, file: FileId, call: &Call, kind: &str) -> bool {
        let given = |a: &crate::model::hir::Arg| self.expr(file, a.value);
        match kind {
            "array" | "record" | "optional" | "object" => call.args.iter().all(|a| !a.spread && is_exact(&given(a))),
            "union" => call.args.iter().all(|a| match given(a) {
                Ty::Tuple(items) if a.spread => items.iter().all(is_exact),
                ty => !a.spread && is_exact(&ty),
            }),
            "literal" => call.args.iter().all(|a| matches!(given(a), Ty::Literal(..))),
            "doc" => false,
            _ => true,
        }
    }

    /// `validator.extend({ … })`, `.omit(…)`, `.pick(…)`, `.partial()` of convex/values.
    pub(super) fn validator_method(&self, file: FileId, call: &Call, validator: &Validator, method: &str) -> Ty {
        let Ty::Object(object) = &validator.ty else { return Ty::Unknown };
        let names: Vec<Name> = call.args.iter().filter_map(|a| self.expr(file, a.value).as_str().cloned()).collect();
        let mut object = (**object).clone();
        let exact = validator.exact && (method != "extend" || call.args.iter().all(|a| is_exact(&self.expr(file, a.value))));
        match method {
            "extend" => match call.args.first().and_then(|a| self.object_of_validators(&self.expr(file, a.value))) {
                Some(Ty::Object(more)) => {
                    more.fields.iter().for_each(|f| object.set(f.clone()));
                    object.open |= more.open;
                }
                _ => return Ty::Unknown,
            },
            "omit" if names.len() == call.args.len() => object.fields.retain(|f| !names.contains(&f.name)),
            "pick" if names.len() == call.args.len() => object.fields.retain(|f| names.contains(&f.name)),
            "partial" => object.fields.iter_mut().for_each(|f| f.optional = true),
            _ => return Ty::Unknown,
        }
        Ty::Validator(Arc::new(Validator { ty: Ty::Object(Arc::new(object)), exact, ..validator.clone() }))
    }

    /// The validator that a value is: itself, or an object of validators taken as one.
    pub fn validator_of(&self, ty: &Ty) -> Option<Validator> {
        match ty {
            Ty::Validator(validator) => Some((**validator).clone()),
            Ty::Object(_) => Some(Validator { ty: self.object_of_validators(ty)?, optional: false, foreign: false, exact: is_exact(ty) }),
            // One or the other: it admits what either does.
            Ty::Union(members) => {
                let all = members.iter().map(|m| self.validator_of(m)).collect::<Option<Vec<Validator>>>()?;
                Some(Validator {
                    optional: all.iter().any(|v| v.optional),
                    foreign: all.iter().any(|v| v.foreign),
                    exact: false,
                    ty: Ty::union(all.into_iter().map(|v| v.ty)),
                })
            }
            _ => None,
        }
    }

    /// The type that `{ field: validator, … }` (or `v.object` of it) describes.
    pub fn object_of_validators(&self, ty: &Ty) -> Option<Ty> {
        match ty {
            Ty::Validator(validator) if matches!(validator.ty, Ty::Object(_) | Ty::Union(_)) => Some(validator.ty.clone()),
            Ty::Object(object) => {
                let fields = object.fields.iter().map(|f| match &f.ty {
                    Ty::Validator(v) => Field { ty: v.ty.clone(), optional: v.optional || f.optional, ..f.clone() },
                    Ty::Union(_) => match self.validator_of(&f.ty) {
                        Some(v) => Field { ty: v.ty, optional: v.optional || f.optional, ..f.clone() },
                        None => Field { ty: Ty::Unknown, ..f.clone() },
                    },
                    _ => Field { ty: Ty::Unknown, ..f.clone() },
                });
                Some(Ty::Object(Arc::new(Object { fields: fields.collect(), open: object.open })))
            }
            _ => None,
        }
    }

    /// Functions of convex-helpers that make or change validators, or read documents.
    fn call_helper(&self, file: FileId, call: &Call, name: &str) -> Ty {
        let arg = |i: usize| call.args.get(i).map_or(Ty::Undefined, |a| self.expr(file, a.value));
        let validator = |i: usize| self.validator_of(&arg(i)).map_or(Ty::Unknown, |v| v.ty);
        match name {
            "literals" => {
                let literal = |a: &crate::model::hir::Arg| match self.expr(file, a.value) {
                    Ty::Literal(literal, _) if !a.spread => Ty::Literal(literal, true),
                    list @ (Ty::Tuple(_) | Ty::Array(_)) if a.spread => match self.element(&list) {
                        Ty::Unknown => Ty::Unknown,
                        ty => Ty::union(ty.members().iter().map(|m| match m {
                            Ty::Literal(literal, _) => Ty::Literal(literal.clone(), true),
                            _ => Ty::Unknown,
                        })),
                    },
                    _ => Ty::Unknown,
                };
                let exact = call.args.iter().all(|a| match self.expr(file, a.value) {
                    Ty::Tuple(items) if a.spread => items.iter().all(|i| matches!(i, Ty::Literal(..))),
                    ty => !a.spread && matches!(ty, Ty::Literal(..)),
                });
                let ty = Ty::union(call.args.iter().map(literal));
                Ty::Validator(Arc::new(Validator { ty, optional: false, foreign: false, exact }))
            }
            "nullable" => {
                let (ty, exact) = (Ty::union([validator(0), Ty::Null]), is_exact(&arg(0)));
                Ty::Validator(Arc::new(Validator { ty, optional: false, foreign: false, exact }))
            }
            "brandedString" => Ty::validator(Ty::String),
            "pretend" | "pretendRequired" => {
                Ty::Validator(Arc::new(Validator { ty: Ty::Any, optional: true, foreign: false, exact: true }))
            }
            "Table" => self.table_of_helpers(file, call),
            // What a zod schema admits is not read, but the fields are named.
            "zodToConvexFields" | "zodOutputToConvexFields" => match arg(0) {
                Ty::Object(object) => {
                    let foreign = || Ty::Validator(Arc::new(Validator { ty: Ty::Unknown, optional: true, foreign: true, exact: false }));
                    let fields = object.fields.iter().map(|f| Field { ty: foreign(), ..f.clone() }).collect();
                    Ty::Object(Arc::new(Object { fields, open: object.open }))
                }
                _ => Ty::Unknown,
            },
            "partial" => match arg(0) {
                Ty::Object(object) => Ty::Object(Arc::new(Object {
                    fields: object.fields.iter().map(|f| Field { ty: optional_validator(&f.ty), ..f.clone() }).collect(),
                    open: object.open,
                })),
                _ => Ty::Unknown,
            },
            "pick" | "omit" => match (arg(0), arg(1)) {
                (Ty::Object(object), Ty::Tuple(names)) => {
                    let named = |f: &Field| names.iter().any(|n| n.as_str() == Some(&f.name));
                    let fields = object.fields.iter().filter(|f| named(f) == (name == "pick")).cloned().collect();
                    Ty::Object(Arc::new(Object { fields, open: object.open }))
                }
                _ => Ty::Unknown,
            },
            "systemFields" | "withSystemFields" => {
                let Some(table) = arg(0).as_str().cloned() else { return Ty::Unknown };
                let base = if name == "systemFields" { Ty::Object(Arc::default()) } else { arg(1) };
                let Ty::Object(mut object) = base else { return Ty::Unknown };
                let system = |name: &str, ty| Field { name: Name::from(name), ty: Ty::validator(ty), optional: false, span: None };
                let fields = Arc::make_mut(&mut object);
                fields.set(system("_id", Ty::Id(table)));
                fields.set(system("_creationTime", Ty::Number));
                Ty::Object(object)
            }
            "doc" => match (arg(0), arg(1).as_str()) {
                (Ty::Schema(schema), Some(name)) => match schema.tables.iter().find(|(n, ..)| n == name) {
                    Some((_, _, table)) => Ty::validator(with_system_fields(&table.document, name)),
                    None => Ty::Unknown,
                },
                _ => Ty::Unknown,
            },
            "asyncMap" => match call.args.get(1) {
                Some(callback) => match self.callback_result(file, callback).awaited() {
                    Ty::Unknown => Ty::Unknown,
                    ty => Ty::promise(Ty::array(ty)),
                },
                None => Ty::Unknown,
            },
            "wrapDatabaseReader" | "wrapDatabaseWriter" | "customDatabaseReader" => Ty::Db,
            _ => Ty::Unknown,
        }
    }
}

/// Whether the value is a validator, or an object of them, that the source decides: no condition, no list in between.
pub(super) fn is_exact(ty: &Ty) -> bool {
    match ty {
        Ty::Validator(validator) => validator.exact,
        Ty::Object(object) => !object.open && object.fields.iter().all(|f| !f.optional && is_exact(&f.ty)),
        _ => false,
    }
}

fn optional_validator(ty: &Ty) -> Ty {
    match ty {
        Ty::Validator(validator) => Ty::Validator(Arc::new(Validator { optional: true, ..(**validator).clone() })),
        _ => Ty::Unknown,
    }
}

/// Convex's own registrars.
fn own_builder(module: &str, name: &str) -> Option<Builder> {
    let bare = match module {
        "_generated/server" => name,
        "convex/server" => name.strip_suffix("Generic")?,
        _ => return None,
    };
    let (kind, visibility) = match bare {
        "query" => (FunctionKind::Query, Visibility::Public),
        "mutation" => (FunctionKind::Mutation, Visibility::Public),
        "action" => (FunctionKind::Action, Visibility::Public),
        "internalQuery" => (FunctionKind::Query, Visibility::Internal),
        "internalMutation" => (FunctionKind::Mutation, Visibility::Internal),
        "internalAction" => (FunctionKind::Action, Visibility::Internal),
        "httpAction" => (FunctionKind::HttpAction, Visibility::Public),
        _ => return None,
    };
    Some(Builder { kind, visibility, flavor: Flavor::Plain, made_by: None })
}

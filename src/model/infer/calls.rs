//! Calls: on databases, queries, arrays and strings, of the project's own functions and of packages.

use std::sync::Arc;

use super::Infer;
use super::orm::handed_out;
use crate::model::hir::{Arg, Call, ExprId, ExprKind, Name};
use crate::model::layout;
use crate::model::ty::{Builder, Chain, Field, Flavor, FunctionAt, FunctionKind, Object, SchemaTy, Ty, Visibility};
use crate::source::FileId;

impl Infer<'_> {
    pub(super) fn call(&self, file: FileId, id: ExprId, call: &Call) -> Ty {
        let module = self.hir(file);
        if let Some((_, object, method)) = module.method(id) {
            let base = self.expr(file, object);
            let optional = call.optional || matches!(module.expr(module.bare(call.callee)), ExprKind::Member { optional: true, .. });
            let nullish = base.members().iter().any(|m| matches!(m, Ty::Null | Ty::Undefined));
            if let Some(ty) = self.method(file, id, call, &base.non_null(), method) {
                return if optional && nullish { Ty::union([ty, Ty::Undefined]) } else { ty };
            }
            // Most calls outside of handlers: what `v.string` is by itself, nobody asks.
            if let Ty::External(external) = &base
                && external.is("convex/values", &["v"])
            {
                return self.validator_call(file, call, method);
            }
        }
        match self.expr(file, call.callee) {
            Ty::Function(at) => handed_out(self, self.call_function(file, at, &call.args), at, (file, id)),
            Ty::External(external) => self.call_external(file, id, call, &external),
            Ty::CtxPart(part) => self.call_context(file, &part, call),
            Ty::Ents(ents) => self.call_ents(file, call, &ents),
            Ty::Builder(builder) => self.register(file, id, call, &builder),
            Ty::RelationPart(part) => self.relation(file, id, call, &part),
            Ty::Unknown => self.register_by_shape(file, id, call),
            _ => Ty::Unknown,
        }
    }

    pub(super) fn construct(&self, file: FileId, call: &Call) -> Ty {
        match self.expr(file, call.callee) {
            // An instance is named after its class: `Date`, `Map` and the like are no Convex values.
            Ty::External(external) if &*external.module == "global" => self.external("instance", external.path.iter().cloned()),
            ty @ Ty::External(_) => ty,
            _ => Ty::Unknown,
        }
    }

    /// A method that is known for what it is called on; `None` to look at the callee's own type.
    fn method(&self, file: FileId, id: ExprId, call: &Call, base: &Ty, method: &Name) -> Option<Ty> {
        match base {
            Ty::Db => Some(self.db_method(file, id, call, method)),
            Ty::Query(chain) => Some(query_method(chain, (file, id), method)),
            Ty::Array(_) | Ty::Tuple(_) => self.array_method(file, call, base, method),
            Ty::String | Ty::Id(_) | Ty::Literal(crate::model::ty::Literal::Str(_), _) => string_method(method),
            Ty::Number | Ty::Literal(crate::model::ty::Literal::Num(_), _) => match &**method {
                "toFixed" | "toString" | "toLocaleString" | "toPrecision" => Some(Ty::String),
                _ => None,
            },
            Ty::Boolean if &**method == "toString" => Some(Ty::String),
            Ty::Promise(inner) => match &**method {
                "then" if call.args.len() == 1 => Some(Ty::promise(self.callback_result(file, call.args.first()?).awaited())),
                "finally" => Some(Ty::Promise(inner.clone())),
                _ => Some(Ty::Unknown),
            },
            Ty::Validator(validator) => Some(self.validator_method(file, call, validator, method)),
            Ty::Table(table) => Some(self.table_method(file, id, call, table, method)),
            Ty::Column(column) => Some(self.column_method(file, id, call, column, method)),
            Ty::TablePart(part) => Some(self.part_method(file, id, call, part, method)),
            Ty::RelationPart(part) => Some(self.relation_method(file, id, call, part, method)),
            Ty::Ents(ents) => self.ents_method(file, call, ents, method),
            Ty::Schema(schema) => Some(match (&**method, call.args.first().map(|a| self.expr(file, a.value))) {
                ("doc", Some(Ty::Literal(crate::model::ty::Literal::Str(table), _))) => Ty::validator(Ty::Doc(table)),
                ("doc", _) => Ty::Unknown,
                ("relations" | "triggers", _) => Ty::Schema(schema.clone()),
                // `.extend(…)` and the like of ORMs: the schema, with more to it.
                _ => Ty::Schema(Arc::new(SchemaTy { open: true, ..(**schema).clone() })),
            }),
            Ty::Union(members) if members.iter().all(|m| matches!(m, Ty::Query(_))) => {
                Some(Ty::union(members.iter().filter_map(|m| self.method(file, id, call, m, method))))
            }
            Ty::Union(members) if members.iter().all(|m| matches!(m, Ty::Array(_) | Ty::Tuple(_))) => {
                self.array_method(file, call, base, method)
            }
            _ => None,
        }
    }

    fn db_method(&self, file: FileId, id: ExprId, call: &Call, method: &str) -> Ty {
        let arg = |i: usize| call.args.get(i).map_or(Ty::Undefined, |a| self.expr(file, a.value));
        let table_of = |id: &Ty| match id {
            Ty::Id(table) => Some(table.clone()),
            _ => None,
        };
        match method {
            "query" => Ty::Query(Arc::new(Chain { table: arg(0).as_str().cloned(), origin: (file, id), steps: Vec::new() })),
            "get" => {
                let table = if call.args.len() == 2 { arg(0).as_str().cloned() } else { table_of(&arg(0).non_null()) };
                table.map_or(Ty::Unknown, |table| Ty::promise(Ty::union([Ty::Doc(table), Ty::Null])))
            }
            "insert" => arg(0).as_str().map_or(Ty::Unknown, |table| Ty::promise(Ty::Id(table.clone()))),
            "patch" | "replace" | "delete" => Ty::promise(Ty::Undefined),
            "normalizeId" => arg(0).as_str().map_or(Ty::Unknown, |table| Ty::union([Ty::Id(table.clone()), Ty::Null])),
            _ => Ty::Unknown,
        }
    }

    fn array_method(&self, file: FileId, call: &Call, base: &Ty, method: &str) -> Option<Ty> {
        let element = || self.element(base);
        let same = || Ty::array(element());
        let or_undefined = |ty: Ty| if ty.is_unknown() { ty } else { Ty::union([ty, Ty::Undefined]) };
        let first = call.args.first();
        Some(match method {
            "map" => Ty::array(self.callback_result(file, first?).widened()),
            "flatMap" => {
                let result = self.callback_result(file, first?);
                match &result {
                    Ty::Array(_) | Ty::Tuple(_) => Ty::array(self.element(&result)),
                    Ty::Union(members) if members.iter().all(|m| matches!(m, Ty::Array(_) | Ty::Tuple(_))) => {
                        Ty::array(self.element(&result))
                    }
                    _ => Ty::Unknown,
                }
            }
            "filter" => match first.map(|f| self.expr(file, f.value)) {
                Some(Ty::Function(at)) => Ty::array(self.kept_by(at, element())),
                _ => same(),
            },
            "slice" | "sort" | "reverse" | "toSorted" | "toReversed" | "concat" if method != "concat" => same(),
            "concat" => Ty::array(Ty::union(std::iter::once(element()).chain(call.args.iter().map(|a| match self.expr(file, a.value) {
                list @ (Ty::Array(_) | Ty::Tuple(_)) => self.element(&list),
                _ => Ty::Unknown,
            })))),
            "flat" if call.args.is_empty() => match element() {
                inner @ (Ty::Array(_) | Ty::Tuple(_)) => Ty::array(self.element(&inner)),
                _ => Ty::Unknown,
            },
            "find" | "findLast" | "at" | "pop" | "shift" => or_undefined(element()),
            "some" | "every" | "includes" => Ty::Boolean,
            "indexOf" | "findIndex" | "lastIndexOf" | "findLastIndex" | "push" | "unshift" => Ty::Number,
            "join" | "toString" => Ty::String,
            "forEach" => Ty::Undefined,
            "reduce" if call.args.len() == 2 => {
                let init = self.expr(file, call.args.get(1)?.value).widened();
                let step = self.callback_result(file, first?).widened();
                if matches!(init, Ty::Number | Ty::String | Ty::Boolean) && step == init { init } else { Ty::Unknown }
            }
            _ => Ty::Unknown,
        })
    }

    /// The elements that a filter's callback lets through, as far as the compiler sees it, too: `(x) => x !== null`, but not `Boolean`.
    fn kept_by(&self, at: FunctionAt, element: Ty) -> Ty {
        let module = self.hir(at.file);
        let func = module.func(at.func);
        let (Some(param), crate::model::hir::Body::Expr(body)) = (func.params.first().filter(|p| p.is_name), &func.body) else {
            return element;
        };
        let is_param = |id: ExprId| matches!(module.expr(module.bare(id)), ExprKind::Local(b) if *b == param.bindings.0);
        match module.expr(module.bare(*body)) {
            ExprKind::Binary { op: crate::model::hir::Binary::StrictNe, left, right } if is_param(*left) => {
                match self.expr(at.file, *right) {
                    Ty::Null => element.filtered(|t| *t != Ty::Null),
                    Ty::Undefined => element.filtered(|t| *t != Ty::Undefined),
                    _ => element,
                }
            }
            ExprKind::Binary { op: crate::model::hir::Binary::LooseNe, left, right } if is_param(*left) => match self.expr(at.file, *right)
            {
                Ty::Null | Ty::Undefined => element.non_null(),
                _ => element,
            },
            ExprKind::Unary { op: crate::model::hir::Unary::Not, operand } => match module.expr(module.bare(*operand)) {
                ExprKind::Unary { op: crate::model::hir::Unary::Not, operand } if is_param(*operand) => {
                    // `""` and `0` are let go of as well, so that what remains is no type of its own.
                    let is_exact = element.falsy().members().iter().all(|m| matches!(m, Ty::Null | Ty::Undefined | Ty::Never));
                    if is_exact || func.return_type.is_some() { element.truthy() } else { element }
                }
                _ => element,
            },
            _ => element,
        }
    }

    /// `rows.filter(Boolean)`: the compiler does not see what it lets go of, so this only counts under an assertion that says it.
    pub(super) fn without_falsy(&self, file: FileId, id: ExprId) -> Option<Ty> {
        let module = self.hir(file);
        let ExprKind::Call(call) = module.expr(module.bare(id)) else { return None };
        let (_, object, _) = module.method(module.bare(id)).filter(|(.., method)| &***method == "filter")?;
        let keeps_truthy = match self.expr(file, call.args.first()?.value) {
            Ty::External(external) => external.is("global", &["Boolean"]),
            Ty::Function(at) => {
                let func = self.hir(at.file).func(at.func);
                let param = func.params.first().filter(|p| p.is_name)?;
                let crate::model::hir::Body::Expr(body) = &func.body else { return None };
                matches!(self.hir(at.file).expr(self.hir(at.file).bare(*body)), ExprKind::Local(b) if *b == param.bindings.0)
            }
            _ => false,
        };
        let list = self.expr(file, object);
        (keeps_truthy && matches!(list, Ty::Array(_) | Ty::Tuple(_))).then(|| Ty::array(self.element(&list).truthy()))
    }

    /// What a callback returns, where it is one of the project's functions.
    pub(super) fn callback_result(&self, file: FileId, callback: &Arg) -> Ty {
        match self.expr(file, callback.value) {
            Ty::Function(at) => self.returns(at),
            Ty::External(external) if external.is("global", &["String"]) => Ty::String,
            Ty::External(external) if external.is("global", &["Number"]) => Ty::Number,
            _ => Ty::Unknown,
        }
    }

    fn call_function(&self, file: FileId, at: FunctionAt, args: &[Arg]) -> Ty {
        let func = self.hir(at.file).func(at.func);
        let untyped = func.params.iter().any(|p| p.ty.is_none());
        let given: Vec<Ty> = args.iter().map(|a| if a.spread { Ty::Unknown } else { self.expr(file, a.value) }).collect();
        // Validators, tables and builders carry what the function makes of them; of data its types are enough.
        if untyped || given.iter().any(|ty| carries_definitions(ty) || has_more(ty)) {
            let ty = self.returns_with(at, given.clone());
            if !ty.is_unknown() {
                return ty;
            }
        }
        match self.returns(at) {
            // What a validator or table is made of may come from constants that the function is given.
            made if carries_definitions(&made) && !args.is_empty() => match self.returns_with(at, given) {
                Ty::Unknown => made,
                ty => ty,
            },
            ty => ty,
        }
    }

    fn call_context(&self, file: FileId, part: &str, call: &Call) -> Ty {
        let id = |table: &str| Ty::promise(Ty::Id(Name::from(table)));
        match part {
            "runQuery" | "runMutation" | "runAction" => match call.args.first().map(|a| self.expr(file, a.value)) {
                Some(Ty::Reference(path)) => self.result_of_reference(file, &path),
                _ => Ty::Unknown,
            },
            "auth.getUserIdentity" => Ty::promise(Ty::union([user_identity(), Ty::Null])),
            "storage.getUrl" => Ty::promise(Ty::union([Ty::String, Ty::Null])),
            "storage.generateUploadUrl" => Ty::promise(Ty::String),
            "storage.store" => id("_storage"),
            "storage.delete" | "scheduler.cancel" => Ty::promise(Ty::Undefined),
            "scheduler.runAfter" | "scheduler.runAt" => id("_scheduled_functions"),
            _ => Ty::Unknown,
        }
    }

    /// What calling `internal.a.b` through a context yields: the function's own `returns`.
    fn result_of_reference(&self, file: FileId, path: &[Name]) -> Ty {
        let Some((target, call)) = self.referenced(file, path) else { return Ty::Unknown };
        if let Some(returns) = self.config_entry(target, call, "returns") {
            return self.validator_of(&self.expr(target, returns)).map_or(Ty::Unknown, |v| Ty::promise(v.ty));
        }
        let handler = self.config_entry(target, call, "handler").or_else(|| self.hir(target).call(call)?.args.first().map(|a| a.value));
        let result = handler.and_then(|h| self.function(target, h)).map_or(Ty::Unknown, |at| self.returns(at).awaited());
        // What is sent arrives without `undefined`.
        let arrived = Ty::union(result.members().iter().map(|m| if *m == Ty::Undefined { Ty::Null } else { m.clone() }));
        Ty::promise(arrived)
    }

    /// The registration that `api.a.b` or `internal.a.b` names.
    pub fn referenced(&self, file: FileId, path: &[Name]) -> Option<(FileId, ExprId)> {
        let (root, rest) = path.split_first()?;
        if !matches!(&**root, "api" | "internal") {
            return None;
        }
        let (name, modules) = rest.split_last()?;
        let folder = &self.world.layout.roots.get(self.world.project(file))?.functions;
        let stem = modules.iter().map(|m| &**m).collect::<Vec<&str>>().join("/");
        let target = layout::module_at(&layout::join(folder, &stem), |path| self.world.at_path(path))?;
        match self.exported(target, name) {
            Ty::Registered(file, call) => Some((file, call)),
            _ => None,
        }
    }

    /// The value of a key of the object that a registration is given.
    pub fn config_entry(&self, file: FileId, call: ExprId, key: &str) -> Option<ExprId> {
        let module = self.hir(file);
        let config = module.call(call)?.args.first()?.value;
        let props = module.as_object(config)?;
        props.iter().find(|p| matches!(&p.key, crate::model::hir::Key::Name(name) if &**name == key)).map(|p| p.value)
    }

    fn register(&self, file: FileId, id: ExprId, call: &Call, builder: &Builder) -> Ty {
        let Some(config) = call.args.first() else {
            // `publicQuery()({ … })`: the builder is made by a call.
            return Ty::Builder(*builder);
        };
        let module = self.hir(file);
        let is_handler = |p: &crate::model::hir::Prop| match &p.key {
            crate::model::hir::Key::Name(name) => &**name == "handler",
            _ => true,
        };
        let is_config = match module.as_object(config.value) {
            Some(props) => props.iter().any(is_handler),
            None => match self.expr(file, config.value) {
                Ty::Function(_) => true,
                Ty::Object(object) => object.field("handler").is_some() || object.open,
                _ => false,
            },
        };
        if is_config { Ty::Registered(file, id) } else { Ty::Builder(*builder) }
    }

    /// A call whose callee leads nowhere readable: name and shape decide together.
    pub(super) fn register_by_shape(&self, file: FileId, id: ExprId, call: &Call) -> Ty {
        if self.foreign_builder(file, call).is_some() { Ty::Registered(file, id) } else { Ty::Unknown }
    }

    /// The builder that a call's unreadable callee is, by name, given an object with a handler.
    pub fn foreign_builder(&self, file: FileId, call: &Call) -> Option<Builder> {
        let module = self.hir(file);
        let [config] = &*call.args else { return None };
        let props = module.as_object(config.value)?;
        if !props.iter().any(|p| matches!(&p.key, crate::model::hir::Key::Name(name) if &**name == "handler")) {
            return None;
        }
        self.world.layout.roots.get(self.world.project(file))?;
        let name = match module.expr(module.bare(call.callee)) {
            ExprKind::Local(binding) => &module.binding(*binding).name,
            ExprKind::Member { property, .. } => property,
            ExprKind::Call(inner) if inner.args.is_empty() => match module.expr(inner.callee) {
                ExprKind::Local(binding) => &module.binding(*binding).name,
                _ => return None,
            },
            _ => return None,
        };
        let (kind, visibility) = kind_by_name(name)?;
        Some(Builder { kind, visibility, flavor: Flavor::Foreign, made_by: None })
    }
}

/// Whether the method of a query yields a query again.
pub(super) fn is_query_step(method: &str) -> bool {
    matches!(method, "withIndex" | "withSearchIndex" | "filter" | "order" | "fullTableScan" | "limit")
}

fn query_method(chain: &Arc<Chain>, step: (FileId, ExprId), method: &str) -> Ty {
    let document = || chain.table.clone().map_or(Ty::Unknown, Ty::Doc);
    match method {
        _ if is_query_step(method) => {
            let mut longer = (**chain).clone();
            longer.steps.push(step);
            Ty::Query(Arc::new(longer))
        }
        "collect" | "take" => Ty::promise(Ty::array(document())),
        "first" | "unique" => Ty::promise(Ty::union([document(), Ty::Null])),
        "paginate" => Ty::promise(pagination_result(document())),
        _ => Ty::Unknown,
    }
}

/// What `.paginate()` yields. Source: `PaginationResult` of convex/server.
fn pagination_result(document: Ty) -> Ty {
    let field = |name: &str, ty, optional| Field { name: Name::from(name), ty, optional, span: None };
    let status = Ty::union([Ty::literal("SplitRecommended"), Ty::literal("SplitRequired"), Ty::Null]);
    Ty::object([
        field("page", Ty::array(document), false),
        field("isDone", Ty::Boolean, false),
        field("continueCursor", Ty::String, false),
        field("splitCursor", Ty::union([Ty::String, Ty::Null]), true),
        field("pageStatus", status, true),
    ])
}

fn user_identity() -> Ty {
    let field = |name: &str, optional| Field { name: Name::from(name), ty: Ty::String, optional, span: None };
    let required = ["subject", "issuer", "tokenIdentifier"].map(|n| field(n, false));
    let optional = ["name", "email", "givenName", "familyName", "nickname", "pictureUrl", "phoneNumber"].map(|n| field(n, true));
    Ty::Object(Arc::new(Object { fields: required.into_iter().chain(optional).collect(), open: true }))
}

fn string_method(method: &str) -> Option<Ty> {
    Some(match method {
        "toLowerCase" | "toUpperCase" | "trim" | "trimStart" | "trimEnd" | "slice" | "substring" | "substr" | "replace" | "replaceAll"
        | "padStart" | "padEnd" | "repeat" | "concat" | "charAt" | "toString" | "normalize" | "toLocaleLowerCase" | "toLocaleUpperCase" => {
            Ty::String
        }
        "includes" | "startsWith" | "endsWith" => Ty::Boolean,
        "indexOf" | "lastIndexOf" | "localeCompare" | "charCodeAt" | "search" => Ty::Number,
        "split" => Ty::array(Ty::String),
        _ => return None,
    })
}

/// A context with something in it that Convex does not put there, which what is made of it has as well.
fn has_more(ty: &Ty) -> bool {
    matches!(ty, Ty::Ctx(ctx) if !ctx.custom.fields.is_empty())
}

/// Whether a value brings validators, tables or builders along.
fn carries_definitions(ty: &Ty) -> bool {
    match ty {
        Ty::Validator(_) | Ty::Table(_) | Ty::Schema(_) | Ty::Builder(_) | Ty::Column(_) | Ty::ColumnOf(_) | Ty::TablePart(_) => true,
        Ty::RelationPart(_) => true,
        Ty::Object(object) => object.fields.iter().any(|f| carries_definitions(&f.ty)),
        Ty::Tuple(items) | Ty::Union(items) => items.iter().any(carries_definitions),
        Ty::Array(inner) => carries_definitions(inner),
        _ => false,
    }
}

/// What the names of functions begin with that register nothing, as far as a name tells.
const VERBS: [&str; 10] = ["add", "build", "create", "define", "get", "make", "register", "run", "set", "use"];

/// `authedQuery`, `internalMutationWithUser`, `zAction`: the kind and visibility that a builder's name tells.
pub(super) fn kind_by_name(name: &str) -> Option<(FunctionKind, Visibility)> {
    let lower = name.to_ascii_lowercase();
    // `defineAction`, `useMutation`: what does something with an action of its own kind.
    if VERBS.iter().any(|verb| name.strip_prefix(verb).is_some_and(|rest| rest.starts_with(char::is_uppercase))) {
        return None;
    }
    let kind = [("query", FunctionKind::Query), ("mutation", FunctionKind::Mutation), ("action", FunctionKind::Action)]
        .into_iter()
        .find(|(word, _)| lower.ends_with(word) || lower.contains(&format!("{word}with")))?
        .1;
    let kind = if lower.ends_with("httpaction") { FunctionKind::HttpAction } else { kind };
    let visibility = if lower.contains("internal") || lower.contains("private") { Visibility::Internal } else { Visibility::Unknown };
    Some((kind, visibility))
}

use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::functions::Entry;
use crate::model::hir::{Cast, ExprId, ExprKind, Key, Module, Name, TypeId, TypeNode};
use crate::model::queries::{Predicate, Range};
use crate::model::ty::Ty;
use crate::model::{Callee, DbQuery, Function, PlatformCall};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};

declare_rule! {
    /// Finds arguments that are declared as `v.string()` and used as ids of documents.
    ///
    /// ## Why is this bad?
    /// Any string is let in, and the cast that makes it an id hides that from the compiler.
    /// An id of another table reads another table's document; what is no id at all throws deep inside of the function.
    ///
    /// ## Example
    /// ```ts
    /// export const get = query({
    ///   args: { userId: v.string() }, // error
    ///   returns: v.any(),
    ///   handler: async (ctx, args) => await ctx.db.get(args.userId as Id<"users">),
    /// });
    /// ```
    ///
    /// ## When not to use it
    /// Strings that come from outside are turned into ids by `ctx.db.normalizeId("users", text)`, which is not reported.
    /// Silent too where the string is looked into, or searched for in a field that holds strings: it may be something else as well.
    ///
    /// ## Fix safety
    /// Unsafe: calls with anything but an id of the table are refused.
    pub struct UntypedId {} = { id: "untyped-id", category: Category::Functions, level: Level::Error, since: "0.1.0", fix: FixKind::Unsafe }
}

impl Rule for UntypedId {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn call(&self, call: &PlatformCall, cx: &mut Cx<'_>) -> Option<()> {
        let Callee::Db(method) = &call.callee else { return None };
        let module = cx.workspace.hir(call.file);
        let args = &module.call(call.call)?.args;
        let short = match &**method {
            "get" | "delete" => 1,
            "patch" | "replace" => 2,
            _ => return None,
        };
        let (id, named) = match args.len() {
            n if n == short => (args.first()?.value, None),
            n if n == short + 1 => (args.get(1)?.value, module.constant(args.first()?.value).cloned()),
            _ => return None,
        };
        let table = named.or_else(|| asserted(module, id));
        judge(module, id, table, cx)
    }

    fn db_query(&self, query: &DbQuery, cx: &mut Cx<'_>) -> Option<()> {
        let module = cx.workspace.hir(query.file);
        let table = cx.project.table(query.table.as_deref()?)?;
        let Ty::Object(document) = &table.definition.document else { return None };
        let Range::Bounds(bounds) = &query.index()?.1.range else { return None };
        for bound in bounds.iter().filter(|b| &*b.op == "eq") {
            let of = document.field(&bound.field).map(|f| f.ty.non_null());
            if let Some(Ty::Id(target)) = of {
                judge(module, bound.value, Some(target), cx);
            }
        }
        Some(())
    }
}

/// The table that a cast says: `args.id as Id<"users">`.
fn asserted(module: &Module, id: ExprId) -> Option<Name> {
    let ExprKind::Cast { kind: Cast::As(ty), .. } = module.expr(id) else { return None };
    let TypeNode::Ref { path, args, .. } = module.ty(*ty) else { return None };
    match args.first().map(|a| module.ty(*a)) {
        Some(TypeNode::Str(table)) if path.last().is_some_and(|name| &**name == "Id") => Some(table.clone()),
        _ => None,
    }
}

fn judge(module: &Module, id: ExprId, table: Option<Name>, cx: &mut Cx<'_>) -> Option<()> {
    let function = cx.project.function_around(module, module.enclosing_func(id))?;
    let name = function.argument(module, id)?;
    let validator = string_in(module, function.validator_of(module, &name)?)?;
    if is_looked_into(module, function, &name) {
        return None;
    }
    // One string for ids of several tables is told apart by something else.
    let mut asserted_as: Vec<&str> = casts(module, function, &name).map(|ty| cx.text(module.type_span(ty))).collect();
    asserted_as.sort_unstable();
    asserted_as.dedup();
    if asserted_as.len() > 1 || asserted_as.iter().any(|ty| ty.contains('|')) {
        return None;
    }
    // Of which table it is may be said beside it: `{ table: v.string(), id: v.string() }`.
    let may_be_of_others = says_table(module, function);
    let searched = |of: Option<&Name>| is_compared_as_text(function, &name, of, cx);
    if may_be_of_others && (table.is_none() || searched(None)) || searched(table.as_ref()) {
        return None;
    }
    let span = module.span(validator);
    let style = cx.workspace.style(span.file);
    let table = table.filter(|table| cx.project.table(table).is_some());
    let v = cx.text(span).split('.').next().unwrap_or("v").to_owned();
    let fix = table.as_ref().map(|table| {
        Fix::r#unsafe(format!("Declare it as an id of `{table}`"), vec![Edit::replace(span, format!("{v}.id({})", style.string(table)))])
    });
    let help = match &table {
        Some(table) => format!("declare it as `{v}.id(\"{table}\")`"),
        None => format!("declare it as `{v}.id(\"…\")`"),
    };
    cx.report(
        Diagnostic::new(span, format!("`{name}` is used as the id of a document, and declared as any string"))
            .label(module.span(id), "used as an id here")
            .help(help)
            .fix(fix),
    );
    Some(())
}

/// What the argument is asserted to be, wherever the handler does so.
fn casts<'m>(module: &'m Module, function: &'m Function, name: &'m Name) -> impl Iterator<Item = TypeId> + 'm {
    module.within(function.call).filter_map(move |id| match module.expr(id) {
        ExprKind::Cast { value, kind: Cast::As(ty) } => (function.argument(module, *value).as_ref() == Some(name)).then_some(*ty),
        _ => None,
    })
}

/// Whether the handler treats the argument as text, which may be an id or something else: `args.id.startsWith("x-")`, `db.normalizeId("t", args.id)`.
fn is_looked_into(module: &Module, function: &Function, name: &Name) -> bool {
    let is_argument = |id: ExprId| function.argument(module, id).as_ref() == Some(name);
    module.within(function.call).any(|id| match module.expr(id) {
        ExprKind::Call(call) => match module.method(id) {
            Some((_, object, method)) if is_argument(object) => &**method != "toString",
            Some((_, _, method)) if matches!(&**method, "normalizeId" | "test") => call.args.iter().any(|a| is_argument(a.value)),
            _ => false,
        },
        _ => false,
    })
}

/// Whether rows, of this table if one is given, are searched for it in a field that holds strings, of which ids are only some: `q.eq("externalId", args.id)`.
fn is_compared_as_text(function: &Function, name: &Name, of: Option<&Name>, cx: &Cx<'_>) -> bool {
    let queries = function.handler.map_or(&[][..], |at| cx.project.queries_in(cx.workspace.hir(at.file), at.func));
    queries.iter().filter(|query| of.is_none() || query.table.as_ref() == of).any(|query| {
        let table = query.table.as_deref().and_then(|table| cx.project.table(table));
        let module = cx.workspace.hir(query.file);
        let is_it = |field: &Name, value: ExprId| {
            function.argument(module, value).as_ref() == Some(name)
                && table.is_some_and(|table| matches!(table.field_type(field).non_null(), Ty::String))
        };
        let in_range = query.index().is_some_and(|(_, used)| match &used.range {
            Range::Bounds(bounds) => bounds.iter().any(|bound| is_it(&bound.field, bound.value)),
            _ => false,
        });
        in_range
            || query.filters().any(|(_, predicate)| match predicate {
                Predicate::All(terms) => terms.iter().filter_map(|term| term.compare.as_ref()).any(|c| is_it(&c.field, c.value)),
                Predicate::Opaque => false,
            })
    })
}

/// Whether an argument is named like one that says what kind of thing is meant.
fn says_table(module: &Module, function: &Function) -> bool {
    let Entry::Present(args) = function.args else { return false };
    module.as_object(args).unwrap_or_default().iter().any(|prop| match &prop.key {
        Key::Name(name) => {
            let name = name.to_ascii_lowercase();
            ["table", "type", "kind", "collection", "entity", "resource", "model"].iter().any(|word| name.contains(word))
        }
        Key::Computed(_) | Key::Spread => true,
    })
}

/// `v.string()`, or the one in `v.optional(v.string())`.
fn string_in(module: &Module, validator: ExprId) -> Option<ExprId> {
    let call = module.call(module.bare(validator))?;
    match &**module.validator_method(call)? {
        "string" => Some(module.bare(validator)),
        "optional" => string_in(module, call.args.first()?.value),
        _ => None,
    }
}

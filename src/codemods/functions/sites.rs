//! The calls of one file, each with what it asks for, and what becomes of what it yields.

use super::ask::{Ask, Inserted};
use super::edges;
use super::ents::{self, Base, Chain, Reader, Understood, Why, Yields};
use super::shapes::{Flow, Shape, Taken, Tracer, Use};
use super::target::Target;
use crate::model::Workspace;
use crate::model::hir::{
    Binary, Binding, BindingId, BindingKind, Body, ExprId, ExprKind, FuncId, Module, Name, Parent, Place, TypeId, TypeNode,
};
use crate::model::ty::{EntsForm, EntsTy, Ty};
use crate::source::FileId;

pub struct FileSites {
    pub file: FileId,
    pub sites: Vec<Site>,
    /// Calls of `entsTableFactory`: the call, and the context that it is given.
    pub factories: Vec<(ExprId, ExprId)>,
    /// What looks like a call on an ent, on something that is not known.
    pub suspects: Vec<ExprId>,
    /// `type Ent<Table extends TableNames> = GenericEnt<typeof entDefinitions, Table>`: the name, and the type.
    pub aliases: Vec<(BindingId, TypeId)>,
}

impl FileSites {
    pub fn is_empty(&self) -> bool {
        self.sites.is_empty() && self.factories.is_empty() && self.suspects.is_empty() && self.aliases.is_empty()
    }
}

pub struct Site {
    pub chain: Chain,
    /// `ctx.orm`, as it can be had where the call stands: what is in front of `.orm`.
    pub handle: Option<Handle>,
    pub verdict: Result<Understood, Why>,
    pub flow: Flow,
    /// The fields that are read of the rows.
    pub fields: Vec<FieldRead>,
    /// The constant that holds the chain itself.
    pub held_in: Option<BindingId>,
    /// Its rows are to be documents at once, not where they leave.
    pub at_once: bool,
}

#[derive(Clone, Debug)]
pub enum Handle {
    /// The object that has `table`.
    Object(ExprId),
    /// A name in reach.
    Name(Name),
}

/// `row.name`, and what has to be done to it.
#[derive(Clone, Debug)]
pub struct FieldRead {
    pub member: ExprId,
    pub name: Name,
    /// Documents may lack the field, and whoever reads it here minds null.
    pub minds_null: bool,
    /// The value is wanted as the id of a table.
    pub wants_id: bool,
    /// Something is put into it.
    pub is_written: bool,
    /// It may be missing, and is compared with `undefined` itself.
    pub is_held_against_undefined: bool,
}

impl Site {
    pub fn is_live(&self) -> bool {
        self.verdict.is_ok()
    }

    /// Not a call of its own: a constant that is used by others, or a name that is awaited.
    pub fn is_silent(&self) -> bool {
        self.held_in.is_some()
    }

    pub fn table(&self) -> Option<&Name> {
        match &self.verdict.as_ref().ok()?.yields {
            Yields::Row(name) | Yields::Rows(name) | Yields::Page(name) => Some(name),
            _ => self.mapped_table(),
        }
    }

    fn mapped_table(&self) -> Option<&Name> {
        let understood = self.verdict.as_ref().ok()?;
        understood.mapped?;
        match &understood.ask {
            Ask::Read(read) => Some(&read.table),
            _ => None,
        }
    }
}

pub fn read(workspace: &Workspace, file: FileId, target: &Target) -> FileSites {
    let module = workspace.hir(file);
    workspace.ask(file, |infer| {
        let reader = Reader { infer, file, module, target };
        let mut sites: Vec<Site> = ents::chains(&reader).into_iter().map(|chain| site(&reader, chain)).collect();
        sites.extend(awaited_names(&reader));
        FileSites { file, sites, factories: factories(&reader), suspects: suspects(&reader), aliases: aliases(module) }
    })
}

fn site(reader: &Reader<'_>, chain: Chain) -> Site {
    let held_in = ents::held_in(reader, chain.top).filter(|_| is_lazy(reader, chain.top));
    let mut verdict = reader.understand(&chain);
    let shape = verdict.as_ref().ok().and_then(|understood| match &understood.yields {
        Yields::Row(_) => Some(Shape::Row),
        Yields::Rows(_) => Some(Shape::Rows),
        Yields::Page(_) => Some(Shape::Page),
        _ => None,
    });
    let is_method = |name: &str| matches!(name, "edge" | "edgeX" | "patch" | "replace" | "delete" | "doc");
    let tracer = Tracer { module: reader.module, is_method: &is_method };
    let mut flow = tracer.flow(chain.top, shape);
    if let Ok(understood) = &mut verdict {
        if let Some(mapped) = understood.mapped {
            flow.uses.extend(tracer.callback(mapped.callback));
        }
        if flow.is_ignored
            && let Ask::Insert { result, .. } = &mut understood.ask
            && *result == Inserted::Id
        {
            *result = Inserted::Ignored;
        }
        super::joins::with_id(&mut understood.ask);
        if let Some(why) = refused(reader, &chain, understood, &flow, held_in) {
            verdict = Err(why);
        }
    }
    let row_table = |understood: &Understood| row_table(understood);
    let table = verdict.as_ref().ok().and_then(row_table);
    let fields = table.map_or_else(Vec::new, |table| fields(reader, &chain.ents, &table, &flow.uses));
    let handle = handle(reader, &chain);
    if verdict.is_ok() && handle.is_none() {
        verdict =
            Err(Why::new("functions-no-context", "no context is in reach here that the ORM could be had from")
                .or("give the function `ctx`"));
    }
    let at_once = is_better_at_once(&flow)
        || fields.iter().any(|field| field.is_held_against_undefined)
        || fields.iter().filter(|field| field.minds_null).count() > 2;
    Site { chain, handle, verdict, flow, fields, held_in, at_once }
}

/// The table whose rows a site yields, or hands to its callback.
pub fn row_table(understood: &Understood) -> Option<Name> {
    match (&understood.yields, &understood.ask, understood.mapped) {
        (Yields::Row(name) | Yields::Rows(name) | Yields::Page(name), ..) => Some(name.clone()),
        (_, Ask::Read(read), Some(_)) => Some(read.table.clone()),
        _ => None,
    }
}

fn refused(reader: &Reader<'_>, chain: &Chain, understood: &Understood, flow: &Flow, held_in: Option<BindingId>) -> Option<Why> {
    if let Ask::NormalizeId { table, .. } = &understood.ask {
        return (!has_database(reader, chain)).then(|| {
            Why::new("functions-normalize-id", "the ORM does not check ids, and the database is kept from functions here")
                .or(format!("hand out `db` in the context, and write `ctx.db.normalizeId(\"{table}\", …)`"))
        });
    }
    if flow.taken == Taken::Discarded {
        return Some(Why::new("functions-lazy-chain", "nobody awaits it").or("await it"));
    }
    if held_in.is_none() && flow.taken == Taken::Lazy {
        return Some(Why::new("functions-lazy-chain", "it is handed on before it is awaited").or("await it here, and hand on the rows"));
    }
    match &understood.ask {
        Ask::Update { .. } | Ask::Delete { .. } if !flow.is_ignored => {
            Some(Why::new("functions-write-result", "the id that ents give back is used, and the ORM gives back none"))
        }
        Ask::Insert { joins, .. } | Ask::Update { joins, .. } if !joins.is_empty() && !can_follow(reader, &understood.ask, flow) => {
            Some(Why::new("functions-edge-write", "an edge is written, which takes a statement of its own that there is no room for here"))
        }
        Ask::Read(super::ask::Read { end: super::ask::End::Page(options), .. }) if !super::print::is_simple(reader.module, *options) => {
            Some(Why::new("functions-dynamic", "the options of the page are put together where they are used"))
        }
        _ => None,
    }
}

/// Whether statements can stand behind the write: it is one itself, or the value of a constant.
fn can_follow(reader: &Reader<'_>, ask: &Ask, flow: &Flow) -> bool {
    let Taken::Awaited(at) = flow.taken else { return false };
    let is_lone = match reader.module.parent(at) {
        Parent::Stmt { place: Place::Discarded, .. } => true,
        Parent::Stmt { place: Place::Init(first, end), .. } => {
            let binding = reader.module.binding(first);
            end.0 == first.0 + 1
                && binding.path.is_empty()
                && matches!(ask, Ask::Insert { result: Inserted::Id, .. })
                && binding.ty.is_none()
        }
        _ => false,
    };
    let text = &reader.infer.world.file(reader.file).source.text;
    let end = reader.module.span(at).end as usize;
    let line = text[end..].split(['\n', '\r']).next().unwrap_or_default().trim();
    is_lone && matches!(line, "" | ";")
}

/// Whether the value is a promise of ents, and not what one yielded.
fn is_lazy(reader: &Reader<'_>, id: ExprId) -> bool {
    reader.ents(id).is_some_and(|ents| !ents.is_row())
}

/// Names of constants that hold something lazy, where they are awaited as they are.
fn awaited_names(reader: &Reader<'_>) -> Vec<Site> {
    let module = reader.module;
    let is_awaited = |id: ExprId| match module.parent(id) {
        Parent::Expr(up) => matches!(module.expr(up), ExprKind::Await(_)),
        Parent::Stmt { place, .. } => place == Place::Returned,
    };
    let names = module.exprs().filter(|(id, kind)| matches!(kind, ExprKind::Local(_)) && is_awaited(*id)).map(|(id, _)| id);
    let lazy = names.filter(|id| reader.ents(*id).is_some_and(|ents| !ents.is_row() && ents.table_name().is_some()));
    let chain = |id: ExprId| Some(Chain { top: id, via: Some(id), ..ents::prefix(reader, id)? });
    lazy.filter_map(|id| Some(site(reader, chain(id)?))).collect()
}

fn factories(reader: &Reader<'_>) -> Vec<(ExprId, ExprId)> {
    let module = reader.module;
    let is_factory = |call: &crate::model::hir::Call| match reader.ty(call.callee) {
        Ty::External(external) => external.is("convex-ents", &["entsTableFactory"]),
        _ => false,
    };
    let calls = module.exprs().filter_map(|(id, kind)| match kind {
        ExprKind::Call(call) if is_factory(call) => Some((id, call.args.first()?.value)),
        _ => None,
    });
    calls.collect()
}

/// `x.edge("posts")` and the like on something that is not known.
fn suspects(reader: &Reader<'_>) -> Vec<ExprId> {
    let module = reader.module;
    let calls = module.exprs().filter(|(_, kind)| matches!(kind, ExprKind::Call(_))).map(|(id, _)| id);
    calls
        .filter(|id| {
            let Some((call, object, method)) = module.method(*id) else { return false };
            let names_table = |at: ExprId| module.constant(at).is_some_and(|name| reader.target.tables.contains_key(name));
            let is_table = &**method == "table" && call.args.first().is_some_and(|a| names_table(a.value));
            if is_table && reader.ty(call.callee).is_unknown() {
                return true;
            }
            let is_like = match (&**method, call.args.len()) {
                ("edge" | "edgeX", 1) => module.constant(call.args[0].value).is_some(),
                ("patch" | "replace", 1) => module.as_object(call.args[0].value).is_some(),
                _ => false,
            };
            is_like && reader.ty(object).is_unknown()
        })
        .chain(handed_on(reader))
        .collect()
}

/// `ctx.table` where it is neither called nor asked for a table of Convex's own.
fn handed_on<'r>(reader: &'r Reader<'_>) -> impl Iterator<Item = ExprId> + 'r {
    let module = reader.module;
    let is_called = |id: ExprId| match module.parent(id) {
        Parent::Expr(up) => match module.expr(up) {
            ExprKind::Call(call) => call.callee == id,
            ExprKind::Member { .. } => true,
            _ => false,
        },
        Parent::Stmt { .. } => false,
    };
    let members = module.exprs().filter(|(_, kind)| matches!(kind, ExprKind::Member { .. })).map(|(id, _)| id);
    members.filter(move |id| is_factory(&reader.ty(*id)) && !is_called(*id))
}

/// The project's own names for the types of ents.
fn aliases(module: &Module) -> Vec<(BindingId, TypeId)> {
    let is_of_ents = |binding: &Option<BindingId>| {
        let import = binding.and_then(|binding| module.import(module.binding(binding)));
        import.is_some_and(|import| &*import.module == "convex-ents")
    };
    let alias = |(at, binding): (usize, &Binding)| {
        let (BindingKind::TypeAlias(ty) | BindingKind::GenericAlias(ty)) = binding.kind else { return None };
        let TypeNode::Ref { binding: named, path, .. } = module.ty(ty) else { return None };
        let is_ent = path.last().is_some_and(|name| matches!(&**name, "GenericEnt" | "GenericEntWriter"));
        (is_ent && is_of_ents(named)).then_some((BindingId(at as u32), ty))
    };
    module.bindings.iter().enumerate().filter_map(alias).collect()
}

/// Where the ORM is, for a call.
fn handle(reader: &Reader<'_>, chain: &Chain) -> Option<Handle> {
    if let Base::Table { factory, .. } = chain.base {
        return match reader.module.expr(reader.module.bare(factory)) {
            ExprKind::Member { object, .. } => {
                // Where a constant stands for the chain, what it begins with may not be in reach.
                let is_near = reader.module.enclosing_func(*object) == reader.module.enclosing_func(chain.top);
                if is_near || in_reach(reader, *object, chain.top) { Some(Handle::Object(*object)) } else { None }
            }
            _ => None,
        };
    }
    context_name(reader, chain.top).map(Handle::Name)
}

fn in_reach(reader: &Reader<'_>, object: ExprId, from: ExprId) -> bool {
    let Some(owner) = reader.module.enclosing_func(object) else { return true };
    functions_around(reader.module, from).contains(&owner)
}

pub fn functions_around(module: &Module, at: ExprId) -> Vec<FuncId> {
    let mut around = Vec::new();
    let mut next = module.enclosing_func(at);
    while let Some(func) = next {
        around.push(func);
        next = module.func(func).outer;
    }
    around
}

/// Whether the context that has the table has the database of Convex as well.
fn has_database(reader: &Reader<'_>, chain: &Chain) -> bool {
    let Some(Handle::Object(context)) = handle(reader, chain) else { return false };
    match reader.ty(context) {
        Ty::Ctx(ctx) => !ctx.custom.open && ctx.custom.field("db").is_none_or(|field| field.ty == Ty::Db),
        _ => false,
    }
}

/// A parameter around the place that has the `table` of ents.
fn context_name(reader: &Reader<'_>, at: ExprId) -> Option<Name> {
    let module = reader.module;
    for func in functions_around(module, at) {
        for param in &module.func(func).params {
            for id in module.bindings_in(param.bindings) {
                let is_context = match reader.infer.binding(reader.file, id) {
                    Ty::Ctx(ctx) => ctx.custom.fields.iter().any(|field| is_factory(&field.ty) && &*field.name == "table"),
                    _ => false,
                };
                if is_context {
                    return Some(module.binding(id).name.clone());
                }
            }
        }
    }
    None
}

fn is_factory(ty: &Ty) -> bool {
    matches!(ty, Ty::Ents(ents) if ents.form == EntsForm::Factory)
}

fn fields(reader: &Reader<'_>, ents: &EntsTy, table: &Name, uses: &[Use]) -> Vec<FieldRead> {
    let members = uses.iter().filter_map(|usage| match usage {
        Use::Field(member) => Some(*member),
        _ => None,
    });
    members
        .filter_map(|member| {
            let ExprKind::Member { property, .. } = reader.module.expr(member) else { return None };
            let is_nullable = reader.may_lack(ents, table, property);
            let ty = reader.infer.at_once(reader.file, member);
            let is_stored_null = edges::table(&ents.schema, table).is_some_and(|definition| match &definition.document {
                Ty::Object(document) => document.field(property).is_some_and(|f| f.ty.members().contains(&Ty::Null)),
                _ => false,
            });
            let may_be_missing = is_nullable && !is_stored_null && (ty.is_unknown() || ty.members().contains(&Ty::Undefined));
            Some(FieldRead {
                member,
                name: property.clone(),
                minds_null: may_be_missing && minds_null(reader.module, member),
                wants_id: &**property == "_id" && !is_compared(reader.module, member),
                is_written: is_written(reader.module, member),
                is_held_against_undefined: is_nullable && !is_stored_null && is_held_against_undefined(reader.module, member),
            })
        })
        .collect()
}

/// Whether it makes a difference to what is around a value if that is null, and not undefined, to the compiler at least.
fn minds_null(module: &Module, at: ExprId) -> bool {
    match module.parent(at) {
        Parent::Stmt { place, .. } => !matches!(place, Place::Test | Place::Discarded),
        Parent::Expr(up) => match module.expr(up) {
            ExprKind::Binary { op, left, .. } => match op {
                Binary::Coalesce | Binary::Or | Binary::And => *left != at,
                Binary::StrictEq | Binary::StrictNe | Binary::LooseEq | Binary::LooseNe => false,
                _ => true,
            },
            ExprKind::Unary { .. } | ExprKind::Template(_) => false,
            ExprKind::Cond { test, .. } => *test != at,
            ExprKind::Member { .. } | ExprKind::Index { .. } => false,
            ExprKind::Paren(_) => minds_null(module, up),
            ExprKind::Cast { kind: crate::model::hir::Cast::NonNull, .. } => false,
            _ => true,
        },
    }
}

fn is_held_against_undefined(module: &Module, at: ExprId) -> bool {
    let Parent::Expr(up) = module.parent(at) else { return false };
    let ExprKind::Binary { op: Binary::StrictEq | Binary::StrictNe, left, right } = module.expr(up) else { return false };
    let other = if *left == at { *right } else { *left };
    matches!(module.expr(module.bare(other)), ExprKind::Global(name) if &**name == "undefined")
}

fn is_compared(module: &Module, at: ExprId) -> bool {
    match module.parent(at) {
        Parent::Stmt { place, .. } => place == Place::Test,
        Parent::Expr(up) => match module.expr(up) {
            ExprKind::Binary { op, .. } => !matches!(op, Binary::And | Binary::Or | Binary::Coalesce),
            ExprKind::Template(_) | ExprKind::Unary { .. } => true,
            _ => false,
        },
    }
}

fn is_written(module: &Module, at: ExprId) -> bool {
    match module.parent(at) {
        Parent::Expr(up) => match module.expr(up) {
            ExprKind::Assign { target, .. } => *target == Some(at),
            ExprKind::Unary { op, .. } => matches!(op, crate::model::hir::Unary::Delete | crate::model::hir::Unary::Update),
            _ => false,
        },
        Parent::Stmt { .. } => false,
    }
}

/// Rows that leave in more than one place, or in a way that hides their fields, are documents from the start.
fn is_better_at_once(flow: &Flow) -> bool {
    let escapes = flow.uses.iter().filter(|usage| matches!(usage, Use::Escape { .. })).count();
    escapes > 1 || escapes == 1 && flow.uses.len() == 1
}

impl Tracer<'_> {
    /// What becomes of the rows that a callback is called with.
    pub fn callback(&self, callback: ExprId) -> Vec<Use> {
        let func = self.module.as_func(callback).map(|func| self.module.func(func));
        let escape = || vec![Use::Escape { value: callback, shape: Shape::Row, way: super::shapes::Way::Other }];
        let Some(func) = func.filter(|func| !matches!(func.body, Body::None)) else { return escape() };
        match func.params.first() {
            None => Vec::new(),
            Some(param) if param.is_name && !param.is_rest && param.ty.is_none() => self.of_parameter(param.bindings.0),
            Some(_) => escape(),
        }
    }
}

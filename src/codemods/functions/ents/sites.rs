//! The calls on ents in one file, the setup that they go by, and the project's own names for their types.

use super::{Base, Chain};
use crate::codemods::functions::ask::{Ask, Inserted};
use crate::codemods::functions::reader::Reader;
use crate::codemods::functions::shapes::{Flow, Taken};
use crate::codemods::functions::sites::{self, Draft, FileSites, Handle, Manner, Site, functions_around, in_reach};
use crate::codemods::functions::target::Target;
use crate::codemods::functions::verdict::{Understood, Why};
use crate::model::Workspace;
use crate::model::hir::{Binding, BindingId, BindingKind, ExprId, ExprKind, Module, Name, Parent, Place, TypeId, TypeNode};
use crate::model::ty::{EntsForm, Ty};
use crate::source::FileId;

pub fn read(workspace: &Workspace, file: FileId, target: &Target) -> FileSites {
    let module = workspace.hir(file);
    workspace.ask(file, |infer| {
        let reader = Reader { infer, file, module, target };
        let chains = super::chains(&reader);
        let schema = chains.first().map(|chain| chain.ents.schema.clone());
        let mut sites: Vec<Site> = chains.into_iter().map(|chain| site(&reader, chain)).collect();
        sites.extend(awaited_names(&reader));
        FileSites {
            file,
            schema,
            sites,
            factories: factories(&reader),
            suspects: suspects(&reader),
            aliases: aliases(module),
            is_kept: false,
        }
    })
}

fn site(reader: &Reader<'_>, chain: Chain) -> Site {
    let held_in = super::held_in(reader, chain.top).filter(|_| is_lazy(reader, chain.top));
    let draft = Draft {
        top: chain.top,
        via: chain.via,
        receiver: match chain.base {
            Base::Row(row) => Some(row),
            _ => None,
        },
        about: chain.ents.table_name().cloned(),
        held_in,
        handle: handle(reader, &chain),
        verdict: reader.understand(&chain),
    };
    let is_method = |name: &str| matches!(name, "edge" | "edgeX" | "patch" | "replace" | "delete" | "doc");
    let refused = |understood: &Understood, flow: &Flow| refused(reader, &chain, understood, flow, held_in);
    sites::settled(reader, &chain.ents.schema, draft, &Manner { is_method: &is_method, refused: &refused })
}

fn refused(reader: &Reader<'_>, chain: &Chain, understood: &Understood, flow: &Flow, held_in: Option<BindingId>) -> Option<Why> {
    if let Ask::NormalizeId { table, .. } = &understood.ask {
        return (!has_database(reader, chain)).then(|| {
            Why::new("functions-normalize-id", "the ORM does not check ids, and the database is kept from functions here")
                .or(format!("hand out `db` in the context, and write `ctx.db.normalizeId(\"{table}\", …)`"))
        });
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
    let chain = |id: ExprId| Some(Chain { top: id, via: Some(id), ..super::prefix(reader, id)? });
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

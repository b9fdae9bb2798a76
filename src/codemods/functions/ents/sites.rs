//! The calls on ents in one file, the setup that they go by, and the project's own names for their types.

use super::{Base, Chain, factories};
use crate::codemods::functions::ask::{Ask, Inserted, Key, Value};
use crate::codemods::functions::edges;
use crate::codemods::functions::print::is_simple;
use crate::codemods::functions::reach::Follower;
use crate::codemods::functions::reader::Reader;
use crate::codemods::functions::shapes::{Flow, Taken};
use crate::codemods::functions::sites::{self, Anew, FileSites, Handle, Manner, Site, Suspect};
use crate::codemods::functions::target::Target;
use crate::codemods::functions::verdict::{Understood, Why};
use crate::model::Workspace;
use crate::model::hir::{Binding, BindingId, BindingKind, ExprId, ExprKind, Module, Parent, Place, TypeId, TypeNode};
use crate::model::ty::EdgeEnd;
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
            factories: factories::calls(&reader),
            handed: factories::handed(&reader),
            held: factories::held(&reader),
            suspects: suspects(&reader),
            aliases: aliases(module),
            ..FileSites::without_calls(file)
        }
    })
}

fn site(reader: &Reader<'_>, chain: Chain) -> Site {
    let held_in = super::held_in(reader, chain.top).filter(|_| is_lazy(reader, chain.top));
    let handle = factories::handle(reader, &chain);
    let mut verdict = reader.understand(&chain);
    if let (Ok(Understood { ask: Ask::NormalizeId { is_handed_out, .. }, .. }), Some(handle)) = (&mut verdict, &handle) {
        *is_handed_out = !factories::has_database(reader, handle);
    }
    let site = Site {
        via: chain.via,
        receiver: match chain.base {
            Base::Row(row) => Some(row),
            _ => None,
        },
        guard: guard(reader, &chain),
        anew: handle.as_ref().filter(|handle| has_table(handle)).and_then(|_| anew(reader, &chain)),
        about: chain.ents.table_name().cloned(),
        held_in,
        handle,
        ..Site::of(chain.top, verdict)
    };
    let is_method = |name: &str| matches!(name, "edge" | "edgeX" | "patch" | "replace" | "delete" | "doc");
    let refused = |understood: &Understood, flow: &Flow| refused(reader, &chain, understood, flow, held_in);
    let mut site = sites::settled(reader, &chain.ents.schema, site, &Manner { is_method: &is_method, refused: &refused });
    // What ends in `.doc()` yields none of ents' rows.
    let is_document = chain.links.last().is_some_and(|last| matches!(&*last.name, "doc" | "docs"));
    if site.is_live() && !is_document {
        site.reach = Follower::new(reader.infer, &is_method).of_uses(reader.file, &site.flow.uses);
    }
    site
}

/// Whether `table` is where the handle is.
fn has_table(handle: &Handle) -> bool {
    matches!(handle, Handle::Object(_) | Handle::Name(_) | Handle::Held(_))
}

/// What a call on a row may begin with in its place: where only the id counts, or a field that is surely there.
fn anew(reader: &Reader<'_>, chain: &Chain) -> Option<Anew> {
    let (Base::Row(_), Some(first)) = (&chain.base, chain.links.first()) else { return None };
    let table = chain.ents.table_name()?.clone();
    let call = reader.module.call(first.call)?;
    let is_optional =
        call.optional || matches!(reader.module.expr(reader.module.bare(call.callee)), ExprKind::Member { optional: true, .. });
    match &*first.name {
        "patch" | "replace" | "delete" if !is_optional => Some(Anew::Row { table }),
        "edge" | "edgeX" if !is_optional => {
            let name = reader.ty(call.args.first()?.value).as_str()?.clone();
            let edge = edges::table(&chain.ents.schema, &table)?.edges.iter().find(|edge| edge.name == name)?;
            match &edge.end {
                EdgeEnd::Field(column) if !edge.optional && !edge.to.starts_with('_') => {
                    Some(Anew::Field { call: first.call, to: edge.to.clone(), column: column.clone() })
                }
                EdgeEnd::Field(_) => None,
                _ => Some(Anew::Row { table }),
            }
        }
        _ => None,
    }
}

/// `row?.patch(…)`: the row may not be there, and then nothing happens.
fn is_optional(reader: &Reader<'_>, chain: &Chain) -> bool {
    let (Base::Row(_), Some(first)) = (&chain.base, chain.links.first()) else { return false };
    reader.module.call(first.call).is_some_and(|call| {
        call.optional || matches!(reader.module.expr(reader.module.bare(call.callee)), ExprKind::Member { optional: true, .. })
    })
}

/// The name of a row that may not be there, where the write of it is a statement.
fn guard(reader: &Reader<'_>, chain: &Chain) -> Option<ExprId> {
    let Base::Row(row) = chain.base else { return None };
    let is_write = matches!(&chain.links[..], [only] if matches!(&*only.name, "patch" | "delete"));
    let is_name = matches!(reader.module.expr(reader.module.bare(row)), ExprKind::Local(_));
    (is_optional(reader, chain) && is_write && is_name).then_some(row)
}

fn refused(reader: &Reader<'_>, chain: &Chain, understood: &Understood, flow: &Flow, held_in: Option<BindingId>) -> Option<Why> {
    match &understood.ask {
        Ask::Document { .. } => return None,
        // Whoever has the object that has `table` has what is put beside that.
        Ask::NormalizeId { table, is_handed_out, .. } => {
            let is_beside = matches!(factories::handle(reader, chain), Some(Handle::Object(_)));
            return (*is_handed_out && !is_beside).then(|| {
                Why::new("functions-normalize-id", "the ORM does not check ids, and the database is kept from functions here")
                    .or(format!("hand out `db` in the context, and write `ctx.db.normalizeId(\"{table}\", …)`"))
            });
        }
        _ => {}
    }
    let is_guarded = || {
        let has_joins = matches!(&understood.ask, Ask::Update { joins, .. } if !joins.is_empty());
        guard(reader, chain).is_some() && flow.is_ignored && matches!(flow.taken, Taken::Awaited(_)) && !has_joins
    };
    if is_optional(reader, chain) && !is_guarded() {
        return Some(
            Why::new("functions-optional", "the row may not be there, and then nothing is asked for")
                .or("ask whether the row is there first"),
        );
    }
    if held_in.is_none() && flow.taken == Taken::Lazy {
        return Some(Why::new("functions-lazy-chain", "it is handed on before it is awaited").or("await it here, and hand on the rows"));
    }
    let is_at_hand = |id: &Value| match id {
        Value::Sure(id) | Value::Expr(id) | Value::IdOf(id, _) | Value::FieldOf(id, _) => is_simple(reader.module, *id),
    };
    match &understood.ask {
        Ask::Delete { row, .. } if !flow.is_ignored && !matches!(row, Key::Id(id) if is_at_hand(id)) => {
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

/// `x.edge("posts")` and the like on something that is not known.
fn suspects(reader: &Reader<'_>) -> Vec<Suspect> {
    let module = reader.module;
    let calls = module.exprs().filter(|(_, kind)| matches!(kind, ExprKind::Call(_))).map(|(id, _)| id);
    calls.filter_map(|id| suspect(reader, id)).chain(handed_on(reader).map(|call| Suspect { call, tables: None })).collect()
}

fn suspect(reader: &Reader<'_>, id: ExprId) -> Option<Suspect> {
    let module = reader.module;
    let (call, object, method) = module.method(id)?;
    let names_table = |at: ExprId| module.constant(at).is_some_and(|name| reader.target.tables.contains_key(name));
    let is_table = &**method == "table" && call.args.first().is_some_and(|a| names_table(a.value));
    if is_table && reader.ty(call.callee).is_unknown() {
        // Its rows are its own.
        return Some(Suspect { call: id, tables: Some(Vec::new()) });
    }
    let is_like = match (&**method, call.args.len()) {
        ("edge" | "edgeX", 1) => module.constant(call.args[0].value).is_some(),
        ("patch" | "replace", 1) => module.as_object(call.args[0].value).is_some(),
        _ => false,
    };
    if !is_like || !reader.ty(object).is_unknown() {
        return None;
    }
    let schema = reader.infer.world.schema(reader.file);
    let tables = schema.map(|schema| factories::tables_with(reader, schema, method, call.args[0].value));
    Some(Suspect { call: id, tables })
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
    members.filter(move |id| factories::is_factory(&reader.ty(*id)) && !is_called(*id))
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

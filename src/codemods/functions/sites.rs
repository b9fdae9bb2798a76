//! The calls of one file, each with what it asks for, and what becomes of what it yields.
//!
//! Front ends find the calls; what is done with rows is the same whichever library they came from.

use std::sync::Arc;

use super::ask::{Ask, Inserted};
use super::by_hand::{Along, ByHand, Joined};
use super::edges;
use super::fields::{FieldRead, fields};
use super::reach::Reach;
use super::reader::Reader;
use super::shapes::{Flow, Shape, Taken, Tracer, Use};
use super::verdict::{Understood, Why, Yields};
use crate::model::hir::{BindingId, Body, ExprId, ExprKind, FuncId, Key, Module, Name, Parent, TypeId};
use crate::model::infer::Infer;
use crate::model::ty::{SchemaTy, Ty};
use crate::source::FileId;

pub struct FileSites {
    pub file: FileId,
    /// The old schema, as the calls go by it.
    pub schema: Option<Arc<SchemaTy>>,
    pub sites: Vec<Site>,
    /// Calls of `entsTableFactory`: the call, and the context that it is given.
    pub factories: Vec<(ExprId, ExprId)>,
    /// Where `table` is handed on in an object.
    pub handed: Vec<Handed>,
    /// What holds `table` by itself.
    pub held: Vec<Held>,
    /// What looks like a call on an ent, on something that is not known.
    pub suspects: Vec<Suspect>,
    /// `type Ent<Table extends TableNames> = GenericEnt<typeof entDefinitions, Table>`: the name, and the type.
    pub aliases: Vec<(BindingId, TypeId)>,
    /// Values that columns are compared with, and that are fields of documents: to the compiler those of the ORM's tables have fields of
    /// any type, unless they are rows of calls that are rewritten. With the field that it comes from, and what it holds.
    pub untyped: Vec<(ExprId, ExprId, Ty)>,
    /// Reads that queries could load along.
    pub by_hand: Vec<ByHand>,
    /// Its calls stay as they are, whatever could be made of them.
    pub is_kept: bool,
    /// The schema is written into it.
    pub is_of_schema: bool,
    /// The schema imports it.
    pub is_behind: bool,
}

impl FileSites {
    /// A file that asks for nothing.
    pub fn without_calls(file: FileId) -> Self {
        Self {
            file,
            schema: None,
            sites: Vec::new(),
            factories: Vec::new(),
            handed: Vec::new(),
            held: Vec::new(),
            suspects: Vec::new(),
            aliases: Vec::new(),
            untyped: Vec::new(),
            by_hand: Vec::new(),
            is_kept: false,
            is_of_schema: false,
            is_behind: false,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.sites.is_empty() && self.factories.is_empty() && self.suspects.is_empty() && self.aliases.is_empty()
    }
}

/// A call: first as a front end has understood it, then with what becomes of its rows.
pub struct Site {
    /// The last call of the chain.
    pub top: ExprId,
    /// The name of the constant that it begins with, where that holds something lazy.
    pub via: Option<ExprId>,
    /// The row that it begins with, where calls are made on rows.
    pub receiver: Option<ExprId>,
    /// The row that a write begins with, where that may not be there: then nothing is written.
    pub guard: Option<ExprId>,
    /// What it can begin with in the place of the row, if it is left.
    pub anew: Option<Anew>,
    /// The table that it is about, as far as that is known.
    pub about: Option<Name>,
    /// `ctx.orm`, as it can be had where the call stands: what is in front of `.orm`.
    pub handle: Option<Handle>,
    pub verdict: Result<Understood, Why>,
    pub flow: Flow,
    /// The fields that are read of the rows.
    pub fields: Vec<FieldRead>,
    /// The constant that holds the chain itself.
    pub held_in: Option<BindingId>,
    /// Where its rows go that leave.
    pub reach: Reach,
    /// Relations that are loaded along with its rows.
    pub with: Vec<Along>,
    /// What takes its place, where the rows of another call are loaded with what it reads.
    pub joined: Option<Joined>,
}

#[derive(Clone, Debug)]
pub enum Handle {
    /// The object that has `table`.
    Object(ExprId),
    /// A name in reach.
    Name(Name),
    /// What `orm.db(…)` is called with: a context, or a database.
    Source(ExprId),
    /// It is started for the context of this name.
    Given(Name),
    /// What stands beside the constant or parameter that holds `table`.
    Held(BindingId),
}

/// A property that hands `table` on.
#[derive(Clone, Copy, Debug)]
pub struct Handed {
    /// From and to.
    pub prop: (u32, u32),
    pub from: HandedFrom,
    /// The object has these already.
    pub has_orm: bool,
    pub has_normalizer: bool,
}

/// What the ORM that is handed on in its place comes from.
#[derive(Clone, Copy, Debug)]
pub enum HandedFrom {
    /// It is started for this context.
    Context(ExprId),
    /// This object has it.
    Object(ExprId),
    Unknown,
}

/// A constant or a parameter that holds `table`.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    pub binding: BindingId,
    pub by: HeldBy,
}

#[derive(Clone, Copy, Debug)]
pub enum HeldBy {
    /// `const table = entsTableFactory(ctx, …)`.
    Value { init: ExprId, context: ExprId },
    /// `const { table } = ctx`, `({ table }) => …`.
    Pattern,
}

/// What a call on a row begins with, once the row is none of the library's any more: `ctx.table("users").getX(row.id)`.
#[derive(Clone, Debug)]
pub enum Anew {
    /// The row by its id: nothing else of it is asked for.
    Row { table: Name },
    /// The row that a field of it leads to, in the place of this call.
    Field { call: ExprId, to: Name, column: Name },
}

/// What looks like a call of the library, on something that is not known.
#[derive(Clone, Debug)]
pub struct Suspect {
    pub call: ExprId,
    /// The tables whose rows it may be made on; any where it cannot be told.
    pub tables: Option<Vec<Name>>,
}

impl Site {
    /// A call of which nothing more is known yet.
    pub fn of(top: ExprId, verdict: Result<Understood, Why>) -> Self {
        Self {
            top,
            via: None,
            receiver: None,
            guard: None,
            anew: None,
            about: None,
            handle: None,
            verdict,
            flow: Flow::default(),
            fields: Vec::new(),
            held_in: None,
            reach: Reach::default(),
            with: Vec::new(),
            joined: None,
        }
    }

    pub fn is_live(&self) -> bool {
        self.verdict.is_ok()
    }

    /// Not a call of its own: a constant that is used by others, or a name that is awaited.
    pub fn is_silent(&self) -> bool {
        self.held_in.is_some()
    }

    /// Whether its rows are to be documents at once, and not where they leave: because they leave in more than one place, or in a way that
    /// hides their fields, or because it matters to who looks at them.
    pub fn is_better_at_once(&self) -> bool {
        // Documents have nothing beside their fields.
        if !self.with.is_empty() {
            return false;
        }
        let uses = &self.flow.uses;
        let escapes = uses.iter().filter(|usage| matches!(usage, Use::Escape { .. })).count();
        escapes > 1
            || escapes == 1 && uses.len() == 1
            || uses.iter().any(|usage| matches!(usage, Use::Itself(_)))
            || escapes > 0 && self.fields.iter().any(|field| field.is_written)
            || self.fields.iter().any(|field| field.is_held_against_undefined)
            || self.fields.iter().filter(|field| field.minds_null).count() > 2
    }

    pub fn table(&self) -> Option<&Name> {
        match &self.verdict.as_ref().ok()?.yields {
            Yields::Row(name) | Yields::Rows(name) | Yields::Page(name) => Some(name),
            _ => self.mapped_table(),
        }
    }

    fn mapped_table(&self) -> Option<&Name> {
        let understood = self.verdict.as_ref().ok()?;
        if let Ask::Many { table, .. } | Ask::Via { table, .. } = &understood.ask {
            return Some(table);
        }
        understood.mapped?;
        match &understood.ask {
            Ask::Read(read) => Some(&read.table),
            _ => None,
        }
    }
}

/// What is particular to a front end, about any of its calls.
pub struct Manner<'a> {
    /// Whether a call of this name on a row is one of the library's.
    pub is_method: &'a dyn Fn(&str) -> bool,
    /// Why a call that is understood is left all the same, given what becomes of what it yields.
    pub refused: &'a dyn Fn(&Understood, &Flow) -> Option<Why>,
}

/// The call with what becomes of its rows, which may be a reason to leave it.
pub fn settled(reader: &Reader<'_>, schema: &SchemaTy, mut site: Site, manner: &Manner<'_>) -> Site {
    let shape = site.verdict.as_ref().ok().and_then(|understood| match &understood.yields {
        Yields::Row(_) => Some(Shape::Row),
        Yields::Rows(_) => Some(Shape::Rows),
        Yields::Page(_) => Some(Shape::Page),
        _ => None,
    });
    let tracer =
        Tracer { module: reader.module, is_method: manner.is_method, is_awaited: &|func| is_handler(reader.infer, reader.file, func) };
    site.flow = tracer.flow(site.top, shape);
    let flow = &mut site.flow;
    if let Ok(understood) = &mut site.verdict {
        if let Some(mapped) = understood.mapped {
            flow.uses.extend(tracer.callback(mapped.callback));
        }
        if flow.is_ignored
            && let Ask::Insert { result, .. } | Ask::Update { result, .. } | Ask::Delete { result, .. } = &mut understood.ask
            && *result == Inserted::Id
        {
            *result = Inserted::Ignored;
        }
        super::joins::with_id(&mut understood.ask);
        let why = refused(reader, understood, flow).or_else(|| shadowed(reader, schema, understood, flow));
        if let Some(why) = why.or_else(|| (manner.refused)(understood, flow)) {
            site.verdict = Err(why);
        }
    }
    if let Ok(Understood { ask: Ask::Many { .. } | Ask::Via { .. }, .. }) = &site.verdict {
        flow.uses.push(Use::Escape { value: site.top, shape: Shape::Rows, way: super::shapes::Way::Other });
    }
    let table = site.verdict.as_ref().ok().and_then(row_table);
    site.fields = table.map_or_else(Vec::new, |table| fields(reader, schema, &table, &flow.uses));
    let needs_none = |understood: &Understood| matches!(understood.ask, Ask::Document { .. });
    if site.verdict.as_ref().is_ok_and(|understood| !needs_none(understood)) && site.handle.is_none() {
        let why = Why::new("functions-no-context", "no context is in reach here that the ORM could be had from");
        site.verdict = Err(why.or("give the function `ctx`"));
    }
    site
}

/// What holds for calls of any library.
fn refused(reader: &Reader<'_>, understood: &Understood, flow: &Flow) -> Option<Why> {
    if matches!(understood.ask, Ask::NormalizeId { .. } | Ask::Document { .. }) {
        return None;
    }
    if flow.taken == Taken::Discarded {
        return Some(Why::new("functions-lazy-chain", "nobody awaits it").or("await it"));
    }
    match &understood.ask {
        Ask::Read(super::ask::Read { end: super::ask::End::Page(options), .. })
            if !super::print::is_simple(reader.module, *options) && super::print::page_options(reader.module, *options).is_none() =>
        {
            Some(Why::new("functions-dynamic", "the options of the page are put together where they are used"))
        }
        _ => None,
    }
}

/// The ORM has the time of creation as `createdAt`, whatever a table keeps there: that is never read through it, nor given on.
fn shadowed(reader: &Reader<'_>, schema: &SchemaTy, understood: &Understood, flow: &Flow) -> Option<Why> {
    let keeps = |name: &Name| {
        edges::table(schema, name).is_none_or(|table| match &table.document {
            Ty::Object(document) => document.open || document.field("createdAt").is_some(),
            _ => true,
        })
    };
    let is_read = |usage: &Use| match usage {
        Use::Field(member) => matches!(reader.module.expr(*member), ExprKind::Member { property, .. } if &**property == "createdAt"),
        Use::Escape { .. } | Use::Itself(_) => true,
        Use::Receiver(_) | Use::Method(_) => false,
    };
    let table = match &understood.ask {
        Ask::Many { table, .. } | Ask::Via { table, .. } | Ask::Document { table, .. } => Some(table.clone()),
        // Before 0.11 it is not even stored.
        Ask::Insert { table, .. } | Ask::Update { table, .. } if reader.target.is_before_011 && keeps(table) => Some(table.clone()),
        _ => row_table(understood).filter(|_| flow.uses.iter().any(is_read)),
    };
    table.filter(keeps).map(|table| created_at(&table))
}

/// Why a field `createdAt` keeps a call from the ORM.
pub fn created_at(table: &Name) -> Why {
    let message = format!("the ORM has the time of creation as `createdAt`, and `{table}` keeps a value of its own there");
    Why::new("functions-created-at", message)
}

/// The table whose rows a site yields, or hands to its callback.
pub fn row_table(understood: &Understood) -> Option<Name> {
    match (&understood.yields, &understood.ask, understood.mapped) {
        (Yields::Row(name) | Yields::Rows(name) | Yields::Page(name), ..) => Some(name.clone()),
        (_, Ask::Read(read), Some(_)) => Some(read.table.clone()),
        _ => None,
    }
}

/// Whether the function is registered as one of Convex's, which awaits what it returns.
pub fn is_handler(infer: &Infer<'_>, file: FileId, func: FuncId) -> bool {
    let module = infer.hir(file);
    let Some(at) = module.func(func).expr else { return false };
    let is_registered = |call: ExprId| matches!(infer.expr(file, call), Ty::Registered(..));
    match module.parent(at) {
        Parent::Expr(up) => match module.expr(up) {
            ExprKind::Object(props) => {
                let is_named = props.iter().any(|prop| prop.value == at && matches!(&prop.key, Key::Name(name) if &**name == "handler"));
                is_named && matches!(module.parent(up), Parent::Expr(call) if is_registered(call))
            }
            ExprKind::Call(call) => call.callee != at && is_registered(up),
            _ => false,
        },
        Parent::Stmt { .. } => false,
    }
}

pub fn in_reach(reader: &Reader<'_>, object: ExprId, from: ExprId) -> bool {
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

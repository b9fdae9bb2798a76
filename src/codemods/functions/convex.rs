//! The front end for plain Convex: reads and writes through `ctx.db`, as the model's nouns for them say, and what each asks for.
//!
//! What cannot be told, or has no equal in the ORM, comes with the reason, and stays as it is: tables of the ORM are tables of Convex.

mod reads;
mod relationships;
mod writes;

use std::sync::Arc;

use super::ask::{Ask, End, Read, Source, Value};
use super::by_hand;
use super::differences;
use super::edges;
use super::order;
use super::reader::Reader;
use super::shapes::{Flow, Taken};
use super::sites::{self, FileSites, Handle, Manner, Site};
use super::target::Target;
use super::verdict::{Remark, Understood, Why, Yields};
use crate::model::calls::{Callee, PlatformCall};
use crate::model::hir::{BindingKind, ExprId, ExprKind, Keyword, Name, Parent, Place, TypeNode};
use crate::model::queries::DbQuery;
use crate::model::ty::{Object, SchemaTy, Ty};
use crate::model::{Project, Workspace, in_file};
use crate::source::FileId;

/// The calls of all files.
pub fn read(workspace: &Workspace, project: &Project, files: &[FileId], target: &Target) -> Vec<FileSites> {
    let Some(schema) = &project.schema else { return Vec::new() };
    let tables = schema.tables.iter().map(|table| (table.name.clone(), table.span, table.definition.clone()));
    let schema = Arc::new(SchemaTy {
        tables: tables.collect(),
        own: schema.own,
        open: schema.open,
        span: schema.span,
        unchecked: schema.unchecked,
        loose_names: schema.loose_names,
    });
    workspace.ask_each(files, |file, infer| {
        let front = Front { reader: Reader { infer, file, module: workspace.hir(file), target }, schema: &schema };
        let queries = in_file(&project.queries, file, |query| query.file).iter().map(|query| front.query(query));
        let calls = in_file(&project.calls, file, |call| call.file).iter().filter_map(|call| front.call(call));
        let mut sites: Vec<Site> = queries.chain(calls).flatten().chain(front.handed_on()).collect();
        sites.sort_by_key(|site| workspace.hir(file).span(site.top).start);
        let untyped = sites.iter().flat_map(|site| front.untyped(site)).collect();
        let by_hand = by_hand::find(&front.reader, &sites);
        FileSites { file, schema: Some(schema.clone()), sites, untyped, by_hand, ..FileSites::without_calls(file) }
    })
}

/// Everything that is asked about one file.
pub struct Front<'a> {
    pub reader: Reader<'a>,
    pub schema: &'a SchemaTy,
}

impl Front<'_> {
    /// The values of a read that are fields of documents.
    fn untyped(&self, site: &Site) -> Vec<(ExprId, ExprId, Ty)> {
        let Ok(Understood { ask: Ask::Read(read) | Ask::Via { read, .. }, .. }) = &site.verdict else { return Vec::new() };
        let field = |value: &Value| {
            let (Value::Expr(id) | Value::Sure(id)) = value else { return None };
            let from = self.document_of(*id, 0)?;
            Some((*id, from, self.reader.infer.at_once(self.reader.file, *id).non_null()))
        };
        read.values().into_iter().filter_map(field).collect()
    }

    /// The field of a document that a value comes from, by constants and further fields.
    fn document_of(&self, id: ExprId, depth: u32) -> Option<ExprId> {
        let module = self.reader.module;
        let at = module.bare(id);
        match module.expr(at) {
            ExprKind::Member { object, .. } => match self.reader.ty(*object).non_null() {
                Ty::Doc(table) => self.reader.target.tables.contains_key(&table).then_some(at),
                _ => self.document_of(*object, depth),
            },
            ExprKind::Local(binding) if depth < 4 => {
                let binding = module.binding(*binding);
                let BindingKind::Const(Some(init)) = binding.kind else { return None };
                if binding.ty.is_some() {
                    return None;
                }
                match (&binding.path[..], self.reader.ty(init).non_null()) {
                    ([], _) => self.document_of(init, depth + 1),
                    (_, Ty::Doc(table)) if self.reader.target.tables.contains_key(&table) => Some(init),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn query(&self, query: &DbQuery) -> Option<Site> {
        let about = query.table.clone();
        // Tables of Convex itself are read as before.
        if about.as_ref().is_some_and(|name| name.starts_with('_')) {
            return None;
        }
        let verdict = self.checked(about.as_ref()).and_then(|table| reads::query(self, query, table));
        let handle = if query.origin.0 == self.reader.file { self.handle(query.origin.1) } else { None };
        self.site(query.call, about, handle, verdict)
    }

    /// Variables that hold a query, where nothing is called on them: they are iterated over, returned, or given to a function.
    fn handed_on(&self) -> Vec<Site> {
        let module = self.reader.module;
        let left = |(id, kind): (ExprId, &ExprKind)| {
            let (ExprKind::Local(_), Ty::Query(chain)) = (kind, self.reader.ty(id).non_null()) else { return None };
            let is_iterated = match module.meaningful_parent(id) {
                (Parent::Stmt { place: Place::Iterated, .. }, _) => true,
                (Parent::Stmt { place: Place::Returned, .. }, _) => false,
                (Parent::Expr(up), child) => match module.call(up) {
                    Some(call) if call.callee != child => false,
                    _ => return None,
                },
                _ => return None,
            };
            let table = chain.table.clone().filter(|name| !name.starts_with('_'))?;
            let why = if is_iterated { reads::iterated(&table) } else { reads::handed_on() };
            self.site(id, Some(table.clone()), None, self.checked(Some(&table)).and(Err(why)))
        };
        module.exprs().filter_map(left).collect()
    }

    fn call(&self, call: &PlatformCall) -> Option<Option<Site>> {
        if let Callee::External(external) = &call.callee
            && let Some(name) = relationships::name_of(external)
        {
            let asked = self.reader.module.call(call.call)?;
            let (about, verdict) = relationships::understand(self, name, asked);
            let handle = asked.args.first().and_then(|database| self.source(database.value));
            return Some(self.site(call.call, about, handle, verdict));
        }
        let Callee::Db(method) = &call.callee else { return None };
        let about = call.table(self.reader.module).cloned();
        if about.as_ref().is_some_and(|name| name.starts_with('_')) {
            return None;
        }
        let document = call.document(self.reader.module);
        let args = &self.reader.module.call(call.call)?.args;
        let value = args.last().map(|a| a.value);
        let table = || self.checked(about.as_ref());
        let mut verdict = match (&**method, document, value) {
            ("get", Some(id), _) => table().and_then(|table| reads::get(self, table, id)),
            ("insert", _, Some(value)) if args.len() == 2 => table().and_then(|table| writes::insert(self, table, value)),
            ("patch", Some(id), Some(value)) => table().and_then(|table| writes::patch(self, table, id, value)),
            ("delete", Some(id), _) => table().and_then(|table| writes::delete(self, table, id)),
            ("replace", Some(_), Some(_)) => {
                table().and_then(|_| Err(Why::new("functions-replace", "the ORM has no call that replaces a row as a whole")))
            }
            // It is asked of the database by those who use the ORM, too.
            ("normalizeId", ..) => return None,
            _ => Err(Why::new("functions-no-equal", format!("`.{method}` is called in a way that has no equal in the ORM"))),
        };
        // Only a call that names the table refuses the ids of others.
        let is_named = args.len() > usize::from(matches!(&**method, "patch")) + 1;
        if let (Ok(understood), Some(table), Some(id), true) = (&mut verdict, &about, document, is_named) {
            understood.remarks.extend(differences::unchecked_id(&self.reader, table, id, "Convex"));
        }
        Some(self.site(call.call, about, self.handle(call.call), verdict))
    }

    fn site(&self, top: ExprId, about: Option<Name>, handle: Option<Handle>, verdict: Result<Understood, Why>) -> Option<Site> {
        let site = Site { about, handle, ..Site::of(top, verdict) };
        let lazy = || Why::new("functions-lazy-chain", "it is handed on before it is awaited").or("await it here, and hand on the rows");
        let refused = |_: &Understood, flow: &Flow| (flow.taken == Taken::Lazy).then(lazy);
        Some(sites::settled(&self.reader, self.schema, site, &Manner { is_method: &|_| false, refused: &refused }))
    }

    /// The table of a call, if its rows can be had from the ORM.
    fn checked<'n>(&self, about: Option<&'n Name>) -> Result<&'n Name, Why> {
        let Some(table) = about else {
            return Err(Why::new("functions-dynamic", "it cannot be told which table it is about"));
        };
        self.reader.check_table(table)?;
        Ok(table)
    }

    /// What the ORM is started with where the database stands that is called: the context in front of it, or the database itself.
    fn handle(&self, call: ExprId) -> Option<Handle> {
        self.source(self.reader.module.method(call)?.1)
    }

    fn source(&self, database: ExprId) -> Option<Handle> {
        let module = self.reader.module;
        let database = module.bare(database);
        match module.expr(database) {
            ExprKind::Member { object, property, .. } if &**property == "db" && matches!(self.reader.ty(*object), Ty::Ctx(_)) => {
                self.is_typed(*object).then_some(Handle::Source(*object))
            }
            _ => self.is_typed(database).then_some(Handle::Source(database)),
        }
    }

    /// Whether the compiler knows what a context or a database is: of one that is `any`, it cannot tell whether it writes.
    fn is_typed(&self, id: ExprId) -> bool {
        let module = self.reader.module;
        let ExprKind::Local(binding) = module.expr(module.bare(id)) else { return true };
        let binding = module.binding(*binding);
        !binding.ty.is_some_and(|ty| matches!(module.ty(ty), TypeNode::Keyword(Keyword::Any)))
    }

    /// What the old schema says of a field.
    pub fn field(&self, table: &Name, field: &Name) -> Option<&Ty> {
        match &edges::table(self.schema, table)?.document {
            Ty::Object(document) => document.field(field).map(|field| &field.ty),
            _ => None,
        }
    }

    /// The fields of a value, as far as they are known.
    pub fn fields(&self, value: ExprId) -> Object {
        self.reader.infer.fields_of(self.reader.file, &self.reader.ty(value))
    }

    pub fn done(&self, ask: Ask, yields: Yields, remarks: Vec<Remark>) -> Understood {
        Understood { ask, yields, remarks, mapped: None }
    }

    /// Whether the ORM gives the same rows, in the same order.
    pub fn check_rows(&self, read: &Read) -> Result<(), Why> {
        if matches!(read.end, End::Every) && self.reader.target.may_limit {
            let why = "the schema sets a limit for reads that have none, and all rows are read here";
            return Err(Why::new("functions-limit", why).or("read pages of rows, or give it a limit of its own"));
        }
        match order::is_unordered(read) || order::order_by(read, self.reader.target.tables.get(&read.table)).is_some() {
            true => Ok(()),
            false => Err(Why::new("functions-order", "the ORM would read another index here, and give the rows in another order")),
        }
    }

    /// What a read yields, if the ORM gives the same rows in the same order.
    pub fn read(&self, read: Read, remarks: Vec<Remark>) -> Result<Understood, Why> {
        self.check_rows(&read)?;
        if let (Source::Search { .. }, End::Every) = (&read.source, &read.end) {
            return Err(Why::new("functions-search", "a search without a limit"));
        }
        if matches!(read.end, End::Page(_)) && !read.filters.is_empty() {
            return Err(Why::new("functions-filtered-pages", "pages of filtered rows lose their order in the ORM"));
        }
        let table = read.table.clone();
        let yields = match &read.end {
            End::Every | End::Take(_) => Yields::Rows(table),
            End::Page(_) => Yields::Page(table),
            _ => Yields::Row(table),
        };
        Ok(self.done(Ask::Read(read), yields, remarks))
    }
}

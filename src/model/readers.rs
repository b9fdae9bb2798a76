//! Who reads an index: queries, streams, helpers of packages that take its name, and code that may mean it.
//!
//! Collected once for a project, so that a rule can ask for the readers of an index without going through all queries.
//! Does not say whether an index is needed.

mod names;

use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;

use super::hir::{Binary, ExprId, ExprKind, Module, Name, Parent, Place};
use super::infer::Infer;
use super::order::{self, OrderSeen};
use super::queries::{DbQuery, IndexUse, Range, StepKind};
use super::ty::{External, Ty};
use super::{ByTable, File, Role};
use crate::source::{FileId, Span};
use names::{shapes, tables_of_chain};

pub use names::Shape;

/// Every reader of an index in a project.
#[derive(Debug, Default)]
pub struct Readers {
    /// By the name of the index, in source order.
    named: BTreeMap<Name, Named>,
    dynamic: Vec<DynamicReader>,
    /// Strings that are equal to the name of an index, where nothing says what they are for.
    mentions: BTreeMap<Name, Vec<Mention>>,
    has_auth: bool,
}

/// The readers of indexes of one name.
#[derive(Debug, Default)]
struct Named {
    all: Vec<IndexReader>,
    by_table: OnceLock<ByTable>,
}

/// A place that reads an index by its name.
#[derive(Clone, Debug)]
pub struct IndexReader {
    pub file: FileId,
    /// `None` where the table is not known: it may be any that has an index of this name.
    pub table: Option<Name>,
    pub index: Name,
    /// The expression that names it.
    pub name: ExprId,
    pub name_span: Span,
    /// Where something depends on the order of its rows; `None` where surely nothing does.
    pub order_seen: Option<OrderSeen>,
    /// It asks for a range of `_creationTime` among rows that are equal in all fields of the index.
    pub asks_time: bool,
    /// A helper that guesses the field from the index's name: behind this, the field can be named.
    pub field_after: Option<Span>,
    /// It is part of a test.
    pub is_test: bool,
}

/// A place that reads an index whose name is not a constant.
#[derive(Clone, Debug)]
pub struct DynamicReader {
    pub span: Span,
    /// The tables that it may read; `None` where it may be any.
    pub tables: Option<Vec<Shape>>,
    /// The names that it may be; `None` where it may be any.
    pub among: Option<Vec<Shape>>,
    /// It may take the name out of the schema itself: then it reads any index there is.
    pub by_schema: bool,
}

impl Readers {
    /// Every place that surely or possibly reads the index by its name.
    pub fn of<'r>(&'r self, table: &'r Name, index: &Name) -> impl Iterator<Item = &'r IndexReader> {
        self.named.get(index).into_iter().flat_map(move |named| {
            let by_table = named.by_table.get_or_init(|| ByTable::of(named.all.iter().map(|r| &r.table)));
            by_table.on(table).map(|at| &named.all[at])
        })
    }

    /// Every place that surely or possibly reads an index of this name, of whatever table.
    pub fn named(&self, index: &Name) -> &[IndexReader] {
        self.named.get(index).map_or(&[], |named| &named.all)
    }

    /// Every place that reads an index by its name.
    pub fn all(&self) -> impl Iterator<Item = &IndexReader> {
        self.named.values().flat_map(|named| &named.all)
    }

    /// Every place that may read the index under a name that is not written there.
    pub fn dynamic<'r>(&'r self, table: &'r str, index: &'r Name) -> impl Iterator<Item = &'r DynamicReader> {
        let is_among = |shapes: &Option<Vec<Shape>>, name: &str| shapes.as_ref().is_none_or(|shapes| shapes.iter().any(|s| s.fits(name)));
        self.dynamic.iter().filter(move |r| is_among(&r.tables, table) && is_among(&r.among, index))
    }

    /// Whether all that reads an index is known: no name is chosen when the code runs, and this one stands in no string of unknown use.
    pub fn are_all_known(&self, table: &str, index: &Name) -> bool {
        self.dynamic(table, index).next().is_none() && self.mentions(index).is_empty()
    }

    /// Strings equal to the index's name that may come to name it.
    pub fn mentions(&self, index: &Name) -> &[Mention] {
        self.mentions.get(index).map_or(&[], Vec::as_slice)
    }

    /// Whether a package that the project uses reads the index by its name.
    pub fn is_read_by_package(&self, table: &str, index: &str) -> bool {
        self.has_auth && is_of_auth(table, index)
    }
}

/// A string that may come to name an index.
#[derive(Clone, Copy, Debug)]
pub struct Mention {
    pub span: Span,
    /// It is part of a test.
    pub is_test: bool,
}

/// The tables of Convex Auth, and the indexes of `users` that it looks users up by.
fn is_of_auth(table: &str, index: &str) -> bool {
    match table {
        "users" => matches!(index, "email" | "phone"),
        "authSessions" | "authAccounts" | "authRefreshTokens" | "authVerificationCodes" | "authVerifiers" | "authRateLimits" => true,
        _ => false,
    }
}

/// What one file says of readers.
#[derive(Clone, Debug, Default)]
pub(super) struct FileReaders {
    /// Readers that are no queries of the model.
    others: Vec<IndexReader>,
    /// Every `.withIndex("name")` on a query; those that no query of the model goes through are readers of their own.
    steps: Vec<(ExprId, IndexReader)>,
    dynamic: Vec<DynamicReader>,
    mentions: Vec<(Name, Mention)>,
    /// The schema itself is given to a function.
    gives_schema: bool,
}

/// Joins what the files of a project say with its queries.
pub(super) fn link(files: &[File], members: &[FileId], queries: &[DbQuery], all: Vec<FileReaders>) -> Readers {
    let mut readers = Readers {
        has_auth: members.iter().any(|id| files[id.0 as usize].hir.imports.iter().any(|i| i.module.starts_with("@convex-dev/auth"))),
        ..Readers::default()
    };
    let mut covered: HashSet<(FileId, ExprId)> = HashSet::new();
    let mut add = |reader: IndexReader| readers.named.entry(reader.index.clone()).or_default().all.push(reader);
    for query in queries {
        for step in &query.steps {
            let (StepKind::Index(used) | StepKind::Search(used)) = &step.kind else { continue };
            covered.insert((step.file, step.call));
            if let Some(reader) = of_query(files, query, step.file, used) {
                add(reader);
            }
        }
    }
    // Code that has the schema at hand can find the names of indexes there.
    let gives_schema = all.iter().any(|f| f.gives_schema);
    for file in all {
        file.others.into_iter().for_each(&mut add);
        file.steps.into_iter().filter(|(call, reader)| !covered.contains(&(reader.file, *call))).for_each(|(_, reader)| add(reader));
        readers.dynamic.extend(file.dynamic.into_iter().map(|r| {
            let is_any = r.tables.is_none() && r.among.is_none();
            DynamicReader { by_schema: r.by_schema || gives_schema && is_any, ..r }
        }));
        for (name, mention) in file.mentions {
            readers.mentions.entry(name).or_default().push(mention);
        }
    }
    readers.named.values_mut().for_each(|named| named.all.sort_by_key(|r| (r.name_span, r.order_seen.map(|o| o.span))));
    readers
}

fn of_query(files: &[File], query: &DbQuery, file: FileId, used: &IndexUse) -> Option<IndexReader> {
    let (index, name) = (used.name.clone()?, used.name_expr?);
    let home = &files[file.0 as usize];
    let asks_time = match &used.range {
        Range::None => false,
        Range::Bounds(bounds) => bounds.iter().any(|b| &*b.field == "_creationTime"),
        Range::Unknown => speaks_of_time(&home.hir, name),
    };
    Some(IndexReader {
        file,
        table: query.table.clone(),
        index,
        name,
        name_span: home.hir.span(name),
        order_seen: query.order_seen,
        asks_time,
        field_after: None,
        is_test: home.role == Role::Test,
    })
}

/// Whether the call that this argument belongs to says `"_creationTime"` anywhere.
fn speaks_of_time(module: &Module, argument: ExprId) -> bool {
    let Parent::Expr(call) = module.parent(argument) else { return true };
    module.within(call).any(|id| matches!(module.expr(id), ExprKind::Str(text) if &**text == "_creationTime"))
}

/// The readers of one file, for a project whose schema is known.
pub(super) fn read(infer: &Infer<'_>, file: FileId) -> FileReaders {
    let mut found = FileReaders::default();
    let Some(schema) = infer.world.schema(file) else { return found };
    let module = infer.hir(file);
    for (id, kind) in module.exprs() {
        match kind {
            ExprKind::Call(_) => call(infer, file, id, &mut found),
            ExprKind::Str(text) if schema.has_index_named(text) && may_name_an_index(infer, file, id) => {
                let is_test = infer.world.file(file).role == Role::Test;
                found.mentions.push((text.clone(), Mention { span: module.span(id), is_test }));
            }
            _ => {}
        }
    }
    found
}

fn call(infer: &Infer<'_>, file: FileId, id: ExprId, found: &mut FileReaders) {
    let module = infer.hir(file);
    let Some(call) = module.call(id) else { return };
    let argument = |i: usize| call.args.get(i).filter(|a| !a.spread).map(|a| a.value);
    let method = module.method(id).map(|(_, object, method)| (object, &**method));
    let (table, name, how) = match method {
        Some((object, "withIndex" | "withSearchIndex")) => match infer.expr(file, object) {
            Ty::Query(chain) => (chain.table.clone(), argument(0), How::Step),
            _ => (table_of_chain(infer, file, object), argument(0), How::Chain),
        },
        Some((_, "vectorSearch")) => (known(infer, file, argument(0)), argument(1), How::One),
        // `ctx.table("t", "index", (q) => …)` of ents.
        Some((_, "table")) if call.args.len() >= 2 => match (known(infer, file, argument(0)), argument(1)) {
            (Some(table), Some(name)) => (Some(table), Some(name), How::Chain),
            _ => return,
        },
        _ if !may_take_an_index(infer, file, call) => return,
        _ => match infer.expr(file, call.callee) {
            Ty::External(external) => match helper(&external) {
                Some((place, how)) => (known(infer, file, argument(1)), argument(place), how),
                None if OPEN.iter().any(|m| external.module.starts_with(m)) => return,
                None => return schema_given_away(infer, file, id, found),
            },
            Ty::Function(at) => {
                let is_own = infer.world.project(at.file) == infer.world.project(file);
                return if is_own {
                    found.gives_schema |= given_schema(infer, file, id).is_some()
                } else {
                    schema_given_away(infer, file, id, found)
                };
            }
            _ => return,
        },
    };
    let Some(name) = name else { return };
    let name_span = module.span(name);
    let ty = infer.expr(file, name);
    let Some(index) = ty.as_str().cloned() else {
        // A test's stand-in for a database takes whatever name it is given.
        if infer.world.file(file).role == Role::Test {
            return;
        }
        let tables = table.map_or_else(|| tables_of_chain(infer, file, id), |table| Some(vec![Shape::Exactly(table)]));
        found.dynamic.push(DynamicReader { span: name_span, tables, among: shapes(infer, file, name), by_schema: false });
        return;
    };
    let order_seen = match how {
        How::One => None,
        How::Many => order::of_list(infer, file, id),
        How::Chain | How::Step => order::of_chain(infer, file, id),
    };
    let guesses = how == How::Many || how == How::One && method.is_none();
    let reader = IndexReader {
        file,
        table,
        index,
        name,
        name_span,
        order_seen,
        asks_time: matches!(how, How::Chain | How::Step) && speaks_of_time(module, name),
        // `…, index, value)` without the field behind it.
        field_after: call
            .args
            .iter()
            .position(|a| a.value == name)
            .filter(|at| guesses && call.args.len() == at + 2)
            .map(|at| module.span(call.args[at + 1].value)),
        is_test: infer.world.file(file).role == Role::Test,
    };
    match how {
        How::Step => found.steps.push((id, reader)),
        _ => found.others.push(reader),
    }
}

/// Whether the call is worth asking about: its callee is imported from convex-helpers, or it is given a whole schema.
fn may_take_an_index(infer: &Infer<'_>, file: FileId, call: &super::hir::Call) -> bool {
    let module = infer.hir(file);
    if module.validator_method(call).is_some() || module.begins_locally(call.callee) {
        return false;
    }
    let imported = match module.expr(module.bare(call.callee)) {
        ExprKind::Local(binding) => Some(*binding),
        ExprKind::Member { object, .. } => match module.expr(*object) {
            ExprKind::Local(binding) => Some(*binding),
            _ => None,
        },
        _ => None,
    };
    // Through a file of the project it may be one of them too.
    let is_helper = imported
        .and_then(|b| module.import(module.binding(b)))
        .is_some_and(|i| i.module.starts_with("convex-helpers") || i.module.starts_with('.'));
    is_helper && call.args.len() >= 3 || call.args.iter().any(|a| may_be_schema(infer, file, a.value))
}

/// A schema is made at the top of a module: only such names are looked at.
fn may_be_schema(infer: &Infer<'_>, file: FileId, value: ExprId) -> bool {
    let module = infer.hir(file);
    let is_name = matches!(module.expr(module.bare(value)), ExprKind::Local(_) | ExprKind::Member { .. });
    is_name && !module.begins_locally(value) && matches!(infer.expr(file, value), Ty::Schema(_))
}

/// How a call reads an index.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// One row, or rows ranked by something else than the index.
    One,
    /// A list of rows.
    Many,
    /// Something that goes on like a query.
    Chain,
    /// A step of a query of the model.
    Step,
}

/// The functions of convex-helpers that take the name of an index: which argument, and what they yield.
fn helper(external: &External) -> Option<(usize, How)> {
    if !external.module.starts_with("convex-helpers") {
        return None;
    }
    Some(match &**external.path.last()? {
        "getOneFrom" | "getOneFromOrThrow" => (2, How::One),
        "getManyFrom" => (2, How::Many),
        "getManyVia" | "getManyViaOrThrow" => (3, How::Many),
        _ => return None,
    })
}

/// Packages that do not read the tables of a schema that they are given, other than through what is seen here.
const OPEN: &[&str] = &["convex/", "convex-helpers", "convex-test", "convex-ents", "global", "instance"];

/// Foreign code that gets the schema itself may read any index of it.
fn schema_given_away(infer: &Infer<'_>, file: FileId, id: ExprId, found: &mut FileReaders) {
    let given = given_schema(infer, file, id);
    found.dynamic.extend(given.map(|span| DynamicReader { span, tables: None, among: None, by_schema: true }));
}

fn given_schema(infer: &Infer<'_>, file: FileId, id: ExprId) -> Option<Span> {
    let module = infer.hir(file);
    let given = module.call(id)?.args.iter().find(|a| matches!(infer.expr(file, a.value), Ty::Schema(_)))?;
    Some(module.span(given.value))
}

fn known(infer: &Infer<'_>, file: FileId, argument: Option<ExprId>) -> Option<Name> {
    infer.expr(file, argument?).as_str().cloned()
}

/// `….query("t")…`: the table of a chain on something that is not known to be a database.
fn table_of_chain(infer: &Infer<'_>, file: FileId, mut at: ExprId) -> Option<Name> {
    let module = infer.hir(file);
    loop {
        let (call, object, method) = module.method(module.bare(at))?;
        if &**method == "query" {
            return known(infer, file, call.args.first().map(|a| a.value));
        }
        at = object;
    }
}

/// Whether the string may come to name an index, beyond the readers that are known.
fn may_name_an_index(infer: &Infer<'_>, file: FileId, id: ExprId) -> bool {
    let module = infer.hir(file);
    match module.meaningful_parent(id) {
        (Parent::Expr(up), child) => match module.expr(up) {
            ExprKind::Call(call) => !is_settled_argument(infer, file, up, call, child),
            ExprKind::Array(_) => !in_definition(infer, file, up),
            ExprKind::Object(_) => !in_definition(infer, file, up),
            ExprKind::Index { index, .. } => *index != child,
            ExprKind::Cond { test, .. } => *test != child && may_name_an_index(infer, file, up),
            ExprKind::Binary { op: Binary::Or | Binary::Coalesce, .. } => may_name_an_index(infer, file, up),
            ExprKind::Binary { op, .. } => {
                let compares = matches!(op, Binary::StrictEq | Binary::StrictNe | Binary::LooseEq | Binary::LooseNe | Binary::Compare);
                // A test's stand-in for a database tells indexes apart by their names.
                !compares || infer.world.file(file).role == Role::Test
            }
            _ => true,
        },
        (Parent::Stmt { place: Place::Discarded | Place::Test, .. }, _) => false,
        (Parent::Stmt { place: Place::Init(first, end), .. }, _) => module.bindings_in((first, end)).any(|b| {
            let binding = module.binding(b);
            module.is_exported(b) || !binding.path.is_empty() || binding.uses.iter().any(|usage| may_name_an_index(infer, file, *usage))
        }),
        _ => true,
    }
}

/// An argument of which it is known what it is for: the name at a known reader, a field of a range, a part of a definition.
fn is_settled_argument(infer: &Infer<'_>, file: FileId, id: ExprId, call: &super::hir::Call, child: ExprId) -> bool {
    let module = infer.hir(file);
    let place = call.args.iter().position(|a| a.value == child);
    if let Some((_, object, method)) = module.method(id) {
        match &**method {
            "withIndex" | "withSearchIndex" => return place == Some(0),
            "vectorSearch" => return place <= Some(1),
            "table" => return place <= Some(1),
            // A field, whatever builds the condition.
            "eq" | "neq" | "gt" | "gte" | "lt" | "lte" | "field" | "search" if place == Some(0) => return true,
            _ => {}
        }
        if matches!(infer.expr(file, object).non_null(), Ty::Db | Ty::Query(_) | Ty::RangeBuilder | Ty::FilterBuilder | Ty::Table(_)) {
            return true;
        }
    }
    match infer.expr(file, call.callee) {
        Ty::External(external) => helper(&external).is_some() || matches!(&*external.module, "convex/values" | "convex/server" | "global"),
        _ => in_definition(infer, file, id),
    }
}

/// Whether the expression is part of a table's definition or of a validator.
fn in_definition(infer: &Infer<'_>, file: FileId, id: ExprId) -> bool {
    let module = infer.hir(file);
    let mut at = id;
    loop {
        if matches!(module.expr(at), ExprKind::Call(_)) && matches!(infer.expr(file, at), Ty::Table(_) | Ty::Schema(_) | Ty::Validator(_)) {
            return true;
        }
        match module.parent(at) {
            Parent::Expr(up) => at = up,
            Parent::Stmt { .. } => return false,
        }
    }
}

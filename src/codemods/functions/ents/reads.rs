//! Follows the calls of a chain, from a table or an ent to what is asked for.

use super::{Base, Chain, Link, Mapped, Reader, Remark, Understood, Why, Yields, writes};
use crate::codemods::functions::ask::{Ask, Bound, End, Key, Op, Read, Source, Value};
use crate::codemods::functions::differences;
use crate::codemods::functions::edges::{self, Followed};
use crate::codemods::functions::order;
use crate::codemods::functions::predicates;
use crate::model::hir::{ExprId, ExprKind, Name};
use crate::model::ty::{EntsTy, Ty};

/// How far a chain has been followed.
pub enum State {
    /// Rows of a table, not yet awaited.
    Query(Read),
    /// One row.
    One(RowRef),
    /// Rows behind a table in between.
    Edge(EdgeRef),
    Done(Box<Understood>),
}

/// One row, as long as nothing has been asked of it.
#[derive(Clone)]
pub struct RowRef {
    pub table: Name,
    pub key: Key,
    /// Not to find it is an error.
    pub throws: bool,
    /// It is held already.
    pub held: Option<ExprId>,
    /// The id may be missing.
    pub may_lack_id: bool,
    /// There is one row at most with the key.
    pub is_unique: bool,
    /// The table holds its id in a field, and it may be gone.
    pub may_dangle: bool,
}

pub struct EdgeRef {
    pub from: RowRef,
    pub name: Name,
    pub followed: Followed,
}

pub fn understand(reader: &Reader<'_>, chain: &Chain) -> Result<Understood, Why> {
    let mut walk = Walk { reader, ents: &chain.ents, remarks: Vec::new() };
    let mut state = walk.begin(chain)?;
    for (at, link) in chain.links.iter().enumerate() {
        let is_last = at + 1 == chain.links.len();
        state = walk.step(state, link, is_last, chain.links.get(at + 1))?;
    }
    let mut understood = walk.finish(state)?;
    understood.remarks.append(&mut walk.remarks);
    Ok(understood)
}

pub struct Walk<'r, 'a> {
    pub reader: &'r Reader<'a>,
    pub ents: &'r EntsTy,
    pub remarks: Vec<Remark>,
}

impl Walk<'_, '_> {
    fn begin(&self, chain: &Chain) -> Result<State, Why> {
        match &chain.base {
            Base::Lazy => Err(lazy()),
            Base::Row(row) => {
                let table = self.ents.table_name().cloned().ok_or_else(dynamic)?;
                let key = Key::Id(Value::IdOf(*row, table.clone()));
                let row = RowRef { table, key, throws: true, held: Some(*row), may_lack_id: false, is_unique: true, may_dangle: false };
                Ok(State::One(row))
            }
            Base::Table { call, .. } => {
                let table = self.ents.table_name().cloned().ok_or_else(dynamic)?;
                let call = self.reader.module.call(*call).ok_or_else(dynamic)?;
                let source = match &*call.args {
                    [_] => Source::All,
                    [_, index] => Source::Index { name: self.index(index.value)?, bounds: Vec::new() },
                    [_, index, range] => {
                        let name = self.index(index.value)?;
                        let bounds = predicates::bounds(self.reader, &self.ents.schema, &table, &name, range.value)?;
                        Source::Index { name, bounds }
                    }
                    _ => return Err(dynamic()),
                };
                Ok(State::Query(Read { table, source, filters: Vec::new(), descending: false, end: End::Every, is_unique: false }))
            }
        }
    }

    fn index(&self, value: ExprId) -> Result<Name, Why> {
        self.reader.ty(value).as_str().cloned().ok_or_else(dynamic)
    }

    pub fn step(&mut self, state: State, link: &Link, is_last: bool, next: Option<&Link>) -> Result<State, Why> {
        let call = self.reader.module.call(link.call).ok_or_else(dynamic)?;
        if call.args.iter().any(|a| a.spread) {
            return Err(dynamic());
        }
        let args: Vec<ExprId> = call.args.iter().map(|a| a.value).collect();
        match state {
            State::Query(read) => self.on_query(read, link, &args, next),
            State::One(row) => self.on_one(row, link, &args),
            State::Edge(edge) => self.on_edge(edge, link, &args),
            State::Done(mut done) => match (&*link.name, &done.yields) {
                ("docs", Yields::Data) if matches!(done.ask, Ask::Many { .. }) => {
                    let Ask::Many { table, .. } = &done.ask else { return Err(dynamic()) };
                    self.check_raw(table)?;
                    Ok(State::Done(done))
                }
                ("map", Yields::Rows(_) | Yields::Page(_)) if done.mapped.is_none() => {
                    done.mapped = Some(Mapped { of_page: matches!(done.yields, Yields::Page(_)), ..self.mapped(link, &args)? });
                    done.yields = Yields::Data;
                    Ok(State::Done(done))
                }
                ("get", Yields::Id(table)) if is_last => {
                    let table = table.clone();
                    writes::with_row(&mut done.ask);
                    done.yields = Yields::Row(table);
                    Ok(State::Done(done))
                }
                ("docs" | "doc", Yields::Rows(table) | Yields::Row(table) | Yields::Page(table)) => {
                    self.check_raw(table)?;
                    Ok(State::Done(done))
                }
                ("edge" | "edgeX" | "patch" | "replace" | "delete", _) => Err(Why::new(
                    "functions-lazy-chain",
                    format!("`.{}(…)` is called on what `.{}` would find, before that is known", link.name, previous(self, link)),
                )
                .or("await the row first, then ask for what belongs to it")),
                _ => Err(unknown(link)),
            },
        }
    }

    fn on_query(&mut self, mut read: Read, link: &Link, args: &[ExprId], _next: Option<&Link>) -> Result<State, Why> {
        let is_fresh = matches!(read.source, Source::All) && read.filters.is_empty() && !read.descending;
        match (&*link.name, args) {
            ("get" | "getX", [id]) if is_fresh => {
                let throws = &*link.name == "getX";
                self.remarks.extend(differences::unchecked_id(self.reader, &read.table, *id, "ents"));
                let (key, may_lack_id) = (Key::Id(Value::Expr(*id)), false);
                Ok(State::One(RowRef { table: read.table, key, throws, held: None, may_lack_id, is_unique: true, may_dangle: false }))
            }
            ("get" | "getX", [index, values @ ..]) if is_fresh => self.get_by_index(&read.table, *index, values, &*link.name == "getX"),
            ("search", [index, range]) if is_fresh => {
                let index = self.index(*index)?;
                let (text, filters) = predicates::search(self.reader, &self.ents.schema, &read.table, *range)?;
                read.source = Source::Search { index, text, filters };
                Ok(State::Query(read))
            }
            ("filter", [predicate]) => {
                let filter = predicates::filter(self.reader, &self.ents.schema, &read.table, *predicate)?;
                if predicates::contains_missing(&filter) {
                    self.remark(
                        "functions-missing-or-null",
                        "the condition that a field is missing holds for null as well".to_owned(),
                        None,
                    );
                }
                read.filters.push(filter);
                Ok(State::Query(read))
            }
            ("order", [direction, rest @ ..]) => {
                let direction = self.reader.ty(*direction).as_str().cloned();
                read.descending = match direction.as_deref() {
                    Some("asc") => false,
                    Some("desc") => true,
                    _ => return Err(dynamic()),
                };
                if let [index] = rest {
                    if !matches!(read.source, Source::All) {
                        return Err(Why::new("functions-order", "an order by another index than the one that is read"));
                    }
                    read.source = Source::Index { name: self.index(*index)?, bounds: Vec::new() };
                }
                Ok(State::Query(read))
            }
            ("take", [count]) => {
                read.end = End::Take(*count);
                if !matches!(self.reader.ty(*count), Ty::Literal(..)) {
                    let message =
                        format!("`{}` must be a whole number of at least 1 for the ORM; 0 was no row before", self.reader.text(*count));
                    self.remark("functions-limit", message, None);
                }
                self.read(read)
            }
            ("first", []) => self.read(Read { end: End::First, ..read }),
            ("firstX", []) => self.read(Read { end: End::FirstOrThrow, ..read }),
            ("unique", []) => self.read(Read { end: End::Only, ..read }),
            ("uniqueX", []) => self.read(Read { end: End::OnlyOrThrow, ..read }),
            ("paginate", [options]) => {
                let message = "cursors of the ORM and those from before cannot be used for each other".to_owned();
                self.remark("functions-pagination", message, Some("clients that hold a page open load it anew".to_owned()));
                self.read(Read { end: End::Page(*options), ..read })
            }
            ("map", _) => {
                let done = self.read(read)?;
                self.step(done, link, true, None)
            }
            ("docs", []) => {
                self.check_raw(&read.table)?;
                self.read(read)
            }
            ("insert" | "insertMany", [value]) if is_fresh => writes::insert(self, read.table, *value, &*link.name == "insertMany"),
            ("normalizeId", [value]) if is_fresh => {
                Ok(done(Ask::NormalizeId { table: read.table, value: *value, is_handed_out: false }, Yields::Data))
            }
            ("getMany" | "getManyX", [ids]) if is_fresh => {
                self.remarks.extend(differences::unchecked_id(self.reader, &read.table, *ids, "ents"));
                Ok(done(Ask::Many { table: read.table, ids: *ids, throws: &*link.name == "getManyX" }, Yields::Data))
            }
            _ => Err(unknown(link)),
        }
    }

    fn get_by_index(&mut self, table: &Name, index: ExprId, values: &[ExprId], throws: bool) -> Result<State, Why> {
        let name = self.index(index)?;
        let definition = edges::table(&self.ents.schema, table).ok_or_else(dynamic)?;
        let index = definition.all_indexes().find(|index| index.name == name).ok_or_else(dynamic)?;
        let fields = index.own_fields().ok_or_else(dynamic)?;
        if values.len() > fields.len() {
            return Err(dynamic());
        }
        let column =
            |(field, value): (&Name, &ExprId)| Ok((super::column(field), self.reader.comparable(&self.ents.schema, table, field, *value)?));
        let columns: Vec<(Name, Value)> = fields.iter().zip(values).map(column).collect::<Result<_, Why>>()?;
        let is_unique = index.unique && values.len() == fields.len();
        let key = Key::Columns(columns);
        Ok(State::One(RowRef { table: table.clone(), key, throws, held: None, may_lack_id: false, is_unique, may_dangle: false }))
    }

    fn on_one(&mut self, row: RowRef, link: &Link, args: &[ExprId]) -> Result<State, Why> {
        match (&*link.name, args) {
            ("edge" | "edgeX", [_]) => self.edge(row, link),
            // What is loaded has its defaults.
            ("doc", []) if row.held.is_some() => {
                let Some(held) = row.held else { return Err(dynamic()) };
                let is_optional = self.reader.module.call(link.call).is_some_and(|call| {
                    call.optional
                        || matches!(self.reader.module.expr(self.reader.module.bare(call.callee)), ExprKind::Member { optional: true, .. })
                });
                Ok(done(Ask::Document { table: row.table, row: held, is_optional }, Yields::Data))
            }
            ("doc", []) => {
                self.check_raw(&row.table)?;
                Ok(State::One(row))
            }
            ("patch", [value]) => writes::patch(self, &row, *value),
            ("delete", []) => writes::delete(self, &row),
            ("replace", [_]) => Err(Why::new("functions-replace", "the ORM has no call that replaces a row as a whole").or(format!(
                "ctx.orm.update({0}).set({{ … }}).where(eq({0}.id, …)), with every column, and `unsetToken` for those that go",
                row.table
            ))),
            _ => Err(unknown(link)),
        }
    }

    fn finish(&mut self, state: State) -> Result<Understood, Why> {
        let state = match state {
            State::Query(read) => self.read(read)?,
            State::Edge(edge) => self.edge_rows(&edge)?,
            State::One(row) => self.row(row)?,
            done => done,
        };
        match state {
            State::Done(understood) => Ok(*understood),
            _ => Err(lazy()),
        }
    }

    /// The row itself.
    fn row(&mut self, row: RowRef) -> Result<State, Why> {
        if row.held.is_some() {
            return Err(lazy());
        }
        let (source, end) = match &row.key {
            Key::Id(id) => (Source::Id(id.clone()), if row.throws { End::FirstOrThrow } else { End::First }),
            Key::Columns(columns) => {
                let bounds: Vec<Bound> =
                    columns.iter().map(|(field, value)| Bound { field: field.clone(), op: Op::Eq, value: value.clone() }).collect();
                let name = self.index_on(&row.table, columns);
                let end = match (row.is_unique, row.throws) {
                    (true, true) => End::FirstOrThrow,
                    (true, false) => End::First,
                    (false, true) => End::OnlyOrThrow,
                    (false, false) => End::Only,
                };
                (Source::Index { name, bounds }, end)
            }
        };
        if row.may_lack_id && row.throws {
            let message = format!("where the edge leads to no row of `{}`, ents found null and the ORM throws an error", row.table);
            self.remark("functions-missing-edge", message, None);
        }
        if row.may_dangle {
            let message = format!("where the row of `{}` is gone, ents threw an error and the ORM finds null", row.table);
            self.remark("functions-dangling", message, None);
        }
        let yields = Yields::Row(row.table.clone());
        let read = Read { table: row.table, source, filters: Vec::new(), descending: false, end, is_unique: row.is_unique };
        if !order::is_unordered(&read) {
            self.check_order(&read)?;
        }
        Ok(done(Ask::Read(read), yields))
    }

    fn index_on(&self, table: &Name, columns: &[(Name, Value)]) -> Name {
        let orm = self.reader.target.tables.get(table);
        let found = orm.and_then(|orm| orm.indexes.iter().find(|index| index.fields.iter().eq(columns.iter().map(|(name, _)| name))));
        found.map_or_else(|| Name::from(""), |index| index.name.clone())
    }

    fn read(&mut self, read: Read) -> Result<State, Why> {
        let is_unique = self.is_unique(&read);
        let read = match (&read.end, is_unique) {
            (End::Only, true) => Read { end: End::First, ..read },
            (End::OnlyOrThrow, true) => Read { end: End::FirstOrThrow, ..read },
            _ => read,
        };
        let read = Read { is_unique, ..read };
        if !order::is_unordered(&read) {
            self.check_order(&read)?;
        }
        if let (Source::Search { .. }, End::Every) = (&read.source, &read.end) {
            return Err(Why::new("functions-search", "a search without a limit"));
        }
        if matches!(read.end, End::Page(_)) && !read.filters.is_empty() {
            return Err(Why::new("functions-filtered-pages", "pages of filtered rows lose their order in the ORM")
                .or(format!("ctx.orm.query.{}.select().orderBy(…).filter(…).paginate({{ cursor, limit }})", read.table)));
        }
        let table = read.table.clone();
        let yields = match &read.end {
            End::Every | End::Take(_) => Yields::Rows(table),
            End::Page(_) => Yields::Page(table),
            _ => Yields::Row(table),
        };
        Ok(done(Ask::Read(read), yields))
    }

    /// Whether no two rows can meet the condition.
    fn is_unique(&self, read: &Read) -> bool {
        let Source::Index { name, bounds } = &read.source else { return false };
        let Some(table) = edges::table(&self.ents.schema, &read.table) else { return false };
        let index = table.all_indexes().find(|index| index.name == *name);
        index.is_some_and(|index| index.unique && index.own_fields().is_some_and(|own| own.len() == bounds.len()))
            && bounds.iter().all(|bound| bound.op == Op::Eq)
    }

    fn check_order(&self, read: &Read) -> Result<(), Why> {
        match order::order_by(read, self.reader.target.tables.get(&read.table)) {
            Some(_) => Ok(()),
            None => Err(Why::new("functions-order", "the ORM would read another index here, and give the rows in another order")
                .or(format!("ctx.orm.query.{}.withIndex(…).findMany({{ limit: … }})", read.table))),
        }
    }

    /// What is read without the defaults that ents fill in.
    pub fn check_raw(&self, table: &Name) -> Result<(), Why> {
        let definition = edges::table(&self.ents.schema, table).ok_or_else(dynamic)?;
        if definition.added.iter().any(|added| added.default.is_some()) {
            return Err(Why::new(
                "functions-raw-document",
                format!("documents of `{table}` are asked for without the defaults of their fields"),
            ));
        }
        Ok(())
    }

    fn mapped(&self, link: &Link, args: &[ExprId]) -> Result<Mapped, Why> {
        let [callback] = args else { return Err(unknown(link)) };
        let func = self.reader.module.as_func(*callback);
        let is_async = match func.map(|func| self.reader.module.func(func)) {
            Some(func) if func.is_async => true,
            Some(_) => {
                let at = crate::model::ty::FunctionAt { file: self.reader.file, func: func.ok_or_else(dynamic)? };
                let result = self.reader.infer.returns(at);
                result.members().iter().any(|t| matches!(t, Ty::Unknown | Ty::Promise(_) | Ty::Ents(_)))
            }
            None => true,
        };
        Ok(Mapped { callback: *callback, is_async, of_page: false })
    }

    pub fn remark(&mut self, code: &'static str, message: String, suggestion: Option<String>) {
        self.remarks.push(Remark { code, message, suggestion });
    }
}

pub fn done(ask: Ask, yields: Yields) -> State {
    State::Done(Box::new(Understood { ask, yields, remarks: Vec::new(), mapped: None }))
}

pub fn dynamic() -> Why {
    Why::new("functions-dynamic", "what is read here is decided when the code runs")
}

pub fn lazy() -> Why {
    Why::new("functions-lazy-chain", "what is asked for is put together before it is awaited, in a way that cannot be followed")
        .or("await the rows where they are asked for, and keep them in the variable")
}

pub fn not_unique(row: &RowRef) -> Why {
    Why::new("functions-not-unique", format!("ents throw an error where two rows of `{}` match, and the ORM takes the first", row.table))
}

fn unknown(link: &Link) -> Why {
    let why = Why::new("functions-no-equal", format!("`.{}` has no equal in the ORM", link.name));
    match &*link.name {
        "getMany" => why.or("`await Promise.all(ids.map((id) => ctx.orm.query.….findFirst({ where: { id } })))`"),
        "getManyX" => why.or("`await Promise.all(ids.map((id) => ctx.orm.query.….findFirstOrThrow({ where: { id } })))`"),
        _ => why,
    }
}

fn previous(walk: &Walk<'_, '_>, link: &Link) -> Name {
    let object = walk.reader.module.method(link.call).map(|(_, object, _)| object);
    let name = object.and_then(|object| walk.reader.module.method(walk.reader.module.bare(object)).map(|(.., name)| name.clone()));
    name.unwrap_or_else(|| Name::from("table"))
}

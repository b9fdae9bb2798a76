//! The back end: writes what is asked as calls of the ORM, in the style of the file.

mod writes;

use super::ask::{Ask, End, Inserted, Join, Key, Read, Related, Source, Value};
use super::by_hand::Along;
use super::companions::Helper;
use super::nested::Nested;
use super::order;
use super::target::Target;
use crate::codemods::schema::files::FileContext;
use crate::model::Workspace;
use crate::model::hir::{ExprId, ExprKind, Key as PropKey, Module, Name, PropKind};
use crate::model::ty::{Literal, Ty};
use crate::style::{column_at, indent_at};
use crate::writing::code::{Code, Line};
use crate::writing::imports::specifier;

/// Writes code into one file.
pub struct Printer<'a, 'w> {
    pub workspace: &'w Workspace,
    pub module: &'a Module,
    pub target: &'a Target,
    pub nested: &'a Nested<'a>,
    pub context: &'a FileContext<'w>,
    /// Whether an expression holds a row of the ORM, and not a document.
    pub is_row: &'a dyn Fn(ExprId) -> bool,
    /// The local name of a helper, imported.
    pub helper: &'a dyn Fn(Helper) -> String,
    /// What a value holds that the compiler knows nothing of.
    pub untyped: &'a dyn Fn(ExprId) -> Option<Ty>,
    /// The type of ids in this file.
    pub id_type: &'a dyn Fn() -> String,
}

/// What takes the place of a call.
pub struct Printed {
    /// A promise.
    pub promise: Code,
    /// What is taken from what it yields: `.posts`, `[0]!.id`.
    pub taken: Option<Taken>,
}

pub enum Taken {
    /// Behind the awaited value, in brackets.
    Behind(String),
    /// A comparison, or a fallback: the operator and what follows it.
    Operator(String),
    /// Around it: a call's name.
    Around(String),
}

impl Printer<'_, '_> {
    /// `with` are relations that are loaded along with rows.
    pub fn print(&self, ask: &Ask, with: &[Along], orm: &str) -> Option<Printed> {
        let plain = |promise| Some(Printed { promise, taken: None });
        match ask {
            Ask::Read(read) => self.read(read, with, orm),
            Ask::Related(related) => Some(self.related(related, orm)),
            Ask::Exists { table, columns } => {
                let call = self.query(orm, table, "findFirst", vec![self.where_columns(columns)], None);
                Some(Printed { promise: call, taken: Some(Taken::Operator(" !== null".to_owned())) })
            }
            Ask::Insert { table, value, many, result, .. } => {
                let table_name = self.table(table);
                let mut calls = vec![format!(".insert({table_name})"), format!(".values({})", self.without(*value, joins_of(ask)))];
                let style = self.context.style;
                let head = Code::text(orm);
                let taken = match (result, many) {
                    (Inserted::Id, true) => {
                        calls.push(self.returning_id(&table_name));
                        Some(Taken::Behind(format!(".map((row) => row.id as {}<{}>)", (self.id_type)(), style.string(table))))
                    }
                    _ => self.returned(table, *result, &mut calls),
                };
                Some(Printed { promise: Code::Chain { head: Box::new(head), calls }, taken })
            }
            Ask::Update { table, row, change, result, .. } => {
                let name = self.table(table);
                let set = self.change(change, joins_of(ask));
                let mut calls = vec![format!(".update({name})"), format!(".set({set})"), format!(".where({})", self.where_key(table, row))];
                let taken = self.returned(table, *result, &mut calls);
                Some(Printed { promise: Code::Chain { head: Box::new(Code::text(orm)), calls }, taken })
            }
            Ask::Delete { table, row, result: Inserted::Ignored } => {
                let name = self.table(table);
                plain(Code::text(format!("{orm}.delete({name}).where({})", self.where_key(table, row))))
            }
            // Ents give back the id whether or not there was such a row.
            Ask::Delete { table, row: row @ Key::Id(id), .. } => {
                let id = self.value(id, false);
                plain(Code::text(format!("{orm}.delete({}).where({}).then(() => {id})", self.table(table), self.where_key(table, row))))
            }
            Ask::Delete { .. } => None,
            Ask::Many { table, ids, throws } => {
                let style = self.context.style;
                let method = if *throws { "findFirstOrThrow" } else { "findFirst" };
                let one = format!("await {orm}.query.{table}.{method}({{ where: {{ id }} }})");
                let document = (self.helper)(Helper::Document);
                let list = match self.module.expr(self.module.bare(*ids)) {
                    ExprKind::Local(_) | ExprKind::Member { .. } | ExprKind::Call(_) | ExprKind::Array(_) => self.text(*ids),
                    _ => format!("({})", self.text(*ids)),
                };
                plain(Code::text(format!("Promise.all({list}.map(async (id) => {document}({}, {one})))", style.string(table))))
            }
            Ask::Via { read, relation, table, throws } => {
                let printed = self.read(read, &[Along::one(relation.clone())], orm)?;
                let document = (self.helper)(Helper::Document);
                let document = format!("{document}({}, row.{relation})", self.context.style.string(table));
                let each = match throws {
                    true => format!(".map((row) => {}({document}))", (self.helper)(Helper::MustExist)),
                    false => format!(".map((row) => {document})"),
                };
                Some(Printed { promise: printed.promise, taken: Some(Taken::Behind(each)) })
            }
            Ask::Document { .. } => None,
            // Of the database, and no promise.
            Ask::NormalizeId { .. } => None,
        }
    }

    fn read(&self, read: &Read, with: &[Along], orm: &str) -> Option<Printed> {
        let style = self.context.style;
        let mut fields = Vec::new();
        if let Source::Search { index, text, filters } = &read.source {
            let mut search =
                vec![Code::field("index", Code::text(style.string(index)), style), self.field("query", &self.value(text, false))];
            if !filters.is_empty() {
                let filters = filters.iter().map(|(name, value)| self.field(name, &self.value(value, false))).collect();
                search.push(Code::field("filters", Code::object(filters), style));
            }
            fields.push(Code::field("search", Code::object(search), style));
        }
        let conditions = read.conditions();
        if !conditions.is_empty() {
            fields.push(self.where_object(&conditions));
        }
        let order = order::order_by(read, self.target.tables.get(&read.table)).unwrap_or_default();
        if !order.is_empty() && !order::is_unordered(read) {
            fields.push(self.order_by(&order, read.descending));
        }
        let method = match &read.end {
            End::First => "findFirst",
            End::FirstOrThrow => "findFirstOrThrow",
            _ => "findMany",
        };
        let (mut taken, mut all_rows) = (None, None);
        match &read.end {
            End::Every => all_rows = Some(reason_for_all(&read.source)),
            End::Take(count) => fields.push(self.field("limit", &self.text(*count))),
            End::Page(options) => {
                let (cursor, limit) = match page_options(self.module, *options) {
                    Some((cursor, limit)) => (self.text(cursor), self.text(limit)),
                    None => {
                        let options = self.text(*options);
                        (format!("{options}.cursor"), format!("{options}.numItems"))
                    }
                };
                fields.push(self.field("cursor", &cursor));
                fields.push(self.field("limit", &limit));
            }
            End::Only | End::OnlyOrThrow => {
                fields.push(Code::text("limit: 2"));
                let helper = if read.end.throws() { Helper::OnlyRowOrThrow } else { Helper::OnlyRow };
                taken = Some(Taken::Around((self.helper)(helper)));
            }
            End::First | End::FirstOrThrow => {}
        }
        if !with.is_empty() {
            fields.push(self.along(with));
            if all_rows.is_none() && with.iter().any(Along::reads_all) {
                all_rows = Some("All rows behind them are read, as before.");
            }
        }
        Some(Printed { promise: self.query(orm, &read.table, method, fields, all_rows), taken })
    }

    /// `with: { author: true, comments: { limit: 3 } }`.
    fn along(&self, with: &[Along]) -> Code {
        let style = self.context.style;
        let config = |along: &Along| {
            let mut fields = Vec::new();
            if let Some(rows) = &along.rows {
                if !rows.order.is_empty() {
                    fields.push(self.order_by(&rows.order, rows.is_descending));
                }
                fields.extend(rows.limit.map(|limit| self.field("limit", &self.text(limit))));
            }
            if !along.with.is_empty() {
                fields.push(self.along(&along.with));
            }
            if fields.is_empty() { Code::text("true") } else { Code::object(fields) }
        };
        let relations = with.iter().map(|along| Code::field(&along.relation, config(along), style)).collect();
        Code::field("with", Code::object(relations), style)
    }

    fn order_by(&self, columns: &[Name], is_descending: bool) -> Code {
        let style = self.context.style;
        let direction = style.string(if is_descending { "desc" } else { "asc" });
        let columns = columns.iter().map(|column| Code::field(column, Code::text(direction.clone()), style)).collect();
        Code::field("orderBy", Code::object(columns), style)
    }

    fn related(&self, related: &Related, orm: &str) -> Printed {
        let style = self.context.style;
        let relation = &related.relation;
        let order = || Code::object(vec![Code::field("createdAt", Code::text(style.string("asc")), style)]);
        let config = if related.ordered { Code::object(vec![Code::field("orderBy", order(), style)]) } else { Code::text("true") };
        let mut fields = vec![self.where_columns(&key_columns(&related.row))];
        fields.push(Code::field("with", Code::object(vec![Code::field(relation, config, style)]), style));
        let all_rows = related.many.then_some("All of them are read, as before.");
        let method = if related.throws { "findFirstOrThrow" } else { "findFirst" };
        let promise = self.query(orm, &related.table, method, fields, all_rows);
        let taken = match related.or_none {
            true => Taken::Operator(format!("?.{relation} ?? []")),
            false => Taken::Behind(format!(".{relation}")),
        };
        Printed { promise, taken: Some(taken) }
    }

    /// `all_rows` is the reason why there is no limit, which the ORM asks to be said.
    fn query(&self, orm: &str, table: &str, method: &str, fields: Vec<Code>, all_rows: Option<&str>) -> Code {
        let head = format!("{orm}.query.{table}.{method}");
        let reason = |why: &str| Line { leading: vec![format!("// {why}")], ..Line::of(Code::text("allowFullScan: true")) };
        let lines = fields.into_iter().map(Line::of).chain(all_rows.map(reason)).collect();
        Code::call(head, vec![Code::list("{", lines, "}", true, false)])
    }

    /// The code where the call stood, that is where the expression begins.
    pub fn layout(&self, code: &Code, at: ExprId, before: usize) -> String {
        let text = &self.workspace.source(self.context.file).text;
        let start = self.module.span(at).start;
        code.print(self.context.style, indent_at(text, start), column_at(text, start) + before, 2)
    }

    fn where_columns(&self, columns: &[(Name, Value)]) -> Code {
        let is_id = |name: &Name| &**name == "id";
        let fields = columns.iter().map(|(name, value)| self.field(name, &self.value(value, is_id(name)))).collect();
        Code::field("where", Code::object(fields), self.context.style)
    }

    /// `eq(users.id, userId)`.
    pub fn where_key(&self, table: &Name, key: &Key) -> String {
        let local = self.table(table);
        let eq = |(name, value): &(Name, Value)| {
            format!("{}({local}.{name}, {})", self.context.names.orm("eq"), self.value(value, &**name == "id"))
        };
        let columns = key_columns(key);
        match &columns[..] {
            [one] => eq(one),
            many => format!("{}({})!", self.context.names.orm("and"), many.iter().map(eq).collect::<Vec<_>>().join(", ")),
        }
    }

    /// The name of the constant that is the table.
    pub fn table(&self, table: &Name) -> String {
        let Some(orm) = self.target.tables.get(table) else { return table.to_string() };
        let path = |file| self.workspace.source(file).path.as_str();
        let local = match orm.file == self.context.file {
            true => orm.local.clone(),
            false => self.context.want(&self.specifier(path(orm.file)), &orm.local, &orm.local),
        };
        if orm.is_within { format!("{local}.{table}") } else { local }
    }

    /// How this file names another: as it does already, else by its place.
    pub fn specifier(&self, to: &str) -> String {
        let from = &self.workspace.source(self.context.file).path;
        specifier(from, to)
    }

    pub fn text(&self, id: ExprId) -> String {
        self.nested.text(self.module.span(id))
    }

    /// A value, as it is given for a column; ids of rows are plain strings to the compiler.
    pub fn value(&self, value: &Value, is_id: bool) -> String {
        match value {
            Value::Expr(id) | Value::Sure(id) => {
                let text = self.text(*id);
                match (self.untyped)(*id).and_then(|ty| self.type_text(&ty)) {
                    Some(ty) => format!("{text} as {ty}"),
                    None => text,
                }
            }
            Value::IdOf(row, table) => {
                let text = self.text(*row);
                match ((self.is_row)(*row), is_id) {
                    (true, true) => format!("{text}.id"),
                    (true, false) => format!("{text}.id as {}<{}>", (self.id_type)(), self.context.style.string(table)),
                    (false, _) => format!("{text}._id"),
                }
            }
            Value::FieldOf(row, name) => {
                let text = format!("{}.{name}", self.text(*row));
                let is_nullable = (self.is_row)(*row) && self.is_nullable_row(*row, name);
                if is_nullable { format!("{text} ?? undefined") } else { text }
            }
        }
    }

    /// A simple type, as it is written.
    fn type_text(&self, ty: &Ty) -> Option<String> {
        Some(match ty {
            Ty::Id(table) => format!("{}<{}>", (self.id_type)(), self.context.style.string(table)),
            Ty::String => "string".to_owned(),
            Ty::Number => "number".to_owned(),
            Ty::Boolean => "boolean".to_owned(),
            Ty::Literal(Literal::Str(text), _) => self.context.style.string(text),
            Ty::Union(members) => members.iter().map(|member| self.type_text(member)).collect::<Option<Vec<_>>>()?.join(" | "),
            _ => return None,
        })
    }

    fn is_nullable_row(&self, _row: ExprId, name: &Name) -> bool {
        self.target.tables.values().any(|table| table.nullable.contains(name))
    }

    /// `name: value`, short where both are called the same.
    pub fn field(&self, name: &str, value: &str) -> Code {
        if name == value {
            return Code::text(name);
        }
        let value = match value.contains('\n') {
            true => Code::Verbatim { text: value.to_owned(), indent: String::new() },
            false => Code::text(value),
        };
        Code::field(name, value, self.context.style)
    }
}

/// The cursor and the number of rows, where the options of a page are written out, and are nothing else.
pub fn page_options(module: &Module, options: ExprId) -> Option<(ExprId, ExprId)> {
    let [first, second] = module.as_object(options)? else { return None };
    let value = |name: &str| {
        let is_it = |prop: &&crate::model::hir::Prop| {
            matches!(&prop.key, PropKey::Name(key) if &**key == name) && matches!(prop.kind, PropKind::KeyValue | PropKind::Shorthand)
        };
        [first, second].into_iter().find(is_it).map(|prop| prop.value)
    };
    Some((value("cursor")?, value("numItems")?))
}

/// Whether an expression can stand where it would be read more than once.
pub fn is_simple(module: &Module, id: ExprId) -> bool {
    match module.expr(id) {
        ExprKind::Local(_) => true,
        ExprKind::Member { object, .. } => is_simple(module, *object),
        _ => false,
    }
}

fn joins_of(ask: &Ask) -> &[Join] {
    match ask {
        Ask::Insert { joins, .. } | Ask::Update { joins, .. } => joins,
        _ => &[],
    }
}

fn key_columns(key: &Key) -> Vec<(Name, Value)> {
    match key {
        Key::Id(value) => vec![(Name::from("id"), value.clone())],
        Key::Columns(columns) => columns.clone(),
    }
}

fn reason_for_all(source: &Source) -> &'static str {
    match source {
        Source::Index { bounds, .. } if !bounds.is_empty() => "All rows of the range are read, as before.",
        _ => "The whole table is read, as before.",
    }
}

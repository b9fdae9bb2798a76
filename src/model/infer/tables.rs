//! Table definitions and schemas: `defineTable(…).index(…)`, `defineSchema({ … })`, and their kin in convex-ents and convex-helpers.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::externals::is_exact;
use super::values::with_system_fields;
use super::{Infer, ents, packages};
use crate::model::hir::{Binding, BindingId, BindingKind, Call, Exported, ExprId, ExprKind, ImportName, Key, Name};
use crate::model::ty::{External, Field, Index, IndexKind, Literal, Object, SchemaTy, TableFlavor, TableTy, Ty, Validator};
use crate::model::world::Origin;
use crate::source::{FileId, Span};

/// The value of a constant, and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub file: FileId,
    pub value: ExprId,
    /// `None` where the value is a file's default export.
    pub binding: Option<BindingId>,
}

/// How many names, and how many spreads, lead to a table at most.
const LINKS: usize = 8;

impl Infer<'_> {
    pub(super) fn define_table(&self, file: FileId, id: ExprId, call: &Call, flavor: TableFlavor) -> Ty {
        let fields_at = call.args.first().map(|a| (file, a.value));
        let given = call.args.first().map_or(Ty::Undefined, |a| self.expr(file, a.value));
        let document = self.object_of_validators(&given).unwrap_or(Ty::Unknown);
        let unsure = unsure(&given);
        let unknown = TableTy::unknown(flavor, self.hir(file).span(id));
        Ty::Table(Arc::new(TableTy { document, open: false, fields_at, unsure, ..unknown }))
    }

    /// `Table("name", fields)` of convex-helpers: the table, and validators of what is in it.
    pub(super) fn table_of_helpers(&self, file: FileId, call: &Call) -> Ty {
        let arg = |i: usize| call.args.get(i).map_or(Ty::Undefined, |a| self.expr(file, a.value));
        let (Some(name), fields, Some(at)) = (arg(0).as_str().cloned(), arg(1), call.args.get(1)) else { return Ty::Unknown };
        let Some(document) = self.object_of_validators(&fields) else { return Ty::Unknown };
        let system = [("_id", Ty::Id(name.clone())), ("_creationTime", Ty::Number)].map(|(key, ty)| made(key, Ty::validator(ty)));
        let with_system = match &fields {
            Ty::Object(object) => {
                let mut object = (**object).clone();
                system.iter().for_each(|f| object.set(f.clone()));
                Ty::Object(Arc::new(object))
            }
            _ => Ty::Unknown,
        };
        let unknown = TableTy::unknown(TableFlavor::Plain, self.hir(file).span(call.callee));
        let doc = Ty::validator(with_system_fields(&document, &name));
        let table = TableTy { document, open: false, fields_at: Some((file, at.value)), unsure: unsure(&arg(1)), ..unknown };
        Ty::object([
            made("name", arg(0)),
            made("table", Ty::Table(Arc::new(table))),
            made("doc", doc),
            made("withoutSystemFields", fields),
            made("withSystemFields", with_system),
            made("_id", Ty::validator(Ty::Id(name))),
            made("systemFields", Ty::object(system)),
        ])
    }

    /// The table that a value is: a definition, or one that a package exports.
    pub(super) fn as_table(&self, ty: &Ty, span: Span) -> Option<Arc<TableTy>> {
        match ty {
            Ty::Table(table) => Some(table.clone()),
            Ty::External(external) => packages::table(external, span).map(Arc::new),
            _ => None,
        }
    }

    /// `defineEntsFromTables(tables)`.
    pub(super) fn ents_of(&self, file: FileId, call: &Call) -> Ty {
        let Some(argument) = call.args.first().map(|a| a.value) else { return Ty::Unknown };
        let (tables, open) = self.tables_of(file, argument);
        let fields = tables.into_iter().map(|(name, span, table)| Field { name, ty: ent(&table), optional: false, span: Some(span) });
        Ty::Object(Arc::new(Object { fields: fields.collect(), open }))
    }

    /// `.index(…)` and what else is called on a table definition.
    pub(super) fn table_method(&self, file: FileId, id: ExprId, call: &Call, table: &Arc<TableTy>, method: &str) -> Ty {
        // Its indexes are in a list of their own.
        if table.flavor == TableFlavor::Orm {
            return Ty::Unknown;
        }
        let module = self.hir(file);
        let mut table = (**table).clone();
        table.span = module.span(id);
        match method {
            "index" => self.add_index(file, id, call, &mut table, IndexKind::Db),
            "searchIndex" => self.add_index(file, id, call, &mut table, IndexKind::Search),
            "vectorIndex" => self.add_index(file, id, call, &mut table, IndexKind::Vector),
            "self" | "export" => return Ty::Unknown,
            _ if table.flavor == TableFlavor::Ent => self.ent_method(file, id, call, &mut table, method),
            _ => table.open = true,
        }
        Ty::Table(Arc::new(table))
    }

    fn add_index(&self, file: FileId, id: ExprId, call: &Call, table: &mut TableTy, kind: IndexKind) {
        let module = self.hir(file);
        let name = call.args.first().map(|a| (a.value, self.expr(file, a.value)));
        let (Some((name_at, name)), Some(span)) = (name.and_then(|(at, ty)| Some((at, ty.as_str()?.clone()))), module.method_span(id))
        else {
            table.open = true;
            return;
        };
        let options = call.args.get(1).map_or(Ty::Unknown, |a| self.expr(file, a.value));
        let field = |key: &str| match &options {
            Ty::Object(object) => object.field(key).map_or(Ty::Undefined, |f| f.ty.clone()),
            _ => Ty::Unknown,
        };
        let names = |ty: &Ty| match ty {
            Ty::Tuple(items) => items.iter().map(|i| i.as_str().cloned()).collect::<Option<Vec<Name>>>(),
            Ty::Undefined => Some(Vec::new()),
            _ => None,
        };
        let fields = match (&options, kind) {
            (Ty::Tuple(_), IndexKind::Db) => names(&options),
            (_, IndexKind::Db) => names(&field("fields")).filter(|f| !f.is_empty()),
            (_, other) => {
                let main = field(if other == IndexKind::Search { "searchField" } else { "vectorField" });
                main.as_str()
                    .cloned()
                    .zip(names(&field("filterFields")))
                    .map(|(main, filters)| std::iter::once(main).chain(filters).collect())
            }
        };
        let staged = match &options {
            Ty::Object(object) => match object.field("staged") {
                Some(field) => field.ty != Ty::Literal(Literal::Bool(false), false) && field.ty != Ty::Undefined,
                None => object.open,
            },
            _ => false,
        };
        let dimensions = match field("dimensions") {
            Ty::Literal(Literal::Num(number), _) if kind == IndexKind::Vector => whole(number),
            _ => None,
        };
        table.indexes.push(Index { kind, name, name_span: module.span(name_at), fields, span, staged, unique: false, dimensions });
    }

    /// `own`: the tables that the function adds by itself.
    pub(super) fn define_schema(&self, file: FileId, id: ExprId, call: &Call, own: &'static [&'static str]) -> Ty {
        let span = self.hir(file).span(id);
        let Some(argument) = call.args.first().map(|a| a.value) else {
            return Ty::Schema(Arc::new(SchemaTy { tables: Vec::new(), own, open: true, span, unchecked: false, loose_names: false }));
        };
        let (mut tables, mut open) = self.tables_of(file, argument);
        open |= !ents::join_tables(&mut tables);
        let options = call.args.get(1).map_or(Ty::Undefined, |o| self.expr(file, o.value));
        let may_be_off = |key: &str| match &options {
            Ty::Object(options) => options.field(key).is_some_and(|f| f.ty != Ty::Literal(Literal::Bool(true), false)),
            _ => false,
        };
        let unchecked = may_be_off("schemaValidation");
        let loose_names = may_be_off("strictTableNameTypes");
        open |= loose_names;
        // Plugins of an ORM bring tables along.
        open |= matches!(&options, Ty::Object(options) if options.field("plugins").is_some());
        Ty::Schema(Arc::new(SchemaTy { tables, own, open, span, unchecked, loose_names }))
    }

    /// The tables that an object names, and whether there may be more.
    ///
    /// What is spread and not known adds tables; that it replaces one that is written out is not to be expected.
    fn tables_of(&self, file: FileId, id: ExprId) -> (Tables, bool) {
        let mut tables = TableList::default();
        let open = self.collect_tables(file, id, None, 0, &mut tables);
        (tables.tables, open)
    }

    /// `whole` is the place that spreads the object, where one does.
    fn collect_tables(&self, file: FileId, id: ExprId, whole: Option<Span>, depth: usize, tables: &mut TableList) -> bool {
        let (file, id) = self.literal(file, id);
        let module = self.hir(file);
        let Some(props) = module.as_object(id).filter(|_| depth < LINKS) else {
            let ty = self.expr(file, id);
            let is_changed = match module.expr(module.bare(id)) {
                ExprKind::Local(binding) => self.is_changed(file, module.binding(*binding)),
                _ => false,
            };
            return self.add_tables(&ty, whole.unwrap_or_else(|| module.span(id)), tables) || is_changed;
        };
        let mut open = false;
        for prop in props {
            let span = Span::new(file, prop.start, prop.end);
            let ty = || self.expr(file, prop.value);
            let name = match &prop.key {
                Key::Spread => {
                    open |= self.collect_tables(file, prop.value, Some(span), depth + 1, tables);
                    continue;
                }
                Key::Name(name) => Some(name.clone()),
                Key::Computed(key) => self.expr(file, *key).as_str().cloned(),
            };
            match name {
                Some(name) => tables.set(name, span, self.table_or_unknown(&ty(), span)),
                None => open = true,
            }
        }
        open
    }

    /// The expression that a constant stands for, through imports.
    fn literal(&self, file: FileId, id: ExprId) -> (FileId, ExprId) {
        self.held(file, id).map_or((file, id), |held| (held.file, held.value))
    }

    /// What holds the value of a name, followed through constants and imports; `None` where the expression is no such name.
    pub fn held(&self, file: FileId, id: ExprId) -> Option<Held> {
        let mut found: Option<Held> = None;
        for _ in 0..LINKS {
            let (file, id) = found.as_ref().map_or((file, id), |held| (held.file, held.value));
            let module = self.hir(file);
            // `members.fields`, of all that a file exports.
            let (binding, member) = match module.expr(module.bare(id)) {
                ExprKind::Local(binding) => (binding, None),
                ExprKind::Member { object, property, .. } => match module.expr(module.bare(*object)) {
                    ExprKind::Local(binding) => (binding, Some(property)),
                    _ => break,
                },
                _ => break,
            };
            let declared = module.binding(*binding);
            if self.is_changed(file, declared) {
                break;
            }
            let import = module.import(declared).and_then(|import| match member {
                None => Some((import, import.name.clone())),
                Some(name) => (import.name == ImportName::Namespace).then(|| (import, ImportName::Named(name.clone()))),
            });
            let next = match (declared.kind, import) {
                (BindingKind::Const(Some(value)), _) if declared.path.is_empty() && member.is_none() => {
                    Held { file, value, binding: Some(*binding) }
                }
                (_, Some((import, name))) => match self.world.origin(file, &import.module, &name) {
                    Origin::Here(file, Exported::Expr(value)) => Held { file, value, binding: None },
                    Origin::Here(file, Exported::Binding(binding)) => match self.hir(file).binding(binding) {
                        Binding { kind: BindingKind::Const(Some(value)), path, .. } if path.is_empty() => {
                            Held { file, value: *value, binding: Some(binding) }
                        }
                        _ => break,
                    },
                    _ => break,
                },
                _ => break,
            };
            found = Some(next);
        }
        found
    }

    /// The tables of an object, of a schema's `tables`, or of a package.
    fn add_tables(&self, ty: &Ty, span: Span, tables: &mut TableList) -> bool {
        match ty {
            Ty::Object(object) => {
                for field in &object.fields {
                    let span = field.span.unwrap_or(span);
                    tables.set(field.name.clone(), span, self.table_or_unknown(&field.ty, span));
                }
                object.open
            }
            Ty::Namespace(target) => {
                let exports = self.hir(*target).exports.iter().filter(|e| !e.type_only);
                for name in exports.clone().filter_map(|e| e.name.as_ref()) {
                    if let Some(table) = self.as_table(&self.exported(*target, name), span) {
                        tables.set(name.clone(), span, table);
                    }
                }
                exports.clone().any(|e| e.name.is_none())
            }
            Ty::External(external) => match packages::tables(external) {
                Some(names) => {
                    for name in names {
                        let member = External { module: external.module.clone(), path: vec![external.path[0].clone(), Name::from(*name)] };
                        tables.set(Name::from(*name), span, self.table_or_unknown(&Ty::External(Arc::new(member)), span));
                    }
                    false
                }
                None => true,
            },
            _ => true,
        }
    }

    fn table_or_unknown(&self, ty: &Ty, span: Span) -> Arc<TableTy> {
        self.as_table(ty, span).unwrap_or_else(|| Arc::new(TableTy::unknown(TableFlavor::Plain, span)))
    }
}

/// Tables with their names and the places that name them.
pub(super) type Tables = Vec<(Name, Span, Arc<TableTy>)>;

/// Tables that are found one after the other.
#[derive(Default)]
struct TableList {
    tables: Tables,
    places: FxHashMap<Name, usize>,
}

impl TableList {
    /// Adds a table, or takes the place of the one with its name.
    fn set(&mut self, name: Name, span: Span, table: Arc<TableTy>) {
        let place = *self.places.entry(name.clone()).or_insert(self.tables.len());
        match self.tables.get_mut(place) {
            Some(old) => *old = (name, span, table),
            None => self.tables.push((name, span, table)),
        }
    }
}

/// The table as an ent.
pub(super) fn ent(table: &TableTy) -> Ty {
    Ty::Table(Arc::new(TableTy { flavor: TableFlavor::Ent, ..table.clone() }))
}

/// The validator of the table's documents.
pub(super) fn validator(table: &TableTy) -> Ty {
    let exact = table.unsure.is_empty();
    Ty::Validator(Arc::new(Validator { ty: table.document.clone(), optional: false, foreign: false, exact }))
}

/// The fields of an object of validators, or of a validator of objects, of which only is known what they may be.
fn unsure(given: &Ty) -> Vec<Name> {
    match given {
        Ty::Object(object) => object.fields.iter().filter(|f| f.optional || !is_exact(&f.ty)).map(|f| f.name.clone()).collect(),
        Ty::Validator(validator) if !validator.exact => validator.ty.members().iter().flat_map(field_names).collect(),
        Ty::Validator(_) => Vec::new(),
        Ty::Union(members) => members.iter().flat_map(unsure_or_named).collect(),
        _ => Vec::new(),
    }
}

/// All fields of one of several that it may be.
fn unsure_or_named(given: &Ty) -> Vec<Name> {
    match given {
        Ty::Validator(validator) => validator.ty.members().iter().flat_map(field_names).collect(),
        other => field_names(other),
    }
}

fn field_names(ty: &Ty) -> Vec<Name> {
    match ty {
        Ty::Object(object) => object.fields.iter().map(|f| f.name.clone()).collect(),
        _ => Vec::new(),
    }
}

/// A number of dimensions.
pub(super) fn whole(number: f64) -> Option<u32> {
    (number.fract() == 0.0 && (1.0..=f64::from(u32::MAX)).contains(&number)).then_some(number as u32)
}

fn made(name: &str, ty: Ty) -> Field {
    Field { name: Name::from(name), ty, optional: false, span: None }
}

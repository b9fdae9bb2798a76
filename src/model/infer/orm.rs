//! Tables of an ORM: `convexTable("users", { name: text().notNull() }, (t) => [index("by_name").on(t.name)])`.
//!
//! Follows `better-convex/orm` and its successor `kitcn/orm`; `better-convex/server` had tables of plain validators.
//! What documents hold is what the builders export, whatever their comments and types say.

mod columns;
mod parts;

use std::sync::Arc;

pub(super) use columns::handed_out;

use super::Infer;
use super::externals::is_exact;
use super::tables::validator;
use crate::model::hir::{Call, ExprId, Name};
use crate::model::ty::{Column, ColumnKind, ColumnRef, Field, Index, IndexKind, Object, TableColumn, TableFlavor, TablePart, TableTy, Ty};
use crate::source::{FileId, Span};

/// Whether a package's module is one of an ORM, by its name: `better-convex/orm`, `kitcn/orm`, one's own copy of it.
pub(super) fn is_orm(module: &str) -> bool {
    module == "better-convex/server" || module.ends_with("/orm")
}

impl Infer<'_> {
    pub(super) fn call_orm(&self, file: FileId, id: ExprId, call: &Call, path: &[&str]) -> Ty {
        match path {
            ["defineSchema"] => self.define_schema(file, id, call, &ORM_TABLES),
            ["convexTable"] => self.orm_table(file, id, call, false),
            // Without a rule that lets somebody, nobody may.
            ["convexTable", "withRLS"] => self.orm_table(file, id, call, true),
            [name] => match self.table_part(file, id, call, name) {
                Some(part) => Ty::TablePart(Arc::new(part)),
                None => self.column_builder(file, id, call, name).unwrap_or_else(|| self.register_by_shape(file, id, call)),
            },
            _ => self.register_by_shape(file, id, call),
        }
    }

    fn orm_table(&self, file: FileId, id: ExprId, call: &Call, has_rules: bool) -> Ty {
        let arg = |i: usize| call.args.get(i).map_or(Ty::Undefined, |a| if a.spread { Ty::Unknown } else { self.expr(file, a.value) });
        let mut table = TableTy::unknown(TableFlavor::Orm, self.hir(file).span(id));
        if call.args.iter().any(|a| a.spread) {
            return Ty::Table(Arc::new(table));
        }
        table.open = false;
        table.has_rules = has_rules;
        table.name = arg(0).as_str().cloned();
        table.fields_at = call.args.get(1).map(|a| (file, a.value));
        add_columns(&mut table, &arg(1));
        let parts = match arg(2) {
            // The columns are what it is given; indexes are added to them.
            Ty::Function(at) => self.returns_with(at, vec![Ty::Table(Arc::new(table.clone()))]),
            Ty::Undefined => Ty::Undefined,
            _ => Ty::Unknown,
        };
        add_parts(&mut table, &parts);
        Ty::Table(Arc::new(table))
    }
}

/// The tables that the ORM's `defineSchema` adds by itself.
const ORM_TABLES: [&str; 8] = [
    "aggregate_bucket",
    "aggregate_member",
    "aggregate_extrema",
    "aggregate_rank_tree",
    "aggregate_rank_node",
    "aggregate_state",
    "migration_state",
    "migration_run",
];

/// What `users.email` is.
pub(super) fn member(table: &TableTy, name: &Name) -> Ty {
    let has = match &table.document {
        Ty::Object(object) => object.field(name).is_some(),
        _ => false,
    };
    let column = match &**name {
        _ if has => name.clone(),
        "id" | "_id" => Name::from("_id"),
        "createdAt" | "_creationTime" => Name::from("_creationTime"),
        "validator" => return validator(table),
        _ => return Ty::Unknown,
    };
    Ty::ColumnOf(Arc::new(ColumnRef { table: table.name.clone(), column }))
}

fn add_columns(table: &mut TableTy, columns: &Ty) {
    let Ty::Object(columns) = columns else {
        table.open = true;
        return;
    };
    let mut document = Object { fields: Vec::new(), open: columns.open };
    // Of what is not known, or may not be there, the indexes are not known either.
    table.open |= columns.open;
    for field in &columns.fields {
        let (name, span) = (&field.name, field.span);
        let (stored, column) = match &field.ty {
            Ty::Column(column) => (column.stored(name), Some(column.clone())),
            Ty::Validator(validator) => ((validator.ty.clone(), validator.optional), None),
            _ => ((Ty::Unknown, false), None),
        };
        let is_validator = matches!(field.ty, Ty::Validator(_));
        let is_decided = column.as_ref().is_some_and(|c| c.validator.exact) || is_exact(&field.ty);
        if field.optional || !is_decided {
            table.unsure.push(name.clone());
        }
        table.open |= field.optional || column.is_none() && !is_validator;
        document.set(Field { name: name.clone(), ty: stored.0, optional: stored.1 || field.optional, span });
        if let Some(column) = &column {
            add_unique(table, name, column);
        }
        table.columns.push(TableColumn { name: name.clone(), column, is_validator, is_of_variant: false, span });
    }
    for column in table.columns.clone() {
        let Some(ColumnKind::Discriminator { variants, .. }) = column.column.as_ref().map(|c| &c.kind) else { continue };
        match variants {
            Some(variants) => add_variants(table, &mut document, variants),
            None => (document.open, table.open) = (true, true),
        }
    }
    table.document = Ty::Object(Arc::new(document));
}

/// The columns of all variants, none of which every document has.
fn add_variants(table: &mut TableTy, document: &mut Object, variants: &Object) {
    let mut may_be_more = variants.open;
    for variant in &variants.fields {
        let Ty::Object(columns) = &variant.ty else {
            may_be_more = true;
            continue;
        };
        may_be_more |= columns.open || variant.optional;
        for field in &columns.fields {
            let Ty::Column(column) = &field.ty else {
                may_be_more = true;
                continue;
            };
            // Variants may share a column.
            if document.field(&field.name).is_some() {
                continue;
            }
            let column = Arc::new(Column { not_null: false, ..(**column).clone() });
            let (ty, optional) = column.stored(&field.name);
            document.set(Field { name: field.name.clone(), ty, optional, span: field.span });
            add_unique(table, &field.name, &column);
            if field.optional || !column.validator.exact {
                table.unsure.push(field.name.clone());
            }
            let (name, span) = (field.name.clone(), field.span);
            table.columns.push(TableColumn { name, column: Some(column), is_validator: false, is_of_variant: true, span });
        }
    }
    document.open |= may_be_more;
    table.open |= may_be_more;
}

fn add_unique(table: &mut TableTy, name: &Name, column: &Column) {
    let Some(unique) = &column.unique else { return };
    let index = unique.name.clone().or_else(|| unnamed(table, std::slice::from_ref(name)));
    let Some(index) = index.filter(|_| unique.is_known) else {
        table.open = true;
        return;
    };
    table.implied.push(Index {
        kind: IndexKind::Db,
        name: index,
        name_span: unique.span,
        fields: Some(vec![name.clone()]),
        span: unique.span,
        staged: false,
        unique: true,
        dimensions: None,
    });
}

/// The name that the ORM makes up for an index of `.unique()`.
fn unnamed(table: &TableTy, fields: &[Name]) -> Option<Name> {
    let fields: Vec<&str> = fields.iter().map(|f| &**f).collect();
    Some(Name::from(format!("{}_{}_unique", table.name.as_ref()?, fields.join("_"))))
}

fn add_parts(table: &mut TableTy, parts: &Ty) {
    match parts {
        Ty::Undefined => {}
        Ty::Tuple(items) => items.iter().for_each(|part| add_part(table, part)),
        Ty::Object(named) => {
            named.fields.iter().for_each(|f| add_part(table, &f.ty));
            table.open |= named.open || named.fields.iter().any(|f| f.optional);
        }
        // Some of these, perhaps.
        Ty::Array(element) => {
            element.members().iter().for_each(|part| add_part(table, part));
            table.open = true;
        }
        _ => table.open = true,
    }
}

fn add_part(table: &mut TableTy, part: &Ty) {
    let Ty::TablePart(part) = part else {
        table.open = true;
        return;
    };
    match &**part {
        TablePart::Index(index) => {
            let mut index = index.clone();
            if index.name.is_empty() {
                match index.fields.as_ref().and_then(|fields| unnamed(table, fields)) {
                    Some(name) => index.name = name,
                    None => {
                        table.open = true;
                        return;
                    }
                }
            }
            table.implied.push(index);
        }
        TablePart::Deletion(deletion) => table.deletion = Some(deletion.clone()),
        TablePart::ForeignKey(Some(key)) => table.foreign_keys.push(key.clone()),
        TablePart::ForeignKey(None) | TablePart::Other => table.has_rules = true,
    }
}

/// The string of an argument, and where it stands.
fn text_argument(infer: &Infer<'_>, file: FileId, call: &Call, at: usize) -> Option<(Name, Span)> {
    let value = call.args.get(at).filter(|a| !a.spread)?.value;
    Some((infer.expr(file, value).as_str()?.clone(), infer.hir(file).span(value)))
}

//! Column builders: `text()`, `id("users")`, `custom(v.…)`, and the methods that change them.

use std::sync::Arc;

use super::super::Infer;
use super::super::tables::whole;
use crate::model::hir::{Call, ExprId, Name};
use crate::model::ty::{
    Action, Column, ColumnDefault, ColumnKind, ColumnUnique, Field, FunctionAt, Literal, Object, Reference, Ty, Validator,
};
use crate::source::FileId;

impl Infer<'_> {
    /// What `text()` and its like make; `None` for a name that is no builder.
    pub(super) fn column_builder(&self, file: FileId, id: ExprId, call: &Call, name: &str) -> Option<Ty> {
        let arg = |i: usize| call.args.get(i).map_or(Ty::Undefined, |a| if a.spread { Ty::Unknown } else { self.expr(file, a.value) });
        // A name may stand before what `custom` and `vector` are given.
        let last = call.args.len().saturating_sub(1);
        let number = Ty::Number;
        let (kind, validator) = match name {
            "text" => (ColumnKind::Text, just(Ty::String)),
            "textEnum" => (ColumnKind::TextEnum, one_of(&arg(0))),
            "integer" => (ColumnKind::Integer, just(number)),
            "boolean" => (ColumnKind::Boolean, just(Ty::Boolean)),
            "bigint" => (ColumnKind::Bigint, just(Ty::Int64)),
            "bytes" => (ColumnKind::Bytes, just(Ty::Bytes)),
            "json" => (ColumnKind::Json, just(Ty::Any)),
            "timestamp" => (ColumnKind::Timestamp, just(number)),
            "date" => (ColumnKind::Date, just(Ty::String)),
            "id" => {
                let table = arg(0).as_str().cloned();
                let ty = table.clone().map_or(Ty::Unknown, Ty::Id);
                (ColumnKind::Id(table), just(ty))
            }
            "vector" => {
                let dimensions = match arg(last) {
                    Ty::Literal(Literal::Num(number), _) => whole(number),
                    _ => None,
                };
                (ColumnKind::Vector(dimensions), just(Ty::array(number)))
            }
            "custom" => (ColumnKind::Custom, self.validator_of(&arg(last)).unwrap_or_else(unknown)),
            "arrayOf" => {
                let element = nested(&arg(0));
                (ColumnKind::ArrayOf, Validator { ty: Ty::array(element.ty), ..element })
            }
            "objectOf" => (
                ColumnKind::ObjectOf,
                match arg(0) {
                    // One kind of value under any name.
                    value @ (Ty::Column(_) | Ty::Validator(_)) => {
                        let value = nested(&value);
                        Validator { ty: Ty::Record(Arc::new((Ty::String, value.ty))), ..value }
                    }
                    shape => nested_object(&shape),
                },
            ),
            "unionOf" => {
                let members: Vec<Validator> = (0..call.args.len()).map(|i| nested(&arg(i))).collect();
                let exact = members.iter().all(|m| m.exact);
                (ColumnKind::UnionOf, Validator { exact, ..just(Ty::union(members.into_iter().map(|m| m.ty))) })
            }
            "discriminator" => (discriminator(&arg(0)), just(Ty::String)),
            _ => return None,
        };
        let takes_validator = matches!(kind, ColumnKind::Custom | ColumnKind::ArrayOf | ColumnKind::ObjectOf | ColumnKind::UnionOf);
        let given = call.args.get(if kind == ColumnKind::Custom { last } else { 0 }).filter(|_| takes_validator);
        Some(Ty::Column(Arc::new(Column {
            not_null: matches!(kind, ColumnKind::Discriminator { .. }),
            kind,
            validator,
            default: ColumnDefault::None,
            default_at: None,
            updates: false,
            unique: None,
            references: Vec::new(),
            given: given.map(|a| (file, a.value)),
            made: ((file, id), None),
        })))
    }

    /// `.notNull()` and what else is called on a column builder.
    pub(in super::super) fn column_method(&self, file: FileId, id: ExprId, call: &Call, column: &Column, method: &str) -> Ty {
        let mut column = column.clone();
        match method {
            "notNull" | "primaryKey" => column.not_null = true,
            "default" => {
                column.default = ColumnDefault::Value;
                column.default_at = call.args.first().filter(|arg| !arg.spread).map(|arg| self.hir(file).span(arg.value));
            }
            "$defaultFn" | "$default" | "defaultNow" => column.default = ColumnDefault::Made,
            "$onUpdateFn" | "$onUpdate" => column.updates = true,
            "$type" => {}
            "unique" => {
                let name = super::text_argument(self, file, call, 0);
                let span = name.as_ref().map_or_else(|| self.hir(file).span(id), |(_, span)| *span);
                let is_known = name.is_some() || call.args.first().is_none_or(|a| self.expr(file, a.value) == Ty::Undefined);
                column.unique = Some(ColumnUnique { name: name.map(|(name, _)| name), is_known, span });
            }
            "references" => {
                let options = call.args.get(1).map_or(Ty::Undefined, |a| self.expr(file, a.value));
                let function = call.args.first().and_then(|a| self.function(file, a.value));
                column.references.push(Reference {
                    column: function,
                    on_delete: action(&options, "onDelete"),
                    on_update: action(&options, "onUpdate"),
                    span: self.hir(file).method_span(id).unwrap_or_else(|| self.hir(file).span(id)),
                });
            }
            _ => return Ty::Unknown,
        }
        Ty::Column(Arc::new(column))
    }
}

/// Marks the builders that a call of a project's function makes: each call makes new ones.
pub(in super::super) fn handed_out(infer: &Infer<'_>, ty: Ty, from: FunctionAt, call: (FileId, ExprId)) -> Ty {
    if !holds_columns(&ty) {
        return ty;
    }
    let func = infer.hir(from.file).func(from.func);
    let is_made_there = |(file, id): (FileId, ExprId)| {
        let span = infer.hir(file).span(id);
        file == from.file && func.start <= span.start && span.end <= func.end
    };
    marked(&ty, &is_made_there, call)
}

fn marked(ty: &Ty, is_made_there: &impl Fn((FileId, ExprId)) -> bool, call: (FileId, ExprId)) -> Ty {
    match ty {
        Ty::Column(column) if is_made_there(column.made.1.unwrap_or(column.made.0)) => {
            Ty::Column(Arc::new(Column { made: (column.made.0, Some(call)), ..(**column).clone() }))
        }
        Ty::Object(object) => {
            let fields = object.fields.iter().map(|f| Field { ty: marked(&f.ty, is_made_there, call), ..f.clone() });
            Ty::Object(Arc::new(Object { fields: fields.collect(), open: object.open }))
        }
        other => other.clone(),
    }
}

fn holds_columns(ty: &Ty) -> bool {
    match ty {
        Ty::Column(_) => true,
        Ty::Object(object) => object.fields.iter().any(|f| holds_columns(&f.ty)),
        _ => false,
    }
}

/// What happens to a row, as options say.
pub(super) fn action(options: &Ty, key: &str) -> Action {
    let value = match options {
        Ty::Undefined => return Action::Unset,
        Ty::Object(object) => match object.field(key) {
            Some(field) if !field.optional => &field.ty,
            None if !object.open => return Action::Unset,
            _ => return Action::Unknown,
        },
        _ => return Action::Unknown,
    };
    match value {
        Ty::Undefined => Action::Unset,
        value => value.as_str().cloned().map_or(Action::Unknown, Action::Named),
    }
}

fn just(ty: Ty) -> Validator {
    Validator { ty, optional: false, foreign: false, exact: true }
}

fn unknown() -> Validator {
    Validator { exact: false, ..just(Ty::Unknown) }
}

fn one_of(values: &Ty) -> Validator {
    let literal = |ty: &Ty| match ty {
        Ty::Literal(Literal::Str(text), _) => Ty::literal(text.clone()),
        _ => Ty::Unknown,
    };
    match values {
        Ty::Tuple(items) => just(Ty::union(items.iter().map(literal))),
        // Some of these, perhaps.
        Ty::Array(element) => Validator { exact: false, ..just(Ty::union(element.members().iter().map(literal))) },
        _ => unknown(),
    }
}

/// What `arrayOf` and `objectOf` make of a validator, a builder or an object of them: never optional.
fn nested(given: &Ty) -> Validator {
    match given {
        Ty::Column(column) => nested_column(column),
        Ty::Validator(validator) => Validator { optional: false, ..(**validator).clone() },
        Ty::Object(_) => nested_object(given),
        _ => unknown(),
    }
}

/// A nullable object or array loses its null, everything else keeps it.
fn nested_column(column: &Column) -> Validator {
    let validator = Validator { optional: false, ..column.validator.clone() };
    let is_plain = |ty: &Ty| matches!(ty, Ty::Object(_) | Ty::Array(_));
    let present: Vec<&Ty> = validator.ty.members().iter().filter(|m| **m != Ty::Null).collect();
    match (column.not_null, &present[..]) {
        (false, _) if is_plain(&validator.ty) => validator,
        (false, _) => Validator { ty: Ty::union([Ty::Null, validator.ty.clone()]), ..validator },
        (true, [only]) if is_plain(only) => Validator { ty: (*only).clone(), ..validator },
        (true, _) => validator,
    }
}

fn nested_object(given: &Ty) -> Validator {
    let Ty::Object(object) = given else { return unknown() };
    let mut exact = !object.open;
    let fields = object.fields.iter().map(|f| {
        let inner = nested(&f.ty);
        exact &= inner.exact && !f.optional;
        Field { ty: inner.ty, ..f.clone() }
    });
    let ty = Ty::Object(Arc::new(Object { fields: fields.collect(), open: object.open }));
    Validator { exact, ..just(ty) }
}

/// What `discriminator({ variants, as })` is given.
fn discriminator(config: &Ty) -> ColumnKind {
    let Ty::Object(config) = config else { return ColumnKind::Discriminator { variants: None, alias: None } };
    let variants = match config.field("variants").map(|f| &f.ty) {
        Some(Ty::Object(variants)) => Some(variants.clone()),
        _ => None,
    };
    let alias = match config.field("as") {
        Some(field) => field.ty.as_str().cloned(),
        None => (!config.open).then(|| Name::from("details")),
    };
    ColumnKind::Discriminator { variants, alias }
}

/// The name of a column that an argument is.
pub(super) fn column_name(ty: &Ty) -> Option<Name> {
    match ty {
        Ty::ColumnOf(column) => Some(column.column.clone()),
        _ => None,
    }
}

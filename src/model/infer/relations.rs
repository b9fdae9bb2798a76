//! Relations of an ORM, in the three forms that there have been: `relations(users, ({ one, many }) => …)`,
//! `defineRelations(tables, (r) => …)`, and `defineSchema(tables).relations((r) => …)`.

use std::sync::Arc;

use super::Infer;
use crate::model::hir::{Call, ExprId, Name};
use crate::model::ty::{ColumnRef, Field, FunctionAt, Literal, Object, RelationColumn, RelationKind, RelationPart, RelationTy, Ty};
use crate::source::FileId;

impl Infer<'_> {
    /// What the callback of `defineRelations`, or of `.relations(…)`, returns: relations by name, by table.
    pub fn relations_of(&self, callback: FunctionAt) -> Ty {
        self.returns_with(callback, vec![part(RelationPart::Helper)])
    }

    /// What the callback of `relations(table, …)` returns: relations by name.
    pub fn relations_of_table(&self, callback: FunctionAt) -> Ty {
        let kind = |name: &str, kind| Field { name: Name::from(name), ty: part(RelationPart::Kind(kind)), optional: false, span: None };
        let given = Ty::object([kind("one", RelationKind::One), kind("many", RelationKind::Many)]);
        self.returns_with(callback, vec![given])
    }

    /// `r.one.users({ … })`, `one(users, { … })`.
    pub(super) fn relation(&self, file: FileId, id: ExprId, call: &Call, made: &RelationPart) -> Ty {
        let arg = |i: usize| call.args.get(i).map_or(Ty::Undefined, |a| if a.spread { Ty::Unknown } else { self.expr(file, a.value) });
        let (kind, target, config) = match made {
            RelationPart::Maker(kind, table) => (*kind, Some(table.clone()), arg(0)),
            RelationPart::Kind(kind) => {
                let target = match arg(0) {
                    Ty::Table(table) => table.name.clone(),
                    _ => None,
                };
                (*kind, target, arg(1))
            }
            _ => return Ty::Unknown,
        };
        let empty = Arc::new(Object::default());
        let (config, mut known) = match config {
            Ty::Object(config) => (config.clone(), !config.open),
            Ty::Undefined => (empty, true),
            _ => (empty, false),
        };
        let mut columns = |keys: [&str; 2]| {
            let given = keys.iter().find_map(|key| config.field(key)).map(|f| &f.ty).filter(|ty| **ty != Ty::Undefined)?;
            let list = match given {
                Ty::Tuple(items) => items.iter().map(column).collect::<Option<Vec<RelationColumn>>>(),
                one => column(one).map(|column| vec![column]),
            };
            known &= list.is_some();
            Some(list.unwrap_or_default())
        };
        let (from, to) = (columns(["from", "fields"]), columns(["to", "references"]));
        let optional = match config.field("optional").map(|f| &f.ty) {
            None | Some(Ty::Undefined | Ty::Literal(Literal::Bool(true), _)) => true,
            Some(Ty::Literal(Literal::Bool(false), _)) => false,
            Some(_) => {
                known = false;
                true
            }
        };
        let alias = ["alias", "relationName"].iter().find_map(|key| config.field(key)).map(|f| &f.ty).filter(|ty| **ty != Ty::Undefined);
        known &= alias.is_none_or(|ty| ty.as_str().is_some()) && target.is_some();
        let alias = alias.and_then(|ty| ty.as_str().cloned());
        let is_usual = |name: &Name| matches!(&**name, "from" | "fields" | "to" | "references" | "optional" | "alias" | "relationName");
        let partial = !config.fields.iter().all(|field| is_usual(&field.name));
        let span = self.hir(file).span(id);
        part(RelationPart::Relation(RelationTy { kind, target, from, to, optional, alias, partial, known, span }))
    }

    /// What is called on a part of a relation: `.through(…)`, `r.one.users(…)`.
    pub(super) fn relation_method(&self, file: FileId, id: ExprId, call: &Call, on: &RelationPart, method: &Name) -> Ty {
        match (on, &**method) {
            (RelationPart::Kind(kind), _) => self.relation(file, id, call, &RelationPart::Maker(*kind, method.clone())),
            (RelationPart::Column(column), "through") => match call.args.first().map(|a| self.expr(file, a.value)) {
                Some(Ty::RelationPart(over)) => match &*over {
                    RelationPart::Column(over) => {
                        let through = Some(over.column.clone());
                        part(RelationPart::Column(RelationColumn { through, ..column.clone() }))
                    }
                    _ => Ty::Unknown,
                },
                _ => Ty::Unknown,
            },
            _ => Ty::Unknown,
        }
    }
}

/// `r.users`, `r.one`, `r.users.id`.
pub(super) fn member(of: &RelationPart, name: &Name) -> Ty {
    match (of, &**name) {
        (RelationPart::Helper, "one") => part(RelationPart::Kind(RelationKind::One)),
        (RelationPart::Helper, "many") => part(RelationPart::Kind(RelationKind::Many)),
        (RelationPart::Helper, _) => part(RelationPart::Table(name.clone())),
        (RelationPart::Kind(kind), _) => part(RelationPart::Maker(*kind, name.clone())),
        // Relations know it as `id` only.
        (RelationPart::Table(_), "_id" | "_creationTime") => Ty::Unknown,
        (RelationPart::Table(table), _) => {
            let column = ColumnRef { table: Some(table.clone()), column: stored(name) };
            part(RelationPart::Column(RelationColumn { column, through: None }))
        }
        _ => Ty::Unknown,
    }
}

/// The column that `from` or `to` is given.
fn column(given: &Ty) -> Option<RelationColumn> {
    match given {
        Ty::RelationPart(part) => match &**part {
            RelationPart::Column(column) => Some(column.clone()),
            _ => None,
        },
        Ty::ColumnOf(column) => Some(RelationColumn { column: (**column).clone(), through: None }),
        other => Some(RelationColumn { column: ColumnRef { table: None, column: stored(other.as_str()?) }, through: None }),
    }
}

fn stored(name: &Name) -> Name {
    match &**name {
        "id" => Name::from("_id"),
        "createdAt" => Name::from("_creationTime"),
        _ => name.clone(),
    }
}

fn part(part: RelationPart) -> Ty {
    Ty::RelationPart(Arc::new(part))
}

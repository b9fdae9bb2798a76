//! What code that works with ents does: `ctx.table("users").get(id)`, edges, writes.
//!
//! Follows `entsTableFactory` of the published package. Which table keeps an edge is the codemods' business.

use std::sync::Arc;

use super::Infer;
use crate::model::hir::{Call, Name, TypeId, TypeNode};
use crate::model::ty::{Ctx, EdgeEnd, EntsForm, EntsTy, Ty};
use crate::source::FileId;

impl Infer<'_> {
    /// A call of one of the functions that lead from a schema to `table`.
    pub(super) fn ents_value(&self, file: FileId, call: &Call, name: &str) -> Ty {
        let arg = |i: usize| call.args.get(i).map_or(Ty::Undefined, |a| self.expr(file, a.value));
        match (name, arg(0), arg(1)) {
            ("getEntDefinitions", Ty::Schema(schema), _) => {
                Ty::Ents(Arc::new(EntsTy { schema, has_rules: false, nullable: false, form: EntsForm::Definitions }))
            }
            ("addEntRules", Ty::Ents(ents), _) => Ty::Ents(Arc::new(EntsTy { has_rules: true, ..(*ents).clone() })),
            ("entsTableFactory", _, Ty::Ents(ents)) => ents.with(EntsForm::Factory, false),
            _ => Ty::Unknown,
        }
    }

    /// A call of `table` itself.
    pub(super) fn call_ents(&self, file: FileId, call: &Call, ents: &EntsTy) -> Ty {
        let table = call.args.first().map_or(Ty::Undefined, |a| self.expr(file, a.value));
        let (EntsForm::Factory, Some(name)) = (&ents.form, table.as_str()) else { return Ty::Unknown };
        let form = if call.args.len() > 1 { EntsForm::Query(name.clone()) } else { EntsForm::Table(name.clone()) };
        ents.with(form, false)
    }

    /// A method of a promise of ents, or of an ent.
    pub(super) fn ents_method(&self, file: FileId, call: &Call, ents: &EntsTy, method: &Name) -> Option<Ty> {
        let arg = |i: usize| call.args.get(i).map_or(Ty::Undefined, |a| self.expr(file, a.value));
        let name = ents.table_name()?.clone();
        let nullable = ents.nullable;
        let or_null = |ty: Ty| if nullable { Ty::union([ty, Ty::Null]) } else { ty };
        let one = |nullable: bool| Some(ents.with(EntsForm::One(name.clone()), nullable));
        let is_many = matches!(ents.form, EntsForm::Table(_) | EntsForm::Query(_) | EntsForm::Edge(_) | EntsForm::Rows(_));
        let is_query = matches!(ents.form, EntsForm::Table(_) | EntsForm::Query(_) | EntsForm::Edge(_));
        let is_one = matches!(ents.form, EntsForm::One(_) | EntsForm::Row(_));
        match (&**method, &ents.form) {
            ("get", EntsForm::Table(_)) => one(true),
            ("getX", EntsForm::Table(_)) => one(false),
            ("getMany" | "getManyX", EntsForm::Table(_)) => Some(ents.with(EntsForm::Rows(name), false)),
            ("normalizeId", EntsForm::Table(_)) => Some(Ty::union([Ty::Id(name), Ty::Null])),
            ("normalizeIdX", EntsForm::Table(_)) => Some(Ty::Id(name)),
            ("insert", EntsForm::Table(_)) => Some(ents.with(EntsForm::Inserted(name), false)),
            ("insertMany", EntsForm::Table(_)) => Some(Ty::promise(Ty::array(Ty::Id(name)))),
            ("search" | "withIndex", EntsForm::Table(_)) | ("filter", EntsForm::Table(_) | EntsForm::Query(_)) => {
                Some(ents.with(EntsForm::Query(name), nullable))
            }
            ("order", EntsForm::Edge(_)) => Some(ents.with(EntsForm::Edge(name), nullable)),
            ("order", _) if is_query => Some(ents.with(EntsForm::Query(name), nullable)),
            ("take", _) if is_query => Some(ents.with(EntsForm::Rows(name), nullable)),
            ("paginate", _) if is_query => Some(ents.with(EntsForm::Page(name), nullable)),
            ("first" | "unique", _) if is_many => one(true),
            ("firstX" | "uniqueX", _) if is_many => one(false),
            ("ids", EntsForm::Edge(_)) => Some(ents.with(EntsForm::Ids(name), nullable)),
            ("has", EntsForm::Edge(_)) => Some(Ty::promise(or_null(Ty::Boolean))),
            ("map", EntsForm::Page(_)) => Some(Ty::Unknown),
            ("map", _) if is_many || matches!(ents.form, EntsForm::Ids(_)) => {
                Some(Ty::promise(or_null(Ty::array(self.callback_result(file, call.args.first()?).awaited().widened()))))
            }
            ("docs", _) if is_many => Some(Ty::promise(or_null(Ty::array(Ty::Doc(name))))),
            ("docs", EntsForm::Page(_)) => Some(Ty::Unknown),
            ("doc", EntsForm::Row(_)) => Some(Ty::Doc(name)),
            ("doc", EntsForm::One(_)) => Some(Ty::promise(or_null(Ty::Doc(name)))),
            ("get", EntsForm::Inserted(_)) => one(false),
            ("edge" | "edgeX", _) if is_one => {
                let edge = arg(0).as_str().and_then(|edge| ents.table()?.edges.iter().find(|e| e.name == *edge).cloned());
                let Some(edge) = edge else { return Some(Ty::Unknown) };
                let may_be_missing = &**method == "edge" && (edge.optional || matches!(edge.end, EdgeEnd::One(_)));
                Some(match edge.end {
                    EdgeEnd::Field(_) | EdgeEnd::One(_) => ents.with(EntsForm::One(edge.to), nullable || may_be_missing),
                    EdgeEnd::Referenced(_) => ents.with(EntsForm::Query(edge.to), nullable),
                    EdgeEnd::Many { .. } => ents.with(EntsForm::Edge(edge.to), nullable),
                })
            }
            ("patch" | "replace", _) if is_one => Some(ents.with(EntsForm::Inserted(name), false)),
            ("delete", _) if is_one => Some(Ty::promise(Ty::Id(name))),
            // Of a row: a field that holds something to call, which none does.
            ("then" | "catch" | "finally", _) => Some(Ty::Unknown),
            _ => Some(Ty::Unknown),
        }
    }

    /// What a callback of such a method is given.
    pub(super) fn ents_callback(&self, ents: &EntsTy, method: &str, index: u32) -> Ty {
        let row = || ents.table_name().map_or(Ty::Unknown, |name| ents.with(EntsForm::Row(name.clone()), false));
        match (method, index) {
            ("map", 0) if matches!(ents.form, EntsForm::Ids(_)) => ents.table_name().map_or(Ty::Unknown, |name| Ty::Id(name.clone())),
            ("map", 0) => row(),
            ("map", 1) => Ty::Number,
            ("filter", 0) => Ty::FilterBuilder,
            ("then", 0) => ents.awaited(),
            _ => Ty::Unknown,
        }
    }

    /// A type with parameters, of which those are known that stand for ents; of others the name holds.
    pub(super) fn generic(&self, file: FileId, ty: TypeId, (name, given): (&str, &Ty), depth: u32) -> Ty {
        self.ent_of_alias(file, ty, given, depth)
            .or_else(|| self.ctx_of_alias(file, ty, given, depth))
            .unwrap_or_else(|| super::annotations::by_type_name(name))
    }

    /// `type CtxWithTable<Ctx extends QueryCtx | MutationCtx> = …`: a context, of the kind that it is given.
    fn ctx_of_alias(&self, file: FileId, ty: TypeId, given: &Ty, depth: u32) -> Option<Ty> {
        let Ty::Ctx(made) = self.annotation(file, ty, depth + 1) else { return None };
        let kind = match given {
            Ty::Ctx(given) if made.kind.is_none() => given.kind,
            _ => made.kind,
        };
        Some(Ty::Ctx(Arc::new(Ctx { kind, custom: made.custom.clone() })))
    }

    /// `type Ent<Table extends TableNames> = GenericEnt<typeof entDefinitions, Table>`, given a table.
    pub(super) fn ent_of_alias(&self, file: FileId, ty: TypeId, table: &Ty, depth: u32) -> Option<Ty> {
        let TypeNode::Ref { path, args, .. } = self.hir(file).ty(ty) else { return None };
        let is_ent = path.last().is_some_and(|name| matches!(&**name, "GenericEnt" | "GenericEntWriter"));
        let [definitions, of] = &**args else { return None };
        if !is_ent {
            return None;
        }
        let named = self.annotation(file, *of, depth + 1);
        let table = if named.as_str().is_some() { &named } else { table };
        Some(row_of(&self.annotation(file, *definitions, depth + 1), table))
    }
}

/// The row of a table that the definitions have.
pub(super) fn row_of(definitions: &Ty, table: &Ty) -> Ty {
    match (definitions, table.as_str()) {
        (Ty::Ents(ents), Some(table)) => ents.with(EntsForm::Row(table.clone()), false),
        _ => Ty::Unknown,
    }
}

/// A field of an ent.
pub(super) fn member(ents: &EntsTy, name: &Name) -> Ty {
    // `ctx.table.system` is for tables that Convex itself keeps.
    if ents.form == EntsForm::Factory && &**name == "system" {
        return ents.with(EntsForm::Factory, false);
    }
    if !ents.is_row() {
        return Ty::Unknown;
    }
    let field = ents.document().and_then(|document| document.field(name).cloned());
    match field {
        Some(field) if field.optional => Ty::union([field.ty, Ty::Undefined]),
        Some(field) => field.ty,
        None => Ty::Unknown,
    }
}

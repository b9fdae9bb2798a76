//! What convex-ents adds to table definitions: fields and edges, with the indexes that come with them.
//!
//! Edges that are kept elsewhere, and what else ents have, only leave the document open.

use std::sync::Arc;

use super::Infer;
use crate::model::hir::{Call, ExprId, Name};
use crate::model::ty::{Field, Index, IndexKind, Object, TableTy, Ty};
use crate::source::FileId;

impl Infer<'_> {
    /// A method of an ent's definition that plain tables do not have.
    pub(super) fn ent_method(&self, file: FileId, id: ExprId, call: &Call, table: &mut TableTy, method: &str) {
        let is_read = match method {
            "field" => self.add_field(file, id, call, table),
            "edge" => self.add_edge(file, id, call, table),
            // Kept in a table of their own, or as fields of the other end.
            "edges" => Some(()),
            _ => None,
        };
        if let (None, Ty::Object(object)) = (is_read, &table.document) {
            table.document = Ty::Object(Arc::new(Object { fields: object.fields.clone(), open: true }));
        }
    }

    /// `.field("name", v, { index: true })`.
    fn add_field(&self, file: FileId, id: ExprId, call: &Call, table: &mut TableTy) -> Option<()> {
        let arg = |i: usize| call.args.get(i).map_or(Ty::Undefined, |a| self.expr(file, a.value));
        let name = arg(0).as_str()?.clone();
        let options = arg(2);
        let has = |key: &str| matches!(&options, Ty::Object(options) if options.field(key).is_some());
        let validator = self.validator_of(&arg(1));
        // A default makes the field optional in the document that is stored.
        let optional = has("default") || validator.as_ref().is_some_and(|v| v.optional);
        set_field(table, Field { name: name.clone(), ty: validator.map_or(Ty::Unknown, |v| v.ty), optional, span: None });
        if has("index") || has("unique") {
            self.add_implied(file, id, call, table, &name);
        }
        Some(())
    }

    /// `.edge("author", { to: "users" })`: the field that holds the id, and its index. `None` where the other end may hold it.
    fn add_edge(&self, file: FileId, id: ExprId, call: &Call, table: &mut TableTy) -> Option<()> {
        let edge = self.expr(file, call.args.first()?.value).as_str()?.clone();
        let options = match call.args.get(1).map(|o| self.expr(file, o.value)) {
            None => Arc::default(),
            Some(Ty::Object(options)) => options,
            Some(_) => return None,
        };
        if options.open || options.field("ref").is_some() || options.field("optional").is_some() {
            return None;
        }
        let stated = |key: &str, otherwise: String| match options.field(key) {
            Some(field) => field.ty.as_str().cloned(),
            None => Some(Name::from(otherwise)),
        };
        let (name, to) = (stated("field", format!("{edge}Id"))?, stated("to", format!("{edge}s"))?);
        set_field(table, Field { name: name.clone(), ty: Ty::Id(to), optional: false, span: None });
        self.add_implied(file, id, call, table, &name);
        Some(())
    }

    fn add_implied(&self, file: FileId, id: ExprId, call: &Call, table: &mut TableTy, field: &Name) {
        let module = self.hir(file);
        let (Some(name), Some(span)) = (call.args.first(), module.method_span(id)) else { return };
        let (kind, fields, name_span) = (IndexKind::Db, Some(vec![field.clone()]), module.span(name.value));
        table.implied.push(Index { kind, name: field.clone(), name_span, fields, span, staged: false });
    }
}

fn set_field(table: &mut TableTy, field: Field) {
    if let Ty::Object(object) = &table.document {
        let mut object = (**object).clone();
        object.set(field);
        table.document = Ty::Object(Arc::new(object));
    }
}

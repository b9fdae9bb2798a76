//! What front ends ask about the code of one file: what the model knows of a value, and whether the ORM may be given it.
//!
//! What is particular to one library is in its front end, as further methods of the same reader.

use super::ask::Value;
use super::edges;
use super::target::Target;
use super::verdict::Why;
use crate::model::hir::{ExprId, Module, Name};
use crate::model::infer::Infer;
use crate::model::ty::{SchemaTy, Ty};
use crate::source::FileId;

/// Everything that is asked about one file.
pub struct Reader<'a> {
    pub infer: &'a Infer<'a>,
    pub file: FileId,
    pub module: &'a Module,
    pub target: &'a Target,
}

impl<'a> Reader<'a> {
    pub fn ty(&self, id: ExprId) -> Ty {
        self.infer.expr(self.file, id)
    }

    /// Whether rows of the table can be had from the ORM as they were.
    pub fn check_table(&self, name: &Name) -> Result<(), Why> {
        if name.starts_with('_') {
            return Err(Why::new("functions-system-table", format!("`{name}` is a table of Convex itself, which the ORM does not read"))
                .or("use `ctx.db.system`"));
        }
        if !self.target.tables.contains_key(name) {
            return Err(Why::new("functions-kept-table", format!("the table `{name}` is not one of the ORM's")));
        }
        Ok(())
    }

    /// A value that a column is compared with: never `undefined`, which would match everything, nor null.
    pub fn comparable(&self, schema: &SchemaTy, table: &Name, column: &str, value: ExprId) -> Result<Value, Why> {
        let ty = self.infer.at_once(self.file, value);
        let is_empty = |t: &Ty| matches!(t, Ty::Null | Ty::Undefined);
        let known = !ty.is_unknown();
        if known && ty.members().iter().any(is_empty) {
            let said = format!("`{}` may be null or undefined, which the ORM takes to be no condition at all", self.text(value));
            return Err(Why::new("functions-missing-value", said).or("decide before what happens without a value"));
        }
        // An object would be a condition of its own.
        if ty.members().iter().any(|t| matches!(t, Ty::Any | Ty::Object(_) | Ty::Record(_) | Ty::Array(_) | Ty::Tuple(_))) {
            let said = format!("`{}` may be anything, and an object is a condition of its own to the ORM", self.text(value));
            return Err(Why::new("functions-missing-value", said).or("give it a type, or check it before"));
        }
        // The compiler has seen to it that what is required is there.
        if !known && self.may_lack(schema, table, column) {
            let said = format!("it cannot be told whether `{}` may be null or undefined", self.text(value));
            return Err(Why::new("functions-missing-value", said).or("give it a type, or decide before what happens without a value"));
        }
        let is_sure = !known || !self.ty(value).members().iter().any(is_empty);
        Ok(if is_sure { Value::Expr(value) } else { Value::Sure(value) })
    }

    /// Whether documents may lack the field, or hold null in it.
    pub fn may_lack(&self, schema: &SchemaTy, table: &Name, column: &str) -> bool {
        if matches!(column, "_id" | "_creationTime" | "id" | "createdAt") {
            return false;
        }
        let Some(Ty::Object(document)) = edges::table(schema, table).map(|table| &table.document) else { return true };
        document.field(column).is_none_or(|field| {
            field.optional || field.ty.is_unknown() || field.ty.members().iter().any(|t| matches!(t, Ty::Null | Ty::Undefined | Ty::Any))
        })
    }

    /// Whether null is one of the values of the field.
    pub fn may_be_null(&self, schema: &SchemaTy, table: &Name, column: &str) -> bool {
        let Some(Ty::Object(document)) = edges::table(schema, table).map(|table| &table.document) else { return true };
        document
            .field(column)
            .is_none_or(|field| field.ty.is_unknown() || field.ty.members().iter().any(|t| matches!(t, Ty::Null | Ty::Any)))
    }

    /// As written, cut where it is long.
    pub fn text(&self, id: ExprId) -> String {
        let world = self.infer.world.file(self.file);
        let text = world.source.slice(self.module.span(id)).split_whitespace().collect::<Vec<_>>().join(" ");
        if text.chars().count() > 60 { text.chars().take(57).collect::<String>() + "…" } else { text }
    }
}

/// A name of the document as the ORM calls it.
pub fn column(name: &Name) -> Name {
    match &**name {
        "_id" => Name::from("id"),
        "_creationTime" => Name::from("createdAt"),
        _ => name.clone(),
    }
}

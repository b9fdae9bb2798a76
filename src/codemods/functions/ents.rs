//! The front end for convex-ents: finds chains on `table` and on ents by what the model knows of their values, and says what each asks for.
//!
//! What cannot be told, or has no equal in the ORM, comes with the reason. Names alone prove nothing here.

mod chain;
mod follow;
mod predicates;
mod reads;
mod writes;

pub use chain::{Base, Chain, Link, chains, held_in, prefix};

use std::sync::Arc;

use super::ask::{Ask, Value};
use super::target::Target;
use crate::codemods::functions::edges;
use crate::model::hir::{ExprId, Module, Name};
use crate::model::infer::Infer;
use crate::model::ty::{EntsTy, Ty};
use crate::source::FileId;

/// Why something is left to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    pub code: &'static str,
    pub message: String,
    pub suggestion: Option<String>,
}

impl Why {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), suggestion: None }
    }

    pub fn or(self, suggestion: impl Into<String>) -> Self {
        Self { suggestion: Some(suggestion.into()), ..self }
    }
}

/// Something that behaves differently from before, and is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    pub code: &'static str,
    pub message: String,
    pub suggestion: Option<String>,
}

/// What a chain comes to.
pub struct Understood {
    pub ask: Ask,
    /// What awaiting it yields.
    pub yields: Yields,
    pub remarks: Vec<Remark>,
    /// A callback that is called for each of the rows.
    pub mapped: Option<Mapped>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Yields {
    Row(Name),
    Rows(Name),
    Page(Name),
    /// The id of a row.
    Id(Name),
    Data,
    Nothing,
}

/// `.map(callback)` on a promise of rows.
#[derive(Clone, Copy, Debug)]
pub struct Mapped {
    pub callback: ExprId,
    /// What it returns are promises, or may be.
    pub is_async: bool,
    /// The rows are those of a page, which stays one.
    pub of_page: bool,
}

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

    /// The value of ents that an expression is, whether or not it may be null.
    pub fn ents(&self, id: ExprId) -> Option<Arc<EntsTy>> {
        match self.ty(id).non_null() {
            Ty::Ents(ents) => Some(ents),
            _ => None,
        }
    }

    /// What a chain asks for.
    pub fn understand(&self, chain: &Chain) -> Result<Understood, Why> {
        if let Some(name) = &chain.ents.table_name() {
            self.check_table(name)?;
        }
        if chain.ents.has_rules {
            return Err(Why::new("functions-rules", "reads and writes here go through rules, which the ORM has as policies of tables")
                .or("write the rules as `rlsPolicy(…)` of the tables, then use `orm.db(ctx, { rls: { ctx } })`"));
        }
        reads::understand(self, chain)
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

    /// Checks the table that an edge leads to as well, and says where the edge is kept.
    pub fn edge(&self, ents: &EntsTy, from: &Name, call: ExprId) -> Result<edges::Followed, Why> {
        let name = self.module.call(call).and_then(|c| c.args.first()).and_then(|a| self.ty(a.value).as_str().cloned());
        let Some(name) = name else { return Err(Why::new("functions-dynamic", "which edge is followed is decided when the code runs")) };
        let followed = edges::follow(&ents.schema, from, &name)
            .ok_or_else(|| Why::new("functions-edge", format!("it cannot be told where the edge `{from}.{name}` is kept")))?;
        self.check_table(&followed.to)?;
        if followed.is_symmetric {
            return Err(Why::new("functions-symmetric", format!("ents keep the edge `{from}.{name}` twice, once for each direction")));
        }
        Ok(followed)
    }

    /// A value that a column is compared with: never `undefined`, which would match everything, nor null.
    pub fn comparable(&self, ents: &EntsTy, table: &Name, column: &str, value: ExprId) -> Result<Value, Why> {
        let ty = self.infer.at_once(self.file, value);
        let is_empty = |t: &Ty| matches!(t, Ty::Null | Ty::Undefined);
        let known = !ty.is_unknown();
        if known && ty.members().iter().any(is_empty) {
            let said = format!("`{}` may be null or undefined, which the ORM takes to be no condition at all", self.text(value));
            return Err(Why::new("functions-missing-value", said).or("decide before what happens without a value"));
        }
        // The compiler has seen to it that what is required is there.
        if !known && self.may_lack(ents, table, column) {
            let said = format!("it cannot be told whether `{}` may be null or undefined", self.text(value));
            return Err(Why::new("functions-missing-value", said).or("give it a type, or decide before what happens without a value"));
        }
        Ok(Value::Expr(value))
    }

    /// Whether documents may lack the field, or hold null in it.
    pub fn may_lack(&self, ents: &EntsTy, table: &Name, column: &str) -> bool {
        if matches!(column, "_id" | "_creationTime" | "id" | "createdAt") {
            return false;
        }
        let Some(Ty::Object(document)) = edges::table(&ents.schema, table).map(|table| &table.document) else { return true };
        document.field(column).is_none_or(|field| {
            field.optional || field.ty.is_unknown() || field.ty.members().iter().any(|t| matches!(t, Ty::Null | Ty::Undefined | Ty::Any))
        })
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

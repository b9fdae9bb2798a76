//! What definitions of tables and schemas come to: documents, indexes, edges.

use std::sync::Arc;

use super::Ty;
use super::columns::{Deletion, ForeignKey, TableColumn};
use crate::model::hir::{ExprId, Name};
use crate::source::{FileId, Span};

/// A table definition, before it has a name.
#[derive(Clone, Debug, PartialEq)]
pub struct TableTy {
    /// The document without system fields: an object, a union of objects, or unknown.
    pub document: Ty,
    pub indexes: Vec<Index>,
    /// Indexes that come with fields and edges of an ent, or with a package; no call adds them that could be taken away.
    pub implied: Vec<Index>,
    /// There may be indexes that are not listed.
    pub open: bool,
    pub flavor: TableFlavor,
    /// The whole expression that made it.
    pub span: Span,
    /// The expression given to `defineTable`: file and place.
    pub fields_at: Option<(FileId, ExprId)>,
    /// The edges of an ent, in order.
    pub edges: Vec<Edge>,
    /// The fields that `.field(…)` adds to an ent, in order.
    pub added: Vec<AddedField>,
    /// The columns of an ORM's table, in order; those of a discriminator's variants at the end.
    pub columns: Vec<TableColumn>,
    /// Foreign keys that stand beside the columns of an ORM's table, and not at one of them.
    pub foreign_keys: Vec<ForeignKey>,
    pub deletion: Option<Deletion>,
    /// An ORM's table has rules for rows, checks or counters, or keys that cannot be read.
    pub has_rules: bool,
    /// The name that the definition itself gives: `convexTable("users", …)`.
    pub name: Option<Name>,
    /// Fields whose validator, or presence, is not decided by the source alone: the document shows all that may be.
    pub unsure: Vec<Name>,
}

impl TableTy {
    /// The indexes that are written, then those that come with something else.
    pub fn all_indexes(&self) -> impl Iterator<Item = &Index> {
        self.indexes.iter().chain(&self.implied)
    }

    /// A table of which nothing is known but where it is made.
    pub fn unknown(flavor: TableFlavor, span: Span) -> Self {
        Self {
            document: Ty::Unknown,
            indexes: Vec::new(),
            implied: Vec::new(),
            open: true,
            flavor,
            span,
            fields_at: None,
            edges: Vec::new(),
            added: Vec::new(),
            columns: Vec::new(),
            foreign_keys: Vec::new(),
            deletion: None,
            has_rules: false,
            name: None,
            unsure: Vec::new(),
        }
    }
}

/// An edge of an ent, as written: from this table to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    pub name: Name,
    pub to: Name,
    pub end: EdgeEnd,
    /// For the second name of a self-directed edge, the first.
    pub inverse_of: Option<Name>,
    /// `optional: true`: the field may be missing.
    pub optional: bool,
    /// `deletion: "soft"`, `deletion: "hard"`.
    pub deletion: Option<Name>,
    /// From the `.` to the closing bracket of the call that adds it.
    pub span: Span,
}

/// A field of an ent that a call adds: `.field("email", v.string(), { unique: true })`.
#[derive(Clone, Debug, PartialEq)]
pub struct AddedField {
    pub name: Name,
    /// Where its validator is written.
    pub validator: Option<(FileId, ExprId)>,
    pub unique: bool,
    pub index: bool,
    /// The value of `default`, which reads fill in.
    pub default: Option<Span>,
    /// From the `.` to the closing bracket of the call that adds it.
    pub span: Span,
}

impl Edge {
    /// Whether this edge leads back along another, that of the table `from`.
    pub fn is_inverse_of(&self, from: &Name, other: &Self) -> bool {
        if self.to != *from {
            return false;
        }
        // Both in one table.
        if other.to == *from {
            return self.inverse_of.as_ref() == Some(&other.name);
        }
        match (&other.end, &self.end) {
            (EdgeEnd::Many { table: Some(a), .. }, EdgeEnd::Many { table: Some(b), .. }) => a == b,
            (EdgeEnd::Many { table: a, .. }, EdgeEnd::Many { table: b, .. }) => a.is_none() == b.is_none(),
            (EdgeEnd::Many { table: None, .. }, EdgeEnd::Field(_)) => true,
            _ => false,
        }
    }
}

/// How this end of an edge is kept.
#[derive(Clone, Debug, PartialEq)]
pub enum EdgeEnd {
    /// In this field of the table.
    Field(Name),
    /// In a field of the one document at the other end, which may be named.
    One(Option<Name>),
    /// In a field of the documents at the other end, which may be named.
    Referenced(Option<Name>),
    /// In a table of its own; or, if the other end is a field, there.
    Many { table: Option<Name>, field: Option<Name>, inverse_field: Option<Name> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFlavor {
    Plain,
    Ent,
    Orm,
    /// Nothing in the project defines it: a package does, or ents make it up.
    Package,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexKind {
    Db,
    Search,
    Vector,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    pub kind: IndexKind,
    pub name: Name,
    /// The literal that names it.
    pub name_span: Span,
    /// In order; of a search or vector index its one field, then its filter fields. `None` where they could not be read.
    pub fields: Option<Vec<Name>>,
    /// From the `.` to the closing bracket of the call that adds it; the whole of what makes it in a list of them.
    pub span: Span,
    /// It is, or may be, declared without being ready to be read.
    pub staged: bool,
    /// No two documents may have the same values in its fields: ents and ORMs see to that, Convex does not.
    pub unique: bool,
    /// Of a vector index; `None` where they are not known.
    pub dimensions: Option<u32>,
}

impl Index {
    /// The fields of a database index, without the creation time that Convex adds to each; `None` where they are not known.
    pub fn own_fields(&self) -> Option<&[Name]> {
        let fields = self.fields.as_deref().filter(|_| self.kind == IndexKind::Db)?;
        Some(match fields.split_last() {
            Some((last, rest)) if &**last == "_creationTime" => rest,
            _ => fields,
        })
    }

    /// The field that a search or vector index looks through, and those that it filters by; `None` where they are not known.
    pub fn searched(&self) -> Option<(&Name, &[Name])> {
        self.fields.as_deref().filter(|_| self.kind != IndexKind::Db)?.split_first()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct SchemaTy {
    pub tables: Vec<(Name, Span, Arc<TableTy>)>,
    /// The tables that an ORM adds by itself, by name.
    pub own: &'static [&'static str],
    /// There may be tables that are not listed.
    pub open: bool,
    /// The call of `defineSchema`.
    pub span: Span,
    /// `schemaValidation: false`: documents may be anything.
    pub unchecked: bool,
    /// `strictTableNameTypes: false`: code may name tables that the schema leaves out.
    pub loose_names: bool,
}

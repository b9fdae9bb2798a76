//! What definitions of tables and schemas come to: documents, indexes, edges.

use std::sync::Arc;

use super::Ty;
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
    /// From the `.` to the closing bracket of the call that adds it.
    pub span: Span,
    /// It is, or may be, declared without being ready to be read.
    pub staged: bool,
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
}

#[derive(Clone, Debug, PartialEq)]
pub struct SchemaTy {
    pub tables: Vec<(Name, Span, Arc<TableTy>)>,
    /// There may be tables that are not listed.
    pub open: bool,
    /// The call of `defineSchema`.
    pub span: Span,
    /// `schemaValidation: false`: documents may be anything.
    pub unchecked: bool,
}

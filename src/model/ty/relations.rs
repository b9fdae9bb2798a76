//! What the callbacks of an ORM's relations are given, and what they make of it: `r.many.posts({ from: r.users.id, to: r.posts.userId })`.

use super::columns::ColumnRef;
use crate::model::hir::Name;
use crate::source::Span;

#[derive(Clone, Debug, PartialEq)]
pub enum RelationPart {
    /// The `r` of `(r) => ({ … })`.
    Helper,
    /// `r.one`; the `one` of `({ one, many }) => ({ … })`.
    Kind(RelationKind),
    /// `r.one.users`.
    Maker(RelationKind, Name),
    /// `r.users`.
    Table(Name),
    Column(RelationColumn),
    Relation(RelationTy),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationKind {
    One,
    Many,
}

/// `r.users.id`, `r.users.id.through(r.members.userId)`.
#[derive(Clone, Debug, PartialEq)]
pub struct RelationColumn {
    /// `id` is `_id`, `createdAt` is `_creationTime`; without a table where it is named by a string.
    pub column: ColumnRef,
    /// The column of the table in between.
    pub through: Option<ColumnRef>,
}

/// A relation, before it has a name.
#[derive(Clone, Debug, PartialEq)]
pub struct RelationTy {
    pub kind: RelationKind,
    /// `None` where it is not known.
    pub target: Option<Name>,
    /// `None` where they are left out.
    pub from: Option<Vec<RelationColumn>>,
    pub to: Option<Vec<RelationColumn>>,
    pub optional: bool,
    /// `alias`, or `relationName`.
    pub alias: Option<Name>,
    /// Something else is said of it: which of the rows it leads to.
    pub partial: bool,
    /// All of it could be read.
    pub known: bool,
    /// The call that makes it.
    pub span: Span,
}

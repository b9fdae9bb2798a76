//! What the builders of an ORM come to: columns, what they hold and refer to, what stands beside them in a table.

use std::sync::Arc;

use super::definitions::Index;
use super::{FunctionAt, Object, Ty, Validator};
use crate::model::hir::{ExprId, Name};
use crate::source::{FileId, Span};

/// A column builder: `text().notNull()`. It is one object, changed in place by its methods.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub kind: ColumnKind,
    /// What a value is that is there and not null; optional where `custom` is given an optional validator.
    pub validator: Validator,
    pub not_null: bool,
    pub default: ColumnDefault,
    /// What `.default(…)` is given.
    pub default_at: Option<Span>,
    /// `.$onUpdateFn(…)`: updates fill it in.
    pub updates: bool,
    pub unique: Option<ColumnUnique>,
    /// `.references(…)`, in order.
    pub references: Vec<Reference>,
    /// What `custom`, `arrayOf` or `objectOf` is given; of `unionOf` the first.
    pub given: Option<(FileId, ExprId)>,
    /// The call that makes the builder, and the outermost call of a project's function that hands it out: the object's identity.
    pub made: ((FileId, ExprId), Option<(FileId, ExprId)>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum ColumnKind {
    Text,
    TextEnum,
    Integer,
    Boolean,
    Bigint,
    Bytes,
    /// A foreign key to the table, which may not be known.
    Id(Option<Name>),
    Json,
    Custom,
    ArrayOf,
    ObjectOf,
    UnionOf,
    Timestamp,
    Date,
    /// With its dimensions, where they are known.
    Vector(Option<u32>),
    /// Tells which variant a row is.
    Discriminator {
        /// The columns of each; `None` where they are not known.
        variants: Option<Arc<Object>>,
        /// The name under which rows hold those of their variant, where it is known.
        alias: Option<Name>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnDefault {
    None,
    /// `.default(x)`.
    Value,
    /// `.$defaultFn(…)`, `.defaultNow()`.
    Made,
}

/// `.unique("name", { nulls: "not distinct" })`.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnUnique {
    /// `None` where it has none of its own; where one is given that is not known, the index is not known either.
    pub name: Option<Name>,
    pub is_known: bool,
    pub span: Span,
}

/// `.references(() => users.id, { onDelete: "cascade" })`: the column is found when all tables are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    pub column: Option<FunctionAt>,
    pub on_delete: Action,
    pub on_update: Action,
    pub span: Span,
}

/// What happens to a row when the row that it refers to goes, or changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Action {
    #[default]
    Unset,
    Named(Name),
    Unknown,
}

/// A column of an ORM's table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableColumn {
    pub name: Name,
    /// `None` where it is a validator of Convex's, or nothing that is known.
    pub column: Option<Arc<Column>>,
    /// It is a validator of Convex's: the form that the ORM's first drafts took.
    pub is_validator: bool,
    /// It comes with a variant of a discriminator.
    pub is_of_variant: bool,
    /// The property that makes it, where it is written.
    pub span: Option<Span>,
}

/// `users.email`: a column of a table, by name; `_id` and `_creationTime` for the ones of every table.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnRef {
    /// As its definition names it, where that is known.
    pub table: Option<Name>,
    pub column: Name,
}

/// A foreign key of a table: of one column, or of several.
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignKey {
    pub columns: Vec<Name>,
    /// `None` where it is not known.
    pub table: Option<Name>,
    pub to: Vec<Name>,
    pub on_delete: Action,
    pub on_update: Action,
    pub span: Span,
}

/// What a table's third argument lists.
#[derive(Clone, Debug, PartialEq)]
pub enum TablePart {
    /// An index as far as it has been built. It has no fields yet before `.on(…)`; an unnamed one of `unique()` has an empty name.
    Index(Index),
    Deletion(Deletion),
    /// `None` where its columns are not known.
    ForeignKey(Option<ForeignKey>),
    /// Rules for rows, checks, counters: nothing that Convex's schema knows.
    Other,
}

/// `.deletion("soft")` of ents, `deletion("soft")` of the ORM.
#[derive(Clone, Debug, PartialEq)]
pub struct Deletion {
    pub mode: DeletionMode,
    /// The value of `delayMs`.
    pub delay: Option<Span>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionMode {
    Hard,
    Soft,
    Scheduled,
    Unknown,
}

impl DeletionMode {
    pub fn named(name: &str) -> Self {
        match name {
            "hard" => Self::Hard,
            "soft" => Self::Soft,
            "scheduled" => Self::Scheduled,
            _ => Self::Unknown,
        }
    }
}

impl Column {
    /// What documents hold under the name: the type, and whether they may lack it.
    pub fn stored(&self, name: &str) -> (Ty, bool) {
        let is_filled = *name == *"createdAt" && self.kind == ColumnKind::Timestamp && self.default == ColumnDefault::Made;
        if self.not_null {
            return (self.validator.ty.clone(), self.validator.optional || is_filled);
        }
        (Ty::union([Ty::Null, self.validator.ty.clone()]), true)
    }
}

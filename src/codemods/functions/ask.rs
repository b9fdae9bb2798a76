//! What code asks of a database, whichever library it asks through: the neutral form between the front ends and the back end.
//!
//! Front ends (`ents`) read calls and yield this; `print` writes it as calls of the ORM. Nothing here knows either of them.

use crate::model::hir::{ExprId, Name};

/// One request.
#[derive(Clone, Debug)]
pub enum Ask {
    Read(Read),
    /// Rows that are connected with one row, through a relation.
    Related(Related),
    /// Whether there is a row with these values.
    Exists {
        table: Name,
        columns: Vec<(Name, Value)>,
    },
    /// New rows; `many` where a list of them is given.
    Insert {
        table: Name,
        value: ExprId,
        many: bool,
        result: Inserted,
        joins: Vec<Join>,
    },
    Update {
        table: Name,
        row: Key,
        change: Change,
        joins: Vec<Join>,
        result: Inserted,
    },
    Delete {
        table: Name,
        row: Key,
        result: Inserted,
    },
    /// A row for each of many ids, in their order; not to find one is an error, or null.
    Many {
        table: Name,
        ids: ExprId,
        throws: bool,
    },
    /// Rows of a table in between, and what a relation of each leads to: a row of the table; that there is none is an error, or null.
    Via {
        read: Read,
        relation: Name,
        table: Name,
        throws: bool,
    },
    /// A row that is held, in the shape of a document.
    Document {
        table: Name,
        row: ExprId,
        /// `row?.doc()`.
        is_optional: bool,
    },
    /// The id of a table's row that a string is, or null, which is asked of the database itself.
    NormalizeId {
        table: Name,
        value: ExprId,
        /// The context keeps the database to itself, and has to hand out this.
        is_handed_out: bool,
    },
}

impl Ask {
    /// The expression that says which row is written or read.
    pub fn key(&self) -> Option<ExprId> {
        let (Self::Read(Read { source: Source::Id(value), .. })
        | Self::Update { row: Key::Id(value), .. }
        | Self::Delete { row: Key::Id(value), .. }) = self
        else {
            return None;
        };
        match value {
            Value::Expr(id) | Value::Sure(id) => Some(*id),
            Value::IdOf(..) | Value::FieldOf(..) => None,
        }
    }
}

/// What is made of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    Ignored,
    Id,
    Row,
}

/// Which row is written.
#[derive(Clone, Debug)]
pub enum Key {
    Id(Value),
    /// All of these hold; at most one row has them.
    Columns(Vec<(Name, Value)>),
}

/// Rows of a table in between that a write adds or removes.
#[derive(Clone, Debug)]
pub struct Join {
    pub table: Name,
    /// Its column for the row that is written, and for the others.
    pub own: Name,
    pub other: Name,
    /// The ids of the others.
    pub add: Option<Ids>,
    pub remove: Option<Ids>,
    /// Where the value that is written names them: the property.
    pub prop: (u32, u32),
}

/// A list of ids; one that may be undefined is none.
#[derive(Clone, Copy, Debug)]
pub struct Ids {
    pub value: ExprId,
    pub may_lack: bool,
}

/// New values of a row.
#[derive(Clone, Debug)]
pub struct Change {
    pub value: ExprId,
    /// The values in it that may be undefined, which removes a field; `None` where they cannot be told one by one.
    pub unset: Option<Vec<Unset>>,
}

#[derive(Clone, Copy, Debug)]
pub struct Unset {
    pub value: ExprId,
    /// It is nothing but `undefined`.
    pub always: bool,
    /// It may also be null, which is stored.
    pub or_null: bool,
    /// `{ name }`.
    pub shorthand: bool,
    /// Every row has the field: to remove it is an error, before as after, which the compiler sees now.
    pub is_required: bool,
}

#[derive(Clone, Debug)]
pub struct Read {
    pub table: Name,
    pub source: Source,
    pub filters: Vec<Predicate>,
    pub descending: bool,
    pub end: End,
    /// No two rows can meet the condition.
    pub is_unique: bool,
}

#[derive(Clone, Debug)]
pub enum Source {
    /// All rows, as they were inserted.
    All,
    Id(Value),
    /// A range of an index: equal columns, then at most one with bounds.
    Index {
        name: Name,
        bounds: Vec<Bound>,
    },
    Search {
        index: Name,
        text: Value,
        filters: Vec<(Name, Value)>,
    },
}

#[derive(Clone, Debug)]
pub struct Bound {
    pub field: Name,
    pub op: Op,
    pub value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Eq,
    Ne,
    Gt,
    Gte,
    Lt,
    Lte,
}

impl Op {
    /// As the ORM and Convex call it; what they call differently is `ne`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::Lt => "lt",
            Self::Lte => "lte",
        }
    }

    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "eq" => Self::Eq,
            "neq" | "ne" => Self::Ne,
            "gt" => Self::Gt,
            "gte" => Self::Gte,
            "lt" => Self::Lt,
            "lte" => Self::Lte,
            _ => return None,
        })
    }
}

#[derive(Clone, Debug)]
pub enum Predicate {
    Compare(Name, Op, Value),
    /// The field is missing, or null.
    Missing(Name),
    Present(Name),
    All(Vec<Predicate>),
    Any(Vec<Predicate>),
}

/// How many rows are wanted, and in which form.
#[derive(Clone, Debug)]
pub enum End {
    Every,
    Take(ExprId),
    First,
    FirstOrThrow,
    /// One or none; more are an error.
    Only,
    OnlyOrThrow,
    /// A page, by options for pagination.
    Page(ExprId),
}

impl End {
    pub fn is_one(&self) -> bool {
        !matches!(self, Self::Every | Self::Take(_) | Self::Page(_))
    }

    pub fn throws(&self) -> bool {
        matches!(self, Self::FirstOrThrow | Self::OnlyOrThrow)
    }
}

impl Read {
    /// What columns are compared with.
    pub fn values(&self) -> Vec<&Value> {
        let mut values: Vec<&Value> = match &self.source {
            Source::Id(id) => vec![id],
            Source::Index { bounds, .. } => bounds.iter().map(|bound| &bound.value).collect(),
            Source::Search { filters, .. } => filters.iter().map(|(_, value)| value).collect(),
            Source::All => Vec::new(),
        };
        self.filters.iter().for_each(|filter| filter.add_values(&mut values));
        values
    }

    /// All that the rows have to meet.
    pub fn conditions(&self) -> Vec<Predicate> {
        let mut all: Vec<Predicate> = match &self.source {
            Source::Id(id) => vec![Predicate::Compare(Name::from("id"), Op::Eq, id.clone())],
            Source::Index { bounds, .. } => {
                bounds.iter().map(|Bound { field, op, value }| Predicate::Compare(field.clone(), *op, value.clone())).collect()
            }
            Source::All | Source::Search { .. } => Vec::new(),
        };
        for filter in &self.filters {
            match filter {
                Predicate::All(parts) => all.extend(parts.iter().cloned()),
                other => all.push(other.clone()),
            }
        }
        all
    }
}

impl Predicate {
    fn add_values<'p>(&'p self, values: &mut Vec<&'p Value>) {
        match self {
            Self::Compare(_, _, value) => values.push(value),
            Self::Missing(_) | Self::Present(_) => {}
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.add_values(values)),
        }
    }

    /// Whether an object cannot say it.
    pub fn needs_callback(&self) -> bool {
        match self {
            Self::Missing(_) | Self::Present(_) => true,
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::needs_callback),
            Self::Compare(..) => false,
        }
    }
}

/// A relation of a row that need not be loaded otherwise.
#[derive(Clone, Debug)]
pub struct Related {
    pub table: Name,
    /// Which row, and whether there not being one is an error.
    pub row: Key,
    pub throws: bool,
    pub relation: Name,
    /// Many, in the order in which they were connected.
    pub many: bool,
    /// Where there is no such row: no rows, rather than null.
    pub or_none: bool,
    /// The rows of the other table stand in the order of their insertion, and that has to be asked for.
    pub ordered: bool,
}

/// A value that a request is given.
#[derive(Clone, Debug)]
pub enum Value {
    Expr(ExprId),
    /// It is there, which the compiler forgets in a callback.
    Sure(ExprId),
    /// The id of a row of the table.
    IdOf(ExprId, Name),
    /// A column of a row that is held.
    FieldOf(ExprId, Name),
}

//! What is known of a value: the one domain in which schemas, validators, contexts, queries and results are described.
//!
//! A type here always allows at least what the program can produce: it may be wider than the truth, never narrower.
//! `Unknown` is the widest, and says that nothing may be concluded.

mod alike;
mod columns;
mod definitions;
mod ents;
mod relations;
mod settle;

use std::sync::Arc;

use rustc_hash::FxHashMap;

pub use columns::{
    Action, Column, ColumnDefault, ColumnKind, ColumnRef, ColumnUnique, Deletion, DeletionMode, ForeignKey, Reference, TableColumn,
    TablePart,
};
pub use definitions::{AddedField, Edge, EdgeEnd, Index, IndexKind, SchemaTy, TableFlavor, TableTy};
pub use ents::{EntsForm, EntsTy};
pub use relations::{RelationColumn, RelationKind, RelationPart, RelationTy};

use super::hir::{ExprId, FuncId, Name};
use crate::source::{FileId, Span};

#[derive(Clone, Debug, PartialEq)]
pub enum Ty {
    Unknown,
    /// Any Convex value: what `v.any()` admits.
    Any,
    Never,
    Null,
    Undefined,
    String,
    Number,
    Boolean,
    Int64,
    Bytes,
    /// A constant. `fixed` where its type is the literal itself (`v.literal`, `as const`, an annotation), not a widened one.
    Literal(Literal, bool),
    /// Id of a document of the table.
    Id(Name),
    /// A document of the table, as the project's schema describes it.
    Doc(Name),
    Array(Arc<Self>),
    Tuple(Arc<[Self]>),
    Object(Arc<Object>),
    Record(Arc<(Self, Self)>),
    Union(Arc<[Self]>),
    Promise(Arc<Self>),

    // Values of the program that are no data.
    Function(FunctionAt),
    /// Something of a package: `convex/server`, `["defineTable"]`.
    External(Arc<External>),
    /// `import * as x` of a project file.
    Namespace(FileId),
    Validator(Arc<Validator>),
    Table(Arc<TableTy>),
    Schema(Arc<SchemaTy>),
    /// A column builder of an ORM, before it has a name.
    Column(Arc<Column>),
    /// A column of a table, as indexes and relations name it.
    ColumnOf(Arc<ColumnRef>),
    TablePart(Arc<TablePart>),
    RelationPart(Arc<RelationPart>),
    /// Something of convex-ents.
    Ents(Arc<EntsTy>),
    Builder(Builder),
    /// A registered function: the call that registers it.
    Registered(FileId, ExprId),
    /// `api.a.b`, `internal.a.b`, `components.x.y`.
    Reference(Arc<[Name]>),
    Ctx(Arc<Ctx>),
    /// `ctx.auth`, `ctx.storage`, `ctx.scheduler`, `ctx.runQuery`, … by name.
    CtxPart(Name),
    Db,
    Query(Arc<Chain>),
    /// The `q` of an index range or a search filter.
    RangeBuilder,
    /// The `q` of a database filter.
    FilterBuilder,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    Str(Name),
    Num(f64),
    Bool(bool),
}

#[derive(Clone, Debug, PartialEq, Default)]
pub struct Object {
    pub fields: Vec<Field>,
    /// There may be more fields than these.
    pub open: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: Name,
    pub ty: Ty,
    pub optional: bool,
    /// Where the field is written, if in the source.
    pub span: Option<Span>,
}

impl Object {
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| &*f.name == name)
    }

    /// Adds a field, or takes the place of the one with its name.
    pub fn set(&mut self, field: Field) {
        match self.fields.iter_mut().find(|f| f.name == field.name) {
            Some(old) => *old = field,
            None => self.fields.push(field),
        }
    }
}

/// Where the fields of an object are that grows, so that a large one is not gone through for each field.
#[derive(Default)]
pub struct Places(FxHashMap<Name, u32>);

impl Places {
    /// As [`Object::set`]; what else is done to the object in between adds fields and takes none away.
    pub fn set(&mut self, object: &mut Object, field: Field) {
        /// So few are gone through as fast.
        const FEW: usize = 16;
        if object.fields.len() < FEW {
            return object.set(field);
        }
        if self.0.len() != object.fields.len() {
            self.0 = object.fields.iter().enumerate().map(|(at, field)| (field.name.clone(), at as u32)).collect();
        }
        let place = *self.0.entry(field.name.clone()).or_insert(object.fields.len() as u32);
        match object.fields.get_mut(place as usize) {
            Some(old) => *old = field,
            None => object.fields.push(field),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FunctionAt {
    pub file: FileId,
    pub func: FuncId,
}

#[derive(Clone, Debug, PartialEq)]
pub struct External {
    pub module: Name,
    pub path: Vec<Name>,
}

/// How many names the longest path has that anything asks for, and more.
const LONGEST: usize = 8;

impl External {
    /// The names of the path, those beyond the longest there is left out; `room` is where they are put together.
    pub fn parts<'r, 'a: 'r>(&'a self, room: &'r mut [&'a str; LONGEST]) -> &'r [&'a str] {
        let parts = self.path.iter().take(LONGEST);
        let count = parts.len();
        room.iter_mut().zip(parts).for_each(|(part, name)| *part = name);
        &room[..count]
    }

    pub fn is(&self, module: &str, path: &[&str]) -> bool {
        &*self.module == module && self.path.len() == path.len() && self.path.iter().zip(path).all(|(a, b)| &**a == *b)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Validator {
    pub ty: Ty,
    pub optional: bool,
    /// It came through something that is not one of Convex's own validators (zod, ents' builders): its text may not be reused.
    pub foreign: bool,
    /// It is just this, and not one of several of which only this much is known.
    pub exact: bool,
}

/// What kind of function a builder registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FunctionKind {
    Query,
    Mutation,
    Action,
    HttpAction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Visibility {
    Public,
    Internal,
    Unknown,
}

/// Whose syntax and validators a builder takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flavor {
    /// Convex's own, from `_generated/server` or `convex/server`.
    Plain,
    /// Made with `customQuery` and the like, or a project's own function of the same shape.
    Custom,
    /// Takes zod schemas for `args` and `returns`.
    Zod,
    /// Known by name and shape only.
    Foreign,
}

/// A function that registers functions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Builder {
    pub kind: FunctionKind,
    pub visibility: Visibility,
    pub flavor: Flavor,
    /// The call that made it (`customQuery(…)`), where the context it hands on is decided.
    pub made_by: Option<(FileId, ExprId)>,
}

/// The context of a handler.
#[derive(Clone, Debug, PartialEq)]
pub struct Ctx {
    /// `None` where it may be of more than one kind.
    pub kind: Option<FunctionKind>,
    /// What a custom builder, or a spread, put into it.
    pub custom: Object,
}

/// A query on the database, as far as it has been built.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// `None` where the table is not known.
    pub table: Option<Name>,
    /// The call of `db.query`.
    pub origin: (FileId, ExprId),
    /// The calls of `.withIndex`, `.filter`, `.order`, … in order.
    pub steps: Vec<(FileId, ExprId)>,
}

impl Ty {
    pub fn literal(text: impl Into<Name>) -> Self {
        Self::Literal(Literal::Str(text.into()), true)
    }

    pub fn array(element: Self) -> Self {
        Self::Array(Arc::new(element))
    }

    /// What `await` would yield it; promises do not nest.
    pub fn promise(inner: Self) -> Self {
        match inner {
            Self::Promise(_) | Self::Unknown => inner,
            other => Self::Promise(Arc::new(other)),
        }
    }

    pub fn object(fields: impl IntoIterator<Item = Field>) -> Self {
        Self::Object(Arc::new(Object { fields: fields.into_iter().collect(), open: false }))
    }

    pub fn validator(ty: Self) -> Self {
        Self::Validator(Arc::new(Validator { ty, optional: false, foreign: false, exact: true }))
    }

    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Flattens, drops what another member covers, and lets `Unknown` swallow all.
    pub fn union(members: impl IntoIterator<Item = Self>) -> Self {
        let mut flat: Vec<Self> = Vec::new();
        let mut queue: Vec<Self> = members.into_iter().collect();
        queue.reverse();
        while let Some(ty) = queue.pop() {
            match ty {
                Self::Unknown => return Self::Unknown,
                Self::Never => {}
                Self::Union(inner) => queue.extend(inner.iter().rev().cloned()),
                other => {
                    if !flat.iter().any(|f| f.covers(&other)) {
                        flat.retain(|f| !other.covers(f));
                        flat.push(other);
                    }
                }
            }
        }
        match flat.len() {
            0 => Self::Never,
            1 => flat.swap_remove(0),
            _ => Self::Union(flat.into()),
        }
    }

    /// The members of a union, or the type itself.
    pub fn members(&self) -> &[Self] {
        match self {
            Self::Union(members) => members,
            other => std::slice::from_ref(other),
        }
    }

    /// Whether every value of the other type is surely one of this type. Cheap and incomplete.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (a, b) if a == b => true,
            (Self::String, Self::Literal(Literal::Str(_), _) | Self::Id(_)) => !matches!(other, Self::Id(_)),
            (Self::Number, Self::Literal(Literal::Num(_), _)) => true,
            (Self::Boolean, Self::Literal(Literal::Bool(_), _)) => true,
            (Self::Literal(a, _), Self::Literal(b, _)) => a == b,
            (Self::Any, other) => other.is_data(),
            (Self::Array(a), Self::Array(b)) => **b == Self::Never || a.covers(b),
            (Self::Array(a), Self::Tuple(items)) => items.iter().all(|item| a.covers(item)),
            _ => false,
        }
    }

    /// Keeps the members of a union for which the question is answered yes.
    pub fn filtered(&self, keep: impl Fn(&Self) -> bool) -> Self {
        match self {
            Self::Union(members) => Self::union(members.iter().filter(|m| keep(m)).cloned()),
            other if keep(other) => other.clone(),
            _ => Self::Never,
        }
    }

    /// Without `null` and `undefined`.
    pub fn non_null(&self) -> Self {
        self.filtered(|t| !matches!(t, Self::Null | Self::Undefined))
    }

    /// What remains where the value is truthy.
    pub fn truthy(&self) -> Self {
        self.filtered(|t| match t {
            Self::Null | Self::Undefined | Self::Literal(Literal::Bool(false), _) => false,
            Self::Literal(Literal::Str(text), _) => !text.is_empty(),
            Self::Literal(Literal::Num(number), _) => *number != 0.0,
            _ => true,
        })
    }

    /// What remains where the value is falsy.
    pub fn falsy(&self) -> Self {
        self.filtered(|t| match t {
            Self::Doc(_) | Self::Id(_) | Self::Object(_) | Self::Array(_) | Self::Tuple(_) | Self::Record(_) | Self::Bytes => false,
            Self::Ents(_) | Self::Literal(Literal::Bool(true), _) => false,
            Self::Literal(Literal::Str(text), _) => text.is_empty(),
            Self::Literal(Literal::Num(number), _) => *number == 0.0,
            _ => true,
        })
    }

    /// The value of `await`.
    pub fn awaited(&self) -> Self {
        match self {
            Self::Promise(inner) => (**inner).clone(),
            Self::Ents(ents) => ents.awaited(),
            Self::Union(members) => Self::union(members.iter().map(Self::awaited)),
            other => other.clone(),
        }
    }

    /// Whether it is a Convex value, and nothing of the program's.
    pub fn is_data(&self) -> bool {
        match self {
            Self::Any | Self::Never | Self::Null | Self::String | Self::Number | Self::Boolean | Self::Int64 | Self::Bytes => true,
            Self::Literal(..) | Self::Id(_) | Self::Doc(_) => true,
            Self::Array(inner) => inner.is_data(),
            Self::Tuple(inner) | Self::Union(inner) => inner.iter().all(Self::is_data),
            Self::Object(object) => !object.open && object.fields.iter().all(|f| f.ty.is_data() || f.ty.or_undefined_is_data()),
            Self::Record(pair) => pair.0.is_data() && pair.1.is_data(),
            _ => false,
        }
    }

    /// Whether it is a Convex value, or `undefined`.
    pub fn is_value(&self) -> bool {
        *self == Self::Undefined || self.is_data() || self.or_undefined_is_data()
    }

    fn or_undefined_is_data(&self) -> bool {
        self.members().iter().any(|m| *m == Self::Undefined) && self.filtered(|m| *m != Self::Undefined).is_data()
    }

    /// A single known string.
    pub fn as_str(&self) -> Option<&Name> {
        match self {
            Self::Literal(Literal::Str(text), _) => Some(text),
            _ => None,
        }
    }

    /// A constant's type once it is stored where it could be another of its kind.
    pub fn widened(&self) -> Self {
        match self {
            Self::Literal(Literal::Str(_), false) => Self::String,
            Self::Literal(Literal::Num(_), false) => Self::Number,
            Self::Literal(Literal::Bool(_), false) => Self::Boolean,
            other => other.clone(),
        }
    }
}

//! What a codemod is asked, and what it answers: the files as they would be, what became of each table, and what is left to a person.
//!
//! Plain data. A codemod never prints and never writes; `codemods` has the codemods, `cli` shows and writes what they plan.

use std::collections::BTreeMap;

use crate::source::{FileId, Span};

/// What the project is written for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// Plain Convex: `v.*` columns in `defineTable`, or in an early `convexTable`, and functions that call `ctx.db`.
    Convex,
    /// convex-ents.
    Ents,
}

/// How relations are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationStyle {
    /// `relations(users, ({ one, many }) => ({ … }))`, one for each table.
    Relations,
    /// `defineRelations(tables, (r) => ({ … }))`, for all tables at once.
    DefineRelations,
    /// `defineSchema(tables).relations((r) => ({ … }))`.
    Chain,
}

/// What becomes of the end of a required one-to-one edge that holds no field: the ORM refuses `one` on both ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OneToOne {
    /// `many` under the same name: read its first row.
    #[default]
    Many,
    /// Only the end that holds the field has a relation.
    InverseOnly,
    /// `one` on both ends; the field may then hold null.
    Nullable,
}

/// How ids become columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForeignKeys {
    /// Those of edges as `Keys` has them, and no others: nobody checks these so far, and the ORM checks keys in all that goes through it.
    #[default]
    Auto,
    /// `id("users")`, a foreign key, where an index leads with the column and deletes keep their meaning; `custom(v.id("users"))` elsewhere.
    Keys,
    /// Always `custom(v.id("users"))`: no new checks.
    Plain,
    /// `text().references(…)`: the stored validator becomes a string.
    Text,
}

/// How validators that admit null, but not absence, become columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Nullable {
    /// A column without `.notNull()`: documents may then lack it, too.
    #[default]
    Idiomatic,
    /// `custom(…)` with exactly the old validator.
    Exact,
}

/// Whose `defineSchema` the new schema calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SchemaFunction {
    /// The ORM's own; since 0.11 it adds eight tables of its own.
    #[default]
    Orm,
    /// That of `convex/server`, which adds none.
    Convex,
}

/// A part of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Schema,
    Functions,
}

/// In which shape public functions yield rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PublicShape {
    /// As documents, which is what clients know.
    #[default]
    Keep,
    /// As the ORM has them, where nothing says otherwise.
    Orm,
}

/// Which versions of the ORM the new code is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// Any: what 0.6 has, and later versions still.
    #[default]
    Any,
    /// The same, and what a person must know of the earlier ones is said.
    Before011,
    /// Those that have `arrayOf`, `objectOf` and `discriminator`.
    Since011,
}

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    pub from: From,
    pub relations: RelationStyle,
    /// The module that the new code imports from: `better-convex/orm`.
    pub orm: String,
    pub one_to_one: OneToOne,
    pub foreign_keys: ForeignKeys,
    pub nullable: Nullable,
    pub schema_function: SchemaFunction,
    pub target: Target,
    /// Only these projects of the workspace, by their place in it; all where there is no list.
    /// The others were read because these import from them.
    pub projects: Option<Vec<usize>>,
    /// Only this part; both where there is none.
    pub only: Option<Part>,
    /// Only these tables; all where empty.
    pub tables: Vec<String>,
    /// Files (as in `SourceFile::path`) whose functions stay as they are, for somebody said so. What these need to go on working stays,
    /// too; names of types in them that the new schema would leave without a meaning are still written anew.
    pub kept: Vec<String>,
    /// Write a `// TODO(orm-migrate): …` where something is left to a person.
    pub todo: bool,
    pub public_shape: PublicShape,
}

impl Options {
    /// Whether ids that are no edges become foreign keys, where they can.
    pub fn has_keys_of_ids(&self) -> bool {
        match self.foreign_keys {
            ForeignKeys::Keys | ForeignKeys::Text => true,
            ForeignKeys::Auto | ForeignKeys::Plain => false,
        }
    }
}

/// What a codemod would do with the projects of a workspace. Nothing is done yet, and everything in it has been proved.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The files that change, as they would be.
    pub files: BTreeMap<FileId, Rewritten>,
    /// Files that are new: their paths, as those of the workspace's files are written, and their texts.
    pub created: BTreeMap<String, String>,
    /// What becomes of each table, in the order of the schema, one project after the other.
    pub tables: Vec<TableOutcome>,
    /// What a person has to do or to know, in order of file and place.
    pub left: Vec<Left>,
    pub calls: Calls,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    pub text: String,
    /// How many places of the file change.
    pub edits: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableOutcome {
    pub name: String,
    /// Where the schema names it.
    pub span: Span,
    pub status: Status,
    /// What documents may now hold that they could not before: `users.height: null now allowed`.
    pub widened: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    Migrated,
    /// It is new: ents made it up, and now it is written down.
    Created,
    /// It stays what it was, or a plain `defineTable`.
    Kept {
        code: &'static str,
        why: String,
    },
    /// It was a table of the ORM before.
    Already,
}

/// How many calls were rewritten, and how many left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    pub rewritten: usize,
    pub left: usize,
}

/// How much something matters that is left to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Behaves differently from before; look at it.
    Warning,
    /// Was not migrated.
    Error,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something that a person has to do, or should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Which kind of thing: `nested-index`, `default-on-read`, … Listed in docs/codemods.
    pub code: &'static str,
    pub severity: Severity,
    /// In the old source.
    pub span: Span,
    /// What, and why; one line.
    pub message: String,
    /// What to do; one line.
    pub suggestion: Option<String>,
}

impl Plan {
    /// Whether a person has to do something.
    pub fn has_work_left(&self) -> bool {
        self.left.iter().any(|left| left.severity > Severity::Info)
    }
}

//! What each table of the old schema comes to, part by part, and why one cannot be a table of the ORM.

use std::sync::Arc;

use super::source::{Definition, Entry, Maker, SchemaCall, Step};
use super::variants::{self, Variants};
use crate::model::hir::{ExprId, Name};
use crate::model::infer::Infer;
use crate::model::schema::is_orm_internal;
use crate::model::ty::{Edge, EdgeEnd, Field, Index, IndexKind, Literal, TableTy, Ty};
use crate::model::{Project, Workspace};
use crate::source::{FileId, Span};

/// One table.
pub struct Facts {
    pub name: Name,
    pub table: Arc<TableTy>,
    pub parts: Vec<Part>,
    /// Deleted rows stay for a while, or for good.
    pub deletion: Option<Deletion>,
    /// It was a table of the ORM before.
    pub is_orm: bool,
    /// Its documents are a union that a column tells apart.
    pub variants: Option<Variants>,
    /// Why it stays what it is.
    pub kept: Option<Kept>,
}

#[derive(Clone, Debug)]
pub struct Kept {
    pub code: &'static str,
    pub why: String,
    pub span: Span,
    pub suggestion: Option<String>,
}

/// What one call on the definition adds.
pub struct Part {
    pub step: Step,
    pub kind: PartKind,
}

pub enum PartKind {
    /// `.field(name, validator, options)`.
    Field {
        name: Name,
        validator: ExprId,
        default: Option<ExprId>,
        index: Option<FieldIndex>,
    },
    /// `.edge(…)` or `.edges(…)`: one edge, or the two ends of one within the table.
    Edges(Vec<EdgePart>),
    /// One of the table's written indexes.
    Index(usize),
    Deletion,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldIndex {
    Plain,
    Unique,
}

pub struct EdgePart {
    pub edge: Edge,
    /// `deletion: "soft"`, `"hard"`, …
    pub deletion: Option<Name>,
    pub optional: bool,
}

pub struct Deletion {
    pub is_scheduled: bool,
    /// The options, as written.
    pub options: Option<(FileId, ExprId)>,
    pub span: Span,
}

pub struct FactReader<'a> {
    pub workspace: &'a Workspace,
    pub infer: &'a Infer<'a>,
    pub project: &'a Project,
    /// The ORM has discriminators.
    pub has_variants: bool,
}

impl FactReader<'_> {
    /// The facts of every entry, in order.
    pub fn read(&self, schema: &SchemaCall) -> Vec<Facts> {
        let is_overridden = |at: usize| schema.entries[at + 1..].iter().any(|later| later.name == schema.entries[at].name);
        schema.entries.iter().enumerate().map(|(at, entry)| self.facts(schema, entry, is_overridden(at))).collect()
    }

    fn facts(&self, schema: &SchemaCall, entry: &Entry, is_overridden: bool) -> Facts {
        let unknown = || Arc::new(TableTy::unknown(crate::model::ty::TableFlavor::Plain, entry.property));
        let table = self.project.table(&entry.name).map_or_else(unknown, |table| table.definition.clone());
        let mut facts =
            Facts { name: entry.name.clone(), table, parts: Vec::new(), deletion: None, is_orm: false, variants: None, kept: None };
        if is_overridden {
            facts.kept = Some(kept(OVERRIDDEN, "another table takes its name further on", entry.property));
            return facts;
        }
        let Some(definition) = &entry.definition else {
            let why = "its definition is not written out here: it is made by code that cannot be followed, or by a package";
            facts.kept = Some(kept("unknown-fields", why, entry.property));
            return facts;
        };
        facts.is_orm = definition.maker == Maker::Orm && !self.is_early(definition);
        if facts.is_orm {
            return facts;
        }
        if self.is_shared(schema, entry) {
            facts.kept =
                Some(kept("unknown-fields", "one definition stands for two tables, and each table of the ORM has its own", entry.property));
        }
        if definition.base.is_some() {
            facts.kept = Some(kept("unknown-fields", "what it is made from is a package's, or needed elsewhere too", entry.property));
        }
        for step in &definition.steps {
            match self.part(&facts.table, step) {
                Some(part) => {
                    if let (PartKind::Deletion, Some((_, call))) = (&part, step.parts(self.workspace)) {
                        let is_scheduled = call
                            .args
                            .first()
                            .and_then(|arg| self.text(definition.file, arg.value))
                            .is_some_and(|kind| &*kind == "scheduled");
                        let options = call.args.get(1).map(|arg| (definition.file, arg.value));
                        facts.deletion = Some(Deletion { is_scheduled, options, span: step.span });
                    }
                    facts.parts.push(Part { step: *step, kind: part });
                }
                None => {
                    facts.kept = facts
                        .kept
                        .take()
                        .or_else(|| Some(kept("unknown-fields", "this call, or what it is given, cannot be followed", step.span)))
                }
            }
        }
        if let (Ty::Union(_), Some(fields), true) = (&facts.table.document, definition.fields, self.has_variants) {
            facts.variants = variants::read(self.workspace, self.infer, definition.file, fields);
        }
        facts.kept = facts.kept.take().or_else(|| self.refusal(&facts, entry, definition));
        facts
    }

    /// `convexTable("users", { name: v.string() })`, as the ORM had it before it had columns.
    fn is_early(&self, definition: &Definition) -> bool {
        let module = self.workspace.hir(definition.file);
        let Some(props) = definition.fields.and_then(|fields| module.as_object(fields)) else { return false };
        props.iter().any(|prop| matches!(self.infer.expr(definition.file, prop.value), Ty::Validator(_)))
    }

    fn is_shared(&self, schema: &SchemaCall, entry: &Entry) -> bool {
        let place = |entry: &Entry| entry.definition.as_ref().map(|d| (d.file, d.whole));
        schema.entries.iter().filter(|other| place(other) == place(entry)).count() > 1
    }

    fn part(&self, table: &TableTy, step: &Step) -> Option<PartKind> {
        let file = step.span.file;
        let (method, call) = step.parts(self.workspace)?;
        if call.args.iter().any(|arg| arg.spread) {
            return None;
        }
        let arg = |place: usize| call.args.get(place).map(|arg| arg.value);
        match method {
            "index" | "searchIndex" | "vectorIndex" => {
                let at = table.indexes.iter().position(|index| index.span.file == file && index.span.end == step.span.end)?;
                table.indexes[at].fields.as_ref()?;
                Some(PartKind::Index(at))
            }
            "field" => {
                let name = self.text(file, arg(0)?)?;
                let options = arg(2);
                let is_on =
                    |key: &str| options.and_then(|options| self.option(file, options, key)).map(|value| self.infer.expr(file, value));
                let flag = |key: &str| is_on(key) == Some(Ty::Literal(Literal::Bool(true), false));
                let index = if flag("unique") { Some(FieldIndex::Unique) } else { flag("index").then_some(FieldIndex::Plain) };
                let default = options.and_then(|options| self.option(file, options, "default"));
                self.is_written(file, options).then_some(PartKind::Field { name, validator: arg(1)?, default, index })
            }
            "edge" | "edges" => {
                let of_step = |edge: &&Edge| edge.span.file == file && edge.span.end == step.span.end;
                let deletion = arg(1).and_then(|options| self.option(file, options, "deletion")).and_then(|value| self.text(file, value));
                let edges = table.edges.iter().filter(of_step).map(|edge| {
                    let optional = match &edge.end {
                        EdgeEnd::Field(field) => is_optional(&table.document, field),
                        _ => false,
                    };
                    EdgePart { edge: edge.clone(), deletion: deletion.clone(), optional }
                });
                let edges: Vec<EdgePart> = edges.collect();
                (!edges.is_empty()).then_some(PartKind::Edges(edges))
            }
            "deletion" => self.text(file, arg(0)?).map(|_| PartKind::Deletion),
            _ => None,
        }
    }

    /// The value under a key of an options object that is written out.
    fn option(&self, file: FileId, options: ExprId, key: &str) -> Option<ExprId> {
        let props = self.workspace.hir(file).as_object(options)?;
        props.iter().find(|prop| matches!(&prop.key, crate::model::hir::Key::Name(name) if &**name == key)).map(|prop| prop.value)
    }

    fn is_written(&self, file: FileId, options: Option<ExprId>) -> bool {
        options.is_none_or(|options| self.workspace.hir(file).as_object(options).is_some())
    }

    fn text(&self, file: FileId, id: ExprId) -> Option<Name> {
        self.infer.expr(file, id).as_str().cloned()
    }

    /// Why the ORM would not have the table.
    fn refusal(&self, facts: &Facts, entry: &Entry, definition: &Definition) -> Option<Kept> {
        let module = self.workspace.hir(definition.file);
        let at = definition.fields.map_or(entry.property, |fields| module.span(fields));
        let name = &facts.name;
        let may_be_named = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !name.starts_with(|c: char| c.is_ascii_digit());
        if !may_be_named {
            return Some(kept("reserved-column", &format!("`{name}` is no name that a table of the ORM may have"), entry.property));
        }
        let fields: Vec<&Field> = match &facts.table.document {
            Ty::Object(object) if !object.open => object.fields.iter().collect(),
            Ty::Union(members) if facts.variants.is_some() => members.iter().flat_map(fields_of).collect(),
            Ty::Union(_) => {
                return Some(kept("union-root", "its documents are a union, and a table of the ORM has one set of columns", at));
            }
            _ if self.admits_anything(definition) => {
                return Some(kept("any-root", "its documents may be anything, and a table of the ORM has columns", at));
            }
            _ => return Some(kept("unknown-fields", "not all of its fields are written where they can be read", at)),
        };
        for field in fields {
            let at = field.span.unwrap_or(at);
            if matches!(&*field.name, "id" | "_id" | "_creationTime") {
                let suggestion = format!("rename the field with a data migration, or keep `{name}` as a plain table");
                return Some(Kept {
                    suggestion: Some(suggestion),
                    ..kept("reserved-column", &format!("the ORM keeps the column name `{}` for itself", field.name), at)
                });
            }
            if is_orm_internal(&field.name) {
                let why = format!("a column called `{}` would overwrite a property that the ORM's tables have", field.name);
                return Some(kept("internal-column", &why, at));
            }
        }
        if facts.table.open {
            return Some(kept("unknown-fields", "there may be indexes that cannot be read", entry.property));
        }
        facts.table.all_indexes().find_map(|index| self.index_refusal(facts, index))
    }

    fn admits_anything(&self, definition: &Definition) -> bool {
        let validator = definition.fields.map(|fields| self.infer.expr(definition.file, fields));
        matches!(validator, Some(Ty::Validator(validator)) if validator.ty == Ty::Any)
    }

    fn index_refusal(&self, facts: &Facts, index: &Index) -> Option<Kept> {
        let Some(fields) = &index.fields else {
            return Some(kept("unknown-fields", "the fields of this index cannot be read", index.name_span));
        };
        let document = &facts.table.document;
        let name = &index.name;
        let refuse = |code, why: String| Some(kept(code, &why, index.name_span));
        if let Some(path) = fields.iter().find(|field| field.contains('.')) {
            return refuse(
                "nested-index",
                format!("the index `{name}` reads `{path}`, inside of an object; the ORM indexes whole columns only"),
            );
        }
        if fields.iter().any(|field| &**field == "createdAt") {
            let why = format!("the index `{name}` reads `createdAt`, which the ORM takes for the time of creation");
            return Some(Kept {
                suggestion: Some("rename the field with a data migration, or rely on the time of creation".to_owned()),
                ..kept("created-at-index", &why, index.name_span)
            });
        }
        if index.staged && index.kind == IndexKind::Db {
            return refuse("staged-index", format!("the index `{name}` is staged, which the ORM has no word for"));
        }
        if let Some(missing) = fields.iter().find(|f| field_of(document, f).is_none() && !matches!(&***f, "_creationTime" | "_id")) {
            return refuse("unknown-fields", format!("the index `{name}` reads `{missing}`, which the table does not have"));
        }
        let main = field_of(document, fields.first()?);
        let ty = main.map_or(Ty::Unknown, |field| field.ty.non_null());
        match index.kind {
            IndexKind::Search if !ty.members().iter().all(|m| *m == Ty::String || m.as_str().is_some()) => {
                refuse("search-field", format!("the search index `{name}` reads a field that is not text"))
            }
            IndexKind::Vector if ty != Ty::array(Ty::Number) => {
                refuse("vector-field", format!("the vector index `{name}` reads a field that is no array of numbers"))
            }
            _ => None,
        }
    }
}

impl Facts {
    pub fn is_overridden(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.code == OVERRIDDEN)
    }

    pub fn is_migrated(&self) -> bool {
        self.kept.is_none() && !self.is_orm
    }

    /// Whether an index of the table begins with the column.
    pub fn leads(&self, column: &str) -> bool {
        self.table
            .all_indexes()
            .any(|index| index.kind == IndexKind::Db && index.fields.as_ref().is_some_and(|f| f.first().is_some_and(|f| &**f == column)))
    }

    /// The call that adds the field.
    pub fn step_of(&self, field: &str) -> Option<Span> {
        let adds = |part: &&Part| match &part.kind {
            PartKind::Field { name, .. } => &**name == field,
            PartKind::Edges(edges) => edges.iter().any(|edge| matches!(&edge.edge.end, EdgeEnd::Field(stored) if &**stored == field)),
            PartKind::Deletion => field == "deletionTime",
            PartKind::Index(_) => false,
        };
        self.parts.iter().find(adds).map(|part| part.step.span)
    }

    pub fn edges(&self) -> impl Iterator<Item = &EdgePart> {
        self.parts.iter().flat_map(|part| match &part.kind {
            PartKind::Edges(edges) => &edges[..],
            _ => &[],
        })
    }
}

impl Kept {
    /// What is said of the table, as a message and as a comment.
    pub fn message(&self, table: &str) -> String {
        format!("`{table}` stays a plain table: {}", self.why)
    }

    /// What is written above the table, where there is something to do about it.
    pub fn todo(&self, table: &str) -> Option<String> {
        (!self.is_nobodys()).then(|| format!("// TODO(orm-migrate): {}", self.message(table)))
    }

    /// Nobody has to do anything about a table that was not asked for, or that the schema does not come to have.
    pub fn is_nobodys(&self) -> bool {
        matches!(self.code, "not-asked" | OVERRIDDEN)
    }
}

/// The code of a table that another of its name takes the place of.
const OVERRIDDEN: &str = "overridden";

pub fn kept(code: &'static str, why: &str, span: Span) -> Kept {
    Kept { code, why: why.to_owned(), span, suggestion: None }
}

fn is_optional(document: &Ty, field: &str) -> bool {
    field_of(document, field).is_some_and(|field| field.optional)
}

fn fields_of(document: &Ty) -> &[Field] {
    match document {
        Ty::Object(object) => &object.fields,
        _ => &[],
    }
}

/// The field of a document, or of the first member of a union that has it.
pub fn field_of<'t>(document: &'t Ty, name: &str) -> Option<&'t Field> {
    document.members().iter().find_map(|member| fields_of(member).iter().find(|field| &*field.name == name))
}

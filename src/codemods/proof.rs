//! Proves that a new schema takes the place of an old one: every document that was valid still is, and every index is still there.
//!
//! Looks at two workspaces, and at nothing of what made the one out of the other. What it cannot tell it does not prove.
//! `refusals` are what the ORM itself throws on, when it starts or when a row is deleted.

mod accepts;
mod indexes;
mod meaning;
mod refusals;
mod same;
mod validators;

pub use refusals::refusals;

use accepts::{Answer, Shape, accepts};
use meaning::Schemas;
use same::Same;

use crate::model::hir::Name;
use crate::model::infer::Infer;
use crate::model::ty::{Field, Object, Ty};
use crate::model::{Project, Schema, Table, Workspace};

/// What became of a schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What became of each table of the old schema, in its order.
    pub tables: Vec<(Name, Outcome)>,
    /// What is wrong with the schema as a whole: tables that were not there before, options that are not carried over.
    pub schema: Vec<String>,
}

impl Verdict {
    /// Whether the new schema may take the place of the old one.
    pub fn holds(&self) -> bool {
        self.schema.is_empty() && self.tables.iter().all(|(_, outcome)| matches!(outcome, Outcome::Equal | Outcome::Widened(_)))
    }
}

/// What became of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its documents are those that were valid before, its indexes the same.
    Equal,
    /// All that was valid still is, and more.
    Widened(Vec<Wider>),
    /// Documents that were valid may not be any more.
    Narrowed(String),
    /// The table, a field or an index is gone, or is another one.
    Lost(String),
    /// It may be as it was, but that cannot be told.
    Unprovable(String),
}

/// Something that is allowed now and was not before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wider {
    /// `None` where it is of the table, and not of one of its fields.
    pub field: Option<Name>,
    /// `null now allowed`.
    pub what: String,
}

impl Wider {
    /// `users.height: null now allowed`.
    pub fn of_table(&self, table: &str) -> String {
        match &self.field {
            Some(field) => format!("{table}.{field}: {}", self.what),
            None => format!("{table}: {}", self.what),
        }
    }
}

/// One thing that was found; the gravest decides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Note {
    Widened(Wider),
    Unprovable(String),
    Narrowed(String),
    Lost(String),
}

/// Judges what became of each table of the old schema.
pub fn compare(before: &Workspace, before_project: &Project, after: &Workspace, after_project: &Project) -> Verdict {
    let Some(old) = &before_project.schema else {
        return Verdict { tables: Vec::new(), schema: vec!["the old schema cannot be read".to_owned()] };
    };
    let Some(new) = &after_project.schema else {
        let lost = |table: &Table| (table.name.clone(), Outcome::Lost("the new schema cannot be read".to_owned()));
        return Verdict { tables: old.tables.iter().map(lost).collect(), schema: vec!["the new schema cannot be read".to_owned()] };
    };
    before.ask(old.file, |old_infer| {
        after.ask(new.file, |new_infer| {
            let proof = Proof { before, after, same: Same::new(before, old_infer, after, new_infer), old_infer };
            let schemas = Schemas { old, new, project: after_project };
            let tables = old.tables.iter().map(|table| (table.name.clone(), proof.table(&schemas, table))).collect();
            Verdict { tables, schema: of_the_whole(old, new) }
        })
    })
}

struct Proof<'a> {
    before: &'a Workspace,
    after: &'a Workspace,
    same: Same<'a>,
    old_infer: &'a Infer<'a>,
}

impl Proof<'_> {
    fn table(&self, schemas: &Schemas<'_>, old: &Table) -> Outcome {
        let Some(new) = schemas.new.table(&old.name) else { return Outcome::Lost("the new schema has no such table".to_owned()) };
        let mut notes = Vec::new();
        self.documents(old, new, &mut notes);
        indexes::compare(old, new, &mut notes);
        meaning::compare(self, schemas, old, new, &mut notes);
        // Nothing has changed, whatever it may be.
        let is_doubtful = notes.iter().any(|note| matches!(note, Note::Unprovable(_)));
        if is_doubtful && old.definition.flavor == new.definition.flavor && self.same.text(old.span, new.span) {
            return Outcome::Equal;
        }
        outcome(notes)
    }

    fn documents(&self, old: &Table, new: &Table, notes: &mut Vec<Note>) {
        let (was, is) = (&old.definition.document, &new.definition.document);
        match (was, is) {
            (Ty::Object(was), Ty::Object(is)) if !was.open && !is.open => self.fields(old, was, new, is, notes),
            _ if self.is_same_document(old, new) => {}
            (Ty::Object(_) | Ty::Union(_), Ty::Object(_) | Ty::Union(_)) => {
                let wide = Shape { ty: is, is_decided: new.definition.unsure.is_empty() };
                let narrow = Shape { ty: was, is_decided: old.definition.unsure.is_empty() };
                notes.extend(match (wide.takes(&narrow), narrow.takes(&wide)) {
                    (Answer::Yes, Answer::Yes) => None,
                    (Answer::Yes, _) => Some(Note::widened(None, "fields may now be combined in more ways")),
                    (Answer::No, _) => Some(Note::Narrowed("documents that were valid are refused".to_owned())),
                    (Answer::Unsure, _) => Some(unreadable()),
                });
            }
            _ => notes.push(unreadable()),
        }
    }

    /// Whether the document is written by the same expression, and nothing is added to it.
    fn is_same_document(&self, old: &Table, new: &Table) -> bool {
        let (was, is) = (&old.definition, &new.definition);
        let is_bare =
            |table: &Table| table.definition.added.is_empty() && table.definition.edges.is_empty() && table.definition.deletion.is_none();
        let has_columns = |table: &Table| !table.definition.columns.is_empty();
        let Some((was_at, is_at)) = was.fields_at.zip(is.fields_at) else { return false };
        is_bare(old) && (is_bare(new) || was.flavor == is.flavor) && has_columns(old) == has_columns(new) && self.same.expr(was_at, is_at)
    }

    fn fields(&self, old: &Table, was: &Object, new: &Table, is: &Object, notes: &mut Vec<Note>) {
        for field in &was.fields {
            let name = &field.name;
            match is.field(name) {
                Some(now) => notes.extend(self.field(old, field, new, now)),
                None => notes.push(Note::Lost(format!("{name}: the field is gone"))),
            }
        }
        for field in is.fields.iter().filter(|f| was.field(&f.name).is_none()) {
            let name = &field.name;
            // What is only perhaps optional may be required.
            let is_optional = field.optional && !new.definition.unsure.contains(name);
            notes.push(match is_optional {
                true => Note::widened(Some(name), "the field is new"),
                false => Note::Narrowed(format!("{name}: the field is new, and required")),
            });
        }
    }

    fn field(&self, old: &Table, was: &Field, new: &Table, is: &Field) -> Option<Note> {
        let name = &was.name;
        let is_decided = |table: &Table| !table.definition.unsure.contains(name);
        let (wide, narrow) = (Shape::of(is, is_decided(new)), Shape::of(was, is_decided(old)));
        let may_lack = match (is.optional, was.optional) {
            (true, _) => Answer::Yes,
            (false, true) => Answer::No,
            (false, false) => Answer::Yes,
        };
        // What is not known of a field may be that it is optional.
        let is_told = !is.ty.is_unknown() && !was.ty.is_unknown();
        let forward = if is_told { wide.takes(&narrow).and(may_lack.certain(is_decided(new), is_decided(old))) } else { Answer::Unsure };
        match forward {
            Answer::Yes => {
                let backward = narrow.takes(&wide).and(if was.optional || !is.optional { Answer::Yes } else { Answer::No });
                (backward != Answer::Yes).then(|| Note::widened(Some(name), wider(was, is)))
            }
            Answer::No => Some(Note::Narrowed(format!("{name}: {}", narrower(was, is)))),
            Answer::Unsure => match self.written(old, was, new, is) {
                Some(note) => note,
                None => Some(Note::Unprovable(format!("{name}: its validator cannot be read, and is not written as it was"))),
            },
        }
    }
}

impl Note {
    fn widened(field: Option<&Name>, what: impl Into<String>) -> Self {
        Self::Widened(Wider { field: field.cloned(), what: what.into() })
    }
}

fn unreadable() -> Note {
    Note::Unprovable("the fields of its documents cannot all be read".to_owned())
}

/// The gravest of what was found, everything of its kind.
fn outcome(mut notes: Vec<Note>) -> Outcome {
    notes.sort_by_key(|note| match note {
        Note::Widened(_) => 0,
        Note::Unprovable(_) => 1,
        Note::Narrowed(_) => 2,
        Note::Lost(_) => 3,
    });
    let of = |pick: fn(&Note) -> Option<&String>| notes.iter().filter_map(pick).cloned().collect::<Vec<String>>();
    match notes.last() {
        None => Outcome::Equal,
        Some(Note::Widened(_)) => {
            Outcome::Widened(notes.iter().filter_map(|n| if let Note::Widened(wider) = n { Some(wider.clone()) } else { None }).collect())
        }
        Some(Note::Unprovable(_)) => Outcome::Unprovable(of(|n| if let Note::Unprovable(text) = n { Some(text) } else { None }).join("; ")),
        Some(Note::Narrowed(_)) => Outcome::Narrowed(of(|n| if let Note::Narrowed(text) = n { Some(text) } else { None }).join("; ")),
        Some(Note::Lost(_)) => Outcome::Lost(of(|n| if let Note::Lost(text) = n { Some(text) } else { None }).join("; ")),
    }
}

/// What a field may now hold that it could not before.
fn wider(was: &Field, is: &Field) -> String {
    let has_null = |ty: &Ty| ty.members().contains(&Ty::Null);
    let mut what = Vec::new();
    if !was.optional && is.optional {
        what.push("may now be missing");
    }
    if !has_null(&was.ty) && has_null(&is.ty) {
        what.push("null now allowed");
    }
    let present = is.ty.filtered(|m| *m != Ty::Null);
    if accepts(&was.ty, &present) != Answer::Yes {
        what.push("more values are now allowed");
    }
    if what.is_empty() {
        what.push("more values may now be allowed");
    }
    what.join(", ")
}

/// What a field may no longer hold.
fn narrower(was: &Field, is: &Field) -> String {
    let has_null = |ty: &Ty| ty.members().contains(&Ty::Null);
    let mut what = Vec::new();
    if was.optional && !is.optional {
        what.push("can no longer be missing");
    }
    if has_null(&was.ty) && !has_null(&is.ty) {
        what.push("null is refused");
    }
    let present = was.ty.filtered(|m| *m != Ty::Null);
    if accepts(&is.ty, &present) != Answer::Yes {
        what.push("values that were valid are refused");
    }
    what.join(", ")
}

/// What is wrong with the schema, and not with one of its tables.
fn of_the_whole(old: &Schema, new: &Schema) -> Vec<String> {
    let mut wrong = Vec::new();
    match (old.unchecked, new.unchecked) {
        (true, false) => wrong.push("documents are now checked: `schemaValidation` was off".to_owned()),
        (false, true) => wrong.push("documents are no longer checked: `schemaValidation` was on".to_owned()),
        _ => {}
    }
    if old.loose_names != new.loose_names {
        wrong.push("`strictTableNameTypes` is not what it was".to_owned());
    }
    match (old.open, new.open) {
        (true, false) => wrong.push("the old schema may have tables that the new one lacks: they cannot all be read".to_owned()),
        (false, true) => wrong.push("the tables of the new schema cannot all be read".to_owned()),
        _ => {}
    }
    let added = new.tables.iter().filter(|table| !old.open && old.table(&table.name).is_none());
    wrong.extend(added.map(|table| format!("`{}` was no table of the old schema", table.name)));
    wrong
}

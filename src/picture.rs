//! A schema as a picture: tables as boxes, references between them as lines.
//!
//! Says what is drawn; `mermaid`, `dot` and `svg` say how. Judges nothing, and leaves out the system fields that every table has.

mod dot;
mod layout;
mod mermaid;
mod svg;
mod types;

use crate::model::hir::Name;
use crate::model::ty::{EdgeEnd, Field, Index, Object, RelationColumn, RelationKind, TableFlavor, Ty};
use crate::model::{Project, Relation, Schema, Table};
use crate::source::{FileId, Span};

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::{svg, svg_within};
pub use types::full;

/// What is drawn of one schema.
#[derive(Debug)]
pub struct Picture<'a> {
    pub file: FileId,
    pub tables: Vec<Drawn<'a>>,
    pub links: Vec<Link>,
    /// There may be tables that are not listed.
    pub open: bool,
}

/// A table.
#[derive(Debug)]
pub struct Drawn<'a> {
    pub name: &'a Name,
    pub span: Span,
    pub flavor: TableFlavor,
    /// In the order of the schema; of a union of documents all that any of them has.
    pub fields: Vec<Field>,
    /// There may be fields that are not listed.
    pub open: bool,
    pub indexes: Vec<&'a Index>,
}

/// A reference from a field of one table to another table.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The place of the table that holds it.
    pub from: usize,
    /// Its field; a path with dots where it stands inside of one.
    pub field: String,
    /// The place of the table that it leads to, and the field there.
    pub to: usize,
    pub to_field: String,
    /// No two rows lead to the same row.
    pub unique: bool,
    pub end: LinkEnd,
    /// What an edge or a relation calls the way there, and the way back.
    pub name: Option<Name>,
    pub inverse: Option<Name>,
}

/// How many rows a row leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkEnd {
    One,
    OneOrNone,
    Many,
}

impl LinkEnd {
    pub fn name(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::OneOrNone => "zero-or-one",
            Self::Many => "many",
        }
    }
}

impl<'a> Picture<'a> {
    /// `None` for a project without a schema that can be read.
    pub fn of(project: &'a Project) -> Option<Self> {
        let schema = project.schema.as_ref()?;
        let tables: Vec<Drawn<'_>> = schema.tables.iter().map(drawn).collect();
        let mut links: Vec<Link> = Vec::new();
        for (place, table) in schema.tables.iter().enumerate() {
            for field in &tables[place].fields {
                let mut path = field.name.to_string();
                let end = if field.optional { LinkEnd::OneOrNone } else { LinkEnd::One };
                Finder { schema, from: place, links: &mut links }.look(&field.ty, &mut path, end);
            }
            links.extend(keys(schema, place, table, &links));
        }
        for link in &mut links {
            let table = &schema.tables[link.from];
            link.unique = table.definition.all_indexes().any(|i| i.unique && i.own_fields().is_some_and(|f| is_only(f, &link.field)));
            let (name, inverse) = names(schema, &project.relations, link);
            (link.name, link.inverse) = (name, inverse);
        }
        Some(Self { file: schema.file, tables, links, open: schema.open })
    }

    /// The links that start at a field, or inside of it.
    fn links_of<'s>(&'s self, table: usize, field: &'s str) -> impl Iterator<Item = &'s Link> {
        self.links.iter().filter(move |l| l.from == table && l.row() == field)
    }
}

impl Link {
    /// The field of its table whose row it starts at.
    fn row(&self) -> &str {
        self.field.split(['.', '[']).next().unwrap_or_default()
    }
}

fn drawn(table: &Table) -> Drawn<'_> {
    let definition = &table.definition;
    let (fields, open) = match &definition.document {
        Ty::Object(object) => (object.fields.clone(), object.open),
        Ty::Union(members) => merged(members),
        _ => (Vec::new(), true),
    };
    Drawn { name: &table.name, span: table.span, flavor: definition.flavor, fields, open, indexes: definition.all_indexes().collect() }
}

/// All fields of several kinds of documents; one that not all have is optional.
fn merged(members: &[Ty]) -> (Vec<Field>, bool) {
    let objects: Vec<&Object> = members.iter().filter_map(|m| if let Ty::Object(object) = m { Some(&**object) } else { None }).collect();
    let mut all = Object { fields: Vec::new(), open: objects.len() < members.len() || objects.iter().any(|o| o.open) };
    for field in objects.iter().flat_map(|o| &o.fields) {
        let same: Vec<&Field> = objects.iter().filter_map(|o| o.field(&field.name)).collect();
        let optional = same.len() < objects.len() || same.iter().any(|f| f.optional);
        all.set(Field { ty: Ty::union(same.iter().map(|f| f.ty.clone())), optional, ..field.clone() });
    }
    (all.fields, all.open)
}

/// Finds ids in what a field holds.
struct Finder<'a> {
    schema: &'a Schema,
    from: usize,
    links: &'a mut Vec<Link>,
}

impl Finder<'_> {
    fn look(&mut self, ty: &Ty, path: &mut String, end: LinkEnd) {
        match ty {
            Ty::Id(table) => self.add(table, path, end),
            Ty::Array(inner) => self.inside(path, "[]", |this, path| this.look(inner, path, LinkEnd::Many)),
            Ty::Tuple(items) => self.inside(path, "[]", |this, path| items.iter().for_each(|item| this.look(item, path, LinkEnd::Many))),
            Ty::Record(pair) => self.inside(path, "[]", |this, path| {
                this.look(&pair.0, path, LinkEnd::Many);
                this.look(&pair.1, path, LinkEnd::Many);
            }),
            Ty::Object(object) => {
                for field in &object.fields {
                    let end = if field.optional { or_none(end) } else { end };
                    self.inside(path, &format!(".{}", field.name), |this, path| this.look(&field.ty, path, end));
                }
            }
            Ty::Union(members) => {
                let end = if members.len() > 1 { or_none(end) } else { end };
                members.iter().for_each(|member| self.look(member, path, end));
            }
            _ => {}
        }
    }

    fn inside(&mut self, path: &mut String, step: &str, look: impl FnOnce(&mut Self, &mut String)) {
        let length = path.len();
        path.push_str(step);
        look(self, path);
        path.truncate(length);
    }

    fn add(&mut self, table: &Name, path: &str, end: LinkEnd) {
        let Some(to) = self.schema.tables.iter().position(|t| t.name == *table) else { return };
        let link = link(self.from, path, to, "_id", end);
        let is_there = self.links.iter().any(|l| (l.from, l.to, &l.field) == (link.from, link.to, &link.field));
        if !is_there {
            self.links.push(link);
        }
    }
}

fn or_none(end: LinkEnd) -> LinkEnd {
    if end == LinkEnd::One { LinkEnd::OneOrNone } else { end }
}

fn link(from: usize, field: &str, to: usize, to_field: &str, end: LinkEnd) -> Link {
    Link { from, field: field.to_owned(), to, to_field: to_field.to_owned(), unique: false, end, name: None, inverse: None }
}

/// The foreign keys of an ORM's table whose columns hold no ids: `text().references(() => users.handle)`.
fn keys(schema: &Schema, from: usize, table: &Table, links: &[Link]) -> Vec<Link> {
    let mut found: Vec<Link> = Vec::new();
    for key in &table.foreign_keys {
        let ([column], [target]) = (&key.columns[..], &key.to[..]) else { continue };
        let Some(to) = key.table.as_ref().and_then(|name| schema.tables.iter().position(|t| t.name == *name)) else { continue };
        let is_there = |l: &Link| l.from == from && *l.field == **column && l.to == to;
        if links.iter().chain(&found).any(is_there) {
            continue;
        }
        let Ty::Object(document) = &table.definition.document else { continue };
        let Some(field) = document.field(column) else { continue };
        let is_sure = !field.optional && !field.ty.members().contains(&Ty::Null);
        found.push(link(from, column, to, target, if is_sure { LinkEnd::One } else { LinkEnd::OneOrNone }));
    }
    found
}

/// What edges and relations call the way along a link, and the way back.
fn names(schema: &Schema, relations: &[Relation], link: &Link) -> (Option<Name>, Option<Name>) {
    let (from, to) = (&schema.tables[link.from], &schema.tables[link.to]);
    let along = from.definition.edges.iter().find(|e| e.to == to.name && matches!(&e.end, EdgeEnd::Field(field) if **field == *link.field));
    let back = along.and_then(|_| {
        let mut ends = to.definition.edges.iter().filter(|e| {
            let named = match &e.end {
                EdgeEnd::One(field) | EdgeEnd::Referenced(field) => field.as_ref(),
                EdgeEnd::Many { table: None, field, .. } => field.as_ref(),
                _ => return false,
            };
            e.to == from.name && named.is_none_or(|named| **named == *link.field)
        });
        ends.next().filter(|_| ends.next().is_none())
    });
    let is = |columns: &Option<Vec<RelationColumn>>, name: &str| match columns.as_deref() {
        Some([column]) => column.through.is_none() && *column.column.column == *name,
        _ => false,
    };
    let joins = |r: &&Relation, a: &Table, b: &Table| r.table == a.name && r.target.as_ref() == Some(&b.name);
    let relation = |kind: Option<RelationKind>, (a, a_field): (&Table, &str), (b, b_field): (&Table, &str)| {
        let fits = |r: &&Relation| joins(r, a, b) && kind.is_none_or(|k| r.kind == k) && is(&r.from, a_field) && is(&r.to, b_field);
        relations.iter().find(fits).map(|r| r.name.clone())
    };
    let (here, there) = ((from, &*link.field), (to, &*link.to_field));
    let name = along.map(|e| e.name.clone()).or_else(|| relation(Some(RelationKind::One), here, there));
    let inverse =
        back.map(|e| e.name.clone()).or_else(|| relation(None, there, here).filter(|n| link.from != link.to || Some(n) != name.as_ref()));
    (name, inverse)
}

fn is_only(fields: &[Name], name: &str) -> bool {
    matches!(fields, [field] if **field == *name)
}

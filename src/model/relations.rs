//! The relations of an ORM's tables: what a table calls the rows that it is connected with, and by which columns.

use super::calls::{Callee, PlatformCall};
use super::hir::{Call, Name};
use super::infer::Infer;
use super::ty::{ColumnRef, FunctionAt, RelationColumn, RelationKind, RelationPart, RelationTy, Ty};
use crate::source::{FileId, Span};

/// How a relation is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationForm {
    /// `relations(users, ({ one, many }) => ({ … }))`.
    OfTable,
    /// `defineRelations(tables, (r) => ({ … }))`.
    Defined,
    /// `defineSchema(tables).relations((r) => ({ … }))`.
    Chained,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Relation {
    /// The table that has it, and what it calls it.
    pub table: Name,
    pub name: Name,
    /// The property that names it; the whole call where that is not known.
    pub span: Span,
    pub form: RelationForm,
    pub kind: RelationKind,
    /// `None` where it is not known.
    pub target: Option<Name>,
    /// Columns of the table, and those of the target that they are equal to; `None` where both are left to the relation that leads back.
    pub from: Option<Vec<RelationColumn>>,
    pub to: Option<Vec<RelationColumn>>,
    pub optional: bool,
    /// `alias`, or `relationName`: tells relations between the same tables apart.
    pub alias: Option<Name>,
    /// Something else is said of it: which of the rows it leads to.
    pub partial: bool,
    /// All of it could be read.
    pub known: bool,
}

/// The table in between of a relation that goes through one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Through {
    pub table: Name,
    /// Its columns on the side of the relation's own table, and of the target.
    pub from: Vec<Name>,
    pub to: Vec<Name>,
}

impl Relation {
    /// Whether the ORM takes the other for the way back of this one.
    pub fn is_led_back_by(&self, other: &Self) -> bool {
        if self.target.as_ref() != Some(&other.table) {
            return false;
        }
        let returns = other.target.as_ref() == Some(&self.table);
        if self.form != RelationForm::Chained {
            return self.alias.as_ref().map_or(returns, |alias| other.alias.as_ref() == Some(alias));
        }
        // An alias may also be the name of the relation that leads back.
        returns
            && match (&self.alias, &other.alias) {
                (Some(a), Some(b)) => a == b,
                (Some(alias), None) => *alias == other.name,
                (None, Some(alias)) => *alias == self.name,
                (None, None) => true,
            }
    }

    /// The table in between, where there is one and all columns go through it.
    pub fn through(&self) -> Option<Through> {
        let over = |columns: &Option<Vec<RelationColumn>>| columns.as_ref()?.iter().map(|c| c.through.clone()).collect::<Option<Vec<_>>>();
        let (from, to) = (over(&self.from)?, over(&self.to)?);
        let table = from.first()?.table.clone()?;
        let names = |columns: Vec<ColumnRef>| columns.into_iter().map(|c| c.column).collect();
        Some(Through { table, from: names(from), to: names(to) })
    }
}

/// The relations in one file, in source order, and the calls whose relations cannot all be told.
pub(super) fn read(infer: &Infer<'_>, file: FileId, calls: &[PlatformCall]) -> (Vec<Relation>, Vec<Span>) {
    let module = infer.hir(file);
    let mut reader = RelationReader { infer, file, found: Vec::new(), unread: Vec::new() };
    for call in calls {
        let (Callee::External(external), Some(at)) = (&call.callee, module.call(call.call)) else { continue };
        let [function] = &external.path[..] else { continue };
        match &**function {
            _ if !external.module.ends_with("/orm") => {}
            "defineRelations" | "defineRelationsPart" => reader.of_tables(at, call.span, 1, RelationForm::Defined),
            "relations" => reader.of_table(at, call.span),
            _ => {}
        }
    }
    for (id, call) in module.calls() {
        if let Some((_, object, method)) = module.method(id)
            && &**method == "relations"
            && matches!(infer.expr(file, object), Ty::Schema(_))
        {
            reader.of_tables(call, module.span(id), 0, RelationForm::Chained);
        }
    }
    (reader.found, reader.unread)
}

struct RelationReader<'a> {
    infer: &'a Infer<'a>,
    file: FileId,
    found: Vec<Relation>,
    unread: Vec<Span>,
}

impl RelationReader<'_> {
    /// The function that stands at the place; `None` where there is none, which leaves nothing to read, or it is not known.
    fn callback(&mut self, call: &Call, span: Span, place: usize) -> Option<FunctionAt> {
        let argument = call.args.get(place)?;
        let function = self.infer.function(self.file, argument.value).filter(|_| !argument.spread);
        if function.is_none() {
            self.unread.push(span);
        }
        function
    }

    fn of_tables(&mut self, call: &Call, span: Span, place: usize, form: RelationForm) {
        let Some(callback) = self.callback(call, span, place) else { return };
        let Ty::Object(tables) = self.infer.relations_of(callback) else {
            self.unread.push(span);
            return;
        };
        for table in &tables.fields {
            self.of_one(&table.name, &table.ty, span, form);
        }
        if tables.open || tables.fields.iter().any(|f| f.optional) {
            self.unread.push(span);
        }
    }

    fn of_table(&mut self, call: &Call, span: Span) {
        let Some(callback) = self.callback(call, span, 1) else { return };
        let table = match call.args.first().map(|a| self.infer.expr(self.file, a.value)) {
            Some(Ty::Table(table)) => table.name.clone(),
            _ => None,
        };
        match table {
            Some(table) => {
                let relations = self.infer.relations_of_table(callback);
                self.of_one(&table, &relations, span, RelationForm::OfTable);
            }
            None => self.unread.push(span),
        }
    }

    fn of_one(&mut self, table: &Name, relations: &Ty, span: Span, form: RelationForm) {
        let Ty::Object(relations) = relations else {
            self.unread.push(span);
            return;
        };
        for field in &relations.fields {
            let place = field.span.unwrap_or(span);
            match &field.ty {
                Ty::RelationPart(part) => match &**part {
                    RelationPart::Relation(relation) => self.found.push(named(table, &field.name, relation, place, form)),
                    _ => self.unread.push(place),
                },
                _ => self.unread.push(place),
            }
        }
        if relations.open || relations.fields.iter().any(|f| f.optional) {
            self.unread.push(span);
        }
    }
}

fn named(table: &Name, name: &Name, relation: &RelationTy, span: Span, form: RelationForm) -> Relation {
    let (mut from, mut to) = (relation.from.clone(), relation.to.clone());
    // The early form: a row's own column is called after the relation, and leads to an id.
    if form == RelationForm::OfTable && relation.kind == RelationKind::One {
        let bare = |column: Name| vec![RelationColumn { column: ColumnRef { table: None, column }, through: None }];
        from = from.or_else(|| Some(bare(Name::from(format!("{name}Id")))));
        to = to.or_else(|| Some(bare(Name::from("_id"))));
    }
    // A string names a column of the table that it stands for.
    let belong = |columns: &mut Option<Vec<RelationColumn>>, owner: Option<&Name>| {
        for column in columns.iter_mut().flatten() {
            column.column.table = column.column.table.take().or_else(|| owner.cloned());
        }
    };
    belong(&mut from, Some(table));
    belong(&mut to, relation.target.as_ref());
    Relation {
        table: table.clone(),
        name: name.clone(),
        span,
        form,
        kind: relation.kind,
        target: relation.target.clone(),
        from,
        to,
        optional: relation.optional,
        alias: relation.alias.clone(),
        partial: relation.partial,
        known: relation.known,
    }
}

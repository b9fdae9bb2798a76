//! What calls of convex-ents yield: its definitions, the `table` that a context is given, the lazy promises on it, and loaded ents.

use std::sync::Arc;

use super::{Field, Object, SchemaTy, TableTy, Ty};
use crate::model::hir::Name;

/// A value of ents, with the definitions that it goes by.
#[derive(Clone, Debug)]
pub struct EntsTy {
    pub schema: Arc<SchemaTy>,
    /// Reads and writes go through `addEntRules`.
    pub has_rules: bool,
    /// What comes before may be null, and then awaiting it yields null.
    pub nullable: bool,
    pub form: EntsForm,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntsForm {
    /// `getEntDefinitions(schema)`.
    Definitions,
    /// `entsTableFactory(ctx, definitions)`: what contexts have as `table`.
    Factory,
    /// `table("users")`.
    Table(Name),
    /// `table("users", "email", (q) => …)`, `.order(…)`, an edge to many: it may still be filtered.
    Query(Name),
    /// An edge through a table of its own.
    Edge(Name),
    /// A list that is only to be awaited: `.take(n)`, `.getMany(ids)`.
    Rows(Name),
    /// `.get(id)`, `.first()`, an edge to one.
    One(Name),
    /// `.ids()`.
    Ids(Name),
    /// `.paginate(options)`.
    Page(Name),
    /// `.insert(value)`: the id, and `.get()` on it.
    Inserted(Name),
    /// A loaded ent.
    Row(Name),
}

impl PartialEq for EntsTy {
    fn eq(&self, other: &Self) -> bool {
        // There is one schema for each call that makes one; to compare all of its tables would take long.
        self.schema.span == other.schema.span
            && (self.has_rules, self.nullable, &self.form) == (other.has_rules, other.nullable, &other.form)
    }
}

impl EntsTy {
    pub fn with(&self, form: EntsForm, nullable: bool) -> Ty {
        Ty::Ents(Arc::new(Self { schema: self.schema.clone(), has_rules: self.has_rules, nullable, form }))
    }

    /// The table whose rows it leads to.
    pub fn table_name(&self) -> Option<&Name> {
        match &self.form {
            EntsForm::Definitions | EntsForm::Factory => None,
            EntsForm::Table(name)
            | EntsForm::Query(name)
            | EntsForm::Edge(name)
            | EntsForm::Rows(name)
            | EntsForm::One(name)
            | EntsForm::Ids(name)
            | EntsForm::Page(name)
            | EntsForm::Inserted(name)
            | EntsForm::Row(name) => Some(name),
        }
    }

    pub fn table(&self) -> Option<&TableTy> {
        let name = self.table_name()?;
        self.schema.tables.iter().find(|(table, ..)| table == name).map(|(_, _, table)| &**table)
    }

    pub fn is_row(&self) -> bool {
        matches!(self.form, EntsForm::Row(_))
    }

    /// What `await` yields.
    pub fn awaited(&self) -> Ty {
        let row = |name: &Name| self.with(EntsForm::Row(name.clone()), false);
        let found = match &self.form {
            EntsForm::Definitions | EntsForm::Factory | EntsForm::Row(_) => return Ty::Ents(Arc::new(self.clone())),
            EntsForm::Table(name) | EntsForm::Query(name) | EntsForm::Edge(name) | EntsForm::Rows(name) => Ty::array(row(name)),
            EntsForm::One(name) => row(name),
            EntsForm::Ids(name) => Ty::array(Ty::Id(name.clone())),
            EntsForm::Inserted(name) => Ty::Id(name.clone()),
            EntsForm::Page(name) => {
                let field = |name: &str, ty, optional| Field { name: Name::from(name), ty, optional, span: None };
                Ty::Object(Arc::new(Object {
                    fields: vec![
                        field("page", Ty::array(row(name)), false),
                        field("isDone", Ty::Boolean, false),
                        field("continueCursor", Ty::String, false),
                    ],
                    open: true,
                }))
            }
        };
        if self.nullable { Ty::union([found, Ty::Null]) } else { found }
    }

    /// The fields of a row, as they are read: with the system's, and with defaults filled in.
    pub fn document(&self) -> Option<Object> {
        let (name, table) = (self.table_name()?, self.table()?);
        let Ty::Object(document) = &table.document else { return None };
        let field = |name: &str, ty| Field { name: Name::from(name), ty, optional: false, span: None };
        let mut object =
            Object { fields: vec![field("_id", Ty::Id(name.clone())), field("_creationTime", Ty::Number)], open: document.open };
        for stored in &document.fields {
            let has_default = table.added.iter().any(|added| added.name == stored.name && added.default.is_some());
            object.set(Field { optional: stored.optional && !has_default, ..stored.clone() });
        }
        Some(object)
    }
}

//! What the ORM throws on: when a schema is loaded, when it starts, and when a row is deleted.
//!
//! Follows `better-convex/orm` 0.11, whose checks are the same in 0.6.

mod columns;
mod keys;
mod order;
mod relations;

use crate::model::hir::Name;
use crate::model::ty::TableFlavor;
use crate::model::{Project, Schema, Table, Workspace};

/// What the ORM refuses of a project's schema: the table, and why.
pub fn refusals(workspace: &Workspace, project: &Project) -> Vec<(Name, String)> {
    let Some(schema) = &project.schema else { return Vec::new() };
    let mut refused = Refused { found: Vec::new() };
    for table in &schema.tables {
        if schema.own.contains(&&*table.name) {
            refused.add(table, "the ORM keeps a table of its own under this name");
        }
    }
    for table in orm_tables(schema) {
        columns::check(schema, table, &mut refused);
        keys::check(schema, table, &mut refused);
    }
    columns::check_shared(schema, &mut refused);
    relations::check(project, schema, &mut refused);
    order::check(workspace, project, schema, &mut refused);
    refused.found
}

/// What was found, table by table.
struct Refused {
    found: Vec<(Name, String)>,
}

impl Refused {
    fn add(&mut self, table: &Table, why: impl Into<String>) {
        self.found.push((table.name.clone(), why.into()));
    }
}

/// The tables that the ORM knows; it takes no notice of others.
fn orm_tables(schema: &Schema) -> impl Iterator<Item = &Table> {
    schema.tables.iter().filter(|table| table.definition.flavor == TableFlavor::Orm)
}

//! From the name of an index, or of a table, to where it is defined and to all that reads it.

use lsp_types::Location;

use super::view::View;
use crate::model::hir::Name;
use crate::model::{Project, Workspace};
use crate::source::{FileId, Span};

/// What a place in a file names.
enum Named<'a> {
    /// The table is `None` where it is not known: then it may be any with such an index.
    Index {
        table: Option<&'a str>,
        name: &'a Name,
    },
    Table(&'a str),
}

/// Where the name at a place is defined.
pub fn definitions(view: &View<'_>, file: FileId, offset: u32) -> Vec<Location> {
    let workspace = &view.known.workspace;
    let found = named(workspace, file, offset);
    located(view, found.into_iter().flat_map(|(project, name)| defined(workspace, project, &name)).collect())
}

/// Everything that reads what the place names, and where it is defined if that is asked for.
pub fn references(view: &View<'_>, file: FileId, offset: u32, with_definition: bool) -> Vec<Location> {
    let workspace = &view.known.workspace;
    let mut spans = Vec::new();
    for (project, name) in named(workspace, file, offset) {
        if with_definition {
            spans.extend(defined(workspace, project, &name));
        }
        match name {
            Named::Index { table: Some(table), name } => {
                spans.extend(project.readers.of(&(*table).into(), name).map(|reader| reader.name_span))
            }
            Named::Index { table: None, name } => spans.extend(project.readers.named(name).iter().map(|reader| reader.name_span)),
            Named::Table(name) => spans.extend(project.table_uses.iter().filter(|used| &*used.name == name).map(|used| used.span)),
        }
    }
    located(view, spans)
}

fn located(view: &View<'_>, mut spans: Vec<Span>) -> Vec<Location> {
    spans.sort_unstable();
    spans.dedup();
    spans.into_iter().filter_map(|span| view.location(span)).collect()
}

fn named(workspace: &Workspace, file: FileId, offset: u32) -> Vec<(&Project, Named<'_>)> {
    let mut found = Vec::new();
    for project in &workspace.projects {
        found.extend(named_in(workspace, project, Span::new(file, offset, offset)).map(|name| (project, name)));
    }
    found
}

fn named_in<'a>(workspace: &Workspace, project: &'a Project, at: Span) -> Option<Named<'a>> {
    for table in project.schema.iter().flat_map(|schema| &schema.tables) {
        if let Some(index) = table.definition.indexes.iter().find(|index| index.name_span.contains(at)) {
            return Some(Named::Index { table: Some(&table.name), name: &index.name });
        }
        if workspace.key_of(table).contains(at) {
            return Some(Named::Table(&table.name));
        }
    }
    if let Some(reader) = project.readers.all().find(|reader| reader.name_span.contains(at)) {
        return Some(Named::Index { table: reader.table.as_deref(), name: &reader.index });
    }
    let used = project.table_uses.iter().find(|used| used.span.contains(at))?;
    Some(Named::Table(&used.name))
}

fn defined(workspace: &Workspace, project: &Project, name: &Named<'_>) -> Vec<Span> {
    let tables = project.schema.iter().flat_map(|schema| &schema.tables);
    match name {
        Named::Index { table, name } => {
            let tables = tables.filter(|known| table.is_none_or(|table| *known.name == *table));
            let indexes = tables.flat_map(|table| table.definition.all_indexes());
            indexes.filter(|index| index.name == **name).map(|index| index.name_span).collect()
        }
        Named::Table(name) => tables.filter(|table| &*table.name == *name).map(|table| workspace.key_of(table)).collect(),
    }
}

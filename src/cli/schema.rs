//! `--schema`: the schema of a project as a picture, or as data.

use anyhow::bail;
use clap::ValueEnum;
use serde::Serialize;

use super::lines::Lines;
use super::output::counted;
use super::output::json::Range;
use super::paths::Places;
use super::streams;
use crate::model::Workspace;
use crate::model::ty::{Index, IndexKind, TableFlavor};
use crate::picture::{self, Drawn, Link, Picture};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaFormat {
    /// An entity–relationship diagram for Mermaid; Markdown on GitHub shows it.
    Mermaid,
    /// For Graphviz.
    Dot,
    /// A picture that stands alone.
    Svg,
    /// Tables, fields, indexes and references as data; version 1, stable.
    Json,
}

/// The schemas that have a file among those asked for. A picture shows one; data lists all of them.
pub fn render(format: SchemaFormat, places: &Places, workspace: &Workspace, is_asked: &[bool]) -> anyhow::Result<String> {
    let asked = workspace.projects.iter().filter(|project| project.files.iter().any(|file| is_asked[file.0 as usize]));
    let pictures: Vec<Picture<'_>> = asked.filter_map(Picture::of).collect();
    let shown = |picture: &Picture<'_>| places.shown(&workspace.source(picture.file).path);
    if format == SchemaFormat::Json {
        let lines = Lines::new(workspace);
        let schemas = pictures.iter().map(|picture| schema(places, &lines, picture)).collect();
        return Ok(serde_json::to_string_pretty(&Document { version: 1, schemas })? + "\n");
    }
    let picture = match &pictures[..] {
        [] => bail!("there is no schema here: a project needs a schema.ts in its functions folder that exports one by default"),
        [picture] => picture,
        several => {
            let paths: Vec<String> = several.iter().map(shown).collect();
            bail!("{} here, and a picture shows one: name one of {}", counted(several.len(), "schema"), paths.join(", "));
        }
    };
    if picture.open {
        streams::warn(&format!("`{}` has tables that cannot be read from the source; they are not drawn", shown(picture)));
    }
    Ok(match format {
        SchemaFormat::Mermaid => picture::mermaid(picture),
        SchemaFormat::Dot => picture::dot(picture),
        SchemaFormat::Svg | SchemaFormat::Json => picture::svg(picture),
    })
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    schemas: Vec<SchemaData<'a>>,
}

#[derive(Serialize)]
struct SchemaData<'a> {
    file: String,
    /// Whether all tables are listed.
    complete: bool,
    tables: Vec<TableData<'a>>,
    references: Vec<ReferenceData<'a>>,
}

#[derive(Serialize)]
struct TableData<'a> {
    name: &'a str,
    /// `table`, `ent`, `orm`, or `package` for one that no code of the project defines.
    kind: &'static str,
    #[serde(flatten)]
    range: Range,
    /// Whether all fields are listed.
    complete: bool,
    fields: Vec<FieldData<'a>>,
    indexes: Vec<IndexData<'a>>,
}

#[derive(Serialize)]
struct FieldData<'a> {
    name: &'a str,
    /// As TypeScript writes it.
    #[serde(rename = "type")]
    ty: String,
    optional: bool,
}

#[derive(Serialize)]
struct IndexData<'a> {
    name: &'a str,
    kind: &'static str,
    /// In order; `null` where they are not known. Of search and vector indexes the field that is searched, then those to filter by.
    fields: Option<Vec<&'a str>>,
    unique: bool,
    staged: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
}

#[derive(Serialize)]
struct ReferenceData<'a> {
    from: End<'a>,
    to: End<'a>,
    /// `one`, `zero-or-one` or `many`: how many rows a row leads to.
    leads_to: &'static str,
    /// No two rows lead to the same row.
    unique: bool,
    /// What an edge or a relation calls the way there, and the way back.
    name: Option<&'a str>,
    inverse: Option<&'a str>,
}

#[derive(Serialize)]
struct End<'a> {
    table: &'a str,
    field: &'a str,
}

fn schema<'a>(places: &Places, lines: &Lines<'_>, picture: &'a Picture<'_>) -> SchemaData<'a> {
    SchemaData {
        file: places.shown(&lines.source(picture.file).path),
        complete: !picture.open,
        tables: picture.tables.iter().map(|table| table_data(places, lines, table)).collect(),
        references: picture.links.iter().map(|link| reference(picture, link)).collect(),
    }
}

fn table_data<'a>(places: &Places, lines: &Lines<'_>, table: &'a Drawn<'_>) -> TableData<'a> {
    let field =
        |field: &'a crate::model::ty::Field| FieldData { name: &field.name, ty: picture::full(&field.ty), optional: field.optional };
    TableData {
        name: table.name,
        kind: match table.flavor {
            TableFlavor::Plain => "table",
            TableFlavor::Ent => "ent",
            TableFlavor::Orm => "orm",
            TableFlavor::Package => "package",
        },
        range: Range::of(places, lines, table.span),
        complete: !table.open,
        fields: table.fields.iter().map(field).collect(),
        indexes: table.indexes.iter().map(|index| index_data(index)).collect(),
    }
}

fn index_data(index: &Index) -> IndexData<'_> {
    IndexData {
        name: &index.name,
        kind: match index.kind {
            IndexKind::Db => "database",
            IndexKind::Search => "search",
            IndexKind::Vector => "vector",
        },
        fields: index.fields.as_ref().map(|fields| fields.iter().map(|f| &**f).collect()),
        unique: index.unique,
        staged: index.staged,
        dimensions: index.dimensions,
    }
}

fn reference<'a>(picture: &'a Picture<'_>, link: &'a Link) -> ReferenceData<'a> {
    ReferenceData {
        from: End { table: picture.tables[link.from].name, field: &link.field },
        to: End { table: picture.tables[link.to].name, field: &link.to_field },
        leads_to: link.end.name(),
        unique: link.unique,
        name: link.name.as_deref(),
        inverse: link.inverse.as_deref(),
    }
}

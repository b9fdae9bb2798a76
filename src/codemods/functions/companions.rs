//! The small functions that migrated code may need, written once into the file that sets up the ORM.

use std::collections::BTreeMap;

use crate::model::hir::Name;
use crate::style::Style;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Helper {
    /// A row, in the shape of a document.
    Document,
    Documents,
    DocumentPage,
    /// The only row, or null; an error where there are more.
    OnlyRow,
    OnlyRowOrThrow,
    /// A row that must be there.
    MustExist,
    /// A change, in which undefined removes a field.
    Unsetting,
}

impl Helper {
    pub fn name(self) -> &'static str {
        match self {
            Self::Document => "toDocument",
            Self::Documents => "toDocuments",
            Self::DocumentPage => "toDocumentPage",
            Self::OnlyRow => "onlyRow",
            Self::OnlyRowOrThrow => "onlyRowOrThrow",
            Self::MustExist => "mustExist",
            Self::Unsetting => "unsetting",
        }
    }
}

/// What the helpers have to know of the tables.
#[derive(Debug, Default)]
pub struct TableNotes {
    /// Required fields that may hold null, by table.
    pub nulls: BTreeMap<Name, Vec<Name>>,
    /// Fields with a default, and the default as it is written.
    pub defaults: BTreeMap<Name, Vec<(Name, String)>>,
    /// Some of the schema's tables are none of the ORM's.
    pub has_plain_tables: bool,
}

/// The text of the helpers, and what they import: the module (`orm`, `schema`, `dataModel`), the name, and whether it is a type.
pub struct Text {
    pub code: String,
    pub imports: Vec<(Source, &'static str, bool)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Orm,
    Schema,
    DataModel,
}

pub fn text(wanted: &[Helper], has_type: bool, notes: &TableNotes, style: &Style, unset_token: &str) -> Text {
    let mut parts: Vec<String> = Vec::new();
    let mut imports = Vec::new();
    let has = |helper: Helper| wanted.contains(&helper);
    let has_documents = has(Helper::Document) || has(Helper::Documents) || has(Helper::DocumentPage);
    if has_documents || has_type {
        if !notes.has_plain_tables {
            imports.push((Source::Orm, "InferSelectModel", true));
        }
        imports.extend([(Source::Schema, "tables", !has_documents), (Source::DataModel, "Id", true)]);
        parts.push(document_type(notes));
    }
    if has_documents {
        let defaults = match notes.defaults.is_empty() {
            true => String::new(),
            false => format!("{}\n\n", defaults(notes)),
        };
        let filled = if notes.defaults.is_empty() { "" } else { " ...defaults[table]," };
        let table = if notes.defaults.is_empty() { "_table" } else { "table" };
        let any_row = if notes.has_plain_tables { "unknown" } else { "object | null | undefined" };
        parts.push(format!(
            "{defaults}\
/** A row of the ORM in the shape of a document. */
export function toDocument<Table extends keyof typeof tables>({table}: Table, row: Row<Table>): Document<Table>;
export function toDocument<Table extends keyof typeof tables>({table}: Table, row: Row<Table> | null | undefined): Document<Table> | null;
export function toDocument({table}: string, row: {any_row}): unknown {{
  if (!row) return null;
  const {{ id, createdAt, ...fields }} = row as {{ id: string; createdAt: number }};
  return {{{filled} _id: id, _creationTime: createdAt, ...fields }};
}}"
        ));
    }
    if has(Helper::Documents) || has(Helper::DocumentPage) {
        parts.push(
            "\
/** Rows of the ORM in the shape of documents. */
export function toDocuments<Table extends keyof typeof tables>(table: Table, rows: Row<Table>[]): Document<Table>[] {
  return rows.map((row) => toDocument(table, row));
}"
            .to_owned(),
        );
    }
    if has(Helper::DocumentPage) {
        parts.push(
            "\
/** A page of rows of the ORM in the shape of documents. It does not say where to split it: the ORM could not go on from there. */
export function toDocumentPage<Table extends keyof typeof tables>(
  table: Table,
  result: { page: Row<Table>[]; isDone: boolean; continueCursor: string | null },
) {
  return { page: toDocuments(table, result.page), isDone: result.isDone, continueCursor: result.continueCursor as string };
}"
            .to_owned(),
        );
    }
    if has(Helper::OnlyRow) || has(Helper::OnlyRowOrThrow) {
        parts.push(
            "\
/** The only one of the rows, if there is one. */
export function onlyRow<Rows extends unknown[]>(rows: Rows): Rows[number] | null {
  if (rows.length > 1) throw new Error(\"unique() query returned more than one result\");
  return rows[0] ?? null;
}"
            .to_owned(),
        );
    }
    if has(Helper::OnlyRowOrThrow) {
        parts.push(
            "\
/** The only one of the rows. */
export function onlyRowOrThrow<Rows extends unknown[]>(rows: Rows): Rows[number] {
  const row = onlyRow(rows);
  if (row === null) throw new Error(\"Query returned no documents\");
  return row;
}"
            .to_owned(),
        );
    }
    if has(Helper::MustExist) {
        parts.push(
            "\
/** What a row refers to, which must be there. */
export function mustExist<Found>(found: Found): NonNullable<Found> {
  if (found === null || found === undefined) throw new Error(\"A row refers to another that does not exist\");
  return found;
}"
            .to_owned(),
        );
    }
    if has(Helper::Unsetting) {
        imports.push((Source::Orm, "unsetToken", false));
        parts.push(format!(
            "\
/** A change of a row in which `undefined` removes a field, as it does in a patch. */
export function unsetting<Change extends object>(change: Change): Change {{
  const entries = Object.entries(change).map(([field, value]) => [field, value === undefined ? {unset_token} : value]);
  return Object.fromEntries(entries) as Change;
}}"
        ));
    }
    Text { code: styled(&parts.join("\n\n"), style), imports }
}

fn document_type(notes: &TableNotes) -> String {
    let nulls: Vec<String> = notes
        .nulls
        .iter()
        .map(|(table, fields)| {
            let fields: Vec<String> = fields.iter().map(|field| format!("\"{field}\"")).collect();
            format!("{table}: {}", fields.join(" | "))
        })
        .collect();
    let filled: Vec<String> = notes
        .defaults
        .iter()
        .map(|(table, fields)| {
            let fields: Vec<String> = fields.iter().map(|(field, _)| format!("\"{field}\"")).collect();
            format!("{table}: {}", fields.join(" | "))
        })
        .collect();
    let row = match notes.has_plain_tables {
        true => "(typeof tables)[Table] extends { $inferSelect: infer Row } ? Row : never",
        false => "InferSelectModel<(typeof tables)[Table]>",
    };
    let mut out = format!("type Row<Table extends keyof typeof tables> = {row};\n");
    let mut kept = "never".to_owned();
    let mut required = String::new();
    if !nulls.is_empty() {
        out.push_str(&format!("\n/** Required fields that may hold null. */\ntype Nulls = {{ {} }};\n", nulls.join("; ")));
        kept = "Table extends keyof Nulls ? Nulls[Table] : never".to_owned();
    }
    if !filled.is_empty() {
        out.push_str(&format!(
            "\n/** Fields that have a value in every document, as they have a default. */\ntype Filled = {{ {} }};\n",
            filled.join("; ")
        ));
        required = " & {\n  [Field in Table extends keyof Filled ? Filled[Table] & keyof Row<Table> : never]: Exclude<Row<Table>[Field], null | undefined>;\n}".to_owned();
    }
    out.push_str(&format!(
        "
type Fields<Row, Nulls> = {{
  [Field in keyof Row as null extends Row[Field] ? (Field extends Nulls ? Field : never) : Field]: Row[Field];
}} & {{
  [Field in keyof Row as null extends Row[Field] ? (Field extends Nulls ? never : Field) : never]?: Exclude<Row[Field], null>;
}};

/** A row in the shape of a document, which is what clients know. */
export type Document<Table extends keyof typeof tables> = {{ _id: Id<Table>; _creationTime: number }} & Fields<
  Omit<Row<Table>, \"id\" | \"createdAt\">,
  {kept}
>{required};"
    ));
    out
}

fn defaults(notes: &TableNotes) -> String {
    let tables: Vec<String> = notes
        .defaults
        .iter()
        .map(|(table, fields)| {
            let fields: Vec<String> = fields.iter().map(|(field, value)| format!("{field}: {value}")).collect();
            format!("  {table}: {{ {} }},", fields.join(", "))
        })
        .collect();
    format!(
        "// What a field is where a document lacks it.\nconst defaults: Record<string, object | undefined> = {{\n{}\n}};",
        tables.join("\n")
    )
}

/// In the quotes, the indent and the line ends of the file.
pub fn styled(code: &str, style: &Style) -> String {
    let mut out = String::with_capacity(code.len());
    for (i, line) in code.split('\n').enumerate() {
        if i > 0 {
            out.push_str(style.newline);
        }
        let body = line.trim_start_matches(' ');
        let is_comment = body.starts_with('*') || body.starts_with('/');
        out.push_str(&style.indent.repeat((line.len() - body.len()) / 2));
        let body = if style.quote == '\'' && !is_comment { body.replace('"', "'") } else { body.to_owned() };
        let body = match body.strip_suffix(';') {
            Some(rest) if !style.semicolons && !is_comment => rest.to_owned(),
            _ => body,
        };
        out.push_str(&body);
    }
    out
}

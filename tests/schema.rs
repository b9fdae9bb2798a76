//! Compares what is read of a schema with what fixtures/schemas.md says of it. `UPDATE=1` rewrites the listings.

mod support;

use std::ops::Range;

use orm_lint::model::ty::{ColumnRef, IndexKind, Literal, Object, RelationColumn, RelationKind, Ty};
use orm_lint::model::{Relation, Schema, Table};
use support::markdown::{self, Case};
use support::{Failures, diff, indented, is_update, read, root};

#[test]
fn schemas_are_read_as_listed() {
    let path = root().join("fixtures/schemas.md");
    let document = read(&path);
    let mut failures = Failures::default();
    let mut rewrites: Vec<(Range<usize>, String)> = Vec::new();
    for case in markdown::cases(&document) {
        let listed = support::with_deep_stack(|| listing_of(&case));
        let Some(expected) = case.blocks.iter().find(|b| b.language == "text") else {
            failures.add(format!(
                "fixtures/schemas.md:{} · {}: no `text` block says what is read\n{}",
                case.line,
                case.name,
                indented(&listed)
            ));
            continue;
        };
        if listed != expected.text {
            if is_update() {
                rewrites.push((expected.range.clone(), listed));
            } else {
                failures.add(format!("fixtures/schemas.md:{} · {}\n{}", case.line, case.name, indented(&diff(&listed, &expected.text))));
            }
        }
    }
    if !rewrites.is_empty() {
        let mut text = document;
        for (range, listed) in rewrites.into_iter().rev() {
            text.replace_range(range, &listed);
        }
        std::fs::write(&path, text).expect("write the fixture");
    }
    failures.report();
}

fn listing_of(case: &Case) -> String {
    let sources = case.blocks.iter().filter(|b| b.is_source());
    let files: Vec<(String, String)> =
        sources.map(|b| (b.path.clone().unwrap_or_else(|| "convex/schema.ts".to_owned()), b.text.clone())).collect();
    let workspace = support::workspace(&files, Vec::new());
    let Some(project) = workspace.projects.iter().find(|p| p.schema.is_some()) else { return "no schema\n".to_owned() };
    let mut out = project.schema.as_ref().map(listing).unwrap_or_default();
    project.relations.iter().for_each(|relation| out.push_str(&relation_listing(relation)));
    out.push_str(if project.unread_relations.is_empty() { "" } else { "… perhaps more relations\n" });
    out
}

fn relation_listing(relation: &Relation) -> String {
    let columns = |columns: &Option<Vec<RelationColumn>>| match columns {
        None => "?".to_owned(),
        Some(columns) => columns.iter().map(column_shown).collect::<Vec<_>>().join(", "),
    };
    let kind = if relation.kind == RelationKind::One { "one" } else { "many" };
    let target = relation.target.as_ref().map_or("?", |t| t);
    let mut out =
        format!("{}.{}: {kind} {target} ({} = {})", relation.table, relation.name, columns(&relation.from), columns(&relation.to));
    if let Some(through) = relation.through() {
        out.push_str(&format!(" through {}", through.table));
    }
    if !relation.optional {
        out.push_str(" required");
    }
    if let Some(alias) = &relation.alias {
        out.push_str(&format!(" alias {alias}"));
    }
    out.push_str(if relation.known { "\n" } else { " …\n" });
    out
}

fn column_shown(column: &RelationColumn) -> String {
    let name = |column: &ColumnRef| format!("{}.{}", column.table.as_ref().map_or("?", |t| t), column.column);
    let over = column.through.as_ref().map_or_else(String::new, |over| format!(" over {}", name(over)));
    format!("{}{over}", name(&column.column))
}

fn listing(schema: &Schema) -> String {
    let mut out = String::new();
    for table in &schema.tables {
        out.push_str(&table_listing(table));
    }
    if schema.open {
        out.push_str("… perhaps more\n");
    }
    out
}

fn table_listing(table: &Table) -> String {
    let definition = &table.definition;
    let mut out = format!("{}: {}\n", table.name, shown(&definition.document));
    for (index, note) in definition.indexes.iter().map(|i| (i, "")).chain(definition.implied.iter().map(|i| (i, " implied"))) {
        let kind = match index.kind {
            IndexKind::Db => "index",
            IndexKind::Search => "search",
            IndexKind::Vector => "vector",
        };
        let fields =
            index.fields.as_ref().map_or_else(|| "?".to_owned(), |f| f.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
        let staged = if index.staged { " staged" } else { "" };
        let unique = if index.unique { " unique" } else { "" };
        let dimensions = index.dimensions.map_or_else(String::new, |d| format!(" of {d}"));
        out.push_str(&format!("  {kind} {} ({fields}){dimensions}{unique}{staged}{note}\n", index.name));
    }
    if definition.open {
        out.push_str("  … perhaps more indexes\n");
    }
    out
}

fn shown(ty: &Ty) -> String {
    match ty {
        Ty::Unknown => "?".to_owned(),
        Ty::Any => "any".to_owned(),
        Ty::Null => "null".to_owned(),
        Ty::String => "string".to_owned(),
        Ty::Number => "number".to_owned(),
        Ty::Boolean => "boolean".to_owned(),
        Ty::Int64 => "int64".to_owned(),
        Ty::Bytes => "bytes".to_owned(),
        Ty::Id(table) => format!("Id<{table}>"),
        Ty::Literal(Literal::Str(text), _) => format!("{:?}", &**text),
        Ty::Literal(Literal::Num(number), _) => number.to_string(),
        Ty::Literal(Literal::Bool(value), _) => value.to_string(),
        Ty::Array(element) => format!("({})[]", shown(element)),
        Ty::Record(pair) => format!("Record<{}, {}>", shown(&pair.0), shown(&pair.1)),
        Ty::Union(members) => members.iter().map(shown).collect::<Vec<_>>().join(" | "),
        Ty::Object(object) => object_shown(object),
        other => format!("{other:?}"),
    }
}

fn object_shown(object: &Object) -> String {
    let field = |f: &orm_lint::model::ty::Field| format!("{}{}: {}", f.name, if f.optional { "?" } else { "" }, shown(&f.ty));
    let mut parts: Vec<String> = object.fields.iter().map(field).collect();
    if object.open {
        parts.push("…".to_owned());
    }
    format!("{{ {} }}", parts.join(", "))
}

use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::Fix;
use crate::model::Table;
use crate::model::hir::Name;
use crate::model::readers::IndexReader;
use crate::model::ty::{Index, IndexKind, TableFlavor};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::writing::indexes::{removal, renamed};

declare_rule! {
    /// Finds an index that does what another index of the table does already.
    ///
    /// ## Why is this bad?
    /// Convex refuses to deploy a schema in which two indexes of a table have the same fields, or two search or vector indexes the same field.
    /// `_creationTime` stands at the end of every index, so writing it there makes no difference, and `by_creation_time` and `by_id` exist on every table.
    ///
    /// ## Example
    /// `convex/schema.ts`:
    /// ```ts
    /// import { defineSchema, defineTable } from "convex/server";
    /// import { v } from "convex/values";
    ///
    /// export default defineSchema({
    ///   posts: defineTable({ author: v.string(), title: v.string() })
    ///     .index("by_author", ["author"])
    ///     .index("author_posts", ["author"]) // error: "`author_posts` has the same fields as `by_author`"
    ///     .searchIndex("search_title", { searchField: "title" }),
    /// });
    /// ```
    ///
    /// ## Fix safety
    /// Readers come to read the index that stays, row for row the same.
    /// Unsafe where nothing in the project reads the index, or where a comment goes with it.
    /// None where its name also stands in a string of unknown use, or where a name is chosen when the code runs.
    pub struct DuplicateIndex {
    } = { id: "duplicate-index", category: Category::Schema, level: Level::Error, since: "0.1.0", fix: FixKind::Safe }
}

impl Rule for DuplicateIndex {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn table(&self, table: &Table, cx: &mut Cx<'_>) -> Option<()> {
        let is_own = matches!(table.definition.flavor, TableFlavor::Plain | TableFlavor::Ent);
        for index in table.definition.indexes.iter().filter(|_| is_own) {
            match index.kind {
                IndexKind::Db => database_index(table, index, cx),
                IndexKind::Search | IndexKind::Vector => field_index(table, index, cx),
            };
        }
        Some(())
    }
}

fn database_index(table: &Table, index: &Index, cx: &mut Cx<'_>) -> Option<()> {
    let name = &index.name;
    let fields = index.own_fields()?;
    if let Some(own) = convex_own(index) {
        let message = format!("index `{name}` has the same fields as `{own}`, which every table has");
        let help = format!("read `{own}` instead and drop `{name}`");
        let fix = fix(table, index, &Name::from(own), None, cx);
        cx.report(Diagnostic::new(index.name_span, message).help(help).fix(fix));
        return Some(());
    }
    let kept = table.original_of(index)?;
    let message = format!("index `{name}` has the same fields as `{}`", kept.name);
    let help = format!("read `{}` instead and drop `{name}`: Convex refuses two indexes on the same fields", kept.name);
    let fix = fix(table, index, &kept.name, fields.first(), cx).map(|fix| fix.relying_on([kept.span]));
    cx.report(Diagnostic::new(index.name_span, message).label(kept.name_span, "the same fields".to_owned()).help(help).fix(fix));
    Some(())
}

/// A search or vector index: there may be one for a field, whatever it filters by.
fn field_index(table: &Table, index: &Index, cx: &mut Cx<'_>) -> Option<()> {
    let (field, filters) = index.fields.as_deref()?.split_first()?;
    let covers = |other: &Index, filters: &[Name]| {
        other.fields.iter().flatten().skip(1).collect::<Vec<_>>().len() >= filters.len()
            && filters.iter().all(|f| other.fields.iter().flatten().skip(1).any(|o| o == f))
    };
    let same: Vec<&Index> =
        table.definition.indexes.iter().filter(|i| i.kind == index.kind && i.fields.iter().flatten().next() == Some(field)).collect();
    // The one to keep filters by most; the first of several.
    let kept = same.iter().copied().max_by_key(|i| (!i.staged, i.fields.as_deref().map_or(0, <[Name]>::len), std::cmp::Reverse(i.span)))?;
    if kept.span == index.span {
        return None;
    }
    let (name, kind, key) = match index.kind {
        IndexKind::Vector => (&index.name, "vector", "vectorField"),
        _ => (&index.name, "search", "searchField"),
    };
    let message = format!("{kind} index `{name}` has the same `{key}` as `{}`", kept.name);
    let is_covered = covers(kept, filters);
    let help = if is_covered {
        format!("read `{}` instead and drop `{name}`: Convex refuses two {kind} indexes on one field", kept.name)
    } else {
        format!("add its filter fields to `{}`, and drop `{name}`: Convex refuses two {kind} indexes on one field", kept.name)
    };
    let fix = fix(table, index, &kept.name, None, cx).filter(|_| is_covered).map(|fix| fix.relying_on([kept.span]));
    cx.report(Diagnostic::new(index.name_span, message).label(kept.name_span, "the same field".to_owned()).help(help).fix(fix));
    Some(())
}

/// The index of Convex's own that this one copies.
fn convex_own(index: &Index) -> Option<&'static str> {
    match index.fields.as_deref()? {
        [field] if &**field == "_creationTime" => Some("by_creation_time"),
        [field, ..] if &**field == "_id" => Some("by_id"),
        _ => None,
    }
}

fn fix(table: &Table, index: &Index, kept: &Name, field: Option<&Name>, cx: &Cx<'_>) -> Option<Fix> {
    let readers = &cx.project.readers;
    let reading: Vec<&IndexReader> = readers.of(&table.name, &index.name).collect();
    let is_lost = reading.iter().any(|r| r.table.is_none() || r.field_after.is_some() && field.is_none());
    let is_known = readers.are_all_known(&table.name, &index.name) && !readers.is_read_by_package(&table.name, &index.name);
    if is_lost || !is_known || table.shares(index, cx.workspace) {
        return None;
    }
    let removal = removal(cx.source(index.span), index);
    let mut edits = removal.edits;
    for reader in &reading {
        edits.extend(renamed(cx.workspace, reader, kept, field.map_or("", |f| f)));
    }
    edits.sort();
    edits.dedup();
    let is_proved = !reading.is_empty() && !removal.touches_comments;
    let name = &index.name;
    let title = if reading.is_empty() { format!("Drop `{name}`") } else { format!("Read `{kept}` instead, and drop `{name}`") };
    Some(if is_proved { Fix::safe(title, edits) } else { Fix::r#unsafe(title, edits) })
}


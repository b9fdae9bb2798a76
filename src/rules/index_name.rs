use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::Table;
use crate::model::hir::Name;
use crate::model::ty::{Index, TableFlavor};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::writing::indexes::renamed;

declare_rule! {
    /// Finds indexes whose names do not hold their fields, in order.
    ///
    /// ## Why is this bad?
    /// A range must name the fields of an index in their order, and the name is all that is seen where it is read.
    /// A name that holds them needs no look at the schema, and tells when an index does not do what is asked of it.
    ///
    /// ## Example
    /// ```ts
    /// const schema = defineSchema({
    ///   posts: defineTable({ authorId: v.id("users"), status: v.string() })
    ///     .index("author", ["authorId"]) // error
    ///     .index("by_authorId_and_status", ["authorId", "status"]),
    /// });
    /// export default schema;
    /// ```
    ///
    /// ## Options
    /// `style` says how fields are put together.
    ///
    /// ## Fix safety
    /// Unsafe: for Convex another name is another index, which is built anew while the old one is dropped.
    pub struct IndexName {
        /// How names are made: `by_a_and_b`, `by_a_b`, or `a_b`.
        pub style: NameStyle = NameStyle::ByAAndB,
    } = { id: "index-name", category: Category::Schema, level: Level::Off, since: "0.1.0", strict: Level::Error, fix: FixKind::Unsafe }
}

/// How the fields of an index make its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
pub enum NameStyle {
    #[serde(rename = "by_a_and_b")]
    ByAAndB,
    #[serde(rename = "by_a_b")]
    ByAB,
    #[serde(rename = "a_b")]
    AB,
}

impl Rule for IndexName {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn table(&self, table: &Table, cx: &mut Cx<'_>) -> Option<()> {
        let is_own = matches!(table.definition.flavor, TableFlavor::Plain | TableFlavor::Ent);
        for index in table.db_indexes().filter(|_| is_own) {
            let Some(wanted) = index.own_fields().filter(|f| !f.is_empty()).and_then(|fields| self.name(fields)) else { continue };
            if *wanted == *index.name {
                continue;
            }
            let fix = fix(table, index, &wanted, cx);
            cx.report(
                Diagnostic::new(index.name_span, format!("the name `{}` does not hold the fields of the index in order", index.name))
                    .help(format!("call it `{wanted}`"))
                    .fix(fix),
            );
        }
        Some(())
    }
}

impl IndexName {
    /// `None` where the name would be too long.
    fn name(&self, fields: &[Name]) -> Option<String> {
        let words: Vec<String> = fields.iter().map(|f| f.trim_start_matches('_').replace('.', "_")).collect();
        let name = match self.style {
            NameStyle::ByAAndB => format!("by_{}", words.join("_and_")),
            NameStyle::ByAB => format!("by_{}", words.join("_")),
            NameStyle::AB => words.join("_"),
        };
        (name.len() <= 64 && !matches!(&*name, "by_id" | "by_creationTime")).then_some(name)
    }
}

/// Renames the index and all that read it, where all of them are known.
fn fix(table: &Table, index: &Index, wanted: &str, cx: &Cx<'_>) -> Option<Fix> {
    let readers = &cx.project.readers;
    let all: Vec<_> = readers.of(&table.name, &index.name).collect();
    let is_known = all.iter().all(|r| r.table.is_some()) && readers.dynamic(&table.name, &index.name).next().is_none();
    let is_free = table.index(wanted).is_none() && readers.mentions(&index.name).is_empty() && !table.shares(index, cx.workspace);
    let quote = cx.text(index.name_span).chars().next().filter(|c| matches!(c, '"' | '\''))?;
    if !is_known || !is_free || readers.is_read_by_package(&table.name, &index.name) || cx.project.is_component {
        return None;
    }
    let mut edits = vec![Edit::replace(index.name_span, format!("{quote}{wanted}{quote}"))];
    for reader in all {
        edits.extend(renamed(cx.workspace, reader, wanted, index.own_fields()?.first()?));
    }
    edits.sort();
    edits.dedup();
    Some(Fix::r#unsafe(format!("Call it `{wanted}`, here and where it is read"), edits))
}

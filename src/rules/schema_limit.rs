use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::Table;
use crate::model::ty::{Index, IndexKind, TableFlavor, Ty};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds tables, indexes and fields beyond what Convex allows.
    ///
    /// ## Why is this bad?
    /// The schema is refused when it is pushed: too many indexes on a table, too many fields in an index, a name that is none.
    /// Here it is known before that.
    ///
    /// ## Example
    /// ```ts
    /// const schema = defineSchema({
    ///   logs: defineTable({ text: v.string() }).index("by-text", ["text"]), // error
    /// });
    /// export default schema;
    /// ```
    pub struct SchemaLimit {} = { id: "schema-limit", category: Category::Schema, level: Level::Error, since: "0.1.0" }
}

const INDEXES: usize = 32;
const VECTOR_INDEXES: usize = 4;
/// With the creation time that Convex adds to each index.
const INDEX_FIELDS: usize = 16;
const FILTER_FIELDS: usize = 16;
const FIELDS: usize = 1024;
const NAME: usize = 64;

impl Rule for SchemaLimit {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn table(&self, table: &Table, cx: &mut Cx<'_>) -> Option<()> {
        let definition = &table.definition;
        if definition.flavor == TableFlavor::Package {
            return None;
        }
        let kinds = [(IndexKind::Db, INDEXES, "indexes"), (IndexKind::Vector, VECTOR_INDEXES, "vector indexes")];
        for (kind, most, word) in kinds {
            let implied = definition.implied.iter().filter(|i| i.kind == kind).count();
            let written: Vec<&Index> = definition.indexes.iter().filter(|i| i.kind == kind).collect();
            if implied + written.len() > most
                && let Some(first) = written.get(most.saturating_sub(implied))
            {
                let count = implied + written.len();
                let message = format!("table `{}` has {count} {word}, and may have {most}", table.name);
                cx.report(Diagnostic::new(first.name_span, message).help("drop those that nothing reads, or move fields into a table of their own"));
            }
        }
        definition.indexes.iter().filter_map(index_problem).for_each(|found| cx.report(found));
        if let Ty::Object(object) = &definition.document {
            if object.fields.len() > FIELDS {
                let message = format!("documents of `{}` have {} fields, and may have {FIELDS}", table.name, object.fields.len());
                cx.report(Diagnostic::new(cx.workspace.key_of(table), message).help("keep what belongs together in objects, or in tables of their own"));
            }
            for field in object.fields.iter().filter(|f| f.name.starts_with(['_', '$'])) {
                let Some(span) = field.span else { continue };
                let message = format!("the field `{}` begins with `{}`, which is Convex's own", field.name, &field.name[..1]);
                cx.report(Diagnostic::new(span, message).help("give it a name that begins with a letter"));
            }
        }
        Some(())
    }
}

fn index_problem(index: &Index) -> Option<Diagnostic> {
    let name = &*index.name;
    let found = |message: String, help: &str| Some(Diagnostic::new(index.name_span, message).help(help));
    if name.len() > NAME {
        return found(format!("the name of the index has {} characters, and may have {NAME}", name.len()), "give it a shorter name");
    }
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_name {
        return found(format!("`{name}` is no name for an index"), "begin with a letter, and go on with letters, digits and `_`");
    }
    let fields = index.fields.as_deref()?;
    match index.kind {
        IndexKind::Db => {
            let count = index.own_fields()?.len() + 1;
            (count > INDEX_FIELDS).then(|| found(format!("the index has {count} fields with its creation time, and may have {INDEX_FIELDS}"), "leave out the last of them"))?
        }
        IndexKind::Search | IndexKind::Vector => {
            let count = fields.len().saturating_sub(1);
            (count > FILTER_FIELDS).then(|| found(format!("the index has {count} filter fields, and may have {FILTER_FIELDS}"), "leave out those that no search filters by"))?
        }
    }
}

use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::Table;
use crate::model::ty::Ty;
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds documents whose fields are nested deeper than Convex stores.
    ///
    /// ## Why is this bad?
    /// A document may be nested 16 levels deep; one that goes further cannot be written.
    ///
    /// ## Example
    /// ```ts
    /// const schema = defineSchema({
    ///   trees: defineTable({
    ///     a: v.array(v.array(v.array(v.array(v.array(v.array(v.array(v.array(v.array(v.array(v.array(v.array(v.array(v.array(v.array(v.array(v.string())))))))))))))))), // error
    ///   }),
    /// });
    /// export default schema;
    /// ```
    pub struct DeepObject {} = { id: "deep-object", category: Category::Schema, level: Level::Off, since: "0.1.0" }
}

/// The document itself is the first level.
const LEVELS: u32 = 16;

impl Rule for DeepObject {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn table(&self, table: &Table, cx: &mut Cx<'_>) -> Option<()> {
        let Ty::Object(document) = &table.definition.document else { return None };
        for field in &document.fields {
            let levels = 1 + depth(&field.ty);
            if let Some(span) = field.span.filter(|_| levels > LEVELS) {
                let message = format!("`{}` is nested {levels} levels deep with its document, and may be {LEVELS}", field.name);
                cx.report(Diagnostic::new(span, message).help("flatten it, or keep its parts in a table of their own"));
            }
        }
        Some(())
    }
}

fn depth(ty: &Ty) -> u32 {
    match ty {
        Ty::Array(inner) => 1 + depth(inner),
        Ty::Object(object) => 1 + object.fields.iter().map(|f| depth(&f.ty)).max().unwrap_or_default(),
        Ty::Record(pair) => 1 + depth(&pair.1),
        Ty::Union(members) | Ty::Tuple(members) => members.iter().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

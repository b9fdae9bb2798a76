use crate::declare_rule;
use crate::diagnostic::Level;
use crate::rule::{Category, FixKind, Rule, RuleMeta};

declare_rule! {
    /// Finds `.filter()` on a database query.
    ///
    /// ## Why is this bad?
    /// `.filter()` drops rows after Convex has read them, so the scan grows with the table.
    ///
    /// ## Example
    /// ```ts
    /// ctx.db.query("users").filter((q) => q.eq(q.field("email"), email)); // error
    /// ctx.db.query("users").withIndex("by_email", (q) => q.eq("email", email));
    /// ```
    ///
    /// ## Fix safety
    /// Unsafe where row order can be seen: rows come back in index order.
    pub struct FilterScan {
        /// Tables small enough to scan.
        pub allow_tables: Vec<String> = Vec::new(),
    } = { id: "filter-scan", category: Category::Queries, level: Level::Error, since: "0.1.0", alias: "no-filter-in-query", fix: FixKind::Safe }
}

impl Rule for FilterScan {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }
}

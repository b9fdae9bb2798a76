//! Ignore comments that do not say why. `suppress` makes these findings where it reads the comments.

use crate::declare_rule;
use crate::diagnostic::Level;
use crate::rule::{Category, FixKind, Rule, RuleMeta};

declare_rule! {
    /// Finds `orm-lint-ignore` comments that give no reason.
    ///
    /// ## Why is this bad?
    /// Who reads the code next year cannot tell whether the finding was wrong, was accepted, or was in the way on a Friday.
    /// The comment still suppresses.
    ///
    /// ## Example
    /// ```ts
    /// // orm-lint-ignore filter-scan // error
    /// ctx.db.query("users").filter((q) => q.eq(q.field("name"), name));
    /// // orm-lint-ignore filter-scan: at most twenty users, all of them staff
    /// ctx.db.query("users").filter((q) => q.eq(q.field("name"), name));
    /// ```
    pub struct IgnoreWithoutReason {} = {
        id: "ignore-without-reason", category: Category::Meta, level: Level::Warn, since: "0.1.0", strict: Level::Error, fix: FixKind::Safe,
    }
}

impl Rule for IgnoreWithoutReason {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }
}

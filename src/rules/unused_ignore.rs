//! Ignore comments that suppress nothing. `suppress` makes these findings, for it alone knows what was suppressed.

use crate::declare_rule;
use crate::diagnostic::Level;
use crate::rule::{Category, FixKind, Rule, RuleMeta};

declare_rule! {
    /// Finds `orm-lint-ignore` comments that suppress nothing.
    ///
    /// ## Why is this bad?
    /// A comment that outlives its problem tells readers of a danger that is gone, and hides the next one that comes to the same line.
    /// Only rules that ran on the file are spoken of, and `eslint-disable` comments are left alone.
    ///
    /// ## Example
    /// ```ts
    /// // orm-lint-ignore filter-scan: the table is small // error
    /// const user = await ctx.db.get(userId);
    /// ```
    pub struct UnusedIgnore {} = {
        id: "unused-ignore", category: Category::Meta, level: Level::Warn, since: "0.1.0", strict: Level::Error, fix: FixKind::Safe,
    }
}

impl Rule for UnusedIgnore {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }
}

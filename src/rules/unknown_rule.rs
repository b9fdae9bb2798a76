//! Ignore comments that name a rule there is not. `suppress` makes these findings where it reads the comments.

use crate::declare_rule;
use crate::diagnostic::Level;
use crate::rule::{Category, FixKind, Rule, RuleMeta};

declare_rule! {
    /// Finds `orm-lint-ignore` comments that name a rule there is not, or none.
    ///
    /// ## Why is this bad?
    /// Such a comment suppresses nothing, whatever its author believed.
    ///
    /// ## Example
    /// ```ts
    /// // orm-lint-ignore filter-scna: the table is small // error
    /// const user = await ctx.db.get(userId);
    /// ```
    ///
    /// ## Fix safety
    /// Unsafe where the name is guessed from the one nearest to it, safe where a rule is known by that name elsewhere.
    pub struct UnknownRule {} = { id: "unknown-rule", category: Category::Meta, level: Level::Error, since: "0.1.0", fix: FixKind::Safe }
}

impl Rule for UnknownRule {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }
}

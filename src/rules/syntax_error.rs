//! A file that cannot be read. `lint` itself makes these findings from what the parser said.

use crate::declare_rule;
use crate::diagnostic::Level;
use crate::rule::{Category, Rule, RuleMeta};

declare_rule! {
    /// Finds files that cannot be parsed.
    ///
    /// ## Why is this bad?
    /// Convex cannot bundle such a file, and no other rule can look into it.
    /// The other files are linted all the same.
    ///
    /// ## Example
    /// ```ts
    /// const name = ; // error
    /// ```
    ///
    /// ## When not to use it
    /// Files that are broken on purpose (fixtures, templates) belong into `ignore`, or into an override that turns the rule off.
    /// A comment cannot suppress it: where a file does not parse, comments are not reliably found.
    pub struct SyntaxError {} = { id: "syntax-error", category: Category::Meta, level: Level::Error, since: "0.1.0" }
}

impl Rule for SyntaxError {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }
}

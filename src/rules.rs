//! The catalogue: every rule, one line each.

use crate::rule::RuleEntry;

crate::rules! {
    filter_scan: FilterScan,
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static RuleEntry> {
    ALL.iter().find(|entry| entry.meta.id == id)
}

/// The rule that the official ESLint plugin knows by this name, with or without `@convex-dev/` before it.
pub fn find_alias(name: &str) -> Option<&'static RuleEntry> {
    let name = name.strip_prefix("@convex-dev/").unwrap_or(name);
    ALL.iter().find(|entry| entry.meta.alias == Some(name))
}

//! The name that a misspelt one was meant to be.

use crate::model::hir::Name;

/// The name among these that is nearest to what was written, if one is near enough to be meant: a slip or two, or the other number.
pub fn nearest_name<'n>(written: &str, names: impl IntoIterator<Item = &'n Name>) -> Option<&'n Name> {
    let stem = |name: &str| singular(&name.to_lowercase());
    let wanted = stem(written);
    let distance = |name: &Name| strsim::damerau_levenshtein(&stem(name), &wanted);
    let (distance, name) = names.into_iter().map(|name| (distance(name), name)).min_by_key(|(distance, _)| *distance)?;
    (distance <= (wanted.len() / 5).clamp(1, 3)).then_some(name)
}

fn singular(name: &str) -> String {
    match name.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => name.strip_suffix('s').unwrap_or(name).to_owned(),
    }
}

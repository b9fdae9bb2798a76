//! What names stand for: rules, categories, presets, `all`; and the name that was meant where there is none such.

use anyhow::bail;

use crate::diagnostic::Level;
use crate::preset::Preset;
use crate::rule::Category;
use crate::rules;

/// The place in the catalogue of the rule with this id, or with this name in the official ESLint plugin.
pub fn rule(name: &str) -> Option<usize> {
    let entry = rules::find(name).or_else(|| rules::find_alias(name))?;
    rules::ALL.iter().position(|other| other.meta.id == entry.meta.id)
}

/// The rules that an argument of `-A`, `-W` or `-D` stands for, by their places in the catalogue.
pub fn select(name: &str) -> anyhow::Result<Vec<usize>> {
    let all = || 0..rules::ALL.len();
    if name == "all" {
        return Ok(all().collect());
    }
    if let Some(rule) = rule(name) {
        return Ok(vec![rule]);
    }
    if let Some(category) = Category::ALL.into_iter().find(|category| category.name() == name) {
        return Ok(all().filter(|&rule| rules::ALL[rule].meta.category == category).collect());
    }
    if let Some(preset) = Preset::find(name) {
        return Ok(all().filter(|&rule| preset.level(rules::ALL[rule].meta) != Level::Off).collect());
    }
    let groups = Category::ALL.into_iter().map(Category::name).chain(Preset::ALL.into_iter().map(Preset::name));
    let Some(near) = nearest(name, rules::ALL.iter().map(|entry| entry.meta.id).chain(groups)) else {
        bail!("no rule, category or preset is called `{name}`; --rules lists the rules");
    };
    bail!("no rule, category or preset is called `{name}`; did you mean `{near}`?")
}

pub fn preset(name: &str) -> anyhow::Result<Preset> {
    Preset::find(name).ok_or_else(|| anyhow::Error::msg(unknown_preset(name)))
}

pub fn unknown_preset(name: &str) -> String {
    let names = Preset::ALL.map(Preset::name);
    match nearest(name, names) {
        Some(near) => format!("unknown preset \"{name}\"; did you mean \"{near}\"?"),
        None => format!("unknown preset \"{name}\"; there are {}", names.join(", ")),
    }
}

pub fn unknown_rule(name: &str) -> String {
    match nearest(name, rules::ALL.iter().map(|entry| entry.meta.id)) {
        Some(near) => format!("unknown rule \"{name}\"; did you mean \"{near}\"?"),
        None => format!("unknown rule \"{name}\"; `orm-lint --rules` lists them"),
    }
}

/// The name nearest to what was written, if one is near enough to be meant.
pub fn nearest<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let written = written.to_ascii_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&name.to_ascii_lowercase(), &written);
    let (distance, name) = names.into_iter().map(|name| (distance(name), name)).min()?;
    (distance <= written.chars().count().div_ceil(3).min(5)).then_some(name)
}

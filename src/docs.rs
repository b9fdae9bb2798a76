//! Renders what rules say of themselves: pages, tables, `--explain`.
//!
//! Pure text. The doc comment of a rule is the one source; `tests/generated.rs` keeps the files under `docs` in step with it.

pub mod coverage;
pub mod schema;

use std::fmt::Write as _;

use serde_json::Value;

use crate::diagnostic::Level;
use crate::preset::Preset;
use crate::rule::{Category, FixKind, RuleEntry, RuleMeta};
use crate::rules;

/// The headings that a rule's documentation may have, in the order they must have.
pub const HEADINGS: [&str; 5] = ["Why is this bad?", "Example", "When not to use it", "Options", "Fix safety"];

/// A rule's documentation as Markdown, as its author wrote it.
pub fn text(rule: &RuleMeta) -> String {
    let lines = rule.docs.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end());
    lines.fold(String::new(), |text, line| text + line + "\n")
}

/// One `## ` part of a rule's documentation.
pub struct Section {
    pub heading: String,
    pub body: String,
}

/// What stands before the first heading, and the sections after it.
pub fn sections(rule: &RuleMeta) -> (String, Vec<Section>) {
    let mut intro = String::new();
    let mut sections: Vec<Section> = Vec::new();
    let mut is_code = false;
    for line in text(rule).lines() {
        is_code ^= line.starts_with("```");
        match (line.strip_prefix("## ").filter(|_| !is_code), sections.last_mut()) {
            (Some(heading), _) => sections.push(Section { heading: heading.trim().to_owned(), body: String::new() }),
            (None, Some(section)) => section.body += &format!("{line}\n"),
            (None, None) => intro += &format!("{line}\n"),
        }
    }
    let trim = |text: &str| text.trim_matches('\n').to_owned();
    let sections = sections.into_iter().map(|s| Section { body: trim(&s.body), ..s }).collect();
    (trim(&intro), sections)
}

/// One option of a rule, read back from the schema of its options.
pub struct OptionDocs {
    pub name: String,
    pub kind: String,
    pub default: String,
    pub summary: String,
}

/// The options of a rule, in the order of declaration.
pub fn options(entry: &RuleEntry) -> Vec<OptionDocs> {
    let schema = (entry.schema)();
    let properties = schema.get("properties").and_then(Value::as_object);
    let option = |(name, schema): (&String, &Value)| OptionDocs {
        name: name.clone(),
        kind: kind_of(schema),
        default: schema.get("default").map_or_else(|| "none".to_owned(), Value::to_string),
        summary: one_line(schema.get("description").and_then(Value::as_str).unwrap_or_default()),
    };
    properties.into_iter().flatten().map(option).collect()
}

/// What codemods leave to a person, as a table.
pub fn codes_table() -> String {
    let rows = crate::codemods::codes::CODES.iter().map(|(code, what)| format!("| `{code}` | {what} |\n"));
    "| code | what it says |\n| --- | --- |\n".to_owned() + &rows.collect::<String>()
}

/// The page of a rule: what `--explain` shows and `docs/rules/<id>.md` holds.
pub fn rule_page(entry: &RuleEntry) -> String {
    let rule = entry.meta;
    let (intro, sections) = sections(rule);
    let mut page = format!("# {}\n\n{intro}\n\n{}", rule.id, facts(rule));
    let options = options(entry);
    let mut has_options = options.is_empty();
    for section in &sections {
        // Options stand before the safety of fixes even where the author wrote nothing on them.
        if section.heading == "Fix safety" && !has_options {
            let _ = write!(page, "\n## Options\n\n{}", options_table(&options));
            has_options = true;
        }
        let _ = write!(page, "\n## {}\n\n{}\n", section.heading, section.body);
        if section.heading == "Options" && !has_options {
            let _ = write!(page, "\n{}", options_table(&options));
            has_options = true;
        }
    }
    if !has_options {
        let _ = write!(page, "\n## Options\n\n{}", options_table(&options));
    }
    let _ = write!(page, "\n## How to configure\n\n{}", configure(entry));
    if rule.category != Category::Meta {
        let _ = write!(page, "\n## How to ignore\n\n{}", ignore(rule));
    }
    page
}

/// Every rule in tables, one for each category: `docs/rules/README.md`.
pub fn rules_index() -> String {
    let mut page = "# Rules\n\n🔧 fixes some of what it finds with `--fix`, 💡 with `--unsafe-fixes`.\n".to_owned();
    for category in Category::ALL {
        let table = table_of(category, "");
        if !table.is_empty() {
            let _ = write!(page, "\n## {}\n\n{}\n\n{table}", capitalised(category.name()), category.summary());
        }
    }
    page
}

/// The table of rules for the README of the project.
pub fn readme_table() -> String {
    let parts = Category::ALL.into_iter().filter(|category| *category != Category::Meta);
    let part = |category: Category| format!("**{}**\n\n{}", capitalised(category.name()), table_of(category, "docs/rules/"));
    parts.filter(|category| rules_of(*category).next().is_some()).map(part).collect::<Vec<_>>().join("\n")
}

/// The presets, for `docs/configuration.md`.
pub fn presets_table() -> String {
    let mut table = "| preset | |\n|---|---|\n".to_owned();
    for preset in Preset::ALL {
        let _ = writeln!(table, "| `{}` | {} |", preset.name(), preset.summary());
    }
    table
}

/// The keys of a configuration file, for `docs/configuration.md`.
pub fn configuration_table() -> String {
    let mut table = "| key | value | |\n|---|---|---|\n".to_owned();
    for (key, schema) in schema::config_properties() {
        let summary = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let _ = writeln!(table, "| `{key}` | {} | {} |", cell(&kind_of(&schema)), cell(summary));
    }
    table
}

/// Where a rule's page is published.
pub fn url(rule: &RuleMeta) -> String {
    format!("{}{}.md", crate::rule::DOCS_URL, rule.id)
}

fn rules_of(category: Category) -> impl Iterator<Item = &'static RuleMeta> {
    rules::ALL.iter().map(|entry| entry.meta).filter(move |rule| rule.category == category)
}

fn table_of(category: Category, folder: &str) -> String {
    let mut rows = String::new();
    for rule in rules_of(category) {
        let (id, level, mark) = (rule.id, rule.level.name(), fix_mark(rule.fix));
        let _ = writeln!(rows, "| [`{id}`]({folder}{id}.md) | {level} | {mark} | {} |", cell(rule.summary()));
    }
    if rows.is_empty() { rows } else { format!("| rule | level | fix | |\n|---|---|---|---|\n{rows}") }
}

fn facts(rule: &RuleMeta) -> String {
    let alias = rule.alias.map_or_else(|| "–".to_owned(), |alias| format!("`@convex-dev/{alias}`"));
    let fix = match rule.fix {
        FixKind::None => "no",
        FixKind::Unsafe => "`--unsafe-fixes`",
        FixKind::Safe => "`--fix`",
    };
    format!(
        "| category | recommended | strict | fix | ESLint | since |\n|---|---|---|---|---|---|\n| {} | {} | {} | {fix} | {alias} | {} |\n",
        rule.category.name(),
        rule.level.name(),
        rule.strict.name(),
        rule.since
    )
}

fn options_table(options: &[OptionDocs]) -> String {
    let mut table = "| option | type | default | |\n|---|---|---|---|\n".to_owned();
    for option in options {
        let OptionDocs { name, kind, default, summary } = option;
        let _ = writeln!(table, "| `{name}` | {} | `{}` | {} |", cell(kind), cell(default), cell(summary));
    }
    table
}

fn configure(entry: &RuleEntry) -> String {
    let id = entry.meta.id;
    let level = if entry.meta.level == Level::Off { Level::Warn } else { entry.meta.level }.name();
    let options: Vec<String> = options(entry).iter().map(|o| format!("\"{}\": {}", o.name, spaced(&o.default))).collect();
    let value = if options.is_empty() { format!("\"{level}\"") } else { format!("[\"{level}\", {{ {} }}]", options.join(", ")) };
    format!("In `orm-lint.json`:\n\n```json\n{{ \"rules\": {{ \"{id}\": {value} }} }}\n```\n\n`\"off\"` turns it off.\n")
}

fn ignore(rule: &RuleMeta) -> String {
    let id = rule.id;
    let mut text = format!("On the line, or alone on the line above:\n\n```ts\n// orm-lint-ignore {id}: the reason\n```\n");
    if let Some(alias) = rule.alias {
        let _ = write!(text, "\nComments for ESLint that name `@convex-dev/{alias}` count as well.\n");
    }
    text
}

fn fix_mark(fix: FixKind) -> &'static str {
    match fix {
        FixKind::None => "",
        FixKind::Unsafe => "💡",
        FixKind::Safe => "🔧",
    }
}

/// The type that a JSON schema describes, in words.
fn kind_of(schema: &Value) -> String {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" or ");
    }
    if let Some(value) = schema.get("const") {
        return format!("`{value}`");
    }
    let choices = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(key)?.as_array());
    if let Some(choices) = choices {
        return choices.iter().map(kind_of).filter(|kind| kind != "null").collect::<Vec<_>>().join(" or ");
    }
    let name = match schema.get("type") {
        Some(Value::Array(names)) => names.iter().find_map(|name| name.as_str().filter(|name| *name != "null")).unwrap_or_default(),
        Some(Value::String(name)) => name,
        _ => return "anything".to_owned(),
    };
    match (name, schema.get("items")) {
        ("array", Some(items)) => format!("list of {}", kind_of(items)),
        _ => name.to_owned(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text that may stand in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// JSON on one line, with a space after commas.
fn spaced(json: &str) -> String {
    json.replace("\",\"", "\", \"")
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

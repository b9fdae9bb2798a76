//! What is said about rules and configuration without linting: `--rules`, `--explain`, `--print-config`, `--init`.

use std::fmt::Write as _;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use super::config::{self, Resolved, select};
use super::paths::Places;
use crate::diagnostic::Level;
use crate::docs;
use crate::preset::Preset;
use crate::rule::{Category, FixKind, RuleEntry, RuleMeta};
use crate::rules;

const SCHEMA_URL: &str = "https://raw.githubusercontent.com/orm-lint/orm-lint/main/docs/schema.json";

/// A table of all rules, by category.
pub fn rules_table(colors: bool) -> String {
    let paint = Paint { colors };
    let width = rules::ALL.iter().map(|entry| entry.meta.id.len()).max().unwrap_or_default();
    let mut out = String::new();
    for category in Category::ALL {
        let mut inside = rules::ALL.iter().filter(|entry| entry.meta.category == category).peekable();
        if inside.peek().is_none() {
            continue;
        }
        let gap = if out.is_empty() { "" } else { "\n" };
        let _ = writeln!(out, "{gap}{}  {}", paint.bold(category.name()), category.summary());
        for entry in inside {
            let rule = entry.meta;
            let (level, fix) = (format!("{:5}", rule.level.name()), format!("{:6}", fix_word(rule.fix)));
            let _ = writeln!(out, "  {:width$}  {}  {fix}  {}", rule.id, paint.level(rule.level, &level), rule.summary());
        }
    }
    out
}

/// The documentation of one rule, for a terminal.
pub fn explain(name: &str, colors: bool) -> anyhow::Result<String> {
    let Some(entry) = select::rule(name).and_then(|rule| rules::ALL.get(rule)) else { bail!(select::unknown_rule(name)) };
    let paint = Paint { colors };
    let rule = entry.meta;
    let mut out = format!("{}\n", paint.bold(rule.id));
    let _ = writeln!(out, "  category  {}", rule.category.name());
    let _ = writeln!(out, "  presets   {}", presets(rule));
    if rule.fix != FixKind::None {
        let _ = writeln!(out, "  fix       {}", fix_word(rule.fix));
    }
    if let Some(alias) = rule.alias {
        let _ = writeln!(out, "  alias     @convex-dev/{alias}");
    }
    let _ = writeln!(out, "  since     {}", rule.since);
    let _ = writeln!(out, "  page      {}", docs::url(rule));
    let (intro, sections) = docs::sections(rule);
    let _ = write!(out, "\n{}", paint.markdown(&intro));
    for section in sections {
        let _ = write!(out, "\n{}\n\n{}", paint.bold(&section.heading), paint.markdown(&section.body));
    }
    out += &options(entry, &paint);
    Ok(out)
}

fn presets(rule: &RuleMeta) -> String {
    let levels = Preset::ALL.into_iter().map(|preset| format!("{} ({})", preset.name(), preset.level(rule).name()));
    levels.collect::<Vec<_>>().join(", ")
}

fn options(entry: &RuleEntry, paint: &Paint) -> String {
    let options = docs::options(entry);
    if options.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{}\n\n", paint.bold("Its options"));
    for option in options {
        let _ = writeln!(out, "  {}: {} = {}", option.name, option.kind, option.default);
        let _ = writeln!(out, "    {}", paint.inline(&option.summary));
    }
    out
}

fn fix_word(fix: FixKind) -> &'static str {
    match fix {
        FixKind::None => "",
        FixKind::Unsafe => "unsafe",
        FixKind::Safe => "safe",
    }
}

/// What holds for a path, as JSON.
pub fn print_config(places: &Places, path: &Path, resolved: &Resolved) -> anyhow::Result<String> {
    let mut levels = Map::new();
    for (entry, choice) in rules::ALL.iter().zip(&resolved.rules) {
        let level = choice.level.name();
        let value = match &choice.options {
            Some(options) => json!([level, options]),
            None => json!(level),
        };
        levels.insert(entry.meta.id.to_owned(), value);
    }
    let files: Vec<String> = resolved.files.iter().map(|file| places.shown_path(file)).collect();
    let document = json!({
        "path": places.shown_path(path),
        "configurations": files,
        "ignored": resolved.is_ignored,
        "preset": resolved.preset.name(),
        "rules": Value::Object(levels),
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// Writes a first configuration into the folder; says what it wrote.
pub fn init(folder: &Path) -> anyhow::Result<String> {
    if let Some(name) = config::NAMES.iter().find(|name| folder.join(name).exists()) {
        bail!("{name} is there already; nothing was changed");
    }
    let text = format!(
        "{{\n  \"$schema\": \"{SCHEMA_URL}\",\n  \"preset\": \"{}\",\n  \"rules\": {{}},\n  \"ignore\": []\n}}\n",
        Preset::default().name()
    );
    let name = config::NAMES[0];
    std::fs::write(folder.join(name), text).with_context(|| format!("cannot write {name}"))?;
    Ok(format!("wrote {name}"))
}

/// Markdown and levels, with colours or without.
struct Paint {
    colors: bool,
}

impl Paint {
    fn bold(&self, text: &str) -> String {
        self.styled(Style::new().bold(), text)
    }

    fn level(&self, level: Level, text: &str) -> String {
        match level {
            Level::Error => self.styled(AnsiColor::Red.on_default(), text),
            Level::Warn => self.styled(AnsiColor::Yellow.on_default(), text),
            Level::Off => self.styled(Style::new().dimmed(), text),
        }
    }

    fn styled(&self, style: Style, text: &str) -> String {
        if self.colors { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Code blocks become indented, the rest stays as it is written.
    fn markdown(&self, text: &str) -> String {
        let mut out = String::new();
        let mut is_code = false;
        for line in text.lines() {
            if line.starts_with("```") {
                is_code = !is_code;
            } else if is_code {
                let _ = writeln!(out, "    {}", self.styled(AnsiColor::Cyan.on_default(), line));
            } else {
                let _ = writeln!(out, "{}", self.inline(line));
            }
        }
        out
    }

    /// `code` in colour; without colours its backticks stay.
    fn inline(&self, line: &str) -> String {
        if !self.colors || line.matches('`').count() % 2 == 1 {
            return line.to_owned();
        }
        let parts = line.split('`').enumerate();
        parts.map(|(i, part)| if i % 2 == 1 { self.styled(AnsiColor::Cyan.on_default(), part) } else { part.to_owned() }).collect()
    }
}

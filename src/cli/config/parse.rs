//! Reads one configuration file, and says at which line and column something in it is wrong.
//!
//! Does not look for other files; `extends` is kept as it is written.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use jsonc_parser::ast::{Array, Object, ObjectProp, Value};
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::select::{self, nearest};
use crate::diagnostic::Level;
use crate::preset::Preset;
use crate::rule::RuleEntry;
use crate::{docs, rules};

/// A configuration file as it was understood.
#[derive(Debug)]
pub struct ConfigFile {
    pub path: PathBuf,
    /// The folder that globs are relative to.
    base: PathBuf,
    pub is_root: bool,
    pub extends: Vec<Extended>,
    pub preset: Option<Preset>,
    pub rules: Vec<RuleChoice>,
    ignore: Gitignore,
    pub overrides: Vec<Override>,
}

/// One name in `extends`.
#[derive(Debug)]
pub struct Extended {
    pub name: String,
    /// `orm-lint.json:3:14`, for messages.
    pub place: String,
}

#[derive(Clone, Debug)]
pub struct RuleChoice {
    /// The rule's place in the catalogue.
    pub rule: usize,
    pub level: Level,
    pub options: Option<serde_json::Value>,
}

#[derive(Debug)]
pub struct Override {
    files: GlobSet,
    pub rules: Vec<RuleChoice>,
}

impl ConfigFile {
    /// Reads the file; its globs are relative to `base`. `shown` is its name in messages.
    pub fn read(path: &Path, base: &Path, shown: &str) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the configuration `{shown}`"))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        Reader { text, shown, base }.config(path)
    }

    pub fn ignores(&self, path: &Path) -> Match<()> {
        if self.ignore.is_empty() || !path.starts_with(&self.base) {
            return Match::None;
        }
        self.ignore.matched_path_or_any_parents(path, path.is_dir()).map(|_| ())
    }

    pub fn holds(&self, one: &Override, path: &Path) -> bool {
        path.strip_prefix(&self.base).is_ok_and(|path| one.files.is_match(path))
    }
}

const KEYS: [&str; 7] = ["$schema", "extends", "preset", "rules", "ignore", "overrides", "root"];
const OVERRIDE_KEYS: [&str; 2] = ["files", "rules"];
const LEVELS: [Level; 3] = [Level::Off, Level::Warn, Level::Error];

struct Reader<'a> {
    text: &'a str,
    shown: &'a str,
    base: &'a Path,
}

impl Reader<'_> {
    fn config(&self, path: &Path) -> anyhow::Result<ConfigFile> {
        // JSON with comments and trailing commas, not the looser things that the parser would take.
        let options = ParseOptions {
            allow_comments: true,
            allow_trailing_commas: true,
            allow_loose_object_property_names: false,
            allow_missing_commas: false,
            allow_single_quoted_strings: false,
            allow_hexadecimal_numbers: false,
            allow_unary_plus_numbers: false,
            allow_bare_decimal_point_numbers: false,
            allow_non_finite_numbers: false,
            allow_extended_string_escapes: false,
        };
        let parsed = parse_to_ast(self.text, &CollectOptions::default(), &options);
        let parsed = parsed.map_err(|error| self.error(error.range(), &lower_first(&error.kind().to_string())))?;
        let mut config = ConfigFile {
            path: path.to_path_buf(),
            base: self.base.to_path_buf(),
            is_root: false,
            extends: Vec::new(),
            preset: None,
            rules: Vec::new(),
            ignore: Gitignore::empty(),
            overrides: Vec::new(),
        };
        let Some(value) = parsed.value else { return Ok(config) };
        for property in &self.object(&value, "a configuration")?.properties {
            let value = &property.value;
            match property.name.as_str() {
                "$schema" => _ = self.string(value, "`$schema`")?,
                "extends" => config.extends = self.extends(value)?,
                "preset" => config.preset = Some(self.preset(value)?),
                "rules" => config.rules = self.rules(value)?,
                "ignore" => config.ignore = self.ignore(value)?,
                "overrides" => {
                    let list = &self.array(value, "`overrides`")?.elements;
                    config.overrides = list.iter().map(|one| self.one_override(one)).collect::<anyhow::Result<_>>()?;
                }
                "root" => match value.as_boolean_lit() {
                    Some(is_root) => config.is_root = is_root.value,
                    None => return Err(self.error(value.range(), "`root` is either true or false")),
                },
                _ => return Err(self.unknown("key", property, &KEYS)),
            }
        }
        Ok(config)
    }

    fn extends(&self, value: &Value<'_>) -> anyhow::Result<Vec<Extended>> {
        let one = |value: &Value<'_>| {
            Ok(Extended {
                name: self.string(value, "a name in `extends`")?,
                place: format!("{}:{}", self.shown, self.place(value.range())),
            })
        };
        match value {
            Value::Array(list) => list.elements.iter().map(one).collect(),
            other => Ok(vec![one(other)?]),
        }
    }

    fn preset(&self, value: &Value<'_>) -> anyhow::Result<Preset> {
        let name = self.string(value, "`preset`")?;
        Preset::find(&name).ok_or_else(|| self.error(value.range(), &select::unknown_preset(&name)))
    }

    fn rules(&self, value: &Value<'_>) -> anyhow::Result<Vec<RuleChoice>> {
        let mut choices = Vec::new();
        for property in &self.object(value, "`rules`")?.properties {
            let Some(rule) = select::rule(property.name.as_str()) else {
                return Err(self.error(name_range(property), &select::unknown_rule(property.name.as_str())));
            };
            let entry = &rules::ALL[rule];
            let (level, options) = match &property.value {
                Value::Array(list) => match &list.elements[..] {
                    [level] => (self.level(level)?, None),
                    [level, options] => (self.level(level)?, Some(self.options(entry, options)?)),
                    _ => return Err(self.error(list.range, "expected a level, or a level and the options of the rule")),
                },
                level => (self.level(level)?, None),
            };
            choices.push(RuleChoice { rule, level, options });
        }
        Ok(choices)
    }

    fn level(&self, value: &Value<'_>) -> anyhow::Result<Level> {
        let names = LEVELS.map(Level::name);
        let Some(written) = value.as_string_lit() else {
            return Err(self.error(value.range(), "expected a level: \"off\", \"warn\" or \"error\""));
        };
        LEVELS.into_iter().find(|level| level.name() == written.value).ok_or_else(|| {
            let said = match &*written.value {
                "warning" => Some("warn"),
                "deny" => Some("error"),
                "allow" => Some("off"),
                other => nearest(other, names),
            };
            let hint =
                said.map_or_else(|| "there are \"off\", \"warn\" and \"error\"".to_owned(), |name| format!("did you mean \"{name}\"?"));
            self.error(value.range(), &format!("unknown level \"{}\"; {hint}", written.value))
        })
    }

    /// The options of a rule, checked one by one so that the one at fault can be named.
    fn options(&self, entry: &RuleEntry, value: &Value<'_>) -> anyhow::Result<serde_json::Value> {
        let id = entry.meta.id;
        let known = docs::options(entry);
        let object = self.object(value, &format!("the options of `{id}`"))?;
        let mut options = serde_json::Map::new();
        for property in &object.properties {
            let name = property.name.as_str();
            let names = || known.iter().map(|option| option.name.as_str());
            let Some(option) = known.iter().find(|option| option.name == name) else {
                let hint = match nearest(name, names()) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None if known.is_empty() => "it has none".to_owned(),
                    None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
                };
                return Err(self.error(name_range(property), &format!("`{id}` has no option \"{name}\"; {hint}")));
            };
            let value = plain(&property.value);
            let alone = serde_json::Map::from_iter([(name.to_owned(), value.clone())]);
            if let Err(error) = (entry.build)(serde_json::Value::Object(alone)) {
                let said = match option.kind.as_str() {
                    "" => format!("the option \"{name}\" of `{id}`: {error}"),
                    kind => format!("the option \"{name}\" of `{id}`: expected {kind}"),
                };
                return Err(self.error(property.value.range(), &said));
            }
            options.insert(name.to_owned(), value);
        }
        let options = serde_json::Value::Object(options);
        match (entry.build)(options.clone()) {
            Ok(_) => Ok(options),
            Err(error) => Err(self.error(value.range(), &format!("the options of `{id}`: {error}"))),
        }
    }

    fn ignore(&self, value: &Value<'_>) -> anyhow::Result<Gitignore> {
        let mut builder = GitignoreBuilder::new(self.base);
        for glob in &self.array(value, "`ignore`")?.elements {
            let written = self.string(glob, "a glob")?;
            // A path with its folder is relative to this file, as in a .gitignore; `./` says so more loudly.
            let pattern = written.strip_prefix("./").map_or_else(|| written.clone(), |rest| format!("/{rest}"));
            builder.add_line(None, &pattern).map_err(|error| self.error(glob.range(), &format!("`{written}` is no glob: {error}")))?;
        }
        builder.build().map_err(|error| self.error(value.range(), &error.to_string()))
    }

    fn one_override(&self, value: &Value<'_>) -> anyhow::Result<Override> {
        let mut files = None;
        let mut rules = None;
        let object = self.object(value, "an override")?;
        for property in &object.properties {
            match property.name.as_str() {
                "files" => files = Some(self.globs(&property.value)?),
                "rules" => rules = Some(self.rules(&property.value)?),
                _ => return Err(self.unknown("key", property, &OVERRIDE_KEYS)),
            }
        }
        match (files, rules) {
            (Some(files), Some(rules)) => Ok(Override { files, rules }),
            (None, _) => Err(self.error(object.range, "an override says in `files` which files it is for")),
            (_, None) => Err(self.error(object.range, "an override says in `rules` what it changes")),
        }
    }

    fn globs(&self, value: &Value<'_>) -> anyhow::Result<GlobSet> {
        let mut builder = GlobSetBuilder::new();
        let list = match value {
            Value::Array(list) => list.elements.iter().collect(),
            one => vec![one],
        };
        for glob in list {
            let written = self.string(glob, "a glob")?;
            let pattern = written.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
            // A bare name is one at any depth; a folder stands for all that it holds.
            let anywhere = if written.trim_end_matches('/').contains('/') { pattern.to_owned() } else { format!("**/{pattern}") };
            for pattern in [anywhere.clone(), format!("{anywhere}/**")] {
                let compiled = GlobBuilder::new(&pattern).literal_separator(true).build();
                let compiled = compiled.map_err(|error| self.error(glob.range(), &format!("`{written}` is no glob: {}", error.kind())))?;
                builder.add(compiled);
            }
        }
        builder.build().map_err(|error| self.error(value.range(), &error.to_string()))
    }

    fn object<'v, 'a>(&self, value: &'v Value<'a>, what: &str) -> anyhow::Result<&'v Object<'a>> {
        let object = value.as_object().ok_or_else(|| self.error(value.range(), &format!("{what} is an object: {{ … }}")))?;
        for (i, property) in object.properties.iter().enumerate() {
            if object.properties[..i].iter().any(|earlier| earlier.name.as_str() == property.name.as_str()) {
                return Err(self.error(name_range(property), &format!("\"{}\" is here twice", property.name.as_str())));
            }
        }
        Ok(object)
    }

    fn array<'v, 'a>(&self, value: &'v Value<'a>, what: &str) -> anyhow::Result<&'v Array<'a>> {
        value.as_array().ok_or_else(|| self.error(value.range(), &format!("{what} is a list: [ … ]")))
    }

    fn string(&self, value: &Value<'_>, what: &str) -> anyhow::Result<String> {
        let string = value.as_string_lit().map(|string| string.value.clone().into_owned());
        string.ok_or_else(|| self.error(value.range(), &format!("{what} is a string: \"…\"")))
    }

    fn unknown(&self, what: &str, property: &ObjectProp<'_>, known: &[&str]) -> anyhow::Error {
        let name = property.name.as_str();
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("there are {}", known.join(", ")),
        };
        self.error(name_range(property), &format!("unknown {what} \"{name}\"; {hint}"))
    }

    fn error(&self, range: Range, message: &str) -> anyhow::Error {
        anyhow!("{}:{}: {message}", self.shown, self.place(range))
    }

    fn place(&self, range: Range) -> String {
        let before = self.text.get(..range.start).unwrap_or(self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        format!("{}:{}", before.matches('\n').count() + 1, line.chars().count() + 1)
    }
}

fn name_range(property: &ObjectProp<'_>) -> Range {
    property.name.range()
}

fn plain(value: &Value<'_>) -> serde_json::Value {
    match value {
        Value::StringLit(string) => string.value.clone().into_owned().into(),
        Value::NumberLit(number) => serde_json::from_str(number.value).unwrap_or_default(),
        Value::BooleanLit(boolean) => boolean.value.into(),
        Value::Object(object) => object.properties.iter().map(|p| (p.name.as_str().to_owned(), plain(&p.value))).collect(),
        Value::Array(array) => array.elements.iter().map(plain).collect(),
        Value::NullKeyword(_) => serde_json::Value::Null,
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

//! Configuration: finds the files, merges them, and says which rules hold in which file.
//!
//! What one configuration file may hold is `parse`'s business, what a name on the command line stands for `select`'s.

pub mod extends;
pub mod parse;
pub mod select;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use ignore::Match;
use serde_json::{Map, Value};

use super::paths::Places;
use crate::diagnostic::Level;
use crate::lint::{RuleSet, Settings};
use crate::model::File;
use crate::preset::Preset;
use crate::rules;
use parse::{ConfigFile, RuleChoice};

/// The names that a configuration file may have.
pub const NAMES: [&str; 2] = ["orm-lint.json", "orm-lint.jsonc"];

/// What the command line says of rules.
#[derive(Debug, Default)]
pub struct FromArgs {
    /// The only configuration file to use.
    pub config: Option<PathBuf>,
    /// Takes the place of the preset that configurations name.
    pub preset: Option<Preset>,
    /// Rules by their place in the catalogue, in the order of the arguments.
    pub adjustments: Vec<(Level, Vec<usize>)>,
}

/// The configurations of a run, read when they are asked for.
pub struct Configs<'a> {
    places: &'a Places,
    args: &'a FromArgs,
    chains: HashMap<PathBuf, Arc<Chain>>,
}

/// The configurations that hold in a folder, the nearest last.
#[derive(Debug, Default)]
struct Chain {
    layers: Vec<Arc<ConfigFile>>,
}

/// What holds for one file.
pub struct Resolved {
    /// The configuration files, the nearest last.
    pub files: Vec<PathBuf>,
    pub preset: Preset,
    pub is_ignored: bool,
    /// In the order of the catalogue.
    pub rules: Vec<Choice>,
}

/// What was chosen for one rule.
#[derive(Clone, Debug)]
pub struct Choice {
    pub level: Level,
    pub options: Option<Value>,
}

/// Which chain, and which of its overrides.
type SetKey = (usize, Vec<bool>);

impl<'a> Configs<'a> {
    pub fn new(places: &'a Places, args: &'a FromArgs) -> Self {
        Self { places, args, chains: HashMap::new() }
    }

    /// The rules of every file that was asked for. Files under the same configuration share theirs.
    pub fn settings(&mut self, files: &[File], is_asked: &[bool]) -> anyhow::Result<Settings> {
        let mut settings = Settings { sets: Vec::new(), of_file: Vec::with_capacity(files.len()) };
        let mut known: HashMap<SetKey, u16> = HashMap::new();
        for (file, is_asked) in files.iter().zip(is_asked) {
            if !is_asked {
                settings.of_file.push(None);
                continue;
            }
            let disk = self.places.on_disk(&file.source.path);
            let chain = self.chain_of(&disk)?;
            if chain.ignores(&disk) {
                settings.of_file.push(None);
                continue;
            }
            let overrides = chain.overrides(&disk);
            let key = (Arc::as_ptr(&chain) as usize, overrides);
            let set = match known.get(&key) {
                Some(set) => *set,
                None => {
                    settings.sets.push(rule_set(self.choices(&chain, &key.1).1)?);
                    let set = u16::try_from(settings.sets.len() - 1)?;
                    known.insert(key, set);
                    set
                }
            };
            settings.of_file.push(Some(set));
        }
        Ok(settings)
    }

    /// What holds for a file, or for files in a folder.
    pub fn resolve(&mut self, path: &Path) -> anyhow::Result<Resolved> {
        let chain = if path.is_dir() { self.chain_in(path)? } else { self.chain_of(path)? };
        let (preset, rules) = self.choices(&chain, &chain.overrides(path));
        let files = chain.layers.iter().map(|layer| layer.path.clone()).collect();
        Ok(Resolved { files, preset, is_ignored: chain.ignores(path), rules })
    }

    fn chain_of(&mut self, file: &Path) -> anyhow::Result<Arc<Chain>> {
        self.chain_in(file.parent().unwrap_or(file))
    }

    fn chain_in(&mut self, folder: &Path) -> anyhow::Result<Arc<Chain>> {
        if let Some(chain) = self.chains.get(folder) {
            return Ok(chain.clone());
        }
        let chain = match &self.args.config {
            Some(file) => {
                // One chain for all folders.
                if let Some(chain) = self.chains.values().next() {
                    chain.clone()
                } else {
                    let file = self.places.working().join(file);
                    let layers = extends::with_extended(self.places, &file, self.places.working())?;
                    Arc::new(Chain { layers })
                }
            }
            None => self.nearest_chain(folder)?,
        };
        self.chains.insert(folder.to_path_buf(), chain.clone());
        Ok(chain)
    }

    fn nearest_chain(&mut self, folder: &Path) -> anyhow::Result<Arc<Chain>> {
        let own = match config_in(folder) {
            Some(file) => {
                let other = folder.join(NAMES[1]);
                if file != other && other.is_file() {
                    bail!("{} and {} lie in one folder; keep one of them", self.places.shown_path(&file), NAMES[1]);
                }
                extends::with_extended(self.places, &file, folder)?
            }
            None => Vec::new(),
        };
        // A repository ends where it starts: what lies above is somebody else's.
        let is_top = own.last().is_some_and(|layer| layer.is_root) || folder.join(".git").exists();
        let above = match folder.parent() {
            Some(parent) if !is_top => self.chain_in(parent)?,
            _ => Arc::default(),
        };
        if own.is_empty() {
            return Ok(above);
        }
        Ok(Arc::new(Chain { layers: above.layers.iter().cloned().chain(own).collect() }))
    }

    /// The levels and options of all rules, and the preset that they start from.
    fn choices(&self, chain: &Chain, overrides: &[bool]) -> (Preset, Vec<Choice>) {
        let mut preset = self.args.preset.unwrap_or_default();
        let start = |preset: Preset| rules::ALL.iter().map(move |entry| preset.level(entry.meta));
        let mut choices: Vec<Choice> = start(preset).map(|level| Choice { level, options: None }).collect();
        let mut holds = overrides.iter();
        for layer in &chain.layers {
            if let Some(named) = layer.preset.filter(|_| self.args.preset.is_none()) {
                preset = named;
                for (choice, level) in choices.iter_mut().zip(start(preset)) {
                    choice.level = level;
                }
            }
            apply(&mut choices, &layer.rules);
            for one in &layer.overrides {
                if holds.next() == Some(&true) {
                    apply(&mut choices, &one.rules);
                }
            }
        }
        for (level, named) in &self.args.adjustments {
            for rule in named {
                choices[*rule].level = *level;
            }
        }
        (preset, choices)
    }
}

impl Chain {
    /// The nearest configuration that speaks of the path decides.
    fn ignores(&self, path: &Path) -> bool {
        let verdicts = self.layers.iter().rev().map(|layer| layer.ignores(path));
        verdicts.into_iter().find(|verdict| !verdict.is_none()).is_some_and(|verdict: Match<()>| verdict.is_ignore())
    }

    /// For each override of each configuration whether it holds for the path.
    fn overrides(&self, path: &Path) -> Vec<bool> {
        self.layers.iter().flat_map(|layer| layer.overrides.iter().map(|one| layer.holds(one, path))).collect()
    }
}

/// The configuration file of a folder.
fn config_in(folder: &Path) -> Option<PathBuf> {
    NAMES.iter().map(|name| folder.join(name)).find(|file| file.is_file())
}

/// A level alone leaves the options as they were.
fn apply(choices: &mut [Choice], rules: &[RuleChoice]) {
    for rule in rules {
        let choice = &mut choices[rule.rule];
        choice.level = rule.level;
        if rule.options.is_some() {
            choice.options.clone_from(&rule.options);
        }
    }
}

fn rule_set(choices: Vec<Choice>) -> anyhow::Result<RuleSet> {
    let mut set = RuleSet { rules: Vec::new() };
    for (entry, choice) in rules::ALL.iter().zip(choices) {
        if choice.level == Level::Off {
            continue;
        }
        let options = choice.options.unwrap_or_else(|| Value::Object(Map::new()));
        match (entry.build)(options) {
            Ok(rule) => set.rules.push((rule, choice.level)),
            Err(error) => bail!("the options of `{}`: {error}", entry.meta.id),
        }
    }
    Ok(set)
}

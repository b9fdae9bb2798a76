//! How many findings each rule has in each package, compared with what was accepted before.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::linting;
use super::packages::Package;

const FILE: &str = "tests/corpus/summary.json";

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    packages: BTreeMap<String, Counts>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counts {
    version: String,
    files: usize,
    rules: BTreeMap<String, Count>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Count {
    found: usize,
    safe_fixes: usize,
    unsafe_fixes: usize,
}

impl Summary {
    pub fn of(packages: &[Package]) -> anyhow::Result<Self> {
        let mut summary = Self::default();
        for package in packages {
            let report = linting::lint(&package.folder, &[]).with_context(|| package.name.clone())?;
            let mut counts = Counts { version: package.version.clone(), files: report.summary.files, rules: BTreeMap::new() };
            for finding in &report.diagnostics {
                let count = counts.rules.entry(finding.rule.clone()).or_default();
                count.found += 1;
                count.safe_fixes += usize::from(finding.is_safe());
                count.unsafe_fixes += usize::from(finding.is_unsafe());
            }
            summary.packages.insert(package.name.clone(), counts);
        }
        Ok(summary)
    }

    pub fn accept(&self) -> anyhow::Result<()> {
        fs::write(FILE, serde_json::to_string_pretty(self)? + "\n").with_context(|| format!("cannot write {FILE}"))?;
        println!("{FILE} is written: {}", self.total());
        Ok(())
    }

    /// Prints what differs from the accepted summary; whether nothing does.
    pub fn compare(&self, only_these: bool) -> anyhow::Result<bool> {
        let accepted: Self = match fs::read_to_string(FILE) {
            Ok(text) => serde_json::from_str(&text).with_context(|| format!("{FILE} cannot be understood"))?,
            Err(_) => Self::default(),
        };
        let mut is_same = true;
        let names: Vec<&String> = match only_these {
            true => self.packages.keys().collect(),
            false => self.packages.keys().chain(accepted.packages.keys().filter(|name| !self.packages.contains_key(*name))).collect(),
        };
        let none = Counts::default();
        for name in names {
            let (before, after) = (accepted.packages.get(name).unwrap_or(&none), self.packages.get(name).unwrap_or(&none));
            if before == after {
                continue;
            }
            is_same = false;
            println!("{name}");
            if before.version != after.version {
                println!("    version {} -> {}", or_none(&before.version), or_none(&after.version));
            }
            if before.files != after.files {
                println!("    {} -> {} files", before.files, after.files);
            }
            let rules: std::collections::BTreeSet<&String> = before.rules.keys().chain(after.rules.keys()).collect();
            for rule in rules {
                let (old, new) = (before.rules.get(rule).copied().unwrap_or_default(), after.rules.get(rule).copied().unwrap_or_default());
                if old != new {
                    println!("    {rule}: {} -> {}", said(old), said(new));
                }
            }
        }
        println!("{}{}", if is_same { "as accepted: " } else { "\nnow: " }, self.total());
        if !is_same {
            println!("read what changed with --show RULE, keep it with --accept");
        }
        Ok(is_same)
    }

    fn total(&self) -> String {
        let mut rules: BTreeMap<&str, Count> = BTreeMap::new();
        for (rule, count) in self.packages.values().flat_map(|counts| &counts.rules) {
            let total = rules.entry(rule).or_default();
            total.found += count.found;
            total.safe_fixes += count.safe_fixes;
            total.unsafe_fixes += count.unsafe_fixes;
        }
        let lines = rules.into_iter().map(|(rule, count)| format!("\n    {rule}: {}", said(count)));
        format!("{} packages{}", self.packages.len(), lines.collect::<String>())
    }
}

fn said(count: Count) -> String {
    format!("{} ({} safe, {} unsafe fixes)", count.found, count.safe_fixes, count.unsafe_fixes)
}

fn or_none(version: &str) -> &str {
    if version.is_empty() { "none" } else { version }
}

//! Runs `orm-lint` itself, in this process, from its arguments to its output.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Parser;
use orm_lint::cli::args::LintArgs;
use orm_lint::cli::{Exit, run};
use orm_lint::diagnostic::Level;
use serde::Deserialize;

/// What of `--format json` is needed here.
#[derive(Debug, Deserialize)]
pub struct Report {
    pub diagnostics: Vec<Finding>,
    pub summary: Numbers,
}

#[derive(Debug, Deserialize)]
pub struct Finding {
    pub rule: String,
    pub file: String,
    pub message: String,
    pub start: Place,
    pub fix: Option<Fix>,
}

#[derive(Debug, Deserialize)]
pub struct Place {
    pub line: usize,
}

#[derive(Debug, Deserialize)]
pub struct Fix {
    pub applicability: String,
}

#[derive(Debug, Deserialize)]
pub struct Numbers {
    pub files: usize,
}

impl Finding {
    pub fn is_safe(&self) -> bool {
        self.fix.as_ref().is_some_and(|fix| fix.applicability == "safe")
    }

    pub fn is_unsafe(&self) -> bool {
        self.fix.as_ref().is_some_and(|fix| fix.applicability == "unsafe")
    }
}

/// Findings of all rules, or of those named.
pub fn lint(folder: &Path, rules: &[String]) -> anyhow::Result<Report> {
    report(folder, rules, &[])
}

/// Makes the fixes in place; returns what is left.
pub fn fix(folder: &Path, rules: &[String], allow_unsafe: bool) -> anyhow::Result<Report> {
    report(folder, rules, &[if allow_unsafe { "--unsafe-fixes" } else { "--fix" }])
}

/// Prints the findings of a rule with the code around them.
pub fn show(folders: &[PathBuf], rule: &str) -> anyhow::Result<()> {
    let mut args = args(&[], &[rule.to_owned()])?;
    args.paths = folders.to_vec();
    run_with(&args)
}

fn report(folder: &Path, rules: &[String], more: &[&str]) -> anyhow::Result<Report> {
    let output = tempfile::NamedTempFile::new()?;
    let mut args = args(more, rules)?;
    args.paths = vec![folder.to_path_buf()];
    args.output_file = Some(output.path().to_path_buf());
    args.format = orm_lint::cli::args::Format::Json;
    run_with(&args)?;
    let text = std::fs::read_to_string(output.path())?;
    serde_json::from_str(&text).context("orm-lint printed no valid JSON")
}

fn args(more: &[&str], rules: &[String]) -> anyhow::Result<LintArgs> {
    // The copies lie in a folder that git ignores.
    let mut args = LintArgs::try_parse_from(["orm-lint", "--no-ignore"].iter().chain(more))?;
    if rules.is_empty() {
        args.adjustments.push((Level::Error, "all".to_owned()));
    } else {
        args.adjustments.push((Level::Off, "all".to_owned()));
        args.adjustments.extend(rules.iter().chain([&"syntax-error".to_owned()]).map(|rule| (Level::Error, rule.clone())));
    }
    Ok(args)
}

fn run_with(args: &LintArgs) -> anyhow::Result<()> {
    match run::run(args)? {
        Exit::Clean | Exit::Findings => Ok(()),
        Exit::CouldNotRun => bail!("orm-lint could not run"),
    }
}

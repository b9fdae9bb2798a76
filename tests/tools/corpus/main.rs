//! `cargo corpus`: tries orm-lint on published Convex packages, and proves its fixes with the TypeScript compiler.
//!
//! The packages are installed into `corpus/`, which git ignores; only names, versions and counts are kept (tests/corpus).
//! Without an option it lints them and tells how the counts differ from tests/corpus/summary.json.
//! With `--fix` it fixes copies: they must still parse, be left alone by a second run, and bring no new type error.

mod linting;
mod packages;
mod proof;
mod summary;
mod tsc;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Parser;

/// Tries orm-lint on published packages that ship Convex TypeScript.
#[derive(Debug, Parser)]
#[command(name = "cargo corpus")]
struct Options {
    /// Keep the counts found as those to compare with.
    #[arg(long)]
    accept: bool,
    /// Print the findings of RULE with the code around them.
    #[arg(long, value_name = "RULE")]
    show: Option<String>,
    /// Look at the package NAME only.
    #[arg(long, value_name = "NAME")]
    package: Option<String>,
    /// Fix copies, and prove that they still parse and have no new type errors.
    #[arg(long)]
    fix: bool,
    /// Make the unsafe fixes, too (implies --fix).
    #[arg(long = "unsafe")]
    allow_unsafe: bool,
    /// Make the fixes of RULE only.
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
    /// Fix a copy of the folder PATH, not of the packages.
    #[arg(long, value_name = "PATH")]
    dir: Vec<PathBuf>,
    /// Check with this configuration, relative to the folder, not with those in the folders that hold changed files.
    #[arg(long, value_name = "FILE")]
    tsconfig: Vec<PathBuf>,
    /// Check with this `tsc`, not with the packages' own.
    #[arg(long, value_name = "FILE")]
    compiler: Option<PathBuf>,
    /// Check with every tsconfig.json in the folder.
    #[arg(long)]
    everywhere: bool,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether all is as it should be.
fn run(options: &Options) -> anyhow::Result<bool> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::env::set_current_dir(root).context("cannot enter the repository")?;
    packages::install()?;
    let proof = proof::Proof {
        allow_unsafe: options.allow_unsafe,
        rules: &options.rule,
        tsconfigs: &options.tsconfig,
        everywhere: options.everywhere,
        compiler: options.compiler.as_deref().unwrap_or(Path::new(tsc::COMPILER)),
    };
    if !options.dir.is_empty() {
        let mut is_fine = true;
        for dir in &options.dir {
            let name = dir.file_name().with_context(|| format!("`{}` has no name", dir.display()))?;
            is_fine &= proof.of(&name.to_string_lossy(), dir)?;
        }
        return Ok(is_fine);
    }
    let mut all = packages::copied()?;
    if let Some(name) = &options.package {
        all.retain(|package| package.name == *name || package.name.strip_prefix("@convex-dev/") == Some(name));
        if all.is_empty() {
            bail!("no package of tests/corpus/package.json that ships TypeScript is called `{name}`");
        }
    }
    if let Some(rule) = &options.show {
        let folders: Vec<PathBuf> = all.into_iter().map(|package| package.folder).collect();
        return linting::show(&folders, rule).map(|()| true);
    }
    if options.fix || options.allow_unsafe {
        let mut is_fine = true;
        for package in &all {
            is_fine &= proof.of(&package.name, &package.folder)?;
        }
        return Ok(is_fine);
    }
    let found = summary::Summary::of(&all)?;
    if options.accept && options.package.is_none() {
        return found.accept().map(|()| true);
    }
    found.compare(options.package.is_some())
}

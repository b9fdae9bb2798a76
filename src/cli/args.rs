//! The arguments of both programs: the one list of flags.
//!
//! Says what was asked for, not whether it can be done. Here are those of `orm-lint`, and what both share.

mod migrate;

use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, ValueEnum};
use clap_complete::Shell;

use super::Exit;
use super::schema::SchemaFormat;
use super::streams::{self, ColorChoice};
use crate::diagnostic::Level;

pub use migrate::{MigrateArgs, Relations, ReportFormat, Source};

const AFTER_HELP: &str = "\
Exit codes:
  0  clean (warnings allowed)
  1  errors, more warnings than --max-warnings, or a diff
  2  could not run: a bad option, a bad configuration, an unreadable path";

/// Finds what hurts in a Convex backend before it ships, and fixes what it can prove.
#[derive(Clone, Debug, Parser)]
#[command(name = "orm-lint", version, max_term_width = 100, args_override_self = true, after_help = AFTER_HELP)]
pub struct LintArgs {
    /// Files and folders to lint.
    ///
    /// The whole project around them is read, so that its schema is known; findings are shown for these paths only.
    #[arg(value_name = "PATHS", default_value = ".")]
    pub paths: Vec<PathBuf>,

    /// Apply the fixes that keep the meaning of the code.
    #[arg(long, help_heading = "Fixes")]
    pub fix: bool,
    /// Apply also the fixes that may change order, timing or stored shape (implies --fix).
    #[arg(long, help_heading = "Fixes")]
    pub unsafe_fixes: bool,
    /// Print what --fix would change as a unified diff, and write nothing; exit 1 if there is any.
    #[arg(long, help_heading = "Fixes")]
    pub diff: bool,

    /// How findings are printed.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, help_heading = "Output")]
    pub format: Format,
    /// Write the findings to FILE, not to standard output.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output_file: Option<PathBuf>,
    /// Show errors only; warnings still count for --max-warnings.
    #[arg(long, help_heading = "Output")]
    pub quiet: bool,
    /// Lint again whenever a file of the project changes, until stopped.
    #[arg(
        long,
        conflicts_with_all = ["fix", "unsafe_fixes", "diff", "staged", "stdin_filename", "update_baseline", "list_files", "print_config", "init"],
        help_heading = "Output"
    )]
    pub watch: bool,
    /// Count the findings of each rule, on standard error.
    #[arg(long, help_heading = "Output")]
    pub statistics: bool,
    /// Show how long each step and each rule took, on standard error.
    #[arg(long, help_heading = "Output")]
    pub timings: bool,
    /// Show the project's tables, fields, indexes and references as a picture or as data, and lint nothing.
    #[arg(long, value_name = "AS", value_enum, conflicts_with_all = ["fix", "unsafe_fixes", "diff"], help_heading = "Output")]
    pub schema: Option<SchemaFormat>,
    /// Colour the output.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, help_heading = "Output")]
    pub color: ColorChoice,

    /// Turn a rule, a category, a preset's rules or `all` off. Applied left to right with --warn and --deny.
    #[arg(short = 'A', long, value_name = "ID", value_delimiter = ',', help_heading = "Rules")]
    pub allow: Vec<String>,
    /// Report a rule, a category, a preset's rules or `all` as warnings.
    #[arg(short = 'W', long, value_name = "ID", value_delimiter = ',', help_heading = "Rules")]
    pub warn: Vec<String>,
    /// Report a rule, a category, a preset's rules or `all` as errors.
    #[arg(short = 'D', long, value_name = "ID", value_delimiter = ',', help_heading = "Rules")]
    pub deny: Vec<String>,
    /// Start from this preset, not from the one that the configuration names.
    #[arg(long, value_name = "NAME", help_heading = "Rules")]
    pub preset: Option<String>,
    /// List the rules.
    #[arg(long, help_heading = "Rules")]
    pub rules: bool,
    /// Explain a rule.
    #[arg(long, value_name = "ID", help_heading = "Rules")]
    pub explain: Option<String>,

    /// Use this configuration file, and no other.
    #[arg(long, value_name = "FILE", help_heading = "Configuration")]
    pub config: Option<PathBuf>,
    /// Print the configuration that holds for FILE (or for the working directory).
    #[arg(long, value_name = "FILE", num_args = 0..=1, help_heading = "Configuration")]
    pub print_config: Option<Option<PathBuf>>,
    /// Write a first orm-lint.json into the working directory.
    #[arg(long, help_heading = "Configuration")]
    pub init: bool,

    /// Be a language server on standard input and output; editors start it.
    #[arg(long, conflicts_with_all = ["paths", "fix", "unsafe_fixes", "diff", "staged", "since", "stdin_filename", "output_file", "update_baseline", "watch"], help_heading = "Editors")]
    pub lsp: bool,

    /// Do not show the findings that FILE knows; `orm-lint-baseline.json` if not given.
    #[arg(long, value_name = "FILE", num_args = 0..=1, conflicts_with_all = ["fix", "unsafe_fixes", "diff"], help_heading = "Exit code")]
    pub baseline: Option<Option<PathBuf>>,
    /// Take out of the baseline what is gone; where there is none yet, make one of all that is found.
    #[arg(long, conflicts_with_all = ["fix", "unsafe_fixes", "diff"], help_heading = "Exit code")]
    pub update_baseline: bool,
    /// Fail if there are more warnings than N.
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true, help_heading = "Exit code")]
    pub max_warnings: Option<usize>,
    /// Exit 0 whatever is found.
    #[arg(long, help_heading = "Exit code")]
    pub exit_zero: bool,

    /// Show findings in the files that git has staged only; all files are read as they are staged.
    #[arg(long, conflicts_with_all = ["since", "fix", "unsafe_fixes", "diff"], help_heading = "Files")]
    pub staged: bool,
    /// Show findings only in files that have changed since this branch left REF.
    #[arg(long, value_name = "REF", help_heading = "Files")]
    pub since: Option<String>,
    /// Lint what is on standard input as the file PATH, which need not be there; all else is read from disk.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["paths", "since", "staged", "fix", "unsafe_fixes", "diff"], help_heading = "Files")]
    pub stdin_filename: Option<PathBuf>,
    /// List the files that would be linted.
    #[arg(long, help_heading = "Files")]
    pub list_files: bool,
    /// Lint also what .gitignore and .ignore leave out.
    #[arg(long, help_heading = "Files")]
    pub no_ignore: bool,
    /// Do not read files larger than SIZE: bytes, or with `kB` or `MB`.
    #[arg(long, value_name = "SIZE", default_value = "10MB", value_parser = size, help_heading = "Files")]
    pub max_file_size: u64,
    /// Lint also the TypeScript in Markdown and MDX pages; pages that are named are linted without it.
    #[arg(long, help_heading = "Files")]
    pub markdown: bool,
    /// Use N threads; as many as there are processors if not given.
    #[arg(long, value_name = "N", value_parser = threads, help_heading = "Files")]
    pub threads: Option<u16>,

    /// Print what completes the options of orm-lint in SHELL.
    #[arg(long, value_name = "SHELL", value_enum, help_heading = "Installation")]
    pub completions: Option<Shell>,
    /// Print the manual page of orm-lint.
    #[arg(long, help_heading = "Installation")]
    pub man: bool,

    /// `--allow`, `--warn` and `--deny` in the order in which they were written.
    #[arg(skip)]
    pub adjustments: Vec<(Level, String)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: the code around each finding.
    #[default]
    Text,
    /// One line for each finding.
    Concise,
    /// For programs; version 1, stable.
    Json,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
    /// For GitHub Actions: an annotation for each finding.
    Github,
    /// For GitLab: a Code Quality report.
    Gitlab,
    /// For servers that show tests: JUnit XML.
    Junit,
    /// For servers that show what checkers find: Checkstyle XML.
    Checkstyle,
}

pub fn parse_lint() -> Result<LintArgs, Exit> {
    let matches = LintArgs::command().try_get_matches().map_err(|e| stopped(&e))?;
    let mut args = LintArgs::from_arg_matches(&matches).map_err(|e| stopped(&e))?;
    args.adjustments = adjustments(&matches, &args);
    Ok(args)
}

pub fn parse_migrate() -> Result<MigrateArgs, Exit> {
    MigrateArgs::try_parse().map_err(|e| stopped(&e))
}

fn adjustments(matches: &ArgMatches, args: &LintArgs) -> Vec<(Level, String)> {
    let lists = [("allow", Level::Off, &args.allow), ("warn", Level::Warn, &args.warn), ("deny", Level::Error, &args.deny)];
    let mut all: Vec<(usize, Level, &String)> = Vec::new();
    for (name, level, ids) in lists {
        let places = matches.indices_of(name).into_iter().flatten();
        all.extend(places.zip(ids).map(|(place, id)| (place, level, id)));
    }
    all.sort_by_key(|(place, ..)| *place);
    all.into_iter().map(|(_, level, id)| (level, id.clone())).collect()
}

/// Prints help and version, or says in one line what is wrong with the arguments.
fn stopped(error: &clap::Error) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A reader that has gone away is no failure.
            let _ = error.print();
            Exit::Clean
        }
        _ => {
            streams::complain(&wrong_call(error));
            Exit::CouldNotRun
        }
    }
}

/// What is wrong with the arguments, and what to do, in one line.
fn wrong_call(error: &clap::Error) -> String {
    let named = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(name)) => Some(name.clone()),
        Some(ContextValue::Strings(names)) => Some(names.join(" and ")),
        _ => None,
    };
    let argument = named(ContextKind::InvalidArg);
    match (error.kind(), argument) {
        (ErrorKind::MissingRequiredArgument, Some(argument)) => return format!("{argument} is missing; see --help"),
        (ErrorKind::TooManyValues, Some(argument)) => return format!("{argument} takes no value; see --help"),
        _ => {}
    }
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let is_noise = |line: &str| line.is_empty() || line.starts_with("For more information") || line.contains("as a value, use '--");
    let said = lines.filter(|line| !is_noise(line)).map(advice).collect::<Vec<_>>().join("; ").replace(":; ", ": ");
    let hint = if said.contains("; ") { "" } else { "; see --help" };
    said.trim_start_matches("error: ").to_owned() + hint
}

/// What the parser advises, as the rest of the program says it.
fn advice(line: &str) -> String {
    let tip = line.strip_prefix("tip: a similar ").and_then(|rest| rest.split_once(" exists: "));
    let values = line.strip_prefix("[possible values: ").and_then(|rest| rest.strip_suffix(']'));
    match (tip, values) {
        (Some((_, name)), _) => format!("did you mean {name}?"),
        (None, Some(values)) => format!("there are {values}"),
        (None, None) => line.to_owned(),
    }
}

fn threads(text: &str) -> Result<u16, String> {
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| format!("expected a number from 1 to {}", u16::MAX))
}

fn count(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "expected a number from 0 up".to_owned())
}

/// `10MB`, `500kB`, `1048576`.
fn size(text: &str) -> Result<u64, String> {
    const EXPECTED: &str = "expected a number of bytes, such as 500kB or 10MB";
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    if digits.is_empty() {
        return Err(EXPECTED.to_owned());
    }
    let unit = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        other => return Err(format!("`{other}` is no unit of size; use kB or MB")),
    };
    let count: u64 = digits.trim().parse().map_err(|_| EXPECTED.to_owned())?;
    // The parser counts positions in 32 bits.
    Ok(count.saturating_mul(unit).min(u64::from(u32::MAX) / 2))
}

//! All input and output of the two programs: arguments, configuration, files, formats.
//!
//! Nothing else in the library reads, writes or prints. What is judged and how is `lint`'s and the rules' business.

pub mod args;
pub mod baseline;
pub mod changed;
pub mod config;
pub mod convex_version;
pub mod explain;
pub mod git;
pub mod journal;
pub mod lines;
pub mod load;
pub mod lsp;
pub mod migrate;
pub mod named;
pub mod output;
pub mod pages;
pub mod paths;
pub mod prefilter;
pub mod progress;
pub mod reference;
pub mod roots;
pub mod run;
pub mod schema;
pub mod streams;
pub mod tsconfig;
pub mod walk;
pub mod watch;
pub mod write;

use std::process::ExitCode;

use args::{LintArgs, MigrateArgs};
use clap::{Command, CommandFactory};
use clap_complete::Shell;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Clean,
    /// Errors, too many warnings, a diff, or something that is left to a person.
    Findings,
    /// A bad option, a bad configuration, a path that cannot be read.
    CouldNotRun,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Clean => Self::SUCCESS,
            Exit::Findings => Self::from(1),
            Exit::CouldNotRun => Self::from(2),
        }
    }
}

/// `orm-lint`, from its arguments to its exit code.
pub fn lint_main() -> ExitCode {
    let args = match args::parse_lint() {
        Ok(args) => args,
        Err(stop) => return stop.into(),
    };
    if args.man || args.completions.is_some() {
        return finished(installation(LintArgs::command(), args.completions));
    }
    finished(if args.watch { watch::watch(&args) } else { run::run(&args) })
}

/// `orm-migrate`, from its arguments to its exit code.
pub fn migrate_main() -> ExitCode {
    let args = match args::parse_migrate() {
        Ok(args) => args,
        Err(stop) => return stop.into(),
    };
    if args.man || args.completions.is_some() {
        return finished(installation(MigrateArgs::command(), args.completions));
    }
    finished(migrate::run(&args))
}

/// What is printed once, to be installed beside the program.
fn installation(program: Command, shell: Option<Shell>) -> anyhow::Result<Exit> {
    let text = match shell {
        Some(shell) => reference::completions(program, shell),
        None => reference::manual(program)?,
    };
    streams::write_out(&text, None)?;
    Ok(Exit::Clean)
}

/// A reader that has gone away (`orm-lint | head`) is not a failure; anything else is said in one line.
fn finished(outcome: anyhow::Result<Exit>) -> ExitCode {
    match outcome {
        Ok(exit) => exit.into(),
        Err(error) if streams::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            streams::complain(&said(&error));
            Exit::CouldNotRun.into()
        }
    }
}

/// The error and its causes in one line, without the numbers that systems give theirs.
fn said(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    match text.rsplit_once(" (os error ") {
        Some((words, number)) if number.strip_suffix(')').is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit())) => {
            words.to_owned()
        }
        _ => text,
    }
}

//! What is made from the list of options that the programs themselves read: the tables in docs/cli.md, completions for shells, manual pages.

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;

use super::args::{LintArgs, MigrateArgs};

pub fn lint_options() -> String {
    options(&LintArgs::command())
}

pub fn migrate_options() -> String {
    options(&MigrateArgs::command())
}

/// A script for a shell that completes the program's options.
pub fn completions(mut program: Command, shell: Shell) -> Vec<u8> {
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program, name, &mut script);
    script
}

/// The program's manual page, as `man` reads it.
pub fn manual(program: Command) -> anyhow::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(program).render(&mut page)?;
    Ok(page)
}

/// The options of a program as Markdown tables, one for each heading of `--help`.
fn options(command: &Command) -> String {
    let mut headings: Vec<&str> = Vec::new();
    for heading in command.get_arguments().filter_map(Arg::get_help_heading) {
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    headings.iter().map(|heading| table(command, heading)).collect::<Vec<_>>().join("\n")
}

fn table(command: &Command, heading: &str) -> String {
    let mut out = format!("### {heading}\n\n| option | |\n|---|---|\n");
    for arg in command.get_arguments().filter(|arg| arg.get_help_heading() == Some(heading) && !arg.is_hide_set()) {
        // The parser takes the full stop away.
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(out, "| {} | {}.{} |", name(arg), help.replace('|', "\\|"), values(arg));
    }
    out
}

/// `` `-o`, `--output-file FILE` ``.
fn name(arg: &Arg) -> String {
    let short = arg.get_short().map(|short| format!("`-{short}`, ")).unwrap_or_default();
    let takes_value = arg.get_action().takes_values();
    let is_optional = arg.get_num_args().is_some_and(|count| count.min_values() == 0);
    let value = match arg.get_value_names().and_then(|names| names.first()) {
        Some(name) if takes_value && is_optional => format!(" [{name}]"),
        Some(name) if takes_value => format!(" {name}"),
        _ => String::new(),
    };
    format!("{short}`--{}{value}`", arg.get_long().unwrap_or_default())
}

/// The values that are possible and the one that holds if none is given.
fn values(arg: &Arg) -> String {
    let default = arg.get_default_values().first().filter(|_| arg.get_action().takes_values()).map(|value| value.to_string_lossy());
    let possible: Vec<_> = arg.get_possible_values().into_iter().filter(|value| !value.is_hide_set()).collect();
    match (possible.is_empty() || !arg.get_action().takes_values(), default) {
        (true, None) => String::new(),
        (true, Some(default)) => format!(" Default: `{default}`."),
        (false, default) => {
            let names = possible.iter().map(|value| {
                let help = value.get_help().map(|help| format!(" ({})", within_sentence(&help.to_string()))).unwrap_or_default();
                let is_default = default.as_deref() == Some(value.get_name());
                format!("`{}`{}{help}", value.get_name(), if is_default { ", the default" } else { "" })
            });
            format!(" One of {}.", names.collect::<Vec<_>>().join("; "))
        }
    }
}

/// A sentence as a part of another: without its capital and its full stop.
fn within_sentence(sentence: &str) -> String {
    let mut letters = sentence.trim_end_matches('.').chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

//! Standard output and standard error: whether they take colours, and what happens when nobody reads them.

use std::io::{ErrorKind, IsTerminal, Read, Write};
use std::path::Path;

use anyhow::Context;

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    #[default]
    Auto,
    Always,
    Never,
}

impl ColorChoice {
    /// Whether what goes to a stream is coloured.
    pub fn holds_for(self, stream: &impl IsTerminal) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => from_environment().unwrap_or_else(|| stream.is_terminal() && !is_dumb()),
        }
    }
}

/// What `NO_COLOR` and `CLICOLOR_FORCE` ask for, where they ask for anything.
fn from_environment() -> Option<bool> {
    if std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty()) {
        return Some(false);
    }
    std::env::var_os("CLICOLOR_FORCE").is_some_and(|v| !v.is_empty() && v != "0").then_some(true)
}

fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|v| v == "dumb")
}

/// Writes findings in one go.
pub fn write_out(bytes: &[u8], file: Option<&Path>) -> anyhow::Result<()> {
    match file {
        Some(path) => std::fs::write(path, bytes).with_context(|| format!("cannot write `{}`", path.display())),
        None => {
            let mut out = std::io::stdout().lock();
            out.write_all(bytes)?;
            out.flush()?;
            Ok(())
        }
    }
}

/// Everything on standard input.
pub fn read_in() -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).context("cannot read standard input")?;
    Ok(bytes)
}

/// Writes what is not a finding to standard error; that nobody may be reading there is nothing to stop for.
pub fn say(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "{text}");
}

/// The one line of a run that could not be.
pub fn complain(message: &str) {
    say(&format!("error: {message}"));
}

/// Something that went wrong without stopping the run.
pub fn warn(message: &str) {
    say(&format!("warning: {message}"));
}

pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>()).any(|cause| cause.kind() == ErrorKind::BrokenPipe)
}

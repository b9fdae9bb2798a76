//! Puts in order what an interrupted run left, and takes the last run back.

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::cli::journal::{self, Journal, Kind, Shown, Transaction};
use crate::cli::output::counted;
use crate::cli::{Exit, streams};

/// Finishes what an interrupted run had begun.
pub fn finish(journal: &Journal<'_>) -> anyhow::Result<()> {
    let Some(change) = journal.unfinished()? else { return Ok(()) };
    if !change.is_sealed() {
        change.run()?;
        streams::say("an interrupted run had changed nothing yet; what it left was cleared away");
        return Ok(());
    }
    refuse_edited(journal, &change, "finished")?;
    let verb = if change.is_turning_back() || change.kind() == Kind::Undo { "restored" } else { "replaced" };
    let count = change.run()?;
    streams::say(&format!("finished what an interrupted run had begun: {} {verb}", counted(count, "file")));
    Ok(())
}

/// `--undo`: takes back what an interrupted run did, or else what the last one did.
pub fn undo(tree: &Path, shown: Shown<'_>, even_if_edited: bool) -> anyhow::Result<Exit> {
    let nothing = || format!("nothing to undo: there is no run of orm-migrate in `{}` to take back", shown(tree));
    if !journal::exists(tree) {
        bail!(nothing());
    }
    let journal = Journal::open(tree, shown)?;
    if let Some(change) = journal.unfinished()? {
        return undo_unfinished(&journal, change, even_if_edited);
    }
    let Some((changes, changed)) = journal.undo()? else { bail!(nothing()) };
    if !changed.is_empty() && !even_if_edited {
        let names = names(&changed, shown);
        bail!("nothing was restored, for {names} changed since the migration; with --allow-dirty only the other files are restored");
    }
    let count = changes.len();
    if changes.is_empty() {
        journal.forget()?;
    } else {
        journal.begin(Kind::Undo, changes)?.run()?;
    }
    say_restored(count, &changed, shown);
    Ok(Exit::Clean)
}

fn undo_unfinished(journal: &Journal<'_>, mut change: Transaction<'_>, even_if_edited: bool) -> anyhow::Result<Exit> {
    if !change.is_sealed() {
        change.run()?;
        streams::say("an interrupted run had changed nothing yet; what it left was cleared away");
        return Ok(Exit::Clean);
    }
    if !even_if_edited {
        refuse_edited(journal, &change, "taken back")?;
    }
    let edited = change.edited().to_vec();
    // An interrupted undo is finished.
    if change.kind() == Kind::Migration {
        change.turn_back();
    }
    let count = change.run()?;
    say_restored(count, &edited, &|path| journal.shown(path));
    Ok(Exit::Clean)
}

fn refuse_edited(journal: &Journal<'_>, change: &Transaction<'_>, done: &str) -> anyhow::Result<()> {
    if change.edited().is_empty() {
        return Ok(());
    }
    let names = names(change.edited(), &|path| journal.shown(path));
    bail!("an interrupted run cannot be {done}, for {names} changed since; orm-migrate --undo --allow-dirty restores the other files")
}

fn say_restored(count: usize, edited: &[PathBuf], shown: &dyn Fn(&Path) -> String) {
    streams::say(&match edited {
        [] => format!("{} restored", counted(count, "file")),
        _ => format!("{} restored; {} changed since and stayed", counted(count, "file"), names(edited, shown)),
    });
}

fn names(files: &[PathBuf], shown: &dyn Fn(&Path) -> String) -> String {
    files.iter().map(|path| format!("`{}`", shown(path))).collect::<Vec<_>>().join(", ")
}

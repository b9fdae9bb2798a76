//! `--watch`: a whole run again whenever something has changed that it may depend on.
//!
//! A run takes a fraction of a second, so nothing is kept from one to the next. Writes no file.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use notify::event::{CreateKind, EventKind, ModifyKind, RemoveKind};
use notify::{ErrorKind, Event, RecommendedWatcher, RecursiveMode, Watcher};

use super::args::LintArgs;
use super::paths::Places;
use super::{Exit, run, streams, walk};

/// How long it must be quiet: who saves one file often saves others with it, and git changes hundreds.
const QUIET: Duration = Duration::from_millis(60);

/// How long a run waits at most where it does not get quiet.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs until it is stopped. A run that could not be is said and tried again: the next change may mend it.
pub fn watch(args: &LintArgs) -> anyhow::Result<Exit> {
    let (places, _) = Places::of(&args.paths)?;
    let output = args.output_file.as_ref().map(|path| places.working().join(path));
    let (sender, events) = channel();
    let is_ours = move |path: &PathBuf| output.as_ref() != Some(path);
    let notice = move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| is_wanted(&event) && event.paths.iter().any(&is_ours)) {
            // Nobody listens any more when the program ends.
            let _ = sender.send(());
        }
    };
    let mut watched =
        Watched { watcher: notify::recommended_watcher(notice).map_err(|error| explained(error, &places))?, folders: Vec::new() };
    loop {
        watched.update(&places, args.no_ignore)?;
        clear_screen();
        match run::run(args) {
            Err(error) if !streams::is_closed_pipe(&error) => streams::complain(&super::said(&error)),
            outcome => drop(outcome?),
        }
        streams::say("watching for changes; Ctrl-C ends it");
        wait(&events)?;
    }
}

/// Whether what happened may change what a run finds. That files were read is nothing new: the run itself does that.
fn is_wanted(event: &Event) -> bool {
    let is_about_folder = match event.kind {
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => return false,
        EventKind::Create(CreateKind::Folder) | EventKind::Remove(RemoveKind::Folder) => true,
        EventKind::Modify(ModifyKind::Name(_)) => event.paths.iter().any(|path| path.extension().is_none()),
        _ => false,
    };
    is_about_folder || event.need_rescan() || event.paths.iter().any(|path| may_matter(path))
}

/// Sources, and what says how they are read: configuration, what projects are, what is ignored.
fn may_matter(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_setting = name.ends_with(".json") || name.ends_with(".jsonc") || matches!(name, ".gitignore" | ".ignore");
    is_setting || walk::is_source(name)
}

/// Waits for a change, and then until no more come.
fn wait(events: &Receiver<()>) -> anyhow::Result<()> {
    events.recv().context("nobody watches files any more")?;
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        match events.recv_timeout(QUIET) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    Ok(())
}

/// The folders that are watched.
struct Watched {
    watcher: RecommendedWatcher,
    folders: Vec<PathBuf>,
}

impl Watched {
    /// Watches the folders that there are by now. Where the system watches each folder by itself, those that no run reads are left out:
    /// `node_modules` alone may have more than may be watched.
    fn update(&mut self, places: &Places, no_ignore: bool) -> anyhow::Result<()> {
        let (mut wanted, mode) = if cfg!(target_os = "linux") {
            let walked = walk::walk(places, &[places.base().to_path_buf()], no_ignore, false);
            (walked.folders.iter().map(|folder| places.on_disk(folder)).collect(), RecursiveMode::NonRecursive)
        } else {
            (vec![places.base().to_path_buf()], RecursiveMode::Recursive)
        };
        wanted.sort();
        let mut paths = self.watcher.paths_mut();
        for folder in wanted.iter().filter(|folder| self.folders.binary_search(folder).is_err()) {
            match paths.add(folder, mode) {
                // It went away in the meantime.
                Err(error) if !folder.is_dir() => drop(error),
                outcome => outcome.map_err(|error| explained(error, places))?,
            }
        }
        paths.commit().map_err(|error| explained(error, places))?;
        // What is gone is no longer watched by itself, and may come back.
        self.folders = wanted;
        Ok(())
    }
}

fn explained(error: notify::Error, places: &Places) -> anyhow::Error {
    let folder = places.shown_path(places.base());
    match error.kind {
        ErrorKind::MaxFilesWatch => {
            anyhow!("cannot watch `{folder}`: the system allows no more watched folders; raise fs.inotify.max_user_watches")
        }
        _ => anyhow!("cannot watch `{folder}`: {error}"),
    }
}

/// Each run has the screen for itself. What goes to a file or a program is only appended to.
fn clear_screen() {
    if std::io::stdout().is_terminal() {
        // Also what can be scrolled back to; the cursor goes to the top.
        let _ = streams::write_out(b"\x1b[2J\x1b[3J\x1b[H", None);
    }
}

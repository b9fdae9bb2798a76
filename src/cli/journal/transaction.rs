//! One change of many files, step by step: forward to its end, or back to where it began.
//!
//! Every step may be the last one that happens. What is on the disk then says what is to be done, and nothing else is needed.

use std::collections::{BTreeSet, VecDeque};
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};

use super::{Change, Entry, Journal, Kind, Record, TEMPORARY, content, remove_file, remove_folder, sync_folder, write_synced};
use crate::cli::write::Target;

/// What is done at once. Numbers are those of files in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write down which files will change.
    List,
    /// Keep the old and the new contents of a file.
    Keep(usize),
    /// Put a temporary file with the new contents beside a file.
    Stage(usize),
    /// Say that all is there that is needed to go on to the end.
    Seal,
    /// Let the temporary file take the place of a file.
    Replace(usize),
    /// Make this the last change.
    Finish,
    /// Say that the change is being taken back.
    TurnBack,
    /// Bring back the old contents of a file.
    Restore(usize),
    /// Remove what was kept.
    Discard,
}

/// A change that is being made, or taken back.
pub struct Transaction<'j> {
    journal: &'j Journal<'j>,
    record: Record,
    /// By the numbers of files. Empty where nothing was sealed.
    changes: Vec<Change>,
    steps: VecDeque<Step>,
    is_sealed: bool,
    is_turning_back: bool,
    /// Files that hold neither what they held before nor what they should hold after.
    edited: Vec<PathBuf>,
    /// How many files were replaced or restored by this process.
    replaced: usize,
}

impl<'j> Transaction<'j> {
    pub(super) fn begin(journal: &'j Journal<'j>, kind: Kind, targets: Vec<Target>, changes: Vec<Change>) -> anyhow::Result<Self> {
        if journal.next().exists() {
            bail!("an earlier change in `{}` is not finished", journal.shown(&journal.tree));
        }
        // Names that nobody else has, so that what is found under them after a crash is ours.
        let token = std::hash::RandomState::new().build_hasher().finish();
        let mut files = Vec::new();
        let mut resolved = Vec::new();
        for (i, (target, change)) in targets.into_iter().zip(changes).enumerate() {
            let path = journal.name(&target.path).ok_or_else(|| anyhow!("`{}` is no source file", journal.shown(&target.path)))?;
            let (appears, goes) = (change.before.is_none(), change.after.is_none());
            files.push(Entry { path, temporary: format!("{TEMPORARY}{token:016x}-{i}"), appears, goes });
            resolved.push(Change { path: target.path, ..change });
        }
        let count = files.len();
        let mut steps = VecDeque::from([Step::List]);
        steps.extend((0..count).map(Step::Keep));
        steps.extend((0..count).map(Step::Stage));
        steps.push_back(Step::Seal);
        steps.extend((0..count).map(Step::Replace));
        steps.push_back(Step::Finish);
        let record = Record { version: 1, kind, files };
        Ok(Self { journal, record, changes: resolved, steps, is_sealed: false, is_turning_back: false, edited: Vec::new(), replaced: 0 })
    }

    /// Goes on where another process stopped.
    pub(super) fn resume(journal: &'j Journal<'j>) -> anyhow::Result<Self> {
        let next = journal.next();
        let record = journal.record(&next)?;
        let is_sealed = record.is_some() && next.join("sealed").exists();
        let is_turning_back = next.join("back").exists();
        let record = record.unwrap_or(Record { version: 1, kind: Kind::Migration, files: Vec::new() });
        let mut this = Self {
            journal,
            record,
            changes: Vec::new(),
            steps: VecDeque::from([Step::Discard]),
            is_sealed,
            is_turning_back,
            edited: Vec::new(),
            replaced: 0,
        };
        if !is_sealed {
            return Ok(this);
        }
        let mut forward = Vec::new();
        for (i, entry) in this.record.files.iter().enumerate() {
            let path = journal.tree.join(&entry.path);
            let (before, after) = journal.kept(&next, i, entry)?;
            let change = Change { path, before, after };
            match content(&change.path) {
                Ok(now) if now == change.after => {}
                Ok(now) if now == change.before => forward.extend([Step::Stage(i), Step::Replace(i)]),
                _ => this.edited.push(change.path.clone()),
            }
            this.changes.push(change);
        }
        if is_turning_back {
            this.plan_back();
        } else {
            this.steps = forward.into_iter().chain([Step::Finish]).collect();
        }
        Ok(this)
    }

    pub fn kind(&self) -> Kind {
        self.record.kind
    }

    /// Whether files may have been replaced already.
    pub fn is_sealed(&self) -> bool {
        self.is_sealed
    }

    pub fn is_turning_back(&self) -> bool {
        self.is_turning_back
    }

    /// Files that somebody changed while the change was interrupted. They stay as they are.
    pub fn edited(&self) -> &[PathBuf] {
        &self.edited
    }

    /// From here on, back.
    pub fn turn_back(&mut self) {
        if self.is_sealed && !self.is_turning_back {
            self.plan_back();
            self.steps.push_front(Step::TurnBack);
        } else if !self.is_sealed {
            self.steps = VecDeque::from([Step::Discard]);
        }
        self.is_turning_back = true;
    }

    fn plan_back(&mut self) {
        self.steps = (0..self.record.files.len()).map(Step::Restore).chain([Step::Discard]).collect();
    }

    /// Does what is to be done next; `None` where nothing is.
    pub fn step(&mut self) -> anyhow::Result<Option<Step>> {
        let Some(step) = self.steps.front().copied() else { return Ok(None) };
        self.take(step)?;
        self.steps.pop_front();
        Ok(Some(step))
    }

    /// Does all that is left to do, and says how many files were replaced. Where something is in the way, goes back to where it began.
    pub fn run(mut self) -> anyhow::Result<usize> {
        let cause = loop {
            match self.step() {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(self.replaced),
                Err(error) if self.is_turning_back => return self.stuck(error),
                Err(error) => break error,
            }
        };
        self.turn_back();
        self.replaced = 0;
        loop {
            match self.step() {
                Ok(Some(_)) => {}
                Ok(None) => bail!("nothing was changed: {cause:#}"),
                Err(error) => return self.stuck(error).context(format!("{cause:#}")),
            }
        }
    }

    /// What cannot be restored does not keep the others from it; the journal stays for another attempt.
    fn stuck(mut self, error: anyhow::Error) -> anyhow::Result<usize> {
        let mut failures = vec![format!("{error:#}")];
        let rest: Vec<Step> = self.steps.drain(..).skip(1).filter(|step| *step != Step::Discard).collect();
        for step in rest {
            if let Err(error) = self.take(step) {
                failures.push(format!("{error:#}"));
            }
        }
        let kept = self.journal.shown(&self.journal.next());
        bail!("{}; what was there before is kept in `{kept}`, and orm-migrate --undo restores it", failures.join("; "))
    }

    fn take(&mut self, step: Step) -> anyhow::Result<()> {
        let of = |i: usize| format!("`{}`", self.journal.shown(&self.changes[i].path));
        match step {
            Step::List => self.list().with_context(|| self.in_journal()),
            Step::Keep(i) => self.keep(i).with_context(|| self.in_journal()),
            Step::Stage(i) => self.stage(i).with_context(|| of(i)),
            Step::Seal => self.seal().with_context(|| self.in_journal()),
            Step::Replace(i) => self.replace(i).with_context(|| of(i)),
            Step::Finish => self.finish().with_context(|| self.in_journal()),
            Step::TurnBack => self.mark_back().with_context(|| self.in_journal()),
            Step::Restore(i) => {
                let name = of(i);
                self.restore(i).with_context(|| format!("{name} could not be restored"))
            }
            Step::Discard => self.discard(),
        }?;
        self.replaced += usize::from(matches!(step, Step::Replace(_)));
        Ok(())
    }

    fn in_journal(&self) -> String {
        format!("cannot write to `{}`", self.journal.shown(&self.journal.folder))
    }

    fn list(&self) -> anyhow::Result<()> {
        let next = self.journal.next();
        std::fs::create_dir(&next)?;
        write_synced(&next.join("list.json"), &serde_json::to_vec_pretty(&self.record)?)?;
        sync_folder(&next)?;
        Ok(sync_folder(&self.journal.folder)?)
    }

    fn keep(&self, i: usize) -> anyhow::Result<()> {
        let next = self.journal.next();
        for (which, bytes) in [("old", &self.changes[i].before), ("new", &self.changes[i].after)] {
            if let Some(bytes) = bytes {
                write_synced(&next.join(format!("{i}.{which}")), bytes)?;
            }
        }
        Ok(())
    }

    fn stage(&self, i: usize) -> anyhow::Result<()> {
        let change = &self.changes[i];
        let target = Target::of(&change.path, &self.journal.tree, change.before.as_deref())?;
        change.after.as_deref().map_or(Ok(()), |after| self.stage_beside(i, &target, after))
    }

    fn stage_beside(&self, i: usize, target: &Target, text: &[u8]) -> anyhow::Result<()> {
        remove_file(&self.temporary(i))?;
        let name = &self.record.files[i].temporary;
        let temporary = target.stage(text, tempfile::Builder::new().prefix(name).rand_bytes(0))?;
        temporary.as_file().sync_all()?;
        temporary.keep()?;
        Ok(())
    }

    fn seal(&mut self) -> anyhow::Result<()> {
        self.sync_parents()?;
        let next = self.journal.next();
        sync_folder(&next)?;
        write_synced(&next.join("sealed"), b"")?;
        self.is_sealed = true;
        Ok(sync_folder(&next)?)
    }

    fn replace(&self, i: usize) -> anyhow::Result<()> {
        let change = &self.changes[i];
        let target = Target::of(&change.path, &self.journal.tree, change.before.as_deref())?;
        match change.after {
            Some(_) => Ok(std::fs::rename(self.temporary(i), target.path)?),
            None => Ok(std::fs::remove_file(target.path)?),
        }
    }

    fn finish(&self) -> anyhow::Result<()> {
        self.sync_parents()?;
        let last = self.journal.folder.join("last");
        remove_folder(&last)?;
        match self.record.kind {
            Kind::Migration => std::fs::rename(self.journal.next(), last)?,
            Kind::Undo => self.discard()?,
        }
        Ok(sync_folder(&self.journal.folder)?)
    }

    fn mark_back(&self) -> anyhow::Result<()> {
        let next = self.journal.next();
        write_synced(&next.join("back"), b"")?;
        sync_folder(&next)?;
        // They are not needed any more; what is to be restored may need their room.
        for i in 0..self.record.files.len() {
            remove_file(&self.temporary(i))?;
        }
        Ok(())
    }

    fn restore(&mut self, i: usize) -> anyhow::Result<()> {
        let change = &self.changes[i];
        match content(&change.path) {
            Ok(now) if now == change.before => return Ok(()),
            Ok(now) if now == change.after => {}
            _ => {
                if !self.edited.contains(&change.path) {
                    self.edited.push(change.path.clone());
                }
                return Ok(());
            }
        }
        let target = Target::of(&change.path, &self.journal.tree, change.after.as_deref())?;
        match &change.before {
            Some(before) => {
                self.stage_beside(i, &target, before)?;
                std::fs::rename(self.temporary(i), target.path)?;
            }
            None => std::fs::remove_file(target.path)?,
        }
        self.replaced += 1;
        Ok(())
    }

    fn discard(&self) -> anyhow::Result<()> {
        let next = self.journal.next();
        self.sync_parents()?;
        // In this order, so that what is left of it after a crash never looks like a change to go on with.
        for name in ["sealed", "back"] {
            remove_file(&next.join(name)).with_context(|| self.in_journal())?;
        }
        for i in 0..self.record.files.len() {
            remove_file(&self.temporary(i)).with_context(|| self.in_journal())?;
        }
        remove_folder(&next)
    }

    fn temporary(&self, i: usize) -> PathBuf {
        let entry = &self.record.files[i];
        self.journal.tree.join(&entry.path).with_file_name(&entry.temporary)
    }

    fn sync_parents(&self) -> anyhow::Result<()> {
        let parents: BTreeSet<&Path> = self.changes.iter().filter_map(|change| change.path.parent()).collect();
        for parent in parents {
            match sync_folder(parent) {
                // Of a folder that has vanished there is nothing to lose.
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }
}

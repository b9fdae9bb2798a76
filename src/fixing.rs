//! Applies fixes until none is left: passes, checked by the parser, to a fixpoint.
//!
//! Returns texts; writing them is the caller's business. Never returns a text that does not parse.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Diagnostic;
use crate::edit::{self, Applicability, Change, Edit, Fix};
use crate::lint::{Settings, lint};
use crate::model::{Role, Workspace};
use crate::source::{self, FileId};
use crate::writing::leftover::without_leftover_imports;

/// Fixes may make room for others; one that still has work after so many passes never ends.
const MAX_PASSES: usize = 10;

/// What a run of fixes came to.
pub struct Fixed {
    pub workspace: Workspace,
    /// The files that changed, by id, with their new texts.
    pub texts: Vec<(FileId, String)>,
    /// What is left.
    pub diagnostics: Vec<Diagnostic>,
    /// How many findings were repaired.
    pub fixed: usize,
}

/// Makes every fix that may be trusted, again and again until nothing changes.
///
/// A fix after which a file no longer parses is dropped, and so are the fixes of a rule that would go on for ever.
pub fn fix(workspace: Workspace, settings: &Settings, allow_unsafe: bool) -> Fixed {
    fix_where(workspace, settings, allow_unsafe, &|_| true)
}

/// [`fix`], of the findings that `is_wanted` names; all rules run, so that those which speak of others still can.
pub fn fix_where(workspace: Workspace, settings: &Settings, allow_unsafe: bool, is_wanted: &dyn Fn(&Diagnostic) -> bool) -> Fixed {
    let mut run = Run {
        settings,
        is_wanted,
        least: if allow_unsafe { Applicability::Unsafe } else { Applicability::Safe },
        before: BTreeMap::new(),
        broken: BTreeSet::new(),
        endless: BTreeSet::new(),
    };
    let mut workspace = workspace;
    loop {
        match run.until_done(workspace) {
            Outcome::Done(fixed) => return fixed,
            Outcome::Endless(reached) => workspace = run.restored(reached),
        }
    }
}

/// Whether the fix can be made by itself: it changes what may be changed, and every file can be read after it.
pub fn can_be_made(workspace: &Workspace, fix: &Fix) -> bool {
    let mut change = Change::default();
    is_sound(workspace, &fix.edits) && change.try_add(fix) && change.files().all(|(file, edits)| still_parses(workspace, file, edits))
}

/// All that the fix changes where it is made by itself: its edits, and the imports that they leave unused.
pub fn edits_of(workspace: &Workspace, fix: &Fix) -> Vec<Edit> {
    let mut change = Change::default();
    if !is_sound(workspace, &fix.edits) || !change.try_add(fix) {
        return fix.edits.clone();
    }
    change.files().flat_map(|(file, edits)| settled(workspace, file, edits)).collect()
}

struct Run<'s> {
    settings: &'s Settings,
    is_wanted: &'s dyn Fn(&Diagnostic) -> bool,
    least: Applicability,
    /// The text that each changed file had at first.
    before: BTreeMap<FileId, String>,
    /// Fixes that would break a file.
    broken: BTreeSet<FixKey>,
    /// Rules whose fixes do not come to an end.
    endless: BTreeSet<&'static str>,
}

enum Outcome {
    Done(Fixed),
    /// Some rules went on for ever and are out now; this is how far things got.
    Endless(Workspace),
}

/// A fix by what it does, not where: positions move from pass to pass.
type FixKey = (&'static str, Vec<(FileId, String, String)>);

impl Run<'_> {
    fn until_done(&mut self, mut workspace: Workspace) -> Outcome {
        let mut fixed = 0;
        let mut at_first: BTreeMap<&'static str, usize> = BTreeMap::new();
        for _ in 0..MAX_PASSES {
            let diagnostics = lint(&workspace, self.settings);
            for (rule, count) in self.candidates_by_rule(&workspace, &diagnostics) {
                at_first.entry(rule).or_insert(count);
            }
            let (change, taken) = self.chosen(&workspace, &diagnostics);
            if change.is_empty() {
                return Outcome::Done(self.done(workspace, diagnostics, fixed));
            }
            fixed += taken;
            let texts = changed_texts(&workspace, &change);
            for (file, _) in &texts {
                self.before.entry(*file).or_insert_with(|| workspace.source(*file).text.to_string());
            }
            workspace = workspace.with_texts(texts);
        }
        let diagnostics = lint(&workspace, self.settings);
        let left = self.candidates_by_rule(&workspace, &diagnostics);
        let endless: Vec<&'static str> =
            left.into_iter().filter(|(rule, count)| at_first.get(rule) <= Some(count)).map(|(rule, _)| rule).collect();
        if endless.is_empty() {
            return Outcome::Done(self.done(workspace, diagnostics, fixed));
        }
        self.endless.extend(endless);
        Outcome::Endless(workspace)
    }

    /// The fix of a finding, if this run makes it.
    fn candidate<'d>(&self, workspace: &Workspace, diagnostic: &'d Diagnostic) -> Option<&'d Fix> {
        let fix = diagnostic.fix.as_ref()?;
        let is_wanted = fix.applicability >= self.least && !self.endless.contains(diagnostic.rule) && (self.is_wanted)(diagnostic);
        let is_made = is_wanted && is_sound(workspace, &fix.edits) && !self.broken.contains(&key(workspace, diagnostic.rule, fix));
        is_made.then_some(fix)
    }

    fn candidates_by_rule(&self, workspace: &Workspace, diagnostics: &[Diagnostic]) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for diagnostic in diagnostics {
            if self.candidate(workspace, diagnostic).is_some() {
                *counts.entry(diagnostic.rule).or_default() += 1;
            }
        }
        counts
    }

    /// The fixes of this pass, as many as go together and leave every file readable, and how many they are.
    fn chosen(&mut self, workspace: &Workspace, diagnostics: &[Diagnostic]) -> (Change, usize) {
        let mut together = Change::default();
        let mut candidates: Vec<(&'static str, &Fix)> = Vec::new();
        for diagnostic in diagnostics {
            let Some(fix) = self.candidate(workspace, diagnostic) else { continue };
            if together.try_add(fix) {
                candidates.push((diagnostic.rule, fix));
            }
        }
        let mut change = Change::default();
        let mut taken = 0;
        self.take(workspace, &candidates, &mut change, &mut taken);
        (change, taken)
    }

    /// Takes all of the fixes if the files can still be read after them, else looks in each half for those to blame.
    fn take(&mut self, workspace: &Workspace, fixes: &[(&'static str, &Fix)], change: &mut Change, taken: &mut usize) {
        let mut tried = change.clone();
        let added = fixes.iter().filter(|(_, fix)| tried.try_add(fix)).count();
        let files: BTreeSet<FileId> = fixes.iter().flat_map(|(_, fix)| fix.edits.iter().map(|e| e.span.file)).collect();
        let is_fine = tried.files().filter(|(file, _)| files.contains(file)).all(|(file, edits)| still_parses(workspace, file, edits));
        if is_fine {
            *change = tried;
            *taken += added;
            return;
        }
        if let [(rule, fix)] = fixes {
            self.broken.insert(key(workspace, rule, fix));
            return;
        }
        let (left, right) = fixes.split_at(fixes.len() / 2);
        self.take(workspace, left, change, taken);
        self.take(workspace, right, change, taken);
    }

    fn done(&self, workspace: Workspace, diagnostics: Vec<Diagnostic>, fixed: usize) -> Fixed {
        let changed = |(file, before): (&FileId, &String)| {
            let now = &workspace.source(*file).text;
            (**now != **before).then(|| (*file, now.to_string()))
        };
        let texts = self.before.iter().filter_map(changed).collect();
        Fixed { workspace, texts, diagnostics, fixed }
    }

    fn restored(&mut self, workspace: Workspace) -> Workspace {
        workspace.with_texts(std::mem::take(&mut self.before).into_iter().collect())
    }
}

fn key(workspace: &Workspace, rule: &'static str, fix: &Fix) -> FixKey {
    let edits = fix.edits.iter().map(|e| (e.span.file, workspace.source(e.span.file).slice(e.span).to_owned(), e.text.clone()));
    (rule, edits.collect())
}

/// Whether the edits can be made at all, change something, and touch nothing that is generated or broken already.
fn is_sound(workspace: &Workspace, edits: &[Edit]) -> bool {
    let is_possible = |edit: &Edit| {
        let Some(file) = workspace.files.get(edit.span.file.0 as usize) else { return false };
        let may_change = file.role != Role::Generated && file.source.errors.is_empty();
        may_change && file.source.text.get(edit.span.start as usize..edit.span.end as usize).is_some()
    };
    edits.iter().all(is_possible) && edits.iter().any(|edit| workspace.source(edit.span.file).slice(edit.span) != edit.text)
}

fn changed_texts(workspace: &Workspace, change: &Change) -> Vec<(FileId, String)> {
    change.files().map(|(file, edits)| (file, edited(workspace, file, edits))).collect()
}

/// The text of the file after the edits, without the imports that they leave unused.
fn edited(workspace: &Workspace, file: FileId, edits: &[Edit]) -> String {
    edit::apply(&workspace.source(file).text, &settled(workspace, file, edits))
}

fn settled(workspace: &Workspace, file: FileId, edits: &[Edit]) -> Vec<Edit> {
    without_leftover_imports(workspace.source(file), workspace.hir(file), edits)
}

/// Whether the file can be read after the edits.
fn still_parses(workspace: &Workspace, file: FileId, edits: &[Edit]) -> bool {
    let before = workspace.source(file);
    let (after, _tree) = source::parse_as(file, before.path.clone(), edited(workspace, file, edits), before.block.clone());
    after.errors.is_empty()
}

#[cfg(test)]
mod tests;

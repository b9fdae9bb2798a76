//! Runs rules over a linked workspace: report, suppress, sort.
//!
//! Says nothing and writes nothing: what it finds is returned. Repairs are `fixing`'s business.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Level};
use crate::edit::Fix;
use crate::model::{DbQuery, File, Function, Interpreters, PlatformCall, Project, Role, Table, TableUse, Workspace, World, in_file};
use crate::rule::{Cx, Rule};
use crate::rules::syntax_error::SyntaxError;
use crate::source::{Block, FileId, Span};
use crate::suppress;

pub use crate::fixing::{Fixed, fix, fix_where};

/// Rules with their levels and options, as they hold for some files.
pub struct RuleSet {
    /// Only rules that are on.
    pub rules: Vec<(Box<dyn Rule>, Level)>,
}

impl RuleSet {
    /// The level of the rule with this id, where it is on.
    pub fn level_of(&self, id: &str) -> Option<Level> {
        self.rules.iter().find(|(rule, _)| rule.meta().id == id).map(|(_, level)| *level)
    }
}

/// Which rules hold in which file. Made by `cli::config`.
pub struct Settings {
    pub sets: Vec<RuleSet>,
    /// For each file of the workspace, by its id: its place in `sets`, or `None` where it is not linted.
    pub of_file: Vec<Option<u16>>,
}

impl Settings {
    pub fn of(&self, file: FileId) -> Option<&RuleSet> {
        let set = (*self.of_file.get(file.0 as usize)?)?;
        self.sets.get(set as usize)
    }
}

/// How long each rule took, over all threads.
pub type Timings = BTreeMap<&'static str, Duration>;

/// Every finding in the files that the settings name, sorted by place and rule.
pub fn lint(workspace: &Workspace, settings: &Settings) -> Vec<Diagnostic> {
    run(workspace, settings, false).0
}

/// [`lint`], and how long each rule took.
pub fn lint_timed(workspace: &Workspace, settings: &Settings) -> (Vec<Diagnostic>, Timings) {
    run(workspace, settings, true)
}

/// The rules that hold in a file, unless the file is none that gets findings.
fn rules_in<'s>(file: &File, settings: &'s Settings) -> Option<&'s RuleSet> {
    match file.role {
        Role::Backend | Role::Support => settings.of(file.source.id),
        Role::Test | Role::Generated => None,
    }
}

fn run(workspace: &Workspace, settings: &Settings, timed: bool) -> (Vec<Diagnostic>, Timings) {
    let jobs: Vec<Job<'_>> = workspace.projects.iter().flat_map(|project| jobs_of(workspace, project, settings)).collect();
    let world = workspace.world();
    let done: Vec<(Vec<Diagnostic>, Timings)> = jobs.par_iter().map(|job| job.run(workspace, &world, timed)).collect();

    let mut timings = Timings::new();
    let mut by_file: Vec<Vec<Diagnostic>> = Vec::new();
    by_file.resize_with(workspace.files.len(), Vec::new);
    for (found, times) in done {
        for diagnostic in found {
            if let Some(list) = by_file.get_mut(diagnostic.span.file.0 as usize) {
                list.push(diagnostic);
            }
        }
        for (rule, time) in times {
            *timings.entry(rule).or_default() += time;
        }
    }

    let mut files: Vec<(&File, &RuleSet, Vec<Diagnostic>)> =
        workspace.files.iter().zip(by_file).filter_map(|(file, found)| Some((file, rules_in(file, settings)?, found))).collect();
    files.sort_by(|a, b| a.0.source.path.cmp(&b.0.source.path));
    let finished: Vec<Vec<Diagnostic>> = files.into_par_iter().map(|(file, set, found)| finish(file, set, found)).collect();
    (finished.into_iter().flatten().collect(), timings)
}

/// What one worker does in one go: the nouns of one file, seen from one project.
struct Job<'a> {
    project: &'a Project,
    file: &'a File,
    set: &'a RuleSet,
}

fn jobs_of<'a>(workspace: &'a Workspace, project: &'a Project, settings: &'a Settings) -> Vec<Job<'a>> {
    let job = |id: &FileId| {
        let file = workspace.files.get(id.0 as usize)?;
        Some(Job { project, file, set: rules_in(file, settings)? })
    };
    project.files.iter().filter_map(job).collect()
}

impl Job<'_> {
    fn run(&self, workspace: &Workspace, world: &World<'_>, timed: bool) -> (Vec<Diagnostic>, Timings) {
        let mut found = Vec::new();
        let mut timings = Timings::new();
        let nouns = Nouns::of(self.project, self.file.source.id);
        let answers = Interpreters::new(world);
        for (rule, level) in &self.set.rules {
            let start = timed.then(Instant::now);
            let mut cx = Cx::new(workspace, self.project, &answers, rule.meta(), *level, &mut found);
            self.ask(rule.as_ref(), &nouns, &mut cx);
            if let Some(start) = start {
                timings.insert(rule.meta().id, start.elapsed());
            }
        }
        (found, timings)
    }

    fn ask(&self, rule: &dyn Rule, nouns: &Nouns<'_>, cx: &mut Cx<'_>) {
        rule.file(self.file, cx);
        cx.each(nouns.tables.iter().copied(), |table, cx| rule.table(table, cx));
        cx.each(nouns.functions, |function, cx| rule.function(function, cx));
        cx.each(nouns.queries, |query, cx| rule.db_query(query, cx));
        cx.each(nouns.calls, |call, cx| rule.call(call, cx));
        cx.each(nouns.table_uses, |usage, cx| rule.table_use(usage, cx));
    }
}

/// The nouns of one file in a project, found once for all rules.
struct Nouns<'a> {
    tables: Vec<&'a Table>,
    functions: &'a [Function],
    queries: &'a [DbQuery],
    calls: &'a [PlatformCall],
    table_uses: &'a [TableUse],
}

impl<'a> Nouns<'a> {
    fn of(project: &'a Project, file: FileId) -> Self {
        Self {
            tables: project.tables_in(file).collect(),
            functions: in_file(&project.functions, file, |f| f.file),
            queries: in_file(&project.queries, file, |q| q.file),
            calls: in_file(&project.calls, file, |c| c.file),
            table_uses: in_file(&project.table_uses, file, |u| u.file),
        }
    }
}

/// Takes out what is suppressed, adds what is wrong with the file itself, sorts.
///
/// No comment suppresses a syntax error: in a file that does not parse, comments are not reliably found.
fn finish(file: &File, set: &RuleSet, mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if let Some(block) = &file.source.block {
        found.iter_mut().for_each(|diagnostic| diagnostic.fix = diagnostic.fix.take().and_then(|fix| fitted(fix, file, block)));
    }
    sort(&mut found);
    let mut kept = suppress::apply(file, set, found);
    if let Some(level) = set.level_of(SyntaxError::META.id) {
        kept.extend(syntax_errors(file, level));
    }
    sort(&mut kept);
    kept
}

/// A fix as it can be made in a page: within the block, and without new lines where each would need the mark of a quote before it.
fn fitted(mut fix: Fix, file: &File, block: &Block) -> Option<Fix> {
    let text = &file.source.text;
    let end = text.len() as u32 - block.after;
    for edit in fix.edits.iter_mut().filter(|edit| edit.span.file == file.source.id) {
        // What goes to the top of a file goes to the top of the block.
        if edit.span.is_empty() && edit.span.start < block.start {
            edit.span = Span::new(file.source.id, block.start, block.start);
        }
        let is_inside = edit.span.start >= block.start && edit.span.end <= end;
        let has_break = edit.text.contains('\n') || file.source.slice(edit.span).contains('\n');
        if !is_inside || (has_break && !block.is_plain) {
            return None;
        }
        let is_at_start = text[..edit.span.start as usize].ends_with('\n');
        edit.text = indented(&edit.text, &block.indent, is_at_start);
    }
    Some(fix)
}

/// New lines begin where those of the block do.
fn indented(text: &str, indent: &str, is_at_start: bool) -> String {
    let line = |(i, line): (usize, &str)| {
        let begins = i > 0 || is_at_start;
        if begins && !line.trim().is_empty() && !line.starts_with(indent) { format!("{indent}{line}") } else { line.to_owned() }
    };
    text.split_inclusive('\n').enumerate().map(line).collect()
}

fn syntax_errors(file: &File, level: Level) -> impl Iterator<Item = Diagnostic> {
    file.source.errors.iter().map(move |error| Diagnostic {
        rule: SyntaxError::META.id,
        level,
        ..Diagnostic::new(Span::new(file.source.id, error.start, error.end), error.message.clone())
    })
}

/// By place, then rule; a finding that two projects made of one file stays once.
fn sort(found: &mut Vec<Diagnostic>) {
    fn key(d: &Diagnostic) -> (Span, &str, &str) {
        (d.span, d.rule, &d.message)
    }
    found.sort_by(|a, b| key(a).cmp(&key(b)));
    found.dedup_by(|a, b| key(a) == key(b));
}

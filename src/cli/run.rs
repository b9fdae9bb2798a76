//! One run of `orm-lint`: read, link, lint or fix, show.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::Exit;
use super::args::{Format, LintArgs};
use super::baseline::{self, Baseline, Judged};
use super::config::{Configs, FromArgs, select};
use super::lines::Lines;
use super::load::{self, Loaded, Reading};
use super::output::{self, Report, Summary, counted, diff};
use super::paths::{Places, check_readable};
use super::progress::Progress;
use super::{changed, explain, lsp, pages, paths, schema, streams, write};
use crate::diagnostic::{Diagnostic, Level};
use crate::lint::{self, Fixed, Settings, Timings};
use crate::model::{File, Layout, Role, Workspace};

pub fn run(args: &LintArgs) -> anyhow::Result<Exit> {
    let colors = args.output_file.is_none() && args.color.holds_for(&std::io::stdout());
    if args.rules {
        return shown(args, &explain::rules_table(colors));
    }
    if let Some(name) = &args.explain {
        return shown(args, &explain::explain(name, colors)?);
    }
    if args.init {
        let folder = std::env::current_dir().context("the working directory cannot be read")?;
        streams::say(&explain::init(&folder)?);
        return Ok(Exit::Clean);
    }
    let from_args = from_args(args)?;
    if let Some(path) = &args.print_config {
        let path = path.clone().unwrap_or_else(|| PathBuf::from("."));
        let (places, targets) = Places::of(std::slice::from_ref(&path))?;
        let Some(target) = targets.first() else { return Ok(Exit::Clean) };
        let resolved = Configs::new(&places, &from_args).resolve(target)?;
        return shown(args, &explain::print_config(&places, target, &resolved)?);
    }
    if args.lsp {
        return lsp::run(args, from_args);
    }
    let asked = match &args.stdin_filename {
        Some(path) => vec![paths::existing_folder(path)],
        None => args.paths.clone(),
    };
    let (places, mut targets) = Places::of(&asked)?;
    if args.stdin_filename.is_some() {
        // The folder says where the project may lie, and no more: what else is in it may be anything.
        targets.clear();
    }
    check_readable(&targets, &asked)?;
    load::threads(args.threads)?.install(|| {
        Run { args, places: &places, colors, start: Instant::now(), steps: Vec::new(), progress: None }.lint(&targets, &from_args)
    })
}

/// What the command line says of rules, checked before anything is read.
fn from_args(args: &LintArgs) -> anyhow::Result<FromArgs> {
    let preset = args.preset.as_deref().map(select::preset).transpose()?;
    let adjustments = args.adjustments.iter().map(|(level, name)| Ok((*level, select::select(name)?)));
    Ok(FromArgs { config: args.config.clone(), preset, adjustments: adjustments.collect::<anyhow::Result<_>>()? })
}

fn shown(args: &LintArgs, text: &str) -> anyhow::Result<Exit> {
    streams::write_out(text.as_bytes(), args.output_file.as_deref())?;
    Ok(Exit::Clean)
}

struct Run<'a> {
    args: &'a LintArgs,
    places: &'a Places,
    colors: bool,
    start: Instant,
    /// How long each step took, in the order in which they were taken.
    steps: Vec<(&'static str, Duration)>,
    /// What somebody who waits sees.
    progress: Option<Progress>,
}

impl Run<'_> {
    fn lint(mut self, targets: &[PathBuf], from_args: &FromArgs) -> anyhow::Result<Exit> {
        let changed = match (&self.args.since, self.args.staged, &self.args.stdin_filename) {
            (Some(reference), ..) => Some(changed::since(self.places, reference)?),
            (None, true, _) => Some(changed::staged(self.places)?),
            (None, false, Some(path)) => Some(changed::given(self.places, path, streams::read_in()?)?),
            (None, false, None) => None,
        };
        if changed.as_ref().is_some_and(|changed| changed.files.is_empty()) {
            return self.show(&Workspace::link(Vec::new(), Layout::default()), &[], 0, 0);
        }
        self.progress = Some(Progress::start());
        let reading = Reading {
            no_ignore: self.args.no_ignore,
            max_file_size: self.args.max_file_size,
            pages: self.args.markdown,
            changed,
            clients: false,
        };
        let Loaded { files, layout, is_asked, troubles, walking, reading } = load::load(self.places, targets, reading);
        self.steps.extend([("find files", walking), ("read and parse", reading)]);
        for trouble in troubles {
            // The line that says what the run is at may not be in the way of what stays.
            self.progress = None;
            streams::warn(&trouble);
        }
        self.progress(&format!("linting {}", counted(files.len(), "file")));
        let settings = self.step("read configuration", || Configs::new(self.places, from_args).settings(&files, &is_asked))?;
        if self.args.list_files {
            self.progress = None;
            let exit = self.list(&files, &settings);
            std::mem::forget(files);
            return exit;
        }
        let linted = pages::count(files.iter().filter(|file| is_linted(file, &settings)));
        let workspace = self.step("link", || Workspace::link(files, layout));
        if let Some(format) = self.args.schema {
            self.progress = None;
            return shown(self.args, &schema::render(format, self.places, &workspace, &is_asked)?);
        }
        if self.args.fix || self.args.unsafe_fixes || self.args.diff {
            return self.fix(workspace, &settings, linted);
        }
        let (diagnostics, timings) = match self.args.timings {
            true => self.step("lint", || lint::lint_timed(&workspace, &settings)),
            false => (lint::lint(&workspace, &settings), Timings::new()),
        };
        self.progress = None;
        let diagnostics = self.without_known(&workspace, &settings, diagnostics)?;
        let exit = self.show(&workspace, &diagnostics, linted, 0);
        if self.args.timings {
            self.show_timings(&timings);
        }
        if !self.args.watch {
            // The process ends here; giving the memory back piece by piece would only take time.
            std::mem::forget((workspace, diagnostics));
        }
        exit
    }

    fn progress(&self, step: &str) {
        if let Some(progress) = &self.progress {
            progress.step(step);
        }
    }

    /// Leaves out what the baseline knows, and writes the baseline if that was asked for.
    fn without_known(&self, workspace: &Workspace, settings: &Settings, found: Vec<Diagnostic>) -> anyhow::Result<Vec<Diagnostic>> {
        if self.args.baseline.is_none() && !self.args.update_baseline {
            return Ok(found);
        }
        let path = self.args.baseline.clone().flatten().unwrap_or_else(|| PathBuf::from(baseline::NAME));
        let is_judged = |file: &File| is_linted(file, settings);
        let run = Judged::new(self.places, workspace, &path, &is_judged);
        let Some(known) = Baseline::read(&path)? else {
            if !self.args.update_baseline {
                bail!("there is no baseline `{}`; --update-baseline makes one", path.display());
            }
            let fresh = Baseline::of(&run, &found);
            fresh.write(&path)?;
            streams::say(&format!("{} written to `{}`", counted(fresh.count(), "known finding"), path.display()));
            return Ok(Vec::new());
        };
        let compared = known.compare(&run, found);
        if self.args.update_baseline {
            compared.write(&path)?;
        }
        match (compared.gone, self.args.update_baseline) {
            (0, _) => {}
            (gone, true) => streams::say(&format!("{} taken out of `{}`", counted(gone, "known finding"), path.display())),
            (gone, false) => streams::say(&format!("{} gone: --update-baseline takes them out", counted(gone, "known finding"))),
        }
        if compared.known > 0 {
            streams::say(&format!("{} not shown", counted(compared.known, "known finding")));
        }
        Ok(compared.fresh)
    }

    fn step<T>(&mut self, name: &'static str, run: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = run();
        self.steps.push((name, start.elapsed()));
        result
    }

    fn list(&self, files: &[File], settings: &Settings) -> anyhow::Result<Exit> {
        let mut paths: Vec<String> =
            files.iter().filter(|file| is_linted(file, settings)).map(|file| self.places.shown(&file.source.path) + "\n").collect();
        paths.sort_unstable();
        paths.dedup();
        shown(self.args, &paths.concat())
    }

    fn fix(&mut self, workspace: Workspace, settings: &Settings, linted: usize) -> anyhow::Result<Exit> {
        let before: Vec<Arc<str>> = workspace.files.iter().map(|file| file.source.text.clone()).collect();
        let is_unsafe = self.args.unsafe_fixes;
        let fixed = self.step("lint and fix", || lint::fix(workspace, settings, is_unsafe));
        self.progress = None;
        if self.args.diff {
            return self.show_diff(&before, &fixed, linted);
        }
        let mut failures = Vec::new();
        for file in pages::rewritten_in(&fixed.workspace, &before, &fixed.texts) {
            let outcome = write::replace(&self.places.on_disk(&file.path), self.places.base(), &file.before, &file.after);
            if let Err(error) = outcome {
                failures.push(format!("{} was not changed: {error:#}", self.places.shown(&file.path)));
            }
        }
        let exit = self.show(&fixed.workspace, &fixed.diagnostics, linted, fixed.fixed);
        if self.args.timings {
            self.show_timings(&Timings::new());
        }
        if failures.is_empty() { exit } else { bail!(failures.join("\nerror: ")) }
    }

    fn show_diff(&self, before: &[Arc<str>], fixed: &Fixed, linted: usize) -> anyhow::Result<Exit> {
        let files = pages::rewritten_in(&fixed.workspace, before, &fixed.texts);
        let diffs = files.iter().map(|file| diff::render(&self.places.shown(&file.path), &file.before, &file.after, self.colors));
        streams::write_out(diffs.collect::<String>().as_bytes(), self.args.output_file.as_deref())?;
        let summary = Summary::of(&fixed.diagnostics, linted, 0, self.start.elapsed());
        let would = format!("{} would change, {} would be fixed", counted(files.len(), "file"), counted(fixed.fixed, "finding"));
        streams::say(&format!("{would}; then: {}", summary.line()));
        let exit = self.exit(summary);
        Ok(if !files.is_empty() && !self.args.exit_zero { Exit::Findings } else { exit })
    }

    fn show(&self, workspace: &Workspace, diagnostics: &[Diagnostic], linted: usize, fixed: usize) -> anyhow::Result<Exit> {
        let summary = Summary::of(diagnostics, linted, fixed, self.start.elapsed());
        let is_shown = |diagnostic: &&Diagnostic| !self.args.quiet || diagnostic.level == Level::Error;
        let visible: Vec<&Diagnostic> = diagnostics.iter().filter(is_shown).collect();
        let lines = Lines::new(workspace);
        let report = Report {
            places: self.places,
            lines: &lines,
            diagnostics: &visible,
            summary,
            colors: self.colors,
            checkout: output::checkout(self.args.format),
        };
        let bytes = output::render(self.args.format, &report)?;
        streams::write_out(&bytes, self.args.output_file.as_deref())?;

        let exit = self.exit(summary);
        if linted == 0 && matches!(self.args.format, Format::Text | Format::Concise) {
            streams::say(&match (&self.args.since, self.args.staged) {
                (Some(reference), _) => format!("nothing to lint: no Convex files here have changed since {reference}"),
                (None, true) => "nothing to lint: no Convex files here are staged".to_owned(),
                (None, false) => "nothing to lint: no Convex files here".to_owned(),
            });
        } else if !self.args.quiet || exit == Exit::Findings || summary.fixed > 0 {
            streams::say(&summary.line());
        }
        if let Some(limit) = self.args.max_warnings.filter(|limit| summary.warnings > *limit) {
            streams::say(&format!("too many warnings: {}, and --max-warnings allows {limit}", summary.warnings));
        }
        if self.args.statistics {
            self.show_statistics(diagnostics);
        }
        Ok(exit)
    }

    fn exit(&self, summary: Summary) -> Exit {
        let is_bad = summary.errors > 0 || self.args.max_warnings.is_some_and(|limit| summary.warnings > limit);
        if is_bad && !self.args.exit_zero { Exit::Findings } else { Exit::Clean }
    }

    /// The rules that found something, the loudest first.
    fn show_statistics(&self, diagnostics: &[Diagnostic]) {
        let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for diagnostic in diagnostics {
            let count = counts.entry(diagnostic.rule).or_default();
            count.0 += 1;
            count.1 += usize::from(diagnostic.is_fixable(true));
        }
        let mut counts: Vec<(&str, (usize, usize))> = counts.into_iter().collect();
        counts.sort_by_key(|(rule, (count, _))| (std::cmp::Reverse(*count), *rule));
        let mut table = String::new();
        for (rule, (count, fixable)) in counts {
            let fixes = if fixable > 0 { format!("  ({fixable} fixable)") } else { String::new() };
            let _ = write!(table, "\n{count:>6}  {rule}{fixes}");
        }
        if !table.is_empty() {
            streams::say(table.trim_start_matches('\n'));
        }
    }

    fn show_timings(&self, timings: &Timings) {
        let milliseconds = |time: Duration| format!("{:>9.2} ms", time.as_secs_f64() * 1000.0);
        let mut table = String::new();
        for (step, time) in &self.steps {
            let _ = writeln!(table, "{}  {step}", milliseconds(*time));
        }
        let _ = write!(table, "{}  all", milliseconds(self.start.elapsed()));
        let mut rules: Vec<(&str, Duration)> = timings.iter().map(|(rule, time)| (*rule, *time)).collect();
        rules.sort_by_key(|(rule, time)| (std::cmp::Reverse(*time), *rule));
        if !rules.is_empty() {
            let _ = write!(table, "\n\nrules, over all threads:");
        }
        for (rule, time) in rules {
            let _ = write!(table, "\n{}  {rule}", milliseconds(time));
        }
        streams::say(&table);
    }
}

/// Whether findings in the file are shown.
fn is_linted(file: &File, settings: &Settings) -> bool {
    matches!(file.role, Role::Backend | Role::Support) && settings.of(file.source.id).is_some()
}

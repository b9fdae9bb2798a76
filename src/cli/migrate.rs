//! One run of `orm-migrate`: read, link, plan, show or write; or take the last one back.
//!
//! What is migrated and how is the codemods' business; how files are replaced is the journal's.

pub mod installed;
pub mod report;
mod interactive;
mod recover;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::args::{MigrateArgs, ReportFormat, Source};
use super::config::select;
use super::journal::{self, Change, Journal, Kind};
use super::lines::Lines;
use super::load::{self, Loaded, Reading};
use super::output::{self, diff};
use super::pages::{self, Rewritten};
use super::paths::{self, Places, check_readable};
use super::progress::Progress;
use super::{Exit, changed, git, streams};
use crate::codemod::{self, Left, Options, Part, Plan, PublicShape, Severity, Target};
use crate::codemods;
use crate::model::ty::TableFlavor;
use crate::model::{Role, Workspace};
use crate::source::{Block, FileId, Span};
use installed::Orm;
use interactive::{Agreed, Asking};
use report::Report;

pub fn run(args: &MigrateArgs) -> anyhow::Result<Exit> {
    let (places, targets) = Places::of(&args.paths)?;
    check_readable(&targets, &args.paths)?;
    let tree = tree(&targets, &places)?;
    let shown = |path: &Path| places.shown_path(path);
    let Some(source) = args.from.filter(|_| !args.undo) else {
        return recover::undo(&tree, &shown, args.allow_dirty);
    };
    let from = source.codemod()?;
    if source == Source::Validators && args.only == Some(Part::Functions) {
        bail!("--from validators rewrites the schema only; there is nothing for --only functions to do");
    }
    if !args.keep.is_empty() && (source == Source::Validators || args.only == Some(Part::Schema)) {
        bail!("only the schema is to be rewritten; there are no functions that --keep could leave as they are");
    }
    if args.only == Some(Part::Functions) && !args.tables.is_empty() {
        bail!("--table names tables of the schema to rewrite, and --only functions rewrites none of it");
    }
    if args.interactive {
        interactive::check_terminal()?;
    }
    if args.public_shape == PublicShape::Orm && (from != codemod::From::Ents || args.only == Some(Part::Schema)) {
        bail!("--public-shape orm is about what functions return, and no functions are rewritten here");
    }
    if let Some(path) = &args.report {
        check_writable(path)?;
    }
    // What an interrupted run left is put in order before anything is read. Where there was no run, there is no journal yet.
    let mut journal = None;
    if args.writes() && journal::exists(&tree) {
        let opened = Journal::open(&tree, &shown)?;
        recover::finish(&opened)?;
        journal = Some(opened);
    } else if journal::is_unfinished(&tree) {
        bail!("a run of orm-migrate in `{}` was interrupted; run it without --dry-run and --check, or with --undo", shown(&tree));
    }
    let run = Run { args, source, places: &places, tree: &tree };
    load::threads(args.threads)?.install(|| run.migrate(&targets, from, journal))
}

/// The folder that the paths lie in as one project; the journal is at its top.
fn tree(targets: &[PathBuf], places: &Places) -> anyhow::Result<PathBuf> {
    let folder = |target: &PathBuf| if target.is_dir() { target.clone() } else { target.parent().unwrap_or(target).to_path_buf() };
    let mut trees: Vec<PathBuf> = targets.iter().map(|target| paths::tree_of(&folder(target))).collect();
    trees.dedup();
    match &trees[..] {
        [tree] => Ok(tree.clone()),
        [one, two, ..] => bail!("`{}` and `{}` are two projects; migrate one at a time", places.shown_path(one), places.shown_path(two)),
        [] => bail!("no path to migrate"),
    }
}

/// Says that the report cannot be written before anything else is.
fn check_writable(path: &Path) -> anyhow::Result<()> {
    let is_there = path.exists();
    let opened = std::fs::File::options().append(true).create(true).open(path).map(drop);
    opened.with_context(|| format!("cannot write `{}`", path.display()))?;
    if !is_there {
        // It is written at the end, if the run comes to that.
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

struct Run<'a> {
    args: &'a MigrateArgs,
    source: Source,
    places: &'a Places,
    tree: &'a Path,
}

impl Run<'_> {
    fn migrate(&self, targets: &[PathBuf], from: codemod::From, journal: Option<Journal<'_>>) -> anyhow::Result<Exit> {
        let changed = self.args.staged.then(|| changed::staged(self.places)).transpose()?;
        let reading = Reading {
            no_ignore: self.args.no_ignore,
            max_file_size: self.args.max_file_size,
            pages: false,
            changed,
            clients: self.args.public_shape == PublicShape::Orm,
        };
        let progress = Progress::start();
        let Loaded { mut files, mut layout, is_asked, troubles, .. } = load::load(self.places, targets, reading);
        let blocks = pages::as_projects(&mut files, &mut layout);
        progress.step(&format!("migrating {}", output::counted(files.len(), "file")));
        let mut progress = Some(progress);
        for trouble in troubles {
            progress = None;
            streams::warn(&trouble);
        }
        let asked = files.iter().zip(is_asked).filter(|(_, is_asked)| *is_asked);
        let mut projects: Vec<usize> = asked.filter_map(|(file, _)| layout.root_of(&file.source.path)).collect();
        projects.sort_unstable();
        projects.dedup();
        let folders: Vec<PathBuf> = projects.iter().map(|root| self.places.on_disk(&layout.roots[*root].functions)).collect();
        let orm = Orm::of_all(&folders, |folder| self.places.shown_path(folder));
        // Who says both need not be told that it is not clear.
        let is_said = self.args.relations.style().is_some() && self.args.orm.is_some();
        let orm = if is_said { orm.unwrap_or(Orm::Unknown) } else { orm? };
        let mut options =
            self.args.options(from, self.args.relations.style().unwrap_or_else(|| orm.style(self.args.part())), &orm.module());
        if self.args.target.is_none() && orm.is_before_011() {
            options.target = Target::Before011;
        }
        let workspace = Workspace::link(files, layout);
        options.kept = self.kept(&workspace)?;
        let has_projects = !projects.is_empty();
        options.projects = Some(projects);
        let mut plan = if has_projects { codemods::plan(&workspace, &options) } else { Plan::default() };
        let is_misplaced = |file: &FileId, rewritten: &codemod::Rewritten| {
            blocks.get(file).is_some_and(|block| !pages::is_inside(block, &workspace.source(*file).text, &rewritten.text))
        };
        let misplaced: Vec<FileId> = plan.files.iter().filter(|(file, new)| is_misplaced(file, new)).map(|(file, _)| *file).collect();
        drop(progress);
        if !misplaced.is_empty() {
            for file in &misplaced {
                let path = self.places.shown(&workspace.source(*file).path);
                streams::warn(&format!(
                    "a schema in `{path}` stays as it is: its block stands in a list or a quote, where the new code has no place"
                ));
            }
            let is_kept = |project: &usize| !workspace.projects[*project].files.iter().any(|file| misplaced.contains(file));
            options.projects.iter_mut().for_each(|projects| projects.retain(is_kept));
            plan = codemods::plan(&workspace, &options);
        }
        self.check_tables(&workspace, &options, &plan)?;
        check_ents(&workspace, &options)?;
        add_unread(&workspace, &options, &mut plan);

        let lines = Lines::new(&workspace);
        if self.args.interactive && !plan.files.is_empty() {
            self.refuse_dirty(&rewritten(&workspace, &blocks, &plan))?;
            let planned = |options: &Options| {
                let mut plan = codemods::plan(&workspace, options);
                add_unread(&workspace, options, &mut plan);
                plan
            };
            let colors = self.args.color.holds_for(&std::io::stderr());
            let asking = Asking { places: self.places, workspace: &workspace, blocks: &blocks, lines: &lines, planned: &planned, colors };
            let Some(agreed) = asking.ask(options, plan)? else {
                streams::say("nothing was changed");
                return Ok(Exit::Findings);
            };
            Agreed { options, plan } = agreed;
        }
        let is_auto = self.args.relations.style().is_none();
        let rewritten = rewritten(&workspace, &blocks, &plan);
        let report = Report {
            places: self.places,
            workspace: &workspace,
            lines: &lines,
            plan: &plan,
            rewritten: &rewritten,
            from: self.source,
            options: &options,
            orm: &orm,
            is_auto,
            written: self.args.writes() && !plan.files.is_empty(),
            colors: false,
        };
        if report.written {
            self.write(&rewritten, &plan, journal)?;
        }
        let exit = self.show(&report, &rewritten, has_projects);
        std::mem::forget((workspace, plan));
        exit
    }

    /// The files of `--keep`, as the workspace names them.
    fn kept(&self, workspace: &Workspace) -> anyhow::Result<Vec<String>> {
        let mut kept = Vec::new();
        for path in &self.args.keep {
            let whole = dunce::canonicalize(self.places.working().join(path)).ok();
            let name = whole.and_then(|whole| self.places.in_workspace(&whole));
            let Some(file) = name.and_then(|name| workspace.files.iter().find(|file| file.source.path == name)) else {
                bail!("no file of the project is called `{path}`, which --keep names");
            };
            let id = file.source.id;
            if workspace.projects.iter().any(|project| project.schema.as_ref().is_some_and(|schema| schema.file == id)) {
                bail!("`{path}` holds the schema, which all that is written goes by; --keep is for files with functions");
            }
            kept.push(file.source.path.clone());
        }
        Ok(kept)
    }

    /// A table that no schema has is a slip of the pen.
    fn check_tables(&self, workspace: &Workspace, options: &Options, plan: &Plan) -> anyhow::Result<()> {
        let schemas = options.projects.iter().flatten().filter_map(|project| workspace.projects.get(*project)?.schema.as_ref());
        let mut names: Vec<&str> = schemas.clone().flat_map(|schema| &schema.tables).map(|table| &*table.name).collect();
        names.extend(plan.tables.iter().map(|table| table.name.as_str()));
        if schemas.clone().next().is_none() || schemas.clone().any(|schema| schema.open) {
            return Ok(());
        }
        for table in &self.args.tables {
            if !names.contains(&table.as_str()) {
                let near = select::nearest(table, names.iter().copied());
                let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                bail!("no table of the schema is called `{table}`{near}");
            }
        }
        Ok(())
    }

    fn write(&self, rewritten: &[Rewritten], plan: &Plan, journal: Option<Journal<'_>>) -> anyhow::Result<()> {
        let disk = |file: &Rewritten| self.places.on_disk(&file.path);
        let shown = |path: &Path| self.places.shown_path(path);
        self.refuse_dirty(rewritten)?;
        let is_new = |file: &Rewritten| plan.created.contains_key(&file.path);
        let change = |file: &Rewritten| Change {
            path: disk(file),
            before: (!is_new(file)).then(|| file.before.as_bytes().to_vec()),
            after: Some(file.after.as_bytes().to_vec()),
        };
        let changes = rewritten.iter().map(change).collect();
        let journal = match journal {
            Some(journal) => journal,
            None => Journal::open(self.tree, &shown)?,
        };
        journal.begin(Kind::Migration, changes)?.run()?;
        Ok(())
    }

    /// Refuses to change files that git could not restore.
    fn refuse_dirty(&self, rewritten: &[Rewritten]) -> anyhow::Result<()> {
        if self.args.allow_dirty {
            return Ok(());
        }
        let disk = rewritten.iter().map(|file| self.places.on_disk(&file.path));
        let resolved: Vec<PathBuf> = disk.map(|path| dunce::canonicalize(&path).unwrap_or(path)).collect();
        refuse_dirty(&git::dirty(&resolved)?, &|path| self.places.shown_path(path))
    }

    fn show(&self, report: &Report<'_>, rewritten: &[Rewritten], has_projects: bool) -> anyhow::Result<Exit> {
        let format = self.args.report_format();
        let is_diff_shown = self.args.dry_run && (self.args.report.is_some() || format == ReportFormat::Text);
        if is_diff_shown {
            streams::write_out(self.diff(rewritten).as_bytes(), None)?;
        }
        // The diff has standard output for itself.
        let on_stderr = is_diff_shown && self.args.report.is_none();
        let colors = match (&self.args.report, on_stderr) {
            (Some(_), _) => false,
            (None, true) => self.args.color.holds_for(&std::io::stderr()),
            (None, false) => self.args.color.holds_for(&std::io::stdout()),
        };
        let bytes = report::render(format, &Report { colors, ..*report })?;
        if on_stderr {
            // Nothing to say is no empty line.
            String::from_utf8_lossy(&bytes).lines().for_each(streams::say);
        } else {
            let written = streams::write_out(&bytes, self.args.report.as_deref());
            written.with_context(|| if report.written { "the files are written; their report is not" } else { "no report" })?;
        }
        streams::say(&match (has_projects, report.has_schema()) {
            (false, _) if self.args.staged => "nothing to migrate: no Convex files here are staged".to_owned(),
            (false, _) => "nothing to migrate: no Convex project here".to_owned(),
            (true, false) => "nothing to migrate: no schema here that can be read".to_owned(),
            (true, true) => report.summary(),
        });
        let is_bad = if self.args.check { !report.plan.files.is_empty() } else { report.plan.has_work_left() };
        Ok(if is_bad { Exit::Findings } else { Exit::Clean })
    }

    fn diff(&self, rewritten: &[Rewritten]) -> String {
        let colors = self.args.color.holds_for(&std::io::stdout());
        rewritten.iter().map(|file| diff::render(&self.places.shown(&file.path), &file.before, &file.after, colors)).collect()
    }
}

/// What the plan's files come to on disk.
fn rewritten(workspace: &Workspace, blocks: &BTreeMap<FileId, Block>, plan: &Plan) -> Vec<Rewritten> {
    let mut all = pages::rewritten(plan.files.iter().map(|(file, rewritten)| {
        let source = workspace.source(*file);
        pages::Changed { path: &source.path, block: blocks.get(file), before: &source.text, after: &rewritten.text }
    }));
    let made = |(path, text): (&String, &String)| Rewritten { path: path.clone(), before: String::new(), after: text.clone() };
    all.extend(plan.created.iter().map(made));
    all
}

/// Functions are read by what the old schema says; that may be gone already.
fn check_ents(workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    let schemas = || options.projects.iter().flatten().filter_map(|project| workspace.projects.get(*project)?.schema.as_ref());
    let is_ent = |schema: &crate::model::Schema| schema.tables.iter().any(|table| table.definition.flavor == TableFlavor::Ent);
    if options.from == codemod::From::Ents && options.only == Some(Part::Functions) && schemas().next().is_some() && !schemas().any(is_ent)
    {
        bail!(
            "the schema has no ents, without which it cannot be told what functions ask of them; \
             if it has been migrated already, take that back with --undo, and migrate both, or the functions first"
        );
    }
    Ok(())
}

fn refuse_dirty(dirty: &[PathBuf], shown: &dyn Fn(&Path) -> String) -> anyhow::Result<()> {
    const NAMED: usize = 5;
    if dirty.is_empty() {
        return Ok(());
    }
    let mut names: Vec<String> = dirty.iter().take(NAMED).map(|path| format!("`{}`", shown(path))).collect();
    if dirty.len() > NAMED {
        names.push(format!("{} more", dirty.len() - NAMED));
    }
    bail!("git could not restore what is in {}: commit first, or go on with --allow-dirty; nothing was changed", names.join(", "))
}

/// A file of the asked projects that does not parse is left to a person; its errors are found by nobody else.
fn add_unread(workspace: &Workspace, options: &Options, plan: &mut Plan) {
    let ids = options.projects.iter().flatten().filter_map(|project| workspace.projects.get(*project)).flat_map(|project| &project.files);
    for file in ids.map(|id| &workspace.files[id.0 as usize]) {
        let id = file.source.id;
        let is_said = plan.left.iter().any(|left| left.span.file == id && left.code == "syntax-error");
        if let Some(error) = file.source.errors.first().filter(|_| !is_said && matches!(file.role, Role::Backend | Role::Support)) {
            plan.left.push(Left {
                code: "syntax-error",
                severity: Severity::Error,
                span: Span::new(id, error.start, error.end),
                message: format!("nothing in this file was migrated, for it cannot be read: {}", error.message),
                suggestion: None,
            });
        }
    }
    plan.left.sort_by_key(|left| (left.span.file, left.span.start));
}

impl MigrateArgs {
    /// Whether the run changes files.
    fn writes(&self) -> bool {
        !self.dry_run && !self.check
    }
}

//! What a migration came to, in four formats: for people, for programs, for a pull request, for a browser.
//!
//! Each format is one function from a report to text. What is migrated, and what is left, was decided before.

mod html;
mod json;
mod markdown;
mod text;

use super::installed::Orm;
use crate::cli::args::{ReportFormat, Source};
use crate::cli::lines::Lines;
use crate::cli::output::counted;
use crate::cli::pages::Rewritten;
use crate::cli::paths::Places;
use crate::codemod::{Left, Options, Part, Plan, RelationStyle, Severity, Status, TableOutcome};
use crate::model::Workspace;
use crate::source::FileId;

/// Where the codes of what is left are explained.
const CODES_URL: &str = "https://github.com/orm-lint/orm-lint/blob/main/docs/codemods/README.md";

/// What a format is made from.
pub struct Report<'a> {
    pub places: &'a Places,
    pub workspace: &'a Workspace,
    pub lines: &'a Lines<'a>,
    pub plan: &'a Plan,
    /// The plan's files, as they are on disk.
    pub rewritten: &'a [Rewritten],
    pub from: Source,
    pub options: &'a Options,
    pub orm: &'a Orm,
    /// Whether nobody said how relations are written.
    pub is_auto: bool,
    /// Whether the files were written.
    pub written: bool,
    pub colors: bool,
}

pub fn render(format: ReportFormat, report: &Report<'_>) -> anyhow::Result<Vec<u8>> {
    match format {
        ReportFormat::Text => text::render(report),
        ReportFormat::Json => json::render(report),
        ReportFormat::Markdown => Ok(markdown::render(report)),
        ReportFormat::Html => Ok(html::render(report)),
    }
}

/// Things that are left, each with the code around it.
pub fn snippets(places: &Places, lines: &Lines<'_>, left: &[&Left], colors: bool) -> anyhow::Result<Vec<u8>> {
    text::snippets(places, lines, left, colors)
}

/// Tables by what became of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub migrated: usize,
    pub created: usize,
    pub kept: usize,
    pub already: usize,
}

impl Counts {
    pub fn of(tables: &[TableOutcome]) -> Self {
        let mut counts = Self::default();
        for table in tables {
            *match table.status {
                Status::Migrated => &mut counts.migrated,
                Status::Created => &mut counts.created,
                Status::Kept { .. } => &mut counts.kept,
                Status::Already => &mut counts.already,
            } += 1;
        }
        counts
    }

    /// `3 tables migrated, 1 created, 1 kept`.
    fn words(self) -> Option<String> {
        let counts = [(self.migrated, "migrated"), (self.created, "created"), (self.kept, "kept"), (self.already, "migrated before")];
        let mut words: Vec<String> = Vec::new();
        for (count, word) in counts.into_iter().filter(|(count, _)| *count > 0) {
            words.push(if words.is_empty() { format!("{} {word}", counted(count, "table")) } else { format!("{count} {word}") });
        }
        (!words.is_empty()).then(|| words.join(", "))
    }
}

impl Report<'_> {
    /// `2 files written; 3 tables migrated, 1 kept; 118 calls rewritten, 6 left`.
    pub fn summary(&self) -> String {
        let files = match self.plan.files.len() + self.plan.created.len() {
            0 => "nothing to change".to_owned(),
            count => counted(count, "file") + if self.written { " written" } else { " would change" },
        };
        let mut line = [files].into_iter().chain(Counts::of(&self.plan.tables).words()).collect::<Vec<_>>().join("; ");
        let calls = self.plan.calls;
        if calls.rewritten + calls.left > 0 {
            line += &format!("; {} rewritten, {} left", counted(calls.rewritten, "call"), calls.left);
        }
        line
    }

    /// The files as a person knows them, each with the number of places that change in it; with none where it is new.
    fn files(&self) -> Vec<(String, Option<usize>)> {
        let path = |file: &FileId| self.places.shown(&self.lines.source(*file).path);
        let changed = self.plan.files.iter().map(|(file, rewritten)| (path(file), Some(rewritten.edits)));
        changed.chain(self.plan.created.keys().map(|path| (self.places.shown(path), None))).collect()
    }

    /// Whether there is anything to judge at all.
    pub fn has_schema(&self) -> bool {
        let asked = self.options.projects.iter().flatten().filter_map(|project| self.workspace.projects.get(*project));
        !self.plan.files.is_empty() || !self.plan.tables.is_empty() || asked.into_iter().any(|project| project.schema.is_some())
    }

    /// What a person has to do, and what is only good to know.
    fn left(&self) -> (Vec<&Left>, Vec<&Left>) {
        self.plan.left.iter().partition(|left| left.severity > Severity::Info)
    }

    /// The tables of each project; without a name where there is but one.
    fn tables(&self) -> Vec<(Option<String>, Vec<&TableOutcome>)> {
        let mut groups: Vec<(String, Vec<&TableOutcome>)> = Vec::new();
        for table in &self.plan.tables {
            let path = &self.lines.source(table.span.file).path;
            let root = self.workspace.layout.root_of(path).map(|root| self.workspace.layout.roots[root].functions.as_str());
            let folder = self.places.shown(root.unwrap_or_else(|| crate::model::layout::parent(path)));
            match groups.last_mut() {
                Some((name, tables)) if *name == folder => tables.push(table),
                _ => groups.push((folder, vec![table])),
            }
        }
        let is_one = groups.len() == 1;
        groups.into_iter().map(|(name, tables)| ((!is_one).then_some(name), tables)).collect()
    }

    /// `convex/schema.ts:40:5`.
    fn place(&self, left: &Left) -> String {
        let at = self.lines.position(left.span.file, left.span.start);
        format!("{}:{}:{}", self.places.shown(&self.lines.source(left.span.file).path), at.line, at.column)
    }

    /// Places are those that a person knows; the files may hold something else there by now.
    fn place_note(&self) -> Option<&'static str> {
        let is_moved = |left: &Left| self.plan.files.contains_key(&left.span.file);
        (self.written && self.plan.left.iter().any(is_moved)).then_some(if self.options.todo {
            "lines are those of the files before this run; a comment says the same in the new ones"
        } else {
            "lines are those of the files before this run; --todo would have written all of this into the new ones"
        })
    }

    /// Why relations are written as they are, where nobody said how.
    fn style_note(&self) -> Option<String> {
        if !self.is_auto || self.plan.files.is_empty() {
            return None;
        }
        Some(match self.orm {
            Orm::Unknown if self.options.relations == RelationStyle::DefineRelations => format!(
                "relations are written as {}, the form of better-convex 0.6 and later, because {}: kitcn takes --relations chain, with \
                 which functions stay as they are",
                style_words(self.options.relations),
                self.orm.words()
            ),
            Orm::Unknown => format!(
                "relations are written as {}, the form of better-convex before 0.6, because {}: newer versions of better-convex take \
                 --relations defineRelations, kitcn takes --relations chain",
                style_words(self.options.relations),
                self.orm.words()
            ),
            known => format!("relations are written as {}, because {}", style_words(self.options.relations), known.words()),
        })
    }

    /// What to do after the run.
    fn next_steps(&self) -> Vec<String> {
        let mut steps = Vec::new();
        if self.plan.files.is_empty() {
            return steps;
        }
        if !self.written {
            steps.push("run it without --dry-run and --check to write the files".to_owned());
        }
        if !self.orm.is_installed() && self.options.orm == self.orm.module() {
            steps.push(format!("install the package of `{}`, which the new code imports", self.options.orm));
        }
        let (work, _) = self.left();
        if !work.is_empty() {
            steps.push(format!(
                "go through what is left to a person: {}; each code is explained in {CODES_URL}",
                counted(work.len(), "place")
            ));
        }
        if self.options.only == Some(Part::Functions) {
            steps.push("migrate the schema, too, which the new code goes by: the same without --only".to_owned());
        }
        steps.push("check the types, run the tests, and read the diff before you deploy".to_owned());
        if self.written {
            steps.push("to take all of it back: orm-migrate --undo".to_owned());
        }
        steps
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect::<String>() + ".")
}

fn style_words(style: RelationStyle) -> &'static str {
    match style {
        RelationStyle::Relations => "`relations(table, …)`",
        RelationStyle::DefineRelations => "`defineRelations(tables, …)`",
        RelationStyle::Chain => "`defineSchema(tables).relations(…)`",
    }
}

/// What became of a table, in one word.
pub fn status_word(status: &Status) -> &'static str {
    match status {
        Status::Migrated => "migrated",
        Status::Created => "created",
        Status::Kept { .. } => "kept",
        Status::Already => "already",
    }
}

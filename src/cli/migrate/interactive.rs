//! `--interactive`: shows what would become of each file, and asks. Nothing is written before everything is answered.
//!
//! What may be asked, and what an answer comes to, is in `choice`. Questions go to standard error, since standard output is the report's.

mod choice;

use std::io::{BufRead, IsTerminal, Write};

use anyhow::bail;

use super::report;
use crate::cli::lines::Lines;
use crate::cli::output::{counted, diff};
use crate::cli::pages::{self, Changed};
use crate::cli::paths::Places;
use crate::cli::streams;
use crate::codemod::{Options, Plan, Status};
use crate::model::Workspace;
use crate::source::{Block, FileId};
use choice::{Choice, Consequences, Unit};
use std::collections::BTreeMap;

const HELP: &str = "\
y  apply this
n  leave it as it is; what that means for other files is said
a  apply this and all that was not asked yet
d  leave this and all that was not asked yet as it is
e  explain it: what would be left to do, what depends on it, and what leaving it would come to
q  quit; nothing is written
?  show this list";

/// How many files are named before the rest is counted.
const NAMED: usize = 4;

/// A plan that a person agreed to, and what it was made by.
pub struct Agreed {
    pub options: Options,
    pub plan: Plan,
}

pub struct Asking<'a> {
    pub places: &'a Places,
    pub workspace: &'a Workspace,
    pub blocks: &'a BTreeMap<FileId, Block>,
    pub lines: &'a Lines<'a>,
    pub planned: &'a dyn Fn(&Options) -> Plan,
    pub colors: bool,
}

/// Says that there is nobody to ask, before anything is done.
pub fn check_terminal() -> anyhow::Result<()> {
    if !std::io::stdin().is_terminal() {
        bail!("--interactive asks about each file, and standard input is no terminal to answer on; --dry-run shows what would change");
    }
    if !std::io::stderr().is_terminal() {
        bail!("--interactive asks about each file, and standard error is no terminal to ask on; --dry-run shows what would change");
    }
    Ok(())
}

enum Answer {
    Take,
    Leave,
    TakeAll,
    LeaveAll,
    Explain,
    Quit,
    Help,
}

impl Asking<'_> {
    /// What is wanted of the plan; `None` where nothing is.
    pub fn ask(&self, options: Options, plan: Plan) -> anyhow::Result<Option<Agreed>> {
        let mut choice = Choice::new(self.workspace, options, plan, self.planned);
        streams::say(&format!(
            "{} would change; nothing is written before all is answered",
            counted(self.paths(choice.plan.files.keys().copied()).len() + choice.plan.created.len(), "file")
        ));
        let mut answered = 0;
        while let Some(unit) = choice.open().first() {
            answered += 1;
            self.show(&choice, unit, answered)?;
            loop {
                match self.answer()? {
                    Answer::Take => choice.take(unit),
                    Answer::Leave => {
                        let consequences = choice.leave(std::slice::from_ref(unit));
                        self.say_left(unit, &consequences);
                    }
                    Answer::TakeAll => choice.open().iter().for_each(|unit| choice.take(unit)),
                    Answer::LeaveAll => {
                        let open = choice.open();
                        let consequences = choice.leave(&open);
                        let files = open.into_iter().flat_map(|unit| unit.files).collect();
                        self.say_left(&Unit::of(files), &consequences);
                    }
                    Answer::Explain => {
                        self.explain(&choice, unit)?;
                        continue;
                    }
                    Answer::Help => {
                        streams::say(HELP);
                        continue;
                    }
                    Answer::Quit => return Ok(None),
                }
                break;
            }
        }
        let Choice { options, plan, .. } = choice;
        if !options.kept.is_empty() && !plan.files.is_empty() {
            let kept: Vec<String> = options.kept.iter().map(|path| format!("--keep {}", self.places.shown(path))).collect();
            streams::say(&format!("the same without questions: {}", kept.join(" ")));
        }
        Ok((!plan.files.is_empty()).then_some(Agreed { options, plan }))
    }

    /// The next answer that is one. Whoever closes the input has quit.
    fn answer(&self) -> anyhow::Result<Answer> {
        loop {
            let mut err = std::io::stderr().lock();
            write!(err, "apply this [y,n,a,d,e,q,?]? ")?;
            err.flush()?;
            drop(err);
            let mut line = String::new();
            if std::io::stdin().lock().read_line(&mut line)? == 0 {
                streams::say("");
                return Ok(Answer::Quit);
            }
            return Ok(match line.trim().to_lowercase().as_str() {
                "y" | "yes" => Answer::Take,
                "n" | "no" => Answer::Leave,
                "a" | "all" => Answer::TakeAll,
                "d" => Answer::LeaveAll,
                "e" | "explain" => Answer::Explain,
                "q" | "quit" => Answer::Quit,
                "" => continue,
                _ => Answer::Help,
            });
        }
    }

    fn show(&self, choice: &Choice<'_>, unit: &Unit, answered: usize) -> anyhow::Result<()> {
        let count = answered - 1 + choice.open().len();
        let bold = if self.colors { anstyle::Style::new().bold() } else { anstyle::Style::new() };
        // Of what was agreed to in another form, only what is different now.
        let shown: Vec<FileId> = unit.files.iter().copied().filter(|file| choice.is_open(*file)).collect();
        let mut names = self.paths(shown.iter().copied());
        names.extend(unit.created.iter().map(|path| self.places.shown(path)));
        let mut text = format!("\n{bold}{answered} of {count}: {}{bold:#}\n", names.join(", "));
        text += &match (unit.is_again, unit.projects.is_empty()) {
            (false, _) if unit.created.is_some() => {
                "a new file, which what is rewritten in functions needs; without it they all stay as they are\n".to_owned()
            }
            (true, _) => "another change than before, now that something else stays as it is\n".to_owned(),
            (false, false) if unit.files.len() > 1 => {
                "the schema, in files that change together; without them nothing of the project changes\n".to_owned()
            }
            (false, false) => "the schema; without it nothing of the project changes\n".to_owned(),
            (false, true) => match &self.paths(unit.files.iter().flat_map(|file| choice.importers(*file)))[..] {
                [] => String::new(),
                importers => format!("imported by {}, which would change, too\n", some_of(importers)),
            },
        };
        let changed = shown.iter().filter_map(|file| {
            let source = self.workspace.source(*file);
            let after = &choice.plan.files.get(file)?.text;
            Some(Changed { path: &source.path, block: self.blocks.get(file), before: &source.text, after })
        });
        for file in pages::rewritten(changed) {
            text += &diff::render(&self.places.shown(&file.path), &visible(&file.before), &visible(&file.after), self.colors);
        }
        for (path, new) in unit.created.iter().filter_map(|path| Some((path, choice.plan.created.get(path)?))) {
            text += &diff::render(&self.places.shown(path), "", &visible(new), self.colors);
        }
        std::io::stderr().lock().write_all(text.as_bytes())?;
        Ok(())
    }

    fn say_left(&self, unit: &Unit, consequences: &Consequences) {
        let paths = self.paths(unit.files.iter().copied());
        streams::say(&match (&paths[..], unit.projects.is_empty()) {
            ([], _) => format!("{} is not made", unit.created.as_ref().map_or_else(String::new, |path| self.places.shown(path))),
            (_, false) => format!("{} stays as it is, and all of its project with it", some_of(&paths)),
            ([path], true) => format!("{path} stays as it is"),
            (_, true) => format!("{} stay as they are", some_of(&paths)),
        });
        if unit.projects.is_empty() {
            self.say_consequences(consequences);
        }
    }

    fn say_consequences(&self, consequences: &Consequences) {
        let Consequences { stay, otherwise, calls } = consequences;
        let paths = |files: &[FileId]| some_of(&self.paths(files.iter().copied()));
        if !stay.is_empty() {
            streams::say(&format!("  what needs it stays, too: {}", paths(stay)));
        }
        if !otherwise.is_empty() {
            streams::say(&format!("  so that it goes on working, this changes in another way: {}", paths(otherwise)));
        }
        if *calls > 0 {
            let words = if *calls == 1 { "1 more call goes".to_owned() } else { format!("{calls} more calls go") };
            streams::say(&format!("  {words} through what is used now"));
        }
    }

    fn explain(&self, choice: &Choice<'_>, unit: &Unit) -> anyhow::Result<()> {
        let left: Vec<_> = choice.plan.left.iter().filter(|left| unit.files.contains(&left.span.file)).collect();
        let shown = report::snippets(self.places, self.lines, &left, self.colors)?;
        streams::say(if left.is_empty() { "nothing in it is left to a person" } else { "left to a person, or good to know:" });
        std::io::stderr().lock().write_all(&shown)?;
        for table in choice.plan.tables.iter().filter(|table| unit.files.contains(&table.span.file)) {
            let kept = if let Status::Kept { code, why } = &table.status { format!(" ({code}: {why})") } else { String::new() };
            let words = [format!("table {}: {}{kept}", table.name, report::status_word(&table.status))];
            let line = words.into_iter().chain(table.widened.iter().cloned()).collect::<Vec<_>>().join("; ");
            streams::say(&crate::cli::output::one_line(&line));
        }
        let importers = self.paths(unit.files.iter().flat_map(|file| choice.importers(*file)).filter(|file| !unit.files.contains(file)));
        if !importers.is_empty() {
            streams::say(&format!("imported by {}, which would change, too", some_of(&importers)));
        }
        let consequences = choice.would_leave(unit);
        streams::say(match (unit.projects.is_empty(), consequences == Consequences::default()) {
            (false, _) => "if it stays as it is, so does all of its project",
            (true, true) => "if it stays as it is, nothing else is different",
            (true, false) => "if it stays as it is:",
        });
        if unit.projects.is_empty() {
            self.say_consequences(&consequences);
        }
        Ok(())
    }

    /// Files on disk, as people see them, each once.
    fn paths(&self, files: impl Iterator<Item = FileId>) -> Vec<String> {
        let mut paths: Vec<String> = files.map(|file| self.places.shown(&self.workspace.source(file).path)).collect();
        let mut seen = std::collections::BTreeSet::new();
        paths.retain(|path| seen.insert(path.clone()));
        paths
    }
}

/// `a.ts, b.ts and 7 more`.
fn some_of(paths: &[String]) -> String {
    match paths {
        [all @ .., last] if !all.is_empty() && paths.len() <= NAMED => format!("{} and {last}", all.join(", ")),
        [first @ .., _] if paths.len() > NAMED => format!("{} and {} more", first[..NAMED - 1].join(", "), paths.len() - NAMED + 1),
        _ => paths.join(", "),
    }
}

/// The text without what a terminal would obey.
fn visible(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    if !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return text;
    }
    text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c }).collect()
}

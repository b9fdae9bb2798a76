//! One case of a codemod: its files before and after, what it asks for, what it marks, and what a plan makes of it.
//!
//! Options are a paragraph of their own, written as `from: ents, relations: defineRelations, todo`: the options of `orm-migrate`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser};
use orm_lint::cli::args::MigrateArgs;
use orm_lint::codemod::{Left, Options, Plan, RelationStyle, Severity, Status};
use orm_lint::model::{PathAliases, Workspace};
use orm_lint::source::{SourceFile, Span};

use super::markdown::{Block, Case, Mark, line_of, sections, take_marks};
use super::{Failures, diff, indented, is_update, path_aliases};

/// What a codemod does: the real one, or one that a test made up.
pub type Planner<'a> = &'a dyn Fn(&Workspace, &Options) -> Plan;

/// The fixtures, each with the codemod whose folder it is in.
pub fn fixtures() -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for folder in entries(&super::root().join("fixtures/codemods")) {
        let codemod = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let files = entries(&folder).into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "md"));
        found.extend(files.map(|path| (codemod.clone(), path)));
    }
    found
}

/// The cases of all fixtures with their places, such as `ents/edges · Many to many`.
pub fn all(failures: &mut Failures) -> Vec<(String, CodemodCase)> {
    let mut all = Vec::new();
    for (codemod, path) in fixtures() {
        let file = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for case in cases(&super::root().display().to_string(), &super::read(&path), &codemod, failures) {
            let name = case.title.split_once(" · ").map_or("", |(_, name)| name).to_owned();
            all.push((format!("{codemod}/{file} · {name}"), case));
        }
    }
    all
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// The cases of a document.
pub fn cases(shown: &str, text: &str, codemod: &str, failures: &mut Failures) -> Vec<CodemodCase> {
    let all = sections(text);
    let (shared, own): (Vec<_>, Vec<_>) = all.iter().partition(|section| section.is_title || section.name.is_empty());
    let is_case = |section: &&&Case| !section.blocks.is_empty();
    let own: Vec<_> = own.iter().filter(is_case).collect();
    if own.is_empty() {
        return shared.iter().filter(is_case).map(|case| CodemodCase::new(shown, text, None, case, codemod, failures)).collect();
    }
    let shared = shared.iter().find(|section| section.is_title).copied();
    own.into_iter().map(|case| CodemodCase::new(shown, text, shared, case, codemod, failures)).collect()
}

pub struct CodemodCase {
    /// Where it stands and what it is called: `fixtures/codemods/ents/edges.md:12 · One to one`.
    pub title: String,
    pub options: Options,
    pub files: Vec<BeforeFile>,
    /// Files that no codemod reads: `package.json`.
    pub others: Vec<(String, String)>,
    /// What the case does not hold for when it is tried with the real packages: a paragraph `conformance: no types, because …`.
    pub exception: Option<String>,
    after: Vec<Block>,
    /// A block `text tables`.
    tables: Option<Block>,
    pub aliases: Vec<PathAliases>,
    /// Offsets in the document at which `after` blocks may be added, by path.
    ends: BTreeMap<String, usize>,
}

pub struct BeforeFile {
    pub path: String,
    pub text: String,
    marks: Vec<Mark>,
    /// Line of its first line in the document.
    line: usize,
}

impl CodemodCase {
    /// Reads a case and what stands before all cases of its document; what is wrong with how it is written becomes a failure.
    pub fn new(document: &str, text: &str, shared: Option<&Case>, case: &Case, from: &str, failures: &mut Failures) -> Self {
        let title = format!("{document}:{} · {}", case.line, case.name);
        let prose = || shared.iter().flat_map(|shared| &shared.prose).chain(&case.prose);
        let options = options(from, prose(), &title, failures);
        let exception = prose().filter_map(|text| text.strip_prefix("conformance: ")).next_back().map(str::to_owned);
        let mut this = Self {
            title,
            options,
            files: Vec::new(),
            others: Vec::new(),
            exception,
            after: Vec::new(),
            tables: None,
            aliases: Vec::new(),
            ends: BTreeMap::new(),
        };
        let own: Vec<String> = case.blocks.iter().filter(|b| b.is_source() && !b.has_word("after")).map(path_of).collect();
        for block in shared.iter().flat_map(|shared| &shared.blocks).filter(|block| !own.contains(&path_of(block))) {
            this.add(block, None, failures);
        }
        for block in &case.blocks {
            this.add(block, Some(text), failures);
        }
        this
    }

    fn add(&mut self, block: &Block, document: Option<&str>, failures: &mut Failures) {
        if block.has_word("after") {
            // Without a path it is the result of the block before it.
            let path = block.path.clone().or_else(|| self.files.last().map(|file| file.path.clone()));
            self.after.push(Block { path, ..block.clone() });
            return;
        }
        if block.has_word("tables") {
            self.tables = Some(block.clone());
            return;
        }
        let path = path_of(block);
        // What is installed is read by packages, and by no codemod.
        if !block.is_source() || path.starts_with("node_modules/") {
            if path == "tsconfig.json" {
                self.aliases.push(path_aliases(&block.text));
            }
            self.others.push((path, block.text.clone()));
            return;
        }
        let is_new = self.files.iter().all(|file| file.path != path);
        failures.check(is_new, || format!("{}\n  two blocks are called {path}: give one its own path, or a heading", self.title));
        if let Some(end) = document.and_then(|text| end_of_fence(text, &block.range)) {
            self.ends.insert(path.clone(), end);
        }
        let (text, marks) = take_marks(&block.text, "left");
        self.files.push(BeforeFile { path, text, marks, line: block.line });
    }

    /// Whether a line with these words is marked as left with this code.
    pub fn is_left(&self, code: &str, words: &str) -> bool {
        let is_it = |file: &BeforeFile, mark: &Mark| {
            let is_named = mark.words.as_ref().is_some_and(|words| words.split(", ").any(|one| one == code));
            is_named && file.text.lines().nth(mark.line - 1).is_some_and(|line| line.contains(words))
        };
        self.files.iter().any(|file| file.marks.iter().any(|mark| is_it(file, mark)))
    }

    pub fn before(&self) -> Vec<(String, String)> {
        self.files.iter().map(|file| (file.path.clone(), file.text.clone())).collect()
    }

    /// The files as the `after` blocks show them.
    pub fn after(&self) -> Vec<(String, String)> {
        let shown = |path: &str| self.after.iter().find(|block| block.path.as_deref() == Some(path)).map(|block| block.text.clone());
        self.before().into_iter().map(|(path, text)| (shown(&path).unwrap_or(text), path)).map(|(text, path)| (path, text)).collect()
    }

    /// The codes of what is left, and of the tables that are kept.
    pub fn codes(&self, planner: Planner<'_>) -> Vec<String> {
        let workspace = super::workspace(&self.before(), self.aliases.clone());
        let plan = planner(&workspace, &self.options);
        let kept = plan.tables.iter().filter_map(|table| match table.status {
            Status::Kept { code, .. } if code != "not-asked" => Some(code.to_owned()),
            _ => None,
        });
        plan.left.iter().map(|left| left.code.to_owned()).chain(kept).collect()
    }

    /// Plans, and compares all of it with what the case says. Returns where blocks should hold other text.
    pub fn run(&self, planner: Planner<'_>, failures: &mut Failures) -> Vec<(Range<usize>, String)> {
        let workspace = super::workspace(&self.before(), self.aliases.clone());
        for file in &workspace.files {
            if let Some(error) = file.source.errors.first() {
                failures.add(format!("{}\n  {} does not parse: {}", self.title, place(&file.source, error.start), error.message));
            }
        }
        let plan = planner(&workspace, &self.options);
        self.check_plan(&workspace, &plan, failures);
        self.check_marks(&workspace, &plan.left, failures);
        let mut rewrites = self.check_after(&workspace, &plan, failures);
        rewrites.extend(self.check_tables(&plan, failures));
        self.check_result(workspace, &plan, planner, failures);
        rewrites
    }

    /// What every plan must be, whatever the codemod.
    fn check_plan(&self, workspace: &Workspace, plan: &Plan, failures: &mut Failures) {
        let mut complain = |what: String| failures.add(format!("{}\n  {what}", self.title));
        for (id, rewritten) in &plan.files {
            let source = workspace.source(*id);
            if *source.text == *rewritten.text || rewritten.edits == 0 {
                complain(format!("{} is planned to change, and does not, or in no place", source.path));
            }
        }
        let is_line = |text: &str| !text.trim().is_empty() && text.trim() == text && !text.contains('\n');
        let is_placed = |span: Span| {
            let file = workspace.files.get(span.file.0 as usize);
            file.is_some_and(|f| f.source.text.get(span.start as usize..span.end as usize).is_some())
        };
        for left in &plan.left {
            if !is_line(&left.message) || left.suggestion.as_deref().is_some_and(|text| !is_line(text)) {
                complain(format!("message and suggestion are one line each, and not empty: {left:?}"));
            }
            if !is_placed(left.span) {
                complain(format!("a span lies outside of its file, or ends inside a character: {left:?}"));
            }
        }
        if !plan.left.is_sorted_by_key(|left| (left.span.file, left.span.start)) {
            complain("what is left is not in order of file and place".to_owned());
        }
        for table in &plan.tables {
            if !is_placed(table.span) || !table.widened.iter().all(|text| is_line(text)) {
                complain(format!("a table without a place, or with words that are no line: {table:?}"));
            }
        }
    }

    /// What is left stands on marked lines, with the codes that the marks name. What is only good to know may stay unmarked.
    fn check_marks(&self, workspace: &Workspace, left: &[Left], failures: &mut Failures) {
        for (i, file) in self.files.iter().enumerate() {
            let of_file = |line: usize| left.iter().filter(move |l| l.span.file.0 as usize == i && self.line(workspace, l) == line);
            let here = |line: usize| format!("{}:{line} (line {} of the fixture)", file.path, file.line + line - 1);
            let quoted = |line: usize| file.text.lines().nth(line - 1).unwrap_or_default().trim();
            let mut wrong = Vec::new();
            for mark in &file.marks {
                let codes = mark.words.iter().flat_map(|words| words.split(", "));
                for code in codes.filter(|code| of_file(mark.line).all(|l| l.code != *code && !l.message.contains(code))) {
                    wrong.push(format!("  {}: marked `{code}`, and not left\n      {}", here(mark.line), quoted(mark.line)));
                }
                if mark.words.is_none() && of_file(mark.line).next().is_none() {
                    wrong.push(format!("  {}: marked, and nothing is left\n      {}", here(mark.line), quoted(mark.line)));
                }
            }
            for one in left.iter().filter(|l| l.span.file.0 as usize == i && l.severity > Severity::Info) {
                let line = self.line(workspace, one);
                let is_marked = |mark: &Mark| {
                    let says = |words: &String| words.split(", ").any(|code| code == one.code) || one.message.contains(words.as_str());
                    mark.line == line && mark.words.as_ref().is_none_or(says)
                };
                if !file.marks.iter().any(is_marked) {
                    let words = format!("{}: {}", one.code, one.message);
                    wrong.push(format!("  {}: left, but not marked\n      {}\n      {words}", here(line), quoted(line)));
                }
            }
            failures.check(wrong.is_empty(), || format!("{}\n{}", self.title, wrong.join("\n")));
        }
    }

    fn line(&self, workspace: &Workspace, left: &Left) -> usize {
        line_of(&workspace.source(left.span.file).text, left.span.start as usize)
    }

    /// Each file that changes becomes what its `after` block shows.
    fn check_after(&self, workspace: &Workspace, plan: &Plan, failures: &mut Failures) -> Vec<(Range<usize>, String)> {
        let mut rewrites = Vec::new();
        for block in &self.after {
            let path = block.path.as_deref().unwrap_or("convex/schema.ts");
            let file = workspace.files.iter().find(|file| file.source.path == path);
            // A new file is shown by the cases that want to.
            let made = plan.created.get(path).map(String::as_str);
            let changed = file.map(|file| plan.files.get(&file.source.id).map_or(&*file.source.text, |rewritten| &rewritten.text));
            let Some(now) = made.or(changed) else {
                failures.add(format!("{}\n  line {}: an `after` block for {path}, which is no file of the case", self.title, block.line));
                continue;
            };
            if now == block.text {
                continue;
            }
            if is_update() {
                rewrites.push((block.range.clone(), now.to_owned()));
                continue;
            }
            let difference = indented(&diff(now, &block.text));
            failures.add(format!("{}\n  line {}: {path} is not what the `after` block shows\n{difference}", self.title, block.line));
        }
        for (id, rewritten) in &plan.files {
            let path = &workspace.source(*id).path;
            if self.after.iter().any(|block| block.path.as_ref() == Some(path)) {
                continue;
            }
            // What stands under the title is shown once, by the case that wants to.
            if !self.ends.contains_key(path) && self.files.iter().any(|file| file.path == *path) {
                continue;
            }
            let language = path.rsplit('.').next().unwrap_or("ts");
            match self.ends.get(path).filter(|_| is_update()) {
                Some(end) => rewrites.push((*end..*end, format!("\n```{language} after\n{}```\n", rewritten.text))),
                None => failures.add(format!(
                    "{}\n  {path} changes, and has no `after` block (`UPDATE=1` adds it); it becomes\n{}",
                    self.title,
                    indented(&rewritten.text)
                )),
            }
        }
        rewrites
    }

    /// What becomes of each table, where a `text tables` block says it.
    fn check_tables(&self, plan: &Plan, failures: &mut Failures) -> Option<(Range<usize>, String)> {
        let block = self.tables.as_ref()?;
        let mut now = String::new();
        for table in &plan.tables {
            let status = match &table.status {
                Status::Migrated => "migrated".to_owned(),
                Status::Created => "created".to_owned(),
                Status::Already => "already".to_owned(),
                Status::Kept { code, why } => format!("kept, {code}: {why}"),
            };
            now += &format!("{}: {status}\n", table.name);
            now.extend(table.widened.iter().map(|widened| format!("  {widened}\n")));
        }
        if now == block.text {
            return None;
        }
        if is_update() {
            return Some((block.range.clone(), now));
        }
        let difference = indented(&diff(&now, &block.text));
        failures.add(format!("{}\n  line {}: other tables than the block shows\n{difference}", self.title, block.line));
        None
    }

    /// The result parses, has every comment, and is nothing to change any more.
    fn check_result(&self, workspace: Workspace, plan: &Plan, planner: Planner<'_>, failures: &mut Failures) {
        let before = comments(&workspace);
        let texts = plan.files.iter().map(|(id, rewritten)| (*id, rewritten.text.clone())).collect();
        let mut workspace = workspace.with_texts(texts);
        if !plan.created.is_empty() {
            let files = workspace.files.iter().map(|file| (file.source.path.clone(), file.source.text.to_string()));
            let created = plan.created.iter().map(|(path, text)| (path.clone(), text.clone()));
            workspace = super::workspace(&files.chain(created).collect::<Vec<_>>(), self.aliases.clone());
        }
        let made = plan.created.keys().filter_map(|path| workspace.file_at(path));
        for id in plan.files.keys().copied().chain(made) {
            let source = workspace.source(id);
            if let Some(error) = source.errors.first() {
                let shown = indented(&source.text);
                failures.add(format!(
                    "{}\n  {} does not parse any more: {}\n{shown}",
                    self.title,
                    place(source, error.start),
                    error.message
                ));
                return;
            }
        }
        let mut after = comments(&workspace);
        for comment in before {
            match after.iter().position(|kept| *kept == comment) {
                Some(at) => drop(after.swap_remove(at)),
                None => failures.add(format!("{}\n  the comment `{comment}` is lost", self.title)),
            }
        }
        let again = planner(&workspace, &self.options);
        for (id, rewritten) in &again.files {
            let source = workspace.source(*id);
            let difference = indented(&diff(&source.text, &rewritten.text));
            failures.add(format!("{}\n  a second run changes {}\n{difference}", self.title, source.path));
        }
    }
}

/// The options of a case: of its codemod's folder, and of the paragraphs that are made of options.
fn options<'p>(from: &str, prose: impl Iterator<Item = &'p String>, title: &str, failures: &mut Failures) -> Options {
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::from([("from".to_owned(), vec![from.to_owned()])]);
    for paragraph in prose.filter(|paragraph| is_options(paragraph)) {
        for option in paragraph.split([',', '\n']).map(str::trim).filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once(':').unwrap_or((option, ""));
            let values = values.entry(name.trim().to_owned()).or_default();
            if name != "table" && name != "keep" {
                values.clear();
            }
            values.extend((!value.is_empty()).then(|| value.trim().to_owned()));
        }
    }
    let mut line = vec!["orm-migrate".to_owned()];
    for (name, values) in values {
        let flag = format!("--{name}");
        match values.is_empty() {
            true => line.push(flag),
            false => line.extend(values.into_iter().map(|value| format!("{flag}={value}"))),
        }
    }
    let args = MigrateArgs::try_parse_from(&line).unwrap_or_else(|error| {
        failures.add(format!("{title}\n  {error}"));
        MigrateArgs::parse_from(["orm-migrate", "--from=ents"])
    });
    let from = args.from.and_then(|source| source.codemod().ok()).unwrap_or(orm_lint::codemod::From::Ents);
    args.options(from, args.relations.style().unwrap_or(RelationStyle::Relations), "better-convex/orm")
}

/// Whether the paragraph begins with the name of an option: `from: ents`.
fn is_options(paragraph: &str) -> bool {
    let first = paragraph.split([',', '\n']).next().unwrap_or_default();
    let (name, _) = first.split_once(": ").unwrap_or((first, ""));
    MigrateArgs::command().get_arguments().any(|arg| arg.get_long() == Some(name.trim()))
}

fn path_of(block: &Block) -> String {
    block.path.clone().unwrap_or_else(|| "convex/schema.ts".to_owned())
}

/// Where the line after the closing fence of a block begins.
fn end_of_fence(document: &str, block: &Range<usize>) -> Option<usize> {
    Some(block.end + document.get(block.end..)?.find('\n')? + 1)
}

fn place(source: &SourceFile, at: u32) -> String {
    format!("{}:{}", source.path, line_of(&source.text, at as usize))
}

/// The words of every comment, without how they are laid out.
fn comments(workspace: &Workspace) -> Vec<String> {
    let words = |text: &str| text.split_whitespace().filter(|word| *word != "*").collect::<Vec<_>>().join(" ");
    let of = |source: &SourceFile| source.comments.iter().map(|comment| words(source.comment_text(comment))).collect::<Vec<_>>();
    workspace.files.iter().flat_map(|file| of(&file.source)).collect()
}

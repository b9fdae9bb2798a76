//! One case of a rule: its files, its options, what it marks, and what a run makes of it.

use std::collections::BTreeSet;
use std::ops::Range;

use orm_lint::diagnostic::{Diagnostic, Level};
use orm_lint::edit::Applicability;
use orm_lint::lint::{self, Fixed, RuleSet, Settings};
use orm_lint::model::{PathAliases, Workspace};
use orm_lint::rule::RuleMeta;
use orm_lint::rules;
use orm_lint::source::SourceFile;

use super::markdown::{self, Block, Case, Mark, line_of, take_marks};
use super::{Failures, diff, path_aliases};

pub struct RuleCase {
    pub meta: &'static RuleMeta,
    /// Where it stands and what it is called: `fixtures/rules/filter-scan.md:12 · By name`.
    pub title: String,
    pub files: Vec<CaseFile>,
    fixed: Vec<Block>,
    options: serde_json::Value,
    aliases: Vec<PathAliases>,
}

pub struct CaseFile {
    pub path: String,
    pub text: String,
    marks: Vec<Mark>,
    /// Line of its first line in the document.
    line: usize,
}

/// What a case showed.
pub struct Outcome {
    /// Findings of the rule.
    pub own: Vec<Diagnostic>,
    /// `path:line rule` of every other.
    pub others: BTreeSet<String>,
    /// Where `fixed` blocks should hold other text.
    pub rewrites: Vec<(Range<usize>, String)>,
    pub has_fixed_block: bool,
}

/// Paths, each with a text.
pub type Files = Vec<(String, String)>;

/// The cases of a rule's fixtures.
pub fn cases_of(meta: &'static RuleMeta, failures: &mut Failures) -> Vec<RuleCase> {
    let mut all = Vec::new();
    for path in super::fixture_files(&super::root().join("fixtures/rules"), meta.id) {
        let shown = path.strip_prefix(super::root()).unwrap_or(&path).display().to_string();
        let (shared, cases) = with_shared(markdown::cases(&super::read(&path)), meta.id);
        for case in cases {
            let case = RuleCase::new(meta, &shown, &case, failures);
            all.push(shared.iter().fold(case, |case, block| case.with_file(&block.path_or_default(), &block.text)));
        }
    }
    all
}

/// The blocks under the title, which stand beside every case that has no file of its own by that path, and the cases.
pub fn with_shared(mut cases: Vec<Case>, title: &str) -> (Vec<Block>, Vec<Case>) {
    let is_shared = cases.len() > 1 && cases[0].name == title;
    let shared = if is_shared { cases.remove(0).blocks } else { Vec::new() };
    (shared, cases)
}

impl RuleCase {
    /// Reads a case; what is wrong with how it is written becomes a failure.
    pub fn new(meta: &'static RuleMeta, document: &str, case: &Case, failures: &mut Failures) -> Self {
        let title = format!("{document}:{} · {}", case.line, case.name);
        let mut this = Self { meta, title, files: Vec::new(), fixed: Vec::new(), options: serde_json::json!({}), aliases: Vec::new() };
        for block in &case.blocks {
            if block.has_word("fixed") {
                // Without a path it is the result of the block before it.
                let path = block.path.clone().or_else(|| this.files.last().map(|file| file.path.clone()));
                this.fixed.push(Block { path, ..block.clone() });
            } else if block.is_source() {
                let (text, marks) = take_marks(&block.text, "error");
                let path = block.path_or_default();
                let is_new = this.files.iter().all(|file| file.path != path);
                failures.check(is_new, || format!("{}\n  two blocks are called {path}: give one its own path, or a heading", this.title));
                this.files.push(CaseFile { path, text, marks, line: block.line });
            } else {
                match block.path.as_deref() {
                    Some("orm-lint.json") => this.options = options_in(meta.id, &block.text),
                    Some("tsconfig.json") => this.aliases.push(path_aliases(&block.text)),
                    _ => {}
                }
            }
        }
        this
    }

    /// Adds a file that stands beside those of the case, unless the case has its own.
    pub fn with_file(mut self, path: &str, text: &str) -> Self {
        if self.files.iter().all(|file| file.path != path) {
            self.files.push(CaseFile { path: path.to_owned(), text: text.to_owned(), marks: Vec::new(), line: 1 });
        }
        self
    }

    pub fn marks(&self) -> usize {
        self.files.iter().map(|file| file.marks.len()).sum()
    }

    fn workspace(&self) -> Workspace {
        let files: Vec<(String, String)> = self.files.iter().map(|file| (file.path.clone(), file.text.clone())).collect();
        super::workspace(&files, self.aliases.clone())
    }

    /// Every rule is on: the one in question with the options of the case, the others as they are.
    fn settings(&self, failures: &mut Failures) -> Settings {
        let mut all = Vec::new();
        for entry in rules::ALL {
            let options = if entry.meta.id == self.meta.id { self.options.clone() } else { serde_json::json!({}) };
            let level = if entry.meta.level == Level::Off { Level::Error } else { entry.meta.level };
            match (entry.build)(options) {
                Ok(rule) => all.push((rule, level)),
                Err(error) => failures.add(format!("{}\n  options of `{}`: {error}", self.title, entry.meta.id)),
            }
        }
        Settings { sets: vec![RuleSet { rules: all }], of_file: vec![Some(0); self.files.len()] }
    }

    /// The files, and what becomes of them with all fixes of the rule.
    pub fn before_and_after(&self, failures: &mut Failures) -> (Files, Files) {
        let before: Files = self.files.iter().map(|file| (file.path.clone(), file.text.clone())).collect();
        let mut after = before.clone();
        for (file, text) in lint::fix_where(self.workspace(), &self.settings(failures), true, &|d| d.rule == self.meta.id).texts {
            after[file.0 as usize].1 = text;
        }
        (before, after)
    }

    /// Lints, fixes, and compares all of it with what the case says.
    pub fn run(&self, failures: &mut Failures) -> Outcome {
        let settings = self.settings(failures);
        let workspace = self.workspace();
        let (own, others): (Vec<Diagnostic>, Vec<Diagnostic>) =
            lint::lint(&workspace, &settings).into_iter().partition(|d| d.rule == self.meta.id);
        self.check_syntax(&workspace, &others, failures);
        self.check_marks(&workspace, &own, failures);
        self.check_words(&own, failures);
        self.check_fixes(&workspace, &own, failures);
        let others = others.iter().map(|d| format!("{} {}", place(&workspace, d), d.rule)).collect();
        let fixed = lint::fix_where(workspace, &settings, true, &|d| d.rule == self.meta.id);
        let rewrites = self.check_fixed(&own, &fixed, failures);
        Outcome { own, others, rewrites, has_fixed_block: !self.fixed.is_empty() }
    }

    fn check_syntax(&self, workspace: &Workspace, others: &[Diagnostic], failures: &mut Failures) {
        for error in others.iter().filter(|d| d.rule == "syntax-error") {
            failures.add(format!("{}\n  {} does not parse: {}", self.title, place(workspace, error), error.message));
        }
    }

    /// Reported lines are the marked lines, and each mark's words are in a report on its line.
    fn check_marks(&self, workspace: &Workspace, own: &[Diagnostic], failures: &mut Failures) {
        for (i, file) in self.files.iter().enumerate() {
            let of_file: Vec<&Diagnostic> = own.iter().filter(|d| d.span.file.0 as usize == i).collect();
            self.check_marks_of(file, workspace, &of_file, failures);
        }
    }

    fn check_marks_of(&self, file: &CaseFile, workspace: &Workspace, found: &[&Diagnostic], failures: &mut Failures) {
        let mut wrong = Vec::new();
        let here = |line: usize| format!("{}:{line} (line {} of the fixture)", file.path, file.line + line - 1);
        let quoted = |line: usize| file.text.lines().nth(line - 1).unwrap_or_default().trim();
        for mark in &file.marks {
            let on_line: Vec<&&Diagnostic> = found.iter().filter(|d| start_line(workspace, d) == mark.line).collect();
            if on_line.is_empty() {
                wrong.push(format!("  {}: marked, but not reported\n      {}", here(mark.line), quoted(mark.line)));
            } else if let Some(words) = &mark.words
                && !on_line.iter().any(|d| full_text(d).contains(words))
            {
                let said: Vec<String> = on_line.iter().map(|d| full_text(d)).collect();
                wrong.push(format!("  {}: reported, but without the words \"{words}\"\n      {}", here(mark.line), said.join("\n      ")));
            }
        }
        for d in found {
            let line = start_line(workspace, d);
            if file.marks.iter().all(|mark| mark.line != line) {
                wrong.push(format!("  {}: reported, but not marked\n      {}\n      {}", here(line), quoted(line), full_text(d)));
            }
        }
        failures.check(wrong.is_empty(), || format!("{}\n{}", self.title, wrong.join("\n")));
    }

    /// What every report must be, whatever the rule.
    fn check_words(&self, own: &[Diagnostic], failures: &mut Failures) {
        for d in own {
            let mut complain = |what: &str| failures.add(format!("{}\n  {what}\n      {}", self.title, full_text(d)));
            let texts = || d.labels.iter().map(|l| &l.message).chain([&d.message]).chain(&d.help).chain(d.fix.as_ref().map(|f| &f.title));
            if texts().any(|text| text.trim().is_empty() || text.contains('\n') || text.trim() != text) {
                complain("message, help, labels and titles of fixes are one line each, and not empty");
            }
            let is_placed = |span: &orm_lint::source::Span| {
                let file = self.files.get(span.file.0 as usize);
                file.is_some_and(|f| f.text.get(span.start as usize..span.end as usize).is_some())
            };
            if !d.labels.iter().map(|l| &l.span).chain([&d.span]).all(is_placed) {
                complain("a span lies outside of its file, or ends inside a character");
            }
        }
    }

    /// What every fix must be: sound edits, no stronger than declared, and no comment lost that it does not own up to.
    fn check_fixes(&self, workspace: &Workspace, own: &[Diagnostic], failures: &mut Failures) {
        use orm_lint::rule::FixKind;
        for d in own {
            let Some(fix) = &d.fix else { continue };
            let mut complain =
                |what: String| failures.add(format!("{}\n  {}: {what}\n      fix: {}", self.title, place(workspace, d), fix.title));
            match (self.meta.fix, fix.applicability) {
                (FixKind::None, _) => complain("the rule declares no fix, and offers one".to_owned()),
                (FixKind::Unsafe, Applicability::Safe) => complain("the rule declares unsafe fixes, and offers a safe one".to_owned()),
                _ => {}
            }
            let mut change = orm_lint::edit::Change::default();
            if fix.edits.is_empty() || !change.try_add(fix) {
                complain("its edits overlap, or there are none".to_owned());
                continue;
            }
            if fix.applicability != Applicability::Safe {
                continue;
            }
            for edit in &fix.edits {
                let source = workspace.source(edit.span.file);
                for comment in source.comments_in(edit.span) {
                    let text = source.comment_text(comment);
                    let is_kept = fix.edits.iter().any(|e| e.text.contains(text)) || text.contains("orm-lint-ignore");
                    if !is_kept {
                        complain(format!("a safe fix drops the comment `{text}`"));
                    }
                }
            }
        }
    }

    /// Fixes come to an end, leave none of what they fix, and make what the `fixed` blocks show.
    fn check_fixed(&self, own: &[Diagnostic], fixed: &Fixed, failures: &mut Failures) -> Vec<(Range<usize>, String)> {
        let left: Vec<&Diagnostic> = fixed.diagnostics.iter().filter(|d| d.rule == self.meta.id).collect();
        for d in left.iter().filter(|d| d.is_fixable(true)) {
            let text = &fixed.workspace.source(d.span.file).text;
            let why = "a fix was not made: it breaks the syntax, changes nothing, or does not come to an end";
            failures.add(format!("{}\n  {why}\n      {}\n{}", self.title, full_text(d), super::indented(text)));
        }
        if self.fixed.is_empty() {
            let unfixable = own.iter().filter(|d| !d.is_fixable(true)).count();
            let are_gone = left.iter().filter(|d| !d.is_fixable(true)).count() <= unfixable;
            failures.check(are_gone, || {
                let said: Vec<String> = left.iter().map(|d| full_text(d)).collect();
                format!("{}\n  what was fixed is still reported: show it in a `fixed` block\n      {}", self.title, said.join("\n      "))
            });
            return Vec::new();
        }
        self.check_changed_files(fixed, failures);
        self.fixed.iter().filter_map(|block| self.check_fixed_block(block, fixed, &left, failures)).collect()
    }

    /// Where one result is shown, all are.
    fn check_changed_files(&self, fixed: &Fixed, failures: &mut Failures) {
        for (id, text) in &fixed.texts {
            let path = &self.files[id.0 as usize].path;
            if self.fixed.iter().all(|block| block.path.as_deref() != Some(path)) {
                let shown = super::indented(text);
                failures.add(format!("{}\n  {path} changes too, but has no `fixed` block; it becomes\n{shown}", self.title));
            }
        }
    }

    /// The block holds the text after the fixes, and marks what is still found in it.
    fn check_fixed_block(
        &self,
        block: &Block,
        fixed: &Fixed,
        left: &[&Diagnostic],
        failures: &mut Failures,
    ) -> Option<(Range<usize>, String)> {
        let path = block.path.as_deref().unwrap_or("convex/example.ts");
        let Some(i) = self.files.iter().position(|file| file.path == path) else {
            failures.add(format!("{}\n  line {}: a `fixed` block for {path}, which is no file of the case", self.title, block.line));
            return None;
        };
        let (text, marks) = take_marks(&block.text, "error");
        let now = &*fixed.workspace.files[i].source.text;
        if now == text {
            let of_file = left.iter().copied().filter(|d| d.span.file.0 as usize == i);
            let file = CaseFile { path: path.to_owned(), text, marks, line: block.line };
            self.check_marks_of(&file, &fixed.workspace, &of_file.collect::<Vec<_>>(), failures);
            return None;
        }
        if super::is_update() {
            return Some((block.range.clone(), with_marks(now, &text, &block.text)));
        }
        let difference = super::indented(&diff(now, &text));
        failures.add(format!("{}\n  line {}: {path} is not what the `fixed` block shows\n{difference}", self.title, block.line));
        None
    }
}

/// The new text with the marks of the old one, on lines that are in both.
fn with_marks(now: &str, old: &str, old_marked: &str) -> String {
    let marked: Vec<(&str, &str)> = old.lines().zip(old_marked.lines()).filter(|(plain, marked)| plain != marked).collect();
    let line = |line: &str| marked.iter().find(|(plain, _)| *plain == line).map_or(line, |(_, marked)| marked).to_owned() + "\n";
    now.lines().map(line).collect()
}

/// The rule's options in a configuration file, or the block itself where it is no such file.
fn options_in(rule: &str, text: &str) -> serde_json::Value {
    let json: serde_json::Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("orm-lint.json of a case of {rule}: {error}"));
    match json.get("rules") {
        Some(rules) => rules[rule].get(1).cloned().unwrap_or_else(|| serde_json::json!({})),
        None => json,
    }
}

fn start_line(workspace: &Workspace, d: &Diagnostic) -> usize {
    let source: &SourceFile = workspace.source(d.span.file);
    line_of(&source.text, d.span.start as usize)
}

fn place(workspace: &Workspace, d: &Diagnostic) -> String {
    format!("{}:{}", workspace.source(d.span.file).path, start_line(workspace, d))
}

fn full_text(d: &Diagnostic) -> String {
    let labels = d.labels.iter().map(|label| format!(" [{}]", label.message));
    let help = d.help.iter().map(|help| format!(" ({help})"));
    let fix = match &d.fix {
        Some(fix) => format!(" {{{}: {}}}", format!("{:?}", fix.applicability).to_lowercase(), fix.title),
        None => " {no fix}".to_owned(),
    };
    format!("{}: {}{}{}{}", d.rule, d.message, labels.collect::<String>(), help.collect::<String>(), fix)
}

//! Fixes a copy of a folder and proves that nothing broke: it parses, a second run changes nothing, and no type error is new.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use similar::{ChangeTag, TextDiff};

use super::linting::{self, Report};
use super::packages::{FOLDER, link};
use super::tsc::{self, TypeError, TypeErrors};

pub struct Proof<'a> {
    pub allow_unsafe: bool,
    /// All where empty.
    pub rules: &'a [String],
    /// Those of the folders that hold changed files where empty.
    pub tsconfigs: &'a [PathBuf],
    /// All that are found.
    pub everywhere: bool,
    pub compiler: &'a Path,
}

/// The texts of a folder's sources, by their paths in it.
type Texts = BTreeMap<String, String>;

impl Proof<'_> {
    /// Prints what is wrong; whether nothing is.
    pub fn of(&self, name: &str, folder: &Path) -> anyhow::Result<bool> {
        let copy = Path::new(FOLDER).join("fixed").join(name);
        copy_tree(folder, &copy).with_context(|| format!("cannot copy {} to {}", folder.display(), copy.display()))?;
        let before = texts(&copy)?;
        let report_before = linting::lint(&copy, self.rules)?;
        let report = linting::fix(&copy, self.rules, self.allow_unsafe)?;
        let after = texts(&copy)?;
        let mut problems = broken(&report_before, &report);
        linting::fix(&copy, self.rules, self.allow_unsafe)?;
        problems.extend(
            changes(&after, &texts(&copy)?)
                .map(|(file, old, new)| {
                    write(&copy, file, old)?;
                    Ok(format!("{file}: a second run changes it again\n{}", hunks(old, new, None)))
                })
                .collect::<anyhow::Result<Vec<String>>>()?,
        );

        let changed: Vec<&str> = changes(&before, &after).map(|(file, ..)| file).collect();
        let configurations = tsc::configurations(&copy, self.tsconfigs, &changed, self.everywhere)?;
        let errors_after = tsc::check(self.compiler, &copy, &configurations)?;
        for (file, old, _) in changes(&before, &after) {
            write(&copy, file, old)?;
        }
        let errors_before = tsc::check(self.compiler, &copy, &configurations)?;
        for (file, _, new) in changes(&before, &after) {
            write(&copy, file, new)?;
        }
        let changed = changed.len();
        let before = Checked { texts: &before, errors: errors_before };
        let after = Checked { texts: &after, errors: errors_after };
        problems.extend(new_errors(&before, &after).into_iter().map(|(error, lines)| described(error, lines, before.texts, after.texts)));
        let known: usize = before.errors.values().map(Vec::len).sum();
        println!(
            "{name}: {} in {changed} files; {known} type errors before, {} new problems",
            fixed(&report_before, &report),
            problems.len()
        );
        for problem in &problems {
            println!("\n  {}", problem.trim_end().replace('\n', "\n  "));
        }
        if !problems.is_empty() {
            println!();
        }
        Ok(problems.is_empty())
    }
}

/// Files that could be read before the fixes and cannot after them.
fn broken(before: &Report, after: &Report) -> Vec<String> {
    let unreadable = |report: &Report| -> BTreeSet<String> {
        report.diagnostics.iter().filter(|finding| finding.rule == "syntax-error").map(|finding| finding.file.clone()).collect()
    };
    let known = unreadable(before);
    let is_new = |finding: &&linting::Finding| finding.rule == "syntax-error" && !known.contains(&finding.file);
    after.diagnostics.iter().filter(is_new).map(|f| format!("{}:{}: {}", f.file, f.start.line, f.message)).collect()
}

fn fixed(before: &Report, after: &Report) -> String {
    let count = |report: &Report| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for finding in &report.diagnostics {
            *counts.entry(finding.rule.clone()).or_default() += 1;
        }
        counts
    };
    let after = count(after);
    let gone = count(before).into_iter().map(|(rule, n)| (n.saturating_sub(after.get(&rule).copied().unwrap_or(0)), rule));
    let said: Vec<String> = gone.filter(|(n, _)| *n > 0).map(|(n, rule)| format!("{n} {rule}")).collect();
    if said.is_empty() { "nothing fixed".to_owned() } else { format!("fixed {}", said.join(", ")) }
}

/// Errors that there are more of than before. One that only says it in other words, on the same line of code, is no new one.
fn new_errors<'a>(before: &'a Checked<'_>, after: &'a Checked<'_>) -> Vec<(&'a TypeError, &'a [usize])> {
    let (known, now) = (before.by_code(), after.by_code());
    let mut new = Vec::new();
    for (error, lines) in &after.errors {
        if before.errors.get(error).map_or(0, Vec::len) >= lines.len() {
            continue;
        }
        let is_reworded = |line: &usize| {
            let place = after.place(error, *line);
            known.get(&place).copied().unwrap_or(0) >= now.get(&place).copied().unwrap_or(0)
        };
        if !lines.iter().all(is_reworded) {
            new.push((error, lines.as_slice()));
        }
    }
    new
}

/// What the compiler said of these texts.
struct Checked<'t> {
    texts: &'t Texts,
    errors: TypeErrors,
}

impl Checked<'_> {
    /// How often each line of code has an error of each kind.
    fn by_code(&self) -> BTreeMap<(&str, &str, &str), usize> {
        let mut counts = BTreeMap::new();
        for (error, lines) in &self.errors {
            for line in lines {
                *counts.entry(self.place(error, *line)).or_default() += 1;
            }
        }
        counts
    }

    fn place<'a>(&'a self, error: &'a TypeError, line: usize) -> (&'a str, &'a str, &'a str) {
        let code = self.texts.get(&error.file).and_then(|text| text.lines().nth(line.saturating_sub(1)));
        (&error.file, &error.code, code.unwrap_or_default().trim())
    }
}

/// The error, the line it stands on, and what the fixes did near there.
fn described(error: &TypeError, lines: &[usize], before: &Texts, after: &Texts) -> String {
    let line = lines.first().copied().unwrap_or(0);
    let mut out = format!("{}:{line}: {}: {}\n", error.file, error.code, error.message);
    let Some(text) = after.get(&error.file) else { return out };
    if let Some(code) = text.lines().nth(line.saturating_sub(1)) {
        out.push_str(&format!("    {line} | {}\n", code.trim_end()));
    }
    let old = before.get(&error.file).map_or("", String::as_str);
    out.push_str(&hunks(old, text, Some(line)));
    out
}

/// The changes of a text, or those hunks of it that are nearest to the line.
fn hunks(old: &str, new: &str, line: Option<usize>) -> String {
    let diff = TextDiff::from_lines(old, new);
    let groups = diff.grouped_ops(2);
    let distance = |group: &[similar::DiffOp]| -> usize {
        let (Some(first), Some(last), Some(line)) = (group.first(), group.last(), line) else { return 0 };
        let (start, end) = (first.new_range().start + 1, last.new_range().end);
        start.saturating_sub(line).max(line.saturating_sub(end))
    };
    let Some(nearest) = groups.iter().map(|group| distance(group)).min() else { return String::new() };
    let mut out = String::new();
    for group in groups.iter().filter(|group| distance(group) == nearest) {
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            let at = change.new_index().map_or_else(String::new, |index| (index + 1).to_string());
            out.push_str(&format!("    {at:>5} {sign} {}\n", change.value().trim_end()));
        }
    }
    out
}

/// The files that differ, with both of their texts.
fn changes<'t>(before: &'t Texts, after: &'t Texts) -> impl Iterator<Item = (&'t str, &'t str, &'t str)> {
    after.iter().filter_map(|(file, new)| before.get(file).filter(|old| *old != new).map(|old| (file.as_str(), old.as_str(), new.as_str())))
}

fn write(folder: &Path, file: &str, text: &str) -> anyhow::Result<()> {
    fs::write(folder.join(file), text).with_context(|| format!("cannot write {file}"))
}

fn texts(folder: &Path) -> anyhow::Result<Texts> {
    let mut texts = Texts::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(folder.join(&inside))? {
            let entry = entry?;
            let path = inside.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() && entry.file_name() != "node_modules" {
                folders.push(path);
            } else if kind.is_file() && path.to_str().is_some_and(orm_lint::cli::walk::is_source) {
                // What is no text is none of orm-lint's either.
                if let Ok(text) = fs::read_to_string(folder.join(&path)) {
                    texts.insert(path.to_string_lossy().replace('\\', "/"), text);
                }
            }
        }
    }
    Ok(texts)
}

/// A fresh copy, in which installed packages are those of the original.
fn copy_tree(from: &Path, to: &Path) -> anyhow::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    let mut folders = vec![PathBuf::new()];
    while let Some(inside) = folders.pop() {
        fs::create_dir_all(to.join(&inside))?;
        for entry in fs::read_dir(from.join(&inside))? {
            let entry = entry?;
            let path = inside.join(entry.file_name());
            let kind = entry.file_type()?;
            if entry.file_name() == "node_modules" {
                link_packages(from, to, &path)?;
            } else if kind.is_dir() {
                if entry.file_name() != ".git" {
                    folders.push(path);
                }
            } else if kind.is_file() {
                fs::copy(from.join(&path), to.join(&path))?;
            }
        }
    }
    Ok(())
}

/// Links to the packages of the original, but for those that are folders of it (a workspace's own): these are the copy's.
fn link_packages(from: &Path, to: &Path, inside: &Path) -> anyhow::Result<()> {
    let original = from.canonicalize()?;
    let copy = to.canonicalize()?;
    fs::create_dir_all(to.join(inside))?;
    for entry in fs::read_dir(from.join(inside))? {
        let entry = entry?;
        let path = inside.join(entry.file_name());
        if entry.file_type()?.is_dir() && entry.file_name().to_string_lossy().starts_with('@') {
            link_packages(from, to, &path)?;
            continue;
        }
        // A link may lead nowhere; then there is nothing to find behind it.
        let Ok(target) = from.join(&path).canonicalize() else { continue };
        let of_workspace = target.strip_prefix(&original).ok().filter(|rest| !rest.components().any(|c| c.as_os_str() == "node_modules"));
        link(&of_workspace.map_or(target.clone(), |rest| copy.join(rest)), &to.join(&path))?;
    }
    Ok(())
}

//! Ignore comments: takes out the findings that they cover, and reports on the comments themselves.
//!
//! A comment covers a finding if one of its lines holds the start of the finding's primary span.
//! `eslint-disable` comments count where they name a rule's alias; a bare one does not, and none is ever reported on.

mod directive;
mod place;
#[cfg(test)]
mod tests;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::lint::RuleSet;
use crate::model::File;
use crate::rules::ignore_without_reason::IgnoreWithoutReason;
use crate::rules::unknown_rule::UnknownRule;
use crate::rules::unused_ignore::UnusedIgnore;
use crate::rules::{all_of_alias, find, find_alias, nearest};
use crate::source::{SourceFile, Span};
use directive::{Directive, Kind, Name, OURS, Reason};
use place::Place;

/// The findings of one file that no comment suppresses, and those about its comments.
pub fn apply(file: &File, set: &RuleSet, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if !directive::may_hold(&file.source) {
        return found;
    }
    let directives = directive::directives(&file.source);
    if directives.is_empty() {
        return found;
    }
    let place = Place::new(&file.source);
    let mut ignores = Ignores::of(&directives, &place);
    let mut kept = ignores.keep(&place, found);
    let about = About { file: &file.source, place: &place, set };
    kept.extend(ignores.keep(&place, about.names(&directives)));
    kept.extend(ignores.keep(&place, about.reasons(&directives)));
    // What the rules would have said of a file that does not parse is not known.
    if file.source.errors.is_empty() {
        let unused = about.unused(&directives, &ignores);
        kept.extend(ignores.keep(&place, unused));
    }
    kept
}

/// One rule, suppressed on some lines by one directive.
struct Ignore {
    rule: &'static str,
    lines: Vec<(u32, u32)>,
    /// Index of the directive, and of the name in it.
    from: (usize, usize),
    kind: Kind,
    is_used: bool,
}

struct Ignores {
    /// The narrowest first: that one is used where several cover a finding.
    all: Vec<Ignore>,
    /// Those that hold for single lines, by rule and line.
    by_line: FxHashMap<(&'static str, u32), usize>,
    /// The others, by rule.
    ranges: FxHashMap<&'static str, Vec<usize>>,
    /// Directives that end a range which is there.
    ends: Vec<usize>,
}

impl Ignores {
    fn of(directives: &[Directive<'_>], place: &Place<'_>) -> Self {
        let mut all: Vec<Ignore> = Vec::new();
        let mut ends = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        for (d, directive) in directives.iter().enumerate() {
            let line = place.line(directive.comment.start);
            let lines: Vec<(u32, u32)> = match directive.kind {
                Kind::Line => place.lines_of(&directive.comment).into_iter().map(|l| (l, l)).collect(),
                Kind::NextLine => place.lines_after(&directive.comment).into_iter().map(|l| (l, l)).collect(),
                Kind::SameLine => vec![(line, line)],
                Kind::Start => vec![(line, place.last_line())],
                Kind::File => vec![(0, place.last_line())],
                Kind::End => {
                    let ended = |i: &usize| {
                        let start = &all[*i];
                        let is_named = directive.names.iter().any(|name| rules_of(directive, name).contains(&start.rule));
                        directives[start.from.0].is_eslint == directive.is_eslint && (is_named || directive.names.is_empty())
                    };
                    let (closed, still): (Vec<usize>, Vec<usize>) = open.into_iter().partition(ended);
                    open = still;
                    if !closed.is_empty() {
                        ends.push(d);
                    }
                    for i in closed {
                        all[i].lines[0].1 = line;
                    }
                    continue;
                }
                Kind::Unknown => continue,
            };
            for (n, name) in directive.names.iter().enumerate() {
                for rule in rules_of(directive, name) {
                    if directive.kind == Kind::Start {
                        open.push(all.len());
                    }
                    all.push(Ignore { rule, lines: lines.clone(), from: (d, n), kind: directive.kind, is_used: false });
                }
            }
        }
        all.sort_by_key(|ignore| match ignore.kind {
            Kind::Start => 1,
            Kind::File => 2,
            _ => 0,
        });
        let (mut by_line, mut ranges) = (FxHashMap::default(), FxHashMap::<_, Vec<usize>>::default());
        for (at, ignore) in all.iter().enumerate() {
            match ignore.kind {
                Kind::Start | Kind::File => ranges.entry(ignore.rule).or_default().push(at),
                _ => ignore.lines.iter().for_each(|(line, _)| _ = by_line.entry((ignore.rule, *line)).or_insert(at)),
            }
        }
        Self { all, by_line, ranges, ends }
    }

    /// The findings that nothing suppresses.
    fn keep(&mut self, place: &Place<'_>, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let is_kept = |diagnostic: &Diagnostic| {
            let line = place.line(diagnostic.span.start);
            let Some(ignore) = self.covering(diagnostic.rule, line) else { return true };
            self.all[ignore].is_used = true;
            false
        };
        found.into_iter().filter(is_kept).collect()
    }

    /// The first that suppresses the rule on the line.
    fn covering(&self, rule: &'static str, line: u32) -> Option<usize> {
        let covers = |ignore: &Ignore| ignore.lines.iter().any(|(from, to)| (*from..=*to).contains(&line));
        let narrow = self.by_line.get(&(rule, line)).copied();
        narrow.or_else(|| self.ranges.get(rule)?.iter().copied().find(|at| covers(&self.all[*at])))
    }
}

/// The rules that a directive names: one, or none. ESLint's comments name them as its plugin does, where one may be two of ours.
fn rules_of(directive: &Directive<'_>, name: &Name<'_>) -> Vec<&'static str> {
    if directive.is_eslint {
        return all_of_alias(name.text);
    }
    find(name.text).map(|entry| entry.meta.id).into_iter().collect()
}

/// What there is to say of the comments of a file.
struct About<'a> {
    file: &'a SourceFile,
    place: &'a Place<'a>,
    set: &'a RuleSet,
}

impl About<'_> {
    fn span(&self, name: &Name<'_>) -> Span {
        Span::new(self.file.id, name.start, name.end())
    }

    fn finding(&self, rule: &'static str, level: Level, span: Span, message: String) -> Diagnostic {
        Diagnostic { rule, level, ..Diagnostic::new(span, message) }
    }

    fn names(&self, directives: &[Directive<'_>]) -> Vec<Diagnostic> {
        let Some(level) = self.set.level_of(UnknownRule::META.id) else { return Vec::new() };
        let finding = |span, message| self.finding(UnknownRule::META.id, level, span, message);
        let mut found = Vec::new();
        for directive in directives.iter().filter(|d| !d.is_eslint) {
            let keyword = directive.keyword;
            if directive.kind == Kind::Unknown {
                let meant = intended(keyword.text);
                let fix = Fix::safe(format!("Write `{meant}`"), vec![Edit::replace(self.span(&keyword), meant)]);
                let about = finding(self.span(&keyword), format!("`{}` suppresses nothing: there is no such comment", keyword.text));
                found.push(about.help(format!("Did you mean `{meant}`? It {}.", explained(meant))).fix(fix));
                continue;
            }
            if directive.names.is_empty() && directive.kind != Kind::End {
                let about = finding(self.span(&keyword), format!("`{}` suppresses nothing: it names no rule", keyword.text));
                found.push(about.help(format!("Write `{} rule: reason`.", keyword.text)));
            }
            for name in &directive.names {
                if find(name.text).is_none() {
                    let about = finding(self.span(name), format!("There is no rule `{}`", name.text));
                    found.push(self.with_known_name(about, name));
                }
            }
        }
        found
    }

    fn with_known_name(&self, about: Diagnostic, name: &Name<'_>) -> Diagnostic {
        let rename = |to: &str| vec![Edit::replace(self.span(name), to)];
        if let Some(entry) = find_alias(name.text) {
            let id = entry.meta.id;
            return about.help(format!("Its name is `{id}` here.")).fix(Fix::safe(format!("Name it `{id}`"), rename(id)));
        }
        match nearest(name.text) {
            Some(id) => about.help(format!("Did you mean `{id}`?")).fix(Fix::r#unsafe(format!("Name it `{id}`"), rename(id))),
            None => about.help("`orm-lint --rules` lists every rule."),
        }
    }

    fn reasons(&self, directives: &[Directive<'_>]) -> Vec<Diagnostic> {
        let Some(level) = self.set.level_of(IgnoreWithoutReason::META.id) else { return Vec::new() };
        let finding = |span, message: &str| self.finding(IgnoreWithoutReason::META.id, level, span, message.to_owned());
        let mut found = Vec::new();
        for directive in directives {
            let is_ignore = matches!(directive.kind, Kind::Line | Kind::Start | Kind::File) && !directive.is_eslint;
            let (true, Some(first), Some(last)) = (is_ignore, directive.names.first(), directive.names.last()) else { continue };
            let span = self.span(&directive.keyword).to(self.span(last));
            match directive.reason {
                Reason::Given => {}
                Reason::Missing => {
                    let help = format!("Say why after a colon: `{} {}: reason`.", directive.keyword.text, first.text);
                    found.push(finding(span, "This comment does not say why the finding is accepted").help(help));
                }
                Reason::Unmarked => {
                    let fix = Fix::safe("Put a colon before the reason", vec![Edit::insert_after(self.span(last), ":")]);
                    let about = finding(span, "The reason is not parted from the name of the rule").fix(fix);
                    found.push(about.help(format!("Put a colon after `{}`.", last.text)));
                }
            }
        }
        found
    }

    fn unused(&self, directives: &[Directive<'_>], ignores: &Ignores) -> Vec<Diagnostic> {
        let Some(level) = self.set.level_of(UnusedIgnore::META.id) else { return Vec::new() };
        let ran = |rule: &str| rule != UnusedIgnore::META.id && self.set.level_of(rule).is_some();
        let unused: FxHashSet<(usize, usize)> =
            ignores.all.iter().filter(|ignore| !ignore.is_used && ran(ignore.rule)).map(|ignore| ignore.from).collect();
        let mut found = Vec::new();
        for (d, directive) in directives.iter().enumerate().filter(|(_, directive)| !directive.is_eslint) {
            let remove = || vec![self.place.removal(&directive.comment)];
            if directive.kind == Kind::End {
                let is_sound = directive.names.iter().all(|name| find(name.text).is_some());
                if is_sound && !ignores.ends.contains(&d) {
                    let message = format!("`{OURS}-end` ends nothing: no `{OURS}-start` stands before it");
                    let about = self.finding(UnusedIgnore::META.id, level, self.span(&directive.keyword), message);
                    found.push(about.fix(Fix::safe("Remove the comment", remove())));
                }
                continue;
            }
            let is_unused = |n: usize| unused.contains(&(d, n));
            let (unused, kept): (Vec<usize>, Vec<usize>) = (0..directive.names.len()).partition(|n| is_unused(*n));
            let (Some(first), Some(last)) = (unused.first(), unused.last()) else { continue };
            let span = self.span(&directive.names[*first]).to(self.span(&directive.names[*last]));
            let words: Vec<String> = unused.iter().map(|n| format!("`{}`", directive.names[*n].text)).collect();
            let verb = if unused.len() == 1 { "finds" } else { "find" };
            let message = format!("Nothing to ignore: {} {verb} nothing {}", joined(&words), where_of(directive.kind));
            let fix = match (kept.is_empty(), directive.names.first(), directive.names.last()) {
                (false, Some(from), Some(to)) => {
                    let left: Vec<&str> = kept.iter().map(|n| directive.names[*n].text).collect();
                    let list = self.span(from).to(self.span(to));
                    Fix::safe(format!("Remove {} from the comment", joined(&words)), vec![Edit::replace(list, left.join(", "))])
                }
                _ => Fix::safe("Remove the comment", remove()),
            };
            found.push(self.finding(UnusedIgnore::META.id, level, span, message).fix(fix));
        }
        found
    }
}

/// The directive that an author of a mistaken one wanted.
fn intended(word: &str) -> &'static str {
    let suffix = word.strip_prefix(OURS).unwrap_or_default();
    let is_near = |known: &str| strsim::damerau_levenshtein(suffix, known) <= 2;
    match suffix {
        "-begin" | "-disable" => "orm-lint-ignore-start",
        "-enable" | "-stop" => "orm-lint-ignore-end",
        "-all" => "orm-lint-ignore-file",
        _ if is_near("-start") => "orm-lint-ignore-start",
        _ if is_near("-end") => "orm-lint-ignore-end",
        _ if is_near("-file") => "orm-lint-ignore-file",
        _ => OURS,
    }
}

fn explained(directive: &str) -> &'static str {
    match directive {
        "orm-lint-ignore-start" => "holds until `orm-lint-ignore-end`",
        "orm-lint-ignore-end" => "ends what `orm-lint-ignore-start` began",
        "orm-lint-ignore-file" => "holds for the whole file",
        _ => "holds for its own line, or for the next line of code where it stands alone",
    }
}

fn where_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Start => "in this range",
        Kind::File => "in this file",
        _ => "here",
    }
}

fn joined(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

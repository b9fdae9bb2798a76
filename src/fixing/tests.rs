//! Fixes that misbehave: they overlap, break the file, or never end.

use super::*;
use crate::diagnostic::Level;
use crate::lint::RuleSet;
use crate::model::{self, File, Layout, Root};
use crate::rule::{Cx, Rule, RuleMeta};
use crate::rules::filter_scan::FilterScan;
use crate::rules::unknown_rule::UnknownRule;
use crate::source::Span;

/// Replaces each `from` with `to`.
struct Replace {
    meta: &'static RuleMeta,
    from: &'static str,
    to: &'static str,
    applicability: Applicability,
}

fn replace(from: &'static str, to: &'static str) -> Replace {
    Replace { meta: &FilterScan::META, from, to, applicability: Applicability::Safe }
}

impl Rule for Replace {
    fn meta(&self) -> &'static RuleMeta {
        self.meta
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        for (at, word) in file.source.text.match_indices(self.from) {
            let span = Span::new(file.source.id, at as u32, (at + word.len()) as u32);
            let fix = Fix {
                title: String::new(),
                applicability: self.applicability,
                edits: vec![Edit::replace(span, self.to)],
                relies_on: Vec::new(),
            };
            cx.report(Diagnostic::new(span, self.from).fix(fix));
        }
        None
    }
}

fn fixed_with(texts: &[&str], rules: Vec<Replace>, allow_unsafe: bool) -> Fixed {
    let read = |(i, text): (usize, &&str)| model::read(FileId(i as u32), format!("convex/{i}.ts"), (*text).to_owned());
    let layout = Layout { roots: vec![Root { functions: "convex".to_owned(), is_component: false }], ..Layout::default() };
    let workspace = Workspace::link(texts.iter().enumerate().map(read).collect(), layout);
    let set = RuleSet { rules: rules.into_iter().map(|rule| (Box::new(rule) as Box<dyn Rule>, Level::Error)).collect() };
    fix(workspace, &Settings { sets: vec![set], of_file: vec![Some(0); texts.len()] }, allow_unsafe)
}

fn texts(fixed: &Fixed) -> Vec<(u32, &str)> {
    fixed.texts.iter().map(|(file, text)| (file.0, &**text)).collect()
}

#[test]
fn fixes_are_made_in_all_files_until_none_is_left() {
    let fixed = fixed_with(&["a(1);", "b();", "a(a(2));"], vec![replace("a(", "bb("), replace("bb(", "c(")], false);
    assert_eq!(texts(&fixed), [(0, "c(1);"), (2, "c(c(2));")]);
    assert_eq!((fixed.fixed, fixed.diagnostics.len()), (6, 0));
}

#[test]
fn a_fix_that_may_not_be_made_is_left() {
    for (applicability, allow_unsafe) in [(Applicability::Unsafe, false), (Applicability::Display, true)] {
        let fixed = fixed_with(&["a();"], vec![Replace { applicability, ..replace("a", "b") }], allow_unsafe);
        assert_eq!((texts(&fixed).len(), fixed.fixed, fixed.diagnostics.len()), (0, 0, 1));
    }
    let rule = Replace { applicability: Applicability::Unsafe, ..replace("a", "b") };
    assert_eq!(texts(&fixed_with(&["a();"], vec![rule], true)), [(0, "b();")]);
}

#[test]
fn a_fix_that_breaks_the_file_is_dropped_alone() {
    let fixed = fixed_with(&["a; b; a; c; a;", "b;"], vec![replace("b", "x("), replace("a", "y"), replace("c", "z")], false);
    assert_eq!(texts(&fixed), [(0, "y; b; y; z; y;")]);
    assert_eq!((fixed.fixed, fixed.diagnostics.len()), (4, 2));
    assert!(fixed.workspace.source(FileId(0)).errors.is_empty());
}

#[test]
fn a_file_that_is_broken_already_is_not_touched() {
    let fixed = fixed_with(&["a = ;"], vec![replace("a", "(")], false);
    assert_eq!(texts(&fixed), []);
}

#[test]
fn fixes_without_end_are_dropped_and_the_others_kept() {
    let back = Replace { meta: &UnknownRule::META, ..replace("b", "a") };
    let fixed = fixed_with(
        &["a; c;"],
        vec![replace("a", "b"), back, Replace { meta: &crate::rules::unused_ignore::UnusedIgnore::META, ..replace("c", "d") }],
        false,
    );
    assert_eq!((texts(&fixed), fixed.fixed), (vec![(0, "a; d;")], 1));

    let fixed = fixed_with(&["a;"], vec![replace("a", "aa")], false);
    assert_eq!((texts(&fixed), fixed.fixed), (vec![], 0));
}

#[test]
fn a_fix_that_changes_nothing_is_none() {
    let fixed = fixed_with(&["a;"], vec![replace("a", "a")], false);
    assert_eq!((texts(&fixed), fixed.fixed, fixed.diagnostics.len()), (vec![], 0, 1));
}

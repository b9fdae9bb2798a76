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

/// The text after `gone` became `kept`, wherever it stands.
fn without_gone(text: &str) -> String {
    let fixed = fixed_with(&[text], vec![replace("gone()", "kept()")], false);
    texts(&fixed).first().map_or_else(|| text.to_owned(), |(_, text)| (*text).to_owned())
}

#[test]
fn an_import_goes_with_the_last_place_that_names_it() {
    let values = "from \"convex/values\";\n";
    for (before, after) in [
        ("import { gone, kept } ", "import { kept } "),
        ("import { kept, gone } ", "import { kept } "),
        ("import { kept, gone, } ", "import { kept, } "),
        ("import { kept, gone, v } ", "import { kept, v } "),
        ("import { kept, v as gone } ", "import { kept } "),
        ("import {\n  kept,\n  gone,\n} ", "import {\n  kept,\n} "),
        ("import {\n  gone,\n  kept,\n} ", "import {\n  kept,\n} "),
    ] {
        assert_eq!(
            without_gone(&format!("{before}{values}gone(); kept(); gone(); v();")),
            format!("{after}{values}kept(); kept(); kept(); v();")
        );
    }
}

#[test]
fn keys_texts_and_comments_name_no_import() {
    let rest = "// gone\nconst x = { gone: \"https://gone.example\", a: `gone ${1}`, b: y.gone };";
    assert_eq!(
        without_gone(&format!("import {{ gone, kept }} from \"convex/values\";\ngone();{rest}")),
        format!("import {{ kept }} from \"convex/values\";\nkept();{rest}")
    );
}

#[test]
fn a_declaration_goes_with_its_last_import() {
    for (before, after) in [
        ("import { gone } from \"convex/values\";\n\nimport { kept } from \"./a\";\n", "import { kept } from \"./a\";\n"),
        (
            "import { kept } from \"./a\";\r\nimport { gone } from \"../_generated/server\";\r\n\r\n",
            "import { kept } from \"./a\";\r\n\r\n",
        ),
        ("import { kept } from \"./a\"; import { gone } from \"convex/server\";\n", "import { kept } from \"./a\"; \n"),
    ] {
        assert_eq!(without_gone(&format!("{before}gone();")), format!("{after}kept();"));
    }
}

#[test]
fn an_import_that_is_needed_or_may_be_stays() {
    for before in [
        // Something else names it.
        "import { gone } from \"convex/values\";\ngone; gone();",
        "import { gone } from \"convex/values\";\ntype T = typeof gone; gone();",
        "import { gone } from \"convex/values\";\nexport { gone }; gone();",
        // Loading its module may do something.
        "import { gone } from \"./a\";\ngone();",
        "import gone from \"convex/values\";\ngone();",
        "import kept, { gone } from \"convex/values\";\ngone();",
        // A comment would go with it.
        "import { gone /* why */, kept } from \"convex/values\";\ngone();",
    ] {
        assert_eq!(without_gone(before), before.replace("gone()", "kept()"));
    }
    // Nothing named it before.
    let unused = "import { v, kept } from \"convex/values\";\ngone();";
    assert_eq!(without_gone(unused), unused.replace("gone()", "kept()"));
}

#[test]
fn two_fixes_take_an_import_that_each_of_them_leaves() {
    let before = "import { v, gone, lost } from \"convex/values\";\ngone(1, lost()); lost(gone);";
    let fixed = fixed_with(&[before], vec![replace("gone(1, ", "v("), replace("lost(gone)", "v()"), replace("lost()", "1")], false);
    assert_eq!(texts(&fixed), [(0, "import { v } from \"convex/values\";\nv(1); v();")]);
}

#[test]
fn a_fix_by_itself_comes_with_what_it_leaves_unused() {
    let text = "import { gone, kept } from \"convex/values\";\ngone();";
    let fixed = fixed_with(&[text], Vec::new(), false);
    let at = text.rfind("gone").unwrap_or_default() as u32;
    let fix = Fix::safe("", vec![Edit::replace(Span::new(FileId(0), at, at + 4), "kept")]);
    assert_eq!(edit::apply(text, &edits_of(&fixed.workspace, &fix)), "import { kept } from \"convex/values\";\nkept();");
}

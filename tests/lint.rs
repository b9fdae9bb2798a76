//! What `lint` promises whatever the rules: which files are judged, and that the order never changes.

mod support;

use orm_lint::diagnostic::{Diagnostic, Level};
use orm_lint::lint::{self, RuleSet, Settings};
use orm_lint::model::{File, Workspace};
use orm_lint::rule::{Cx, Rule, RuleMeta};
use orm_lint::rules::filter_scan::FilterScan;
use orm_lint::rules::{self, unknown_rule::UnknownRule};
use orm_lint::source::{FileId, Span};

/// Reports every `!`, some of them twice, in the worst order, and every `?` in the file before.
struct Marks(&'static RuleMeta);

impl Rule for Marks {
    fn meta(&self) -> &'static RuleMeta {
        self.0
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        let id = file.source.id;
        let span = |file: FileId, at: usize| Span::new(file, at as u32, at as u32 + 1);
        for (at, _) in file.source.text.rmatch_indices('!') {
            cx.report(Diagnostic::new(span(id, at), "b"));
            cx.report(Diagnostic::new(span(id, at), "a"));
            cx.report(Diagnostic::new(span(id, at), "b"));
        }
        for (at, _) in file.source.text.match_indices('?') {
            cx.report(Diagnostic::new(span(FileId(id.0.checked_sub(1)?), at), "elsewhere"));
        }
        None
    }
}

fn workspace(files: &[(&str, &str)]) -> Workspace {
    let files: Vec<(String, String)> = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    support::workspace(&files, Vec::new())
}

fn settings(of_file: Vec<Option<u16>>) -> Settings {
    let marks = |meta| (Box::new(Marks(meta)) as Box<dyn Rule>, Level::Warn);
    let syntax_error = rules::find("syntax-error").map(|entry| ((entry.build)(serde_json::json!({})).unwrap(), Level::Error));
    let mut rules = vec![marks(&UnknownRule::META), marks(&FilterScan::META)];
    rules.extend(syntax_error);
    Settings { sets: vec![RuleSet { rules: Vec::new() }, RuleSet { rules }], of_file }
}

fn shown(workspace: &Workspace, found: &[Diagnostic]) -> Vec<String> {
    let line = |d: &Diagnostic| format!("{}:{} {} {}", workspace.source(d.span.file).path, d.span.start, d.rule, d.message);
    found.iter().map(line).collect()
}

#[test]
fn findings_are_sorted_by_place_then_rule_and_stand_once() {
    let workspace = workspace(&[("convex/b.ts", "!a;"), ("convex/a.ts", "a(!b, !c);")]);
    let found = lint::lint(&workspace, &settings(vec![Some(1); 2]));
    let each = |place: &str| ["filter-scan a", "filter-scan b", "unknown-rule a", "unknown-rule b"].map(|what| format!("{place} {what}"));
    let wanted: Vec<String> = ["convex/a.ts:2", "convex/a.ts:6", "convex/b.ts:0"].into_iter().flat_map(each).collect();
    assert_eq!(shown(&workspace, &found), wanted);
    assert!(found.iter().all(|d| d.level == Level::Warn));
}

#[test]
fn only_files_that_are_asked_for_get_findings() {
    let files = [("convex/a.ts", "a ? b : c;"), ("convex/b.ts", "a ? !b : c;"), ("convex/c.ts", "!a;")];
    let workspace = workspace(&files);
    assert_eq!(lint::lint(&workspace, &settings(vec![None, None, None])), []);
    assert_eq!(lint::lint(&workspace, &settings(vec![Some(0); 3])), []);
    // What a rule says of another file is not shown either; what it says of one that is asked for is.
    let found = lint::lint(&workspace, &settings(vec![None, Some(1), None]));
    assert_eq!(shown(&workspace, &found).len(), 4);
    let found = lint::lint(&workspace, &settings(vec![Some(1), Some(1), None]));
    assert_eq!(shown(&workspace, &found)[0], "convex/a.ts:2 filter-scan elsewhere");
}

#[test]
fn tests_and_generated_files_get_none() {
    let files = [("convex/a.test.ts", "!a; ="), ("convex/_generated/api.ts", "!a; ="), ("shared/a.ts", "!a;")];
    let workspace = workspace(&files);
    let found = lint::lint(&workspace, &settings(vec![Some(1); 3]));
    assert_eq!(shown(&workspace, &found).len(), 4);
    assert!(shown(&workspace, &found).iter().all(|line| line.starts_with("shared/a.ts")));
}

#[test]
fn a_file_that_does_not_parse_is_a_finding_and_the_others_are_linted() {
    let workspace = workspace(&[("convex/a.ts", "const a = ;"), ("convex/b.ts", "!a;")]);
    let found = lint::lint(&workspace, &settings(vec![Some(1); 2]));
    let lines = shown(&workspace, &found);
    assert!(lines[0].starts_with("convex/a.ts:10 syntax-error ") && lines.len() == 5, "{lines:?}");
    assert_eq!(found[0].level, Level::Error);
}

#[test]
fn any_number_of_threads_finds_the_same() {
    let texts: Vec<(String, String)> =
        (0..60).map(|i| (format!("convex/{}.ts", i * 7 % 60), "f(!a, b ? !c : d); ".repeat(i % 5 + 1))).collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (&**path, &**text)).collect();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            let workspace = workspace(&files);
            shown(&workspace, &lint::lint(&workspace, &settings(vec![Some(1); files.len()])))
        })
    };
    let once = run(1);
    assert!(once.len() > 100);
    for threads in [2, 3, 8] {
        assert_eq!(run(threads), once);
    }
}

#[test]
fn timings_name_the_rules_that_ran() {
    let workspace = workspace(&[("convex/a.ts", "!a;")]);
    let (found, timings) = lint::lint_timed(&workspace, &settings(vec![Some(1)]));
    assert_eq!(found, lint::lint(&workspace, &settings(vec![Some(1)])));
    assert_eq!(timings.keys().copied().collect::<Vec<_>>(), ["filter-scan", "syntax-error", "unknown-rule"]);
}

/// Followed wherever they lead, these would come to more types than there is time to read.
#[test]
fn types_that_name_each_other_come_to_an_end() {
    use std::fmt::Write as _;
    let names: Vec<String> = (0..60).map(|at| format!("Kind{at}")).collect();
    let mut text = String::from("import { query } from \"./_generated/server\";\n");
    for name in &names {
        let fields: String = names.iter().fold(String::new(), |mut all, other| {
            let _ = write!(all, " to{other}: {other};");
            all
        });
        let _ = writeln!(text, "type {name} = {{{fields} word: string }};");
    }
    text.push_str("export const first = query({ args: {}, handler: async (): Promise<Kind0 | null> => null });\n");
    let workspace = workspace(&[("convex/a.ts", &text)]);
    let at = workspace.files.iter().position(|file| file.source.path == "convex/a.ts").expect("the file");
    let rules = ["missing-returns", "implicit-null-return", "returns-drift"].map(|id| {
        let entry = rules::find(id).expect("a rule");
        ((entry.build)(serde_json::json!({})).unwrap(), Level::Error)
    });
    let mut of_file = vec![None; workspace.files.len()];
    of_file[at] = Some(0);
    let found = lint::lint(&workspace, &Settings { sets: vec![RuleSet { rules: rules.into() }], of_file });
    assert_eq!(found.len(), 1, "{:?}", shown(&workspace, &found));
}

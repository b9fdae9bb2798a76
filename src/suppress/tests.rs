//! Which lines a comment covers. What is said of the comments themselves is in `fixtures/rules`.

use super::*;
use crate::model;
use crate::rules;
use crate::source::FileId;

const NONE: [u32; 0] = [];

/// The lines, from 1, on which a finding of `filter-scan` at each `BAD` stays.
fn left(text: &str) -> Vec<u32> {
    let file = model::read(FileId(0), "convex/example.tsx".to_owned(), text.to_owned());
    let built = rules::ALL.iter().map(|entry| ((entry.build)(serde_json::json!({})).unwrap(), entry.meta.level));
    let set = RuleSet { rules: built.collect() };
    let finding = |(at, word): (usize, &str)| Diagnostic {
        rule: "filter-scan",
        ..Diagnostic::new(Span::new(FileId(0), at as u32, (at + word.len()) as u32), "")
    };
    let found: Vec<Diagnostic> = text.match_indices("BAD").map(finding).collect();
    assert!(!found.is_empty());
    let place = Place::new(&file.source);
    let kept = apply(&file, &set, found);
    kept.iter().filter(|d| d.rule == "filter-scan").map(|d| place.line(d.span.start) + 1).collect()
}

#[test]
fn a_comment_alone_on_its_line_covers_the_next_code() {
    assert_eq!(left("BAD;\n// orm-lint-ignore filter-scan: why\nBAD;\nBAD;"), [1, 4]);
    assert_eq!(left("// orm-lint-ignore filter-scan: why\n\n// And more words.\n/* a\n b */\nBAD;\nBAD;"), [7]);
    assert_eq!(left("/* orm-lint-ignore filter-scan: why */ BAD;\nBAD;"), [2]);
    assert_eq!(left("/**\n * orm-lint-ignore filter-scan: why\n */\nBAD;\nBAD;"), [5]);
    assert_eq!(left("  // orm-lint-ignore filter-scan: why\r\n  BAD;\r\nBAD;"), [3]);
}

#[test]
fn a_comment_behind_code_covers_its_line() {
    assert_eq!(left("BAD; // orm-lint-ignore filter-scan: why\nBAD;"), [2]);
    assert_eq!(left("BAD; /* orm-lint-ignore filter-scan: why */\nBAD;"), [2]);
}

#[test]
fn a_comment_in_jsx_covers_the_next_line() {
    let text = "x = <p>\n  {/* orm-lint-ignore filter-scan: why */}\n  <b>{BAD}</b>\n  <b>{BAD}</b>\n</p>;";
    assert_eq!(left(text), [4]);
}

#[test]
fn a_comment_above_a_method_chain_covers_its_lines() {
    let chain = "// orm-lint-ignore filter-scan: why\nconst rows = await ctx.db\n  .query(\"users\")\n  .BAD((q) =>\n    BAD,\n  )\n  .BAD();\nBAD;";
    assert_eq!(left(chain), [5, 8]);
    let assigned = "// orm-lint-ignore filter-scan: why\nconst rows =\n  BAD\n    ?.BAD();\nBAD;";
    assert_eq!(left(assigned), [5]);
    let grouped = "// orm-lint-ignore filter-scan: why\nreturn (\n  await ctx.db\n    .BAD()\n);\nBAD;";
    assert_eq!(left(&format!("function f() {{\n{grouped}\n}}")), [7]);
}

#[test]
fn a_comment_above_a_function_does_not_cover_its_body() {
    assert_eq!(left("// orm-lint-ignore filter-scan: why\nexport const f = query({\n  handler: () => BAD,\n}).BAD;\nBAD;"), [3, 4, 5]);
    assert_eq!(left("// orm-lint-ignore filter-scan: why\nf('(', \"[\", `{`)\n  .BAD();\nBAD;"), [4]);
    assert_eq!(left("// orm-lint-ignore filter-scan: why\nconst a = [\n  ...BAD,\n];"), [3]);
    assert_eq!(left("const a = [\n  // orm-lint-ignore filter-scan: why\n  BAD,\n  ...BAD,\n];"), [4]);
}

#[test]
fn ranges_and_files() {
    let range = "BAD;\n// orm-lint-ignore-start filter-scan: why\nBAD;\nBAD;\n// orm-lint-ignore-end\nBAD;";
    assert_eq!(left(range), [1, 6]);
    assert_eq!(left(&range.replace("-end", "-end filter-scan")), [1, 6]);
    assert_eq!(left(&range.replace("-end", "-end syntax-error")), [1]);
    assert_eq!(left("BAD;\n// orm-lint-ignore-file filter-scan: why\nBAD;"), NONE);
}

#[test]
fn only_the_named_rules_are_covered() {
    assert_eq!(left("// orm-lint-ignore syntax-error: why\nBAD;"), [2]);
    assert_eq!(left("// orm-lint-ignore syntax-error, filter-scan: why\nBAD;"), NONE);
    assert_eq!(left("// orm-lint-ignore: filter-scan\nBAD;"), [2]);
    assert_eq!(left("// orm-lint-ignored filter-scan: why\nBAD;"), [2]);
    assert_eq!(left("// see orm-lint-ignore filter-scan: why\nBAD;"), [2]);
}

#[test]
fn comments_for_eslint_count_where_they_name_an_alias() {
    assert_eq!(left("// eslint-disable-next-line @convex-dev/no-filter-in-query -- why\nBAD;\nBAD;"), [3]);
    assert_eq!(left("// eslint-disable-next-line no-console, @convex-dev/no-filter-in-query\nBAD;"), NONE);
    assert_eq!(left("// eslint-disable-next-line @convex-dev/no-filter-in-query\n\nBAD;"), [3]);
    assert_eq!(left("BAD; // eslint-disable-line @convex-dev/no-filter-in-query\nBAD;"), [2]);
    let range = "BAD;\n/* eslint-disable @convex-dev/no-filter-in-query */\nBAD;\n/* eslint-enable */\nBAD;";
    assert_eq!(left(range), [1, 5]);
    assert_eq!(left(&range.replace("/* eslint-disable", "// eslint-disable")), [1, 3, 5]);
    assert_eq!(left("/* eslint-disable */\nBAD; // eslint-disable-line\n"), [2]);
    assert_eq!(left("/* eslint-disable filter-scan */\nBAD;"), [2]);
}

#[test]
fn odd_comments_are_no_trouble() {
    for comment in [
        "// orm-lint-ignore",
        "//orm-lint-ignore é:ü",
        "/*orm-lint-ignore filter-scan*/",
        "/**/",
        "// orm-lint-ignore ,,: x",
        "/* orm-lint-ignore-",
    ] {
        left(&format!("BAD;\n{comment}"));
        left(&format!("BAD;\n{{{comment}"));
    }
}

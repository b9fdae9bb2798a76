//! Holds `docs/compat.md` to the preset `compat`: the same rules, by the same names, at the same levels.

mod support;

use orm_lint::diagnostic::Level;
use orm_lint::preset::{COMPAT, Preset};
use orm_lint::rule::Category;
use orm_lint::rules;
use support::{Failures, read, root};

/// A row of the table of rules: what the plugin calls it, what it is called here, and the level.
struct Row {
    alias: String,
    ids: Vec<String>,
    level: String,
}

fn rows() -> Vec<Row> {
    let text = read(&root().join("docs/compat.md"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.strip_prefix("| `")?.split('|').map(str::trim).collect();
        let [alias, ours, level, ..] = cells[..] else { return None };
        let ids = ours.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        Some(Row { alias: alias.trim_end_matches('`').to_owned(), ids, level: level.to_owned() })
    };
    text.lines().filter_map(row).collect()
}

#[test]
fn the_page_has_the_rules_of_the_preset() {
    let mut failures = Failures::default();
    let rows = rows();
    for (id, level) in COMPAT {
        let row = rows.iter().find(|row| row.ids.iter().any(|known| known == id));
        let Some(row) = row else {
            failures.add(format!("docs/compat.md does not name `{id}`"));
            continue;
        };
        failures.check(row.level == level.name(), || format!("docs/compat.md: `{id}` is {} in `compat`", level.name()));
        failures.check(rules::all_of_alias(&row.alias).contains(&id), || format!("`{}` of the plugin is not `{id}` here", row.alias));
    }
    let named: usize = rows.iter().map(|row| row.ids.len()).sum();
    failures.check(named == COMPAT.len(), || format!("docs/compat.md names {named} rules, and `compat` has {}", COMPAT.len()));
    for entry in rules::ALL {
        let is_there = COMPAT.iter().any(|(id, _)| *id == entry.meta.id);
        failures.check(entry.meta.alias.is_none() || is_there, || format!("`{}` has an alias and no level in `compat`", entry.meta.id));
        let is_on = Preset::Compat.level(entry.meta) != Level::Off;
        failures.check(!is_on || is_there || entry.meta.category == Category::Meta, || format!("`{}` is on in `compat`", entry.meta.id));
    }
    failures.report();
}

#[test]
fn a_comment_for_eslint_covers_both_rules_that_one_became() {
    let schema = "import { defineSchema, defineTable } from \"convex/server\";\nimport { v } from \"convex/values\";\n\
        export default defineSchema({\n  a: defineTable({ x: v.string() })\n    .index(\"one\", [\"x\"])\n    COMMENT.index(\"two\", [\"x\"]),\n});\n";
    let found = |comment: &str| {
        let workspace = support::workspace(&[("convex/schema.ts".to_owned(), schema.replace("COMMENT", comment))], Vec::new());
        let entry = rules::find("duplicate-index").expect("the rule");
        let rule = (entry.build)(serde_json::json!({})).expect("the rule");
        let set = orm_lint::lint::RuleSet { rules: vec![(rule, Level::Error)] };
        let settings = orm_lint::lint::Settings { sets: vec![set], of_file: vec![Some(0)] };
        orm_lint::lint::lint(&workspace, &settings).len()
    };
    assert_eq!(found(""), 1);
    assert_eq!(found("// eslint-disable-next-line @convex-dev/no-duplicate-indexes\n    "), 0);
    assert_eq!(found("// eslint-disable-next-line @convex-dev/no-filter-in-query\n    "), 1);
}

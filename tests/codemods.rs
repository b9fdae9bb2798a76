//! Runs the codemods on their fixtures: `fixtures/codemods/<codemod>/*.md`.
//!
//! A heading is a case; a block is a file before, a block `ts after` the same file after, and `// left: code` marks what is left to a person.
//! `text tables` says what becomes of each table. What stands under the title stands beside every case.
//! `CODEMOD=words cargo test --test codemods` runs the cases whose place or name holds the words.
//! `UPDATE=1` rewrites and adds `after` blocks and rewrites `text tables`, and never a mark.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use orm_lint::codemod::{Left, Options, Part, Plan, RelationStyle, Rewritten, Severity, Status, TableOutcome};
use orm_lint::codemods;
use orm_lint::model::ty::{RelationColumn, RelationKind};
use orm_lint::model::{Relation, Workspace};
use orm_lint::source::{FileId, Span};
use support::codemod_case::{self, CodemodCase, Planner};
use support::{Failures, is_update, read, root};

#[test]
fn every_codemod_does_what_its_fixtures_say() {
    let mut failures = Failures::default();
    let chosen = std::env::var("CODEMOD").unwrap_or_default();
    let mut count = 0;
    for (codemod, path) in codemod_case::fixtures() {
        let shown = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
        let text = read(&path);
        let mut rewrites = Vec::new();
        for case in codemod_case::cases(&shown, &text, &codemod, &mut failures).iter().filter(|case| case.title.contains(&chosen)) {
            count += 1;
            rewrites.extend(support::with_deep_stack(|| case.run(&codemods::plan, &mut failures)));
        }
        if is_update() && !rewrites.is_empty() {
            std::fs::write(&path, rewritten(text, rewrites)).expect("write the fixture");
        }
    }
    assert!(count > 0, "CODEMOD={chosen}: there are no such cases");
    failures.report();
}

#[test]
fn every_code_is_listed_and_shown() {
    let mut failures = Failures::default();
    let listed: BTreeSet<&str> = codemods::codes::CODES.iter().map(|(code, _)| *code).collect();
    let mut used: BTreeSet<String> = BTreeSet::new();
    for (codemod, path) in codemod_case::fixtures() {
        let text = read(&path);
        for case in codemod_case::cases("", &text, &codemod, &mut failures) {
            used.extend(support::with_deep_stack(|| case.codes(&codemods::plan)));
        }
    }
    for code in &used {
        failures.check(listed.contains(&**code), || format!("`{code}` is not in src/codemods/codes.rs"));
    }
    // No input makes the codemod write what cannot be proved, as far as we know; nor does the model read what no text says.
    // Files that do not parse are found by the program, not by a codemod.
    for code in listed.iter().filter(|code| !used.contains(**code) && !matches!(**code, "unproved" | "opaque-schema" | "syntax-error")) {
        failures.add(format!("no fixture shows `{code}`"));
    }
    failures.report();
}

/// Whoever is left with a call is told what to write in its place.
#[test]
fn what_is_left_of_functions_says_what_to_write() {
    let mut failures = Failures::default();
    let mut codes = BTreeSet::new();
    for (codemod, path) in codemod_case::fixtures() {
        for case in codemod_case::cases(&path.display().to_string(), &read(&path), &codemod, &mut failures) {
            let plan = planned(&case.before(), &case, case.options.only);
            for left in plan.left.iter().filter(|left| left.code.starts_with("functions-")) {
                failures.check(left.suggestion.is_some(), || format!("{}: `{}` suggests nothing", case.title, left.code));
                codes.insert(left.code);
            }
        }
    }
    let all: Vec<&str> = codemods::codes::CODES.iter().map(|(code, _)| *code).filter(|code| code.starts_with("functions-")).collect();
    let missing: Vec<&&str> = all.iter().filter(|code| !codes.contains(**code) && **code != "functions-ents").collect();
    assert!(missing.is_empty(), "no fixture leaves {missing:?}");
    failures.report();
}

/// The functions first, and then the schema: the same as both at once.
#[test]
fn functions_can_go_first() {
    let mut failures = Failures::default();
    let mut compared = 0;
    for (codemod, path) in codemod_case::fixtures().into_iter().filter(|(codemod, _)| codemod != "validators") {
        for case in codemod_case::cases(&path.display().to_string(), &read(&path), &codemod, &mut failures) {
            let before = case.before();
            let whole = planned(&before, &case, None);
            if whole.calls.rewritten == 0 || case.options.only.is_some() {
                continue;
            }
            let functions = applied(&before, &planned(&before, &case, Some(Part::Functions)));
            let schema = before.iter().position(|(path, _)| path.ends_with("schema.ts")).expect("a schema");
            failures.check(functions[schema] == before[schema], || format!("{}: the schema changed with the functions", case.title));
            let then = applied(&functions, &planned(&functions, &case, None));
            let at_once = applied(&before, &whole);
            for (then, at_once) in then.iter().zip(&at_once) {
                failures.check(then == at_once, || format!("{}: {}\n{}\n--- at once\n{}", case.title, then.0, then.1, at_once.1));
                compared += 1;
            }
        }
    }
    assert!(compared > 5, "{compared} files");
    failures.report();
}

fn planned(files: &[(String, String)], case: &CodemodCase, only: Option<Part>) -> Plan {
    let options = Options { only, ..case.options.clone() };
    support::with_deep_stack(|| codemods::plan(&support::workspace(files, case.aliases.clone()), &options))
}

fn applied(files: &[(String, String)], plan: &Plan) -> Vec<(String, String)> {
    let mut files = files.to_vec();
    for (file, rewritten) in &plan.files {
        files[file.0 as usize].1.clone_from(&rewritten.text);
    }
    files.extend(plan.created.iter().map(|(path, text)| (path.clone(), text.clone())));
    files
}

/// A relation: `pilots.flights: many flights, pilots.id = flights.captainId`.
type Said = BTreeMap<String, (RelationKind, String)>;

/// Which of the three styles is asked for changes nothing about which relations there are.
#[test]
fn every_style_says_the_same() {
    let mut failures = Failures::default();
    let mut compared = 0;
    for (codemod, path) in codemod_case::fixtures() {
        for case in codemod_case::cases(&path.display().to_string(), &read(&path), &codemod, &mut failures) {
            let [defined, chained, separate] =
                [RelationStyle::DefineRelations, RelationStyle::Chain, RelationStyle::Relations].map(|style| said(&case, style));
            failures.check(defined.0 == chained.0, || format!("{}: {:#?} became {:#?}", case.title, defined.0, chained.0));
            compared += defined.0.len();
            let mut separate_said = separate.0;
            let is_dropped = |name: &str| {
                let words = format!("the relation `{name}` is dropped: without");
                separate.1.iter().any(|left| left.code == "required-cycle" && left.message.starts_with(&words))
            };
            let mut defined = defined;
            defined.0.retain(|name, _| !is_dropped(name));
            for (name, (kind, _)) in &mut separate_said {
                // There is no `one` for an end that holds no field, and the plan says so.
                if separate.1.iter().any(|left| left.code == "one-to-one" && left.message.starts_with(&format!("`{name}`"))) {
                    *kind = defined.0.get(name).map_or(*kind, |(kind, _)| *kind);
                }
            }
            failures.check(defined.0 == separate_said, || format!("{}: {:#?} became {separate_said:#?}", case.title, defined.0));
        }
    }
    assert!(compared > 100, "{compared} relations");
    failures.report();
}

/// The relations of the result in a style, and what is left.
fn said(case: &CodemodCase, style: RelationStyle) -> (Said, Vec<Left>) {
    support::with_deep_stack(|| {
        let options = Options { relations: style, ..case.options.clone() };
        let plan = codemods::plan(&support::workspace(&case.before(), case.aliases.clone()), &options);
        let mut files = case.before();
        for (file, rewritten) in &plan.files {
            files[file.0 as usize].1.clone_from(&rewritten.text);
        }
        let after = support::workspace(&files, case.aliases.clone());
        let is_made = |table: &str| plan.tables.iter().any(|made| made.name == table && made.status == Status::Created);
        let relations: Vec<&Relation> = after.projects.iter().flat_map(|project| &project.relations).collect();
        let own = relations.iter().filter(|relation| !is_made(&relation.table));
        let said = own.map(|relation| {
            assert!(relation.known, "{}: {}.{} cannot be read", case.title, relation.table, relation.name);
            (format!("{}.{}", relation.table, relation.name), (relation.kind, path(relation, &relations, &is_made)))
        });
        (said.collect(), plan.left)
    })
}

/// What a relation leads to, and by which columns.
fn path(relation: &Relation, all: &[&Relation], is_made: &dyn Fn(&str) -> bool) -> String {
    let target = relation.target.as_ref().expect("a target");
    let names = |columns: &Option<Vec<RelationColumn>>| -> String {
        let columns = columns.as_ref().expect("columns");
        let id = |name: &str| if name == "_id" { "id".to_owned() } else { name.to_owned() };
        columns.iter().map(|c| id(&c.column.column)).collect::<Vec<_>>().join(", ")
    };
    if let Some(through) = relation.through() {
        let [from, to] = [through.from, through.to].map(|columns| columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
        return format!("{target} through {}, {from} to {to}", through.table);
    }
    if relation.from.is_some() {
        return format!("{target}, {} to {}", names(&relation.from), names(&relation.to));
    }
    // The columns are those of the relation that leads back.
    let leads_back = |other: &&&Relation| {
        other.table == *target && other.target.as_ref() == Some(&relation.table) && other.alias == relation.alias && other.from.is_some()
    };
    let back: Vec<&&Relation> = all.iter().filter(leads_back).collect();
    let [back] = &back[..] else { panic!("{}.{}: {} relations lead back", relation.table, relation.name, back.len()) };
    if !is_made(target) {
        return format!("{target}, {} to {}", names(&back.to), names(&back.from));
    }
    let on = all.iter().find(|other| other.table == *target && other.name != back.name).expect("the other side");
    format!("{} through {target}, {} to {}", on.target.as_ref().expect("a target"), names(&back.from), names(&on.from))
}

fn rewritten(mut text: String, mut rewrites: Vec<(Range<usize>, String)>) -> String {
    rewrites.sort_by_key(|(range, _)| range.start);
    for (range, new) in rewrites.into_iter().rev() {
        let new = if new.is_empty() || new.ends_with('\n') { new } else { new + "\n" };
        text.replace_range(range, &new);
    }
    text
}

const CASE: &str = "\
# Words

`orm: my/orm, table: users, todo`

## A case

relations: chain, table: posts

`convex/schema.ts`:
```ts
// A comment.
export default old(); // left: some-code
```

```ts after
// A comment.
export default fresh();
```

```text tables
users: migrated
  users.height: null now allowed
logs: kept, nested-index: it is nested
```
";

/// A codemod of one word.
fn made_up(workspace: &Workspace, _: &Options) -> Plan {
    let text = &workspace.source(FileId(0)).text;
    let Some(at) = text.find("old").map(|at| at as u32) else { return Plan::default() };
    let span = Span::new(FileId(0), at, at + 3);
    let table = |name: &str, status, widened| TableOutcome { name: name.to_owned(), span, status, widened };
    Plan {
        files: BTreeMap::from([(FileId(0), Rewritten { text: text.replace("old", "fresh"), edits: 1 })]),
        tables: vec![
            table("users", Status::Migrated, vec!["users.height: null now allowed".to_owned()]),
            table("logs", Status::Kept { code: "nested-index", why: "it is nested".to_owned() }, Vec::new()),
        ],
        left: vec![Left { code: "some-code", severity: Severity::Warning, span, message: "Words.".to_owned(), suggestion: None }],
        ..Plan::default()
    }
}

fn run(text: &str, planner: Planner<'_>) -> Failures {
    let mut failures = Failures::default();
    for case in codemod_case::cases("words.md", text, "ents", &mut failures) {
        case.run(planner, &mut failures);
    }
    failures
}

#[test]
fn a_case_says_what_it_asks_for() {
    let mut failures = Failures::default();
    let cases = codemod_case::cases("words.md", CASE, "validators", &mut failures);
    failures.report();
    let [case] = &cases[..] else { panic!("{} cases", cases.len()) };
    let said = format!("{:?}", case.options);
    for words in
        ["from: Convex", "only: Some(Schema)", "relations: Chain", "orm: \"my/orm\"", "tables: [\"users\", \"posts\"]", "todo: true"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    let [(path, after)] = &case.after()[..] else { panic!("one file") };
    assert_eq!((&**path, &**after), ("convex/schema.ts", "// A comment.\nexport default fresh();\n"));
}

#[test]
fn a_case_that_is_right_passes() {
    run(CASE, &made_up).report();
}

#[test]
fn what_is_wrong_is_said() {
    if is_update() {
        return;
    }
    let check = |failures: Failures, words: &str| assert!(failures.mention(words), "nobody says \"{words}\"");
    let change = |plan: &dyn Fn(&mut Plan), workspace: &Workspace, options: &Options| {
        let mut made = made_up(workspace, options);
        plan(&mut made);
        made
    };
    let changed = |plan: &dyn Fn(&mut Plan)| run(CASE, &|workspace, options| change(plan, workspace, options));
    let text = |text: &str| Rewritten { text: text.to_owned(), edits: 1 };
    check(run(&CASE.replace("fresh", "new"), &made_up), "is not what the `after` block shows");
    check(run(&CASE.replace("ts after", "ts kept"), &made_up), "two blocks are called");
    check(run(&CASE.replace("// left: some-code", ""), &made_up), "left, but not marked");
    check(run(&CASE.replace("some-code", "other-code"), &made_up), "marked `other-code`, and not left");
    check(run(&CASE.replace("users: m", "users: M"), &made_up), "other tables");
    check(run(&CASE.replace("table: posts", "tables: posts"), &made_up), "unexpected argument");
    check(run(CASE, &|_, _| Plan::default()), "is not what the `after` block shows");
    check(changed(&|plan| plan.left.clear()), "marked `some-code`, and not left");
    check(changed(&|plan| drop(plan.files.insert(FileId(0), text("export default fresh();\n")))), "the comment `// A comment.` is lost");
    check(changed(&|plan| drop(plan.files.insert(FileId(0), text("export default fresh(;\n")))), "does not parse any more");
    check(changed(&|plan| plan.left.iter_mut().for_each(|left| left.span.end = 10_000)), "lies outside of its file");
    check(changed(&|plan| plan.left.iter_mut().for_each(|left| left.message.push('\n'))), "one line each");
    let restless = |workspace: &Workspace, options: &Options| {
        let mut plan = made_up(workspace, options);
        plan.files.insert(FileId(0), text(&format!("{}//\n", workspace.source(FileId(0)).text)));
        plan
    };
    check(run(CASE, &restless), "a second run changes convex/schema.ts");
}

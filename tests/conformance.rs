//! Holds what codemods write against the real packages: types, the schema that Convex gets, whether the ORM starts, and what becomes of
//! rows that are stored and read.
//!
//! Every fixture of a codemod is tried, in one process of Node; what that does is in `tests/conformance`.
//! A paragraph `conformance: none, because …` in a fixture excepts a case from it, `no types` from TypeScript alone, `no rows` from
//! storing and reading, and `0.11` says that versions before 0.11 have not what the case needs.

mod support;

use std::collections::BTreeSet;

use orm_lint::codemod::{From, Left, Options, Plan, RelationStyle, Status, Target};
use orm_lint::codemods;
use support::codemod_case::{self, CodemodCase};
use support::packages::{ORMS, Outcome, Project, held_against_packages};
use support::{Failures, read, root};

#[test]
fn what_codemods_write_is_right_for_the_packages_that_read_it() {
    let mut failures = Failures::default();
    let chosen = std::env::var("CODEMOD").unwrap_or_default();
    let (mut tried, mut projects) = (Vec::new(), Vec::new());
    for (codemod, path) in codemod_case::fixtures() {
        let shown = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
        for case in codemod_case::cases(&shown, &read(&path), &codemod, &mut failures) {
            let exception = exception(&case, &mut failures);
            let plan =
                support::with_deep_stack(|| codemods::plan(&support::workspace(&case.before(), case.aliases.clone()), &case.options));
            if !case.title.contains(&chosen) || exception == Exception::None || plan.files.is_empty() {
                continue;
            }
            for style in STYLES.into_iter().filter(|style| case.options.from == From::Ents && *style != case.options.relations) {
                projects.push(in_style(&case, style, exception));
            }
            tried.push(Tried { case, plan, exception });
        }
    }
    let others = projects.len();
    projects.extend(tried.iter().map(Tried::project));
    let Some(results) = held_against_packages(&projects) else { return };
    let (mut removed_later, mut searched) = (0, 0);
    for (project, result) in projects.iter().zip(&results[..others]) {
        let title = &project.title;
        failures.check(result.problems.is_empty(), || format!("{title}, as {:?}\n  {}", project.style, result.problems.join("\n  ")));
    }
    for (tried, result) in tried.iter().zip(&results[others..]) {
        let title = &tried.case.title;
        failures.check(result.problems.is_empty(), || format!("{title}\n  {}", result.problems.join("\n  ")));
        tried.check_tables(result, &mut failures);
        tried.check_rows(result, &mut failures);
        tried.check_paged(result, &mut failures);
        removed_later += result.removed_later;
        searched += result.searched;
    }
    failures.report();
    let is_whole = chosen.is_empty();
    assert!(!is_whole || removed_later > 0 && searched > 0, "deleted later: {removed_later}, searched: {searched}");
}

const STYLES: [RelationStyle; 3] = [RelationStyle::DefineRelations, RelationStyle::Relations, RelationStyle::Chain];

/// What a case comes to in a style that it does not ask for: rows do not depend on it.
fn in_style(case: &CodemodCase, style: RelationStyle, exception: Exception) -> Project {
    let options = Options { relations: style, ..case.options.clone() };
    let plan = support::with_deep_stack(|| codemods::plan(&support::workspace(&case.before(), case.aliases.clone()), &options));
    let mut project = project(case, &plan, exception);
    (project.style, project.has_rows, project.orms) = (style, false, &ORMS[..1]);
    // Functions are migrated for published styles only; without them, those that speak of ents do not compile.
    project.has_types &= plan.left.iter().all(|left| !left.code.starts_with("functions-"));
    project
}

/// What a case is excepted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exception {
    Nothing,
    Types,
    Rows,
    Versions,
    None,
}

fn exception(case: &CodemodCase, failures: &mut Failures) -> Exception {
    let Some(text) = &case.exception else { return Exception::Nothing };
    match text.split_once(", because ").map_or(text.trim_end_matches('.'), |(what, _)| what) {
        "none" => Exception::None,
        "no types" => Exception::Types,
        "no rows" => Exception::Rows,
        "0.11" => Exception::Versions,
        other => {
            failures.add(format!("{}\n  `conformance: {other}`: there are `none`, `no types`, `no rows` and `0.11`", case.title));
            Exception::Nothing
        }
    }
}

struct Tried {
    case: CodemodCase,
    plan: Plan,
    exception: Exception,
}

impl Tried {
    fn project(&self) -> Project {
        project(&self.case, &self.plan, self.exception)
    }

    /// Rows were really compared, and where other ones remain after a deletion, the plan says so.
    fn check_rows(&self, result: &Outcome, failures: &mut Failures) {
        let title = &self.case.title;
        let is_asked = self.exception != Exception::Rows && result.problems.is_empty();
        failures.check(!is_asked || result.rows > 0, || format!("{title}\n  no rows were compared"));
        for (found, said) in [(&result.insertions, &OTHER_INSERTIONS[..]), (&result.deletions, &OTHER_DELETIONS[..])] {
            let is_never = |left: &Left| left.code == "scheduled-deletion" && left.message.contains("are never deleted");
            let is_said = self.plan.left.iter().any(|left| said.contains(&left.code) || is_never(left));
            failures.check(is_said || found.is_empty(), || format!("{title}\n  {}", found.join("\n  ")));
        }
    }

    /// What is said of deletions before 0.11 is so.
    fn check_paged(&self, result: &Outcome, failures: &mut Failures) {
        if self.exception == Exception::Rows || self.exception == Exception::Versions || !result.problems.is_empty() || result.removed == 0
        {
            return;
        }
        let options = Options { target: Target::Before011, ..self.case.options.clone() };
        let before = support::workspace(&self.case.before(), self.case.aliases.clone());
        let plan = support::with_deep_stack(|| codemods::plan(&before, &options));
        let said = plan.left.iter().filter(|left| left.code == "several-cascades");
        let said: BTreeSet<String> = said.filter_map(|left| left.message.split('`').nth(1)).map(str::to_owned).collect();
        failures.check(said == result.paged, || {
            format!("{}\n  before 0.11, rows cannot be deleted of {:?}; the plan says {said:?}", self.case.title, result.paged)
        });
    }

    /// The plan says of exactly those tables that they are wider that are.
    fn check_tables(&self, result: &Outcome, failures: &mut Failures) {
        for table in &self.plan.tables {
            let Some(verdict) = result.tables.get(&table.name) else { continue };
            // That ents refused duplicates is nothing that Convex's schema says.
            let is_said = table.widened.iter().any(|what| !what.contains("refuses duplicates"));
            failures.check((verdict == "widened") == is_said || verdict == "narrowed" || verdict == "incompatible", || {
                format!("{}\n  {} is {verdict}, and the plan says {:?}", self.case.title, table.name, table.widened)
            });
            let is_untouched = matches!(table.status, Status::Kept { .. } | Status::Already);
            failures.check(!is_untouched || verdict == "equal", || {
                format!("{}\n  {} is {verdict}, and the plan says {:?}", self.case.title, table.name, table.status)
            });
        }
    }
}

fn project(case: &CodemodCase, plan: &Plan, exception: Exception) -> Project {
    let mut after = case.before();
    for (file, rewritten) in &plan.files {
        after[file.0 as usize].1.clone_from(&rewritten.text);
    }
    after.extend(plan.created.iter().map(|(path, text)| (path.clone(), text.clone())));
    Project {
        title: case.title.clone(),
        before: [case.before(), case.others.clone()].concat(),
        after: [after, case.others.clone()].concat(),
        module: case.options.orm.clone(),
        style: case.options.relations,
        has_types: exception != Exception::Types,
        has_rows: exception != Exception::Rows,
        orms: if exception == Exception::Versions { &ORMS[..1] } else { &ORMS },
    }
}

/// What a plan says where the ORM stores something else than it was given: before 0.11, it drops what is called `createdAt`.
const OTHER_INSERTIONS: [&str; 1] = ["created-at-shadowed"];

/// What a plan says where deleting a row no longer does what ents did.
const OTHER_DELETIONS: [&str; 5] = ["fk-restrict", "no-fk", "relation-dropped", "reverse-cascade", "system-edge"];

const BEFORE: &str = "\
import { defineSchema, defineTable } from \"convex/server\";
import { v } from \"convex/values\";
export default defineSchema({
  users: defineTable({ name: v.string(), age: v.optional(v.number()) }).index(\"by_name\", [\"name\", \"age\"]),
  posts: defineTable({ userId: v.id(\"users\"), kind: v.union(v.literal(\"a\"), v.literal(\"b\")) }).index(\"userId\", [\"userId\"]),
});
";

const AFTER: &str = "\
import { convexTable, defineRelations, defineSchema, id, index, integer, text, textEnum } from \"better-convex/orm\";
export const users = convexTable(\"users\", { name: text().notNull(), age: integer() }, (t) => [index(\"by_name\").on(t.name, t.age)]);
export const posts = convexTable(
  \"posts\",
  { userId: id(\"users\").notNull().references(() => users.id), kind: textEnum([\"a\", \"b\"]).notNull() },
  (t) => [index(\"userId\").on(t.userId)],
);
const tables = { users, posts };
export default defineSchema(tables);
export const relations = defineRelations(tables, (r) => ({
  users: { posts: r.many.posts({ from: r.users.id, to: r.posts.userId }) },
  posts: { user: r.one.users({ from: r.posts.userId, to: r.users.id, optional: false }) },
}));
";

fn made_up(before: &str, after: &str, style: RelationStyle) -> Project {
    let files = |text: &str| vec![("convex/schema.ts".to_owned(), text.to_owned())];
    let (before, after) = (files(before), files(after));
    Project {
        title: String::new(),
        before,
        after,
        module: "better-convex/orm".to_owned(),
        style,
        has_types: true,
        has_rows: true,
        orms: &ORMS,
    }
}

#[test]
fn what_is_wrong_is_found() {
    let style = RelationStyle::DefineRelations;
    let relations = AFTER.find("export const relations").expect("the relations");
    let first = AFTER[..relations].replace("defineRelations,", "relations,")
        + "export const userRelations = relations(users, ({ many }) => ({ posts: many(posts) }));\n";
    let chained = AFTER[..relations].replace("defineRelations, ", "").replace("(tables);", "(tables)")
        + "  .relations((r) => ({ users: { posts: r.many.posts({ from: r.users.id, to: r.posts.userId }) } }));\n";
    let cases: [(String, RelationStyle, &[&str]); 13] = [
        (AFTER.to_owned(), style, &[]),
        (first.clone(), RelationStyle::Relations, &[]),
        (chained.clone(), RelationStyle::Chain, &[]),
        (chained.replace("r.posts.userId", "r.posts.authorId"), RelationStyle::Chain, &["cannot be loaded"]),
        (AFTER.replace("age: integer()", "age: integer().notNull()"), style, &["users is narrowed: age: optional(number) became number"]),
        (AFTER.replace("age: integer()", "age: text()"), style, &["users is incompatible: age: optional(number) became"]),
        (AFTER.replace("t.name, t.age", "t.age, t.name"), style, &["the index by_name of users was on (name, age) and is on (age, name)"]),
        (AFTER.replace("\"by_name\"", "\"byName\""), style, &["users has lost the index by_name", "users has a new index byName"]),
        (first.replace("{ users, posts };", "{ users };"), RelationStyle::Relations, &["the table posts is gone"]),
        (AFTER.replace("r.many.posts", "r.one.posts"), style, &["Circular dependency"]),
        (AFTER.replace("=> [index(\"userId\").on(t.userId)]", "=> []"), style, &["no index of posts begins with userId"]),
        (AFTER.replace("text().notNull()", "text().notNul()"), style, &["a type error: convex/schema.ts:2 TS2551"]),
        (AFTER.replace("[\"a\", \"b\"]", "[\"a\"]"), style, &["posts is narrowed: kind: \"a\" | \"b\" became \"a\""]),
    ];
    let projects: Vec<Project> = cases.iter().map(|(after, style, _)| made_up(BEFORE, after, *style)).collect();
    let Some(results) = held_against_packages(&projects) else { return };
    for (i, ((_, _, wanted), result)) in cases.iter().zip(&results).enumerate() {
        assert_eq!(wanted.is_empty(), result.problems.is_empty(), "case {i}: {:#?}", result.problems);
        for words in *wanted {
            assert!(result.problems.iter().any(|problem| problem.contains(words)), "case {i}: {words}: {:#?}", result.problems);
        }
    }
    let verdicts = ["users", "posts"].map(|name| results[0].tables[name].as_str());
    assert_eq!(verdicts, ["widened", "equal"]);
}

const STORED: &str = "\
import { defineEnt, defineEntSchema } from \"convex-ents\";
import { v } from \"convex/values\";
export default defineEntSchema({
  users: defineEnt({ since: v.number() }).field(\"isFirst\", v.boolean(), { index: true }).edges(\"posts\", { ref: true }),
  posts: defineEnt({}).edge(\"user\"),
});
";

const STORED_AFTER: &str = "\
import { boolean, convexTable, defineRelations, defineSchema, id, index, integer, timestamp, uniqueIndex } from \"better-convex/orm\";
export const users = convexTable(
  \"users\",
  { since: integer().notNull(), isFirst: boolean().notNull() },
  (t) => [index(\"isFirst\").on(t.isFirst)],
);
export const posts = convexTable(
  \"posts\",
  { userId: id(\"users\").notNull().references(() => users.id, { onDelete: \"cascade\" }) },
  (t) => [index(\"userId\").on(t.userId)],
);
const tables = { users, posts };
export default defineSchema(tables);
export const relations = defineRelations(tables);
";

/// Two schemas that say the same to Convex may still have the ORM do something else.
#[test]
fn what_becomes_of_rows_is_found() {
    let cases = [
        (STORED_AFTER.to_owned(), [0, 0, 0], ""),
        (STORED_AFTER.replace("integer()", "timestamp()"), [1, 0, 0], "what the ORM reads of users"),
        (STORED_AFTER.replace("index(\"isFirst\")", "uniqueIndex(\"isFirst\")"), [0, 1, 0], "inserting into users through the ORM fails"),
        (STORED_AFTER.replace(", { onDelete: \"cascade\" }", ""), [0, 0, 1], "deleting the row 0 of users fails after"),
        (STORED_AFTER.replace("\"cascade\"", "\"set null\""), [0, 0, 1], "deleting the row 0 of users"),
    ];
    let project = |after: &String| Project { has_types: false, ..made_up(STORED, after, RelationStyle::DefineRelations) };
    let projects: Vec<Project> = cases.iter().map(|(after, ..)| project(after)).collect();
    let Some(results) = held_against_packages(&projects) else { return };
    for (i, ((_, wanted, words), result)) in cases.iter().zip(&results).enumerate() {
        let found = [&result.problems, &result.insertions, &result.deletions];
        assert_eq!(found.map(|list| u8::from(!list.is_empty())), *wanted, "case {i}: {found:#?}");
        let is_named = words.is_empty() || found.into_iter().flatten().any(|problem| problem.contains(words));
        assert!(is_named, "case {i}: {words}: {found:#?}");
    }
    assert!(results[0].rows > 0 && results[0].removed > 0);
}

const LATER: &str = "\
import { defineEnt, defineEntSchema } from \"convex-ents\";
import { v } from \"convex/values\";
export default defineEntSchema({ users: defineEnt({ name: v.string() }).deletion(\"scheduled\", { delayMs: 1000 }) });
";

const LATER_AFTER: &str = "\
import { convexTable, defineRelations, defineSchema, integer, text } from \"better-convex/orm\";
export const users = convexTable(\"users\", { name: text().notNull(), deletionTime: integer() });
const tables = { users };
export default defineSchema(tables);
export const relations = defineRelations(tables);
";

/// Why the codemod writes no `deletion("scheduled")`: the job throws, and the row stays.
#[test]
fn deletions_that_are_scheduled_are_run_to_their_end() {
    let scheduled = LATER_AFTER
        .replace("defineSchema, integer", "defineSchema, deletion, integer")
        .replace("integer() });", "integer() }, () => [deletion(\"scheduled\", { delayMs: 1000 })]);");
    let project = |after: &str| Project { has_types: false, ..made_up(LATER, after, RelationStyle::DefineRelations) };
    let Some(results) = held_against_packages(&[project(LATER_AFTER), project(&scheduled)]) else { return };
    let [right, wrong] = &results[..] else { panic!("two projects") };
    assert_eq!((&right.problems, &right.deletions), (&Vec::new(), &Vec::new()));
    assert!(right.removed_later > 0);
    let why = "functions:scheduledDelete throws";
    assert!(wrong.deletions.iter().any(|said| said.contains(why)), "{:#?}", wrong.deletions);
}

/// A schema of many tables, in groups of five, each of which has an edge to the one before.
#[test]
fn fifty_tables_are_migrated_at_once() {
    const MANY: usize = 50;
    let edge = |i: usize| format!(".edge(\"above\", {{ to: \"level{}\", field: \"aboveId\" }})", i - 1);
    let edges = |i: usize| format!(".edges(\"below\", {{ to: \"level{}\", ref: \"aboveId\" }})", i + 1);
    let table = |i: usize| {
        let up = if i.is_multiple_of(5) { String::new() } else { edge(i) };
        let down = if (i + 1).is_multiple_of(5) { String::new() } else { edges(i) };
        format!(
            "  level{i}: defineEnt({{ name: v.string(), note{i}: v.optional(v.number()) }}){up}{down}.index(\"by_name\", [\"name\"]),\n"
        )
    };
    let before = "import { defineEnt, defineEntSchema } from \"convex-ents\";\nimport { v } from \"convex/values\";\n\n".to_owned()
        + &format!("export default defineEntSchema({{\n{}}});\n", (0..MANY).map(table).collect::<String>());
    let mut failures = Failures::default();
    let document = format!("# Many\n\n`relations: defineRelations`\n\n```ts\n{before}```\n");
    let cases = codemod_case::cases("many", &document, "ents", &mut failures);
    failures.report();
    let [case] = &cases[..] else { panic!("one case") };
    let plan = support::with_deep_stack(|| codemods::plan(&support::workspace(&case.before(), Vec::new()), &case.options));
    assert_eq!(plan.tables.len(), MANY);
    for table in &plan.tables {
        assert!(matches!(table.status, Status::Migrated), "{}: {:?}", table.name, table.status);
    }
    let after = plan.files.values().next().map(|file| file.text.clone()).expect("the schema changes");
    let Some(results) = held_against_packages(&[made_up(&before, &after, RelationStyle::DefineRelations)]) else { return };
    let [result] = &results[..] else { panic!("one project") };
    assert_eq!((&result.problems, &result.insertions, &result.deletions), (&Vec::new(), &Vec::new(), &Vec::new()));
    assert_eq!(result.tables.len(), MANY);
    assert!(result.rows > 0 && result.removed > 0);
}

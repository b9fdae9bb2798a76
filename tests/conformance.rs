//! Holds what codemods write against the real packages: types, the schema that Convex gets, whether the ORM starts, and what becomes of
//! rows that are stored and read.
//!
//! Every fixture of a codemod is tried, in one process of Node; what that does is in `tests/conformance`.
//! A paragraph `conformance: none, because …` in a fixture excepts a case from it, `no types` from TypeScript alone, `no rows` from
//! storing and reading, and `0.11` says that versions before 0.11 have not what the case needs.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use orm_lint::codemod::{Plan, RelationStyle, Status};
use orm_lint::codemods;
use serde_json::{Value, json};
use support::codemod_case::{self, CodemodCase};
use support::program::{copy_project, npm_packages, run, skip};
use support::{Failures, read, root};

/// The ORM as it is published, the newest version first.
const ORMS: [&str; 2] = ["better-convex", "better-convex-0.6"];

#[test]
fn what_codemods_write_is_right_for_the_packages_that_read_it() {
    let mut failures = Failures::default();
    let chosen = std::env::var("CODEMOD").unwrap_or_default();
    let mut tried = Vec::new();
    for (codemod, path) in codemod_case::fixtures() {
        let shown = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
        for case in codemod_case::cases(&shown, &read(&path), &codemod, &mut failures) {
            let exception = exception(&case, &mut failures);
            let plan =
                support::with_deep_stack(|| codemods::plan(&support::workspace(&case.before(), case.aliases.clone()), &case.options));
            if case.title.contains(&chosen) && exception != Exception::None && !plan.files.is_empty() {
                tried.push(Tried { case, plan, exception });
            }
        }
    }
    let Some(results) = held_against_packages(&tried.iter().map(Tried::project).collect::<Vec<_>>()) else { return };
    for (tried, result) in tried.iter().zip(results) {
        let title = &tried.case.title;
        failures.check(result.problems.is_empty(), || format!("{title}\n  {}", result.problems.join("\n  ")));
        tried.check_tables(&result, &mut failures);
        tried.check_rows(&result, &mut failures);
    }
    failures.report();
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
        let mut after = self.case.before();
        for (file, rewritten) in &self.plan.files {
            after[file.0 as usize].1.clone_from(&rewritten.text);
        }
        Project {
            before: [self.case.before(), self.case.others.clone()].concat(),
            after: [after, self.case.others.clone()].concat(),
            module: self.case.options.orm.clone(),
            style: self.case.options.relations,
            has_types: self.exception != Exception::Types,
            has_rows: self.exception != Exception::Rows,
            orms: if self.exception == Exception::Versions { &ORMS[..1] } else { &ORMS },
        }
    }

    /// Rows were really compared, and where other ones remain after a deletion, the plan says so.
    fn check_rows(&self, result: &Outcome, failures: &mut Failures) {
        let title = &self.case.title;
        let is_asked = self.exception != Exception::Rows && result.problems.is_empty();
        failures.check(!is_asked || result.rows > 0, || format!("{title}\n  no rows were compared"));
        for (found, said) in [(&result.insertions, &OTHER_INSERTIONS[..]), (&result.deletions, &OTHER_DELETIONS[..])] {
            let is_said = self.plan.left.iter().any(|left| said.contains(&left.code));
            failures.check(is_said || found.is_empty(), || format!("{title}\n  {}", found.join("\n  ")));
        }
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

/// What a plan says where the ORM stores something else than it was given: before 0.11, it drops what is called `createdAt`.
const OTHER_INSERTIONS: [&str; 1] = ["created-at-shadowed"];

/// What a plan says where deleting a row no longer does what ents did.
const OTHER_DELETIONS: [&str; 5] = ["no-fk", "relation-dropped", "reverse-cascade", "scheduled-deletion", "system-edge"];

/// A project before and after a migration.
struct Project {
    before: Vec<(String, String)>,
    after: Vec<(String, String)>,
    /// Where it imports the ORM from.
    module: String,
    style: RelationStyle,
    has_types: bool,
    has_rows: bool,
    orms: &'static [&'static str],
}

/// What the packages say of a project.
struct Outcome {
    /// By table: `equal`, `widened`, `narrowed`, `incompatible`.
    tables: BTreeMap<String, String>,
    problems: Vec<String>,
    /// Where the ORM does not store what it is given.
    insertions: Vec<String>,
    /// Where other rows remain after a deletion.
    deletions: Vec<String>,
    /// How many rows were stored and compared, and how many were deleted.
    rows: u64,
    removed: u64,
}

/// Runs all projects through Node; `None` where the packages cannot be had.
fn held_against_packages(projects: &[Project]) -> Option<Vec<Outcome>> {
    let packages = match npm_packages(&root().join("tests/conformance")) {
        Ok(packages) => packages,
        Err(why) => {
            skip(&format!("the packages to hold codemods against could not be installed with npm: {why}"));
            return None;
        }
    };
    // Packages are found from where the files are. Tests that run side by side have a folder each.
    let folder = tempfile::tempdir_in(&packages).expect("a folder");
    let place = folder.path();
    let harness = place.join("harness");
    copy_project(&root().join("tests/conformance"), &harness);
    let cases: Vec<Value> = projects.iter().enumerate().map(|(i, project)| project.lay_out(&place.join(i.to_string()))).collect();
    let list = place.join("cases.json");
    std::fs::write(&list, Value::from(cases).to_string()).expect("write the list of cases");
    let output = run(Command::new("node").arg(harness.join("run.mjs")).arg(&list).current_dir(&packages));
    assert!(output.code == 0, "{}\n{}", output.err, output.out);
    let results: Vec<Value> = serde_json::from_str(&output.out).unwrap_or_else(|error| panic!("{error}: {}", output.out));
    assert_eq!(results.len(), projects.len());
    Some(results.iter().map(Outcome::read).collect())
}

impl Outcome {
    fn read(result: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let texts = |name: &str| result[name].as_array().into_iter().flatten().map(text).collect();
        let compared = |what: &str| result["compared"][what].as_u64().unwrap_or_default();
        Self {
            tables: result["tables"].as_object().into_iter().flatten().map(|(name, verdict)| (name.clone(), text(verdict))).collect(),
            problems: texts("problems"),
            insertions: texts("insertions"),
            deletions: texts("deletions"),
            rows: compared("rows"),
            removed: compared("deletions"),
        }
    }
}

impl Project {
    fn lay_out(&self, folder: &Path) -> Value {
        for (side, files) in [("before", &self.before), ("after", &self.after)] {
            for (path, text) in files {
                let path: PathBuf = folder.join(side).join(path);
                std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("make the folder");
                std::fs::write(path, text).expect("write a file");
            }
        }
        let style = match self.style {
            RelationStyle::Relations => "relations",
            RelationStyle::DefineRelations => "defineRelations",
            RelationStyle::Chain => "chain",
        };
        let mut modules = vec![self.module.as_str(), "better-convex/orm", "kitcn/orm"];
        modules.dedup();
        // Before the ORM had a module of its own.
        let is_early = |(_, text): &(String, String)| text.contains("convexTable") && text.contains("\"better-convex/server\"");
        modules.extend(self.before.iter().any(is_early).then_some("better-convex/server"));
        json!({ "folder": folder, "modules": modules, "orms": self.orms, "style": style, "types": self.has_types, "rows": self.has_rows })
    }
}

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
    Project { before, after, module: "better-convex/orm".to_owned(), style, has_types: true, has_rows: true, orms: &ORMS }
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

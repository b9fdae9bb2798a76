//! What `orm-migrate` says of a migration, in each format, for plans that the test makes up.

mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Parser;
use orm_lint::cli::args::{MigrateArgs, ReportFormat, Source};
use orm_lint::cli::lines::Lines;
use orm_lint::cli::migrate::installed::{Orm, Package};
use orm_lint::cli::migrate::report::{self, Report};
use orm_lint::cli::pages;
use orm_lint::cli::paths::Places;
use orm_lint::codemod::{self, Calls, Left, Plan, Rewritten, Severity, Status, TableOutcome};
use orm_lint::source::{FileId, Span};
use support::diff;

const SCHEMA: &str = "export default defineEntSchema({\n  users: defineEnt({ height: v.optional(v.number()) }),\n  logs: defineEnt({}).index(\"by_meta\", [\"meta.kind\"]),\n});\n";

fn plan() -> Plan {
    let span = |words: &str| {
        let at = SCHEMA.find(words).expect("the words") as u32;
        Span::new(FileId(0), at, at + words.len() as u32)
    };
    let table = |name: &str, status, widened: &[&str]| TableOutcome {
        name: name.to_owned(),
        span: span("users"),
        status,
        widened: widened.iter().map(ToString::to_string).collect(),
    };
    let left = |code, severity, words: &str, message: &str, suggestion: Option<&str>| Left {
        code,
        severity,
        span: span(words),
        message: message.to_owned(),
        suggestion: suggestion.map(str::to_owned),
    };
    let why = "the index `by_meta` is on a field inside of another";
    Plan {
        files: BTreeMap::from([(FileId(0), Rewritten { text: "new\n".to_owned(), edits: 14 })]),
        created: BTreeMap::new(),
        tables: vec![
            table("users", Status::Migrated, &["users.height: null now allowed", "users.weight: null now allowed | or missing"]),
            table("posts_to_tags", Status::Created, &[]),
            table("logs", Status::Kept { code: "nested-index", why: why.to_owned() }, &[]),
            table("old", Status::Already, &[]),
        ],
        left: vec![
            left("widened-null", Severity::Info, "height", "`users.height` may now hold null", None),
            left("default-on-read", Severity::Warning, "v.number()", "a default is no longer filled in on reads", Some("backfill `users`")),
            left("nested-index", Severity::Error, "\"meta.kind\"", why, None),
        ],
        calls: Calls { rewritten: 118, left: 1 },
    }
}

fn rendered(format: ReportFormat, plan: &Plan, orm: &Orm, written: bool) -> String {
    let workspace = support::workspace(&[("convex/schema.ts".to_owned(), SCHEMA.to_owned())], Vec::new());
    let (places, _) = Places::of(&[PathBuf::from(".")]).expect("places");
    let lines = Lines::new(&workspace);
    let args = MigrateArgs::parse_from(["orm-migrate", "--from", "ents"]);
    let options = args.options(codemod::From::Ents, orm.style(args.part()), &orm.module());
    let written_file = |(file, new): (&FileId, &Rewritten)| {
        let source = workspace.source(*file);
        pages::Rewritten { path: source.path.clone(), before: source.text.to_string(), after: new.text.clone() }
    };
    let rewritten: Vec<pages::Rewritten> = plan.files.iter().map(written_file).collect();
    let report = Report {
        places: &places,
        workspace: &workspace,
        lines: &lines,
        plan,
        rewritten: &rewritten,
        from: Source::Ents,
        options: &options,
        orm,
        is_auto: true,
        written,
        colors: false,
    };
    let text = String::from_utf8(report::render(format, &report).expect("a report")).expect("UTF-8");
    // Editors keep no blanks at the ends of lines.
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn installed() -> Orm {
    Orm::Installed { package: Package::BetterConvex, version: "0.11.0".to_owned() }
}

fn check(is: &str, wanted: &str) {
    assert!(is == wanted, "{}", diff(is, wanted));
}

#[test]
fn people_see_what_is_left_and_what_became_of_each_table() {
    let text = rendered(ReportFormat::Text, &plan(), &installed(), true);
    let expected = "\
warning[default-on-read]: a default is no longer filled in on reads
  ┌─ convex/schema.ts:2:41
  │
2 │   users: defineEnt({ height: v.optional(v.number()) }),
  │                                         ^^^^^^^^^^
  │
  = help: backfill `users`

error[nested-index]: the index `by_meta` is on a field inside of another
  ┌─ convex/schema.ts:3:41
  │
3 │   logs: defineEnt({}).index(\"by_meta\", [\"meta.kind\"]),
  │                                         ^^^^^^^^^^^

(lines are those of the files before this run; --todo would have written all of this into the new ones)

good to know
  convex/schema.ts:2:22  widened-null: `users.height` may now hold null

tables
  users          migrated  users.height: null now allowed
                           users.weight: null now allowed | or missing
  posts_to_tags  created
  logs           kept      nested-index: the index `by_meta` is on a field inside of another
  old            already

files written
  convex/schema.ts  14 edits

relations
  relations are written as `defineRelations(tables, …)`, because better-convex 0.11.0 is installed

next
  1. go through what is left to a person: 2 places; each code is explained in https://github.com/orm-lint/orm-lint/blob/main/docs/codemods/README.md
  2. check the types, run the tests, and read the diff before you deploy
  3. to take all of it back: orm-migrate --undo
";
    check(&text, expected);
}

#[test]
fn programs_read_version_1() {
    let json = rendered(ReportFormat::Json, &plan(), &installed(), false);
    let expected = r#"{
  "version": 1,
  "from": "ents",
  "written": false,
  "relations": {
    "style": "defineRelations",
    "module": "better-convex/orm",
    "why": "better-convex 0.11.0 is installed"
  },
  "files": [
    {
      "path": "convex/schema.ts",
      "edits": 14,
      "created": false
    }
  ],
  "tables": [
    {
      "name": "users",
      "status": "migrated",
      "widened": [
        "users.height: null now allowed",
        "users.weight: null now allowed | or missing"
      ]
    },
    {
      "name": "posts_to_tags",
      "status": "created"
    },
    {
      "name": "logs",
      "status": "kept",
      "code": "nested-index",
      "why": "the index `by_meta` is on a field inside of another"
    },
    {
      "name": "old",
      "status": "already"
    }
  ],
  "calls": {
    "rewritten": 118,
    "left": 1
  },
  "left": [
    {
      "code": "widened-null",
      "severity": "info",
      "file": "convex/schema.ts",
      "start": {
        "line": 2,
        "column": 22,
        "offset": 54
      },
      "end": {
        "line": 2,
        "column": 28,
        "offset": 60
      },
      "message": "`users.height` may now hold null",
      "suggestion": null
    },
"#;
    check(&json.split_inclusive('\n').take(expected.lines().count()).collect::<String>(), expected);
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(value["left"].as_array().map(Vec::len), Some(3));
}

#[test]
fn pull_requests_get_a_list_to_tick_off() {
    let markdown = rendered(ReportFormat::Markdown, &plan(), &Orm::Unknown, true);
    let expected = "\
# Migration from ents

1 file written; 1 table migrated, 1 created, 1 kept, 1 migrated before; 118 calls rewritten, 1 left.

## Left to a person

- [ ] **default-on-read** `convex/schema.ts:2:41`: a default is no longer filled in on reads (backfill `users`)
- [ ] **nested-index** `convex/schema.ts:3:41`: the index `by_meta` is on a field inside of another

Lines are those of the files before this run; --todo would have written all of this into the new ones.

## Tables

| table | | |
|---|---|---|
| `users` | migrated | users.height: null now allowed; users.weight: null now allowed \\| or missing |
| `posts_to_tags` | created |  |
| `logs` | kept | nested-index: the index `by_meta` is on a field inside of another |
| `old` | already |  |

## Files

- `convex/schema.ts`: 14 edits

## Good to know

- **widened-null** `convex/schema.ts:2:22`: `users.height` may now hold null

## Relations

Relations are written as `defineRelations(tables, …)`, the form of better-convex 0.6 and later, because neither better-convex nor kitcn is installed: kitcn takes --relations chain, with which functions stay as they are.

## Next

1. Install the package of `better-convex/orm`, which the new code imports.
2. Go through what is left to a person: 2 places; each code is explained in https://github.com/orm-lint/orm-lint/blob/main/docs/codemods/README.md.
3. Check the types, run the tests, and read the diff before you deploy.
4. To take all of it back: orm-migrate --undo.
";
    check(&markdown, expected);
}

#[test]
fn nothing_to_do_is_nothing_to_say() {
    let nothing = Plan::default();
    assert_eq!(rendered(ReportFormat::Text, &nothing, &Orm::Unknown, false), "");
    assert_eq!(rendered(ReportFormat::Markdown, &nothing, &Orm::Unknown, false), "# Migration from ents\n\nNothing to change.\n");
}

//! `cargo new-rule some-id --category queries`: the files of a rule that works, to be turned into the one that is wanted.
//!
//! Writes `src/rules/some_id.rs` and `fixtures/rules/some-id.md`, adds the line to `src/rules.rs`, overwrites nothing.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use orm_lint::rule::Category;
use orm_lint::rules;

const USAGE: &str = "usage: cargo new-rule <id> --category <category>\n\n  <id>  names the problem in kebab-case and reads after \"allow\": filter-scan, missing-args";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match request(&arguments).and_then(|request| request.write(Path::new(env!("CARGO_MANIFEST_DIR")))) {
        Ok(written) => {
            println!("{written}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

struct Request {
    id: String,
    category: Category,
}

fn request(arguments: &[String]) -> Result<Request, String> {
    let names: Vec<&str> = Category::ALL.into_iter().filter(|c| *c != Category::Meta).map(Category::name).collect();
    let usage = || format!("{USAGE}\n  <category>  {}", names.join(", "));
    let mut id = None;
    let mut category = None;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--category" | "-c" => category = rest.next().cloned(),
            other if other.starts_with("--category=") => category = other.strip_prefix("--category=").map(str::to_owned),
            other if other.starts_with('-') || id.is_some() => return Err(usage()),
            other => id = Some(other.to_owned()),
        }
    }
    let (Some(id), Some(category)) = (id, category) else { return Err(usage()) };
    let is_kebab = id.split('-').all(|word| {
        word.starts_with(|c: char| c.is_ascii_lowercase()) && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    });
    if !is_kebab {
        return Err(format!("`{id}` is not in kebab-case\n\n{}", usage()));
    }
    if rules::find(&id).is_some() {
        return Err(format!("there is a rule `{id}` already"));
    }
    let Some(known) = Category::ALL.into_iter().find(|c| c.name() == category && *c != Category::Meta) else {
        return Err(format!("there is no category `{category}`\n\n{}", usage()));
    };
    Ok(Request { id, category: known })
}

impl Request {
    fn module(&self) -> String {
        self.id.replace('-', "_")
    }

    /// The name of its type: `FilterScan`.
    fn type_name(&self) -> String {
        self.id.split('-').flat_map(|word| word.chars().enumerate().map(|(i, c)| if i == 0 { c.to_ascii_uppercase() } else { c })).collect()
    }

    fn write(&self, root: &Path) -> Result<String, String> {
        let (module, id) = (self.module(), &self.id);
        let rule = root.join(format!("src/rules/{module}.rs"));
        let fixture = root.join(format!("fixtures/rules/{id}.md"));
        let list = root.join("src/rules.rs");
        for path in [&rule, &fixture] {
            if path.exists() {
                return Err(format!("{} exists already", path.display()));
            }
        }
        let listed = self.added_to(&read(&list)?)?;
        let shape = Shape::of(self.category);
        write(&rule, &self.rule(&shape))?;
        write(&fixture, &self.fixture(&shape))?;
        write(&list, &listed)?;
        Ok(format!(
            "created src/rules/{module}.rs, fixtures/rules/{id}.md, and a line in src/rules.rs\n\n\
             The rule works and finds something already. Next:\n\
             1. fixtures/rules/{id}.md: write down what it must find, and what it must not\n\
             2. RULE={id} cargo test --test rules     until it says the same as the fixture\n\
             3. the doc comment in src/rules/{module}.rs is its page: why, an example that is true, what its fixes may change\n\
             4. UPDATE=1 cargo test                   writes docs, `fixed` blocks and the snapshot of other rules' findings; read the diff\n\
             5. CHANGELOG.md: a line under Unreleased"
        ))
    }

    /// The list of rules with this one behind the last of its category.
    fn added_to(&self, list: &str) -> Result<String, String> {
        let line = format!("    {}: {},\n", self.module(), self.type_name());
        let of_category = |line: &&str| {
            let module = line.trim().split(':').next().unwrap_or_default();
            let entry = rules::find(&module.replace('_', "-"));
            line.starts_with("    ") && entry.is_some_and(|entry| entry.meta.category == self.category)
        };
        let start = list.find("rules! {\n").map(|at| at + "rules! {\n".len()).ok_or("src/rules.rs holds no `rules! { … }`")?;
        let last = list[start..].split_inclusive('\n').rfind(of_category);
        let at = last.map_or(start, |line| line.as_ptr() as usize - list.as_ptr() as usize + line.len());
        Ok(format!("{}{line}{}", &list[..at], &list[at..]))
    }

    fn rule(&self, shape: &Shape) -> String {
        let Shape { noun, hook, guard, span, example, .. } = shape;
        let category = format!("{:?}", self.category);
        let (id, name, version) = (&self.id, self.type_name(), env!("CARGO_PKG_VERSION"));
        let example: String = example.lines().map(|line| format!("    /// {line}\n")).collect();
        let argument = hook.trim_start_matches("db_");
        format!(
            r#"use crate::declare_rule;
use crate::diagnostic::{{Diagnostic, Level}};
use crate::model::{noun};
use crate::rule::{{Category, Cx, Rule, RuleMeta}};

declare_rule! {{
    /// Finds what it finds, in one sentence.
    ///
    /// ## Why is this bad?
    /// What goes wrong, for whom, and when.
    ///
    /// ## Example
    /// ```ts
{example}    /// ```
    pub struct {name} {{}} = {{ id: "{id}", category: Category::{category}, level: Level::Warn, since: "{version}" }}
}}

impl Rule for {name} {{
    fn meta(&self) -> &'static RuleMeta {{
        &Self::META
    }}

    fn {hook}(&self, {argument}: &{noun}, cx: &mut Cx<'_>) -> Option<()> {{
        // Guards first: what is not sure is not reported.
        {guard}.then_some(())?;
        cx.report(Diagnostic::new({span}, "What is wrong here").help("What to do about it."));
        None
    }}
}}
"#
        )
    }

    fn fixture(&self, shape: &Shape) -> String {
        let Shape { fires, silent, .. } = shape;
        let path = if self.category == Category::Schema { "`convex/schema.ts`:\n" } else { "" };
        format!("# {}\n\n## What it finds\n\n{path}```ts\n{fires}```\n\n## What it leaves alone\n\n{path}```ts\n{silent}```\n", self.id)
    }
}

/// A first rule of a category: the noun that it judges, and code on which it speaks or is silent.
struct Shape {
    noun: &'static str,
    hook: &'static str,
    guard: &'static str,
    span: &'static str,
    example: &'static str,
    fires: &'static str,
    silent: &'static str,
}

impl Shape {
    fn of(category: Category) -> Self {
        match category {
            Category::Schema => Self {
                noun: "Table",
                hook: "table",
                guard: "table.db_indexes().next().is_none()",
                span: "table.span",
                example: "export default defineSchema({\n  logs: defineTable({ text: v.string() }), // error\n});",
                fires: "import { defineSchema, defineTable } from \"convex/server\";\nimport { v } from \"convex/values\";\n\nexport default defineSchema({\n  logs: defineTable({ text: v.string() }), // error\n});\n",
                silent: "import { defineSchema, defineTable } from \"convex/server\";\nimport { v } from \"convex/values\";\n\nexport default defineSchema({\n  logs: defineTable({ text: v.string() }).index(\"by_text\", [\"text\"]),\n});\n",
            },
            Category::Functions => Self {
                noun: "Function",
                hook: "function",
                guard: "function.is_public()",
                span: "function.callee_span",
                example: "export const ping = query({ // error\n  args: {},\n  returns: v.null(),\n  handler: async () => null,\n});",
                fires: "import { v } from \"convex/values\";\nimport { query } from \"./_generated/server\";\n\nexport const ping = query({ // error\n  args: {},\n  returns: v.null(),\n  handler: async () => null,\n});\n",
                silent: "import { v } from \"convex/values\";\nimport { internalQuery } from \"./_generated/server\";\n\nexport const ping = internalQuery({\n  args: {},\n  returns: v.null(),\n  handler: async () => null,\n});\n",
            },
            _ => Self {
                noun: "DbQuery",
                hook: "db_query",
                guard: "(query.end == crate::model::queries::End::Collect)",
                span: "query.span",
                example: "const all = await ctx.db.query(\"tasks\").collect(); // error\nconst some = await ctx.db.query(\"tasks\").take(10);",
                fires: "import { v } from \"convex/values\";\nimport { query } from \"./_generated/server\";\n\nexport const list = query({\n  args: {},\n  returns: v.any(),\n  handler: async (ctx) => ctx.db.query(\"tasks\").collect(), // error\n});\n",
                silent: "import { v } from \"convex/values\";\nimport { query } from \"./_generated/server\";\n\nexport const list = query({\n  args: {},\n  returns: v.any(),\n  handler: async (ctx) => ctx.db.query(\"tasks\").take(10),\n});\n",
            },
        }
    }
}

fn read(path: &PathBuf) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &PathBuf, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

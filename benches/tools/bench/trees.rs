//! Makes the trees of files that are measured, out of the example backend and of code that has nothing to do with Convex.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

/// Modules of the example that are there once; all others are there once for each area.
const SHARED: [&str; 4] = ["schema.ts", "functions.ts", "crons.ts", "http.ts"];

/// A backend with the modules of the example in many folders, over one schema.
pub fn backend(example: &Path, to: &Path, areas: usize) -> io::Result<()> {
    copy(&example.join("convex"), &to.join("convex"))?;
    fs::copy(example.join("package.json"), to.join("package.json"))?;
    let mut modules = Vec::new();
    for entry in fs::read_dir(example.join("convex"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_file() && !SHARED.contains(&&*name) {
            let text = fs::read_to_string(&path)?;
            modules.push((name, text.replace("from \"./", "from \"../")));
        }
    }
    for area in 0..areas {
        let folder = to.join(format!("convex/area{area}"));
        fs::create_dir_all(&folder)?;
        for (name, text) in &modules {
            fs::write(folder.join(name), text)?;
        }
    }
    Ok(())
}

/// An application of many files, of which few have to do with Convex: its backend, and some components that call it.
pub fn application(example: &Path, to: &Path, files: usize, bytes: usize) -> io::Result<()> {
    backend(example, to, 2)?;
    for number in 0..files {
        let folder = to.join(format!("src/feature{}/part{}", number / 500, number / 25 % 20));
        fs::create_dir_all(&folder)?;
        let is_client = number % 100 == 0;
        fs::write(folder.join(format!("panel{number}.tsx")), component(number, bytes, is_client))?;
    }
    Ok(())
}

fn component(number: usize, bytes: usize, is_client: bool) -> String {
    let mut text = String::from("import { useMemo, useState } from \"react\";\n");
    if is_client {
        text.push_str("import { useQuery } from \"convex/react\";\nimport { api } from \"../../../convex/_generated/api\";\n");
    }
    let mut part = 0;
    while text.len() < bytes {
        let _ = write!(
            text,
            r#"
export interface Panel{number}x{part}Props {{
  title: string;
  rows: {{ id: string; label: string; amount: number }}[];
  onPick?: (id: string) => void;
}}

/** Shows rows under a title, the largest first, with what they come to. */
export function Panel{number}x{part}({{ title, rows, onPick }}: Panel{number}x{part}Props) {{
  const [filter, setFilter] = useState("");
  const shown = useMemo(() => {{
    const wanted = filter.trim().toLowerCase();
    const matching = rows.filter((row) => wanted === "" || row.label.toLowerCase().includes(wanted));
    return [...matching].sort((a, b) => b.amount - a.amount || a.label.localeCompare(b.label));
  }}, [rows, filter]);
  const total = shown.reduce((sum, row) => sum + row.amount, 0);
  return (
    <section className="panel">
      <h2>{{title}}</h2>
      <input value={{filter}} onChange={{(event) => setFilter(event.target.value)}} placeholder="Filter" />
      <ul>
        {{shown.map((row) => (
          <li key={{row.id}} onClick={{() => onPick?.(row.id)}}>
            {{row.label}}: {{row.amount.toFixed(2)}}
          </li>
        ))}}
      </ul>
      <footer>{{`${{shown.length}} of ${{rows.length}}, ${{total.toFixed(2)}} in all`}}</footer>
    </section>
  );
}}
"#
        );
        part += 1;
    }
    text
}

/// A backend whose schema has so many lines, and one function.
pub fn large_schema(to: &Path, lines: usize) -> io::Result<()> {
    let mut schema = String::from(
        "import { defineSchema, defineTable } from \"convex/server\";\nimport { v } from \"convex/values\";\n\nexport default defineSchema({\n",
    );
    for table in 0..(lines - 5) / 10 {
        let _ = write!(
            schema,
            "  table{table}: defineTable({{\n    name: v.string(),\n    ownerId: v.id(\"table0\"),\n    state: v.union(v.literal(\"open\"), v.literal(\"done\")),\n    amount: v.optional(v.number()),\n    tags: v.array(v.string()),\n  }})\n    .index(\"by_owner_and_state\", [\"ownerId\", \"state\"])\n    .index(\"by_name\", [\"name\"]),\n\n"
        );
    }
    schema.push_str("});\n");
    functions_folder(to, &[("schema.ts", &schema), ("items.ts", ITEMS)])
}

/// A backend with one file of functions, of at least so many bytes.
pub fn large_file(to: &Path, bytes: usize) -> io::Result<()> {
    let (head, body) = ITEMS.split_once("\n\n").unwrap_or_default();
    let mut text = head.to_owned();
    let mut number = 0;
    while text.len() < bytes {
        let _ = write!(
            text,
            "\n\n{}",
            body.replace("const list", &format!("const list{number}")).replace("const add", &format!("const add{number}"))
        );
        number += 1;
    }
    functions_folder(to, &[("schema.ts", SCHEMA), ("items.ts", &text)])
}

/// A backend of a schema and one small file.
pub fn small(to: &Path) -> io::Result<()> {
    functions_folder(to, &[("schema.ts", SCHEMA), ("items.ts", ITEMS)])
}

const SCHEMA: &str = r#"import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";

export default defineSchema({
  table0: defineTable({ name: v.string(), ownerId: v.id("table0"), state: v.string() }).index("by_name", ["name"]),
});
"#;

const ITEMS: &str = r#"import { v } from "convex/values";
import { mutation, query } from "./_generated/server";

export const list = query({
  args: { name: v.string() },
  handler: async (ctx, args) => {
    const rows = await ctx.db
      .query("table0")
      .withIndex("by_name", (q) => q.eq("name", args.name))
      .take(20);
    return rows.map((row) => ({ id: row._id, name: row.name, label: `${row.name} (${row.state})` }));
  },
});

export const add = mutation({
  args: { name: v.string(), ownerId: v.id("table0") },
  returns: v.id("table0"),
  handler: async (ctx, args) => {
    const known = await ctx.db
      .query("table0")
      .filter((q) => q.eq(q.field("name"), args.name))
      .first();
    if (known !== null) return known._id;
    return await ctx.db.insert("table0", { ...args, state: "open" });
  },
});
"#;

fn functions_folder(to: &Path, files: &[(&str, &str)]) -> io::Result<()> {
    let folder = to.join("convex");
    fs::create_dir_all(&folder)?;
    fs::write(to.join("package.json"), "{ \"name\": \"measured\", \"private\": true }\n")?;
    files.iter().try_for_each(|(name, text)| fs::write(folder.join(name), text))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

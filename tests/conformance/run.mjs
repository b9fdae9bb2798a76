// Holds migrated projects against the real packages, and prints what it finds as JSON.
//
//   node run.mjs cases.json     in the folder that the packages are installed in
//
// A case is { folder, modules, orms, style, types, rows }: the folders `before` and `after` in `folder`, the names under which they
// import the ORM, the packages to try in its place, how relations are written, whether TypeScript is asked, and whether rows are stored.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { load } from "./load.mjs";
import { compareRows } from "./rows.mjs";
import { compare, exported } from "./schemas.mjs";
import { start } from "./start.mjs";
import { errors } from "./types.mjs";

const harness = path.dirname(fileURLToPath(import.meta.url));
// Node finds what is installed there from here, too: this file is somewhere below.
const packages = path.resolve("node_modules");
const cases = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const results = cases.map(({ folder }) => ({ folder, tables: {}, problems: [], insertions: [], deletions: [], paged: [], compared: {} }));
const KINDS = ["problems", "insertions", "deletions", "paged"];
// What packages say is not what is asked for.
console.log = console.info = console.warn = console.debug = console.error;
for (const one of cases) {
  for (const side of ["before", "after"]) addGenerated(path.join(one.folder, side));
}
for (const orm of new Set(cases.flatMap((one) => one.orms))) addTypeErrors(orm);
for (const [i, one] of cases.entries()) {
  for (const orm of one.orms) {
    const found = await check(one, settingsOf(one, orm));
    Object.assign(results[i].tables, found.tables);
    for (const kind of KINDS) results[i][kind].push(...(found[kind] ?? []).map((problem) => ({ orm, problem })));
    for (const [what, many] of Object.entries(found.compared ?? {})) results[i].compared[what] = (results[i].compared[what] ?? 0) + many;
  }
}
for (const result of results) {
  result.paged = result.paged.map(({ problem }) => ({ problem }));
  for (const kind of KINDS) result[kind] = joined(result[kind]);
}
// What was scheduled on the way is not waited for.
process.stdout.write(`${JSON.stringify(results, null, 1)}\n`, () => process.exit());

/** What holds for several packages is said once. */
function joined(problems) {
  const packages = new Map();
  for (const { orm, problem } of problems) packages.set(problem, [...(packages.get(problem) ?? []), ...(orm ? [orm] : [])]);
  return [...packages].map(([problem, orms]) => (orms.length > 0 ? `${problem} (${orms.join(", ")})` : problem));
}

function settingsOf({ modules, style }, orm) {
  return { modules, orm, isPublished: style === "defineRelations", harness, packages };
}

/** Projects with the same settings are asked about at once; what was there before need not be asked about twice. */
function addTypeErrors(orm) {
  const asked = cases.flatMap((one, i) => (one.types && one.orms.includes(orm) ? [{ one, i }] : []));
  for (const [settings, group] of groupBy(asked, orm)) {
    const sides = ({ one }) => (one.orms[0] === orm ? ["before", "after"] : ["after"]);
    const folders = group.flatMap((member) => sides(member).map((side) => path.join(member.one.folder, side)));
    const found = errors(folders, JSON.parse(settings));
    for (const { one, i } of group) {
      const of = (side) => found.get(path.join(one.folder, side)) ?? [];
      results[i].problems.push(...of("before").map((error) => ({ problem: `a type error before: ${error}` })));
      results[i].problems.push(...of("after").map((error) => ({ orm, problem: `a type error: ${error}` })));
    }
  }
}

function groupBy(asked, orm) {
  const groups = new Map();
  for (const member of asked) {
    const settings = JSON.stringify(settingsOf(member.one, orm));
    groups.set(settings, [...(groups.get(settings) ?? []), member]);
  }
  return groups;
}

async function check({ folder, rows }, settings) {
  const problems = [];
  const loaded = {};
  for (const side of ["before", "after"]) {
    try {
      loaded[side] = await load(path.join(folder, side), settings);
    } catch (error) {
      problems.push(`the schema ${side === "before" ? "before" : "after"} cannot be loaded: ${words(error)}`);
    }
  }
  const { before, after } = loaded;
  if (!before || !after) return { tables: {}, problems };
  const schema = (module) => Object.values({ first: module.schema.default, ...module.schema }).find((value) => typeof value?.export === "function");
  if (!schema(before) || !schema(after)) return { tables: {}, problems: [...problems, "no schema is exported"] };
  const ours = [...exported(after.original.defineSchema({})).tables.keys()];
  const compared = compare(exported(schema(before), ours), exported(schema(after), ours));
  problems.push(...compared.problems);
  for (const relations of after.made) problems.push(...start(after.original, relations));
  // What is wrong with a schema already would only be said again.
  if (problems.length > 0 || !rows) return { tables: compared.tables, problems };
  const sides = { before: schema(before), after: schema(after), orm: after.original, relations: after.made };
  return { tables: compared.tables, ...(await compareRows(sides, ours)) };
}

function addGenerated(folder) {
  const convex = path.join(folder, "convex");
  if (!fs.existsSync(path.join(convex, "schema.ts"))) return;
  fs.mkdirSync(path.join(convex, "_generated"), { recursive: true });
  for (const name of fs.readdirSync(path.join(harness, "generated"))) {
    const target = path.join(convex, "_generated", name);
    if (!fs.existsSync(target)) fs.copyFileSync(path.join(harness, "generated", name), target);
  }
}

function words(error) {
  const said = error.errors?.map((one) => `${one.text} (${one.location?.file}:${one.location?.line})`).join("; ");
  return said ?? error.message;
}

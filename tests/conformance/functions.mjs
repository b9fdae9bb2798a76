// Calls the functions of a backend before and after a migration, in the fake of Convex's backend that `convex-test` is, and compares what
// they yield and what they leave in the tables.
//
// `node functions.mjs list.json`: a list of `{ before, after, steps }`, folders and the calls to make. A step is
// `{ "call": "users:add", "args": { … }, "as": "ann" }`; `{ "$": "ann" }` in arguments is what an earlier step yielded, `{ "$": "ann._id" }`
// a part of it. `"throws": true` marks a step that has to fail on both sides. `{ "put": "users", "value": { … }, "as": "old" }` stores a
// document as it may lie there from before, past all functions, and `{ "drop": { "$": "ann" } }` deletes one; `"times": 9` makes a step as
// often. With `afters` in the place of `after`, many broken outcomes, `{ folder, types }`, are held against one `before`, and who notices
// each is said: a run, or where `types` are asked for the compiler.
import { build } from "esbuild";
import { convexTest } from "convex-test";
import { makeFunctionReference } from "convex/server";
import fs from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { pathToFileURL } from "node:url";
import { errors } from "./types.mjs";

const list = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
for (const one of list) one.steps = one.steps.flatMap((step) => Array(step.times ?? 1).fill(step));
const harness = path.dirname(new URL(import.meta.url).pathname);
const settings = { modules: ["better-convex/orm"], orm: "better-convex", isPublished: true, harness, packages: path.join(process.cwd(), "node_modules") };
const compared = list.filter(({ after }) => after);
const types = errors([...new Set(compared.flatMap(({ before, after }) => [before, after]))], settings);
const results = [];
// What nobody awaits any more may fail when nobody looks.
process.on("unhandledRejection", () => {});
const befores = new Map();
const unnoticed = [];
for (const { before, after, afters, steps } of list) {
  if (!befores.has(before)) befores.set(before, await run(before, steps));
  const old = befores.get(before);
  if (afters) {
    results.push({ failed: old.failed, by: await noticed(old, afters, steps) });
    continue;
  }
  const result = differences(steps, old, await run(after, steps));
  for (const side of [before, after]) result.problems.push(...(types.get(side) ?? []).map((error) => `a type error ${side === before ? "before" : "after"}: ${error}`));
  results.push(result);
}
// What no run notices the compiler may, which is asked about some at once: fewer take longer, and more do not fit.
const said = new Map();
for (let i = 0; i < unnoticed.length; i += 40) for (const [folder, of] of errors(unnoticed.slice(i, i + 40), settings)) said.set(folder, of);
list.forEach(({ afters }, i) => {
  if (afters) results[i].by = results[i].by.map((by, place) => by || (said.get(afters[place].folder)?.length > 0 ? "compiler" : ""));
});
process.stdout.write(`${JSON.stringify(results, null, 1)}\n`, () => process.exit());

/** Every module of the backend in one bundle, so that none is there twice. */
async function load(folder) {
  const convex = path.join(folder, "convex");
  const entries = fs.readdirSync(convex, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith(".d.ts")).map((entry) => path.join(entry.parentPath, entry.name));
  const names = files.map((file) => path.relative(convex, file).replace(/\.tsx?$/, "").split(path.sep).join("/"));
  const lines = files.map((file, i) => `export * as m${i} from ${JSON.stringify(file)};`);
  const outfile = path.join(folder, "bundle.mjs");
  await build({
    stdin: { contents: lines.join("\n"), resolveDir: folder, loader: "ts" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "silent",
    outfile,
    packages: "external",
  });
  const bundle = await import(pathToFileURL(outfile).href);
  return new Map(names.map((name, i) => [name, bundle[`m${i}`]]));
}

/** Makes the steps; with what they came to before, only until one comes to something else. */
async function run(folder, steps, old) {
  try {
    const modules = await load(folder);
    const glob = Object.fromEntries([...modules].map(([name, module]) => [`/convex/${name}.ts`, async () => module]));
    const schema = modules.get("schema").default;
    const database = convexTest({ schema, modules: glob });
    const known = {};
    const yielded = [];
    for (const [i, step] of steps.entries()) {
      yielded.push(await made(database, step, known));
      if (old && difference(step, old.yielded[i], yielded[i])) return { yielded, rows: {}, defaults: {} };
    }
    const tables = Object.keys(schema.tables);
    const rows = await database.run(async (ctx) => Promise.all(tables.map(async (name) => [name, await ctx.db.query(name).collect()])));
    // Ents fill in a default when a row is read, the ORM when it is inserted.
    const defaults = Object.fromEntries(Object.entries(schema.tables).map(([name, table]) => [name, table.defaults ?? {}]));
    return { yielded, rows: Object.fromEntries(rows.filter(([, rows]) => rows.length > 0)), defaults };
  } catch (error) {
    return { failed: error.stack ?? String(error) };
  }
}

/** Of each of many outcomes whether a run finds it wrong. */
async function noticed(old, afters, steps) {
  const by = [];
  for (const { folder, types } of afters) {
    const isNoticed = old.failed ? false : differences(steps, old, await run(folder, steps, old)).problems.length > 0;
    if (!isNoticed && types) unnoticed.push(folder);
    by.push(isNoticed ? "run" : "");
  }
  return by;
}

async function made(database, { call, args, as, put, value, drop }, known) {
  if (put || drop) {
    const stored = await database.run((ctx) => (put ? ctx.db.insert(put, filled(value, known)) : ctx.db.delete(filled(drop, known))));
    if (as) known[as] = stored;
    return { value: null };
  }
  const kinds = ["query", "mutation", "action"];
  let said;
  for (const kind of kinds) {
    try {
      const value = await database[kind](makeFunctionReference(call), filled(args ?? {}, known));
      if (as) known[as] = value;
      return { value };
    } catch (error) {
      said = error;
      // It is of the other kind.
      if (!/Expected a|is not a|wrong type|not of type/i.test(error.message)) return { thrown: true, message: error.message };
    }
  }
  return { thrown: true, message: said.message };
}

function filled(value, known) {
  if (Array.isArray(value)) return value.map((item) => filled(item, known));
  if (value === null || typeof value !== "object") return value;
  if (typeof value.$ === "string") return value.$.split(".").reduce((at, name) => at?.[name], known);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, filled(item, known)]));
}

/** Times and cursors are those of the run; what ids there are is the same, as long as rows are made in the same order. */
function plain(value) {
  if (typeof value === "number" && value > 1e12) return "a time";
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  // How a page could be split is something that the ORM does not say, and a fake without pages of its own has nothing to say about.
  const entries = Object.entries(value).filter(([name, item]) => item !== undefined && !(item === null && /^(pageStatus|splitCursor)$/.test(name)));
  const steady = ([name, item]) => [name, name === "continueCursor" ? typeof item : plain(item)];
  return Object.fromEntries(entries.map(steady).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What is other than before in what a step comes to. */
function difference(step, a, b) {
  const title = () => `${step.call} ${JSON.stringify(step.args ?? {})}`;
  if (Boolean(a.thrown) !== Boolean(b.thrown)) {
    return `${title()}: ${a.thrown ? "threw" : JSON.stringify(a.value)}, and now ${b.thrown ? `throws: ${b.message}` : JSON.stringify(b.value)}`;
  }
  if (isDeepStrictEqual(plain(a.value), plain(b.value))) return undefined;
  return `${title()}: ${JSON.stringify(plain(a.value))}, and now ${JSON.stringify(plain(b.value))}`;
}

function differences(steps, old, now) {
  const problems = [];
  if (old.failed) problems.push(`before: ${old.failed}`);
  if (now.failed) problems.push(`after: ${now.failed}`);
  if (problems.length > 0) return { problems, steps: 0 };
  for (const [i, a] of old.yielded.entries()) {
    const step = steps[i];
    if (Boolean(a.thrown) !== Boolean(step.throws)) {
      problems.push(`${step.call} ${JSON.stringify(step.args ?? {})}: before it ${a.thrown ? `threw: ${a.message}` : "did not throw"}`);
    }
    const other = i < now.yielded.length && difference(step, a, now.yielded[i]);
    if (other) problems.push(other);
  }
  if (now.yielded.length < old.yielded.length) return { problems, steps: steps.length };
  for (const name of new Set([...Object.keys(old.rows), ...Object.keys(now.rows)])) {
    const filled = (rows) => plain((rows ?? []).map((row) => ({ ...old.defaults[name], ...row })));
    const [a, b] = [filled(old.rows[name]), filled(now.rows[name])];
    if (!isDeepStrictEqual(a, b)) problems.push(`rows of ${name}: ${JSON.stringify(a)}, and now ${JSON.stringify(b)}`);
  }
  return { problems, steps: steps.length };
}

// Calls the functions of a backend before and after a migration, in the fake of Convex's backend that `convex-test` is, and compares what
// they yield and what they leave in the tables.
//
// `node functions.mjs list.json`: a list of `{ before, after, steps }`, folders and the calls to make. A step is
// `{ "call": "users:add", "args": { … }, "as": "ann" }`; `{ "$": "ann" }` in arguments is what an earlier step yielded, `{ "$": "ann._id" }`
// a part of it. `"throws": true` marks a step that has to fail on both sides. With `afters` in the place of `after`, many broken outcomes
// are held against one `before`, and who notices each is said.
import { build } from "esbuild";
import { convexTest } from "convex-test";
import { makeFunctionReference } from "convex/server";
import fs from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { pathToFileURL } from "node:url";
import { errors } from "./types.mjs";

const list = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const harness = path.dirname(new URL(import.meta.url).pathname);
const settings = { modules: ["better-convex/orm"], orm: "better-convex", isPublished: true, harness, packages: path.join(process.cwd(), "node_modules") };
const types = errors(list.filter(({ after }) => after).flatMap(({ before, after }) => [before, after]), settings);
const results = [];
// What nobody awaits any more may fail when nobody looks.
process.on("unhandledRejection", () => {});
for (const { before, after, afters, steps } of list) {
  if (afters) {
    results.push(await noticed(before, afters, steps));
    continue;
  }
  const sides = [];
  for (const folder of [before, after]) sides.push(await run(folder, steps));
  const result = compared(steps, sides);
  for (const side of [before, after]) result.problems.push(...(types.get(side) ?? []).map((error) => `a type error ${side === before ? "before" : "after"}: ${error}`));
  results.push(result);
}
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

async function run(folder, steps) {
  try {
    const modules = await load(folder);
    const glob = Object.fromEntries([...modules].map(([name, module]) => [`/convex/${name}.ts`, async () => module]));
    const schema = modules.get("schema").default;
    const database = convexTest({ schema, modules: glob });
    const known = {};
    const yielded = [];
    for (const step of steps) yielded.push(await made(database, step, known));
    const tables = Object.keys(schema.tables);
    const rows = await database.run(async (ctx) => Promise.all(tables.map(async (name) => [name, await ctx.db.query(name).collect()])));
    // Ents fill in a default when a row is read, the ORM when it is inserted.
    const defaults = Object.fromEntries(Object.entries(schema.tables).map(([name, table]) => [name, table.defaults ?? {}]));
    return { yielded, rows: Object.fromEntries(rows.filter(([, rows]) => rows.length > 0)), defaults };
  } catch (error) {
    return { failed: error.stack ?? String(error) };
  }
}

/** Of each of many outcomes who finds it wrong: a run, the compiler, or nobody. */
async function noticed(before, afters, steps) {
  const old = await run(before, steps);
  const by = new Map();
  for (const folder of afters) {
    const { problems } = compared(steps, [old, await run(folder, steps)]);
    if (problems.length > 0) by.set(folder, "run");
  }
  const rest = afters.filter((folder) => !by.has(folder));
  for (const [folder, said] of rest.length > 0 ? errors(rest, settings) : []) if (said.length > 0) by.set(folder, "compiler");
  return { failed: old.failed, by: afters.map((folder) => by.get(folder) ?? "") };
}

async function made(database, { call, args, as }, known) {
  const kinds = ["query", "mutation"];
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

function compared(steps, [old, now]) {
  const problems = [];
  if (old.failed) problems.push(`before: ${old.failed}`);
  if (now.failed) problems.push(`after: ${now.failed}`);
  if (problems.length > 0) return { problems, steps: 0 };
  steps.forEach((step, i) => {
    const [a, b] = [old.yielded[i], now.yielded[i]];
    const title = `${step.call} ${JSON.stringify(step.args ?? {})}`;
    if (Boolean(a.thrown) !== Boolean(step.throws)) problems.push(`${title}: before it ${a.thrown ? `threw: ${a.message}` : "did not throw"}`);
    if (Boolean(a.thrown) !== Boolean(b.thrown)) {
      problems.push(`${title}: ${a.thrown ? "threw" : JSON.stringify(a.value)}, and now ${b.thrown ? `throws: ${b.message}` : JSON.stringify(b.value)}`);
    } else if (!isDeepStrictEqual(plain(a.value), plain(b.value))) {
      problems.push(`${title}: ${JSON.stringify(plain(a.value))}, and now ${JSON.stringify(plain(b.value))}`);
    }
  });
  for (const name of new Set([...Object.keys(old.rows), ...Object.keys(now.rows)])) {
    const filled = (rows) => plain((rows ?? []).map((row) => ({ ...old.defaults[name], ...row })));
    const [a, b] = [filled(old.rows[name]), filled(now.rows[name])];
    if (!isDeepStrictEqual(a, b)) problems.push(`rows of ${name}: ${JSON.stringify(a)}, and now ${JSON.stringify(b)}`);
  }
  return { problems, steps: steps.length };
}

// Runs every function of a backend in the fake of Convex that `convex-test` is, which holds what they return against `returns`.
//
//   node returns.mjs folder calls.mjs     in the folder that the packages are installed in
//
// Prints { functions: { name: { returns, said, refused } } } as JSON: whether the function has `returns`, what was wrong when it ran, and
// whether it is refused when its `returns` are others, without which nothing would be known from its passing.
import { convexTest } from "convex-test";
import { makeFunctionReference } from "convex/server";
import { build } from "esbuild";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { sources } from "./load.mjs";

const [folder, list] = process.argv.slice(2);
const convex = path.join(folder, "convex");
const out = path.join(folder, "bundled");
const { calls } = await import(pathToFileURL(path.resolve(list)).href);
await build({
  entryPoints: sources(convex),
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  packages: "external",
  outdir: out,
  outExtension: { ".js": ".mjs" },
  logLevel: "silent",
});
const loaded = new Map();
for (const file of sources(convex)) {
  const name = path.relative(convex, file).replace(/\.ts$/, "");
  loaded.set(name, await import(pathToFileURL(path.join(out, `${name}.mjs`)).href));
}
const modules = Object.fromEntries([...loaded].map(([name, module]) => [`/convex/${name}.js`, async () => module]));
modules["/convex/_generated/api.js"] = async () => ({});
const functions = {};
for (const [name, module] of loaded) {
  for (const [key, value] of Object.entries(module)) {
    if (value?.isConvexFunction || value?.exportReturns) functions[`${name}:${key}`] = value;
  }
}
const results = {};
for (const [name, value] of Object.entries(functions)) {
  results[name] = { returns: value.exportReturns() !== "null", said: [], refused: false };
}
await run((name, error) => error && results[name].said.push(error));
// Nothing that a function returns is this.
for (const value of Object.values(functions)) value.exportReturns = () => JSON.stringify({ type: "literal", value: "something else" });
await run((name, error) => {
  results[name].refused ||= /validator|validat/i.test(error ?? "");
});
process.stdout.write(`${JSON.stringify({ functions: results }, null, 1)}\n`, () => process.exit());

/** Seeds a backend, and calls everything in it. What is called by another function is checked there, too. */
async function run(report) {
  const schema = loaded.get("schema").default;
  report("keepers:seed", await problem(convexTest(schema, modules), "keepers:seed", {}));
  const t = convexTest(schema, modules);
  // The seed has to come to an end whatever it is said to return.
  const ids = await t.run(async (ctx) => functions["keepers:seed"]._handler(ctx, {}));
  for (const [name, ...args] of calls(ids)) {
    for (const arg of args) report(name, await problem(t, name, arg));
  }
}

async function problem(t, name, args) {
  const value = functions[name];
  const call = value.isQuery ? t.query : value.isMutation ? t.mutation : t.action;
  try {
    await call(makeFunctionReference(name), args);
    return undefined;
  } catch (error) {
    return `${JSON.stringify(args)}: ${error.message}`;
  }
}

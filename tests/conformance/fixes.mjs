// Asks TypeScript for the errors of many small projects before and after what `orm-lint` fixes in them.
//
// `node fixes.mjs list.json`: a list of `{ before, after }`, folders. Prints a list of the same, of errors.
import fs from "node:fs";
import path from "node:path";
import { errors } from "./types.mjs";

const list = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const harness = path.dirname(new URL(import.meta.url).pathname);
const packages = path.join(process.cwd(), "node_modules");
const settings = { modules: ["better-convex/orm", "kitcn/orm"], orm: "better-convex", isPublished: true, harness, packages };
const found = errors(list.flatMap(({ before, after }) => [before, after]), settings);
const said = list.map(({ before, after }) => ({ before: found.get(before), after: found.get(after) }));
process.stdout.write(`${JSON.stringify(said, null, 1)}\n`, () => process.exit());

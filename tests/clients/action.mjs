// Does what a runner does with a composite action: its steps one after the other, in bash, with inputs and their defaults.
//
// node action.mjs <folder with node_modules> <action.yml> <inputs as JSON>
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";

const [packages, file, given] = process.argv.slice(2);
const require = createRequire(join(packages, "package.json"));
const action = require("yaml").parse(readFileSync(file, "utf8"));
const inputs = JSON.parse(given);
for (const name of Object.keys(inputs)) {
  if (!(name in action.inputs)) throw new Error(`the action has no input ${name}`);
}

const context = (expression) => {
  const [scope, name] = expression.split(".");
  if (scope === "inputs") {
    if (!(name in action.inputs)) throw new Error(`the action has no input ${name}`);
    return inputs[name] ?? action.inputs[name].default;
  }
  if (expression === "runner.temp") return process.env.RUNNER_TEMP;
  throw new Error(`what is ${expression}?`);
};
const filled = (text) => String(text).replace(/\$\{\{\s*([\w.-]+)\s*\}\}/g, (_, expression) => context(expression));

// The checkout is where the runner starts.
process.env.GITHUB_WORKSPACE = process.cwd();
const paths = join(process.env.RUNNER_TEMP, "path");
for (const step of action.runs.steps) {
  writeFileSync(paths, "", { flag: "a" });
  const added = readFileSync(paths, "utf8").split("\n").filter(Boolean);
  const own = Object.entries(step.env ?? {}).map(([name, value]) => [name, filled(value)]);
  const env = { ...process.env, ...Object.fromEntries(own), GITHUB_PATH: paths, PATH: [...added.reverse(), process.env.PATH].join(delimiter) };
  const cwd = filled(step["working-directory"] ?? ".");
  // What a runner starts for `shell: bash`.
  const done = spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", filled(step.run)], { cwd, env, stdio: "inherit" });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

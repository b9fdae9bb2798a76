"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { test } = require("node:test");
const { executable, findProgram } = require("../src/program.js");

function tree(t, files) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "orm-lint-vscode-"));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  for (const file of files) {
    fs.mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), "");
  }
  return (...parts) => path.join(folder, ...parts);
}

test("the setting, then node_modules, then the PATH", (t) => {
  const at = tree(t, ["tools/mine", "app/package.json", "node_modules/.bin/orm-lint", "usr/bin/orm-lint"]);
  const env = { PATH: ["bin", at("nowhere"), at("usr/bin")].join(path.delimiter) };
  const find = (more) => findProgram({ folders: [at("app")], env, platform: "linux", ...more });
  assert.deepEqual(find({ setting: "../tools/mine" }), { command: at("tools/mine") });
  assert.deepEqual(find({ setting: at("tools/mine") }), { command: at("tools/mine") });
  assert.match(find({ setting: "../tools/other" }).problem, /orm-lint\.path/);
  assert.match(find({ setting: "../tools" }).problem, /no program/, "a folder is none");
  assert.deepEqual(find({}), { command: at("node_modules/.bin/orm-lint") });
  fs.rmSync(at("node_modules/.bin/orm-lint"));
  assert.deepEqual(find({}), { command: at("usr/bin/orm-lint") });
  assert.match(find({ env: {} }).problem, /neither/);
  assert.deepEqual(find({ folders: [] }), { command: at("usr/bin/orm-lint") });
});

test("any folder of the workspace may have it", (t) => {
  const at = tree(t, ["a/package.json", "b/node_modules/.bin/orm-lint"]);
  assert.deepEqual(findProgram({ folders: [at("a"), at("b")], env: {}, platform: "linux" }), { command: at("b/node_modules/.bin/orm-lint") });
});

test("on Windows, programs before scripts, and those with a shell", (t) => {
  const at = tree(t, ["a/node_modules/.bin/orm-lint", "a/node_modules/.bin/orm-lint.cmd", "bin/orm-lint.exe"]);
  const script = at("a/node_modules/.bin/orm-lint.cmd");
  assert.deepEqual(findProgram({ folders: [at("a")], env: { Path: at("bin") }, platform: "win32" }), { command: script });
  assert.deepEqual(findProgram({ folders: [], env: { Path: at("bin") }, platform: "win32" }), { command: at("bin/orm-lint.exe") });
  assert.deepEqual(executable(script, ["-D", "all"]), { command: `"${script}"`, args: ["--lsp", "-D", "all"], options: { shell: true } });
  assert.deepEqual(executable("/bin/orm-lint", []), { command: "/bin/orm-lint", args: ["--lsp"], options: { shell: false } });
});

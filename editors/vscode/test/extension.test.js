// The bundle, with a stand-in for VS Code that has just what is asked of it before a server is started.
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const Module = require("node:module");
const os = require("node:os");
const path = require("node:path");
const { test } = require("node:test");

const bundle = path.join(__dirname, "../dist/extension.js");

/** Anything at all: a class to extend, a function to call, a namespace to look into. */
function anything() {
  const target = class {};
  return new Proxy(target, {
    get: (of, name) => (name in of || typeof name === "symbol" ? of[name] : (of[name] = anything())),
    apply: () => ({ dispose() {} }),
  });
}

test("the bundle loads, and says where it looked in vain", { skip: !fs.existsSync(bundle) && "not built" }, async () => {
  const vscode = anything();
  const said = [];
  const commands = [];
  vscode.version = "1.91.0";
  vscode.window.createOutputChannel = () => ({ info: (text) => said.push(text), warn: (text) => said.push(text), error: (text) => said.push(text), dispose() {} });
  vscode.workspace.getConfiguration = () => ({ get: (name, otherwise) => otherwise });
  vscode.workspace.workspaceFolders = [{ uri: { scheme: "file", fsPath: os.tmpdir() } }];
  vscode.workspace.onDidChangeConfiguration = () => ({ dispose() {} });
  vscode.commands.registerCommand = (name) => (commands.push(name), { dispose() {} });

  const load = Module._load;
  Module._load = (name, ...more) => (name === "vscode" ? vscode : load(name, ...more));
  const before = process.env.PATH;
  process.env.PATH = "";
  try {
    const extension = require(bundle);
    const context = { subscriptions: [] };
    await extension.activate(context);
    assert.match(said.join(), /neither in node_modules\/.bin nor on the PATH/);
    const declared = require("../package.json").contributes.commands.map(({ command }) => command);
    assert.deepEqual(commands.sort(), declared.sort());
    assert.equal(context.subscriptions.length, 4);
    await extension.deactivate();
  } finally {
    Module._load = load;
    process.env.PATH = before;
  }
});

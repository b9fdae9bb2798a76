// Starts `orm-lint --lsp` and lets VS Code's own client do the rest.
"use strict";

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");
const { executable, findProgram } = require("./program.js");

const LANGUAGES = ["typescript", "typescriptreact", "javascript", "javascriptreact"];

/** @type {LanguageClient | undefined} */
let client;
/** @type {vscode.LogOutputChannel} */
let output;
/** Starting and stopping happen one after the other. */
let turn = Promise.resolve();

function activate(context) {
  output = vscode.window.createOutputChannel("orm-lint", { log: true });
  context.subscriptions.push(
    output,
    vscode.commands.registerCommand("orm-lint.restart", () => inTurn(restart)),
    vscode.commands.registerCommand("orm-lint.output", () => output.show()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      const needsRestart = ["enable", "path", "args"].some((name) => event.affectsConfiguration(`orm-lint.${name}`));
      if (needsRestart) return inTurn(restart);
    }),
  );
  return inTurn(start);
}

function deactivate() {
  return inTurn(stop);
}

function inTurn(work) {
  turn = turn.then(work, work);
  return turn;
}

async function restart() {
  await stop();
  await start();
}

async function stop() {
  const running = client;
  client = undefined;
  await running?.dispose();
}

async function start() {
  const settings = vscode.workspace.getConfiguration("orm-lint");
  if (!settings.get("enable", true)) return;
  const folders = (vscode.workspace.workspaceFolders ?? []).filter((folder) => folder.uri.scheme === "file").map((folder) => folder.uri.fsPath);
  const found = findProgram({ setting: settings.get("path", ""), folders });
  if ("problem" in found) {
    // Not every workspace with TypeScript in it is meant: that is worth a line, and no pop-up.
    output.warn(found.problem);
    return;
  }
  output.info(`starting ${found.command}`);
  const server = executable(found.command, settings.get("args", []));
  server.options.cwd = folders[0];
  client = new LanguageClient("orm-lint", "orm-lint", server, {
    documentSelector: LANGUAGES.map((language) => ({ scheme: "file", language })),
    outputChannel: output,
  });
  try {
    await client.start();
  } catch (error) {
    output.error(`${found.command} does not start: ${error}`);
    await stop();
  }
}

module.exports = { activate, deactivate };

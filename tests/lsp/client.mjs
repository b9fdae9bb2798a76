// A language client made of the protocol library that VS Code's own is made of: it types messages, and has no opinions.
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import lsp from "vscode-languageserver-protocol/node";

export { lsp };

/** Everything that the server may make use of. */
const CAPABILITIES = {
  workspace: {
    didChangeWatchedFiles: { dynamicRegistration: true },
    workspaceEdit: { documentChanges: true },
    workspaceFolders: true,
  },
  textDocument: {
    codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: ["", "quickfix", "source.fixAll"] } } },
    hover: { contentFormat: ["markdown", "plaintext"] },
    publishDiagnostics: { relatedInformation: true, codeDescriptionSupport: true, versionSupport: true },
  },
};

const TIMEOUT = 10_000;

export class Client {
  /** Files by URI: the text that the editor has. */
  documents = new Map();
  published = new Map();
  registrations = [];
  shown = [];
  logged = [];
  #waiting = [];

  static async start({ binary, cwd, folders = [cwd], args = [], capabilities = CAPABILITIES, initialize = {} }) {
    const client = new Client();
    client.process = spawn(binary, ["--lsp", ...args], { cwd, stdio: ["pipe", "pipe", "inherit"] });
    client.exited = new Promise((done) => client.process.on("exit", done).on("error", done));
    const connection = lsp.createProtocolConnection(client.process.stdout, client.process.stdin, console);
    client.connection = connection;
    connection.onNotification("textDocument/publishDiagnostics", (params) => {
      client.published.set(params.uri, params);
      client.#check();
    });
    connection.onNotification("window/showMessage", ({ message }) => client.shown.push(message) && client.#check());
    connection.onNotification("window/logMessage", ({ message }) => client.logged.push(message) && client.#check());
    connection.onRequest("client/registerCapability", ({ registrations }) => {
      client.registrations.push(...registrations);
      client.#check();
      return null;
    });
    connection.listen();
    const workspaceFolders = folders?.map((folder) => ({ uri: uri(folder), name: folder }));
    client.initialized = await client.request("initialize", { processId: process.pid, rootUri: null, capabilities, workspaceFolders, ...initialize });
    await connection.sendNotification("initialized", {});
    return client;
  }

  /** The answer; an error where the server ends before it has one. */
  request(method, params, token) {
    const answer = token ? this.connection.sendRequest(method, params, token) : this.connection.sendRequest(method, params);
    const ended = this.exited.then((code) => Promise.reject(new Error(`the server ended with ${code}, and ${method} has no answer`)));
    const either = Promise.race([answer, ended]);
    either.catch(() => {});
    return either;
  }

  notify(method, params) {
    return this.connection.sendNotification(method, params);
  }

  /** Opens a file as it is on disk, or with another text. */
  async open(place, text = readFileSync(place, "utf8")) {
    const document = { uri: place.includes(":") ? place : uri(place), version: 1, text };
    this.documents.set(document.uri, document);
    await this.notify("textDocument/didOpen", { textDocument: { ...document, languageId: "typescript" } });
    return document;
  }

  /** Replaces the first place where the text says `from`, as an editor would: by its range. */
  async replace(document, from, to) {
    const at = document.text.indexOf(from);
    if (at < 0) throw new Error(`${document.uri} does not say ${from}`);
    const range = { start: position(document.text, at), end: position(document.text, at + from.length) };
    document.text = document.text.slice(0, at) + to + document.text.slice(at + from.length);
    document.version += 1;
    await this.notify("textDocument/didChange", { textDocument: { uri: document.uri, version: document.version }, contentChanges: [{ range, text: to }] });
  }

  async close(document) {
    this.documents.delete(document.uri);
    await this.notify("textDocument/didClose", { textDocument: { uri: document.uri } });
  }

  async save(document, place) {
    writeFileSync(place, document.text);
    await this.notify("textDocument/didSave", { textDocument: { uri: document.uri } });
  }

  watched(place, type) {
    return this.notify("workspace/didChangeWatchedFiles", { changes: [{ uri: uri(place), type }] });
  }

  /** The findings of the document as it is now, once they are such as are asked for. */
  async findings(document, isEnough = () => true, what = "findings") {
    await this.until(() => {
      const published = this.published.get(document.uri);
      return published && published.version === document.version && isEnough(published.diagnostics.map((d) => d.code), published.diagnostics);
    }, () => `${what} in ${document.uri}: ${JSON.stringify(this.published.get(document.uri)?.diagnostics.map((d) => d.code))}`);
    return this.published.get(document.uri).diagnostics;
  }

  /** Waits for something that a message of the server brings about. */
  until(isDone, what = () => "") {
    return new Promise((done, fail) => {
      const timer = setTimeout(() => fail(new Error(`waited in vain: ${what()}\nlog: ${this.logged.join("\n")}`)), TIMEOUT);
      this.#waiting.push({ isDone, done: () => (clearTimeout(timer), done()) });
      this.#check();
    });
  }

  #check() {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ isDone, done }) => !(isDone() && (done(), true)));
  }

  async actions(document, range, only) {
    const diagnostics = this.published.get(document.uri)?.diagnostics ?? [];
    const actions = await this.request("textDocument/codeAction", { textDocument: { uri: document.uri }, range, context: { diagnostics, ...(only && { only }) } });
    return actions;
  }

  /** Makes an edit in the documents that are open; returns the URIs of those that are not. */
  async apply({ documentChanges }) {
    const others = [];
    for (const { textDocument, edits } of documentChanges) {
      const document = this.documents.get(textDocument.uri);
      if (!document) {
        others.push(textDocument.uri);
        continue;
      }
      if (textDocument.version !== document.version) throw new Error(`an edit for version ${textDocument.version} of ${document.version}`);
      document.text = applied(document.text, edits);
      document.version += 1;
      const textDocumentNow = { uri: document.uri, version: document.version };
      await this.notify("textDocument/didChange", { textDocument: textDocumentNow, contentChanges: [{ text: document.text }] });
    }
    return others;
  }

  /** Ends the server as the protocol says; its exit code. */
  async stop() {
    await this.request("shutdown");
    await this.notify("exit");
    return await this.exited;
  }
}

export function uri(place) {
  return pathToFileURL(place).href;
}

export function write(place, text) {
  mkdirSync(dirname(place), { recursive: true });
  writeFileSync(place, text);
  return place;
}

/** Strings of JavaScript are UTF-16, as the protocol's columns are. */
export function position(text, at) {
  const lines = text.slice(0, at).split(/\r\n|\n|\r/);
  return { line: lines.length - 1, character: lines.at(-1).length };
}

export function offset(text, { line, character }) {
  const starts = [0, ...[...text.matchAll(/\r\n|\n|\r/g)].map((end) => end.index + end[0].length)];
  return starts[line] + character;
}

/** The text that a range holds. */
export function slice(text, { start, end }) {
  return text.slice(offset(text, start), offset(text, end));
}

/** The range of the first place where the text says the words. */
export function rangeOf(text, words) {
  const at = text.indexOf(words);
  if (at < 0) throw new Error(`there is no ${words}`);
  return { start: position(text, at), end: position(text, at + words.length) };
}

export function applied(text, edits) {
  const placed = edits.map((edit) => ({ from: offset(text, edit.range.start), to: offset(text, edit.range.end), text: edit.newText }));
  placed.sort((a, b) => b.from - a.from || b.to - a.to);
  return placed.reduce((text, { from, to, text: now }) => text.slice(0, from) + now + text.slice(to), text);
}

/** A small backend in a folder. */
export function backend(folder) {
  write(join(folder, "package.json"), "{}");
  write(join(folder, "convex/schema.ts"), SCHEMA);
  write(join(folder, "convex/notes.ts"), NOTES);
  return { schema: join(folder, "convex/schema.ts"), notes: join(folder, "convex/notes.ts") };
}

export const SCHEMA = `import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";

export default defineSchema({
  notes: defineTable({ author: v.string(), body: v.string() }).index("by_author", ["author"]),
});
`;

export const NOTES = `import { v } from "convex/values";
import { query } from "./_generated/server";

export const mine = query({
  args: { author: v.string() },
  handler: async (ctx, args) => {
    const kind = "😀"; const notes = await ctx.db.query("notes").withIndex("by_autor", (q) => q.eq("author", args.author)).take(10);
    return { kind, notes: notes.length };
  },
});
`;

// What the language server does, tried by a client; `node run.mjs path/to/orm-lint`.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { Client, NOTES, SCHEMA, applied, backend, lsp, position, rangeOf, slice, uri, write } from "./client.mjs";

const binary = process.env.ORM_LINT;

/** A folder for one test, gone after it. */
function folder(t) {
  const place = realpathSync(mkdtempSync(join(tmpdir(), "orm-lint-lsp-")));
  t.after(() => rmSync(place, { recursive: true, force: true }));
  return place;
}

async function started(t, options) {
  const client = await Client.start({ binary, ...options });
  t.after(() => client.process.kill());
  return client;
}

const has = (rule) => (rules) => rules.includes(rule);
const lacks = (rule) => (rules) => !rules.includes(rule);

test("findings stand where they are, in UTF-16", async (t) => {
  const cwd = folder(t);
  const files = backend(cwd);
  const client = await started(t, { cwd });
  const notes = await client.open(files.notes);
  const findings = await client.findings(notes, has("unknown-index"));
  const found = findings.find((finding) => finding.code === "unknown-index");
  assert.equal(slice(notes.text, found.range), '"by_autor"');
  assert.deepEqual([found.severity, found.source], [1, "orm-lint"]);
  assert.match(found.message, /has no index `by_autor`\n.*by_author/);
  assert.match(found.codeDescription.href, /unknown-index/);
  assert.deepEqual(findings.map((finding) => finding.code), ["missing-returns", "unknown-index"]);

  await client.replace(notes, '"by_autor"', '"by_author"');
  assert.deepEqual((await client.findings(notes, lacks("unknown-index"))).map((finding) => finding.code), ["missing-returns"]);
  await client.replace(notes, "handler: async (ctx, args) => {", "handler: async (ctx, args) => {{");
  await client.findings(notes, has("syntax-error"));
  await client.replace(notes, "handler: async (ctx, args) => {{", "handler: async (ctx, args) => {");
  await client.findings(notes, (rules) => rules.length === 1 && rules[0] === "missing-returns");
  await client.close(notes);
  await client.until(() => client.published.get(notes.uri).diagnostics.length === 0, () => "nothing shown of a closed file");
  assert.equal(await client.stop(), 0);
});

test("an edit of the schema is felt in open queries, and the other way round", async (t) => {
  const cwd = folder(t);
  const files = backend(cwd);
  const client = await started(t, { cwd });
  const notes = await client.open(files.notes);
  await client.findings(notes, has("unknown-index"));
  const schema = await client.open(files.schema);
  await client.findings(schema, has("unused-index"));

  // Not saved: the texts of the editor count.
  await client.replace(schema, '"by_author"', '"by_autor"');
  await client.findings(schema, lacks("unused-index"));
  await client.findings(notes, lacks("unknown-index"));
  await client.replace(notes, '"by_autor"', '"by_author"');
  await client.findings(schema, has("unused-index"));
  const [found] = (await client.findings(notes, has("unknown-index"))).filter((finding) => finding.code === "unknown-index");
  assert.equal(slice(notes.text, found.range), '"by_author"');

  // A closed document is what is on disk.
  await client.close(schema);
  await client.findings(notes, lacks("unknown-index"));
});

test("fixes are offered, unsafe ones as what they are", async (t) => {
  const cwd = folder(t);
  const files = backend(cwd);
  const client = await started(t, { cwd });
  const notes = await client.open(files.notes);
  await client.findings(notes, has("unknown-index"));

  const [safe] = await client.actions(notes, rangeOf(notes.text, "query({"));
  assert.deepEqual([safe.title, safe.kind, safe.isPreferred], ["Add the validator of what the handler returns", "quickfix", true]);
  assert.equal(safe.diagnostics[0].code, "missing-returns");
  await client.apply(safe.edit);
  assert.ok(notes.text.includes("returns: v.object({ kind: v.string(), notes: v.number() }),"), notes.text);
  assert.deepEqual((await client.findings(notes, lacks("missing-returns"))).map((finding) => finding.code), ["unknown-index"]);

  const actions = await client.actions(notes, rangeOf(notes.text, "by_autor"));
  const unsafe = actions.find((action) => action.title.includes("unsafe"));
  assert.deepEqual([unsafe.title, unsafe.isPreferred], ["Name it `by_author` (unsafe, see unknown-index)", undefined]);
  await client.apply(unsafe.edit);
  assert.deepEqual(await client.findings(notes, lacks("unknown-index")), []);
  assert.deepEqual(await client.actions(notes, rangeOf(notes.text, "by_author")), []);
});

test("a finding is ignored with a reason, and not without one", async (t) => {
  const cwd = folder(t);
  const files = backend(cwd);
  const client = await started(t, { cwd });
  const notes = await client.open(files.notes);
  await client.findings(notes, has("unknown-index"));
  const actions = await client.actions(notes, rangeOf(notes.text, "by_autor"), ["quickfix"]);
  const ignore = actions.find((action) => action.title === "Ignore unknown-index here, with a reason");
  assert.equal(ignore.isPreferred, undefined);
  await client.apply(ignore.edit);
  assert.ok(notes.text.includes('    // orm-lint-ignore unknown-index: \n    const kind = "😀";'), notes.text);
  await client.findings(notes, (rules) => rules.includes("ignore-without-reason") && !rules.includes("unknown-index"));
  await client.replace(notes, "unknown-index: ", "unknown-index: it is being built ");
  assert.deepEqual((await client.findings(notes, lacks("ignore-without-reason"))).map((finding) => finding.code), ["missing-returns"]);

  // Where the client has snippets, the reason is a place to type in.
  const capabilities = { workspace: { workspaceEdit: { documentChanges: true, snippetEditSupport: true } }, textDocument: { codeAction: { codeActionLiteralSupport: {} } } };
  const other = await started(t, { cwd, capabilities });
  const same = await other.open(files.notes);
  await other.findings(same, has("unknown-index"));
  const again = await other.actions(same, rangeOf(same.text, "by_autor"));
  const [edit] = again.find((action) => action.title.startsWith("Ignore")).edit.documentChanges[0].edits;
  assert.deepEqual(edit.snippet, { kind: "snippet", value: "    // orm-lint-ignore unknown-index: ${1:reason}\n" });
});

test("all safe fixes at once are what --fix does", async (t) => {
  const cwd = folder(t);
  const files = backend(cwd);
  const twice = NOTES + NOTES.slice(NOTES.indexOf("export")).replace("mine", "theirs").replace("by_autor", "by_author");
  write(files.notes, twice);
  const client = await started(t, { cwd });
  const notes = await client.open(files.notes);
  await client.findings(notes, has("unknown-index"));
  const range = { start: position(notes.text, 0), end: position(notes.text, 0) };
  // The light bulb is not asked to work that out.
  assert.deepEqual(await client.actions(notes, range), []);
  assert.deepEqual(await client.actions(notes, range, ["source.organizeImports"]), []);
  for (const kind of ["source.fixAll", "source.fixAll.orm-lint"]) {
    const [action, ...more] = await client.actions(notes, range, [kind]);
    assert.deepEqual([action.kind, more], ["source.fixAll.orm-lint", []]);
    const { edits } = action.edit.documentChanges[0];
    assert.equal(edits.length, 2, "only lines that change are edited");
    execFileSync(binary, ["--fix", "--exit-zero", "."], { cwd, stdio: "ignore" });
    assert.equal(applied(notes.text, edits), readFileSync(files.notes, "utf8"));
    write(files.notes, twice);
  }
  const [action] = await client.actions(notes, range, ["source.fixAll"]);
  await client.apply(action.edit);
  assert.deepEqual((await client.findings(notes, lacks("missing-returns"))).map((finding) => finding.code), ["unknown-index"]);
  assert.deepEqual(await client.actions(notes, range, ["source.fixAll"]), []);
});

test("hovering shows the rule's page", async (t) => {
  const cwd = folder(t);
  const files = backend(cwd);
  const client = await started(t, { cwd });
  const notes = await client.open(files.notes);
  const hover = (words) => client.request("textDocument/hover", { textDocument: { uri: notes.uri }, position: rangeOf(notes.text, words).start });
  const { contents, range } = await hover("by_autor");
  assert.equal(contents.kind, "markdown");
  assert.match(contents.value, /^\*\*unknown-index\*\*.*\n\n.*index/);
  assert.match(contents.value, /Why is this bad\?/);
  assert.equal(slice(notes.text, range), '"by_autor"');
  assert.equal(await hover("return {"), null);
  await client.replace(notes, "  handler", "  // orm-lint-ignore filter-scan: x\n  handler");
  assert.match((await hover("filter-scan")).contents.value, /^\*\*filter-scan\*\*/);
});

test("from the name of an index to its definition and its readers", async (t) => {
  const cwd = folder(t);
  const files = backend(cwd);
  write(files.notes, NOTES.replace("by_autor", "by_author"));
  const more = write(join(cwd, "convex/more/ünd.ts"), NOTES.replace("by_autor", "by_author").replace("./_gen", "../_gen"));
  const client = await started(t, { cwd });
  const notes = await client.open(files.notes);
  const place = (document, words) => ({ textDocument: { uri: document.uri }, position: rangeOf(document.text, words).start });
  const said = (locations, text) => locations.map((location) => [location.uri, slice(text(location.uri), location.range)]);
  const onDisk = (place) => readFileSync(new URL(place), "utf8");

  const definition = await client.request("textDocument/definition", place(notes, "y_author"));
  assert.deepEqual(said(definition, onDisk), [[uri(files.schema), '"by_author"']]);
  const table = await client.request("textDocument/definition", place(notes, 'notes")'));
  assert.deepEqual(said(table, onDisk), [[uri(files.schema), "notes"]]);
  assert.deepEqual(await client.request("textDocument/definition", place(notes, "args.author")), []);

  const schema = await client.open(files.schema);
  const readers = [[uri(more), '"by_author"'], [uri(files.notes), '"by_author"']];
  const references = { ...place(schema, '"by_author"'), context: { includeDeclaration: false } };
  const sorted = (list) => list.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  assert.deepEqual(sorted(said(await client.request("textDocument/references", references), onDisk)), sorted(readers));
  const all = await client.request("textDocument/references", { ...references, context: { includeDeclaration: true } });
  assert.equal(all.length, 3);
  const self = await client.request("textDocument/definition", place(schema, '"by_author"'));
  assert.deepEqual(said(self, onDisk), [[uri(files.schema), '"by_author"']]);
});

test("each folder has its configuration, and a changed one holds at once", async (t) => {
  const [one, other] = [folder(t), folder(t)];
  const [here, there] = [backend(one), backend(other)];
  write(join(other, "orm-lint.json"), '{ "rules": { "unknown-index": "warn", "missing-returns": "off" } }');
  const client = await started(t, { cwd: one, folders: [one, other] });
  await client.until(() => client.registrations.some((registration) => registration.method === "workspace/didChangeWatchedFiles"));
  const globs = client.registrations.flatMap((registration) => registration.registerOptions.watchers.map((watcher) => watcher.globPattern));
  assert.ok(globs.some((glob) => glob.includes("orm-lint")), globs.join());
  const [notes, others] = [await client.open(here.notes), await client.open(there.notes)];
  await client.findings(notes, (rules) => rules.length === 2);
  assert.deepEqual((await client.findings(others)).map((finding) => [finding.code, finding.severity]), [["unknown-index", 2]]);

  write(join(one, "orm-lint.json"), '{ "rules": { "missing-returns": "off" }, "overrides": [{ "files": ["convex/*"], "rules": { "unknown-index": "warn" } }] }');
  await client.watched(join(one, "orm-lint.json"), 1);
  assert.deepEqual((await client.findings(notes, (rules) => rules.length === 1)).map((finding) => finding.severity), [2]);
  write(join(one, "orm-lint.json"), '{ "rules": { "missing-return": "off" } }');
  await client.watched(join(one, "orm-lint.json"), 2);
  await client.until(() => client.shown.length === 1, () => "what is wrong with the configuration");
  assert.match(client.shown[0], /orm-lint.json:1:14: .*did you mean "missing-returns"/);
  write(join(one, "orm-lint.json"), '{ "ignore": ["convex/notes.ts"] }');
  await client.watched(join(one, "orm-lint.json"), 2);
  await client.findings(notes, (rules) => rules.length === 0);
  rmSync(join(one, "orm-lint.json"));
  await client.watched(join(one, "orm-lint.json"), 3);
  await client.findings(notes, (rules) => rules.length === 2);
});

test("folders come and go", async (t) => {
  const [one, other] = [folder(t), folder(t)];
  const there = backend(other);
  const client = await started(t, { cwd: one, folders: [one] });
  // Outside of every folder it is a project of its own.
  const notes = await client.open(there.notes);
  await client.findings(notes, has("unknown-index"));
  const change = (added, removed) => client.notify("workspace/didChangeWorkspaceFolders", { event: { added, removed } });
  const named = { uri: uri(other), name: "other" };
  write(join(other, "orm-lint.json"), '{ "rules": { "missing-returns": "off" } }');
  await change([named], []);
  await client.findings(notes, lacks("missing-returns"));
  await change([], [named]);
  await client.replace(notes, "by_autor", "by_author");
  assert.deepEqual(await client.findings(notes, lacks("unknown-index")), []);
});

test("files that come, go and move are noticed", async (t) => {
  const cwd = folder(t);
  const files = backend(cwd);
  write(files.notes, NOTES.replace("by_autor", "by_author"));
  const client = await started(t, { cwd });
  const schema = await client.open(files.schema);
  assert.deepEqual(await client.findings(schema), []);

  rmSync(files.notes);
  await client.watched(files.notes, 3);
  // Where nothing reads at all nothing is said of indexes; so there is another reader.
  const other = write(join(cwd, "convex/other.ts"), NOTES.replace('withIndex("by_autor", (q) => q.eq("author", args.author))', 'order("desc")'));
  await client.watched(other, 1);
  await client.findings(schema, has("unused-index"));

  const moved = write(join(cwd, "convex/deep/moved.ts"), NOTES.replace("by_autor", "by_author").replace("./_gen", "../_gen"));
  await client.notify("workspace/didCreateFiles", { files: [{ uri: uri(moved) }] });
  await client.findings(schema, lacks("unused-index"));
  const target = join(cwd, "convex/deep/target.ts");
  renameSync(moved, target);
  await client.notify("workspace/didRenameFiles", { files: [{ oldUri: uri(moved), newUri: uri(target) }] });
  await client.findings(schema, lacks("unused-index"));
  rmSync(target);
  await client.notify("workspace/didDeleteFiles", { files: [{ uri: uri(target) }] });
  await client.findings(schema, has("unused-index"));

  // Changed on disk by somebody else.
  write(other, NOTES.replace("by_autor", "by_author"));
  await client.watched(other, 2);
  await client.findings(schema, lacks("unused-index"));

  // A new file that is not saved yet is a reader too.
  rmSync(other);
  write(join(cwd, "convex/third.ts"), NOTES.replace('withIndex("by_autor", (q) => q.eq("author", args.author))', 'order("desc")'));
  await client.watched(other, 3);
  await client.findings(schema, has("unused-index"));
  const fresh = await client.open(join(cwd, "convex/fresh.ts"), "");
  await client.replace(fresh, "", NOTES.replace("by_autor", "by_author"));
  await client.findings(schema, lacks("unused-index"));
  assert.deepEqual((await client.findings(fresh, has("missing-returns"))).length, 1);
});

test("an import of a file that was not read brings it in", async (t) => {
  const cwd = folder(t);
  const files = backend(cwd);
  write(join(cwd, "shared/names.ts"), 'export const INDEX = "by_nobody" as const;\n');
  const client = await started(t, { cwd });
  const notes = await client.open(files.notes);
  await client.findings(notes, has("unknown-index"));
  await client.replace(notes, '"by_autor"', "INDEX");
  await client.findings(notes, lacks("unknown-index"));
  await client.replace(notes, "import { query }", 'import { INDEX } from "../shared/names";\nimport { query }');
  const findings = await client.findings(notes, has("unknown-index"));
  assert.match(findings.find((finding) => finding.code === "unknown-index").message, /by_nobody/);
});

test("without a client that watches, saving looks at the disk", async (t) => {
  const cwd = folder(t);
  const files = backend(cwd);
  const client = await started(t, { cwd, capabilities: {} });
  assert.equal(client.registrations.length, 0);
  const notes = await client.open(files.notes);
  const [finding] = await client.findings(notes, has("unknown-index"));
  assert.equal(finding.codeDescription, undefined, "what the client cannot show is left out");
  write(files.schema, SCHEMA.replace("by_author", "by_autor"));
  await client.save(notes, files.notes);
  await client.findings(notes, lacks("unknown-index"));
  write(join(cwd, "orm-lint.json"), '{ "rules": { "missing-returns": "off" } }');
  await client.save(notes, files.notes);
  await client.findings(notes, (rules) => rules.length === 0);
  assert.deepEqual(await client.actions(notes, rangeOf(notes.text, "by_autor")), [], "it takes no actions");
});

test("a baseline and other options of the command line hold", async (t) => {
  const cwd = folder(t);
  const files = backend(cwd);
  execFileSync(binary, ["--update-baseline", "--exit-zero"], { cwd, stdio: "ignore" });
  const elsewhere = folder(t);
  const client = await started(t, { cwd: elsewhere, folders: [cwd], args: ["--baseline"] });
  const notes = await client.open(files.notes);
  assert.deepEqual(await client.findings(notes), []);
  await client.replace(notes, "export const mine", "export const mine2");
  await client.findings(notes, (rules) => rules.length === 2);

  const strict = await started(t, { cwd, args: ["-A", "all", "-W", "unknown-index"] });
  const same = await strict.open(files.notes);
  assert.deepEqual((await strict.findings(same)).map((finding) => [finding.code, finding.severity]), [["unknown-index", 2]]);
});

test("what is no file of a project is let be", async (t) => {
  const cwd = folder(t);
  const files = backend(cwd);
  const outside = folder(t);
  const client = await started(t, { cwd });
  const places = ["untitled:Untitled-1", "git:/a/b.ts?%7B%7D", "file:///C:/a/convex/b.ts", "file:///c%3A/a/convex/b.ts", "file://server/share/b.ts", "vscode-notebook-cell:/a.ts#W0"];
  const opened = [];
  for (const place of places) opened.push(await client.open(place, NOTES));
  opened.push(await client.open(write(join(outside, "plain.ts"), "export const a = 1;\n")));
  opened.push(await client.open(write(join(cwd, "node_modules/p/convex/a.ts"), NOTES)));
  opened.push(await client.open(write(join(cwd, "README.txt"), "hello")));
  for (const document of opened) {
    const at = { textDocument: { uri: document.uri }, position: { line: 0, character: 0 } };
    assert.equal(await client.request("textDocument/hover", at), null);
    assert.deepEqual((await client.request("textDocument/definition", at)) ?? [], []);
    assert.deepEqual(await client.actions(document, { start: at.position, end: at.position }), []);
    assert.deepEqual(client.published.get(document.uri)?.diagnostics ?? [], [], document.uri);
    await client.replace(document, document.text.slice(0, 1), "x");
    await client.close(document);
  }
  const unopened = { textDocument: { uri: uri(files.schema) }, position: { line: 99, character: 99 } };
  assert.equal(await client.request("textDocument/hover", unopened), null);

  // What is linked to is what is linted.
  const link = join(outside, "link");
  symlinkSync(cwd, link);
  const linked = await client.open(join(link, "convex/notes.ts"));
  await client.findings(linked, has("unknown-index"));
});

test("large files are passed over, and small ones beside them are not", async (t) => {
  const cwd = folder(t);
  const files = backend(cwd);
  const client = await started(t, { cwd, args: ["--max-file-size", "100kB"] });
  const large = await client.open(join(cwd, "convex/large.ts"), NOTES + `export const text = "${"x".repeat(200_000)}";\n`);
  const notes = await client.open(files.notes);
  await client.findings(notes, has("unknown-index"));
  assert.deepEqual(client.published.get(large.uri)?.diagnostics ?? [], []);
  const deep = await client.open(join(cwd, "convex/deep.ts"), "export const a = " + "[".repeat(20_000) + "]".repeat(20_000) + ";\n");
  await client.findings(deep, () => true);
  await client.replace(notes, "by_autor", "by_author");
  await client.findings(notes, lacks("unknown-index"));
});

test("requests are cancelled, and only those", async (t) => {
  const cwd = folder(t);
  const files = backend(cwd);
  // Enough to read for the first request to be still waiting when it is cancelled.
  for (let i = 0; i < 500; i++) write(join(cwd, `convex/more/notes${i}.ts`), NOTES);
  const client = await started(t, { cwd });
  const notes = await client.open(files.notes);
  const at = { textDocument: { uri: notes.uri }, position: rangeOf(notes.text, "by_autor").start };
  // The first one waits for the project to be read, and is cancelled meanwhile.
  const source = new lsp.CancellationTokenSource();
  const cancelled = client.request("textDocument/hover", at, source.token);
  const other = client.request("textDocument/hover", at);
  source.cancel();
  const outcome = await cancelled.then(() => "answered", (error) => error.code);
  assert.equal(outcome, lsp.LSPErrorCodes.RequestCancelled);
  assert.match((await other).contents.value, /unknown-index/);
  await client.notify("$/cancelRequest", { id: "never heard of it" });
  await client.notify("$/cancelRequest", {});
  assert.match((await client.request("textDocument/hover", at)).contents.value, /unknown-index/);
});

test("wrong messages are answered, and nothing ends", async (t) => {
  const cwd = folder(t);
  const files = backend(cwd);
  const client = await started(t, { cwd });
  const code = (promise) => promise.then((result) => ({ result }), (error) => error.code);
  assert.equal(await code(client.request("textDocument/nonsense", {})), -32601);
  assert.equal(await code(client.request("initialize", { capabilities: {} })), -32600);
  for (const params of [null, 1, [], {}, { textDocument: { uri: "::::" } }, { textDocument: { uri: 3 }, position: { line: -1, character: "x" } }]) {
    for (const method of ["hover", "definition", "references", "codeAction"]) {
      assert.equal(await code(client.request(`textDocument/${method}`, params)), -32602, `${method} ${JSON.stringify(params)}`);
    }
    for (const method of ["textDocument/didOpen", "textDocument/didChange", "textDocument/didClose", "workspace/didChangeWatchedFiles", "workspace/didChangeWorkspaceFolders"]) {
      await client.notify(method, params);
    }
  }
  await client.notify("nobody/knows", { a: 1 });
  await client.notify("textDocument/didChange", { textDocument: { uri: uri(files.schema), version: 2 }, contentChanges: [{ text: "" }] });
  // What is no message at all is answered without an id, which clients make nothing of.
  const raw = (body) => client.process.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  ["{", "[]", "null", '{"jsonrpc":"2.0","id":[],"method":"x"}', "\u0000"].forEach(raw);

  const notes = await client.open(files.notes);
  await client.findings(notes, has("unknown-index"));
  const far = { start: { line: 4_000_000_000, character: 0 }, end: { line: 4_000_000_000, character: 4_000_000_000 } };
  assert.deepEqual(await client.actions(notes, far), []);
  assert.deepEqual(await client.actions(notes, { start: far.end, end: { line: 0, character: 0 } }), []);
  const changes = [{ range: far, text: "// end\n" }, { range: { start: far.end, end: { line: 0, character: 0 } }, text: "// start\n" }];
  notes.version += 1;
  await client.notify("textDocument/didChange", { textDocument: { uri: notes.uri, version: notes.version }, contentChanges: changes });
  await client.findings(notes, has("unknown-index"));
  await client.request("shutdown");
  assert.equal(await code(client.request("textDocument/hover", {})), -32600);
  await client.notify("exit");
  assert.equal(await client.exited, 0);
});

test("many edits in a row end in what they come to", async (t) => {
  const cwd = folder(t);
  const files = backend(cwd);
  const client = await started(t, { cwd });
  const notes = await client.open(files.notes);
  for (let i = 0; i < 200; i++) {
    await client.replace(notes, i % 2 ? "by_author" : "by_autor", i % 2 ? "by_autor" : "by_author");
    if (i % 50 === 0) void client.request("textDocument/hover", { textDocument: { uri: notes.uri }, position: { line: 6, character: 80 } });
  }
  assert.deepEqual((await client.findings(notes)).map((finding) => finding.code), ["missing-returns", "unknown-index"]);
});

test("the process ends as the client wishes, and with it", async (t) => {
  const cwd = folder(t);
  const rude = await started(t, { cwd });
  await rude.notify("exit");
  assert.equal(await rude.exited, 1, "without `shutdown`, an error");
  const gone = await started(t, { cwd });
  gone.process.stdin.end();
  assert.equal(await gone.exited, 1);
  const early = await started(t, { cwd, folders: null, initialize: { rootPath: cwd } });
  assert.equal(await early.stop(), 0);
});

test("old clients with one folder, and clients with none", async (t) => {
  const cwd = folder(t);
  const files = backend(cwd);
  for (const initialize of [{ rootUri: uri(cwd) }, { rootPath: cwd }, {}]) {
    const client = await started(t, { cwd: dirname(cwd), folders: null, initialize });
    const notes = await client.open(files.notes);
    await client.findings(notes, has("unknown-index"));
    await client.stop();
  }
});

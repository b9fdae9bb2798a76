// Asks TypeScript for the errors of many small projects, each on its own.
import fs from "node:fs";
import path from "node:path";
import ts from "typescript";
import { sources } from "./load.mjs";

const parsed = new Map();

/**
 * The errors in the sources of each project, by its folder. They are read as one program where nothing of their own keeps them from it.
 * `modules` are the names of the ORM in them, `orm` is the package that they stand for.
 */
export function errors(folders, settings) {
  const found = new Map(folders.map((folder) => [folder, []]));
  const together = folders.filter((folder) => !fs.existsSync(path.join(folder, "tsconfig.json")));
  const alone = folders.filter((folder) => !together.includes(folder));
  for (const group of [together, ...alone.map((folder) => [folder])]) {
    if (group.length > 0) check(group, settings, found);
  }
  return found;
}

function check(folders, { modules, orm, isPublished, harness, packages }, found) {
  const own = folders.length === 1 ? configOf(folders[0]) : {};
  const entry = path.join(packages, orm, "dist/orm/index.d.ts");
  const types = isPublished ? entry : path.join(harness, "orm.d.ts");
  const options = {
    allowJs: true,
    esModuleInterop: true,
    jsx: ts.JsxEmit.ReactJSX,
    lib: ["lib.es2023.d.ts", "lib.dom.d.ts"],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    noEmit: true,
    skipLibCheck: true,
    strict: true,
    target: ts.ScriptTarget.ES2022,
    types: [],
    ...(own.baseUrl && { baseUrl: own.baseUrl }),
    paths: { ...own.paths, ...Object.fromEntries(modules.map((name) => [name, [types]])), "the-orm": [entry] },
    pathsBasePath: folders[0],
  };
  const files = new Map(folders.map((folder) => [folder, sources(folder)]));
  const program = ts.createProgram([...files.values()].flat(), options, host(options));
  for (const [folder, own] of files) {
    const said = own.flatMap((file) => {
      const source = program.getSourceFile(file);
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    });
    found.get(folder).push(...[...program.getOptionsDiagnostics(), ...said].map((diagnostic) => shown(folder, diagnostic)));
  }
}

/** Libraries are parsed once for all projects. */
function host(options) {
  const host = ts.createCompilerHost(options, true);
  const read = host.getSourceFile;
  host.getSourceFile = (name, ...rest) => {
    if (!name.includes("/node_modules/")) return read(name, ...rest);
    if (!parsed.has(name)) parsed.set(name, read(name, ...rest));
    return parsed.get(name);
  };
  return host;
}

function configOf(folder) {
  const file = path.join(folder, "tsconfig.json");
  if (!fs.existsSync(file)) return {};
  const { baseUrl, paths } = JSON.parse(fs.readFileSync(file, "utf8")).compilerOptions ?? {};
  return { baseUrl: baseUrl && path.resolve(folder, baseUrl), paths };
}

function shown(folder, { file, start, messageText, code }) {
  const message = ts.flattenDiagnosticMessageText(messageText, " ");
  if (!file) return `TS${code} ${message}`;
  const { line } = file.getLineAndCharacterOfPosition(start ?? 0);
  return `${path.relative(folder, file.fileName)}:${line + 1} TS${code} ${message}`;
}

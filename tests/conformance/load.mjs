// Loads the schema of a project as Convex would: bundled, and then run. Packages stay packages.
import { build } from "esbuild";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

/**
 * What the schema module exports, the relations that were made, and the ORM that made them.
 * `modules` are the names under which the project imports the ORM, `orm` is the package that they stand for.
 */
export async function load(folder, { modules, orm, harness, packages }) {
  const schema = path.join(folder, "convex/schema.ts");
  // Relations may stand in a file that the schema does not import.
  const related = sources(path.join(folder, "convex")).filter((file) => /\b(defineRelations|relations)\s*\(/.test(fs.readFileSync(file, "utf8")));
  const lines = [
    `import * as schema from ${JSON.stringify(schema)};`,
    ...related.map((file) => `import ${JSON.stringify(file)};`),
    `export { schema };`,
    `export { made, original } from ${JSON.stringify(path.join(harness, "orm.mjs"))};`,
  ];
  const bundle = path.join(folder, `bundle-${orm}.mjs`);
  const options = readOptions(path.join(folder, "tsconfig.json"));
  await build({
    stdin: { contents: lines.join("\n"), resolveDir: folder, loader: "ts" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "silent",
    outfile: bundle,
    tsconfigRaw: { compilerOptions: options },
    plugins: [outside(modules, orm, harness, packages)],
  });
  return await import(pathToFileURL(bundle).href);
}

/** Packages stay outside, the ORM's names lead to the one that is asked for. */
function outside(modules, orm, harness, packages) {
  const wrapper = path.join(harness, "orm.mjs");
  return {
    name: "packages",
    setup(build) {
      build.onResolve({ filter: /^[^./]/ }, ({ path: name, kind }) => {
        if (kind === "entry-point" || path.isAbsolute(name)) return undefined;
        if (name === "the-orm") return { path: `${orm}/orm`, external: true };
        if (modules.includes(name)) return { path: wrapper };
        // What is neither a package nor a file may be an alias of the project.
        return isPackage(packages, name) ? { path: name, external: true } : undefined;
      });
    },
  };
}

function isPackage(packages, name) {
  const parts = name.split("/").slice(0, name.startsWith("@") ? 2 : 1);
  return name.startsWith("node:") || fs.existsSync(path.join(packages, ...parts));
}

function readOptions(file) {
  if (!fs.existsSync(file)) return {};
  const { baseUrl, paths } = JSON.parse(fs.readFileSync(file, "utf8")).compilerOptions ?? {};
  return { ...(baseUrl && { baseUrl }), ...(paths && { paths }) };
}

export function sources(folder) {
  if (!fs.existsSync(folder)) return [];
  const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name)).map((entry) => path.join(entry.parentPath, entry.name));
  return files.filter((file) => !/[\\/](_generated|node_modules)[\\/]/.test(path.relative(folder, file).replace(/^/, "/"))).sort();
}

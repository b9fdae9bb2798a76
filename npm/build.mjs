// Lays out the npm packages: `orm-lint`, which people install, and one package with the programs for each platform.
//
//   node npm/build.mjs OUT [TARGET=FOLDER]…
//
// writes OUT/orm-lint, and OUT/<platform> for each target whose programs are in FOLDER. Publishes nothing.
//
// How the program comes to run without a Node around it: npm links what `bin` names of every package at the top of
// node_modules, and of two packages with one `bin` the one whose path comes first. `@orm-lint/…` comes before `orm-lint`,
// so that node_modules/.bin/orm-lint is the program itself. Package managers that link the `bin` of direct dependencies only
// (pnpm, Yarn) get the launcher in orm-lint/bin, which starts the program. Nothing runs at installation.
//
// Of the packages for Linux, the one for musl comes first by its name: it is linked statically and runs everywhere, and npm
// before 11 installs both of them from a lock file, which does not say there which libc they are for.
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const PROGRAMS = ["orm-lint", "orm-migrate"];

const [out, ...given] = process.argv.slice(2);
if (!out) {
  console.error("usage: node npm/build.mjs OUT [TARGET=FOLDER]…");
  process.exit(2);
}
const platforms = JSON.parse(readFileSync(join(here, "platforms.json"), "utf8"));
const version = /^version = "(.+)"$/m.exec(readFileSync(join(root, "Cargo.toml"), "utf8"))[1];
const shared = {
  version,
  license: "MIT OR Apache-2.0",
  homepage: "https://github.com/orm-lint/orm-lint#readme",
  bugs: "https://github.com/orm-lint/orm-lint/issues",
  repository: { type: "git", url: "git+https://github.com/orm-lint/orm-lint.git", directory: "npm" },
};

writePackage("orm-lint", {
  name: "orm-lint",
  description: "A linter and migration codemod for Convex backends: finds what hurts before it ships, fixes what it can prove.",
  keywords: ["convex", "linter", "codemod", "typescript", "orm"],
  ...shared,
  bin: Object.fromEntries(PROGRAMS.map((program) => [program, `bin/${program}.js`])),
  files: ["bin", "schema.json"],
  engines: { node: ">=18" },
  optionalDependencies: Object.fromEntries(platforms.map(({ name }) => [`@orm-lint/${name}`, version])),
});
cpSync(join(here, "orm-lint/bin"), join(out, "orm-lint/bin"), { recursive: true });
cpSync(join(here, "orm-lint/README.md"), join(out, "orm-lint/README.md"));
cpSync(join(root, "docs/schema.json"), join(out, "orm-lint/schema.json"));

for (const pair of given) {
  const [target, folder] = pair.split("=");
  const platform = platforms.find((platform) => platform.target === target);
  if (!platform || !folder) {
    console.error(`${pair}: expected TARGET=FOLDER, where TARGET is one of ${platforms.map(({ target }) => target).join(", ")}`);
    process.exit(2);
  }
  const { name, os, cpu, libc } = platform;
  const ending = os === "win32" ? ".exe" : "";
  writePackage(name, {
    name: `@orm-lint/${name}`,
    description: `The programs of orm-lint for ${os} on ${cpu}${libc ? ` with ${libc}` : ""}; install orm-lint instead.`,
    ...shared,
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
    // They cannot be run from inside an archive.
    preferUnplugged: true,
    bin: Object.fromEntries(PROGRAMS.map((program) => [program, `bin/${program}${ending}`])),
    files: ["bin"],
  });
  mkdirSync(join(out, name, "bin"));
  for (const program of PROGRAMS) {
    const to = join(out, name, "bin", program + ending);
    cpSync(join(folder, program + ending), to);
    chmodSync(to, 0o755);
  }
}

function writePackage(name, manifest) {
  const folder = join(out, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const licence of ["LICENSE-MIT", "LICENSE-APACHE"]) cpSync(join(root, licence), join(folder, licence));
}

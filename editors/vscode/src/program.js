// Where the program is: what the setting says, what the project installs, what is on the PATH. Knows nothing of VS Code.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

/** The names that a program may have on a system, the best first. */
function names(platform) {
  return platform === "win32" ? ["orm-lint.exe", "orm-lint.cmd"] : ["orm-lint"];
}

function isFile(place) {
  try {
    return fs.statSync(place).isFile();
  } catch {
    return false;
  }
}

/** The folder and all that hold it. */
function* upwards(folder) {
  for (let at = folder; ; at = path.dirname(at)) {
    yield at;
    if (path.dirname(at) === at) return;
  }
}

/**
 * @param {{ setting?: string, folders: string[], env?: Record<string, string | undefined>, platform?: string }} where
 * @returns {{ command: string } | { problem: string }}
 */
function findProgram({ setting = "", folders, env = process.env, platform = process.platform }) {
  if (setting.trim() !== "") {
    const place = path.resolve(folders[0] ?? ".", setting.trim());
    return isFile(place) ? { command: place } : { problem: `there is no program ${place}, which the setting orm-lint.path names` };
  }
  const bins = folders.flatMap((folder) => [...upwards(folder)].map((above) => path.join(above, "node_modules", ".bin")));
  // Windows writes `Path`.
  const onPath = Object.entries(env).find(([name]) => name.toUpperCase() === "PATH")?.[1] ?? "";
  const places = [...bins, ...onPath.split(path.delimiter).filter((folder) => path.isAbsolute(folder))];
  for (const place of places) {
    const found = names(platform).map((name) => path.join(place, name)).find(isFile);
    if (found) return { command: found };
  }
  return { problem: "the program orm-lint is neither in node_modules/.bin nor on the PATH; install it, or name it in the setting orm-lint.path" };
}

/** How to start it: what npm installs on Windows is a script, which needs a shell. */
function executable(command, args) {
  const isScript = command.toLowerCase().endsWith(".cmd");
  const quoted = isScript ? `"${command}"` : command;
  return { command: quoted, args: ["--lsp", ...args], options: { shell: isScript } };
}

module.exports = { executable, findProgram };

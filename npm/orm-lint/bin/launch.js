// Starts the program of the package for this platform. npm links that program itself; this is for package managers that do not.
"use strict";

const { platform, arch } = process;

/**
 * The packages that may hold the program, in order of preference. What is not for this machine is not installed;
 * where both of Linux are, nothing said which of them is, and the one for musl runs on all.
 */
const CANDIDATES = {
  "linux-x64": ["linux-x64-musl", "linux-x64-system"],
  "linux-arm64": ["linux-arm64-musl", "linux-arm64-system"],
  "darwin-x64": ["darwin-x64"],
  "darwin-arm64": ["darwin-arm64", "darwin-x64"],
  "win32-x64": ["win32-x64"],
  "win32-arm64": ["win32-arm64", "win32-x64"],
};

module.exports = function launch(program) {
  const candidates = CANDIDATES[`${platform}-${arch}`] ?? [];
  const file = platform === "win32" ? `${program}.exe` : program;
  const [path] = candidates.flatMap((name) => resolve(`@orm-lint/${name}/bin/${file}`));
  if (path === undefined) return fail(missing(candidates));
  const args = process.argv.slice(2);
  // In the place of this process, where Node can do that.
  if (typeof process.execve === "function" && platform !== "win32") {
    try {
      process.execve(path, [path, ...args], process.env);
    } catch {
      // As a child, then; what is wrong with it is said there.
    }
  }
  const done = require("node:child_process").spawnSync(path, args, { stdio: "inherit" });
  if (done.error) return fail(`${path} cannot be started: ${done.error.message}`);
  if (done.signal) process.exitCode = 128 + (require("node:os").constants.signals[done.signal] ?? 0);
  else process.exitCode = done.status;
};

function resolve(specifier) {
  try {
    return [require.resolve(specifier)];
  } catch {
    return [];
  }
}

function missing(candidates) {
  if (candidates.length === 0) return `there is no program for ${platform} on ${arch}; \`cargo install orm-lint\` builds one`;
  const names = candidates.map((name) => `@orm-lint/${name}`).join(" or ");
  return `${names} is not installed; install again on this machine, without --omit=optional`;
}

function fail(why) {
  console.error(`error: ${why}`);
  process.exitCode = 2;
}

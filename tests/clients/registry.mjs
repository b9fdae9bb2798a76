// A registry with a few packages, on this machine only, for as long as standard input is open.
//
// node registry.mjs <tarball>…
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { execFileSync } from "node:child_process";
import { basename } from "node:path";

const packages = process.argv.slice(2).map((path) => {
  const manifest = JSON.parse(execFileSync("tar", ["-xzOf", path, "package/package.json"], { encoding: "utf8" }));
  const bytes = readFileSync(path);
  return { manifest, bytes, file: basename(path), integrity: `sha512-${createHash("sha512").update(bytes).digest("base64")}` };
});

const server = createServer((request, response) => {
  const asked = decodeURIComponent(request.url.slice(1));
  const file = packages.find((one) => asked === `tarballs/${one.file}`);
  if (file) return response.end(file.bytes);
  const found = packages.find((one) => asked === one.manifest.name);
  if (!found) {
    response.statusCode = 404;
    return response.end("{}");
  }
  const { version } = found.manifest;
  const dist = { tarball: `http://127.0.0.1:${server.address().port}/tarballs/${found.file}`, integrity: found.integrity };
  const versions = { [version]: { ...found.manifest, dist } };
  response.end(JSON.stringify({ name: found.manifest.name, "dist-tags": { latest: version }, versions }));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit()).resume();

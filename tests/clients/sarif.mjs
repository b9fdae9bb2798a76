// Holds SARIF reports against the published JSON schema, and prints what is wrong with them.
//
// node sarif.mjs <folder with node_modules> <report>…
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [packages, ...reports] = process.argv.slice(2);
const require = createRequire(join(packages, "package.json"));
const { default: Ajv } = require("ajv-draft-04");
const { default: addFormats } = require("ajv-formats");

// The schema has titles in places that the validator's strict mode does not expect; nothing of what it says is ignored.
// Some of its patterns are older than the way in which the validator reads them unless told otherwise.
const ajv = new Ajv({ allErrors: true, strict: false, unicodeRegExp: false });
addFormats(ajv);
const schema = join(packages, "node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");
const holds = ajv.compile(JSON.parse(readFileSync(schema, "utf8")));

const problems = reports.flatMap((report) => {
  if (holds(JSON.parse(readFileSync(report, "utf8")))) return [];
  return holds.errors.map((error) => `${report}: ${error.instancePath || "/"} ${error.message}`);
});
console.log(JSON.stringify(problems));

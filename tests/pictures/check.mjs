// Reads pictures with the programs that people will show them with: Mermaid's parser, and Graphviz.
// Called with a folder of `*.mermaid` and `*.dot` files; prints what is wrong with each, and nothing if nothing is.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { instance } from "@viz-js/viz";
import mermaid from "mermaid";

const folder = process.argv[2];
const graphviz = await instance();
for (const name of readdirSync(folder).sort()) {
  const text = readFileSync(join(folder, name), "utf8");
  if (name.endsWith(".mermaid")) {
    try {
      const { diagramType } = await mermaid.parse(text);
      if (diagramType !== "er") console.log(`${name}: a diagram of type ${diagramType}`);
    } catch (error) {
      console.log(`${name}: ${error.message ?? error}`);
    }
  } else if (name.endsWith(".dot")) {
    const { status, output, errors } = graphviz.render(text, { format: "svg" });
    for (const { level, message } of errors) console.log(`${name}: ${level}: ${message}`);
    const drawn = (output?.match(/class="node"/g) ?? []).length;
    const named = (text.match(/^ {2}t\d+ \[/gm) ?? []).length;
    if (status !== "success" || drawn !== named) console.log(`${name}: ${drawn} of ${named} tables drawn`);
  }
}
process.exit(0);

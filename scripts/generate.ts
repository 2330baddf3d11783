import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { renderReference } from "../config/reference";
import { eventJsonSchema } from "../engine/event-schema";
import { generatedFiles } from "../provider/schema/generated-files";

/**
 * Writes the package schema and the typed classes of package muster, the reference of the cluster file and the schema of events. `--check`: only says
 * whether they are up to date.
 */
function main(): void {
  const root = path.resolve(__dirname, __dirname.endsWith(path.join("dist", "scripts")) ? "../.." : "..");
  const files = [
    ...generatedFiles(),
    { file: "docs/reference/cluster-file.md", content: renderReference() },
    { file: "docs/reference/events.schema.json", content: `${JSON.stringify(eventJsonSchema(), null, 2)}\n` },
  ];
  const stale = files.filter(({ file, content }) => {
    try {
      return readFileSync(path.join(root, file), "utf8") !== content;
    } catch {
      return true;
    }
  });
  if (process.argv.includes("--check")) {
    for (const { file } of stale)
      process.stderr.write(`${file} is out of date. Remedy: npm run build && node dist/scripts/generate.js\n`);
    process.exitCode = stale.length > 0 ? 1 : 0;
    return;
  }
  for (const { file, content } of stale) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), content);
    process.stdout.write(`${file}\n`);
  }
}

main();

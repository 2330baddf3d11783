import type { Command } from "commander";
import { clusterFileJsonSchema } from "../../config/json-schema";
import { printLine } from "../console";
import type { VerbTable } from "../verb";

export function addSchema(table: VerbTable, program: Command): void {
  table.add(program, "schema", "Print the JSON Schema of cluster files, for editors", async ({ console }) => {
    printLine(console, JSON.stringify(clusterFileJsonSchema(), null, 2));
    return 0;
  });
}

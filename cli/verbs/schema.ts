import type { Command } from "commander";
import { clusterFileJsonSchema } from "../../config/json-schema";
import { eventJsonSchema } from "../../engine/event-schema";
import { OperatorError } from "../../wire/operator-error";
import { printLine } from "../console";
import type { VerbTable } from "../verb";

const SCHEMAS: Readonly<Record<string, () => object>> = { cluster: clusterFileJsonSchema, events: eventJsonSchema };

export function addSchema(table: VerbTable, program: Command): void {
  table.add(
    program,
    "schema [what]",
    "Print the JSON Schema of cluster files, for editors, or of events",
    async call => {
      const [what = "cluster"] = call.args;
      const schema = SCHEMAS[what];
      if (schema === undefined) {
        throw new OperatorError({
          summary: `there is no schema of '${what}'`,
          remedy: `muster schema ${Object.keys(SCHEMAS).join(" | muster schema ")}`,
        });
      }
      printLine(call.console, JSON.stringify(schema(), null, 2));
      return 0;
    },
  );
}

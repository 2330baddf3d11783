import type { Command } from "commander";
import { addUpdateVerb } from "../update-verbs";
import type { VerbTable } from "../verb";

export function addDestroy(table: VerbTable, program: Command): void {
  addUpdateVerb(table, program, "destroy", "destroy", "Remove everything that the stack made").alias("down");
}

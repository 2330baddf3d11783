import type { Command } from "commander";
import { addUpdateVerb } from "../update-verbs";
import type { VerbTable } from "../verb";

export function addUp(table: VerbTable, program: Command): void {
  addUpdateVerb(table, program, "up", "up", "Make the hosts as declared").alias("update");
}

import type { Command } from "commander";
import { addUpdateVerb } from "../update-verbs";
import type { VerbTable } from "../verb";

export function addPreview(table: VerbTable, program: Command): void {
  addUpdateVerb(table, program, "preview", "preview", "Show what up would change; changes nothing").alias("pre");
}

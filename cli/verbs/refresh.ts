import type { Command } from "commander";
import { addUpdateVerb } from "../update-verbs";
import type { VerbTable } from "../verb";

export function addRefresh(table: VerbTable, program: Command): void {
  addUpdateVerb(table, program, "refresh", "refresh", "Look at the hosts and take what is found into the state");
}

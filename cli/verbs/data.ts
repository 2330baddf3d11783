import type { Command } from "commander";
import { addCommonOptions } from "../common-options";
import { addDataCheck } from "../data-check";
import { addDataDistribute } from "../data-distribute";
import type { VerbTable } from "../verb";

export function addData(table: VerbTable, program: Command): void {
  const data = addCommonOptions(program.command("data")).description("Training data");
  addDataCheck(table, data);
  addDataDistribute(table, data);
}

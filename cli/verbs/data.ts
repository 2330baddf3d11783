import { createReadStream, existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { checkDatasetBytes, formatDatasetReport } from "../../recipes/data/check";
import { OperatorError } from "../../wire/operator-error";
import { addCommonOptions } from "../common-options";
import type { VerbTable } from "../verb";

interface DataFlags {
  readonly json?: boolean;
}

export function addData(table: VerbTable, program: Command): void {
  const data = addCommonOptions(program.command("data")).description("Training data");
  table
    .add<DataFlags>(data, "check <file>", "Check a jsonl file row by row, as ms-swift will read it", async call => {
      const [name = ""] = call.args;
      const file = resolve(call.folder, name);
      if (!existsSync(file)) {
        throw new OperatorError({
          summary: "there is no such file",
          where: file,
          remedy: "muster data check FILE.jsonl",
        });
      }
      const report = await checkDatasetBytes(createReadStream(file));
      call.console.out.write(
        call.flags.json ? `${JSON.stringify(report, null, 2)}\n` : formatDatasetReport(name, report),
      );
      return report.badRows > 0 || report.rows === 0 ? 1 : 0;
    })
    .option("--json", "as JSON");
}

import type { Command } from "commander";
import { deleteStack, type RemoveOptions, stackFacts } from "../../engine/stacks";
import { OperatorError } from "../../wire/operator-error";
import { askToType } from "../ask";
import { isInteractive, printLine } from "../console";
import { openProject, stackOf } from "../project";
import type { VerbCall, VerbTable } from "../verb";

interface RemovalFlags extends RemoveOptions {
  readonly yes?: boolean;
}

export function addStackRemoval(table: VerbTable, stack: Command): void {
  table
    .add<RemovalFlags>(stack, "rm [name]", "Remove a stack and its configuration file; its backups stay", remove)
    .aliases(["remove", "delete"])
    .option("-y, --yes", "do not ask")
    .option("-f, --force", "forget resources that it still has")
    .option("--preserve-config", "keep Pulumi.<stack>.yaml")
    .option("--remove-backups", "remove its backups, too");
}

async function remove({ console, flags, folder, args }: VerbCall<RemovalFlags>): Promise<number> {
  const project = openProject(folder);
  const name = stackOf(project, args[0] ?? flags.stack, console.env);
  stackFacts(project.root, name);
  if (!flags.yes) {
    if (!isInteractive(console, flags.nonInteractive === true)) {
      throw new OperatorError({
        summary: "a stack is not removed unasked, and there is no terminal to ask on",
        remedy: `muster stack rm ${name} --yes`,
      });
    }
    const config = flags.preserveConfig ? "" : ` and Pulumi.${name}.yaml`;
    if (!(await askToType(console, `This removes stack ${name}${config} for good.`, name))) return 1;
  }
  deleteStack(project.root, name, flags);
  printLine(console, `Stack '${name}' has been removed!`);
  return 0;
}

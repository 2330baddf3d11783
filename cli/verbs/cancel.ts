import type { Command } from "commander";
import { cancelStack, listStacks } from "../../engine/stacks";
import { OperatorError } from "../../wire/operator-error";
import { ask } from "../ask";
import { isInteractive, printLine } from "../console";
import { openProject, stackOf } from "../project";
import { noSuchStack } from "../stack-session";
import type { VerbTable } from "../verb";

interface CancelFlags {
  readonly yes?: boolean;
}

export function addCancel(table: VerbTable, program: Command): void {
  table
    .add<CancelFlags>(program, "cancel [stack]", "Remove the lock of a run that is no more", async call => {
      const { console, flags, args, folder } = call;
      const project = openProject(folder);
      const name = stackOf(project, args[0] ?? flags.stack, console.env);
      if (!listStacks(project.root).includes(name)) throw noSuchStack(project, name);
      if (!flags.yes) {
        if (!isInteractive(console, flags.nonInteractive === true)) {
          throw new OperatorError({
            summary: "a lock is not removed unasked, and there is no terminal to ask on",
            remedy: "make sure that the run is over, then `muster cancel --yes`",
          });
        }
        if (!(await ask(console, { text: `Is no run of ${name} going on? Remove its lock?` }))) return 1;
      }
      cancelStack(project.root, name);
      printLine(console, `The currently running update for '${name}' has been canceled!`);
      return 0;
    })
    .option("-y, --yes", "do not ask");
}

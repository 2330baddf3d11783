import type { Command } from "commander";
import { editState, unprotected, withoutResources } from "../../engine/state-edit";
import { OperatorError } from "../../wire/operator-error";
import { ask } from "../ask";
import { addCommonOptions, addStackOption } from "../common-options";
import { isInteractive, printLine } from "../console";
import { openProject, stackOf } from "../project";
import { openStack, tellingWrongPassphrase } from "../stack-session";
import { addStockOnlyCommands } from "../stock-only";
import type { VerbCall, VerbTable } from "../verb";

interface StateFlags {
  readonly yes?: boolean;
  readonly all?: boolean;
  readonly force?: boolean;
  readonly targetDependents?: boolean;
}

export function addState(table: VerbTable, program: Command): void {
  const state = addStackOption(addCommonOptions(program.command("state"))).description("Edit a stack's state by hand");
  table
    .add<StateFlags>(state, "unprotect [urns...]", "Allow that resources are deleted", unprotect)
    .option("--all", "all resources")
    .option("-y, --yes", "do not ask");
  table
    .add<StateFlags>(state, "delete [urns...]", "Forget resources; what they made stays where it is", forget)
    .alias("rm")
    .alias("remove")
    .option("--force", "protected ones too")
    .option("--target-dependents", "what depends on them too")
    .option("-y, --yes", "do not ask");
  addStockOnlyCommands(state);
}

async function unprotect(call: VerbCall<StateFlags>): Promise<number> {
  const { flags, console } = call;
  const urns = flags.all ? undefined : named(call, "unprotect");
  if (!(await confirmed(call, "unprotect"))) return 1;
  const count = await edited(call, resources => unprotected(resources, urns));
  printLine(console, flags.all ? "All resources unprotected" : `${count} resources unprotected`);
  return 0;
}

async function forget(call: VerbCall<StateFlags>): Promise<number> {
  const { flags, console } = call;
  const urns = named(call, "delete");
  if (!(await confirmed(call, "delete"))) return 1;
  const removal = { force: flags.force === true, dependents: flags.targetDependents === true };
  const count = await edited(call, resources => withoutResources(resources, urns, removal));
  printLine(console, count === 1 ? "Resource deleted" : `${count} resources deleted`);
  return 0;
}

function named({ args }: VerbCall<StateFlags>, verb: string): readonly string[] {
  if (args.length > 0) return args;
  throw new OperatorError({
    summary: "no resource is named",
    remedy: `muster state ${verb} URN (\`muster stack export\` lists them)`,
  });
}

async function confirmed({ console, flags }: VerbCall<StateFlags>, verb: string): Promise<boolean> {
  if (flags.yes) return true;
  if (isInteractive(console, flags.nonInteractive === true)) {
    return ask(console, { text: "Edit the stack's state? No host is asked." });
  }
  throw new OperatorError({
    summary: "a state is not edited unasked, and there is no terminal to ask on",
    remedy: `muster state ${verb} URN --yes`,
  });
}

async function edited(call: VerbCall<StateFlags>, change: Parameters<typeof editState<number>>[1]): Promise<number> {
  const { console, flags, folder } = call;
  const project = openProject(folder);
  const session = await openStack(project, stackOf(project, flags.stack, console.env), console.env);
  return tellingWrongPassphrase(session.name, () => editState(session.place(), change));
}

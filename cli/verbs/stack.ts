import type { Command } from "commander";
import { deleteStack, listStacks, selectedStack, selectStack, stackHistory } from "../../engine/stacks";
import { OperatorError } from "../../wire/operator-error";
import { ask } from "../ask";
import { addCommonOptions, addStackOption } from "../common-options";
import { isInteractive, printLine, table as textTable } from "../console";
import { openProject, stackOf } from "../project";
import { stackName } from "../selected-stack";
import { makeStack, noSuchStack, openStack, tellingWrongPassphrase } from "../stack-session";
import type { VerbCall, VerbTable } from "../verb";
import { addStackOutput } from "./stack-output";
import { addStackExport, addStackImport } from "./stack-transfer";

interface StackFlags {
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function addStack(table: VerbTable, program: Command): void {
  const stack = addStackOption(addCommonOptions(program.command("stack"))).description("The stacks of the project");
  table.bind<StackFlags>(stack, show);
  table.add<StackFlags>(stack, "init [name]", "Make an empty stack and select it", init);
  table.add<StackFlags>(stack, "ls", "List the stacks", list).option("--json", "as JSON");
  table.add<StackFlags>(stack, "select [name]", "Select the stack that is meant without -s", select);
  table
    .add<StackFlags>(stack, "rm [name]", "Remove a stack; its backups stay", remove)
    .option("-y, --yes", "do not ask")
    .option("-f, --force", "forget resources that it still has");
  addStackOutput(table, stack);
  addStackExport(table, stack);
  addStackImport(table, stack);
  table.add<StackFlags>(stack, "history", "Past updates, the newest first", history).option("--json", "as JSON");
}

function named({ args, flags, folder, console }: VerbCall<StackFlags>): string {
  return stackOf(openProject(folder), args[0] ?? flags.stack, console.env);
}

async function show(call: VerbCall<StackFlags>): Promise<number> {
  const project = openProject(call.folder);
  const name = named(call);
  if (!listStacks(project.root).includes(name)) throw noSuchStack(project, name);
  const [last] = stackHistory(project.root, name);
  printLine(call.console, `stack ${name} of project ${project.name}`);
  if (last) printLine(call.console, `last ${last.kind} ${last.result}, ${timeOf(last.endTime)}`);
  else printLine(call.console, "nothing was run yet");
  return 0;
}

async function init(call: VerbCall<StackFlags>): Promise<number> {
  const { args, flags, folder, console } = call;
  const name = args[0] ?? flags.stack;
  if (name === undefined)
    throw new OperatorError({ summary: "no name for the stack", remedy: "muster stack init NAME" });
  await makeStack(openProject(folder), stackName(name), console.env);
  printLine(console, `Created stack '${stackName(name)}'`);
  return 0;
}

async function list({ folder, console, flags }: VerbCall<StackFlags>): Promise<number> {
  const project = openProject(folder);
  const selected = selectedStack(project.root);
  const stacks = listStacks(project.root).map(name => {
    const [last] = stackHistory(project.root, name);
    return { name, current: name === selected, ...(last && { lastUpdate: timeOf(last.endTime), result: last.result }) };
  });
  if (flags.json) printLine(console, JSON.stringify(stacks, null, 2));
  else {
    const rows = stacks.map(each => [
      `${each.name}${each.current ? "*" : ""}`,
      each.lastUpdate ?? "never",
      each.result ?? "",
    ]);
    printLine(console, textTable([["NAME", "LAST UPDATE", "RESULT"], ...rows]));
  }
  return 0;
}

async function select(call: VerbCall<StackFlags>): Promise<number> {
  const project = openProject(call.folder);
  const name = named(call);
  if (!listStacks(project.root).includes(name)) throw noSuchStack(project, name);
  selectStack(project.root, name);
  return 0;
}

async function remove(call: VerbCall<StackFlags>): Promise<number> {
  const { console, flags, folder } = call;
  const project = openProject(folder);
  const name = named(call);
  if (!listStacks(project.root).includes(name)) throw noSuchStack(project, name);
  if (!flags.yes) {
    if (!isInteractive(console, flags.nonInteractive === true)) {
      throw new OperatorError({
        summary: "a stack is not removed unasked, and there is no terminal to ask on",
        remedy: `muster stack rm ${name} --yes`,
      });
    }
    if (!(await ask(console, { text: `Remove stack ${name}?` }))) return 1;
  }
  const session = await openStack(project, name, console.env);
  await tellingWrongPassphrase(name, () => deleteStack(session.place(), flags.force === true));
  printLine(console, `Stack '${name}' has been removed!`);
  return 0;
}

async function history(call: VerbCall<StackFlags>): Promise<number> {
  const { console, flags, folder } = call;
  const project = openProject(folder);
  const name = named(call);
  if (!listStacks(project.root).includes(name)) throw noSuchStack(project, name);
  const entries = stackHistory(project.root, name);
  if (flags.json) {
    const shown = entries.map(({ config: _config, ...entry }) => entry);
    printLine(console, JSON.stringify(shown, null, 2));
    return 0;
  }
  const rows = entries.map(entry => {
    const changes = Object.entries(entry.resourceChanges).map(([op, count]) => `${count} ${op}`);
    return [timeOf(entry.endTime), entry.kind, entry.result, changes.join(", "), entry.message];
  });
  printLine(console, textTable([["END", "KIND", "RESULT", "CHANGES", "MESSAGE"], ...rows]));
  return 0;
}

function timeOf(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}

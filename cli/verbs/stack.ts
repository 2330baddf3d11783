import type { Command } from "commander";
import { backendOf, listStacks, selectedStack, selectStack, stackFacts, unselectStack } from "../../engine/stacks";
import { stackExists } from "../../engine/state/backend";
import { OperatorError } from "../../wire/operator-error";
import { addCommonOptions, addStackOption } from "../common-options";
import { copyConfig } from "../config-copy";
import { isoTime, printLine, table as textTable } from "../console";
import { openProject, stackOf } from "../project";
import { stackName } from "../selected-stack";
import { makeStack, openStack } from "../stack-session";
import { addStockOnlyCommands } from "../stock-only";
import type { VerbCall, VerbTable } from "../verb";
import { addStackHistory } from "./stack-history";
import { addStackOutput } from "./stack-output";
import { addStackRemoval } from "./stack-removal";
import { addStackExport, addStackImport } from "./stack-transfer";

interface StackFlags {
  readonly json?: boolean;
  readonly showName?: boolean;
  readonly select?: boolean;
  readonly create?: boolean;
  readonly secretsProvider?: string;
  readonly copyConfigFrom?: string;
}

const SECRETS_PROVIDER = "--secrets-provider <kind>";
const SECRETS_PROVIDER_HELP = "passphrase: the embedded engine knows no other";

export function addStack(table: VerbTable, program: Command): void {
  const stack = addStackOption(addCommonOptions(program.command("stack"))).description("The stacks of the project");
  table.bind<StackFlags>(stack, show).option("--show-name", "only the name");
  table
    .add<StackFlags>(stack, "init [name]", "Make an empty stack and select it", init)
    .aliases(["new", "create"])
    .option("--no-select", "do not select it")
    .option("--copy-config-from <stack>", "with the configuration of this one")
    .option(SECRETS_PROVIDER, SECRETS_PROVIDER_HELP);
  table.add<StackFlags>(stack, "ls", "List the stacks", list).alias("list").option("-j, --json", "as JSON");
  table
    .add<StackFlags>(stack, "select [name]", "Select the stack that is meant without -s", select)
    .option("-c, --create", "make it if it is not there")
    .option(SECRETS_PROVIDER, SECRETS_PROVIDER_HELP);
  table.add(stack, "unselect", "Select no stack", async ({ folder }) => {
    unselectStack(openProject(folder).root);
    return 0;
  });
  addStackRemoval(table, stack);
  addStackOutput(table, stack);
  addStackExport(table, stack);
  addStackImport(table, stack);
  addStackHistory(table, stack);
  addStockOnlyCommands(stack);
}

function named({ args, flags, folder, console }: VerbCall<StackFlags>): string {
  return stackOf(openProject(folder), args[0] ?? flags.stack, console.env);
}

async function show(call: VerbCall<StackFlags>): Promise<number> {
  const project = openProject(call.folder);
  const name = named(call);
  const { last, resourceCount, updateInProgress } = stackFacts(project.root, name);
  if (call.flags.showName) {
    printLine(call.console, name);
    return 0;
  }
  printLine(call.console, `stack ${name} of project ${project.name}`);
  printLine(call.console, resourceCount === undefined ? "its state is damaged" : `${resourceCount} resources`);
  if (updateInProgress) printLine(call.console, "a run holds its lock");
  if (last) printLine(call.console, `last ${last.kind} ${last.result}, ${isoTime(last.endTime)}`);
  else printLine(call.console, "nothing was run yet");
  return 0;
}

async function init(call: VerbCall<StackFlags>): Promise<number> {
  const { args, flags, folder, console } = call;
  const name = args[0] ?? flags.stack;
  if (name === undefined)
    throw new OperatorError({ summary: "no name for the stack", remedy: "muster stack init NAME" });
  refuseOtherSecrets(flags);
  const project = openProject(folder);
  const { copyConfigFrom: other } = flags;
  const from = other === undefined ? undefined : await openStack(project, stackName(other), console.env);
  await makeStack(project, stackName(name), console.env, { saveSalt: true, select: flags.select });
  console.err.write(`Created stack '${stackName(name)}'\n`);
  if (from) await copyConfig(from, await openStack(project, stackName(name), console.env), from.config.entries());
  return 0;
}

function refuseOtherSecrets({ secretsProvider }: StackFlags): void {
  if (secretsProvider === undefined || ["default", "passphrase"].includes(secretsProvider)) return;
  throw new OperatorError({
    summary: `the embedded engine can't keep secrets with '${secretsProvider}'`,
    remedy: "leave out --secrets-provider: secrets are kept with a passphrase; or use --engine pulumi",
  });
}

/** `--json` in stock's shape (pulumi/pulumi pkg/cmd/pulumi/stack/stack_ls.go, 3.260). */
async function list({ folder, console, flags }: VerbCall<StackFlags>): Promise<number> {
  const project = openProject(folder);
  const selected = selectedStack(project.root);
  const stacks = listStacks(project.root).map(name => ({ name, ...stackFacts(project.root, name) }));
  if (flags.json) {
    const shown = stacks.map(({ name, last, changedAt, resourceCount, updateInProgress }) => ({
      name,
      current: name === selected,
      ...(changedAt && { lastUpdate: changedAt }),
      ...(last && { result: last.result }),
      updateInProgress,
      ...(resourceCount !== undefined && { resourceCount }),
    }));
    printLine(console, JSON.stringify(shown, null, 2));
    return 0;
  }
  const rows = stacks.map(({ name, last, resourceCount, updateInProgress }) => [
    `${name}${name === selected ? "*" : ""}`,
    updateInProgress ? "in progress" : last ? isoTime(last.endTime) : "never",
    last?.result ?? "",
    resourceCount === undefined ? "damaged" : String(resourceCount),
  ]);
  printLine(console, textTable([["NAME", "LAST UPDATE", "RESULT", "RESOURCES"], ...rows]));
  return 0;
}

async function select(call: VerbCall<StackFlags>): Promise<number> {
  const project = openProject(call.folder);
  const name = named(call);
  if (call.flags.create && !stackExists(backendOf(project.root), name)) {
    refuseOtherSecrets(call.flags);
    await makeStack(project, name, call.console.env);
    call.console.err.write(`Created stack '${name}'\n`);
    return 0;
  }
  selectStack(project.root, name);
  return 0;
}

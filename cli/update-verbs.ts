import { resolve } from "node:path";
import { type Command, Option } from "commander";
import type { Import } from "../engine/import";
import { type RunKind, type RunOptions, run } from "../engine/run";
import { deleteStack, stackFacts } from "../engine/stacks";
import { isInteractive, screenOf } from "./console";
import { openProject, stackOf } from "./project";
import { openProviders } from "./provider-host";
import { listenForInterrupts } from "./signals";
import { openStack, type StackSession, tellingWrongPassphrase } from "./stack-session";
import { addStockOnlyFlags } from "./stock-only";
import { updateFlow } from "./update-flow";
import { collect, parseBoolean, parseCount, runDecisions, type UpdateFlags } from "./update-options";
import type { VerbCall, VerbTable } from "./verb";
import { keyValue } from "./verbs/config-many";

/** Adds preview, up, refresh or destroy: they differ in a few flags only. */
export function addUpdateVerb(
  table: VerbTable,
  parent: Command,
  kind: RunKind,
  usage: string,
  description: string,
): Command {
  const command = table.add<UpdateFlags>(parent, usage, description, call => update(kind, call));
  command
    .option("--expect-no-changes", "exit with 7 if there is anything to change")
    .option("-j, --json", "print engine events, one JSON document a line")
    .option("--event-log <file>", "write engine events to a file, one JSON document a line")
    .option("-t, --target <urn>", "only this resource; * and ** stand for parts of a URN (repeatable)", collect)
    .option("--target-dependents", "what depends on a target is one too")
    .addOption(
      new Option("-x, --exclude <urn>", "all but this resource (repeatable)").argParser(collect).conflicts("target"),
    )
    .option("--exclude-dependents", "what depends on an excluded resource is left out too")
    .option("-p, --parallel <steps>", "steps at the same time", parseCount)
    .option("--continue-on-error [bool]", "go on with what does not depend on a failed step", parseBoolean)
    .option("--diff", "show every property, nothing cut or folded")
    .option("--suppress-outputs", "do not show the stack's outputs")
    .option("-c, --config <key=value>", "set a value of the stack's configuration first (repeatable)", collect)
    .option("--config-path", "keys of --config are paths")
    .option("--show-secrets", "accepted for Pulumi's sake: a plan never shows secrets")
    .option("-m, --message <text>", "a note for the stack's history");
  if (kind !== "refresh") command.option("-r, --refresh [bool]", "look at the hosts first", parseBoolean);
  if (kind !== "preview") {
    command.option("-y, --yes", "do not ask").option("-f, --skip-preview", "do not preview and do not ask");
  }
  if (kind === "refresh" || kind === "destroy")
    command.option("--preview-only", "show what would happen, change nothing");
  if (kind === "refresh") {
    command
      .option("--clear-pending-creates", "forget creations that were cut off")
      .option("--skip-pending-creates", "leave them noted, as is done anyway");
  }
  if (kind === "destroy") {
    command
      .option("--remove", "then remove the stack and its configuration file")
      .option("--preserve-config", "with --remove: keep Pulumi.<stack>.yaml")
      .addOption(
        new Option("--exclude-protected", "leave protected resources, and what they depend on").conflicts("target"),
      );
  }
  if (kind === "preview") command.option("--save-plan <file>", "write what would be done to a file, for up --plan");
  if (kind === "up") command.option("--plan <file>", "do what this plan has, and nothing else");
  if (kind === "up" || kind === "preview") {
    command
      .option("--replace <urn>", "replace this resource (repeatable)", collect)
      .option("--target-replace <urn>", "only this resource, and replace it (repeatable)", collect);
  }
  addStockOnlyFlags(command, kind === "refresh" ? ["import-pending-creates"] : []);
  return command;
}

/** Plan files are named from where the command is run. */
function planFiles({ savePlan, plan }: UpdateFlags, folder: string): Pick<RunOptions, "savePlan" | "plan"> {
  return {
    ...(savePlan !== undefined && { savePlan: resolve(folder, savePlan) }),
    ...(plan !== undefined && { plan: resolve(folder, plan) }),
  };
}

/** Values that are given for a run stay, as with stock. */
function saveConfig({ config }: StackSession, { config: given = [], configPath = false }: UpdateFlags): void {
  for (const text of given) config.set(...keyValue(text), configPath);
  if (given.length > 0) config.save();
}

/** @param imports of the verb `import`: what it takes over */
export async function update(kind: RunKind, call: VerbCall<UpdateFlags>, imports?: readonly Import[]): Promise<number> {
  const { console, folder } = call;
  const { eventLog } = call.flags;
  const flags = eventLog === undefined ? call.flags : { ...call.flags, eventLog: resolve(folder, eventLog) };
  const project = openProject(folder);
  const stack = await openStack(project, stackOf(project, flags.stack, console.env), console.env);
  saveConfig(stack, flags);
  const interactive = isInteractive(console, flags.nonInteractive === true);
  const providers = openProviders(project);
  // Relative paths in inputs are the project's: stock starts its plugins there.
  const before = process.cwd();
  process.chdir(project.root);
  const interrupts = listenForInterrupts(process, text => console.err.write(`${text}\n`));
  try {
    const prepared = {
      ...runDecisions(kind, flags, console.env, project),
      ...stack.place(),
      plugins: providers.plugins,
      ...planFiles(flags, folder),
      ...(imports && { imports }),
    };
    const screen = screenOf(console, flags.color);
    const now = (): number => performance.now() / 1000;
    const code = await tellingWrongPassphrase(stack.name, () =>
      updateFlow(prepared, flags, { run, console, screen, interactive, interrupts, now }),
    );
    const done = code === 0 && !flags.previewOnly;
    const left = done && flags.excludeProtected ? (stackFacts(project.root, stack.name).resourceCount ?? 0) : 0;
    if (left > 0) console.err.write(`${left} resources are left: protected ones, and what they need\n`);
    else if (done && flags.remove) {
      deleteStack(project.root, stack.name, { preserveConfig: flags.preserveConfig });
      console.err.write(`stack ${stack.name} was removed\n`);
    }
    return code;
  } finally {
    interrupts.dispose();
    await providers.stop();
    process.chdir(before);
  }
}

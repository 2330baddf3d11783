import type { Command } from "commander";
import { stackOutputs } from "../../engine/stacks";
import { OperatorError } from "../../wire/operator-error";
import { printLine, table as textTable } from "../console";
import { openProject, stackOf } from "../project";
import { openStack, tellingWrongPassphrase } from "../stack-session";
import type { VerbCall, VerbTable } from "../verb";

interface OutputFlags {
  readonly json?: boolean;
  readonly showSecrets?: boolean;
  readonly shell?: boolean;
}

export function addStackOutput(table: VerbTable, stack: Command): void {
  table
    .add<OutputFlags>(stack, "output [name]", "Print the stack's outputs, or one of them", output)
    .option("-j, --json", "as JSON")
    .option("--shell", "as a shell's variables")
    .option("--show-secrets", "in plain");
}

async function output(call: VerbCall<OutputFlags>): Promise<number> {
  const { console, flags, args, folder } = call;
  const project = openProject(folder);
  const session = await openStack(project, stackOf(project, flags.stack, console.env), console.env);
  const outputs = await tellingWrongPassphrase(session.name, () =>
    stackOutputs(session.place(), flags.showSecrets === true),
  );
  const [name] = args;
  if (name === undefined) {
    const rows = Object.keys(outputs)
      .sort()
      .map((key): [string, string] => [key, lineOf(outputs[key])]);
    if (flags.shell) {
      for (const [key, value] of rows) printLine(console, assignment(key, value));
      return 0;
    }
    printLine(console, flags.json ? JSON.stringify(outputs, null, 2) : textTable([["OUTPUT", "VALUE"], ...rows]));
    return 0;
  }
  if (!(name in outputs)) {
    throw new OperatorError({
      summary: `current stack does not have output property '${name}'`,
      where: `stack ${session.name}`,
      remedy: "`muster stack output` lists what there is",
    });
  }
  const value = outputs[name];
  if (flags.shell) printLine(console, assignment(name, lineOf(value)));
  else printLine(console, flags.json ? JSON.stringify(value, null, 2) : lineOf(value));
  return 0;
}

/** A line that a POSIX shell reads back as the value; what is no name of a variable there has `_` in it. */
function assignment(name: string, value: string): string {
  return `${name.replace(/\W/g, "_").replace(/^(?=\d)/, "_")}='${value.replaceAll("'", "'\\''")}'`;
}

function lineOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

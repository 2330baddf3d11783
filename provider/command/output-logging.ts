import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { CommandOptions, CommandResult } from "../../remote/runner";
import { OperatorError } from "../../wire/operator-error";
import type { FieldPolicy, KindContext } from "../kind";

/** The inputs that remote and local commands have in common (@pulumi/command 1.2.1). */
export const commonInputs = {
  create: z.string().optional(),
  update: z.string().optional(),
  delete: z.string().optional(),
  stdin: z.string().optional(),
  environment: z.record(z.string().regex(/^[A-Za-z_]\w*$/, "must be a name of a variable"), z.string()).optional(),
  triggers: z.array(z.unknown()).optional(),
  logging: z.enum(["stdout", "stderr", "stdoutAndStderr", "none"]).optional(),
  addPreviousOutputInEnv: z.boolean().optional(),
};

/** A changed trigger makes the resource anew, any other change runs `update` (or `create` again). */
export const commonFields = {
  create: { change: "update" },
  update: { change: "update" },
  delete: { change: "update" },
  stdin: { change: "update" },
  environment: { change: "update" },
  triggers: { change: "replace" },
  logging: { change: "update" },
  addPreviousOutputInEnv: { change: "update" },
} as const satisfies Record<string, FieldPolicy>;

export interface CommandOutputs {
  stdout: string;
  stderr: string;
}

/** A command may print what it was given. Its connection is always secret, and is not given to it. */
const GIVEN = ["create", "update", "stdin", "environment"];

export const commonOutputs = {
  stdout: { description: "What the last command wrote, without newlines at its end.", secretWith: GIVEN },
  stderr: { description: "What the last command wrote to standard error.", secretWith: GIVEN },
};

type Logging = "stdout" | "stderr" | "stdoutAndStderr" | "none";

/** Shows each line of the chosen outputs live beside the resource. */
export function liveOutput(
  context: KindContext,
  logging: Logging = "stdoutAndStderr",
): Pick<CommandOptions, "onOutput"> {
  return {
    onOutput(chunk, stream) {
      if (logging !== "stdoutAndStderr" && logging !== stream) return;
      const line = chunk.trimEnd().split("\n").at(-1);
      if (line) context.status(line);
    },
  };
}

/** The outputs of a command. @throws OperatorError if it failed; without its text, which may hold secrets. */
export function outputsOf(result: CommandResult, host: string, verb: string): CommandOutputs {
  if (result.exitCode !== 0) {
    const said = `${result.stdout}${result.stderr}`.trim().slice(-4000);
    throw new OperatorError({
      summary: `the ${verb} command ended with ${result.exitCode}`,
      where: `host ${host}`,
      ...(said ? { detail: said } : {}),
    });
  }
  return { stdout: result.stdout.replace(/\n+$/, ""), stderr: result.stderr.replace(/\n+$/, "") };
}

/** The command's variables, with the outputs from before as @pulumi/command gives them. */
export function environmentOf(
  inputs: { environment?: Record<string, string> | undefined; addPreviousOutputInEnv?: boolean | undefined },
  before?: CommandOutputs,
): Record<string, string> {
  const previous: Record<string, string> =
    before && inputs.addPreviousOutputInEnv !== false
      ? { PULUMI_COMMAND_STDOUT: before.stdout, PULUMI_COMMAND_STDERR: before.stderr }
      : {};
  return { ...inputs.environment, ...previous };
}

/** What a command did is recorded in the state alone. @throws Error for an import */
export async function readCommand<I extends object>(
  _context: KindContext,
  id: string,
  old: (I & CommandOutputs) | undefined,
): Promise<{ inputs: I; state: CommandOutputs }> {
  if (!old) throw new Error(`command ${id} cannot be imported: what it did is not recorded anywhere.`);
  return { inputs: old, state: { stdout: old.stdout, stderr: old.stderr } };
}

export function newCommandId(): string {
  return `create${randomBytes(6).toString("hex")}`;
}

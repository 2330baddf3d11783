import { z } from "zod";
import type { Kind, KindContext } from "../kind";
import { LocalRunner } from "../local-runner";
import {
  type CommandOutputs,
  commonFields,
  commonInputs,
  commonOutputs,
  environmentOf,
  liveOutput,
  newCommandId,
  outputsOf,
  readCommand,
} from "./output-logging";

const inputs = z.strictObject({
  ...commonInputs,
  dir: z.string().optional(),
  interpreter: z.array(z.string()).min(1).optional(),
});

type LocalCommandInputs = z.infer<typeof inputs>;

export const localCommand: Kind<LocalCommandInputs, CommandOutputs> = {
  token: "command:local:Command",
  description: "A command on the operator's machine.",
  inputs,
  fields: { ...commonFields, dir: { change: "update" }, interpreter: { change: "update" } },
  outputs: commonOutputs,
  read: readCommand,
  async create(context, news) {
    return { id: newCommandId(), state: await runLocally(context, news, "create", news.create) };
  },
  async update(context, _id, news, old) {
    return runLocally(context, news, "update", news.update ?? news.create, old);
  },
  async delete(context, _id, old) {
    await runLocally(context, old, "delete", old.delete, old);
  },
};

async function runLocally(
  context: KindContext,
  inputs: LocalCommandInputs,
  verb: string,
  text: string | undefined,
  before?: CommandOutputs,
): Promise<CommandOutputs> {
  if (text === undefined) return { stdout: before?.stdout ?? "", stderr: before?.stderr ?? "" };
  const result = await new LocalRunner().mutate(verb, text, {
    ...liveOutput(context, inputs.logging),
    signal: context.signal,
    environment: environmentOf(inputs, before),
    ...(inputs.stdin === undefined ? {} : { stdin: inputs.stdin }),
    ...(inputs.dir === undefined ? {} : { directory: inputs.dir }),
    ...(inputs.interpreter === undefined ? {} : { interpreter: inputs.interpreter }),
    ...(context.timeoutSeconds === undefined ? {} : { timeoutSeconds: context.timeoutSeconds }),
  });
  return outputsOf(result, "localhost", verb);
}

import { z } from "zod";
import { assignments } from "../../remote/shell";
import type { Kind, KindContext } from "../kind";
import { checkHostKeys, connection, hostOf } from "./connection";
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

const inputs = z.strictObject({ ...commonInputs, connection });

type RemoteCommandInputs = z.infer<typeof inputs>;

/**
 * A command on a host, through this process's own connections. Unlike @pulumi/command it wants a pinned host key, can be cancelled,
 * and a changed connection alone runs nothing again.
 */
export const remoteCommand: Kind<RemoteCommandInputs, CommandOutputs> = {
  token: "command:remote:Command",
  description: "A command on a host over ssh.",
  inputs,
  fields: {
    ...commonFields,
    connection: { change: "update", secret: true, publicParts: ["host", "port", "user", "hostKey"] },
  },
  outputs: commonOutputs,
  check: news => (news.connection ? checkHostKeys(news.connection) : []),
  read: readCommand,
  async create(context, news) {
    return { id: newCommandId(), state: await run(context, news, "create", news.create) };
  },
  async update(context, _id, news, old) {
    if (isSameWork(news, old)) return { stdout: old.stdout, stderr: old.stderr };
    return run(context, news, "update", news.update ?? news.create, old);
  },
  async delete(context, _id, old) {
    await run(context, old, "delete", old.delete, old);
  },
};

async function run(
  context: KindContext,
  inputs: RemoteCommandInputs,
  verb: string,
  text: string | undefined,
  before?: CommandOutputs,
): Promise<CommandOutputs> {
  if (text === undefined) return { stdout: before?.stdout ?? "", stderr: before?.stderr ?? "" };
  if (!context.connect) throw new Error("this provider cannot open connections of its own");
  const host = hostOf(inputs.connection);
  const variables = environmentOf(inputs, before);
  const exported = Object.keys(variables).map(name => `export ${name}\n`);
  const script = `${assignments(variables)}${exported.join("")}${text}\n`;
  const result = await context.connect(host).mutate(`${verb} command`, script, {
    ...liveOutput(context, inputs.logging),
    signal: context.signal,
    timeoutSeconds: context.timeoutSeconds ?? 24 * 3600,
    ...(inputs.stdin === undefined ? {} : { stdin: inputs.stdin }),
  });
  return outputsOf(result, host.name, verb);
}

/** True if only the way to the host, the text for deletion or the logging has changed. */
function isSameWork(news: RemoteCommandInputs, old: RemoteCommandInputs): boolean {
  const work = (inputs: RemoteCommandInputs): string =>
    JSON.stringify([inputs.create, inputs.update, inputs.stdin, Object.entries(inputs.environment ?? {}).sort()]);
  return work(news) === work(old);
}

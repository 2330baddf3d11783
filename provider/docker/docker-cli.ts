import type { CommandOptions } from "../../remote/runner";
import { command } from "../../remote/shell";
import { expectSuccess } from "../command-failed";
import type { KindContext, PreviewContext } from "../kind";

/** The daemon that the provider's `host` names, as kinds ask for it. */
export const DAEMON = "docker";

/** What docker says about an object, or undefined if there is none. @throws OperatorError if docker could not be asked. */
export async function inspect<T>(context: PreviewContext, type: string, id: string): Promise<T | undefined> {
  const script = command(["docker", type, "inspect", id]);
  const result = await context.hosts.probe(DAEMON).query(script, { signal: context.signal, timeoutSeconds: 60 });
  if (result.exitCode !== 0 && /no such|not found/i.test(result.stderr)) return undefined;
  const { stdout } = expectSuccess(result, { host: "docker", what: `docker ${type} inspect ${id}` });
  return (JSON.parse(stdout) as T[])[0];
}

/** Runs one docker command that changes something; gives what it printed. */
export async function docker(
  context: KindContext,
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const what = `docker ${argv.slice(0, 2).join(" ")}`;
  const result = await context.hosts
    .runner(DAEMON)
    .mutate(what, command(["docker", ...argv]), { timeoutSeconds: 600, signal: context.signal, ...options });
  return expectSuccess(result, { host: "docker", what }).stdout.trim();
}

/** Like `docker`, for removing: a thing that is gone already is no failure. */
export async function dockerRemove(context: KindContext, argv: readonly string[]): Promise<void> {
  const what = `docker ${argv.slice(0, 2).join(" ")}`;
  const result = await context.hosts
    .runner(DAEMON)
    .mutate(what, command(["docker", ...argv]), { timeoutSeconds: 600, signal: context.signal });
  if (result.exitCode !== 0 && /no such|not found/i.test(result.stderr)) return;
  expectSuccess(result, { host: "docker", what });
}

import { expectSuccess } from "../../../command-failed";
import type { KindContext } from "../../../kind";

/** Images are gigabytes: a slow disk may take long. */
export const LONG_SECONDS = 7200;

/** Changes a host by a script. @returns what it printed @throws OperatorError, RemoteError */
export async function change(
  context: Pick<KindContext, "hosts" | "signal">,
  host: string,
  what: string,
  script: string,
  options: { readonly stdin?: string; readonly timeoutSeconds?: number } = {},
): Promise<string> {
  const result = await context.hosts.runner(host).mutate(what, script, {
    timeoutSeconds: LONG_SECONDS,
    signal: context.signal,
    ...options,
  });
  return expectSuccess(result, { host, what }).stdout;
}

import { quote } from "../../../../remote/shell";
import { OperatorError } from "../../../../wire/operator-error";
import { expectSuccess } from "../../../command-failed";
import type { KindContext, PreviewContext } from "../../../kind";
import { isUnreachable } from "../../../operation";
import { jobFolder, processMark } from "./gang-files";
import { stopScript, sweepScript } from "./host-scripts";
import { DEFAULT_STOP_SECONDS, type JobInputs, leaderHost } from "./inputs";

export type GangContext = Pick<KindContext, "hosts" | "cluster" | "status" | "signal" | "allowed">;

/** What has to be known of a job to end it. */
export type Stoppable = Pick<JobInputs, "name" | "ranks" | "claims" | "stopSeconds">;

/** All hosts that the job touches, the leader's first. */
export function hostsOf(inputs: Pick<JobInputs, "ranks" | "claims">): string[] {
  return [...new Set([...inputs.ranks.map(rank => rank.host), ...(inputs.claims ?? []).map(claim => claim.host)])];
}

/**
 * The same on several hosts; all finish before the first failure is thrown. A host that is out of reach and that the operator
 * has given up (MUSTER_FORGET_HOSTS) is passed over.
 */
export async function onEach(
  context: Pick<GangContext, "allowed">,
  hosts: Iterable<string>,
  act: (host: string) => Promise<void>,
): Promise<void> {
  const ends = await Promise.allSettled([...hosts].map(act));
  const failures = ends.flatMap(end => (end.status === "rejected" ? [end.reason as Error] : []));
  const left = failures.filter(error => !(isUnreachable(error) && context.allowed("MUSTER_FORGET_HOSTS", error.host)));
  if (left.length === 0) return;
  // With a host out of reach among them: its name is what the operator may allow.
  const first = left.find(isUnreachable) ?? left[0];
  if (left.length === 1 || isUnreachable(first)) throw first;
  throw new Error(left.map(failure => failure.message).join("\n"));
}

/** Ends what is left of a job on every host, and proves that nothing is. */
export async function stopGang(context: GangContext, inputs: Stoppable): Promise<void> {
  const grace = inputs.stopSeconds ?? DEFAULT_STOP_SECONDS;
  const bound = grace * 2 + 45;
  await onEach(context, [leaderHost(inputs)], async host => {
    const what = `stop job ${inputs.name}`;
    const script = stopScript(jobFolder(context.cluster, inputs.name), bound);
    const stop = await context.hosts.runner(host).mutate(what, script, { timeoutSeconds: bound + 30 });
    expectSuccess(stop, { host, what });
  });
  await onEach(context, hostsOf(inputs), async host => {
    const what = `prove that no process of job ${inputs.name} is left`;
    const script = sweepScript(processMark(context.cluster, inputs.name), grace);
    const result = await context.hosts.runner(host).mutate(what, script, { timeoutSeconds: grace + 60 });
    const left = [...expectSuccess(result, { host, what }).stdout.matchAll(/^left (.*)$/gm)].map(match => match[1]);
    if (left.length === 0) return;
    throw new OperatorError({
      summary: `these processes of job ${inputs.name} do not die: ${left.join("; ")}`,
      where: `host ${host}`,
      remedy: "a process that ignores SIGKILL waits for a device or a network disk; free that, or reboot the host",
    });
  });
}

/**
 * Processes of the job that live although its record is gone, as `host: pid command`. Somebody has deleted its folder, and must
 * not have started a second gang beside the first by that.
 */
export async function strayProcesses(
  context: Pick<PreviewContext, "hosts" | "cluster">,
  inputs: Pick<JobInputs, "name" | "ranks" | "claims">,
): Promise<string[]> {
  const mark = quote(`MUSTER_JOB=${processMark(context.cluster, inputs.name)}`);
  const script = `cd /proc && for pid in $(grep -lsF ${mark} [0-9]*/environ | cut -d/ -f1); do
  echo "$pid $(tr '\\0\\n' '  ' <"$pid/cmdline" | cut -c1-100)"
done 2>/dev/null
exit 0
`;
  const found = await Promise.all(
    hostsOf(inputs).map(async host => {
      const what = `look for processes of job ${inputs.name}`;
      const { stdout } = expectSuccess(await context.hosts.probe(host).query(script), { host, what });
      return stdout
        .split("\n")
        .filter(Boolean)
        .map(line => `${host}: ${line.trim()}`);
    }),
  );
  return found.flat();
}

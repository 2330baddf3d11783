import { setTimeout as pause } from "node:timers/promises";
import { type Command, InvalidArgumentError } from "commander";
import { type ClusterAccess, withCluster } from "../cluster-access";
import { type Console, printLine, screenOf } from "../console";
import { type HostStatus, hostStatus, lookAgain } from "../host-status";
import { besideBefore, type JobFinding, jobFindings } from "../rank-watch";
import { listenForInterrupts } from "../signals";
import { statusProblems } from "../status-problems";
import { type Look, statusChanges, statusText } from "../status-text";
import type { VerbTable } from "../verb";

interface StatusFlags {
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly interval: number;
}

export function addStatus(table: VerbTable, program: Command): void {
  table
    .add<StatusFlags>(program, "status", "Show hosts, containers, GPUs and jobs as they are now", call =>
      withCluster(call, access => (call.flags.watch ? watch : once)(call.console, access, call.flags)),
    )
    .option("--json", "as JSON; with --watch a line a look")
    .option("-w, --watch", "look again and again until it is interrupted; in a pipe a line for each change")
    .option("--interval <seconds>", "with --watch: seconds between two looks", wholeSeconds, 5);
}

function wholeSeconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("a whole number of seconds, 1 or more");
  return value;
}

/** Between the two looks that tell whether the ranks of a running job move. */
const SECOND_LOOK_MILLISECONDS = 1500;

async function once(console: Console, access: ClusterAccess, flags: StatusFlags): Promise<number> {
  const first = await lookAt(access);
  const all = first.some(({ watched }) => watched?.processes.length) ? await secondLook(access, first) : first;
  const findings = findingsOf(access, all);
  const shown = { hosts: all, findings };
  printLine(console, flags.json ? JSON.stringify(withFindings(shown), null, 2) : statusText(all, findings));
  return all.every(({ reachable }) => reachable) && statusProblems(all, findings).length === 0 ? 0 : 1;
}

async function lookAt({ cluster, hosts }: ClusterAccess): Promise<HostStatus[]> {
  return await Promise.all(cluster.hosts.map(host => hostStatus(hosts, cluster, host.name)));
}

async function secondLook({ cluster, hosts }: ClusterAccess, first: readonly HostStatus[]): Promise<HostStatus[]> {
  await pause(SECOND_LOOK_MILLISECONDS);
  return besideBefore(first, await Promise.all(first.map(each => lookAgain(hosts, cluster, each))));
}

function findingsOf({ cluster }: ClusterAccess, all: readonly HostStatus[]): JobFinding[] {
  const addresses = cluster.hosts.flatMap(({ name, address, clusterAddress }) => [
    [address, name] as const,
    [clusterAddress, name] as const,
  ]);
  return jobFindings(all, new Map(addresses));
}

/** Each finding beside the job that it is about. */
function withFindings({ hosts, findings }: Look): unknown {
  return hosts.map(each => ({
    ...each,
    jobs: each.jobs.map(job => ({ ...job, findings: findings.filter(finding => finding.job === job.job) })),
  }));
}

async function watch(console: Console, access: ClusterAccess, { json, interval }: StatusFlags): Promise<number> {
  const interrupts = listenForInterrupts(process, () => {});
  const screen = screenOf(console);
  let before: Look | undefined;
  try {
    while (!interrupts.stop.aborted) {
      const hosts = besideBefore(before?.hosts, await lookAt(access));
      const now: Look = { hosts, findings: findingsOf(access, hosts) };
      const text = statusText(hosts, now.findings);
      const time = new Date().toISOString();
      if (json)
        printLine(
          console,
          JSON.stringify({
            time,
            hosts: withFindings(now),
            problems: statusProblems(hosts, now.findings).map(({ text: told }) => told),
          }),
        );
      // Home, the text with each line's rest cleared, and what is below it.
      else if (screen.live) screen.write(`\u001b[H${`${time}\n${text}\n`.replaceAll("\n", "\u001b[K\n")}\u001b[J`);
      else if (before === undefined) printLine(console, `${time}\n${text}`);
      else for (const line of statusChanges(before, now)) printLine(console, `${time} ${line}`);
      before = now;
      await pause(interval * 1000, undefined, { signal: interrupts.stop }).catch(() => {});
    }
    return 0;
  } finally {
    interrupts.dispose();
  }
}

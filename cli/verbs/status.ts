import { setTimeout as pause } from "node:timers/promises";
import { type Command, InvalidArgumentError } from "commander";
import { type ClusterAccess, withCluster } from "../cluster-access";
import { type Console, printLine, screenOf } from "../console";
import { type HostStatus, hostStatus } from "../host-status";
import { listenForInterrupts } from "../signals";
import { statusProblems } from "../status-problems";
import { statusChanges, statusText } from "../status-text";
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

async function once(console: Console, access: ClusterAccess, flags: StatusFlags): Promise<number> {
  const all = await lookAt(access);
  printLine(console, flags.json ? JSON.stringify(all, null, 2) : statusText(all));
  return all.every(({ reachable }) => reachable) && statusProblems(all).length === 0 ? 0 : 1;
}

async function lookAt({ cluster, hosts }: ClusterAccess): Promise<HostStatus[]> {
  return await Promise.all(cluster.hosts.map(host => hostStatus(hosts, cluster, host.name)));
}

async function watch(console: Console, access: ClusterAccess, { json, interval }: StatusFlags): Promise<number> {
  const interrupts = listenForInterrupts(process, () => {});
  const screen = screenOf(console);
  let before: HostStatus[] | undefined;
  try {
    while (!interrupts.stop.aborted) {
      const all = await lookAt(access);
      const time = new Date().toISOString();
      if (json) printLine(console, JSON.stringify({ time, hosts: all, problems: statusProblems(all) }));
      // Home, the text with each line's rest cleared, and what is below it.
      else if (screen.live)
        screen.write(`\u001b[H${`${time}\n${statusText(all)}\n`.replaceAll("\n", "\u001b[K\n")}\u001b[J`);
      else if (before === undefined) printLine(console, `${time}\n${statusText(all)}`);
      else for (const line of statusChanges(before, all)) printLine(console, `${time} ${line}`);
      before = all;
      await pause(interval * 1000, undefined, { signal: interrupts.stop }).catch(() => {});
    }
    return 0;
  } finally {
    interrupts.dispose();
  }
}

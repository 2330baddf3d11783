import { type Marginal, marginals, type Spread, spread } from "./statistics";

export const toolNames = ["muster", "by-hand", "ansible", "ansible-archive", "pyinfra", "pyinfra-archive"] as const;
export type ToolName = (typeof toolNames)[number];

/** `first` on bare hosts, `second` with nothing to do, `preview` before the first; only muster has one. */
export type RunName = "preview" | "first" | "second";

/** One run of one tool, as it was measured. */
export interface RunRecord {
  readonly tool: ToolName;
  readonly hosts: number;
  readonly run: RunName;
  readonly repetition: number;
  readonly seconds: number;
  /** Processor time of the tool and its children on the operator's side. */
  readonly operatorCpuSeconds: number;
  /** Processor time of each host, its ssh server and Docker engine included. Empty where the kernel does not tell. */
  readonly hostCpuSeconds: readonly number[];
  /** At each host's ssh server. */
  readonly handshakes: readonly number[];
  readonly execs: readonly number[];
  /** Until the first line of the plan; previews only. */
  readonly firstLineSeconds?: number;
  /** Load average over a minute when the run began: what else the machine was doing. */
  readonly loadBefore: number;
}

/** All repetitions of one run of one tool at one size. */
export interface Cell {
  readonly tool: ToolName;
  readonly hosts: number;
  readonly run: RunName;
  readonly seconds: Spread;
  /** Per host, over all hosts and repetitions. */
  readonly handshakes: Spread;
  readonly execs: Spread;
  readonly operatorCpuSeconds: Spread;
  readonly hostCpuSeconds?: Spread;
  readonly firstLineSeconds?: Spread;
}

export function cells(records: readonly RunRecord[]): Cell[] {
  const groups = new Map<string, RunRecord[]>();
  for (const record of records) {
    const key = `${record.tool} ${record.hosts} ${record.run}`;
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  return [...groups.values()].flatMap(group => {
    const [head] = group;
    return head === undefined ? [] : [cell(head, group)];
  });
}

function cell({ tool, hosts, run }: RunRecord, group: readonly RunRecord[]): Cell {
  const hostCpu = group.flatMap(record => record.hostCpuSeconds);
  const firstLines = group.flatMap(record => record.firstLineSeconds ?? []);
  return {
    tool,
    hosts,
    run,
    seconds: spread(group.map(record => record.seconds)),
    handshakes: spread(group.flatMap(record => record.handshakes)),
    execs: spread(group.flatMap(record => record.execs)),
    operatorCpuSeconds: spread(group.map(record => record.operatorCpuSeconds)),
    ...(hostCpu.length > 0 && { hostCpuSeconds: spread(hostCpu) }),
    ...(firstLines.length > 0 && { firstLineSeconds: spread(firstLines) }),
  };
}

export function find(all: readonly Cell[], tool: ToolName, run: RunName, hosts: number): Cell | undefined {
  return all.find(each => each.tool === tool && each.run === run && each.hosts === hosts);
}

/** Seconds that one host more costs, by the medians. */
export function marginalSeconds(all: readonly Cell[], tool: ToolName, run: RunName): Marginal[] {
  const own = all.filter(each => each.tool === tool && each.run === run);
  return marginals(own.map(({ hosts, seconds }) => ({ hosts, value: seconds.median })));
}

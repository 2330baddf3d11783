import type { Culprits } from "./culprits";

/** What the programs of the gate tell, one line of JSON each, behind `muster-gate` (recipes/tools/report.py). */
export interface GateReports {
  /** Ways that do not work. `to` is where `from` could not send; `from` and `to` the same: it cannot listen there itself. */
  readonly unreached: readonly { readonly from: string; readonly to: string; readonly why: string }[];
  /** Nodes that did not come to the meeting at the master's port. */
  readonly missing: readonly string[];
  /** Ranks that died, by the node that saw it. */
  readonly died: readonly {
    readonly node: string;
    readonly rank: number;
    readonly phase: string;
    readonly said: string;
  }[];
  /** Nodes on which ranks were at work when the time was over, and at what. */
  readonly stuck: readonly { readonly node: string; readonly seconds: number; readonly phases: readonly string[] }[];
  /** Nodes that were at work when the job was ended because of another one. */
  readonly stopped?: readonly string[];
  /** Networks that NCCL's log names, such as IB or Socket; empty with Gloo. */
  readonly transports: readonly { readonly node: string; readonly names: readonly string[] }[];
  /** Absent: it did not come so far. */
  readonly measured?: Measurement;
}

/** Bus bandwidth as nccl-tests counts it, in GB/s (1e9 bytes). `wrong`: elements whose sum is not exact. */
export interface Measurement {
  readonly backend: string;
  /** Processes, one a GPU. */
  readonly ranks: number;
  /** All ranks together, the largest size last. */
  readonly rows: readonly { readonly sizeMib: number; readonly busbwGBps: number; readonly wrong: number }[];
  /** Two nodes alone; empty if that was not wanted. */
  readonly pairs: readonly PairSpeed[];
  /** Only where all together are slow or wrong and no pair is. */
  readonly halves?: Halves;
  /** What nccl-tests tell beside it; absent where they were off. */
  readonly ncclTests?: NcclTests;
}

export interface NcclTests {
  /** Over all ranks, or of each node's own GPUs; null: not at all. */
  readonly over: "all" | "node" | null;
  /** Why not more; empty if it was over all. */
  readonly why: string;
  /** `busbwGBps`: in place. `ranks`: that took part. */
  readonly results: readonly {
    readonly node: string;
    readonly version: string;
    readonly ranks: number;
    readonly sizeMib: number;
    readonly busbwGBps: number;
    readonly wrong: number;
  }[];
  readonly failed: readonly { readonly node: string; readonly why: string }[];
}

/** What measuring halves of the nodes has led to (recipes/tools/halving.py). */
export interface Halves {
  readonly culprits: Culprits;
  /** Smallest groups that are bad, where it did not get further. */
  readonly suspects: readonly (readonly string[])[];
  readonly steps: readonly HalvesStep[];
  /** Time was not too short. */
  readonly finished: boolean;
}

export interface HalvesStep {
  /** The first and the last node of the group, in rank order. */
  readonly ends: readonly [string, string];
  readonly nodes: number;
  readonly busbwGBps: number;
  readonly wrong: number;
}

export interface PairSpeed {
  readonly nodes: readonly [string, string];
  readonly busbwGBps: number;
  readonly wrong: number;
}

interface Line {
  readonly event: string;
  readonly node: string;
  readonly failed?: Readonly<Record<string, string>>;
  readonly missing?: readonly string[];
  readonly ranks?: unknown;
  readonly seconds?: number;
  readonly phases?: readonly string[];
  readonly names?: readonly string[];
  readonly backend?: string;
  readonly rows?: Measurement["rows"];
  readonly nodes?: readonly string[];
  readonly pairs?: readonly (readonly [number, number, number, number])[];
  readonly halves?: HalvesLine | null;
  readonly over?: NcclTests["over"];
  readonly why?: string;
  /** Why nccl-tests did not measure. */
  readonly told?: string;
  readonly version?: string;
  readonly sizeMib?: number;
  readonly busbwGBps?: number;
  readonly wrong?: number;
}

/** Nodes by their place among the nodes. */
interface HalvesLine {
  readonly hosts: readonly number[];
  readonly ways: readonly (readonly [number, number])[];
  readonly between: readonly (readonly [readonly number[], readonly number[]])[];
  readonly suspects: readonly (readonly number[])[];
  readonly steps: readonly (readonly [number, number, number, number, number])[];
  readonly finished: boolean;
}

/** All that the ranks' logs tell together. Lines that are cut off or of somebody else are passed over. */
export function parseReports(logs: readonly string[]): GateReports {
  const lines = logs.flatMap(log =>
    [...log.matchAll(/^muster-gate (\{.*\})$/gm)].flatMap(([, json = ""]) => lineOf(json)),
  );
  const of = (event: string): Line[] => lines.filter(line => line.event === event);
  const measured = of("measured").map(measurementOf).at(-1);
  const ncclTests = ncclTestsOf(of("nccl-tests"));
  return {
    unreached: of("reach").flatMap(({ node, failed = {} }) =>
      Object.entries(failed).map(([to, why]) => ({ from: node, to, why })),
    ),
    missing: [...new Set(of("reach").flatMap(line => line.missing ?? []))],
    died: of("died").flatMap(({ node, ranks }) =>
      (ranks as { rank: number; phase: string; said: string }[]).map(rank => ({ node, ...rank })),
    ),
    // Who was ended by the job when the time of another one was over, tells where it was.
    stuck: of("stuck").length === 0 ? [] : [...of("stuck"), ...of("stopped")].map(stuckOf),
    stopped: of("stopped").map(line => line.node),
    transports: of("transports").map(({ node, names = [] }) => ({ node, names })),
    ...(measured && { measured: { ...measured, ...(ncclTests && { ncclTests }) } }),
  };
}

function stuckOf({ node, seconds = 0, phases = [] }: Line): GateReports["stuck"][number] {
  return { node, seconds, phases };
}

function lineOf(json: string): Line[] {
  try {
    return [JSON.parse(json) as Line];
  } catch {
    return [];
  }
}

function measurementOf({ backend = "", ranks, nodes = [], rows = [], pairs = [], halves }: Line): Measurement {
  const name = (at: number): string => nodes[at] ?? String(at);
  return {
    backend,
    ranks: Number(ranks),
    rows,
    pairs: pairs.map(([a, b, busbwGBps, wrong]) => ({ nodes: [name(a), name(b)], busbwGBps, wrong })),
    ...(halves && { halves: halvesOf(halves, name) }),
  };
}

function ncclTestsOf(lines: readonly Line[]): NcclTests | undefined {
  const [first] = lines;
  if (!first) return undefined;
  const told = lines.filter(line => line.over !== null);
  return {
    over: first.over ?? null,
    why: first.why ?? "",
    results: told
      .filter(line => line.told === undefined)
      .map(({ node, version = "", ranks, sizeMib = 0, busbwGBps = 0, wrong = 0 }) => ({
        ...{ node, version, ranks: Number(ranks), sizeMib, busbwGBps, wrong },
      })),
    failed: told.flatMap(({ node, told: why }) => (why === undefined ? [] : [{ node, why }])),
  };
}

function halvesOf(line: HalvesLine, name: (at: number) => string): Halves {
  const names = (all: readonly number[]): string[] => all.map(name);
  return {
    culprits: {
      hosts: names(line.hosts).sort(),
      pairs: line.ways.map(([a, b]) => [name(a), name(b)]),
      between: line.between.map(([a, b]) => [names(a), names(b)]),
    },
    suspects: line.suspects.map(names),
    steps: line.steps.map(([first, last, count, busbwGBps, wrong]) => ({
      ends: [name(first), name(last)],
      nodes: count,
      busbwGBps,
      wrong,
    })),
    finished: line.finished,
  };
}

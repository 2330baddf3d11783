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
  readonly pairs?: readonly (readonly [string, string, number, number])[];
}

/** All that the ranks' logs tell together. Lines that are cut off or of somebody else are passed over. */
export function parseReports(logs: readonly string[]): GateReports {
  const lines = logs.flatMap(log =>
    [...log.matchAll(/^muster-gate (\{.*\})$/gm)].flatMap(([, json = ""]) => lineOf(json)),
  );
  const of = (event: string): Line[] => lines.filter(line => line.event === event);
  const measured = of("measured").map(measurementOf).at(-1);
  return {
    unreached: of("reach").flatMap(({ node, failed = {} }) =>
      Object.entries(failed).map(([to, why]) => ({ from: node, to, why })),
    ),
    missing: [...new Set(of("reach").flatMap(line => line.missing ?? []))],
    died: of("died").flatMap(({ node, ranks }) =>
      (ranks as { rank: number; phase: string; said: string }[]).map(rank => ({ node, ...rank })),
    ),
    stuck: of("stuck").map(({ node, seconds = 0, phases = [] }) => ({ node, seconds, phases })),
    transports: of("transports").map(({ node, names = [] }) => ({ node, names })),
    ...(measured && { measured }),
  };
}

function lineOf(json: string): Line[] {
  try {
    return [JSON.parse(json) as Line];
  } catch {
    return [];
  }
}

function measurementOf({ backend = "", ranks, rows = [], pairs = [] }: Line): Measurement {
  return {
    backend,
    ranks: Number(ranks),
    rows,
    pairs: pairs.map(([a, b, busbwGBps, wrong]) => ({ nodes: [a, b], busbwGBps, wrong })),
  };
}

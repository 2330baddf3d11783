import { type Spread, spread } from "../bench-hosts/statistics";
import type { EngineName } from "./project";

export type UpName = "first" | "no-op";

/** One `up` of one engine. */
export interface EngineRecord {
  readonly engine: EngineName;
  readonly resources: number;
  readonly up: UpName;
  readonly seconds: number;
  /** Processor time of all its processes. */
  readonly cpuSeconds: number;
  readonly peakMib: number;
}

export interface EngineCell {
  readonly engine: EngineName;
  readonly resources: number;
  readonly up: UpName;
  readonly seconds: Spread;
  readonly cpuSeconds: Spread;
  readonly peakMib: Spread;
}

/** A no-op `up` of the most resources, in parts of stock's time. */
export interface EngineGoal {
  readonly goal: string;
  readonly limit: number;
  /** Absent where stock was not measured. */
  readonly measured?: number;
  readonly met?: boolean;
}

export interface EngineBenchResult {
  readonly machine: {
    readonly cores: number;
    readonly loadBefore: readonly number[];
    readonly loadAfter: readonly number[];
  };
  /** By engine; of one that is not there: why. */
  readonly engines: Readonly<Record<EngineName, string>>;
  readonly repeat: number;
  readonly cells: readonly EngineCell[];
  readonly goal: EngineGoal;
  readonly records: readonly EngineRecord[];
}

const LIMIT = 0.5;

export function cellsOf(records: readonly EngineRecord[]): EngineCell[] {
  const groups = new Map<string, EngineRecord[]>();
  for (const record of records) {
    const key = `${record.resources} ${record.up} ${record.engine}`;
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  return [...groups.values()].flatMap(group =>
    group.slice(0, 1).map(({ engine, resources, up }) => ({
      engine,
      resources,
      up,
      seconds: spread(group.map(each => each.seconds)),
      cpuSeconds: spread(group.map(each => each.cpuSeconds)),
      peakMib: spread(group.map(each => each.peakMib)),
    })),
  );
}

export function goalOf(cells: readonly EngineCell[]): EngineGoal {
  const most = Math.max(...cells.map(cell => cell.resources));
  const goal = `no-op up of ${most} resources, in parts of stock's time`;
  const median = (engine: EngineName): number | undefined =>
    cells.find(cell => cell.engine === engine && cell.resources === most && cell.up === "no-op")?.seconds.median;
  const [ours, stock] = [median("muster"), median("pulumi")];
  if (ours === undefined || stock === undefined) return { goal, limit: LIMIT };
  return { goal, limit: LIMIT, measured: ours / stock, met: ours / stock < LIMIT };
}

/** The result for people. */
export function reportText({ machine, engines, repeat, cells, goal }: EngineBenchResult): string {
  const head = ["resources", "up", "engine", "seconds", "least", "most", "CPU s", "peak RSS MiB"];
  const rows = cells.map(({ resources, up, engine, seconds, cpuSeconds, peakMib }) => [
    String(resources),
    up,
    engine,
    seconds.median.toFixed(2),
    seconds.min.toFixed(2),
    seconds.max.toFixed(2),
    cpuSeconds.median.toFixed(2),
    peakMib.median.toFixed(0),
  ]);
  const load = (averages: readonly number[]): string => averages.map(each => each.toFixed(1)).join(" ");
  const verdict = goal.met === undefined ? "not measured" : goal.met ? "met" : "MISSED";
  return [
    `trivial resources, files on this disk; ${machine.cores} cores, load ${load(machine.loadBefore)} before and ${load(machine.loadAfter)} after; ${repeat} repetitions`,
    Object.entries(engines)
      .map(([name, version]) => `${name}: ${version}`)
      .join("; "),
    table([head, ...rows]),
    `goal ${verdict}: ${goal.goal}, less than ${goal.limit}${goal.measured === undefined ? "" : `: ${goal.measured.toFixed(2)}`}`,
  ].join("\n\n");
}

function table(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => (row[column] ?? "").length)));
  return rows
    .map(row => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd())
    .join("\n");
}

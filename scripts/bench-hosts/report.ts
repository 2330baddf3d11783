import type { Goal } from "./goals";
import { type Cell, find, marginalSeconds, type RunName, type ToolName } from "./results";
import { ratio, type Spread } from "./statistics";

/** All that a bench found, as it is written with --json. */
export interface BenchResult {
  readonly simulated: string;
  readonly machine: {
    readonly cores: number;
    readonly memoryGib: number;
    /** Averages over 1, 5 and 15 minutes at the begin and the end. */
    readonly loadBefore: readonly number[];
    readonly loadAfter: readonly number[];
  };
  readonly versions: Readonly<Record<string, string>>;
  readonly filesPerHost: number;
  readonly latencyMs: number;
  readonly repeat: number;
  readonly cells: readonly Cell[];
  readonly marginalSecondsPerHost: readonly {
    readonly tool: ToolName;
    readonly run: RunName;
    readonly from: number;
    readonly to: number;
    readonly perHost: number;
  }[];
  /** Seconds of the tool by seconds of muster: above 1 muster is faster. */
  readonly ratios: readonly {
    readonly tool: ToolName;
    readonly run: RunName;
    readonly hosts: number;
    readonly ratio: number;
  }[];
  readonly goals: readonly Goal[];
}

const UPS = ["first", "second"] as const;

export function marginalRows(cells: readonly Cell[]): BenchResult["marginalSecondsPerHost"] {
  const tools = [...new Set(cells.map(each => each.tool))];
  return tools.flatMap(tool =>
    UPS.flatMap(run => marginalSeconds(cells, tool, run).map(each => ({ tool, run, ...each }))),
  );
}

export function ratioRows(cells: readonly Cell[]): BenchResult["ratios"] {
  return cells.flatMap(({ tool, run, hosts, seconds }) => {
    const ours = find(cells, "muster", run, hosts);
    const times = ours && ratio(seconds.median, ours.seconds.median);
    return tool === "muster" || times === undefined ? [] : [{ tool, run, hosts, ratio: times }];
  });
}

/** The result for people. */
export function reportText(result: BenchResult): string {
  const { machine, latencyMs, repeat, cells } = result;
  const delay = latencyMs > 0 ? `${latencyMs} ms of latency by a TCP relay at each host` : "no latency added";
  return [
    `${result.simulated}; ${machine.cores} cores, load ${shownLoad(machine.loadBefore)} before and ${shownLoad(machine.loadAfter)} after`,
    `The same end on each host: ${result.filesPerHost} files, a container with sshd, an ssh mesh; the image is there; ${delay}; ${repeat} repetitions`,
    Object.entries(result.versions)
      .map(([name, version]) => `${name}: ${version}`)
      .join("; "),
    ...UPS.map(run => `${run} up\n${table(upRows(cells, run))}`),
    `preview of the first up, by muster\n${table(previewRows(cells))}`,
    `what one host more costs, in seconds\n${table(marginalTable(result))}`,
    `goals\n${table(result.goals.map(goalRow))}`,
  ].join("\n\n");
}

function upRows(cells: readonly Cell[], run: RunName): string[][] {
  const head = [
    "hosts",
    "tool",
    "seconds",
    "least",
    "most",
    "times muster",
    "handshakes",
    "execs",
    "CPU s here",
    "CPU s a host",
  ];
  const own = cells.filter(each => each.run === run).sort((a, b) => a.hosts - b.hosts);
  const rows = own.map(each => {
    const ours = find(cells, "muster", run, each.hosts);
    const times = ours && ratio(each.seconds.median, ours.seconds.median);
    return [
      String(each.hosts),
      each.tool,
      each.seconds.median.toFixed(2),
      each.seconds.min.toFixed(2),
      each.seconds.max.toFixed(2),
      times === undefined ? "" : times.toFixed(2),
      range(each.handshakes),
      range(each.execs),
      each.operatorCpuSeconds.median.toFixed(2),
      each.hostCpuSeconds === undefined ? "" : each.hostCpuSeconds.median.toFixed(2),
    ];
  });
  return [head, ...rows];
}

function previewRows(cells: readonly Cell[]): string[][] {
  const own = cells.filter(each => each.run === "preview").sort((a, b) => a.hosts - b.hosts);
  const rows = own.map(each => [
    String(each.hosts),
    each.firstLineSeconds?.median.toFixed(2) ?? "",
    each.seconds.median.toFixed(2),
    range(each.handshakes),
    range(each.execs),
  ]);
  return [["hosts", "first line of the plan", "seconds", "handshakes", "execs"], ...rows];
}

function marginalTable({ marginalSecondsPerHost: rows }: BenchResult): string[][] {
  const steps = [...new Set(rows.map(({ from, to }) => `T${to} - T${from}`))];
  const kinds = [...new Set(rows.map(({ tool, run }) => `${tool} ${run}`))];
  const value = (kind: string, step: string): string => {
    const row = rows.find(each => `${each.tool} ${each.run}` === kind && `T${each.to} - T${each.from}` === step);
    return row === undefined ? "" : row.perHost.toFixed(3);
  };
  return [["tool", ...steps], ...kinds.map(kind => [kind, ...steps.map(step => value(kind, step))])];
}

function goalRow({ goal, limit, measured, met, detail }: Goal): string[] {
  const verdict = met === undefined ? "not measured" : met ? "met" : "MISSED";
  const bound = "atMost" in limit ? `at most ${limit.atMost}` : `at least ${limit.atLeast}`;
  return [verdict, goal, bound, measured === undefined ? "" : measured.toFixed(2), detail];
}

/** One number where all are the same. */
function range({ min, max }: Spread): string {
  return min === max ? String(min) : `${min}-${max}`;
}

function shownLoad(averages: readonly number[]): string {
  return averages.map(each => each.toFixed(1)).join(" ");
}

/** Columns padded to their widest cell. */
function table(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => (row[column] ?? "").length)));
  return rows
    .map(row => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd())
    .join("\n");
}

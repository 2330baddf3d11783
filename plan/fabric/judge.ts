import { type Culprits, namedCulprits } from "./culprits";
import { cutShort } from "./cut-short";
import { gb, halvesTable, list, named, namedByHalves, pairTable } from "./naming";
import { judgeNcclTests } from "./nccl-tests";
import type { GateReports, Measurement, PairSpeed } from "./reports";

/** What a measurement is compared with at the next gate. It is state: docs/design/0017. */
export interface Baseline {
  readonly nodes: readonly string[];
  readonly ranks: number;
  readonly sizeMib: number;
  readonly busbwGBps: number;
  /** ISO 8601, by the clock of the first node's host. */
  readonly measuredAt: string;
}

export interface GateLimits {
  readonly nodes: readonly string[];
  /** Where the processes meet; told when it cannot be reached. */
  readonly masterPort: number;
  /** RDMA was decided: then NCCL must not fall back to sockets. */
  readonly expectsRdma: boolean;
  /** Declared; below it the gate fails. */
  readonly floorGBps?: number;
  /** From line rates; below it the gate warns. */
  readonly expectedGBps?: number;
  /** How much slower than the baseline, or than the other pairs, is still well. */
  readonly tolerancePercent: number;
  /** Without a measurement by nccl-tests the gate fails. */
  readonly requiresNcclTests: boolean;
}

export interface Verdict {
  /** Empty: the gate is open. */
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
}

/** The baseline that the next measurement of these nodes, ranks and size can be compared with. */
export function comparableBaseline(
  baseline: Baseline | undefined,
  now: { readonly nodes: readonly string[]; readonly ranks: number; readonly sizeMib: number },
): Baseline | undefined {
  if (!baseline || baseline.ranks !== now.ranks || baseline.sizeMib !== now.sizeMib) return undefined;
  return baseline.nodes.join() === now.nodes.join() ? baseline : undefined;
}

/** Slowest bus bandwidth in GB/s that is well; undefined while there is nothing to compare with. */
export function leastBusbwGBps(limits: GateLimits, baseline: Baseline | undefined): number | undefined {
  const known = [limits.floorGBps, baseline && baseline.busbwGBps * share(limits)].filter(value => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** What the next gate is compared with, of a measurement that was well. */
export function baselineOf(nodes: readonly string[], measured: Measurement, measuredAt: string): Baseline {
  const { sizeMib = 0, busbwGBps = 0 } = measured.rows.at(-1) ?? {};
  return { nodes, ranks: measured.ranks, sizeMib, busbwGBps, measuredAt };
}

/**
 * Whether the fabric is fit, and who is at fault. The nearest cause is told and what follows from it is not: nodes that do not reach each
 * other, ranks that died, ranks that hang, wrong sums, sockets in place of RDMA, speed.
 */
export function judgeGate(reports: GateReports, limits: GateLimits, baseline?: Baseline): Verdict {
  const { measured } = reports;
  const cut = cutShort(reports, limits);
  if (cut.length > 0) return { faults: cut, warnings: [] };
  if (!measured)
    return { faults: ["the gate ended without a measurement; muster logs gate shows what it said"], warnings: [] };
  const faults = [...wrongSums(measured, limits), ...sockets(reports, limits), ...slow(measured, limits, baseline)];
  const beside = judgeNcclTests(measured, limits);
  if (faults.length + beside.faults.length > 0) return { faults: [...faults, ...beside.faults], warnings: [] };
  return { faults, warnings: [...belowExpected(measured, limits), ...beside.warnings] };
}

function share({ tolerancePercent }: GateLimits): number {
  return 1 - tolerancePercent / 100;
}

function wrongSums({ rows, pairs, halves }: Measurement, { nodes }: GateLimits): string[] {
  const wrong = rows.filter(row => row.wrong > 0);
  const bad = pairs.filter(pair => pair.wrong > 0).map(pair => pair.nodes);
  if (wrong.length === 0 && bad.length === 0) return [];
  const culprits = namedCulprits(
    pairs.map(pair => pair.nodes),
    bad,
  );
  const sums = wrong.map(({ sizeMib, wrong: elements }) => `${elements} elements of ${sizeMib} MiB`).join(", ");
  const who = named(culprits) || (halves ? namedByHalves(halves, nodes.length) : "");
  return [
    `sums are wrong${sums === "" ? "" : ` (${sums})`}; ${who || "no two nodes alone have them"}. Training would learn garbage. ` +
      "Remedy: look for ECC and Xid errors there (nvidia-smi -q -d ECC, dmesg), and take the host out of pipeline.train.nodes",
  ];
}

function sockets({ transports, measured }: GateReports, { expectsRdma, nodes }: GateLimits): string[] {
  if (!expectsRdma || nodes.length < 2) return [];
  if (measured && measured.backend !== "nccl")
    return [
      "RDMA is planned, and torch sees no GPU in the ranks: the sums went over Gloo, which proves nothing of it. Remedy: " +
        "python3 -c 'import torch; torch.zeros(1).cuda()' where the ranks run says why",
    ];
  const bad = transports.filter(({ names }) => names.includes("Socket") || names.length === 0).map(({ node }) => node);
  const silent = nodes.filter(node => !transports.some(each => each.node === node));
  if (bad.length + silent.length === 0) return [];
  const remedy =
    "Remedy: ibv_devinfo in the container of that node; it needs /dev/infiniband, its libraries and an unlimited memlock; or write network.rdma: off";
  const takes =
    bad.length > 0 ? `NCCL takes NET/Socket on ${list(bad)}` : `${list(silent)} did not say what NCCL takes`;
  return [`RDMA is planned, and ${takes}. ${remedy}`];
}

function slow(measured: Measurement, limits: GateLimits, baseline: Baseline | undefined): string[] {
  const { busbwGBps = 0, sizeMib = 0 } = measured.rows.at(-1) ?? {};
  const least = leastBusbwGBps(limits, baseline);
  const isSlow = least !== undefined && busbwGBps < least;
  const { halves } = measured;
  const who =
    named(slowPairs(measured.pairs, share(limits))) ||
    (isSlow && halves ? namedByHalves(halves, limits.nodes.length) : "");
  if (!isSlow && who === "") return [];
  const against = isSlow ? whatFor(limits, baseline, busbwGBps) : "";
  const whole = `all-reduce of ${sizeMib} MiB over all ranks: ${gb(busbwGBps)}${against}`;
  const speeds = measured.pairs.length > 0 ? ` Pairs: ${pairTable(measured.pairs)}.` : "";
  const halved = halves ? ` Halves: ${halvesTable(halves)}.` : "";
  const where = who === "" ? nobody(measured.pairs, limits) : `${who}`;
  const renew = baseline && isSlow && busbwGBps >= (limits.floorGBps ?? 0);
  return [
    `${where}. ${whole}.${speeds}${halved} Remedy: ethtool and ip -s link (for RDMA: ibstat, perfquery) on the link of what is named` +
      `${renew ? "; if the fabric is meant to be so now: MUSTER_NEW_BASELINE=gate muster up" : ""}`,
  ];
}

function whatFor(limits: GateLimits, baseline: Baseline | undefined, busbwGBps: number): string {
  const { floorGBps, tolerancePercent } = limits;
  const parts = [
    ...(floorGBps !== undefined && busbwGBps < floorGBps ? [`below the floor of ${gb(floorGBps)}`] : []),
    ...(baseline && busbwGBps < baseline.busbwGBps * share(limits)
      ? [
          `more than ${tolerancePercent} % below the baseline of ${gb(baseline.busbwGBps)} of ${baseline.measuredAt.slice(0, 10)}`,
        ]
      : []),
  ];
  return `, ${parts.join(" and ")}`;
}

/** The pairs that are much slower than most. The upper quartile stands for a good one: with a slow host half of the pairs are slow. */
function slowPairs(pairs: readonly PairSpeed[], part: number): Culprits {
  if (pairs.length < 3) return { hosts: [], pairs: [], between: [] };
  const sorted = pairs.map(pair => pair.busbwGBps).sort((a, b) => a - b);
  const good = sorted[Math.ceil(sorted.length * 0.75) - 1] ?? 0;
  const bad = pairs.filter(pair => pair.busbwGBps < good * part).map(pair => pair.nodes);
  return namedCulprits(
    pairs.map(pair => pair.nodes),
    bad,
  );
}

function nobody(pairs: readonly PairSpeed[], { nodes }: GateLimits): string {
  if (nodes.length === 1) return `${nodes[0]} is slow`;
  if (nodes.length === 2) return `the way between ${nodes[0]} and ${nodes[1]} is slow`;
  return pairs.length === 0
    ? "the fabric is slow; network.gate.pairs: auto would name who"
    : "the fabric is slow, and no node or pair more than the others";
}

function belowExpected(measured: Measurement, { expectedGBps }: GateLimits): string[] {
  const { busbwGBps = 0, sizeMib = 0 } = measured.rows.at(-1) ?? {};
  // Gloo is held up by the processors long before the line.
  if (expectedGBps === undefined || measured.backend !== "nccl" || busbwGBps >= expectedGBps) return [];
  return [
    `all-reduce of ${sizeMib} MiB over all ranks reaches ${gb(busbwGBps)}; by the line rates ${gb(expectedGBps)} would be the least. ` +
      "If it is meant to be so, write network.gate.floorGBps with a floor of your own",
  ];
}

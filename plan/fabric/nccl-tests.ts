import { gb, list } from "./naming";
import type { Measurement, NcclTests } from "./reports";

export interface NcclTestsLimits {
  /** Without their measurement the gate fails. */
  readonly requiresNcclTests: boolean;
  readonly floorGBps?: number;
  readonly tolerancePercent: number;
}

interface Told {
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * What nccl-tests add. Wrong sums and the declared floor count as the gate's own do; a node whose own GPUs are much slower among themselves
 * than those of the others is named. That the two measure differently is only told: the gate's own programme judges.
 */
export function judgeNcclTests(measured: Measurement, limits: NcclTestsLimits): Told {
  const { ncclTests } = measured;
  const { requiresNcclTests } = limits;
  if (!ncclTests || ncclTests.over === null) {
    const why = ncclTests?.why ?? "they told nothing";
    return { faults: requiresNcclTests ? [required(why)] : [], warnings: [] };
  }
  const failed = ncclTests.failed.map(({ node, why }) => `on ${node}: ${why}`);
  const faults = [...wrong(ncclTests), ...belowFloor(ncclTests, limits), ...slowInside(ncclTests, limits)];
  if (failed.length > 0 && requiresNcclTests) return { faults: [...faults, required(failed.join("; "))], warnings: [] };
  const warnings = failed.length > 0 ? [`nccl-tests did not measure, ${failed.join("; ")}`] : [];
  return { faults, warnings: [...warnings, ...disagreement(measured, ncclTests, limits)] };
}

function required(why: string): string {
  return (
    `network.gate.ncclTests: require, and nccl-tests did not measure: ${why}. Remedy: give the image all_reduce_perf (with MPI=1 and Open MPI's ` +
    "mpirun for more than one node), name it in network.gate.ncclTestsPath, or write ncclTests: auto"
  );
}

function wrong({ results }: NcclTests): string[] {
  const bad = results.filter(result => result.wrong > 0);
  if (bad.length === 0) return [];
  const elements = bad.reduce((sum, result) => sum + result.wrong, 0);
  return [
    `nccl-tests find ${elements} elements with a wrong sum, told by ${list(bad.map(result => result.node))}. Training would learn garbage. ` +
      "Remedy: look for ECC and Xid errors on the hosts (nvidia-smi -q -d ECC, dmesg)",
  ];
}

function belowFloor({ over, results }: NcclTests, { floorGBps }: NcclTestsLimits): string[] {
  if (over !== "all" || floorGBps === undefined) return [];
  return results
    .filter(({ busbwGBps }) => busbwGBps < floorGBps)
    .map(
      ({ sizeMib, busbwGBps }) =>
        `nccl-tests reach ${gb(busbwGBps)} with ${sizeMib} MiB over all ranks, below the floor of ${gb(floorGBps)}. ` +
        "Remedy: network.gate.pairs: always shows the ways between the nodes",
    );
}

/** The upper quartile stands for a good node, as with the pairs. */
function slowInside({ over, results }: NcclTests, { tolerancePercent }: NcclTestsLimits): string[] {
  if (over !== "node" || results.length < 2) return [];
  const sorted = results.map(result => result.busbwGBps).sort((a, b) => a - b);
  const good = sorted[Math.ceil(sorted.length * 0.75) - 1] ?? 0;
  return results
    .filter(({ busbwGBps }) => busbwGBps < good * (1 - tolerancePercent / 100))
    .map(
      ({ node, busbwGBps }) =>
        `${node} is at fault: among its own GPUs nccl-tests reach ${gb(busbwGBps)}, on the other nodes ${gb(good)}. ` +
        `Remedy: on the host of ${node}, nvidia-smi topo -m and nvidia-smi nvlink --status`,
    );
}

function disagreement({ rows }: Measurement, { over, results }: NcclTests, limits: NcclTestsLimits): string[] {
  const [theirs] = results;
  const ours = rows.find(row => row.sizeMib === theirs?.sizeMib);
  if (over !== "all" || !theirs || !ours) return [];
  const [low, high] = [theirs.busbwGBps, ours.busbwGBps].sort((a, b) => a - b) as [number, number];
  if (low >= high * (1 - limits.tolerancePercent / 100)) return [];
  return [
    `all-reduce of ${ours.sizeMib} MiB over all ranks: ${gb(theirs.busbwGBps)} by nccl-tests ${theirs.version}, ${gb(ours.busbwGBps)} by torch. ` +
      "Trainings go by torch. Compare the NCCL that each loads (NCCL_DEBUG=VERSION) and the variables that it gets",
  ];
}

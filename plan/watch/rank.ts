import type { Activity } from "./activity";

/** A rank of a running job: its process, and what that has started. */
export interface WatchedRank {
  readonly host: string;
  /** World rank; absent where the launcher itself is the rank, or its program has no ranks. */
  readonly rank?: number;
  readonly worldSize?: number;
  readonly launcher: number;
  readonly main: Activity;
  /** Data loaders and the like. */
  readonly helpers: readonly Activity[];
  /** Of all its processes together; absent at the first look. */
  readonly cpuShare?: number;
  readonly ioBytesPerSecond?: number;
  /** The GPU that its processes are on, if nvidia-smi tells. */
  readonly gpu?: number;
  readonly gpuPercent?: number;
}

/** What a GPU does, and for whom. */
export interface WatchedGpu {
  readonly index: number;
  readonly utilizationPercent?: number;
  readonly pids: readonly number[];
}

/**
 * The processes of one job on one host by rank. Children have their rank's environment, so the rank itself is the one whose parent has
 * another. Processes without a rank, the launchers among them, count one by one.
 */
export function ranksOn(host: string, processes: readonly Activity[], gpus: readonly WatchedGpu[]): WatchedRank[] {
  const byPid = new Map(processes.map(process => [process.pid, process]));
  const mainOf = (process: Activity): Activity => {
    const parent = byPid.get(process.parent);
    return process.rank !== undefined && parent?.rank === process.rank ? mainOf(parent) : process;
  };
  const groups = new Map<Activity, Activity[]>();
  for (const process of processes) {
    const main = mainOf(process);
    groups.set(main, [...(groups.get(main) ?? []), process]);
  }
  return [...groups].map(([main, all]) => {
    const gpu = gpus.find(({ pids }) => all.some(({ pid }) => pids.includes(pid)));
    return {
      host,
      ...(main.rank !== undefined && { rank: main.rank, worldSize: main.worldSize ?? 1 }),
      launcher: main.launcher,
      main,
      helpers: all.filter(process => process !== main),
      ...(main.cpuShare !== undefined && {
        cpuShare: sum(all.map(({ cpuShare = 0 }) => cpuShare)),
        ioBytesPerSecond: sum(all.map(({ ioBytesPerSecond = 0 }) => ioBytesPerSecond)),
      }),
      ...(gpu && {
        gpu: gpu.index,
        ...(gpu.utilizationPercent !== undefined && { gpuPercent: gpu.utilizationPercent }),
      }),
    };
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}

/** Whether every rank of one world is in sight, each once: else nothing can be said of one beside the others. */
export function isWholeWorld(ranks: readonly WatchedRank[]): boolean {
  const size = ranks[0]?.worldSize ?? 0;
  return (
    size > 1 &&
    ranks.length === size &&
    ranks.every(({ worldSize }) => worldSize === size) &&
    new Set(ranks.map(({ rank }) => rank)).size === size
  );
}

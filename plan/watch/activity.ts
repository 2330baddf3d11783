import type { JobProcess } from "../../facts/job-processes";

/** A process at one look, and what it did since the look before. */
export interface Activity extends JobProcess {
  /** Since it was first seen as it is: no processor time, no switch, no byte, the same state. */
  readonly unchangedSeconds: number;
  /** Of one processor, since the look before; absent at the first. */
  readonly cpuShare?: number;
  readonly ioBytesPerSecond?: number;
}

/** What was seen of a host's jobs. */
export interface ProcessLook {
  readonly uptimeSeconds: number;
  readonly processes: readonly JobProcess[];
}

/** The processes of `now` beside what the look before saw of the same ones. A process id that came back is another process. */
export function activities(
  before: { readonly uptimeSeconds: number; readonly processes: readonly Activity[] } | undefined,
  now: ProcessLook,
): Activity[] {
  const known = new Map(before?.processes.map(process => [`${process.pid} ${process.startTicks}`, process]));
  const span = now.uptimeSeconds - (before?.uptimeSeconds ?? now.uptimeSeconds);
  return now.processes.map(process => {
    const last = known.get(`${process.pid} ${process.startTicks}`);
    if (!last || span <= 0) return { ...process, unchangedSeconds: 0 };
    return {
      ...process,
      // One that has ended has no environment that could tell.
      ...(last.rank !== undefined && { rank: last.rank, worldSize: last.worldSize ?? 1 }),
      unchangedSeconds: isUnchanged(last, process) ? last.unchangedSeconds + span : 0,
      cpuShare: Math.max(0, process.cpuSeconds - last.cpuSeconds) / span,
      ioBytesPerSecond: Math.max(0, process.ioBytes - last.ioBytes) / span,
    };
  });
}

function isUnchanged(last: JobProcess, now: JobProcess): boolean {
  return (
    last.state === now.state &&
    last.cpuSeconds === now.cpuSeconds &&
    last.switches === now.switches &&
    last.ioBytes === now.ioBytes
  );
}

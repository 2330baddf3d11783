import { readdirSync, readFileSync } from "node:fs";

const LOOK_EVERY_MS = 50;
const KIB_PER_MIB = 1024;

/** The most memory that all that this process has started held together at one look: the sum of VmRSS, as `ps` has it, in MiB. */
export async function withPeakMib<T>(work: () => Promise<T>): Promise<{ result: T; peakMib: number }> {
  let peakKib = 0;
  const timer = setInterval(() => {
    peakKib = Math.max(peakKib, residentKibBelow(process.pid));
  }, LOOK_EVERY_MS);
  try {
    const result = await work();
    return { result, peakMib: peakKib / KIB_PER_MIB };
  } finally {
    clearInterval(timer);
  }
}

/** KiB of all processes below this one, without itself. */
export function residentKibBelow(root: number): number {
  const children = new Map<number, { pid: number; kib: number }[]>();
  for (const pid of readdirSync("/proc").map(Number).filter(Number.isInteger)) {
    const status = contentOf(`/proc/${pid}/status`);
    const parent = numberAfter(status, "PPid");
    children.set(parent, [...(children.get(parent) ?? []), { pid, kib: numberAfter(status, "VmRSS") }]);
  }
  const below = (pid: number): number =>
    (children.get(pid) ?? []).reduce((sum, child) => sum + child.kib + below(child.pid), 0);
  return below(root);
}

function numberAfter(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
}

/** Empty if the process is gone by now. */
function contentOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

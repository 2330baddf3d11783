import type { Finding } from "./finding";

/** Space that is wanted in a folder of a host. */
export interface Wanted {
  readonly node: string;
  /** Path on the host. */
  readonly folder: string;
  readonly bytes: number;
  /** Path in the cluster file. */
  readonly path: string;
  readonly use: string;
}

/** A disk of a host, with its whole size. */
export interface SizedDisk {
  readonly mountPoint: string;
  readonly sizeGib: number;
}

/**
 * Disks that are smaller than what must lie on them together, however empty they are. What is free now says less: it is used
 * by what earlier runs wrote, and by what the next one overwrites.
 */
export function tooSmallDisks(wanted: readonly Wanted[], disksOf: (node: string) => readonly SizedDisk[]): Finding[] {
  const byDisk = new Map<string, { disk: SizedDisk; wants: Wanted[] }>();
  for (const want of wanted) {
    const disk = diskOf(want.folder, disksOf(want.node));
    if (!disk) continue;
    const key = `${want.node} ${disk.mountPoint}`;
    const entry = byDisk.get(key) ?? { disk, wants: [] };
    entry.wants.push(want);
    byDisk.set(key, entry);
  }
  return [...byDisk.values()].flatMap(({ disk, wants }) => {
    const total = wants.reduce((sum, want) => sum + gib(want.bytes), 0);
    const [first] = wants;
    if (!first || total <= disk.sizeGib) return [];
    const parts = wants.map(want => `${want.use} ${Math.ceil(gib(want.bytes))} GiB (${want.path})`);
    return [
      {
        code: "disk-too-small",
        severity: "error" as const,
        host: first.node,
        path: first.path,
        fact: `${disk.mountPoint} has ${disk.sizeGib} GiB in all, and ${Math.ceil(total)} GiB must lie on it: ${parts.join(", ")}`,
        why: "the step would fail when the disk is full, after hours",
        remedy: "mount a larger disk there (container.mounts), or name a folder on another one",
      },
    ];
  });
}

/** The disk under a folder: the one with the longest mount point above it. */
function diskOf(folder: string, disks: readonly SizedDisk[]): SizedDisk | undefined {
  const above = disks.filter(({ mountPoint }) => `${folder}/`.startsWith(mountPoint === "/" ? "/" : `${mountPoint}/`));
  return [...above].sort((a, b) => b.mountPoint.length - a.mountPoint.length)[0];
}

function gib(bytes: number): number {
  return bytes / 2 ** 30;
}

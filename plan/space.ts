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

/** What is free for a folder now, and what lies in it already. */
export interface FreeSpace {
  readonly folder: string;
  readonly mountPoint: string;
  readonly freeBytes: number;
  /** Absent: not known, so that nothing is said. */
  readonly usedBytes?: number;
}

/**
 * Disks that have less left than what will be written to them. What lies in a folder already counts for it: an earlier run has written it,
 * and the next one overwrites it.
 */
export function fullDisks(wanted: readonly Wanted[], spaceOf: (node: string) => readonly FreeSpace[]): Finding[] {
  const byDisk = new Map<string, { space: FreeSpace; wants: (Wanted & { readonly missing: number })[] }>();
  const perFolder = new Map<string, Wanted>();
  for (const want of wanted) {
    const key = `${want.node} ${want.folder}`;
    const before = perFolder.get(key);
    perFolder.set(key, before ? { ...before, bytes: before.bytes + want.bytes } : want);
  }
  for (const want of perFolder.values()) {
    const space = spaceOf(want.node).find(each => each.folder === want.folder);
    if (space?.usedBytes === undefined) continue;
    const key = `${want.node} ${space.mountPoint}`;
    const entry = byDisk.get(key) ?? { space, wants: [] };
    entry.wants.push({ ...want, missing: Math.max(0, want.bytes - space.usedBytes) });
    byDisk.set(key, entry);
  }
  return [...byDisk.values()].flatMap(({ space, wants }) => {
    const total = wants.reduce((sum, want) => sum + want.missing, 0);
    const [first] = wants;
    if (!first || total <= space.freeBytes) return [];
    const parts = wants.map(want => `${want.use} ${sizeText(want.missing)} (${want.path})`);
    return [
      {
        code: "disk-full",
        severity: "error" as const,
        host: first.node,
        path: first.path,
        fact: `${space.mountPoint} has ${sizeText(space.freeBytes)} left, and ${sizeText(total)} will be written there: ${parts.join(", ")}`,
        why: "the step would fail when the disk is full, after hours",
        remedy: `du -xsh ${space.mountPoint}/* shows what takes the space; free some, or name a folder on another disk`,
      },
    ];
  });
}

function sizeText(bytes: number): string {
  return bytes >= 2 ** 30 ? `${Math.ceil(gib(bytes))} GiB` : `${Math.ceil(bytes / 2 ** 20)} MiB`;
}

/** The disk under a folder: the one with the longest mount point above it. */
function diskOf(folder: string, disks: readonly SizedDisk[]): SizedDisk | undefined {
  const above = disks.filter(({ mountPoint }) => `${folder}/`.startsWith(mountPoint === "/" ? "/" : `${mountPoint}/`));
  return [...above].sort((a, b) => b.mountPoint.length - a.mountPoint.length)[0];
}

function gib(bytes: number): number {
  return bytes / 2 ** 30;
}

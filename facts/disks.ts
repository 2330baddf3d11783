import type { Topic } from "./fact";

export interface Disk {
  readonly mountPoint: string;
  readonly device: string;
  readonly sizeGib: number;
}

export interface FreeDisk {
  readonly mountPoint: string;
  readonly freeGib: number;
}

const SNIPPET = "df -P -B1 -x tmpfs -x devtmpfs -x overlay -x squashfs -x efivarfs 2>/dev/null || df -P -B1 /";

export const disks: Topic<readonly Disk[]> = {
  snippet: SNIPPET,
  parse: output =>
    rows(output).map(({ mountPoint, device, sizeBytes }) => ({ mountPoint, device, sizeGib: gib(sizeBytes) })),
};

export const freeDisks: Topic<readonly FreeDisk[]> = {
  snippet: SNIPPET,
  parse: output => rows(output).map(({ mountPoint, freeBytes }) => ({ mountPoint, freeGib: gib(freeBytes) })),
};

export interface DfRow {
  readonly device: string;
  readonly sizeBytes: number;
  readonly freeBytes: number;
  readonly mountPoint: string;
}

/** The rows of `df -P -B1`. A mount point may hold spaces. */
export function rows(output: string): DfRow[] {
  return output
    .split("\n")
    .slice(1)
    .filter(line => line.trim() !== "")
    .map(line => {
      const [, device, size, free, mountPoint] = /^(\S+)\s+(\d+)\s+\d+\s+(-?\d+)\s+\S+\s+(\/.*)$/.exec(line) ?? [];
      if (!device || !mountPoint) throw new Error(`cannot read df: ${line}`);
      return { device, sizeBytes: Number(size), freeBytes: Number(free), mountPoint };
    });
}

function gib(bytes: number): number {
  return Math.round(bytes / 2 ** 30);
}

import type { Topic } from "./fact";

export interface Disk {
  readonly mountPoint: string;
  readonly device: string;
  /** `ext4`, `xfs`, `nfs4`, `lustre` … */
  readonly fileSystem: string;
  readonly sizeGib: number;
}

export interface FreeDisk {
  readonly mountPoint: string;
  readonly freeGib: number;
}

/** Mounts of containers and of logins come and go. */
const OF_CONTAINERS = /^\/(var\/lib\/(docker|containers?|containerd|kubelet)|run|snap)\//;

/** A server of files that is gone makes df wait for ever. */
const SNIPPET =
  "timeout 20 df -PT -B1 -x tmpfs -x devtmpfs -x overlay -x squashfs -x efivarfs 2>/dev/null || timeout 5 df -PT -B1 /";

export const disks: Topic<readonly Disk[]> = {
  snippet: SNIPPET,
  parse: output =>
    rows(output)
      .filter(({ mountPoint }) => !OF_CONTAINERS.test(mountPoint))
      .map(({ mountPoint, device, fileSystem, sizeBytes }) => ({
        mountPoint,
        device,
        fileSystem,
        sizeGib: gib(sizeBytes),
      })),
};

export const freeDisks: Topic<readonly FreeDisk[]> = {
  snippet: SNIPPET,
  parse: output => rows(output).map(({ mountPoint, freeBytes }) => ({ mountPoint, freeGib: gib(freeBytes) })),
};

export interface DfRow {
  readonly device: string;
  readonly fileSystem: string;
  readonly sizeBytes: number;
  readonly freeBytes: number;
  readonly mountPoint: string;
}

const ROW = /^(\S.*?)\s+(\S+)\s+(\d+)\s+\d+\s+(-?\d+)\s+\S+\s+(\/.*)$/;

/** The rows of `df -PT -B1`. A mount point may hold spaces. */
export function rows(output: string): DfRow[] {
  return output
    .split("\n")
    .slice(1)
    .filter(line => line.trim() !== "")
    .map(line => {
      const [, device, fileSystem, size, free, mountPoint] = ROW.exec(line) ?? [];
      if (!device || !fileSystem || !mountPoint) throw new Error(`cannot read df: ${line}`);
      return { device, fileSystem, sizeBytes: Number(size), freeBytes: Number(free), mountPoint };
    });
}

function gib(bytes: number): number {
  return Math.round(bytes / 2 ** 30);
}

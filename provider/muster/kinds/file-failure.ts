import type { CommandResult } from "../../../remote/runner";
import { OperatorError } from "../../../wire/operator-error";

interface Place {
  readonly freeKib: number;
  readonly freeInodes: number;
  readonly fileSystem: string;
  readonly mount: string;
}

interface Cause {
  readonly said: RegExp;
  readonly why: (place: Place) => string;
  readonly remedy: (place: Place) => string;
}

const CAUSES: readonly Cause[] = [
  {
    said: /No space left on device/,
    why: ({ freeKib, freeInodes, mount }) =>
      freeInodes === 0 && freeKib > 0
        ? `${mount} has no inode left, and ${megabytes(freeKib)} free`
        : `${mount} is full: ${megabytes(freeKib)} free`,
    remedy: ({ mount, freeInodes, freeKib }) =>
      freeInodes === 0 && freeKib > 0
        ? `remove small files there: du --inodes -xd1 ${mount} | sort -n`
        : `make room there: du -xhd1 ${mount} | sort -h`,
  },
  {
    said: /Disk quota exceeded/,
    why: ({ mount }) => `the quota of the user on ${mount} is used up`,
    remedy: ({ mount }) => `make room on ${mount}, or raise the quota`,
  },
  {
    said: /Device or resource busy/,
    why: () => "something is mounted over it, or the kernel holds it",
    remedy: () => "findmnt on the host shows what is mounted where; unmount it, or give another path",
  },
  {
    said: /Read-only file system/,
    why: ({ mount, fileSystem }) => `${mount} (${fileSystem}) is mounted read-only`,
    remedy: ({ mount }) =>
      `dmesg | tail tells whether the kernel did that after an error of the disk; if not: mount -o remount,rw ${mount}`,
  },
];

/** The error of a change of a file that the host refused: path, mount, free space, remedy. */
export function explainFileFailure(what: string, host: string, path: string, result: CommandResult): OperatorError {
  const lines = result.stderr.trim().split("\n");
  const place = placeOf(lines);
  const immutable = lines.flatMap(line => /^immutable (.*)$/.exec(line)?.[1] ?? []);
  const said = lines.filter(line => !/^(place|immutable) /.test(line)).join("\n");
  const cause = place && CAUSES.find(each => each.said.test(said));
  const summary = `${what} failed (exit ${result.exitCode})`;
  const where = `host ${host}, ${path}`;
  if (cause)
    return new OperatorError({ summary, where, detail: `${cause.why(place)}\n${said}`, remedy: cause.remedy(place) });
  if (immutable.length > 0 && /Operation not permitted/.test(said)) {
    const detail = `${immutable.join(" and ")} cannot be changed, also by root: somebody set the attribute i\n${said}`;
    return new OperatorError({ summary, where, detail, remedy: `find out why, then chattr -i ${immutable.join(" ")}` });
  }
  if (/Directory not empty/.test(said)) {
    const remedy = `look what it is, then move it away: mv ${path} ${path}.old`;
    return new OperatorError({ summary, where, detail: `a folder that is not empty is in its place\n${said}`, remedy });
  }
  if (place && /^nfs/.test(place.fileSystem) && /Permission denied|Operation not permitted/.test(said)) {
    const detail = `${place.mount} is a network disk (${place.fileSystem}), where root is nobody\n${said}`;
    return new OperatorError({ summary, where, detail, remedy: "export it with no_root_squash, or use a local path" });
  }
  const remedy = `look at it on the host: ls -ld ${path}; then run up again`;
  return new OperatorError({ summary, where, ...(said && { detail: said.slice(-4000) }), remedy });
}

function placeOf(lines: readonly string[]): Place | undefined {
  const words = lines.flatMap(line => (line.startsWith("place ") ? [line.trim().split(/\s+/)] : [])).at(-1);
  const [, freeKib, freeInodes, fileSystem, ...mount] = words ?? [];
  if (fileSystem === undefined) return undefined;
  // A file system without inodes of its own prints a dash.
  return { freeKib: Number(freeKib), freeInodes: Number(freeInodes), fileSystem, mount: mount.join(" ") };
}

function megabytes(kib: number): string {
  return kib < 10 * 1024 ? `${kib} KiB` : `${Math.floor(kib / 1024)} MiB`;
}

import { quote } from "../remote/shell";
import { ABSENT, type Topic } from "./fact";

/** A path of the host and the disk behind it, links followed. */
export interface Folder {
  readonly path: string;
  /** False: the disk is that of the nearest folder above. */
  readonly exists: boolean;
  readonly mountPoint: string;
  readonly device: string;
  readonly fileSystem: string;
  readonly freeGib: number;
}

const EACH = `for path; do
  place=$path
  while [ ! -e "$place" ] && [ -n "$place" ]; do place=\${place%/*}; done
  if [ "$place" = "$path" ]; then printf 'here '; else printf 'above '; fi
  printf '%s\\n' "$path"
  df -PT -B1 -- "\${place:-/}" | tail -n 1
done`;

/** The disks behind paths, in their order. No path: absent. */
export function folders(paths: readonly string[]): Topic<readonly Folder[]> {
  if (paths.length === 0) return { snippet: `exit ${ABSENT}`, parse: parseFolders };
  return {
    // A server of files that is gone would hold the whole probe.
    snippet: `timeout 20 sh -c ${quote(EACH)} sh ${paths.map(quote).join(" ")}`,
    parse: parseFolders,
  };
}

const ROW = /^(\S.*?)\s+(\S+)\s+\d+\s+\d+\s+(-?\d+)\s+\S+\s+(\/.*)$/;

function parseFolders(output: string): readonly Folder[] {
  const lines = output.split("\n").filter(line => line.trim() !== "");
  return lines.flatMap((line, index) => {
    const [, place, path] = /^(here|above) (\/.*)$/.exec(line) ?? [];
    if (place === undefined || path === undefined) return [];
    const [, device, fileSystem, free, mountPoint] = ROW.exec(lines[index + 1] ?? "") ?? [];
    if (!device || !fileSystem || !mountPoint) throw new Error(`df does not tell the disk of ${path}`);
    const freeGib = Math.floor(Number(free) / 2 ** 30);
    return [{ path, exists: place === "here", mountPoint, device, fileSystem, freeGib }];
  });
}

import { quote } from "../remote/shell";
import { rows } from "./disks";
import { ABSENT, type Topic } from "./fact";

/** What may still be written into a folder of a host, and what lies in it. */
export interface FolderSpace {
  readonly folder: string;
  /** Of the disk behind it; folders on one disk share it. */
  readonly mountPoint: string;
  readonly freeBytes: number;
  /** What the folder holds already; 0 if it is not there. Absent: it could not be counted in time. */
  readonly usedBytes?: number;
}

/** Space of folders, in their order. One that is not there yet has the disk of the nearest folder above. */
export function folderSpace(folders: readonly string[]): Topic<readonly FolderSpace[]> {
  if (folders.length === 0) return { snippet: `exit ${ABSENT}`, parse: () => [] };
  return {
    snippet: `for folder in ${folders.map(quote).join(" ")}; do
  place=$folder used=0
  if [ -e "$folder" ]; then used=$(timeout 5 du -sxB1 -- "$folder" 2>/dev/null | cut -f1); fi
  while [ ! -e "$place" ] && [ -n "$place" ]; do place=\${place%/*}; done
  printf '#folder %s %s\\n' "\${used:--}" "$folder"
  timeout 10 df -PT -B1 -- "\${place:-/}" || exit 1
done`,
    parse(output) {
      return output
        .split("#folder ")
        .slice(1)
        .map(part => {
          const [, used, folder] = /^(-|\d+) (.*)\n/.exec(part) ?? [];
          const [row] = rows(part.slice(part.indexOf("\n") + 1));
          if (folder === undefined || !row)
            throw new Error(`df does not tell the disk of a folder: ${part.slice(0, 200)}`);
          return {
            folder,
            mountPoint: row.mountPoint,
            freeBytes: row.freeBytes,
            ...(used !== "-" && { usedBytes: Number(used) }),
          };
        });
    },
  };
}

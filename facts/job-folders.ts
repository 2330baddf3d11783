import { quote } from "../remote/shell";
import type { Topic } from "./fact";

/** A job that a host keeps. */
export interface JobFolder {
  readonly job: string;
  /** Since a rank of it last printed something, in seconds; absent: no rank has yet. */
  readonly silentSeconds?: number;
}

/** The jobs of a cluster that a host keeps, and how long ago the last line of each came. */
export function jobFolders(folder: string): Topic<readonly JobFolder[]> {
  return {
    snippet: `cd ${quote(folder)} 2>/dev/null || exit 0
now=$(date +%s)
for record in */job.json; do
  [ -f "$record" ] || continue
  job=\${record%/job.json}
  newest=$(stat -c %Y "$job"/rank-*.log 2>/dev/null | sort -n | tail -n 1)
  echo "$job \${newest:+$((now - newest))}"
done`,
    parse: output =>
      [...output.matchAll(/^(\S+) (-?\d*)$/gm)].map(([, job = "", silent = ""]) => ({
        job,
        // A clock that was set back makes the last line one of the future.
        ...(silent !== "" && { silentSeconds: Math.max(0, Number(silent)) }),
      })),
  };
}

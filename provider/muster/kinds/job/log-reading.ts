import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assignments } from "../../../../remote/shell";
import { finishedOf, type JobObservation, type JobRecord } from "./observation";

/** Where the first answer begins. All that is given holds: the later of the places. */
export interface LogBeginning {
  /** Last lines of each rank. Absent: all that is kept. */
  readonly lines?: number;
  /** Written since then. Logs are dated to about 20 seconds; a line too many is shown rather than one too few. */
  readonly since?: { readonly epochSeconds: number } | { readonly ageSeconds: number };
}

export interface LogRequest extends LogBeginning {
  /** The job's folder on its leader's host. */
  readonly folder: string;
  /** Absent: all. */
  readonly ranks?: readonly number[] | undefined;
  readonly follow: boolean;
}

/** What the host says, in the order in which it happened. */
export type LogEvent =
  | { readonly kind: "job"; readonly record: JobRecord }
  /** Bytes of a rank's log, from `offset` bytes after the beginning of the run. */
  | { readonly kind: "data"; readonly rank: number; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: "end"; readonly finished: NonNullable<JobObservation["finished"]> }
  /** `lost`: without supervisor and last word; `moved`: another run is there now; `more`: all that there is so far; `again`: ask again. */
  | { readonly kind: "lost" | "more" | "moved" | "absent" | "again" };

const reader = readFileSync(join(__dirname, "read-logs.sh"), "utf8");

/** The read-only script that answers a request, going on from where a reader is. */
export function logScript(request: LogRequest, place: LogPlace): string {
  const { since, lines }: LogBeginning = place.isOtherRun ? {} : request;
  return `${assignments({
    folder: request.folder,
    run: place.incarnation ?? "",
    ranks: (request.ranks ?? []).join(" "),
    lines: String(lines ?? -1),
    since: since && "epochSeconds" in since ? String(Math.floor(since.epochSeconds)) : "",
    age: since && "ageSeconds" in since ? String(Math.ceil(since.ageSeconds)) : "",
    follow: request.follow ? "1" : "0",
    ...Object.fromEntries([...place.offsets].map(([rank, offset]) => [`at_${rank}`, String(offset)])),
  })}${reader}`;
}

/** How far a reader is in the logs of one run of a job. Joins answers that came over several connections without gap or repeat. */
export class LogPlace {
  /** The run; undefined before the first answer. */
  incarnation: string | undefined;
  /** Bytes of each rank that the reader has. */
  readonly offsets = new Map<number, number>();

  /** The run took the place of one that was being read: it is read from its beginning. */
  isOtherRun = false;

  /** True if another run than before begins here. */
  enter(incarnation: string): boolean {
    const isOther = this.incarnation !== undefined && this.incarnation !== incarnation;
    if (isOther) {
      this.offsets.clear();
      this.isOtherRun = true;
    }
    this.incarnation = incarnation;
    return isOther;
  }

  /** What is new of an answer, and how many bytes before it the host no longer had. */
  take(rank: number, offset: number, bytes: Buffer): { readonly fresh: Buffer; readonly missing: number } {
    const has = this.offsets.get(rank) ?? (this.isOtherRun ? 0 : offset);
    const fresh = bytes.subarray(Math.max(0, Math.min(bytes.length, has - offset)));
    this.offsets.set(rank, Math.max(has, offset + bytes.length));
    return { fresh, missing: Math.max(0, offset - has) };
  }
}

/** Reads the answers of `logScript` from chunks of its output. A line that was cut off says nothing. */
export class LogEventReader {
  private readonly pending: Buffer[] = [];

  push(chunk: Buffer): LogEvent[] {
    const events: LogEvent[] = [];
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = Buffer.concat([...this.pending.splice(0), rest.subarray(0, end)]).toString("latin1");
      const event = parseEvent(line);
      if (event) events.push(event);
      rest = rest.subarray(end + 1);
    }
    if (rest.length > 0) this.pending.push(rest);
    return events;
  }
}

/** @throws Error on a line that the script does not print. */
function parseEvent(line: string): LogEvent | undefined {
  const [kind, ...words] = line.split(" ");
  switch (kind) {
    case "beat":
      return undefined;
    case "job":
      return { kind, record: JSON.parse(Buffer.from(words[0] ?? "", "base64").toString()) as JobRecord };
    case "at":
      return { kind: "data", rank: Number(words[0]), offset: Number(words[1]), bytes: Buffer.alloc(0) };
    case "data": {
      const bytes = Buffer.from(words[2] ?? "", "base64");
      return { kind, rank: Number(words[0]), offset: Number(words[1]), bytes };
    }
    case "end": {
      const finished = finishedOf(words);
      if (finished) return { kind, finished };
      break;
    }
    case "lost":
    case "more":
    case "moved":
    case "absent":
    case "again":
      return { kind };
  }
  throw new Error(`the host's answer about a log is not understood: ${line.slice(0, 200)}`);
}

import type { JobRecord } from "../provider/muster/kinds/job/observation";

const CARRIAGE_RETURN = 13;
const LINE_FEED = 10;

/**
 * How what ranks said is shown. One rank alone: byte by byte as it came. Several: each line begins with its rank and host, also
 * the lines that a progress bar writes over each other. Each method returns what is to be written now.
 */
export class LogPrinter {
  private readonly unfinished = new Map<number, Buffer>();
  private record: JobRecord | undefined;
  /** The rank whose line may be written over by its next one. */
  private overwritable: number | undefined;

  /** `ranks`: those that are shown. */
  begin(record: JobRecord, ranks: readonly number[]): Buffer {
    const rest = this.finish();
    this.record = ranks.length > 1 ? record : undefined;
    return rest;
  }

  print(rank: number, bytes: Buffer): Buffer {
    if (!this.record) return bytes;
    const lines: Buffer[] = [];
    let rest = Buffer.concat([this.unfinished.get(rank) ?? Buffer.alloc(0), bytes]);
    for (let end = lineEnd(rest); end > 0; end = lineEnd(rest)) {
      lines.push(this.line(rank, rest.subarray(0, end)));
      rest = rest.subarray(end);
    }
    this.unfinished.set(rank, rest);
    return Buffer.concat(lines);
  }

  /** Lines that were begun and not ended. */
  finish(): Buffer {
    const lines: Buffer[] = [];
    for (const [rank, line] of this.unfinished) {
      if (line.length > 0) lines.push(this.line(rank, Buffer.concat([line, Buffer.of(LINE_FEED)])));
    }
    this.unfinished.clear();
    if (this.overwritable !== undefined) lines.push(Buffer.of(LINE_FEED));
    this.overwritable = undefined;
    return Buffer.concat(lines);
  }

  private line(rank: number, line: Buffer): Buffer {
    const head = this.overwritable !== undefined && this.overwritable !== rank ? "\n" : "";
    this.overwritable = line.at(-1) === CARRIAGE_RETURN ? rank : undefined;
    return Buffer.concat([Buffer.from(`${head}${this.prefix(rank)} | `), line]);
  }

  private prefix(rank: number): string {
    const ranks = this.record?.ranks ?? [];
    const name = (index: number) => `rank ${index} ${ranks[index]?.host ?? ""}`;
    return name(rank).padEnd(Math.max(...ranks.map((_, index) => name(index).length)));
  }
}

/** Length of the first line with its end (\n, \r\n or \r); 0: it has none yet. A \r at the very end may still become \r\n. */
function lineEnd(bytes: Buffer): number {
  const feed = bytes.indexOf(LINE_FEED);
  const before = feed < 0 ? bytes : bytes.subarray(0, feed);
  const back = before.indexOf(CARRIAGE_RETURN);
  if (back < 0 || back === feed - 1) return feed + 1;
  return back === bytes.length - 1 ? 0 : back + 1;
}

import { createHash } from "node:crypto";
import { Consistency, type FileFault } from "./consistency";
import { elementsOf } from "./elements";
import { error, type RowFault, warning } from "./fault";
import { type Format, formatOf } from "./format";
import { Lengths } from "./lengths";
import { type Line, linesOf, longestLineBytes } from "./lines";
import { mediaKinds } from "./media";
import type { RowKind } from "./preference";
import { Repeats } from "./repeats";
import type { DatasetReport } from "./report-schema";
import { checkRow, checkTextRow, type RowFacts } from "./row";
import type { Container } from "./source";
import { tokenRule } from "./tokens";

export interface CheckOptions {
  /** Default: ms-swift 3.7.1, sft, strict. */
  readonly format?: Format;
  /** Default: lines. */
  readonly container?: Container;
  /** Tokens above which ms-swift deletes a row. */
  readonly maxLength?: number | undefined;
  /** Called with each piece of the file. */
  readonly onProgress?: (progress: { readonly bytes: number; readonly rows: number }) => void;
}

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** The loader takes it (datasets 3.3.2). */
const byteOrderMark = /^\uFEFF/;
const faultsShown = 20;
/** Kinds of faults and names of tools that are counted one by one. */
const mostKinds = 200;

/** Checks a file row by row, in memory that does not grow with it. */
export async function checkDataset(chunks: Chunks, options: CheckOptions = {}): Promise<DatasetReport> {
  const { format = formatOf({}), container = "lines", maxLength, onProgress } = options;
  const hash = createHash("sha256");
  const tally = new Tally(format, maxLength);
  let bytes = 0;
  async function* watched(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
      onProgress?.({ bytes, rows: tally.rows });
    }
  }
  const check = container === "text" ? checkTextRow : checkRow;
  for await (const line of rowsOf(watched(), container)) tally.add(line, check);
  return { ...tally.report(), bytes, sha256: hash.digest("hex") };
}

async function* rowsOf(chunks: AsyncGenerator<Uint8Array>, container: Container): AsyncGenerator<Line> {
  if (container !== "json") {
    yield* linesOf(chunks);
    return;
  }
  // A .json file holds a list, or lines as a .jsonl file does. Its first sign tells.
  const held: Uint8Array[] = [];
  let first: number | undefined;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    held.push(next.value);
    first = next.value.find(byte => byte > 32 && byte < 128);
    if (first !== undefined) break;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* held;
    yield* chunks;
  }
  yield* first === 0x5b ? elementsOf(all()) : linesOf(all());
}

/** Counts what the rows have, and keeps the first faults. */
class Tally {
  rows = 0;
  private badRows = 0;
  private readonly counts = { error: 0, warning: 0 };
  private readonly shown: Record<RowFault["severity"], FileFault[]> = { error: [], warning: [] };
  private readonly faults = new Map<string, { fault: RowFault; rows: number; firstLine: number }>();
  private readonly kinds: Partial<Record<RowKind, number>> = {};
  private readonly roles: Record<string, number> = {};
  private readonly calls = new Map<string, number>();
  private readonly media = { images: 0, videos: 0, audios: 0 };
  private withTools = 0;
  private readonly characters = new Lengths();
  private readonly tokens = new Lengths();
  private above = 0;
  private readonly repeats = new Repeats();
  private repeated = 0;
  private readonly consistency: Consistency;

  constructor(
    private readonly format: Format,
    private readonly maxLength: number | undefined,
  ) {
    this.consistency = new Consistency(format);
  }

  add(line: Line, check: (text: string, format: Format) => RowFacts): void {
    // Blank lines are skipped, as the loader does.
    if (line.text?.trim() === "") return;
    this.rows++;
    if (line.text === undefined) {
      this.badRows++;
      this.note(line.number, error("", ...unreadableFaults[line.unreadable ?? "not UTF-8"]));
      return;
    }
    const facts = check(line.text.replace(byteOrderMark, ""), this.format);
    const faults = [...facts.faults, ...this.consistency.add(facts, line.number)];
    if (faults.some(fault => fault.severity === "error")) this.badRows++;
    for (const fault of faults) this.note(line.number, fault);
    this.count(facts, line.number);
    const earlier = this.repeats.add(line.text, line.number);
    if (earlier === undefined) return;
    this.repeated++;
    const advice = "was the script run twice? It appends; delete the file first";
    this.note(line.number, warning("", `the same as line ${earlier}`, advice));
  }

  private count(facts: RowFacts, line: number): void {
    if (facts.row === undefined) return;
    if (facts.kind) this.kinds[facts.kind] = (this.kinds[facts.kind] ?? 0) + 1;
    for (const role of facts.roles) this.roles[role] = (this.roles[role] ?? 0) + 1;
    for (const kind of mediaKinds) this.media[kind] += facts.media[kind];
    if (facts.toolCount > 0) this.withTools++;
    for (const name of facts.called) {
      if (this.calls.has(name) || this.calls.size < mostKinds) this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
    }
    this.characters.add(facts.characters, line);
    this.tokens.add(facts.tokens, line);
    if (this.maxLength !== undefined && facts.tokens > this.maxLength) this.above++;
  }

  private note(line: number, fault: RowFault): void {
    this.counts[fault.severity]++;
    const shown = this.shown[fault.severity];
    if (shown.length < faultsShown) shown.push({ line, ...fault });
    const kind = {
      ...fault,
      field: fault.field.replace(/\[\d+\]/g, "[]"),
      reason: fault.reason.replace(/\d+/g, "N"),
    };
    const key = `${kind.severity} ${kind.field} ${kind.reason}`;
    const counted = this.faults.get(key);
    if (counted) counted.rows++;
    else if (this.faults.size < mostKinds) this.faults.set(key, { fault: kind, rows: 1, firstLine: line });
  }

  report(): Omit<DatasetReport, "bytes" | "sha256"> {
    for (const { line, ...fault } of this.consistency.end()) this.note(line, fault);
    if (this.rows === 0) this.note(1, error("", "there are no rows", "write one JSON object a line"));
    const { version, purpose, strict } = this.format;
    const [characters, tokens] = [this.characters.statistics(), this.tokens.statistics()];
    const { maxLength } = this;
    return {
      rules: { swift: version, purpose, strict },
      rows: this.rows,
      badRows: this.badRows,
      errorCount: this.counts.error,
      warningCount: this.counts.warning,
      errors: this.shown.error,
      warnings: this.shown.warning,
      faults: this.faultCounts(),
      kinds: this.kinds,
      roles: this.roles,
      rowsWithTools: this.withTools,
      calls: Object.fromEntries([...this.calls].sort(([, a], [, b]) => b - a)),
      media: this.media,
      ...(characters && { characters }),
      ...(tokens && {
        tokens: {
          rule: tokenRule,
          ...tokens,
          ...(maxLength !== undefined && { above: { maxLength, rows: this.above } }),
        },
      }),
      repeats: { rows: this.repeated, among: this.repeats.isFull ? "first million" : "all" },
    };
  }

  private faultCounts(): DatasetReport["faults"] {
    return [...this.faults.values()]
      .sort((a, b) => b.rows - a.rows)
      .map(({ fault, rows, firstLine }) => ({
        severity: fault.severity,
        field: fault.field,
        reason: fault.reason,
        rows,
        firstLine,
      }));
  }
}

const unreadableFaults: Readonly<Record<NonNullable<Line["unreadable"]>, readonly [reason: string, remedy: string]>> = {
  "not UTF-8": ["not UTF-8", "write the file with encoding=utf-8: iconv -f GB18030 -t UTF-8 FILE"],
  "too long": [
    `longer than ${longestLineBytes / 1024 / 1024} MiB`,
    "write one row a line; keep pictures in files and give their paths",
  ],
  "cut off": ["the list does not end: the file is cut off", "write the file anew, or fetch it again"],
  "behind the list": [
    "something stands behind the list",
    "write one list a file, or one JSON object a line to a .jsonl file",
  ],
};

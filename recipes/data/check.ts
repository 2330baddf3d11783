import { createHash } from "node:crypto";
import { checkRow, type RowFault } from "./row";

export interface LineFault extends RowFault {
  /** From 1. */
  readonly line: number;
}

export interface DatasetReport {
  readonly rows: number;
  /** Rows with at least one error. */
  readonly badRows: number;
  readonly errorCount: number;
  readonly warningCount: number;
  /** The first errors and the first warnings, at most 20 of each. */
  readonly errors: readonly LineFault[];
  readonly warnings: readonly LineFault[];
  /** Messages by role, after ms-swift's normalisation. */
  readonly roles: Readonly<Record<string, number>>;
  readonly rowsWithTools: number;
  /** Characters of the longest row: a rough bound of its tokens. */
  readonly longestRow: { readonly line: number; readonly characters: number };
  /** Of the file's bytes, when they were given. */
  readonly sha256?: string;
}

const faultsShown = 20;
/** Lines that are remembered to find repeated ones. Above it the memory would grow with the file. */
const linesRemembered = 200_000;

/** Checks a jsonl file line by line, in constant memory. Blank lines are skipped, as the loader does. */
export async function checkDataset(lines: AsyncIterable<string> | Iterable<string>): Promise<DatasetReport> {
  const errors: LineFault[] = [];
  const warnings: LineFault[] = [];
  const roles: Record<string, number> = {};
  const seen = new Map<string, number>();
  const count = { line: 0, rows: 0, badRows: 0, errors: 0, warnings: 0, withTools: 0 };
  let longest = { line: 0, characters: 0 };

  const note = (fault: LineFault): void => {
    const list = fault.severity === "error" ? errors : warnings;
    if (fault.severity === "error") count.errors++;
    else count.warnings++;
    if (list.length < faultsShown) list.push(fault);
  };
  for await (const raw of lines) {
    const line = ++count.line;
    const text = line === 1 ? raw.replace(/^\uFEFF/, "") : raw;
    if (text.trim() === "") continue;
    count.rows++;
    if (text.length > longest.characters) longest = { line, characters: text.length };
    const facts = checkRow(text);
    if (facts.faults.some(fault => fault.severity === "error")) count.badRows++;
    for (const fault of facts.faults) note({ line, ...fault });
    for (const role of facts.roles) roles[role] = (roles[role] ?? 0) + 1;
    if (facts.toolCount > 0) count.withTools++;
    const repeated = remember(seen, text, line);
    if (repeated !== undefined) {
      note({
        line,
        severity: "warning",
        field: "",
        reason: `the same as line ${repeated}`,
        remedy: "was the script run twice? It appends; delete the file first",
      });
    }
  }
  if (count.rows === 0) {
    note({
      line: 1,
      severity: "error",
      field: "",
      reason: "there are no rows",
      remedy: "write one JSON object a line",
    });
  }
  return {
    rows: count.rows,
    badRows: count.badRows,
    errorCount: count.errors,
    warningCount: count.warnings,
    errors,
    warnings,
    roles,
    rowsWithTools: count.withTools,
    longestRow: longest,
  };
}

/** The same over the bytes of the file, with their sha256. */
export async function checkDatasetBytes(
  chunks: AsyncIterable<Uint8Array>,
): Promise<DatasetReport & { sha256: string }> {
  const hash = createHash("sha256");
  const report = await checkDataset(linesOf(chunks, chunk => hash.update(chunk)));
  return { ...report, sha256: hash.digest("hex") };
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>, watch: (chunk: Uint8Array) => void): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let rest = "";
  for await (const chunk of chunks) {
    watch(chunk);
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}

function remember(seen: Map<string, number>, text: string, line: number): number | undefined {
  const key = createHash("sha1").update(text).digest("base64");
  const first = seen.get(key);
  if (first === undefined && seen.size < linesRemembered) seen.set(key, line);
  return first;
}

/** The report for people: bad rows first, then numbers. */
export function formatDatasetReport(file: string, report: DatasetReport): string {
  const lines = [...report.errors, ...report.warnings].map(fault => {
    const field = fault.field === "" ? "" : ` ${fault.field}:`;
    return `${file}:${fault.line}:${field} ${fault.severity}: ${fault.reason}\n  remedy: ${fault.remedy}`;
  });
  const hidden = report.errorCount + report.warningCount - report.errors.length - report.warnings.length;
  const roles = Object.entries(report.roles)
    .map(([role, count]) => `${role} ${count}`)
    .join(", ");
  return `${[
    ...lines,
    ...(hidden > 0 ? [`… and ${hidden} more`] : []),
    `${report.rows} rows, ${report.badRows} bad, ${report.rowsWithTools} with tools; messages: ${roles}`,
  ].join("\n")}\n`;
}

import { createReadStream, statSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { checkDataset } from "../recipes/data/check";
import { type Format, formatOf, type Purpose, purposes } from "../recipes/data/format";
import { formatDatasetReport, isFit } from "../recipes/data/report";
import { type DatasetReport, type DatasetReports, datasetReports } from "../recipes/data/report-schema";
import { type Container, containerOf } from "../recipes/data/source";
import { OperatorError } from "../wire/operator-error";
import { type Console, printLine } from "./console";
import { parseCount } from "./update-options";
import type { VerbCall, VerbTable } from "./verb";

interface CheckFlags {
  readonly json?: boolean;
  readonly schema?: boolean;
  readonly swift?: string;
  readonly for?: Purpose;
  readonly maxLength?: number;
  readonly lenient?: boolean;
}

/** `muster data check`: files of rows against the rules of ms-swift. */
export function addDataCheck(table: VerbTable, data: Command): void {
  table
    .add<CheckFlags>(data, "check [files...]", "Check files row by row, as ms-swift will read them; - is stdin", check)
    .option("--swift <version>", "the version of ms-swift whose rules count (default: 3.7.1)", parseVersion)
    .addOption(new Option("--for <training>", "what the rows are for (default: sft)").choices(purposes))
    .option("--max-length <tokens>", "count rows that are longer, by an estimate", parseCount)
    .option("--lenient", "a tool's answer may be any text, as ms-swift takes it")
    .option("--json", "as JSON")
    .option("--schema", "print the JSON Schema of --json");
}

async function check({ args, console, flags, folder }: VerbCall<CheckFlags>): Promise<number> {
  if (flags.schema) {
    printLine(
      console,
      JSON.stringify({ title: "muster data check --json", ...z.toJSONSchema(datasetReports) }, null, 2),
    );
    return 0;
  }
  if (args.length === 0) {
    throw new OperatorError({ summary: "no file", remedy: "muster data check FILE.jsonl, or - for standard input" });
  }
  const format = formatOf({ version: flags.swift, purpose: flags.for, strict: !flags.lenient });
  const inputs = args.map(name => inputOf(name, folder, console));
  const files: DatasetReports["files"] = [];
  for (const input of inputs) {
    const report = await reported(input, { format, maxLength: flags.maxLength }, console);
    files.push({ file: input.name, fit: isFit(report), report });
    if (!flags.json) console.out.write(formatDatasetReport(input.name, report));
  }
  const fit = files.every(file => file.fit);
  if (flags.json) printLine(console, JSON.stringify({ fit, files }, null, 2));
  return fit ? 0 : 1;
}

interface Input {
  /** As the operator wrote it. */
  readonly name: string;
  readonly container: Container;
  /** Absent for standard input. */
  readonly bytes?: number;
  readonly open: () => AsyncIterable<Uint8Array>;
}

function inputOf(name: string, folder: string, { input }: Console): Input {
  if (name === "-") return { name, container: "lines", open: () => chunksOf(input) };
  const file = resolve(folder, name);
  const stats = statSync(file, { throwIfNoEntry: false });
  if (!stats?.isFile()) {
    const summary = stats ? "that is no file" : "there is no such file";
    throw new OperatorError({ summary, where: file, remedy: "muster data check FILE.jsonl" });
  }
  const container = containerOf(file);
  if (typeof container !== "string") {
    throw new OperatorError({ summary: container.reason, where: file, remedy: container.remedy });
  }
  return { name, container, bytes: stats.size, open: () => createReadStream(file, { highWaterMark: 1024 * 1024 }) };
}

async function* chunksOf(stream: AsyncIterable<string | Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}

const secondsBetweenNotes = 5;

/** Checks one input; says on standard error how far it is, when it takes long. */
function reported(
  input: Input,
  rules: { readonly format: Format; readonly maxLength: number | undefined },
  { err }: Console,
): Promise<DatasetReport> {
  let told = performance.now();
  return checkDataset(input.open(), {
    ...rules,
    container: input.container,
    onProgress: ({ bytes, rows }) => {
      if (performance.now() - told < secondsBetweenNotes * 1000) return;
      told = performance.now();
      const share = input.bytes ? ` of ${gigabytes(input.bytes)}` : "";
      err.write(`${input.name}: ${rows} rows, ${gigabytes(bytes)}${share}\n`);
    },
  });
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

function parseVersion(text: string): string {
  if (/^\d+\.\d+\.\d+$/.test(text)) return text;
  throw new InvalidArgumentError("a version such as 3.7.1 is expected.");
}

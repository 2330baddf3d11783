import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";

/** What is known at the end of a demo. */
export interface DemoResult {
  elapsedSeconds: number;
  hosts: { name: string; address: string }[];
  /** Outputs of the stack dev, as `muster stack output --json` gives them. */
  outputs: Record<string, unknown>;
}

/** Reads the inventory and the outputs that the demo saved in `folder`. */
export function demoResult(folder: string, beganMs: number, nowMs: number): DemoResult {
  const inventory = parse(fs.readFileSync(path.join(folder, "inventory.yaml"), "utf8")) as Pick<DemoResult, "hosts">;
  const outputs = JSON.parse(fs.readFileSync(path.join(folder, "outputs.json"), "utf8")) as Record<string, unknown>;
  return {
    elapsedSeconds: Math.round((nowMs - beganMs) / 100) / 10,
    hosts: inventory.hosts.map(({ name, address }) => ({ name, address })),
    outputs,
  };
}

/** Columns padded to their widest cell. */
function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => (row[column] ?? "").length)));
  return rows
    .map(row => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd())
    .join("\n");
}

/** Steps as they run; Pulumi sorts the keys of an output. */
const ORDER = ["convert", "distribute", "train", "gather", "export", "deliver", "serve", "smoke"];

function inOrder(steps: Record<string, unknown>): [string, unknown][] {
  const place = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return Object.entries(steps).sort(([a], [b]) => place(a) - place(b));
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The end of the demo for people: hosts, pipeline steps, the reply, what to try next. */
export function reportText(result: DemoResult): string {
  const { steps, reply, run, checkpoints, weights, url } = result.outputs;
  const rows = inOrder((steps ?? {}) as Record<string, unknown>);
  const places = Object.entries({ run, checkpoints, weights, url }).filter(([, value]) => value !== undefined);
  const parts = [
    `SIMULATED hosts\n${table(result.hosts.map(host => [host.name, host.address]))}`,
    `Pipeline\n${table([...rows, ...places].map(([name, value]) => [name, shown(value)]))}`,
  ];
  if (reply !== undefined)
    parts.push(`Reply of the served model (a tiny one: the words mean nothing)\n  ${shown(reply)}`);
  parts.push(
    [
      `Done in ${result.elapsedSeconds} s. What to try next:`,
      "  npx muster up -s dev --expect-no-changes      nothing to do: one look at each host",
      "  npx muster status -s dev                      hosts, containers, jobs",
      "  edit train.args in stacks/dev.yaml, then npx muster preview -s dev",
      "  ./scripts/demo --hosts 3                      one more host; the others stay as they are",
      "  ./scripts/demo --down                         takes all of it away but the image cache",
    ].join("\n"),
  );
  return `\n${parts.join("\n\n")}\n`;
}

if (require.main === module) {
  const [folder = "", began = "0", format] = process.argv.slice(2);
  const result = demoResult(folder, Number(began), Date.now());
  process.stdout.write(
    format === "--json" ? `${JSON.stringify({ ok: true, ...result }, null, 2)}\n` : reportText(result),
  );
}

import { mkdirSync, readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { CommanderError } from "commander";
import { endRunning, measure, output } from "../bench-hosts/command";
import { checkout } from "../bench-hosts/place";
import { rotated } from "../bench-hosts/statistics";
import { type EngineBenchOptions, parseOptions } from "./options";
import { withPeakMib } from "./peak";
import { command, type EngineName, freshProject } from "./project";
import { cellsOf, type EngineBenchResult, type EngineRecord, goalOf, reportText } from "./report";

const FOLDER = join(checkout, ".muster", "bench", "engine");
const UP = ["up", "--yes", "--skip-preview", "--stack", "bench"];

/** `scripts/bench engine`, once the checkout is built. */
async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, endRunning);
  const loadBefore = loadavg();
  const stock = await stockVersion();
  const engines: EngineName[] = stock === undefined ? ["muster"] : ["muster", "pulumi"];
  const records = await measureAll(options, engines);
  const cells = cellsOf(records);
  const { version } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as { version: string };
  const result: EngineBenchResult = {
    machine: { cores: cpus().length, loadBefore, loadAfter: loadavg() },
    engines: { muster: version, pulumi: stock ?? "not measured, as no `pulumi` is in the PATH" },
    repeat: options.repeat,
    cells,
    goal: goalOf(cells),
    records,
  };
  if (options.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  (options.json ? process.stderr : process.stdout).write(`\n${reportText(result)}\n`);
}

/** Undefined where there is none. */
async function stockVersion(): Promise<string | undefined> {
  try {
    return (await output({ program: "pulumi", args: ["version"] })).toString().trim();
  } catch {
    return undefined;
  }
}

async function measureAll(options: EngineBenchOptions, engines: readonly EngineName[]): Promise<EngineRecord[]> {
  const records: EngineRecord[] = [];
  for (const resources of options.resources) {
    for (let repetition = 0; repetition < options.repeat; repetition += 1) {
      for (const engine of rotated(engines, repetition)) {
        const folder = join(FOLDER, engine);
        freshProject(folder);
        await output(command(engine, folder, resources, ["stack", "init", "bench"]));
        for (const up of ["first", "no-op"] as const) {
          const log = join(FOLDER, `${engine}-${resources}-${up}.log`);
          const expectNone = up === "no-op" ? ["--expect-no-changes"] : [];
          const work = () => measure(command(engine, folder, resources, [...UP, ...expectNone]), log);
          const { result, peakMib } = await withPeakMib(work);
          const { seconds, cpuSeconds } = result;
          process.stderr.write(`${engine}, ${resources} resources, ${up} up: ${seconds.toFixed(2)} s\n`);
          records.push({ engine, resources, up, seconds, cpuSeconds, peakMib });
        }
      }
    }
  }
  return records;
}

main().catch((error: unknown) => {
  if (!(error instanceof CommanderError)) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  }
  process.exitCode = error instanceof CommanderError ? error.exitCode : 1;
});

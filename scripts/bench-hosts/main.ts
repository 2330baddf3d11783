import { mkdirSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { CommanderError } from "commander";
import { Bench } from "./bench";
import { endRunning } from "./command";
import { goals } from "./goals";
import { parseOptions } from "./options";
import { checkout } from "./place";
import { type BenchResult, marginalRows, ratioRows, reportText } from "./report";
import { cells } from "./results";
import { makeFleet, removeFleet } from "./sandbox";
import { SimulatedHosts } from "./simulated-hosts";
import { versions } from "./tools";

/** `scripts/bench hosts`, once the machine is ready. */
async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  const folder = join(checkout, ".muster", "bench");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const venv = join(folder, "venv");
  const began = performance.now();
  const progress = (text: string): void => {
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    process.stderr.write(`${seconds.padStart(6)} s  ${text}\n`);
  };
  let isInterrupted = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      isInterrupted = true;
      endRunning();
    });
  }
  const loadBefore = loadavg();
  const hosts = new SimulatedHosts(options.dockerHost, options.name);
  try {
    progress(`${Math.max(...options.hosts)} simulated hosts`);
    const fleet = await makeFleet(options, folder, hosts);
    const bench = new Bench(options, folder, fleet, hosts, venv, progress);
    await bench.run();
    const measured = cells(bench.records);
    const result: BenchResult & { records: unknown } = {
      simulated: "SIMULATED hosts: containers of one machine, which share its cores with the operator's side",
      machine: {
        cores: cpus().length,
        memoryGib: Math.round(totalmem() / 2 ** 30),
        loadBefore,
        loadAfter: loadavg(),
      },
      versions: await versions(venv, hosts, fleet.nodes[0]?.name ?? ""),
      filesPerHost: bench.filesPerHost,
      latencyMs: options.latencyMs,
      repeat: options.repeat,
      cells: measured,
      marginalSecondsPerHost: marginalRows(measured),
      ratios: ratioRows(measured),
      goals: goals(measured),
      records: bench.records,
    };
    if (options.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    (options.json ? process.stderr : process.stdout).write(`\n${reportText(result)}\n`);
  } catch (error) {
    if (!isInterrupted) throw error;
    progress("interrupted");
    process.exitCode = 130;
  } finally {
    if (!options.keep) {
      progress("the simulated hosts go");
      await removeFleet();
    }
  }
}

main().catch((error: unknown) => {
  if (!(error instanceof CommanderError)) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  }
  process.exitCode = error instanceof CommanderError ? error.exitCode : 1;
});

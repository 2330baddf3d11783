import * as fs from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import { loadCluster } from "../../config/load";
import { ConfigErrors } from "../../config/problem";
import type { Cluster } from "../../config/schema";
import { vllmVersionOf } from "../../recipes/vllm/parsers";
import { randomClusterFile } from "../support/random-cluster";
import { renderAll } from "../support/rendered";
import { type CommandLine, commandLines } from "../support/shell-lines";
import { type Line, type ParserVersion, parserVersions } from "./argument-parser";
import { resumedCommands } from "./resumed-lines";

/** Lines for the parser of one version. */
export interface Rendered {
  /** Where they come from. */
  readonly name: string;
  readonly version: ParserVersion;
  readonly lines: readonly Line[];
}

const golden = path.join(__dirname, "..", "golden");

/** What reaches a parser of a command: the tool's own line, without the launcher or the guard around it. Undefined: none does. */
export function lineOfArgv({ argv, processes: world }: CommandLine): Line | undefined {
  const [tool = "", subcommand = "", ...rest] = argv.slice(argv.lastIndexOf("--") + 1);
  if (["megatron", "swift", "vllm"].includes(tool)) return { command: `${tool} ${subcommand}`, argv: rest, world };
  const module = tool === "deepspeed" ? argv.indexOf("--module") : -1;
  if (module < 0) return undefined;
  return { command: (argv[module + 1] ?? "").replace(".cli.", " "), argv: argv.slice(module + 2), world };
}

function linesOf(commands: readonly CommandLine[]): Line[] {
  const lines = commands.flatMap(command => lineOfArgv(command) ?? []).map(line => ({ ...line, ...pluginOf(line) }));
  // Ranks differ in their environment alone.
  return [...new Map(lines.map(line => [JSON.stringify(line), line])).values()];
}

/** The plugin of ours that a line names is the reviewed one. */
function pluginOf({ argv }: Line): Pick<Line, "files"> {
  const plugin = argv.find(word => /\/muster_loss_scale_\w+\.py$/.test(word));
  if (plugin === undefined) return {};
  return { files: { [plugin]: fs.readFileSync(path.join(golden, "recipes/loss-scale-plugin-3.7.1.py"), "utf8") } };
}

/** Files whose name does not tell, with the parser nearest to their version. */
const parserOf: Readonly<Record<string, ParserVersion>> = { "glm-4.5-air/swift-4.sh": "4.6.0" };

/** The simulated vLLM has the flags of 0.10.0 alone, the release of the image with ms-swift 3.7.1; vllm.test.ts asks the real ones. */
function isOtherVllm(file: string, version: ParserVersion): boolean {
  const vllm = /vllm-(\d+\.\d+\.\d+)/.exec(file)?.[1];
  return vllm === undefined ? !version.startsWith("3.7.") : vllm !== "0.10.0";
}

/** Every command line of the golden files. */
export function goldenCommands(): { readonly file: string; readonly command: CommandLine }[] {
  return goldenFiles().flatMap(file =>
    commandLines(fs.readFileSync(path.join(golden, file), "utf8")).map(command => ({ file, command })),
  );
}

function goldenFiles(): string[] {
  const all = fs.readdirSync(golden, { recursive: true, encoding: "utf8" });
  return all.filter(file => /\.(sh|txt)$/.test(file)).sort();
}

/** The golden files that hold command lines of ms-swift or vLLM; their folder or their name tells the version, else it is 3.7.1. */
export function goldenLines(): Rendered[] {
  return goldenFiles().flatMap(file => {
    const version = parserOf[file] ?? parserVersions.find(each => file.includes(each)) ?? "3.7.1";
    const all = linesOf(commandLines(fs.readFileSync(path.join(golden, file), "utf8")));
    const lines = all.filter(({ command }) => !command.startsWith("vllm") || !isOtherVllm(file, version));
    return lines.length === 0 ? [] : [{ name: file, version, lines }];
  });
}

/** Takes out what stands at a path such as `pipeline.train.args.seed`; false if nothing stands there. */
function remove(settings: unknown, path: string): boolean {
  const keys = path.split(/[.[\]]+/).filter(Boolean);
  const last = keys.pop();
  const holder = keys.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], settings);
  if (last === undefined || typeof holder !== "object" || holder === null || !(last in holder)) return false;
  return Reflect.deleteProperty(holder, last);
}

/** The cluster once everything that is refused has been taken out of the file, as a person might; undefined if that leads nowhere. */
function accepted(given: unknown): Cluster | undefined {
  const settings = structuredClone(given);
  for (let round = 0; round < 10; round++) {
    try {
      return loadCluster("cluster.yaml", { readFile: () => JSON.stringify(settings) });
    } catch (error) {
      if (!(error instanceof ConfigErrors)) throw error;
      if (!error.problems.map(problem => remove(settings, problem.path)).some(Boolean)) return undefined;
    }
  }
  return undefined;
}

/** What a cluster's pipeline runs, and what its training runs when it goes on. */
function commandsOf(cluster: Cluster): CommandLine[] {
  const { commands } = renderAll(cluster);
  const lines = commands.map(({ argv, env }) => ({
    argv,
    processes: Number(env.NNODES ?? 1) * Number(env.NPROC_PER_NODE ?? 1),
  }));
  const processes = cluster.slots * (cluster.pipeline?.train?.nodes.length ?? 1);
  return [...lines, ...resumedCommands(commands.map(({ argv }) => argv)).map(argv => ({ argv, processes }))];
}

/** What so many random cluster files run, without what is refused of them; those that run nothing are passed over. */
export function randomLines(count: number, seed: number): Rendered[] {
  const found: Rendered[] = [];
  for (let round = 0; found.length < count && round < 20; round++) {
    for (const settings of fc.sample(randomClusterFile(), { numRuns: 500, seed: seed + round })) {
      const cluster = accepted(settings);
      const version = parserVersions.find(each => each === cluster?.image.swift);
      if (!cluster || !version) continue;
      const lines = linesOf(commandsOf(cluster)).filter(
        ({ command }) => !command.startsWith("vllm") || vllmVersionOf(cluster.image) === "0.10.0",
      );
      if (lines.length > 0) found.push({ name: JSON.stringify(settings), version, lines });
    }
  }
  return found.slice(0, count);
}

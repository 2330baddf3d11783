import { createHash } from "node:crypto";
import type { Cluster } from "../../config/schema";
import type { ConvertSettings, ExportSettings } from "../../config/schema/pipeline";
import type { ArgumentValue } from "../../config/schema/values";
import { renderArguments } from "../arguments";
import type { Command, NodeCommand } from "../command";
import { singleNode } from "../placement";
import { toolsFolder } from "../tools";
import { gpuVariable } from "../torchrun";
import { swiftEnvironment } from "./environment";
import { adapterSource, exportRows, exportSource, toMcoreRows } from "./export-rows";
import { requireProfile } from "./profile";
import { argumentsOfRows, type Row } from "./rows";

/**
 * Port of the process group that an export opens. It takes MASTER_PORT or 29500, where a training may listen.
 */
const exportPort = 29555;

/** A conversion as a person would type it, and what the guard around it must know. */
export interface ConversionCommand extends NodeCommand {
  /** Name of the argument that says where the result goes. */
  readonly outputArgument: string;
  /** A folder among the arguments that stands for the newest checkpoint in it, which is known only when the command runs. */
  readonly newest?: NewestCheckpoint;
  /** What the result is. */
  readonly format: "mcore" | "hf" | "adapter";
  readonly measuresPrecision: boolean;
  readonly usesGpus: boolean;
}

export interface NewestCheckpoint {
  readonly folder: string;
  /** tracker: Megatron's weights. weights: whole ones of Hugging Face. adapter: a LoRA in PEFT's format. */
  readonly has: "tracker" | "weights" | "adapter";
}

/** HF weights to Megatron's: `swift export --to_mcore`, or `megatron export` over several GPUs. */
export function toMcoreCommand(cluster: Cluster, settings: ConvertSettings): ConversionCommand {
  return exportCommand(cluster, "convert", settings, toMcoreRows(cluster, settings), {
    format: "mcore",
    measuresPrecision: settings.testPrecision,
  });
}

/** Megatron weights to HF's. A LoRA is merged into its base on the way. What the training has saved itself is only taken. */
export function toHfCommand(cluster: Cluster, settings: ExportSettings): ConversionCommand {
  const source = exportSource(cluster, settings);
  if (source.kind === "take") return takeCommand(cluster, settings, source.newest);
  if (source.kind === "merge") {
    const rows = argumentsOfRows(adapterSource(source.newest.folder, settings.output));
    const argv = ["swift", "export", ...renderArguments(rows, settings.args)];
    return {
      ...onOneNode(cluster, "export", settings, argv),
      outputArgument: "output_dir",
      newest: source.newest,
      format: "hf",
      measuresPrecision: false,
      usesGpus: true,
    };
  }
  const format = settings.mergeLora ? "hf" : "adapter";
  const traits = {
    format,
    measuresPrecision: settings.testPrecision,
    ...(source.newest && { newest: source.newest }),
  } as const;
  return exportCommand(cluster, "export", settings, exportRows(cluster, settings, source), traits);
}

function exportCommand(
  cluster: Cluster,
  part: "convert" | "export",
  settings: Pick<ConvertSettings, "gpus" | "tool"> & { readonly args: Readonly<Record<string, ArgumentValue>> },
  rows: readonly Row[],
  traits: Pick<ConversionCommand, "format" | "measuresPrecision" | "newest">,
): ConversionCommand {
  const isMegatron = settings.tool === "megatron export";
  const argv = [...settings.tool.split(" "), ...renderArguments(argumentsOfRows(rows), settings.args)];
  const command = onOneNode(cluster, part, settings, argv);
  return {
    ...command,
    env: { ...(isMegatron && { NPROC_PER_NODE: String(settings.gpus.length) }), ...command.env },
    outputArgument: isMegatron ? requireProfile(cluster.image.swift).exportNames.output : "output_dir",
    usesGpus: true,
    ...traits,
  };
}

function onOneNode(
  cluster: Cluster,
  part: "convert" | "export",
  settings: Pick<ConvertSettings, "gpus">,
  argv: readonly string[],
): NodeCommand {
  return {
    node: singleNode(cluster, part),
    argv,
    env: { CUDA_VISIBLE_DEVICES: gpuVariable(settings.gpus), ...swiftEnvironment(cluster) },
    transport: { MASTER_PORT: String(exportPort) },
  };
}

function takeCommand(cluster: Cluster, settings: ExportSettings, newest: NewestCheckpoint): ConversionCommand {
  return {
    node: singleNode(cluster, "export"),
    argv: [...newestArgv(newest), "--output_dir", settings.output],
    env: {},
    transport: {},
    outputArgument: "output_dir",
    format: newest.has === "adapter" ? "adapter" : "hf",
    measuresPrecision: false,
    usesGpus: false,
  };
}

/** recipes/tools/newest.py: finds the newest checkpoint of a folder, for the command that follows, or to be taken. */
function newestArgv({ folder, has }: NewestCheckpoint): string[] {
  return ["python3", `${toolsFolder}/newest.py`, "--folder", folder, "--has", has];
}

/**
 * The export inside recipes/tools/convert.py, which writes to OUTPUT.partial and renames it when the weights are complete
 * and the precision is good: an export refuses a folder that is there, and its precision test never fails by itself.
 * `identity` names what the output is made from; an output of the same identity is kept.
 */
export function guardedConversion(
  command: ConversionCommand,
  settings: Pick<ConvertSettings, "output" | "maxMeanDiff">,
  options: { readonly identity: string; readonly resultFile: string },
): string[] {
  const index = command.argv.indexOf(`--${command.outputArgument}`);
  const argv = command.argv.map((word, i) => (i === index + 1 ? partialOf(settings.output) : word));
  return [
    "python3",
    `${toolsFolder}/convert.py`,
    ...["--format", command.format],
    ...["--output", settings.output],
    ...sourcesOf(argv).flatMap(folder => ["--source", folder]),
    ...["--identity", options.identity],
    ...["--result", options.resultFile],
    ...(command.measuresPrecision ? ["--max-mean-diff", String(settings.maxMeanDiff)] : []),
    "--",
    ...(command.newest ? [...newestArgv(command.newest), "--"] : []),
    ...argv,
  ];
}

/** What stands against a guarded conversion, asked in the plan: disk, memory, an output of somebody else's. Changes nothing. */
export function askConversion(
  guarded: NodeCommand,
  container: string,
): { host: string; container: string; argv: string[] } {
  const [interpreter = "", tool = "", ...rest] = guarded.argv;
  return { host: guarded.node, container, argv: [interpreter, tool, "--ask", ...rest] };
}

/** Folders whose weights a conversion holds in memory and writes anew: the base, where a LoRA is merged into one. */
function sourcesOf(argv: readonly string[]): string[] {
  for (const option of ["--mcore_model", "--load", "--model"]) {
    const value = argv.includes(option) ? argv[argv.indexOf(option) + 1] : undefined;
    if (value?.startsWith("/")) return [value];
  }
  return [];
}

/** What a conversion's output was made from: an output of the same identity is kept. */
export function conversionIdentity(cluster: Cluster, command: Command): string {
  const text = JSON.stringify([cluster.image.reference, command.argv]);
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** Folder of a conversion that is not complete. */
export function partialOf(output: string): string {
  return `${output.replace(/\/+$/, "")}.partial`;
}

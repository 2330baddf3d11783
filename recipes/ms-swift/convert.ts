import { createHash } from "node:crypto";
import type { Cluster } from "../../config/schema";
import type { ConvertSettings, ExportSettings } from "../../config/schema/pipeline";
import { renderArguments } from "../arguments";
import type { Command, NodeCommand } from "../command";
import { singleNode } from "../placement";
import { toolsFolder } from "../tools";
import { gpuVariable } from "../torchrun";
import { swiftEnvironment } from "./environment";

/**
 * Port of the process group of one that `swift export` opens. It takes MASTER_PORT or 29500, where a training may listen.
 */
const exportPort = 29555;

/** HF weights to Megatron's: `swift export --to_mcore`. */
export function toMcoreCommand(cluster: Cluster, settings: ConvertSettings): NodeCommand {
  const { pipeline } = cluster;
  const argv = renderArguments(
    {
      model: pipeline?.model.path,
      model_type: pipeline?.model.type,
      to_mcore: true,
      torch_dtype: "bfloat16",
      output_dir: settings.output,
      thread_count: settings.threadCount,
      test_convert_precision: settings.testPrecision ? true : undefined,
    },
    settings.args,
  );
  return exportCommand(cluster, "convert", settings, argv);
}

/** Megatron weights to HF's: `swift export --to_hf`. A LoRA is merged into its base on the way. */
export function toHfCommand(cluster: Cluster, settings: ExportSettings): NodeCommand {
  const { pipeline } = cluster;
  const train = pipeline?.train;
  const isLora = train?.tuner === "lora";
  const argv = renderArguments(
    {
      model: isLora ? pipeline?.model.path : undefined,
      mcore_model: isLora
        ? (train?.weights ?? pipeline?.convert?.output)
        : (train?.output ?? pipeline?.convert?.output),
      mcore_adapters: isLora ? train.output : undefined,
      to_hf: true,
      torch_dtype: "bfloat16",
      output_dir: settings.output,
      test_convert_precision: settings.testPrecision ? true : undefined,
    },
    settings.args,
  );
  return exportCommand(cluster, "export", settings, argv);
}

function exportCommand(
  cluster: Cluster,
  part: "convert" | "export",
  settings: Pick<ConvertSettings, "gpus">,
  options: readonly string[],
): NodeCommand {
  return {
    node: singleNode(cluster, part),
    argv: ["swift", "export", ...options],
    env: { CUDA_VISIBLE_DEVICES: gpuVariable(settings.gpus), ...swiftEnvironment(cluster) },
    transport: { MASTER_PORT: String(exportPort) },
  };
}

/**
 * The export inside recipes/tools/convert.py, which writes to OUTPUT.partial and renames it when the weights are complete
 * and the precision is good: `swift export` refuses a folder that is there, and its precision test never fails by itself.
 * `identity` names what the output is made from; an output of the same identity is kept.
 */
export function guardedConversion(
  command: Command,
  settings: Pick<ConvertSettings, "output" | "testPrecision" | "maxMeanDiff">,
  options: { readonly format: "mcore" | "hf"; readonly identity: string; readonly resultFile: string },
): string[] {
  const index = command.argv.indexOf("--output_dir");
  const argv = command.argv.map((word, i) => (i === index + 1 ? partialOf(settings.output) : word));
  return [
    "python3",
    `${toolsFolder}/convert.py`,
    ...["--format", options.format],
    ...["--output", settings.output],
    ...sourcesOf(argv).flatMap(folder => ["--source", folder]),
    ...["--identity", options.identity],
    ...["--result", options.resultFile],
    ...(settings.testPrecision ? ["--max-mean-diff", String(settings.maxMeanDiff)] : []),
    "--",
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
  for (const option of ["--mcore_model", "--model"]) {
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

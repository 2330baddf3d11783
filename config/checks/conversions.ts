import { exportSource, needsGathering, nodeOfExport } from "../../recipes/ms-swift/export-rows";
import { requireProfile } from "../../recipes/ms-swift/profile";
import { isMegatron, savesHuggingFace } from "../../recipes/ms-swift/start";
import type { CheckRule } from "../check";
import type { Cluster } from "../schema";
import type { ConvertSettings } from "../schema/pipeline";
import { brokenRules, type Rule } from "./problem-at";

/** Rules of both conversions, and which of them a version needs at all. */
export const checkConversions: CheckRule = cluster => {
  const { convert, export: back } = cluster.pipeline ?? {};
  return brokenRules([
    ...(convert ? [...ofTool(cluster, "convert", convert), filesOfMegatron(convert)] : []),
    ...(back ? ofTool(cluster, "export", back) : []),
    ...ofExport(cluster),
  ]).concat(brokenRules(served(cluster), "warning"));
};

/** What is served when nothing says which of a training's weights. */
function served({ pipeline }: Cluster): Rule[] {
  return [
    [
      pipeline?.serve !== undefined &&
        pipeline.serve.model === undefined &&
        !pipeline.export &&
        pipeline.train !== undefined,
      "serve",
      "serves-untrained",
      "a server after a training, and no export: it offers the model as it was before",
      "export, or serve.model",
      "add export: {output: FOLDER}, or write serve.model: the weights that you mean",
    ],
  ];
}

function filesOfMegatron({ tool, threadCount }: ConvertSettings): Rule {
  return [
    tool === "megatron export" && threadCount !== undefined,
    "convert.threadCount",
    "setting-of-another-tool",
    "threadCount with megatron export",
    "swift export: with megatron export each process writes its own files",
    "remove threadCount",
  ];
}

function ofTool(
  { image }: Cluster,
  part: string,
  settings: Pick<ConvertSettings, "tool" | "parallel" | "gpus">,
): Rule[] {
  const { tool, parallel, gpus } = settings;
  const ofMegatron = tool === "megatron export";
  const product = (parallel?.tensor ?? 1) * (parallel?.pipeline ?? 1);
  const experts = (parallel?.expert ?? 1) * (parallel?.pipeline ?? 1);
  return [
    [
      ofMegatron && !requireProfile(image.swift).hasMegatronExport(image.swift),
      `${part}.tool`,
      "setting-of-another-version",
      `megatron export with ms-swift ${image.swift}`,
      "swift export; megatron export came with 3.10",
      "remove tool",
    ],
    [
      !ofMegatron && parallel !== undefined,
      `${part}.parallel`,
      "setting-of-another-tool",
      "parallel with swift export",
      "megatron export: swift export is one process",
      "write tool: megatron export",
    ],
    [
      ofMegatron && (gpus.length % product !== 0 || gpus.length % experts !== 0),
      `${part}.parallel`,
      "export-not-divisible",
      `tensor ${parallel?.tensor ?? 1}, pipeline ${parallel?.pipeline ?? 1}, expert ${parallel?.expert ?? 1} over ${gpus.length} GPUs`,
      "tensor x pipeline, and expert x pipeline, to divide the number of gpus",
      "name more gpus, or lower a degree",
    ],
  ];
}

function ofExport(cluster: Cluster): Rule[] {
  const { export: back, train, gather, convert } = cluster.pipeline ?? {};
  if (!back) return [];
  const { kind } = exportSource(cluster, back);
  const isLora = train?.tuner === "lora";
  const holder = nodeOfExport(cluster, back);
  return [
    [
      back.node !== undefined && holder !== undefined && back.node !== holder,
      "export.node",
      "export-without-weights",
      `export on ${back.node}, and the weights of the training lie on ${holder}`,
      `${holder}, or an output in one of sharedFolders`,
      `write node: ${holder}, or remove node`,
    ],
    [
      needsGathering(cluster, back) && !gather,
      "export",
      "step-missing",
      "export of a training over several nodes without gather",
      "the step it depends on",
      "add gather: {}; the shards lie on the nodes that wrote them",
    ],
    [
      back.checkpoint === undefined && !train && !convert,
      "export",
      "step-missing",
      "export without weights",
      "train, convert, or export.checkpoint",
      "write export.checkpoint: the folder with latest_checkpointed_iteration.txt",
    ],
    [
      back.source === "safetensors" && (!train || !savesHuggingFace(cluster, train)),
      "export.source",
      "safetensors-not-saved",
      "source safetensors, which the training does not save",
      "a training that saves Hugging Face weights",
      "write train.saveSafetensors: true where the version has it, or remove source",
    ],
    [
      back.source === "checkpoint" && train !== undefined && !isMegatron(train),
      "export.source",
      "checkpoint-not-saved",
      `source checkpoint after ${train?.tool}, which saves none of Megatron's`,
      "safetensors",
      "remove source",
    ],
    [
      back.source === "checkpoint" && train !== undefined && isMegatron(train) && hasOnlySafetensors(cluster),
      "export.source",
      "checkpoint-not-saved",
      "source checkpoint, and a training that saves Hugging Face weights alone",
      "Megatron's weights in the checkpoint",
      "write train.saveSafetensors: false, or remove source",
    ],
    [
      !back.mergeLora && !isLora,
      "export.mergeLora",
      "lora-without-tuner",
      "mergeLora false for a full training",
      "tuner: lora",
      "remove mergeLora",
    ],
    [
      !back.mergeLora && isLora && kind === "convert" && back.tool !== "megatron export",
      "export.mergeLora",
      "setting-of-another-tool",
      "mergeLora false with swift export, which always merges",
      "megatron export",
      "write tool: megatron export (ms-swift 3.10 or newer), or remove mergeLora",
    ],
  ];
}

/** In 3.10 and 3.11 a checkpoint with Hugging Face weights has no others; later the optimizer's state decides. */
function hasOnlySafetensors(cluster: Cluster): boolean {
  const { train } = cluster.pipeline ?? {};
  const { swift } = cluster.image;
  if (!train || !savesHuggingFace(cluster, train)) return false;
  return requireProfile(swift).savesSafetensors(swift) === "off" || String(train.args.no_save_optim) === "true";
}

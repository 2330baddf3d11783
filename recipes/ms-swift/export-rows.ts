import type { Cluster } from "../../config/schema";
import type { ConvertSettings, ExportSettings } from "../../config/schema/pipeline";
import type { NewestCheckpoint } from "./convert";
import { modelNames } from "./model-names";
import { requireProfile } from "./profile";
import { type Row, row } from "./rows";
import { isMegatron, isShared, savesHuggingFace, startWeights } from "./start";

/** Where an export's weights come from. */
export type ExportSource =
  /** Megatron's format, converted. `newest` when the folder holds checkpoints by number. */
  | { readonly kind: "convert"; readonly folder: string; readonly newest?: NewestCheckpoint }
  /** A LoRA of Hugging Face's trainer, merged into its base. */
  | { readonly kind: "merge"; readonly newest: NewestCheckpoint }
  /** Weights that the training has saved in Hugging Face's format, taken as they are. */
  | { readonly kind: "take"; readonly newest: NewestCheckpoint };

export function exportSource(cluster: Cluster, settings: ExportSettings): ExportSource {
  const { pipeline, image } = cluster;
  const train = pipeline?.train;
  const folder = settings.checkpoint ?? train?.output ?? pipeline?.convert?.output ?? "";
  const isLora = train?.tuner === "lora" || train?.adapter !== undefined;
  if (train && !isMegatron(train)) {
    if (!isLora) return { kind: "take", newest: { folder, has: "weights" } };
    const kind = settings.mergeLora ? "merge" : "take";
    return { kind, newest: { folder, has: "adapter" } };
  }
  if (takesSafetensors(cluster, settings)) {
    return { kind: "take", newest: { folder, has: settings.mergeLora ? "weights" : "adapter" } };
  }
  const hasFolders = train !== undefined && requireProfile(image.swift).hasCheckpointFolders(image.swift);
  return { kind: "convert", folder, ...(hasFolders && { newest: { folder, has: "tracker" } }) };
}

/** The node that has what an export takes, on a disk of its own; undefined if every node is as good, or none is known. */
export function nodeOfExport(cluster: Cluster, settings: ExportSettings): string | undefined {
  const train = cluster.pipeline?.train;
  if (!train || settings.checkpoint !== undefined || isShared(cluster, train.output)) return undefined;
  const isLast =
    isMegatron(train) &&
    exportSource(cluster, settings).kind === "take" &&
    requireProfile(cluster.image.swift).safetensorsNode === "last";
  return train.nodes.at(isLast ? -1 : 0);
}

/** Whether an export takes the weights that Megatron's training has saved itself. */
export function takesSafetensors(cluster: Cluster, settings: ExportSettings): boolean {
  const train = cluster.pipeline?.train;
  if (!train) return settings.source === "safetensors";
  // An adapter that is not merged is a file of its own beside the merged weights only in a conversion.
  const isDefault = settings.checkpoint === undefined && savesHuggingFace(cluster, train) && settings.mergeLora;
  return settings.source === undefined ? isDefault : settings.source === "safetensors";
}

/** Whether the shards of all nodes must lie together before the export can run. */
export function needsGathering(cluster: Cluster, settings: ExportSettings): boolean {
  const train = cluster.pipeline?.train;
  if (!train || train.nodes.length < 2 || settings.checkpoint !== undefined || isShared(cluster, train.output))
    return false;
  return exportSource(cluster, settings).kind === "convert";
}

/** Arguments of an export to Megatron's format. */
export function toMcoreRows(cluster: Cluster, settings: ConvertSettings): Row[] {
  const { pipeline, image } = cluster;
  const { exportNames } = requireProfile(image.swift);
  const { type, template } = modelNames(pipeline?.model ?? {}, image.swift);
  const ofMegatron = settings.tool === "megatron export";
  return [
    row("model", pipeline?.model.path, "model.path"),
    row("model_type", type, "model.type"),
    row("template", template, "model.template"),
    row("to_mcore", true, "convert"),
    row("torch_dtype", "bfloat16"),
    row(ofMegatron ? exportNames.output : "output_dir", settings.output, "convert.output"),
    ...(ofMegatron ? parallelRows(settings, "convert") : []),
    row("thread_count", settings.threadCount, "convert.threadCount"),
    row("test_convert_precision", settings.testPrecision ? true : undefined, "convert.testPrecision"),
  ];
}

/** Arguments of an export back to Hugging Face's format. */
export function exportRows(cluster: Cluster, settings: ExportSettings, source: { readonly folder: string }): Row[] {
  const { pipeline, image } = cluster;
  const train = pipeline?.train;
  const { exportNames } = requireProfile(image.swift);
  const ofMegatron = settings.tool === "megatron export";
  const isLora = train?.tuner === "lora" || train?.adapter !== undefined;
  const isExplicit = isLora && settings.base === "explicit";
  const base = train && startWeights(cluster, train);
  const weights = isLora ? (isExplicit && base?.format === "mcore" ? base.path : undefined) : source.folder;
  return [
    row("model", isExplicit ? pipeline?.model.path : undefined, "model.path"),
    row(ofMegatron ? exportNames.mcoreModel : "mcore_model", weights, isLora ? "export.base" : "export.checkpoint"),
    row(
      ofMegatron ? exportNames.megatronAdapter : exportNames.swiftAdapter,
      isLora ? source.folder : undefined,
      "export.checkpoint",
    ),
    row("to_hf", true, "export"),
    row("torch_dtype", "bfloat16"),
    row(ofMegatron ? exportNames.output : "output_dir", settings.output, "export.output"),
    ...(ofMegatron ? parallelRows(settings, "export") : []),
    // swift export merges always, and ms-swift 4 warns when it is told to.
    row("merge_lora", ofMegatron && isLora ? settings.mergeLora : undefined, "export.mergeLora"),
    row("test_convert_precision", settings.testPrecision ? true : undefined, "export.testPrecision"),
  ];
}

function parallelRows({ parallel }: Pick<ConvertSettings, "parallel">, part: string): Row[] {
  return [
    row("tensor_model_parallel_size", parallel?.tensor, `${part}.parallel.tensor`),
    row("pipeline_model_parallel_size", parallel?.pipeline, `${part}.parallel.pipeline`),
    row("expert_model_parallel_size", parallel?.expert, `${part}.parallel.expert`),
  ];
}

/** Arguments that merge a LoRA of Hugging Face's trainer. */
export function adapterSource(folder: string, output: string): Row[] {
  return [
    row("adapters", folder, "export.checkpoint"),
    row("merge_lora", true, "export.mergeLora"),
    row("output_dir", output, "export.output"),
  ];
}

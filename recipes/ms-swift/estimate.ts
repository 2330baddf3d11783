import type { Cluster } from "../../config/schema";
import type { TrainSettings } from "../../config/schema/pipeline";
import { exportSource } from "./export-rows";
import { requireProfile } from "./profile";
import { isMegatron, isShared, savesHuggingFace } from "./start";

/** Space that a step takes at the least on one node: nothing that it may write besides is counted. */
export interface SpaceNeed {
  readonly node: string;
  /** Path in the container. */
  readonly folder: string;
  readonly bytes: number;
  /** Setting that names the folder. */
  readonly path: string;
  readonly use: string;
}

/** Parameters of a model by the size of its files and the type that config.json names (torch_dtype, newer: dtype). */
export function parameterCount(weightBytes: number, dtype: unknown): number {
  const size = dtype === "float32" ? 4 : 2;
  return weightBytes / size;
}

/** Bytes of a model in bfloat16. */
export function halfBytes(parameters: number): number {
  return 2 * parameters;
}

/**
 * Bytes of one checkpoint of Megatron's over all nodes: weights in bfloat16 and, if it is saved, Adam's state, which is a master copy
 * and two moments in float32 (Megatron-LM core_r0.13.0, distrib_optimizer.py). A LoRA's is small beside it and counts as nothing.
 */
export function checkpointBytes(parameters: number, train: Pick<TrainSettings, "tuner" | "args">): number {
  if (train.tuner === "lora") return 0;
  const hasState = String(train.args.no_save_optim ?? false) !== "true";
  return halfBytes(parameters) + (hasState ? 12 * parameters : 0);
}

/** Host memory of a conversion: both models in bfloat16, as `swift export` has Megatron's on the CPU; what a GPU holds is less. */
export function conversionMemoryBytes(parameters: number): number {
  return 2 * halfBytes(parameters);
}

/** Steps that hold a model in memory to convert it. */
export function convertingSteps(cluster: Cluster): ("convert" | "export")[] {
  const { convert, export: back } = cluster.pipeline ?? {};
  const converts = back !== undefined && exportSource(cluster, back).kind === "convert";
  return [...(convert ? (["convert"] as const) : []), ...(converts ? (["export"] as const) : [])];
}

/** What the pipeline writes, by node and folder. `nodeOf` names the node of a step that runs on one. */
export function spaceNeeds(
  cluster: Cluster,
  parameters: number,
  nodeOf: (part: "convert" | "export") => string,
): SpaceNeed[] {
  const { convert, train, export: back } = cluster.pipeline ?? {};
  const needs: SpaceNeed[] = [];
  const bytes = halfBytes(parameters);
  if (convert)
    needs.push({
      node: nodeOf("convert"),
      folder: convert.output,
      bytes,
      path: "convert.output",
      use: "converted weights",
    });
  if (train) needs.push(...trainingNeeds(cluster, train, parameters));
  // What is taken is linked, not copied, as long as it stays on one disk.
  if (back && exportSource(cluster, back).kind !== "take") {
    needs.push({ node: nodeOf("export"), folder: back.output, bytes, path: "export.output", use: "exported weights" });
  }
  return needs;
}

function trainingNeeds(cluster: Cluster, train: TrainSettings, parameters: number): SpaceNeed[] {
  const { nodes, output: folder } = train;
  const place = { folder, path: "train.output" };
  const holdsMore = requireProfile(cluster.image.swift).safetensorsNode === "last" && isMegatron(train) ? -1 : 0;
  const holder = nodes.at(holdsMore) ?? "";
  const savesWhole = savesHuggingFace(cluster, train) && train.tuner === "full";
  const whole: SpaceNeed = {
    ...place,
    node: holder,
    bytes: halfBytes(parameters),
    use: "the weights of one checkpoint",
  };
  const parts = isMegatron(train) ? checkpointBytes(parameters, train) : 0;
  const share = isShared(cluster, folder) ? parts : parts / nodes.length;
  const sharing = isShared(cluster, folder) ? nodes.slice(0, 1) : nodes;
  return [
    ...sharing.map((node): SpaceNeed => ({ ...place, node, bytes: share, use: "a share of one checkpoint" })),
    ...(savesWhole ? [whole] : []),
  ].filter(need => need.bytes > 0);
}

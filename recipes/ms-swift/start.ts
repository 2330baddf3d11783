import type { Cluster } from "../../config/schema";
import type { TrainSettings } from "../../config/schema/pipeline";
import { requireProfile } from "./profile";

/** Weights from which a training starts, and their format. */
export interface StartWeights {
  readonly format: "mcore" | "hf";
  readonly path: string;
}

export function isMegatron(train: Pick<TrainSettings, "tool">): boolean {
  return train.tool.startsWith("megatron ");
}

/**
 * Where a training starts: as declared, else what convert has made, else the model itself where the version reads it.
 * Undefined: the version needs converted weights, and there are none.
 */
export function startWeights(cluster: Cluster, train: TrainSettings): StartWeights | undefined {
  const { pipeline, image } = cluster;
  const model = pipeline?.model.path;
  if (!isMegatron(train)) {
    const path = train.weights ?? model;
    return path === undefined ? undefined : { format: "hf", path };
  }
  const converted = train.weights ?? pipeline?.convert?.output;
  if (converted !== undefined) return { format: "mcore", path: converted };
  if (model === undefined || requireProfile(image.swift).readsHuggingFace(image.swift) === "no") return undefined;
  return { format: "hf", path: model };
}

/** Whether the training writes weights in Hugging Face's format, which a server can load as they are. */
export function savesHuggingFace(cluster: Cluster, train: TrainSettings): boolean {
  if (!isMegatron(train)) return true;
  const saves = requireProfile(cluster.image.swift).savesSafetensors(cluster.image.swift);
  if (saves === "never") return false;
  return train.saveSafetensors ?? saves === "on";
}

/** Whether a folder of the containers is the same storage on all nodes, as the cluster file says. */
export function isShared(cluster: Cluster, folder: string): boolean {
  return (cluster.pipeline?.sharedFolders ?? []).some(shared =>
    `${folder}/`.startsWith(`${shared.replace(/\/+$/, "")}/`),
  );
}

import type { Cluster } from "../config/schema";
import { nodeOfExport } from "./ms-swift/export-rows";

/** The GPUs that a node's container sees. */
export function visibleGpus({ container }: Pick<Cluster, "container">): "all" | number[] {
  return container.gpus === "all" ? "all" : Array.from({ length: container.gpus }, (_, index) => index);
}

/** The node of a step that runs on one: as declared, else the one with the weights, else the first training node or host. */
export function singleNode(cluster: Cluster, part: "convert" | "export" | "infer" | "serve"): string {
  const { [part]: settings, export: back } = cluster.pipeline ?? {};
  const holder = part === "export" && back ? nodeOfExport(cluster, back) : undefined;
  const node = settings?.node ?? holder ?? cluster.pipeline?.train?.nodes[0] ?? cluster.hosts[0]?.name;
  if (node === undefined) throw new Error(`pipeline.${part}.node: the cluster has no host`);
  return node;
}

/** The nodes that serve, in their order. The API is on the first one. */
export function servingNodes(cluster: Cluster): readonly string[] {
  return cluster.pipeline?.serve?.nodes ?? [singleNode(cluster, "serve")];
}

/** Folder of the weights that are served. */
export function servedModel(cluster: Cluster): string {
  return weightsOf(cluster, "serve");
}

/** Folder of the Hugging Face weights that a step reads: its own, else what export has made, else the model itself. */
export function weightsOf(cluster: Cluster, part: "serve" | "infer"): string {
  const { pipeline } = cluster;
  const model = pipeline?.[part]?.model ?? pipeline?.export?.output ?? pipeline?.model.path;
  if (model === undefined) throw new Error(`pipeline.${part}.model: found nothing, expected a path`);
  return model;
}

/** Name under which the server offers the weights: the same for every run. Exported weights lie in a folder named after theirs. */
export function servedModelName({ pipeline }: Cluster): string {
  return pipeline?.serve?.servedModelName ?? lastPart(pipeline?.serve?.model ?? pipeline?.model.path ?? "");
}

/** The last part of a path: the name of a model that has no other. */
export function lastPart(path: string): string {
  return path.split("/").filter(Boolean).at(-1) ?? "model";
}

import type { Cluster } from "../config/schema";
import { nodeOfExport } from "./ms-swift/export-rows";

/** The GPUs that a node's container sees. */
export function visibleGpus({ container }: Pick<Cluster, "container">): "all" | number[] {
  return container.gpus === "all" ? "all" : Array.from({ length: container.gpus }, (_, index) => index);
}

/** The node of a step that runs on one: as declared, else the one with the weights, else the first training node or host. */
export function singleNode(cluster: Cluster, part: "convert" | "export" | "serve"): string {
  const { [part]: settings, export: back } = cluster.pipeline ?? {};
  const holder = part === "export" && back ? nodeOfExport(cluster, back) : undefined;
  const node = settings?.node ?? holder ?? cluster.pipeline?.train?.nodes[0] ?? cluster.hosts[0]?.name;
  if (node === undefined) throw new Error(`pipeline.${part}.node: the cluster has no host`);
  return node;
}

/** Folder of the weights that are served. */
export function servedModel(cluster: Cluster): string {
  const { pipeline } = cluster;
  const model = pipeline?.serve?.model ?? pipeline?.export?.output ?? pipeline?.model.path;
  if (model === undefined) throw new Error("pipeline.serve.model: found nothing, expected a path");
  return model;
}

/** Name under which the server offers the weights. */
export function servedModelName(cluster: Cluster): string {
  return cluster.pipeline?.serve?.servedModelName ?? servedModel(cluster).split("/").filter(Boolean).at(-1) ?? "model";
}

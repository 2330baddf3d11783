import type { Cluster } from "../config/schema";

/** The GPUs that a node's container sees. */
export function visibleGpus({ container }: Pick<Cluster, "container">): "all" | number[] {
  return container.gpus === "all" ? "all" : Array.from({ length: container.gpus }, (_, index) => index);
}

/** The node of a step that runs on one: as declared, else the first training node, else the first host. */
export function singleNode(cluster: Cluster, part: "convert" | "export" | "infer" | "serve"): string {
  const declared = cluster.pipeline?.[part]?.node;
  const node = declared ?? cluster.pipeline?.train?.nodes[0] ?? cluster.hosts[0]?.name;
  if (node === undefined) throw new Error(`pipeline.${part}.node: the cluster has no host`);
  return node;
}

/** The nodes that serve, in their order. The API is on the first one. */
export function servingNodes(cluster: Cluster): readonly string[] {
  return cluster.pipeline?.serve?.nodes ?? [singleNode(cluster, "serve")];
}

/** Megatron weights from which the training starts. */
export function startWeights(cluster: Cluster): string {
  const weights = cluster.pipeline?.train?.weights ?? cluster.pipeline?.convert?.output;
  if (weights === undefined) {
    throw new Error("pipeline.train.weights: found nothing, expected a path, because there is no convert");
  }
  return weights;
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

/** Name under which the server offers the weights. */
export function servedModelName(cluster: Cluster): string {
  return cluster.pipeline?.serve?.servedModelName ?? lastPart(servedModel(cluster));
}

/** The last part of a path: the name of a model that has no other. */
export function lastPart(path: string): string {
  return path.split("/").filter(Boolean).at(-1) ?? "model";
}

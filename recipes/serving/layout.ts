import type { ServeSettings } from "../../config/schema/pipeline";

/** How the GPUs of one server are divided. */
export interface ServingLayout {
  readonly nodes: number;
  readonly gpusPerNode: number;
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
  readonly dataParallel: number;
}

type Degrees = Pick<
  ServeSettings,
  "engine" | "gpus" | "tensorParallel" | "pipelineParallel" | "dataParallel" | "replicas"
>;

/**
 * Degrees of one server over `nodes` nodes. What is not declared takes the GPUs that are left: with vLLM over nodes the tensor
 * parallelism stays inside a node and the stages of the pipeline are the nodes, as its documentation advises; with SGLang
 * tp-size counts the GPUs of all nodes. Whether the product is the number of GPUs is for the checks to say.
 */
export function servingLayout(serve: Degrees, nodes: number): ServingLayout {
  const gpusPerNode = serve.gpus.length;
  const dataParallel = serve.dataParallel ?? 1;
  const total = nodes * gpusPerNode;
  const staged = serve.engine === "vllm" && nodes > 1 && dataParallel === 1;
  const pipelineParallel =
    serve.pipelineParallel ??
    (!staged ? 1 : serve.tensorParallel === undefined ? nodes : part(total, serve.tensorParallel));
  const tensorParallel = serve.tensorParallel ?? part(total, pipelineParallel * dataParallel);
  return { nodes, gpusPerNode, tensorParallel, pipelineParallel, dataParallel };
}

function part(total: number, by: number): number {
  return Math.max(1, Math.floor(total / by));
}

/** GPUs that the layout uses; of all that are claimed. */
export function gpusUsed(layout: ServingLayout): number {
  return layout.tensorParallel * layout.pipelineParallel * layout.dataParallel;
}

/** The nodes of each replica, in their order. */
export function replicaGroups(nodes: readonly string[], replicas: number): readonly (readonly string[])[] {
  const size = Math.max(1, Math.floor(nodes.length / replicas));
  return Array.from({ length: replicas }, (_, i) => nodes.slice(i * size, (i + 1) * size));
}

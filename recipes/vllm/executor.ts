import type { ServeSettings } from "../../config/schema/pipeline";
import type { ServingLayout } from "../serving/layout";
import { isAtLeast } from "../version";

/**
 * How one vLLM server reaches its nodes. `single`: there is one node. `data`: each node holds whole copies of the model
 * (data parallelism). `mp` and `ray`: one copy over all of them.
 */
export type VllmExecutor = "single" | "data" | "mp" | "ray";

/** The first version whose `mp` spans nodes: --nnodes and --node-rank (vLLM 0.11.2, engine/arg_utils.py). */
export const firstVersionOfMp = "0.11.2";

/** The last version that brings ray along (ray[cgraph] in its requirements); later ones want `pip install ray`. */
export const lastVersionWithRay = "0.12";

/** The executor of a server; a version that is not known is taken for an old one, for ray runs with all of them. */
export function vllmExecutor(
  { executor }: Pick<ServeSettings, "executor">,
  { nodes, dataParallel }: Pick<ServingLayout, "nodes" | "dataParallel">,
  version: string | undefined,
): VllmExecutor {
  if (nodes === 1) return "single";
  if (dataParallel > 1) return "data";
  if (executor !== "auto") return executor;
  return version !== undefined && isAtLeast(version, firstVersionOfMp) ? "mp" : "ray";
}

/** Port where the nodes of a server meet, unless the cluster file names one: the tools' own defaults. */
export const defaultMasterPorts: Readonly<Record<VllmExecutor | "sglang", number>> = {
  single: 29501,
  mp: 29501,
  ray: 6379,
  data: 13345,
  sglang: 20000,
};

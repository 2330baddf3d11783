import type { Cluster } from "../config/schema";
import { toolsFolder } from "./tools";

/**
 * Brings the shards of the newest checkpoint to the first training node, over the mesh: recipes/tools/gather.py.
 * Runs in that node's container; the peers are reached by name, as in /root/.ssh/config.
 */
export function gatherArgv(cluster: Cluster, resultFile: string): { readonly node: string; readonly argv: string[] } {
  const train = cluster.pipeline?.train;
  const [node, ...peers] = train?.nodes ?? [];
  if (!train || node === undefined) throw new Error("pipeline.gather: found no train, expected one");
  return {
    node,
    argv: [
      "python3",
      `${toolsFolder}/gather.py`,
      "--folder",
      train.output,
      "--result",
      resultFile,
      "--ranks-per-node",
      String(cluster.slots),
      ...peers.flatMap(peer => ["--peer", peer]),
    ],
  };
}

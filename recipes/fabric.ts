import type { Cluster } from "../config/schema";
import type { NodeCommand, NodeTransport } from "./command";
import { toolsFolder } from "./tools";
import { torchrunCommands } from "./torchrun";

/** The nodes whose fabric the gate proves, in rank order: those of the training, without one all; undefined where it is not wanted. */
export function gateNodes({ network, pipeline, hosts }: Cluster): readonly string[] | undefined {
  const nodes = pipeline?.train?.nodes ?? hosts.map(host => host.name);
  const byDefault = pipeline?.train !== undefined && nodes.length > 1;
  return (network.gate.enabled ?? byDefault) ? nodes : undefined;
}

/** What runs on each node: recipes/tools/fabric.py, which starts a process a GPU. */
export function gateCommands(
  cluster: Cluster,
  nodes: readonly string[],
  transportOf: (node: string) => NodeTransport,
): NodeCommand[] {
  const { sizesMib, pairs, timeoutSeconds, ncclTests, ncclTestsPath } = cluster.network.gate;
  const layout = { nodes, processesPerNode: cluster.slots, masterPort: cluster.network.masterPort };
  return torchrunCommands([], {}, layout, transportOf).map(({ node, env, transport }) => ({
    node,
    argv: [
      "python3",
      `${toolsFolder}/fabric.py`,
      ...["--node", node],
      ...["--nodes", nodes.join(",")],
      ...["--ranks-per-node", String(cluster.slots)],
      ...["--sizes-mib", [...sizesMib].sort((a, b) => a - b).join(",")],
      ...["--pairs", pairs],
      ...["--seconds", String(timeoutSeconds)],
      ...(ncclTests === "auto" ? [] : ["--nccl-tests", ncclTests]),
      ...(ncclTestsPath === undefined ? [] : ["--nccl-tests-path", ncclTestsPath]),
    ],
    env: { ...ofTransport(cluster.pipeline?.train?.env ?? {}), CUDA_VISIBLE_DEVICES: env.CUDA_VISIBLE_DEVICES ?? "" },
    transport: { ...transport, MUSTER_NODE_ADDRESS: transportOf(node).address },
  }));
}

/** What the training tells NCCL and its like: the gate takes the ways that the training will take. */
function ofTransport(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => /^(NCCL|GLOO|UCX)_/.test(name)));
}

import type { Cluster } from "../../config/schema";
import type { NodeCommand, NodeTransport } from "../../recipes/command";
import { gatherArgv } from "../../recipes/gather";
import { toHfCommand, toMcoreCommand } from "../../recipes/ms-swift/convert";
import { trainCommands } from "../../recipes/ms-swift/train";
import { serveCommand } from "../../recipes/serve";
import { chatRequest } from "../../recipes/smoke";

/** Everything that a cluster file's pipeline runs. */
export interface Rendered {
  /** Every rank of every step. */
  readonly commands: readonly NodeCommand[];
  /** Lines of tools of muster's own, and request bodies. */
  readonly others: readonly unknown[];
}

const transportOf = (node: string): NodeTransport => ({
  address: `10.0.0.${10 + Number(node.split("-").at(-1))}`,
  env: { NCCL_SOCKET_IFNAME: "=eth0", GLOO_SOCKET_IFNAME: "eth0" },
});

export function renderAll(cluster: Cluster): Rendered {
  const { pipeline } = cluster;
  if (!pipeline) return { commands: [], others: [] };
  const { convert, train, gather, export: back, serve, smoke } = pipeline;
  return {
    commands: [
      ...(convert ? [toMcoreCommand(cluster, convert)] : []),
      ...(train ? trainCommands(cluster, train, transportOf) : []),
      ...(back ? [toHfCommand(cluster, back)] : []),
      ...(serve ? [serveCommand(cluster, serve, transportOf)] : []),
    ],
    others: [
      ...(gather && train ? [gatherArgv(cluster, "/r.json")] : []),
      ...(smoke ? [chatRequest(cluster, smoke)] : []),
    ],
  };
}

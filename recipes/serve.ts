import type { Cluster } from "../config/schema";
import type { ServeSettings } from "../config/schema/pipeline";
import type { NodeCommand, NodeTransport } from "./command";
import { servingNodes } from "./placement";
import { replicaGroups } from "./serving/layout";
import { sglangCommands } from "./sglang/serve";
import { deployCommands } from "./swift-serve/deploy";
import { vllmCommands } from "./vllm/serve";

/** The commands of each server: one list a replica, in it one command a node; the API is on the first. */
export function serveCommands(
  cluster: Cluster,
  serve: ServeSettings,
  transportOf: (node: string) => NodeTransport,
): readonly (readonly NodeCommand[])[] {
  return replicaGroups(servingNodes(cluster), serve.replicas).map(nodes =>
    commandsOf[serve.engine](cluster, serve, nodes, transportOf),
  );
}

type CommandsOf = (
  cluster: Cluster,
  serve: ServeSettings,
  nodes: readonly string[],
  transportOf: (node: string) => NodeTransport,
) => NodeCommand[];

const commandsOf: Readonly<Record<ServeSettings["engine"], CommandsOf>> = {
  vllm: vllmCommands,
  sglang: sglangCommands,
  swift: deployCommands,
};

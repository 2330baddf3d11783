import type { Cluster } from "../../config/schema";
import type { InferSettings, ServeSettings } from "../../config/schema/pipeline";
import type { NodeCommand, NodeTransport } from "../../recipes/command";
import { gatherArgv } from "../../recipes/gather";
import { toHfCommand, toMcoreCommand } from "../../recipes/ms-swift/convert";
import { resumable } from "../../recipes/ms-swift/resume";
import { trainCommands } from "../../recipes/ms-swift/train";
import { servingNodes } from "../../recipes/placement";
import { serveCommands } from "../../recipes/serve";
import { replicaGroups } from "../../recipes/serving/layout";
import { routerCommand } from "../../recipes/sglang/router";
import { exchanges } from "../../recipes/smoke";
import { guardedInference, inferCommand } from "../../recipes/swift-serve/infer";

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

function inferenceOf(cluster: Cluster, infer: InferSettings): NodeCommand {
  const command = inferCommand(cluster, infer);
  return { ...command, argv: guardedInference(command, infer, { identity: "0", resultFile: "/r.json" }) };
}

function routerOf(cluster: Cluster, serve: ServeSettings, router: NonNullable<ServeSettings["router"]>): NodeCommand {
  const heads = replicaGroups(servingNodes(cluster), serve.replicas).flatMap(([head]) => head ?? []);
  return routerCommand(serve, router, heads, transportOf);
}

export function renderAll(cluster: Cluster): Rendered {
  const { pipeline } = cluster;
  if (!pipeline) return { commands: [], others: [] };
  const { convert, train, gather, export: back, infer, serve, smoke } = pipeline;
  return {
    commands: [
      ...(convert ? [toMcoreCommand(cluster, convert)] : []),
      ...(train ? trainCommands(cluster, train, transportOf).map((each, i) => resumable(cluster, each, i)) : []),
      ...(back ? [toHfCommand(cluster, back)] : []),
      ...(infer ? [inferenceOf(cluster, infer)] : []),
      ...(serve ? serveCommands(cluster, serve, transportOf).flat() : []),
      ...(serve?.router ? [routerOf(cluster, serve, serve.router)] : []),
    ],
    others: [...(gather && train ? [gatherArgv(cluster, "/r.json")] : []), ...(smoke ? exchanges(cluster, smoke) : [])],
  };
}

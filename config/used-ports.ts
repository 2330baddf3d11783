import { servingNodes } from "../recipes/placement";
import { replicaGroups, servingLayout } from "../recipes/serving/layout";
import { defaultMasterPorts, vllmExecutor } from "../recipes/vllm/executor";
import { vllmVersionOf } from "../recipes/vllm/parsers";
import type { Cluster } from "./schema";
import type { ServeSettings } from "./schema/pipeline";

/** A TCP port of the cluster file. */
export interface UsedPort {
  readonly path: readonly (string | number)[];
  readonly port: number;
  readonly what: string;
  readonly nodes: readonly string[];
}

/** All TCP ports that the cluster's containers and jobs listen on: what the checks, the plan and doctor ask about. */
export function usedPorts(cluster: Cluster): UsedPort[] {
  const { serve, train } = cluster.pipeline ?? {};
  return [
    {
      path: ["container", "sshPort"],
      port: cluster.container.sshPort,
      what: "the containers' sshd",
      nodes: cluster.hosts.map(h => h.name),
    },
    ...(train
      ? [
          {
            path: ["network", "masterPort"],
            port: cluster.network.masterPort,
            what: "the training's rendezvous",
            nodes: train.nodes.slice(0, 1),
          },
        ]
      : []),
    ...(serve ? servingPorts(cluster, serve) : []),
  ];
}

/** Ports that a server opens: its API, where its nodes meet, and the router's. */
function servingPorts(cluster: Cluster, serve: ServeSettings): UsedPort[] {
  const nodes = servingNodes(cluster);
  const groups = replicaGroups(nodes, serve.replicas);
  const heads = groups.flatMap(group => group.slice(0, 1));
  const size = groups[0]?.length ?? 1;
  const executor = vllmExecutor(serve, servingLayout(serve, size), vllmVersionOf(cluster.image));
  const meeting = serve.masterPort ?? defaultMasterPorts[serve.engine === "sglang" ? "sglang" : executor];
  const at = (field: string): string[] => ["pipeline", "serve", field];
  return [
    // SGLang's other nodes listen there too.
    { path: at("port"), port: serve.port, what: "the server", nodes: serve.engine === "sglang" ? nodes : heads },
    ...(size > 1
      ? [{ path: at("masterPort"), port: meeting, what: "the server's nodes among themselves", nodes: heads }]
      : []),
    ...(serve.router
      ? [{ path: [...at("router"), "port"], port: serve.router.port, what: "the router", nodes: heads.slice(0, 1) }]
      : []),
  ];
}

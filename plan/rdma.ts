import type { Finding } from "./finding";

/** A port under /sys/class/infiniband. */
export interface RdmaPort {
  /** `mlx5_0` */
  readonly device: string;
  readonly port: number;
  readonly linkLayer: "InfiniBand" | "Ethernet";
  readonly isActive: boolean;
  /** RoCE only: it has a RoCE v2 GID mapped from an IPv4 address. */
  readonly hasRoceV2Ipv4: boolean;
}

export interface RdmaFacts {
  readonly node: string;
  readonly rdmaPorts: readonly RdmaPort[];
  readonly hasRdmaDevices: boolean;
}

export interface RdmaDecision {
  /** One decision for the fleet: a mix of RDMA and sockets hangs. */
  readonly enabled: boolean;
  readonly linkLayer?: "InfiniBand" | "Ethernet";
  /** Shown in preview. */
  readonly reason: string;
  readonly findings: readonly Finding[];
}

/**
 * RDMA for all nodes or for none: on only if every node has usable ports of one kind.
 * From the host's sysfs, because inside a container without the device "No IB devices found" has three causes.
 */
export function decideRdma(facts: readonly RdmaFacts[], choice: "auto" | "on" | "off"): RdmaDecision {
  if (choice === "off") return { enabled: false, reason: "the cluster file says off", findings: [] };
  const obstacle = findObstacle(facts);
  if (typeof obstacle !== "string") {
    const layer = obstacle.linkLayer;
    const kind = layer === "Ethernet" ? "RoCE" : "InfiniBand";
    return {
      enabled: true,
      linkLayer: layer,
      reason: choice === "on" ? "the cluster file says on" : `every node has active ${kind} ports`,
      findings: unequalCounts(facts, layer),
    };
  }
  if (choice === "auto") return { enabled: false, reason: obstacle, findings: [] };
  const finding: Finding = {
    code: "rdma-impossible",
    severity: "error",
    path: "network.rdma",
    fact: obstacle,
    why: "NCCL would fall back to sockets on some nodes and not on others, and hang",
    remedy: "bring up the ports, or write network.rdma: off",
  };
  return { enabled: false, reason: obstacle, findings: [finding] };
}

/** Ports of one node that RDMA of this kind may use. */
export function usablePorts(ports: readonly RdmaPort[], linkLayer: "InfiniBand" | "Ethernet"): RdmaPort[] {
  return ports.filter(p => p.linkLayer === linkLayer && p.isActive && (linkLayer === "InfiniBand" || p.hasRoceV2Ipv4));
}

/** NCCL's variables. IBEXT is the external plugin of HPC-X: without it RDMA is not fully off (NVIDIA/nccl#676). */
export function rdmaEnvironment(ports: readonly RdmaPort[], decision: RdmaDecision): Record<string, string> {
  if (!decision.enabled || !decision.linkLayer) return { NCCL_IB_DISABLE: "1", NCCL_IBEXT_DISABLE: "1" };
  const names = usablePorts(ports, decision.linkLayer).map(p => `${p.device}:${p.port}`);
  // `=`: exact names, else mlx5_1 is also mlx5_10. The GID index stays unset: NCCL from 2.21 on finds it itself.
  return { NCCL_IB_DISABLE: "0", NCCL_IB_HCA: `=${names.join(",")}` };
}

type Obstacle = string | { readonly linkLayer: "InfiniBand" | "Ethernet" };

function findObstacle(facts: readonly RdmaFacts[]): Obstacle {
  const none = facts.filter(node => node.rdmaPorts.length === 0);
  if (none.length === facts.length) return "no node has RDMA ports";
  if (none.length > 0) return `${listNodes(none)} without RDMA ports, so sockets on all nodes`;
  const hidden = facts.filter(node => !node.hasRdmaDevices);
  if (hidden.length > 0) return `${listNodes(hidden)} without /dev/infiniband/uverbs*, so sockets on all nodes`;
  for (const linkLayer of ["InfiniBand", "Ethernet"] as const) {
    if (facts.every(node => usablePorts(node.rdmaPorts, linkLayer).length > 0)) return { linkLayer };
  }
  const idle = facts.filter(
    node => usablePorts(node.rdmaPorts, "InfiniBand").length + usablePorts(node.rdmaPorts, "Ethernet").length === 0,
  );
  if (idle.length === 0) return "InfiniBand on some nodes and RoCE on others, so sockets on all nodes";
  return `no active port with a usable address on ${listNodes(idle)}, so sockets on all nodes`;
}

function unequalCounts(facts: readonly RdmaFacts[], linkLayer: "InfiniBand" | "Ethernet"): Finding[] {
  const counts = facts.map(node => usablePorts(node.rdmaPorts, linkLayer).length);
  if (new Set(counts).size < 2) return [];
  return [
    {
      code: "rdma-ports-differ",
      severity: "warning",
      fact: `usable RDMA ports: ${facts.map((node, i) => `${node.node} ${counts[i]}`).join(", ")}`,
      why: "the node with the fewest ports sets the speed of all",
      remedy: "bring up the missing ports",
    },
  ];
}

function listNodes(nodes: readonly RdmaFacts[]): string {
  return nodes.map(node => node.node).join(", ");
}

import type { Fact } from "../facts/fact";
import type { Rdma, RdmaPort } from "../facts/rdma";
import type { Finding } from "./finding";
import { gidIndex, needsGidIndex } from "./gid-index";
import { nodeList } from "./node-list";
import { parityFindings } from "./preflight/parity";
import { type JudgedPorts, judgePorts, type LinkLayer, portName, portsNamed } from "./rdma-ports";

export interface RdmaFacts {
  readonly node: string;
  readonly rdma: Fact<Rdma>;
}

/** What the cluster file says about RDMA. */
export interface RdmaChoice {
  readonly rdma: "auto" | "on" | "off";
  /** Ports for all nodes, or for some by their names. */
  readonly hca?: readonly string[] | Readonly<Record<string, readonly string[]>> | undefined;
  readonly gidIndex?: number | Readonly<Record<string, number>> | undefined;
}

/** What NCCL uses on one node. */
export interface NodeRdma {
  readonly node: string;
  readonly ports: readonly RdmaPort[];
  readonly leftOut: JudgedPorts["leftOut"];
  /** Set only where NCCL does not find it itself, or the cluster file names it. */
  readonly gidIndex?: number;
}

export interface RdmaDecision {
  /** One decision for the fleet: a mix of RDMA and sockets hangs. */
  readonly enabled: boolean;
  readonly linkLayer?: LinkLayer;
  /** Shown in preview. */
  readonly reason: string;
}

export interface RdmaPlan {
  readonly decision: RdmaDecision;
  /** In the order of the facts; empty with RDMA off. */
  readonly nodes: readonly NodeRdma[];
  readonly findings: readonly Finding[];
}

/**
 * RDMA for all nodes or for none: on only if every node has usable ports of one kind.
 * From the host's sysfs, because inside a container without the device "No IB devices found" has three causes.
 * @param ncclVersion that of the image or environment; undefined: taken for one that finds GIDs itself
 */
export function planRdma(facts: readonly RdmaFacts[], choice: RdmaChoice, ncclVersion?: string): RdmaPlan {
  if (choice.rdma === "off") return off("the cluster file says off", []);
  const unknown = namedButMissing(facts, choice);
  const found = commonLinkLayer(facts, choice);
  if ("obstacle" in found) {
    if (choice.rdma === "auto") return off(found.obstacle, unknown);
    return off(found.obstacle, [...unknown, impossible(found.obstacle)]);
  }
  const { linkLayer } = found;
  const nodes = facts.map(each => nodeRdma(each, linkLayer, choice, ncclVersion));
  const kind = linkLayer === "Ethernet" ? "RoCE" : "InfiniBand";
  return {
    decision: {
      enabled: true,
      linkLayer,
      reason: choice.rdma === "on" ? "the cluster file says on" : `every node has active ${kind} ports`,
    },
    nodes: nodes.map(({ plan }) => plan),
    findings: [...unknown, ...nodes.flatMap(each => each.findings), ...parity(nodes.map(({ plan }) => plan))],
  };
}

/** NCCL's variables. IBEXT is the external plugin of HPC-X: without it RDMA is not fully off (NVIDIA/nccl#676). */
export function rdmaEnvironment(node: NodeRdma | undefined): Record<string, string> {
  if (!node) return { NCCL_IB_DISABLE: "1", NCCL_IBEXT_DISABLE: "1" };
  return {
    NCCL_IB_DISABLE: "0",
    // `=`: exact names, else mlx5_1 is also mlx5_10.
    NCCL_IB_HCA: `=${node.ports.map(portName).join(",")}`,
    ...(node.gidIndex !== undefined && { NCCL_IB_GID_INDEX: String(node.gidIndex) }),
  };
}

function off(reason: string, findings: readonly Finding[]): RdmaPlan {
  return { decision: { enabled: false, reason }, nodes: [], findings };
}

function impossible(obstacle: string): Finding {
  return {
    code: "rdma-impossible",
    severity: "error",
    path: "network.rdma",
    fact: obstacle,
    why: "NCCL would fall back to sockets on some nodes and not on others, and hang",
    remedy: "bring up the ports, or write network.rdma: off",
  };
}

function commonLinkLayer(
  facts: readonly RdmaFacts[],
  choice: RdmaChoice,
): { readonly linkLayer: LinkLayer } | { readonly obstacle: string } {
  const unread = facts.filter(({ rdma }) => rdma.status === "unknown");
  if (unread.length > 0) return { obstacle: `the RDMA ports of ${names(unread)} could not be read` };
  const none = facts.filter(each => rdmaOf(each).ports.length === 0);
  if (none.length === facts.length) return { obstacle: "no node has RDMA ports" };
  if (none.length > 0) return { obstacle: `${names(none)} ${have(none)} no RDMA port` };
  const hidden = facts.filter(each => !rdmaOf(each).hasDevices);
  if (hidden.length > 0) return { obstacle: `${names(hidden)} ${have(hidden)} no /dev/infiniband/uverbs*` };
  const usable = (each: RdmaFacts, linkLayer: LinkLayer): boolean =>
    judgePorts(rdmaOf(each), linkLayer, namedFor(choice, each.node)).used.length > 0;
  for (const linkLayer of ["InfiniBand", "Ethernet"] as const)
    if (facts.every(each => usable(each, linkLayer))) return { linkLayer };
  const idle = facts.filter(each => !usable(each, "InfiniBand") && !usable(each, "Ethernet"));
  if (idle.length > 0) return { obstacle: idleText(idle, choice) };
  const onlyRoce = facts.filter(each => !usable(each, "InfiniBand"));
  const onlyInfiniband = facts.filter(each => !usable(each, "Ethernet"));
  return { obstacle: `InfiniBand on ${names(onlyInfiniband)}, RoCE on ${names(onlyRoce)}` };
}

/** Why nodes have no port to use: none of those that count is active, or those that are have no address. */
function idleText(idle: readonly RdmaFacts[], choice: RdmaChoice): string {
  const counting = (each: RdmaFacts): readonly RdmaPort[] => {
    const rdma = rdmaOf(each);
    return namedFor(choice, each.node)?.flatMap(name => portsNamed(rdma, name)) ?? rdma.ports;
  };
  const dead = idle.filter(each => counting(each).every(port => port.state !== "ACTIVE"));
  if (dead.length > 0) return `${names(dead)} ${have(dead)} no active port`;
  return `${names(idle)} ${have(idle)} no port with a RoCE v2 GID of an IPv4 address`;
}

/** Ports that the cluster file names and no host has: NCCL would start on the others without a word. */
function namedButMissing(facts: readonly RdmaFacts[], choice: RdmaChoice): Finding[] {
  return facts.flatMap(each => {
    const rdma = rdmaOf(each);
    const missing = (namedFor(choice, each.node) ?? []).filter(name => portsNamed(rdma, name).length === 0);
    if (missing.length === 0 || each.rdma.status === "unknown") return [];
    return [
      {
        code: "hca-missing",
        severity: "error" as const,
        host: each.node,
        path: "network.hca",
        fact: `no RDMA port ${missing.join(", ")}; there ${rdma.ports.length === 0 ? "are none" : `are ${rdma.ports.map(portName).join(", ")}`}`,
        why: "NCCL would use the other ports, or sockets, and say nothing",
        remedy: `write network.hca: {${each.node}: [NAMES]} with some of those, or leave it out`,
      },
    ];
  });
}

function nodeRdma(
  facts: RdmaFacts,
  linkLayer: LinkLayer,
  choice: RdmaChoice,
  ncclVersion: string | undefined,
): { readonly plan: NodeRdma; readonly findings: readonly Finding[] } {
  const { node } = facts;
  const named = namedFor(choice, node);
  const judged = judgePorts(rdmaOf(facts), linkLayer, named);
  const chosen = typeof choice.gidIndex === "object" ? choice.gidIndex[node] : choice.gidIndex;
  const index = linkLayer === "Ethernet" ? gidIndex(judged.used, chosen, needsGidIndex(ncclVersion)) : undefined;
  const unused = named === undefined ? [] : judged.leftOut.filter(({ reason }) => reason !== "not in network.hca");
  return {
    plan: {
      node,
      ports: index?.ports ?? judged.used,
      leftOut: [...judged.leftOut, ...(index?.leftOut ?? [])],
      ...(index?.index !== undefined && { gidIndex: index.index }),
    },
    findings: [...unused.map(port => unusable(node, port)), ...(index ? gidFindings(node, index) : [])],
  };
}

function unusable(node: string, { name, reason }: JudgedPorts["leftOut"][number]): Finding {
  return {
    code: "hca-unusable",
    severity: "warning",
    host: node,
    path: "network.hca",
    fact: `${name} cannot be used: ${reason}`,
    why: "NCCL takes active ports of one kind only, and goes on with the others",
    remedy: `ibstat ${name.split(":")[0]} on the host shows the port; bring it up, or leave it out of network.hca`,
  };
}

function gidFindings(node: string, { index, lacking }: NonNullable<ReturnType<typeof gidIndex>>): Finding[] {
  if (lacking.length === 0) return [];
  return [
    {
      code: "gid-unfit",
      severity: "warning",
      host: node,
      path: "network.gidIndex",
      fact: `GID ${index} of ${lacking.join(", ")} is not RoCE v2 with an IPv4 address`,
      why: "NCCL's connections over these ports would fail or not be routed",
      remedy: "leave network.gidIndex out: NCCL 2.21 and later finds it, and for older ones it is planned",
    },
  ];
}

function parity(nodes: readonly NodeRdma[]): Finding[] {
  const differ = (code: string, noun: string, remedy: string, value: (node: NodeRdma) => string): Finding[] => {
    const why = "the node with the least sets the speed of all";
    const values = nodes.map(each => ({ node: each.node, value: value(each) }));
    return parityFindings(noun, values, { code, severity: "warning", why, remedy });
  };
  const counts = differ(
    "rdma-ports-differ",
    "usable RDMA ports:",
    "ibstat on the host shows the ports; bring up the missing ones",
    ({ ports }) => String(ports.length),
  );
  if (counts.length > 0) return counts;
  return differ(
    "rdma-rates-differ",
    "rates of the RDMA ports in Gb/s:",
    "ibstat shows the port's rate; a worn cable or a port of another speed lowers it",
    ({ ports }) => ports.map(port => port.rateGbps).join(" "),
  );
}

function namedFor({ hca }: RdmaChoice, node: string): readonly string[] | undefined {
  return Array.isArray(hca) ? hca : (hca as Readonly<Record<string, readonly string[]>> | undefined)?.[node];
}

function rdmaOf({ rdma }: RdmaFacts): Rdma {
  return rdma.status === "present" ? rdma.value : { ports: [], hasDevices: false };
}

function names(nodes: readonly RdmaFacts[]): string {
  return nodeList(nodes.map(each => each.node));
}

function have(nodes: readonly RdmaFacts[]): string {
  return nodes.length === 1 ? "has" : "have";
}

import type { NetworkInterface } from "../facts/interfaces";
import type { Route } from "../facts/routes";
import type { Finding } from "./finding";
import { chooseInterface, type InterfaceChoice } from "./interface-choice";
import { overriddenEnvironment, type SettledEnvironment } from "./network-environment";
import { parityFindings } from "./network-parity";
import { nodeList } from "./node-list";
import { type NodeRdma, planRdma, type RdmaChoice, type RdmaDecision, type RdmaFacts, rdmaEnvironment } from "./rdma";

/** Facts of one host that the network plan needs. */
export interface NetworkFacts extends RdmaFacts {
  /** The ways to the other nodes; the peers are their names. Empty in a cluster of one. */
  readonly routes: readonly Route[];
  readonly interfaces: readonly NetworkInterface[];
}

/** What the cluster file says about the network. */
export interface NetworkChoice extends RdmaChoice {
  readonly interface: string | Readonly<Record<string, string>>;
  readonly address?: Readonly<Record<string, string>> | undefined;
  /** Variables that win over those of the plan. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** What else decides. */
export interface NetworkSurroundings {
  /** NCCL where jobs run, if the cluster file tells. */
  readonly ncclVersion?: string | undefined;
  /** `container.env`, which wins over all. */
  readonly containerEnv?: Readonly<Record<string, string>> | undefined;
}

export interface NodeNetwork {
  readonly node: string;
  readonly interface: string;
  readonly address: string;
  readonly speedMbps?: number;
  readonly mtu?: number;
  /** Why this interface. Shown in preview. */
  readonly reason: string;
  /** Absent: sockets. */
  readonly rdma?: NodeRdma;
  /**
   * Whether the node's container gets /dev/infiniband: by what its own host has, not by what the fleet uses now. Else a port that
   * comes or goes on one host would replace the containers of all.
   */
  readonly passesRdma: boolean;
  /** Variables for NCCL and Gloo on this node. */
  readonly env: Readonly<Record<string, string>>;
}

export interface NetworkPlan {
  readonly nodes: readonly NodeNetwork[];
  readonly rdma: RdmaDecision;
  readonly findings: readonly Finding[];
}

/**
 * Which interface each node uses, and whether the fleet uses RDMA. By route, never by name; names may differ per node.
 * Rules and variables: NCCL 2.26 sources, PyTorch 2.7 (Gloo takes exact names, NCCL takes prefixes unless `=` stands in front).
 */
export function planNetwork(
  facts: readonly NetworkFacts[],
  choice: NetworkChoice,
  { ncclVersion, containerEnv }: NetworkSurroundings = {},
): NetworkPlan {
  const rdma = planRdma(facts, choice, ncclVersion);
  const chosen = facts.map(node => chooseInterface(node, choice));
  const passes = facts.map(node => choice.rdma !== "off" && hasDevices(node));
  const nodesWith = (own: Readonly<Record<string, string>>): NodeNetwork[] =>
    chosen.map((each, index) => nodeNetwork(each, passes[index] ?? false, rdma.nodes[index], own));
  const overriding: SettledEnvironment[] = [
    { path: "network.env", env: choice.env ?? {} },
    { path: "container.env", env: containerEnv ?? {} },
  ];
  return {
    nodes: nodesWith(choice.env ?? {}),
    rdma: rdma.decision,
    findings: [
      ...missingRoutes(facts),
      ...chosen.flatMap(each => each.findings),
      ...rdma.findings,
      ...parityFindings(facts, chosen, rdma.decision.enabled),
      ...overriddenEnvironment(nodesWith({}), overriding),
    ],
  };
}

/**
 * The plan with nodes whose hosts could not be asked, in the order of `order`: the others list them where the cluster file says
 * they are, so that nothing changes on the others when they come back. Nothing is done on them with it.
 */
export function withUnaskedNodes(
  plan: NetworkPlan,
  unasked: readonly { readonly node: string; readonly address: string }[],
  order: readonly string[],
): NetworkPlan {
  const assumed = unasked.map(({ node, address }) => ({
    node,
    interface: "",
    address,
    reason: "out of reach: the address of the cluster file",
    passesRdma: false,
    env: {},
  }));
  const places = new Map(order.map((node, place) => [node, place]));
  const place = ({ node }: NodeNetwork): number => places.get(node) ?? -1;
  const nodes = [...plan.nodes, ...assumed].sort((a, b) => place(a) - place(b));
  return { ...plan, nodes };
}

/** Nodes that have no way to another one. Every node has a way to every other: counted without a set for each of them. */
function missingRoutes(facts: readonly NetworkFacts[]): Finding[] {
  const places = new Map(facts.map(({ node }, place) => [node, place]));
  const reachedBy = new Int32Array(facts.length).fill(-1);
  return facts.flatMap(({ node, routes }, own): Finding[] => {
    reachedBy[own] = own;
    let count = 1;
    for (const { peers } of routes) {
      for (const peer of peers) {
        const place = places.get(peer);
        if (place === undefined || reachedBy[place] === own) continue;
        reachedBy[place] = own;
        count++;
      }
    }
    if (count === facts.length) return [];
    const lost = facts.filter((_, place) => reachedBy[place] !== own).map(other => other.node);
    return [
      {
        code: "route-missing",
        severity: "error",
        host: node,
        fact: `no route to ${nodeList(lost)}`,
        why: "every node of a training talks to every other one",
        remedy: "ip route get ADDRESS on the host shows it; add the route, or correct the address",
      },
    ];
  });
}

function hasDevices({ rdma }: NetworkFacts): boolean {
  return rdma.status === "present" && rdma.value.hasDevices && rdma.value.ports.length > 0;
}

function nodeNetwork(
  chosen: InterfaceChoice,
  passesRdma: boolean,
  rdma: NodeRdma | undefined,
  own: Readonly<Record<string, string>>,
): NodeNetwork {
  const { node, name, address, reason, found } = chosen;
  return {
    node,
    interface: name,
    address,
    ...(found?.speedMbps !== undefined && { speedMbps: found.speedMbps }),
    ...(found && { mtu: found.mtu }),
    reason,
    ...(rdma && { rdma }),
    passesRdma,
    env: {
      // NCCL matches prefixes (eth1 is also eth10) unless told to match exactly; Gloo knows no `=`.
      NCCL_SOCKET_IFNAME: `=${name}`,
      GLOO_SOCKET_IFNAME: name,
      // NCCL looks for IPv4 first.
      ...(address.includes(":") && { NCCL_SOCKET_FAMILY: "AF_INET6" }),
      ...rdmaEnvironment(rdma),
      ...own,
    },
  };
}

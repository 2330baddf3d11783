import type { Finding } from "./finding";
import { decideRdma, type RdmaDecision, type RdmaPort, rdmaEnvironment } from "./rdma";

/** Facts of one host that the network plan needs. facts/ provides more. */
export interface NetworkFacts {
  readonly node: string;
  /** One entry for each other node: `ip -j route get`. Empty in a cluster of one. */
  readonly routes: readonly RouteToPeer[];
  readonly interfaces: readonly NetworkInterface[];
  readonly rdmaPorts: readonly RdmaPort[];
  /** Whether /dev/infiniband has a uverbs device. */
  readonly hasRdmaDevices: boolean;
}

export interface RouteToPeer {
  /** Name of the other node. */
  readonly peer: string;
  readonly interface: string;
  /** This node's source address on that route. */
  readonly address: string;
}

export interface NetworkInterface {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly isUp: boolean;
  readonly mtu?: number;
}

/** What the cluster file says about the network. */
export interface NetworkChoice {
  readonly interface: string | Readonly<Record<string, string>>;
  readonly rdma: "auto" | "on" | "off";
}

export interface NodeNetwork {
  readonly node: string;
  readonly interface: string;
  readonly address: string;
  /** Why this interface. Shown in preview. */
  readonly reason: string;
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
export function planNetwork(facts: readonly NetworkFacts[], choice: NetworkChoice): NetworkPlan {
  const rdma = decideRdma(facts, choice.rdma);
  const chosen = facts.map(node => chooseInterface(node, choice.interface));
  const nodes = facts.map((node, i) => nodeNetwork(node, chosen[i] ?? unknownInterface, rdma));
  const findings = [
    ...missingRoutes(facts),
    ...chosen.flatMap(c => c.findings),
    ...rdma.findings,
    ...mtuFindings(facts, nodes),
  ];
  return { nodes, rdma, findings };
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
    env: {},
  }));
  const nodes = [...plan.nodes, ...assumed].sort((a, b) => order.indexOf(a.node) - order.indexOf(b.node));
  return { ...plan, nodes };
}

/** Where the processes of a job meet: the first node's address on the data network. */
export function masterAddress(plan: NetworkPlan, firstNode: string): string {
  const node = plan.nodes.find(n => n.node === firstNode);
  if (!node) throw new Error(`no network facts of ${firstNode}; it is not in the cluster`);
  return node.address;
}

interface Choice {
  readonly name: string;
  readonly address: string;
  readonly reason: string;
  readonly findings: readonly Finding[];
}

const unknownInterface: Choice = { name: "", address: "", reason: "unknown", findings: [] };

function chooseInterface(node: NetworkFacts, choice: NetworkChoice["interface"]): Choice {
  const named = typeof choice === "string" ? choice : (choice[node.node] ?? "auto");
  return named === "auto" ? byRoute(node) : byName(node, named);
}

function byName(node: NetworkFacts, name: string): Choice {
  const found = node.interfaces.find(i => i.name === name);
  const address = node.routes.find(r => r.interface === name)?.address ?? found?.addresses[0];
  const reason = "the cluster file names it";
  if (found && address !== undefined) return { name, address, reason, findings: [] };
  const names = node.interfaces.map(i => i.name).join(", ");
  const fact = found ? `interface ${name} has no address` : `no interface ${name}; there are ${names}`;
  return {
    name,
    address: "",
    reason,
    findings: [
      {
        code: "interface-missing",
        severity: "error",
        host: node.node,
        path: "network.interface",
        fact,
        why: "NCCL and Gloo would find no address and give up",
        remedy: `write network.interface: {${node.node}: NAME} with one of ${names}, or auto`,
      },
    ],
  };
}

function byRoute(node: NetworkFacts): Choice {
  const [first] = node.routes;
  if (!first) return alone(node);
  const names = [...new Set(node.routes.map(r => r.interface))];
  const reason = `the route to ${node.routes.map(r => r.peer).join(", ")}`;
  const findings: Finding[] = [];
  if (names.length > 1) {
    findings.push({
      code: "route-ambiguous",
      severity: "error",
      host: node.node,
      fact: `the routes to the other nodes leave by ${node.routes.map(r => `${r.interface} to ${r.peer}`).join(", ")}`,
      why: "one interface must reach every node; with the wrong one training hangs at the first collective",
      remedy: `write network.interface: {${node.node}: ${names[0]}} with the one that reaches all, or correct the routes`,
    });
  } else if (isInternal(first.interface)) {
    findings.push({
      code: "route-internal",
      severity: "error",
      host: node.node,
      fact: `the route to the other nodes leaves by ${first.interface}`,
      why: "interfaces of loopback, bridges and tunnels rarely reach the other nodes' containers at full speed",
      remedy: `name the interface: network.interface: {${node.node}: NAME}; if ${first.interface} is meant, name that`,
    });
  }
  return { name: first.interface, address: first.address, reason, findings };
}

function alone(node: NetworkFacts): Choice {
  const usable = node.interfaces.find(i => i.isUp && i.addresses.length > 0 && !isInternal(i.name));
  const found = usable ?? node.interfaces.find(i => i.addresses.length > 0);
  return found
    ? { name: found.name, address: found.addresses[0] ?? "", reason: "the only node", findings: [] }
    : byName(node, "auto");
}

/** Nodes that have no way to another one. */
function missingRoutes(facts: readonly NetworkFacts[]): Finding[] {
  return facts.flatMap((node): Finding[] => {
    const reached = new Set(node.routes.map(route => route.peer));
    const lost = facts.map(other => other.node).filter(name => name !== node.node && !reached.has(name));
    if (lost.length === 0) return [];
    return [
      {
        code: "route-missing",
        severity: "error",
        host: node.node,
        fact: `no route to ${lost.join(", ")}`,
        why: "every node of a training talks to every other one",
        remedy: "ip route get ADDRESS on the host shows it; add the route, or correct the address",
      },
    ];
  });
}

/** Interfaces that are taken only if a person names them. */
export function isInternal(name: string): boolean {
  return /^(lo$|docker|virbr|veth|cni|flannel|tailscale|tun|br-)/.test(name);
}

function nodeNetwork(node: NetworkFacts, choice: Choice, rdma: RdmaDecision): NodeNetwork {
  return {
    node: node.node,
    interface: choice.name,
    address: choice.address,
    reason: choice.reason,
    env: {
      // NCCL matches prefixes (eth1 is also eth10) unless told to match exactly; Gloo knows no `=`.
      NCCL_SOCKET_IFNAME: `=${choice.name}`,
      GLOO_SOCKET_IFNAME: choice.name,
      ...rdmaEnvironment(node.rdmaPorts, rdma),
    },
  };
}

function mtuFindings(facts: readonly NetworkFacts[], nodes: readonly NodeNetwork[]): Finding[] {
  const mtus = nodes.map((n, i) => facts[i]?.interfaces.find(f => f.name === n.interface)?.mtu);
  const known = [...new Set(mtus.filter(mtu => mtu !== undefined))];
  if (known.length < 2) return [];
  return [
    {
      code: "mtu-differs",
      severity: "warning",
      fact: `MTU ${nodes.map((n, i) => `${mtus[i] ?? "unknown"} on ${n.node} ${n.interface}`).join(", ")}`,
      why: "large packets are dropped where the smaller MTU stands; small ones get through, so it looks like a hang",
      remedy: "give the interfaces one MTU",
    },
  ];
}

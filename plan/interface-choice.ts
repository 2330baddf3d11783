import type { NetworkInterface } from "../facts/interfaces";
import type { Finding } from "./finding";
import type { NetworkChoice, NetworkFacts } from "./network";
import { nodeList } from "./node-list";

/** The interface of one node, and what speaks against it. */
export interface InterfaceChoice {
  readonly node: string;
  readonly name: string;
  readonly address: string;
  readonly reason: string;
  /** True: it follows from the facts, nobody named it. */
  readonly isAutomatic: boolean;
  readonly found: NetworkInterface | undefined;
  readonly findings: readonly Finding[];
}

/** What the cluster file names, else what the routes to the other nodes say. */
export function chooseInterface(node: NetworkFacts, choice: NetworkChoice): InterfaceChoice {
  const named = typeof choice.interface === "string" ? choice.interface : (choice.interface[node.node] ?? "auto");
  const address = choice.address?.[node.node];
  if (address !== undefined) return byAddress(node, named, address);
  return named === "auto" ? byRoute(node) : byName(node, named);
}

/** Interfaces that are taken only if a person names them. */
export function isInternal({ name, kind }: { readonly name: string; readonly kind?: string }): boolean {
  return (
    kind === "loopback" || kind === "tunnel" || /^(lo$|docker|virbr|veth|cni|flannel|tailscale|tun|br-)/.test(name)
  );
}

function byName(node: NetworkFacts, name: string): InterfaceChoice {
  const found = interfaceOf(node, name);
  const address = node.routes.find(route => route.interface === name)?.address ?? found?.addresses[0];
  const base = { node: node.node, name, reason: "the cluster file names it", isAutomatic: false, found };
  if (found && address !== undefined) return { ...base, address, findings: contradictions(node, found) };
  const names = node.interfaces.map(each => each.name).join(", ");
  const fact = found ? `interface ${name} has no address` : `no interface ${name}; there are ${names}`;
  return {
    ...base,
    address: "",
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

function byAddress(node: NetworkFacts, named: string, address: string): InterfaceChoice {
  const owner = node.interfaces.find(each => each.addresses.includes(address));
  const base = { node: node.node, address, reason: "the cluster file names its address", isAutomatic: false };
  const fits = owner && (named === "auto" || named === owner.name);
  if (fits) return { ...base, name: owner.name, found: owner, findings: contradictions(node, owner) };
  const name = named === "auto" ? (byRoute(node).name ?? "") : named;
  const all = node.interfaces
    .filter(each => !isInternal(each))
    .flatMap(each => each.addresses.map(own => `${own} (${each.name})`));
  return {
    ...base,
    name,
    found: interfaceOf(node, name),
    findings: [
      {
        code: "address-missing",
        severity: "error",
        host: node.node,
        path: "network.address",
        fact: owner
          ? `${address} is an address of ${owner.name}, not of ${named}`
          : `no interface has ${address}; there are ${all.join(", ")}`,
        why: "sshd and the rendezvous of the jobs could not listen on it",
        remedy: `write network.address: {${node.node}: ADDRESS} with one of ${owner ? `${named}'s` : "those"}, or leave it out`,
      },
    ],
  };
}

/** What the facts say against an interface that a person named. */
function contradictions(node: NetworkFacts, found: NetworkInterface): Finding[] {
  const contradiction = (code: string, fact: string, why: string): Finding => ({
    code,
    severity: "warning",
    host: node.node,
    path: "network.interface",
    fact,
    why,
    remedy: `ip route get ADDRESS on the host shows the way; write network.interface: {${node.node}: auto} to take it`,
  });
  if (!found.isUp) return [contradiction("interface-down", `${found.name} is down`, "no packet leaves by it")];
  const others = [...new Set(node.routes.map(route => route.interface))].filter(name => name !== found.name);
  if (node.routes.length === 0 || node.routes.some(route => route.interface === found.name)) return [];
  return [
    contradiction(
      "interface-not-routed",
      `the cluster file names ${found.name}, and the routes to the other nodes leave by ${others.join(", ")}`,
      "packets to the addresses of the cluster file take another way; NCCL would listen where nobody calls",
    ),
  ];
}

function byRoute(node: NetworkFacts): InterfaceChoice {
  const [first] = node.routes;
  if (!first) return alone(node);
  const names = [...new Set(node.routes.map(route => route.interface))];
  const findings: Finding[] = [];
  if (names.length > 1) {
    findings.push({
      code: "route-ambiguous",
      severity: "error",
      host: node.node,
      fact: `the routes to the other nodes leave by ${node.routes.map(route => `${route.interface} to ${nodeList(route.peers)}`).join(", ")}`,
      why: "one interface must reach every node; with the wrong one training hangs at the first collective",
      remedy: `write network.interface: {${node.node}: ${names[0]}} with the one that reaches all, or correct the routes`,
    });
  } else if (isInternal(interfaceOf(node, first.interface) ?? { name: first.interface })) {
    findings.push({
      code: "route-internal",
      severity: "error",
      host: node.node,
      fact: `the route to the other nodes leaves by ${first.interface}`,
      why: "interfaces of loopback, bridges and tunnels rarely reach the other nodes' containers at full speed",
      remedy: `name the interface: network.interface: {${node.node}: NAME}; if ${first.interface} is meant, name that`,
    });
  }
  return {
    node: node.node,
    name: first.interface,
    address: first.address,
    reason: `the route to ${nodeList(node.routes.length === 1 ? first.peers : node.routes.flatMap(route => route.peers))}`,
    isAutomatic: true,
    found: interfaceOf(node, first.interface),
    findings,
  };
}

function alone(node: NetworkFacts): InterfaceChoice {
  const usable = node.interfaces.find(each => each.isUp && each.addresses.length > 0 && !isInternal(each));
  const found = usable ?? node.interfaces.find(each => each.addresses.length > 0);
  if (!found) return byName(node, "auto");
  const address = found.addresses[0] ?? "";
  return {
    node: node.node,
    name: found.name,
    address,
    reason: "the only node",
    isAutomatic: true,
    found,
    findings: [],
  };
}

function interfaceOf(node: NetworkFacts, name: string): NetworkInterface | undefined {
  return node.interfaces.find(each => each.name === name);
}

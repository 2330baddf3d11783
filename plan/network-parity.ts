import type { NetworkInterface } from "../facts/interfaces";
import type { Finding } from "./finding";
import { type InterfaceChoice, isInternal } from "./interface-choice";
import type { NetworkFacts } from "./network";
import { byValue } from "./node-list";
import { parityFindings as oddHosts } from "./preflight/parity";

/** Another network must be this many times as fast before it is worth a word. */
const FASTER = 4;

/** What differs between the interfaces of the nodes, and what lies idle beside them. */
export function parityFindings(
  facts: readonly NetworkFacts[],
  chosen: readonly InterfaceChoice[],
  hasRdma: boolean,
): Finding[] {
  return [
    ...mtuFindings(chosen),
    ...speedFindings(chosen),
    ...facts.flatMap((node, index) => degradedBond(node, chosen[index]?.found)),
    // With RDMA the interface carries the rendezvous alone.
    ...(hasRdma ? [] : fasterNetwork(facts, chosen)),
  ];
}

function mtuFindings(chosen: readonly InterfaceChoice[]): Finding[] {
  return oddHosts(
    "MTU",
    chosen.map(({ node, found }) => ({ node, value: found && String(found.mtu) })),
    {
      code: "mtu-differs",
      severity: "warning",
      why: "large packets are dropped where the smaller MTU stands; small ones get through, so it looks like a hang",
      remedy:
        "give the interfaces one MTU: ip link set dev NAME mtu NUMBER on the host, and in its network configuration",
    },
  );
}

function speedFindings(chosen: readonly InterfaceChoice[]): Finding[] {
  const speed = (found: NetworkInterface | undefined) =>
    found?.speedMbps === undefined ? undefined : speedText(found.speedMbps);
  return oddHosts(
    "link speed",
    chosen.map(({ node, found }) => ({ node, value: speed(found) })),
    {
      code: "speed-differs",
      severity: "warning",
      why: "the slowest link sets the speed of all",
      remedy: "ethtool NAME on the host shows what was negotiated; a worn cable or the switch's port lowers it",
    },
  );
}

/** A bond whose links are not all up; also beneath a VLAN. */
function degradedBond(node: NetworkFacts, found: NetworkInterface | undefined): Finding[] {
  const on = (names: readonly string[]): NetworkInterface[] =>
    names.flatMap(name => node.interfaces.filter(each => each.name === name));
  const bond = [found, ...on(found?.lower ?? [])].find(each => each?.kind === "bond");
  const members = on(bond?.lower ?? []);
  const down = members.filter(member => !member.isUp);
  if (!bond || down.length === 0) return [];
  return [
    {
      code: "bond-degraded",
      severity: "warning",
      host: node.node,
      fact: `${bond.name} has ${members.length - down.length} of ${members.length} links up; down: ${down.map(each => each.name).join(", ")}`,
      why: "it is slower than those of the other nodes, and the next lost link cuts the node off",
      remedy: `cat /proc/net/bonding/${bond.name} on the host shows each link; look at the cable and the switch's port`,
    },
  ];
}

/** A network that joins all nodes and is much faster than the one that the routes name: often management against data. */
function fasterNetwork(facts: readonly NetworkFacts[], chosen: readonly InterfaceChoice[]): Finding[] {
  if (facts.length < 2 || !chosen.every(each => each.isAutomatic)) return [];
  const faster = facts.map((node, index) => fasterOn(node, chosen[index]?.found));
  const [first = [], ...rest] = faster.map(all => all.flatMap(each => each.networks));
  const others = rest.map(networks => new Set(networks));
  const network = first.find(each => others.every(networks => networks.has(each)));
  if (network === undefined) return [];
  const names = facts.map((node, index) => ({
    node: node.node,
    value: faster[index]?.find(each => each.networks.includes(network))?.name ?? "",
  }));
  const speeds = faster.flatMap(all =>
    all.flatMap(each => (each.networks.includes(network) ? [each.speedMbps ?? 0] : [])),
  );
  const used = Math.max(...chosen.map(each => each.found?.speedMbps ?? 0));
  const same = new Set(names.map(each => each.value)).size === 1;
  return [
    {
      code: "faster-network",
      severity: "warning",
      path: "network.interface",
      fact: `the network ${network} joins all nodes with ${speedText(Math.min(...speeds))} (${byValue(names)}); the routes to the nodes' addresses take one with ${speedText(used)}`,
      why: "gradients would travel over the slow one, which may be meant for management",
      remedy: same
        ? `write clusterAddress of each host as its address there, and keep network.interface: auto (or write ${names[0]?.value})`
        : "write clusterAddress of each host as its address there, and keep network.interface: auto",
    },
  ];
}

function fasterOn(node: NetworkFacts, used: NetworkInterface | undefined): NetworkInterface[] {
  const speed = used?.speedMbps;
  if (speed === undefined) return [];
  return node.interfaces.filter(
    each => each !== used && each.isUp && !isInternal(each) && (each.speedMbps ?? 0) >= speed * FASTER,
  );
}

/** `25 Gb/s`, `100 Mb/s` */
export function speedText(mbps: number): string {
  return mbps >= 1000 ? `${mbps / 1000} Gb/s` : `${mbps} Mb/s`;
}

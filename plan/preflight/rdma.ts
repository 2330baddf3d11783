import { presentValue } from "../../facts/fact";
import type { Rdma } from "../../facts/rdma";
import type { Finding } from "../finding";
import { judgePorts, type LinkLayer, portName } from "../rdma-ports";
import type { HostSight, Wanted } from "./host-sight";

/**
 * Hosts that keep RDMA from the others: one without a usable port turns it off for all. Nothing is said where no host has any, and where
 * the cluster file says on or off: the network plan tells of `on`.
 */
export function rdmaFindings(hosts: readonly HostSight[], wanted: Pick<Wanted, "rdma">): Finding[] {
  if (wanted.rdma !== "auto") return [];
  if (hosts.some(({ rdma }) => rdma.status === "unknown")) return [];
  const sights = hosts.map(({ node, rdma }) => ({ node, ...sight(presentValue(rdma)) }));
  const usable = sights.filter(({ problem }) => problem === undefined);
  if (usable.length === 0) return [];
  const layers = ["InfiniBand", "Ethernet"] as const;
  const common = layers.map(layer => usable.filter(({ kinds }) => kinds.includes(layer)).length);
  const fabric = (common[0] ?? 0) >= (common[1] ?? 0) ? "InfiniBand" : "Ethernet";
  return sights.flatMap(({ node, problem, kinds }) => {
    const fact =
      problem ?? (kinds.includes(fabric) ? undefined : `it has ${word(kinds[0])}, most hosts ${word(fabric)}`);
    if (fact === undefined) return [];
    return [
      {
        code: "rdma-unusable",
        severity: "warning" as const,
        host: node,
        path: "network.rdma",
        fact: `${fact}, so RDMA is off for all`,
        why: "all nodes talk by TCP, several times slower: a mix of RDMA and sockets would hang",
        remedy: problem === undefined ? "leave the host out, or write network.rdma: off" : remedyOf(problem),
      },
    ];
  });
}

const NO_PORT = "it has no RDMA port";
const NO_DEVICE = "/dev/infiniband has no uverbs device";
const NO_GID = "no active port has a RoCE v2 GID with an IPv4 address";

function remedyOf(problem: string): string {
  if (problem === NO_PORT) return "lspci | grep -i mellanox; modprobe mlx5_ib; or write network.rdma: off";
  if (problem === NO_DEVICE) return "modprobe ib_uverbs, and put it into /etc/modules-load.d/rdma.conf";
  if (problem === NO_GID) return "ip addr add an IPv4 address to the port's interface";
  return "ibstat names the port and its state; look at cable, switch and subnet manager: ip link set up its interface";
}

function sight(rdma: Rdma | undefined): { problem?: string; kinds: readonly LinkLayer[] } {
  const { ports, hasDevices } = rdma ?? { ports: [], hasDevices: false };
  if (ports.length === 0) return { problem: NO_PORT, kinds: [] };
  if (!hasDevices) return { problem: NO_DEVICE, kinds: [] };
  const layers = (["InfiniBand", "Ethernet"] as const).filter(
    layer => judgePorts({ ports, hasDevices }, layer).used.length > 0,
  );
  if (layers.length > 0) return { kinds: layers };
  if (ports.some(port => port.state === "ACTIVE")) return { problem: NO_GID, kinds: [] };
  const states = ports.map(port => `${portName(port)} ${port.state}`);
  return { problem: `no RDMA port is active (${states.join(", ")})`, kinds: [] };
}

function word(layer: LinkLayer | undefined): string {
  return layer === "Ethernet" ? "RoCE" : "InfiniBand";
}

import type { Rdma, RdmaPort } from "../facts/rdma";

export type LinkLayer = "InfiniBand" | "Ethernet";

/** Ports of one node, sorted into those that NCCL shall use, in the order of the rails, and the others with the reason. */
export interface JudgedPorts {
  readonly used: readonly RdmaPort[];
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
}

/** `mlx5_0:1` */
export function portName({ device, port }: RdmaPort): string {
  return `${device}:${port}`;
}

/** Indices of the port's GIDs that RoCE v2 can route by IPv4: NCCL 2.21 and later looks for such a one itself. */
export function roceIndices(port: RdmaPort): number[] {
  const isRouted = (gid: string): boolean => /^(0000:){5}ffff:/.test(gid) && !gid.startsWith(LINK_LOCAL);
  return port.gids.filter(each => each.type === "RoCE v2" && isRouted(each.gid)).map(each => each.index);
}

/** 169.254.0.0/16 */
const LINK_LOCAL = "0000:0000:0000:0000:0000:ffff:a9fe:";

/**
 * Which ports of a node RDMA of this kind may use. A card for storage or management is slower than those for the GPUs, and would set
 * the speed of all: ports below half of the fastest one's rate are left out, unless they are named.
 * @param named ports of the cluster file (`mlx5_0`, `mlx5_0:1`), in its order; undefined: all that fit
 */
export function judgePorts(rdma: Rdma, linkLayer: LinkLayer, named?: readonly string[]): JudgedPorts {
  const candidates = named === undefined ? railOrder(rdma.ports) : named.flatMap(name => portsNamed(rdma, name));
  const judged = candidates.map(port => ({ port, reason: unfitness(port, linkLayer) }));
  const fit = judged.flatMap(({ port, reason }) => (reason === undefined ? [port] : []));
  const fastest = Math.max(0, ...fit.map(port => port.rateGbps));
  const isSlow = (port: RdmaPort): boolean => named === undefined && port.rateGbps * 2 < fastest;
  const unnamed = railOrder(rdma.ports).filter(port => !candidates.includes(port));
  return {
    used: fit.filter(port => !isSlow(port)),
    leftOut: [
      ...judged.flatMap(({ port, reason }) => (reason === undefined ? [] : [{ name: portName(port), reason }])),
      ...fit.filter(isSlow).map(port => ({
        name: portName(port),
        reason: `${port.rateGbps} Gb/s, others have ${fastest}`,
      })),
      ...unnamed.map(port => ({ name: portName(port), reason: "not in network.hca" })),
    ],
  };
}

/** Ports by a name with or without the number of the port. */
export function portsNamed(rdma: Rdma, name: string): RdmaPort[] {
  return rdma.ports.filter(port => port.device === name || portName(port) === name);
}

/**
 * Machines of one kind have their cards in the same slots, though the kernel may name them in another order: by NUMA node and
 * address on the PCI bus the n-th port of one node is that of the others.
 */
export function railOrder(ports: readonly RdmaPort[]): RdmaPort[] {
  return [...ports].sort(
    (a, b) =>
      (a.numaNode ?? 0) - (b.numaNode ?? 0) ||
      compare(a.pciAddress ?? "", b.pciAddress ?? "") ||
      a.device.localeCompare(b.device, "en", { numeric: true }) ||
      a.port - b.port,
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Why a port cannot be used; undefined if it can. */
function unfitness(port: RdmaPort, linkLayer: LinkLayer): string | undefined {
  if (port.linkLayer !== linkLayer) return port.linkLayer === "Ethernet" ? "Ethernet" : "InfiniBand";
  if (port.state !== "ACTIVE") return [port.state, port.physicalState].filter(Boolean).join(", ");
  if (linkLayer === "Ethernet" && roceIndices(port).length === 0) return "no RoCE v2 GID with an IPv4 address";
  return undefined;
}

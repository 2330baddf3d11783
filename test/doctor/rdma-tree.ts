/** A *simulated* port of an RDMA card. */
export interface SimulatedPort {
  readonly device: string;
  readonly layer: "InfiniBand" | "Ethernet";
  readonly state?: string;
  /** GIDs of RoCE: with or without a routable IPv4 address. */
  readonly hasIpv4Gid?: boolean;
}

const MAPPED = "0000:0000:0000:0000:0000:ffff:0a5e:010b";
const LINK_LOCAL = "fe80:0000:0000:0000:0000:0000:0000:0001";

/**
 * Lays a *simulated* RDMA tree as the kernel shows a real one: a tmpfs over /sys/class, and device files. The interfaces stay in sight.
 */
export function layRdma(ports: readonly SimulatedPort[], hasUverbs = true): string {
  return `${clearRdma}
mount -t tmpfs simulated-rdma /sys/class && ln -s ../devices/virtual/net /sys/class/net
${ports.map(portScript).join("\n")}
${hasUverbs ? "mkdir -p /dev/infiniband && mknod /dev/infiniband/uverbs0 c 1 3" : ""}
true`;
}

export const clearRdma = "umount /sys/class 2>/dev/null; rm -rf /dev/infiniband; true";

function portScript({ device, layer, state = "4: ACTIVE", hasIpv4Gid = true }: SimulatedPort): string {
  return `d=/sys/class/infiniband/${device}; p=$d/ports/1
mkdir -p "$p/gid_attrs/types" "$p/gid_attrs/ndevs" "$p/gids" "$d/device"
echo ${layer} >"$p/link_layer"; echo '${state}' >"$p/state"; echo '5: LinkUp' >"$p/phys_state"
echo '400 Gb/sec (4X NDR)' >"$p/rate"; echo 0 >"$d/device/numa_node"
echo ${layer === "Ethernet" ? "'RoCE v2'" : "'IB/RoCE v1'"} >"$p/gid_attrs/types/0"
echo ${layer === "Ethernet" && hasIpv4Gid ? MAPPED : LINK_LOCAL} >"$p/gids/0"; echo eth0 >"$p/gid_attrs/ndevs/0"`;
}

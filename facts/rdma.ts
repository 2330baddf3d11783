import { ABSENT, type Topic } from "./fact";

/** A port below /sys/class/infiniband. */
export interface RdmaPort {
  /** `mlx5_0` */
  readonly device: string;
  readonly port: number;
  readonly linkLayer: "InfiniBand" | "Ethernet";
  /** `ACTIVE`, `INIT` (no subnet manager has seen it), `ARMED`, `DOWN`. */
  readonly state: string;
  /** `LinkUp`, `Polling` (no cable, or nothing at its other end), `Disabled`. */
  readonly physicalState?: string;
  readonly rateGbps: number;
  /** `4X NDR` */
  readonly lanes?: string;
  /** Entries of the GID table that are set. */
  readonly gids: readonly Gid[];
  /** The network interface of the port. */
  readonly interface?: string;
  readonly numaNode?: number;
  /** `0000:17:00.0` */
  readonly pciAddress?: string;
  /** Its file below /dev/infiniband, where there is one. */
  readonly uverbs?: string;
}

/** An address of a port. */
export interface Gid {
  readonly index: number;
  /** `IB/RoCE v1`, `RoCE v2`. */
  readonly type: string;
  /** Eight groups: `fe80:0000:…`. */
  readonly gid: string;
  /** RoCE: the interface whose address it is, which may be a VLAN or a bond. */
  readonly interface?: string;
}

export interface Rdma {
  readonly ports: readonly RdmaPort[];
  /** Whether /dev/infiniband has a uverbs device. */
  readonly hasDevices: boolean;
}

/** An empty entry of a GID table answers with EINVAL, hence the `2>/dev/null`. `read` keeps this free of forks: tables have 256 entries. */
export const rdma: Topic<Rdma> = {
  snippet: `set -- /sys/class/infiniband/*
[ -e "$1" ] || exit ${ABSENT}
set -- /dev/infiniband/uverbs*
[ -e "$1" ] && echo uverbs
for d in /sys/class/infiniband/*; do
  numa= pci= verbs=
  { read -r numa <"$d/device/numa_node"; } 2>/dev/null
  if [ -e "$d/device" ]; then pci=$(readlink -f "$d/device"); fi
  for v in "$d"/device/infiniband_verbs/uverbs*; do [ ! -e "/dev/infiniband/\${v##*/}" ] || verbs=\${v##*/}; done
  for p in "$d"/ports/*; do
    layer= state= physical= rate= net=
    { read -r layer <"$p/link_layer"; read -r state <"$p/state"; read -r rate <"$p/rate"; read -r physical <"$p/phys_state"; } 2>/dev/null
    for n in "$d"/device/net/*; do
      port=; { read -r port <"$n/dev_port"; } 2>/dev/null
      [ -e "$n" ] && [ "$(( \${port:-0} + 1 ))" = "\${p##*/}" ] && net="$net \${n##*/}"
    done
    echo "port|\${d##*/}|\${p##*/}|$layer|$state|$physical|$rate|$numa|\${pci##*/}|$verbs|$net"
    for g in "$p"/gids/*; do
      gid= type= net=
      { read -r gid <"$g"; } 2>/dev/null
      case $gid in ''|0000:0000:0000:0000:0000:0000:0000:0000|fe80:0000:0000:0000:0000:0000:0000:0000) continue;; esac
      { read -r type <"$p/gid_attrs/types/\${g##*/}"; read -r net <"$p/gid_attrs/ndevs/\${g##*/}"; } 2>/dev/null
      echo "gid|\${d##*/}|\${p##*/}|\${g##*/}|$type|$gid|$net"
    done
  done
done
exit 0`,
  parse(output) {
    const rows = output.split("\n").map(line => line.split("|"));
    const gids = new Map<string, Gid[]>();
    for (const [what, device, port, index, type = "", gid = "", net] of rows) {
      if (what !== "gid") continue;
      const key = `${device} ${port}`;
      const entry = { index: Number(index), type, gid, ...(net && { interface: net }) };
      gids.set(key, [...(gids.get(key) ?? []), entry]);
    }
    const ports = rows
      .filter(([what]) => what !== "gid" && what !== "uverbs" && what?.trim() !== "")
      .map(row => portOf(row, gids.get(`${row[1]} ${row[2]}`) ?? []));
    return { ports, hasDevices: rows.some(([what]) => what === "uverbs") };
  },
};

function portOf(row: readonly string[], gids: readonly Gid[]): RdmaPort {
  const [what, device = "", port, linkLayer, state = "", physical = "", rate = "", numa = "", pci, uverbs, net = ""] =
    row;
  if (what !== "port" || (linkLayer !== "InfiniBand" && linkLayer !== "Ethernet"))
    throw new Error(`cannot read an RDMA port: ${row.join("|")}`);
  const [, gbps = "0", lanes] = /^([\d.]+) Gb\/sec(?: \((.*)\))?/.exec(rate) ?? [];
  // A bond of RoCE ports has the interfaces of both; its GIDs tell the bond.
  const [own, another] = net.split(" ").filter(Boolean);
  const ofGids = gids.find(gid => gid.interface !== undefined)?.interface;
  const name = another === undefined ? (own ?? ofGids) : ofGids;
  return {
    device,
    port: Number(port),
    linkLayer,
    state: state.replace(/^\d+: /, ""),
    ...(physical && { physicalState: physical.replace(/^\d+: /, "") }),
    rateGbps: Number(gbps),
    ...(lanes && { lanes }),
    gids: [...gids].sort((a, b) => a.index - b.index),
    ...(name !== undefined && { interface: name }),
    ...(numa !== "" && Number(numa) >= 0 && { numaNode: Number(numa) }),
    ...(pci && /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.\d$/.test(pci) && { pciAddress: pci }),
    ...(uverbs && { uverbs }),
  };
}

import { ABSENT, type Topic } from "./fact";

/** A port below /sys/class/infiniband. */
export interface RdmaPort {
  /** `mlx5_0` */
  readonly device: string;
  readonly port: number;
  readonly linkLayer: "InfiniBand" | "Ethernet";
  readonly isActive: boolean;
  /** `400 Gb/sec (4X NDR)` */
  readonly rate: string;
  /** RoCE only: it has a RoCE v2 GID mapped from an IPv4 address. */
  readonly hasRoceV2Ipv4: boolean;
  readonly numaNode?: number;
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
  numa=; { read -r numa <"$d/device/numa_node"; } 2>/dev/null
  for p in "$d"/ports/*; do
    layer= state= rate= v2=no
    { read -r layer <"$p/link_layer"; read -r state <"$p/state"; read -r rate <"$p/rate"; } 2>/dev/null
    for t in "$p"/gid_attrs/types/*; do
      type=; { read -r type <"$t"; } 2>/dev/null
      [ "$type" = "RoCE v2" ] || continue
      gid=; { read -r gid <"$p/gids/\${t##*/}"; } 2>/dev/null
      case $gid in 0000:0000:0000:0000:0000:ffff:*) v2=yes; break;; esac
    done
    echo "\${d##*/}|\${p##*/}|$layer|$state|$rate|$v2|$numa"
  done
done
exit 0`,
  parse(output) {
    const lines = output.split("\n").filter(line => line.trim() !== "");
    const ports = lines
      .filter(line => line !== "uverbs")
      .map(line => {
        const [device = "", port = "", linkLayer = "", state = "", rate = "", v2 = "", numa = ""] = line.split("|");
        if (linkLayer !== "InfiniBand" && linkLayer !== "Ethernet")
          throw new Error(`cannot read an RDMA port: ${line}`);
        const numaNode = Number(numa);
        return {
          device,
          port: Number(port),
          linkLayer,
          isActive: state.endsWith("ACTIVE"),
          rate,
          hasRoceV2Ipv4: v2 === "yes",
          ...(numa !== "" && numaNode >= 0 ? { numaNode } : {}),
        } as const;
      });
    return { ports, hasDevices: lines.includes("uverbs") };
  },
};

import type { Topic } from "./fact";

/** What sysfs does not tell, as the speed of a link that is down, is left out. */
export interface NetworkInterface {
  readonly name: string;
  readonly kind: InterfaceKind;
  /** Without link-local and temporary ones; no prefix length. */
  readonly addresses: readonly string[];
  /** IPv4 networks of the addresses: `10.0.0.0/24`. */
  readonly networks: readonly string[];
  readonly isUp: boolean;
  readonly mtu: number;
  /** Of a bond all active members together. */
  readonly speedMbps?: number;
  /** `mlx5_core`, `ixgbe`, `virtio_net` … */
  readonly driver?: string;
  /** `0000:17:00.0` */
  readonly pciAddress?: string;
  readonly numaNode?: number;
  /** Interfaces that it lies on: the members of a bond or bridge, the parent of a VLAN. */
  readonly lower: readonly string[];
}

/** physical: it has a device. virtual: all others, such as dummies, VXLANs and the veth of a container. */
export type InterfaceKind =
  | "loopback"
  | "physical"
  | "infiniband"
  | "bond"
  | "vlan"
  | "bridge"
  | "tunnel"
  | "wireless"
  | "virtual";

interface Link {
  readonly ifname: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly link_type?: string;
  readonly addr_info?: readonly {
    readonly family?: string;
    readonly local?: string;
    readonly prefixlen?: number;
    readonly scope?: string;
    readonly temporary?: boolean;
  }[];
}

/** Interfaces of containers and their bridges come and go; they are nobody's choice for a cluster. */
const OF_CONTAINERS =
  /^(veth|cali|cni|flannel|cilium_|lxc[0-9a-f_]|weave|vxlan\.calico|kube-|nodelocaldns|docker\d|docker_gw|br-[0-9a-f]{12}$|podman\d|vnet\d)/;

/** What ip does not tell without `-d`, whose JSON older versions write wrongly. DEVTYPE is the kernel's own name of the kind. */
const SYSFS = `for d in /sys/class/net/*; do
  [ -e "$d/ifindex" ] || continue
  speed= numa= type= pci= driver= lower=
  { read -r speed <"$d/speed"; } 2>/dev/null
  { read -r numa <"$d/device/numa_node"; } 2>/dev/null
  { while IFS='=' read -r key value; do [ "$key" != DEVTYPE ] || type=$value; done <"$d/uevent"; } 2>/dev/null
  [ ! -e "$d/tun_flags" ] || type=tun
  [ ! -d "$d/bridge" ] || type=bridge
  if [ -e "$d/device" ]; then pci=$(readlink -f "$d/device"); fi
  if [ -e "$d/device/driver" ]; then driver=$(readlink -f "$d/device/driver"); fi
  for l in "$d"/lower_*; do [ ! -e "$l" ] || lower="$lower \${l##*/lower_}"; done
  echo "\${d##*/}|$type|$speed|\${pci##*/}|\${driver##*/}|$numa|$lower"
done
exit 0`;

export const interfaces: Topic<readonly NetworkInterface[]> = {
  snippet: `command -v ip >/dev/null || { echo "ip is not installed (Debian: apt install iproute2)"; exit 1; }
ip -j addr || exit $?
echo; echo '#sysfs'
${SYSFS}`,
  parse(output) {
    const [json = "", rest = ""] = output.split("#sysfs\n");
    const rows = new Map(
      rest.split("\n").flatMap(line => {
        const [name = "", ...row] = line.split("|");
        return row.length === 6 ? [[name, row] as const] : [];
      }),
    );
    return (JSON.parse(json) as Link[])
      .filter(link => !OF_CONTAINERS.test(link.ifname))
      .map(link => interfaceOf(link, rows.get(link.ifname) ?? []));
  },
};

function interfaceOf(link: Link, [type, speed, pci, driver, numa, lower]: readonly string[]): NetworkInterface {
  const own = (link.addr_info ?? []).filter(each => each.scope !== "link" && each.temporary !== true);
  const isPci = /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.\d$/.test(pci ?? "");
  return {
    name: link.ifname,
    kind: kindOf(link, type, driver),
    addresses: own.flatMap(each => (each.local ? [each.local] : [])),
    networks: own.flatMap(({ family, local, prefixlen }) =>
      family === "inet" && local && prefixlen !== undefined ? [networkOf(local, prefixlen)] : [],
    ),
    isUp: link.flags.includes("UP") && link.flags.includes("LOWER_UP"),
    mtu: link.mtu,
    ...(speed && Number(speed) > 0 && { speedMbps: Number(speed) }),
    ...(driver && { driver }),
    ...(isPci && pci && { pciAddress: pci }),
    ...(numa && Number(numa) >= 0 && { numaNode: Number(numa) }),
    lower: (lower ?? "")
      .split(" ")
      .filter(each => each !== "" && !OF_CONTAINERS.test(each))
      .sort(),
  };
}

function kindOf(link: Link, type: string | undefined, driver: string | undefined): InterfaceKind {
  if (link.link_type === "loopback") return "loopback";
  if (link.link_type === "infiniband") return "infiniband";
  if (type === "bond" || type === "vlan" || type === "bridge") return type;
  if (type === "tun" || type === "wireguard" || link.link_type === "none") return "tunnel";
  if (type === "wlan") return "wireless";
  return driver ? "physical" : "virtual";
}

/** `10.0.0.0/24` of 10.0.0.17 and 24. */
function networkOf(address: string, prefixLength: number): string {
  const bits = address.split(".").reduce((all, part) => all * 256 + Number(part), 0);
  const size = 2 ** (32 - prefixLength);
  const first = Math.floor(bits / size) * size;
  return `${[24, 16, 8, 0].map(shift => Math.floor(first / 2 ** shift) % 256).join(".")}/${prefixLength}`;
}

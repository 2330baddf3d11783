import type { Topic } from "./fact";

export interface NetworkInterface {
  readonly name: string;
  /** Without link-local ones; no prefix length. */
  readonly addresses: readonly string[];
  readonly isUp: boolean;
  readonly mtu: number;
}

interface Link {
  readonly ifname: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly addr_info?: readonly { readonly local?: string; readonly scope?: string }[];
}

/** Interfaces of containers and their bridges come and go; they are nobody's choice for a cluster. */
const OF_CONTAINERS = /^(veth|cali|cni|flannel|docker\d|br-[0-9a-f]{12}$)/;

export const interfaces: Topic<readonly NetworkInterface[]> = {
  snippet: `command -v ip >/dev/null || { echo "ip is not installed (Debian: apt install iproute2)"; exit 1; }\nip -j addr`,
  parse: output =>
    (JSON.parse(output) as Link[])
      .filter(link => !OF_CONTAINERS.test(link.ifname))
      .map(link => ({
        name: link.ifname,
        addresses: (link.addr_info ?? []).flatMap(each => (each.local && each.scope !== "link" ? [each.local] : [])),
        isUp: link.flags.includes("UP") && link.flags.includes("LOWER_UP"),
        mtu: link.mtu,
      })),
};

import type { Disk } from "./disks";
import type { Docker } from "./docker";
import type { Fact } from "./fact";
import { FORMAT_VERSION, type HostFacts, unaskedFacts } from "./host-facts";
import type { NetworkInterface } from "./interfaces";
import type { Rdma } from "./rdma";
import { grouped, type Route, type RouteToPeer } from "./routes";

/** What format 1 did not tell of a host. */
const UNTOLD = "unknown";

/** Format 1 had no number. A port said only whether it was active and had a RoCE v2 address, a route led to one peer. */
interface FirstFormat {
  readonly rdma?: Fact<{
    readonly ports: readonly {
      readonly device: string;
      readonly port: number;
      readonly linkLayer: "InfiniBand" | "Ethernet";
      readonly isActive: boolean;
      readonly rate: string;
      readonly hasRoceV2Ipv4: boolean;
    }[];
    readonly hasDevices: boolean;
  }>;
  readonly routes?: Fact<readonly RouteToPeer[]>;
  readonly disks?: Fact<readonly Omit<Disk, "fileSystem">[]>;
  readonly docker?: Fact<Omit<Docker, "cgroupVersion" | "isRootless">>;
  readonly interfaces?: Fact<readonly Omit<NetworkInterface, "kind" | "networks" | "lower">[]>;
}

/** An address that stands for those that format 1 did not list. */
const SOME_IPV4 = "0000:0000:0000:0000:0000:ffff:0000:0000";

/**
 * Facts as they stand in a state, in the present format: a host out of reach keeps those of its last answer, whichever version asked.
 * A topic that was not asked for then is unknown.
 */
export function currentFacts(stored: HostFacts): HostFacts {
  if (stored.formatVersion === FORMAT_VERSION) return stored;
  const old = stored as unknown as FirstFormat;
  const rest = unaskedFacts("it was not asked for when the host answered last", "bring the host back, then run again");
  return {
    ...rest,
    ...stored,
    formatVersion: FORMAT_VERSION,
    rdma: old.rdma ? mapped(old.rdma, rdmaOf) : rest.rdma,
    routes: old.routes ? mapped(old.routes, (ways): readonly Route[] => grouped(ways)) : rest.routes,
    disks: old.disks ? mapped(old.disks, all => all.map(disk => ({ ...disk, fileSystem: UNTOLD }))) : rest.disks,
    docker: old.docker
      ? mapped(old.docker, each => ({ ...each, cgroupVersion: UNTOLD, isRootless: false }))
      : rest.docker,
    interfaces: old.interfaces ? mapped(old.interfaces, all => all.map(interfaceOf)) : rest.interfaces,
  };
}

function rdmaOf(rdma: NonNullable<FirstFormat["rdma"]> extends Fact<infer T> ? T : never): Rdma {
  const ports = rdma.ports.map(({ isActive, hasRoceV2Ipv4, rate, ...port }) => ({
    ...port,
    state: isActive ? "ACTIVE" : "DOWN",
    rateGbps: Number.parseFloat(rate) || 0,
    gids: hasRoceV2Ipv4 ? [{ index: 0, type: "RoCE v2", gid: SOME_IPV4 }] : [],
  }));
  return { ...rdma, ports };
}

function interfaceOf(old: Omit<NetworkInterface, "kind" | "networks" | "lower">): NetworkInterface {
  return { kind: old.name === "lo" ? "loopback" : "physical", networks: [], lower: [], ...old };
}

function mapped<From, To>(fact: Fact<From>, change: (value: From) => To): Fact<To> {
  return fact.status === "present" ? { status: "present", value: change(fact.value) } : fact;
}

import { existsSync, readFileSync } from "node:fs";
import { formatHostKey } from "../remote/host-key";
import type { HostAddress, HostConnection } from "../remote/host-table";
import { type KnownHost, matchKnownHosts, parseKnownHosts } from "../remote/known-hosts";
import type { Cluster, ClusterBastion } from "./schema";

/** The pinned keys of a cluster; none if `muster trust` has not run yet. */
export function readPins(cluster: Cluster): readonly KnownHost[] {
  if (!existsSync(cluster.knownHosts)) return [];
  return parseKnownHosts(readFileSync(cluster.knownHosts, "utf8"), cluster.knownHosts).entries;
}

/** The hosts of a cluster file as `remote/` reaches them, each with its pinned keys. */
export function hostTable(cluster: Cluster, pins: readonly KnownHost[]): HostConnection[] {
  return cluster.hosts.map(host => ({
    name: host.name,
    address: host.address,
    port: host.port,
    user: host.user,
    hostKeys: pinnedKeys(pins, host.address, host.port),
    connectTimeoutSeconds: cluster.ssh.connectTimeoutSeconds,
    ...(host.identityFile !== undefined && { identityFile: host.identityFile }),
    ...(host.bastion && { bastion: bastionAddress(host.bastion, pins) }),
  }));
}

export function bastionAddress(bastion: ClusterBastion, pins: readonly KnownHost[]): HostAddress {
  const { address, port, user, identityFile } = bastion;
  const hostKeys = pinnedKeys(pins, address, port);
  return { address, port, user, hostKeys, ...(identityFile !== undefined && { identityFile }) };
}

function pinnedKeys(pins: readonly KnownHost[], address: string, port: number): string[] {
  return matchKnownHosts(pins, address, port).trusted.map(formatHostKey);
}

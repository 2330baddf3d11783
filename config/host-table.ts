import { existsSync, readFileSync } from "node:fs";
import { fingerprint, formatHostKey, parseHostKey } from "../remote/host-key";
import {
  endpoint,
  type HostAddress,
  type HostConnection,
  type HostTable,
  type ResolvedAddress,
  resolveAddress,
} from "../remote/host-table";
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
    keepaliveSeconds: cluster.ssh.keepaliveSeconds,
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

/** Login, address and pinned keys of a host and of its bastions, as text: another way may lead to another machine. */
export function wayTo(host: HostConnection, table: HostTable): string {
  return describeWay(resolveAddress(host, table));
}

function describeWay(target: ResolvedAddress): string {
  const keys = target.hostKeys.map(parseHostKey).filter(key => key !== undefined);
  const pins = keys.length === 0 ? "no pinned key" : keys.map(fingerprint).join(" ");
  const own = `${target.user}@${endpoint(target)} ${pins}`;
  return target.bastion ? `${own} via ${describeWay(target.bastion)}` : own;
}

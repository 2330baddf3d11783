import { fingerprint, formatHostKey, type HostKey, parseHostKey } from "../remote/host-key";
import {
  endpoint,
  type HostAddress,
  type HostConnection,
  type ResolvedAddress,
  resolveAddress,
} from "../remote/host-table";
import { type KnownKeys, matchKnownHosts } from "../remote/known-hosts";
import type { Pins } from "./pins";
import type { Cluster, ClusterBastion, ClusterHost, ClusterLogin } from "./schema";
import type { SecretRef } from "./schema/values";

/** A host of the table whose secrets are still names. */
export type DeclaredHost = HostConnection<SecretRef>;

/** The hosts of a cluster file as `remote/` reaches them, each with its pinned keys. */
export function hostTable(cluster: Cluster, pins: Pins): DeclaredHost[] {
  return cluster.hosts.map(host => hostConnection(host, pins));
}

function hostConnection(host: ClusterHost, pins: Pins): DeclaredHost {
  const { name, connectTimeoutSeconds, keepaliveSeconds, sudo, sudoPassword } = host;
  const origins = originsOf(host);
  return {
    name,
    ...hostAddress(host, pins),
    connectTimeoutSeconds,
    keepaliveSeconds,
    ...(sudo !== undefined && { sudo }),
    ...(sudoPassword !== undefined && { sudoPassword }),
    ...(origins.length > 0 && { origin: origins.join(", ") }),
  };
}

function originsOf({ origins = [], bastion }: ClusterLogin): string[] {
  if (typeof bastion !== "object") return [...origins];
  return [...origins, ...originsOf(bastion).map(line => `bastion ${bastion.address}: ${line}`)];
}

/** A bastion, or a host without what only hosts have. */
export function hostAddress(login: ClusterBastion, pins: Pins): HostAddress<SecretRef> {
  const { address, port, user, identityFile, certificateFile, identitiesOnly, agent, hostKeyAlias } = login;
  const { password, passphrase, bastion } = login;
  const { trusted, authorities, revoked } = knownKeys(login, pins);
  return {
    address,
    port,
    user,
    hostKeys: trusted.map(formatHostKey),
    ...(authorities.length > 0 && { hostAuthorities: authorities.map(formatHostKey) }),
    ...(revoked.length > 0 && { revokedHostKeys: revoked.map(formatHostKey) }),
    ...(hostKeyAlias !== undefined && { hostKeyAlias }),
    ...(identityFile !== undefined && { identityFile }),
    ...(certificateFile !== undefined && { certificateFile }),
    ...(identitiesOnly !== undefined && { identitiesOnly }),
    ...(agent !== undefined && { agent }),
    ...(password !== undefined && { password }),
    ...(passphrase !== undefined && { passphrase }),
    ...(bastion !== undefined && { bastion: typeof bastion === "string" ? bastion : hostAddress(bastion, pins) }),
  };
}

/** What the cluster's known_hosts file, and those that ssh_config names for the host, say of it. */
export function knownKeys(login: ClusterLogin, pins: Pins): KnownKeys {
  const files = [pins.own, ...(login.knownHostsFiles ?? []).map(file => pins.others.get(file) ?? [])];
  return matchKnownHosts(files.flat(), login);
}

/** Login, address and trusted keys of a host and of its bastions, as text: another way may lead to another machine. */
export function wayTo<Secret>(host: HostConnection<Secret>, table: readonly HostConnection<Secret>[]): string {
  return describeWay(resolveAddress(host, table));
}

function describeWay(target: ResolvedAddress<unknown>): string {
  const { hostKeys, hostAuthorities = [], bastion } = target;
  const pins = hostKeys.length === 0 && hostAuthorities.length === 0 ? ["no pinned key"] : fingerprints(hostKeys);
  const authorities = fingerprints(hostAuthorities).map(mark => `authority ${mark}`);
  const own = [`${target.user}@${endpoint(target)}`, ...pins, ...authorities].join(" ");
  return bastion ? `${own} via ${describeWay(bastion)}` : own;
}

function fingerprints(keys: readonly string[]): string[] {
  return keys
    .map(parseHostKey)
    .filter((key): key is HostKey => key !== undefined)
    .map(fingerprint);
}

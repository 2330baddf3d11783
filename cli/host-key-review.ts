import type { Certificate } from "../remote/certificate";
import { fingerprint, type HostKey, parseHostKey } from "../remote/host-key";
import { type HostTable, type ResolvedAddress, resolveAddress } from "../remote/host-table";
import { formatKnownHost, hostPattern } from "../remote/known-hosts";

/** An ssh server of the cluster, a host or a bastion, with what is known of its keys. */
export type KeyOwner = Pick<
  ResolvedAddress,
  "label" | "address" | "port" | "hostKeyAlias" | "hostKeys" | "hostAuthorities" | "revokedHostKeys"
>;

/** `new`: nothing is pinned for it. `changed`: another key of the same type is. `added`: keys of other types are. */
export type KeyStanding = "pinned" | "new" | "added" | "changed" | "revoked" | "certified";

export interface ReviewedKey {
  readonly owner: KeyOwner;
  readonly key: HostKey;
  readonly fingerprint: string;
  readonly standing: KeyStanding;
  /** Who certified the key. */
  readonly authority?: HostKey;
}

/** What the pins say about the keys that a server showed. */
export function reviewKeys(
  owner: KeyOwner,
  keys: readonly (HostKey & { readonly fingerprint: string })[],
): ReviewedKey[] {
  const [trusted, revoked] = [keysOf(owner.hostKeys), keysOf(owner.revokedHostKeys)];
  return keys.map(({ type, base64, fingerprint: mark }) => {
    const standing = (): KeyStanding => {
      if (revoked.some(pin => pin.base64 === base64)) return "revoked";
      if (trusted.some(pin => pin.base64 === base64)) return "pinned";
      if (trusted.some(pin => pin.type === type)) return "changed";
      return trusted.length > 0 ? "added" : "new";
    };
    return { owner, key: { type, base64 }, fingerprint: mark, standing: standing() };
  });
}

/** The key that a trusted authority certifies: there is nothing to pin. */
export function certifiedKey(owner: KeyOwner, { key, authority }: Certificate): ReviewedKey {
  return { owner, key, fingerprint: fingerprint(key), standing: "certified", authority };
}

/** The lines that pin the new keys, in the order of the review. */
export function pinLines(keys: readonly ReviewedKey[]): string[] {
  return keys
    .filter(({ standing }) => standing === "new" || standing === "added")
    .map(({ owner, key }) => formatKnownHost([owner], key));
}

/** How known_hosts names a server. */
export function knownName({
  address,
  port,
  hostKeyAlias,
}: Pick<KeyOwner, "address" | "port" | "hostKeyAlias">): string {
  return hostKeyAlias ?? hostPattern(address, port);
}

/** Every ssh server on the ways to the hosts, once, with how many servers lie before it. */
export function serversOf(table: HostTable): { readonly server: ResolvedAddress; readonly depth: number }[] {
  const found = new Map<string, { readonly server: ResolvedAddress; readonly depth: number }>();
  for (const host of table) {
    for (let server: ResolvedAddress | undefined = resolveAddress(host, table); server; server = server.bastion) {
      const way = wayOf(server);
      // A host that is a bastion too goes by its name.
      if (!found.has(way.join(" ")) || server.label === host.name) {
        found.set(way.join(" "), { server, depth: way.length - 1 });
      }
    }
  }
  return [...found.values()];
}

function wayOf(server: ResolvedAddress): string[] {
  return [knownName(server), ...(server.bastion ? wayOf(server.bastion) : [])];
}

function keysOf(texts: readonly string[] = []): HostKey[] {
  return texts.map(parseHostKey).filter(key => key !== undefined);
}

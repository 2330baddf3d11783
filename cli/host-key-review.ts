import type { HostKey } from "../remote/host-key";
import { formatKnownHost, type KnownHost, matchKnownHosts } from "../remote/known-hosts";

/** An ssh server of the cluster: a host, or a bastion. */
export interface KeyOwner {
  /** The host's name; `bastion` for one that has none. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** `new`: nothing is pinned for it. `changed`: another key of the same type is. `added`: keys of other types are. */
export type KeyStanding = "pinned" | "new" | "added" | "changed" | "revoked";

export interface ReviewedKey {
  readonly owner: KeyOwner;
  readonly key: HostKey;
  readonly fingerprint: string;
  readonly standing: KeyStanding;
}

/** What the pins say about the keys that a server showed. */
export function reviewKeys(
  owner: KeyOwner,
  keys: readonly (HostKey & { readonly fingerprint: string })[],
  pins: readonly KnownHost[],
): ReviewedKey[] {
  const known = matchKnownHosts(pins, owner);
  return keys.map(({ type, base64, fingerprint }) => {
    const key = { type, base64 };
    const standing = (): KeyStanding => {
      if (known.revoked.some(pin => pin.base64 === base64)) return "revoked";
      if (known.trusted.some(pin => pin.base64 === base64)) return "pinned";
      if (known.trusted.some(pin => pin.type === type)) return "changed";
      return known.trusted.length > 0 ? "added" : "new";
    };
    return { owner, key, fingerprint, standing: standing() };
  });
}

/** The lines that pin the new keys, in the order of the review. */
export function pinLines(keys: readonly ReviewedKey[]): string[] {
  return keys
    .filter(({ standing }) => standing === "new" || standing === "added")
    .map(({ owner, key }) => formatKnownHost([{ address: owner.address, port: owner.port }], key));
}

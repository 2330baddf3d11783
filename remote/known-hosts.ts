import { createHmac } from "node:crypto";
import { formatHostKey, type HostKey, parseHostKey } from "./host-key";
import { matchesPatternList } from "./pattern";

/** What a line says of its key: it is the host's own, it signs certificates of hosts, or it must never be trusted. */
export type KnownHostUse = "host" | "authority" | "revoked";

/** One line of a known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). */
export interface KnownHost {
  /** Name patterns, or one hashed name. */
  readonly names: readonly string[];
  readonly key: HostKey;
  readonly use: KnownHostUse;
  readonly file: string;
  readonly line: number;
}

export interface KnownHostsFile {
  readonly entries: readonly KnownHost[];
  /** Lines that were left out, and why. For the operator. */
  readonly notes: readonly string[];
}

const MARKERS: Readonly<Record<string, KnownHostUse>> = { "@cert-authority": "authority", "@revoked": "revoked" };

/** Reads a known_hosts file. A line that cannot be used becomes a note, never an entry. */
export function parseKnownHosts(text: string, file = "known_hosts"): KnownHostsFile {
  const entries: KnownHost[] = [];
  const notes: string[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.replace(/^[ \t]+|[ \t]+$/g, "");
    if (line === "" || line.startsWith("#")) continue;
    const entry = parseLine(line);
    if (typeof entry === "string") notes.push(`${file}:${index + 1}: ${entry}`);
    else entries.push({ ...entry, file, line: index + 1 });
  }
  return { entries, notes };
}

function parseLine(line: string): Omit<KnownHost, "file" | "line"> | string {
  // As in OpenSSH a marker ends at the first space, and only in a line without any at a tab (hostfile.c, check_markers).
  const [, marker, rest = line] = /^(@[^ ]*) (.*)$/.exec(line) ?? /^(@[^\t]*)\t(.*)$/.exec(line) ?? [];
  const use = marker === undefined ? "host" : MARKERS[marker];
  if (use === undefined || rest.startsWith("@")) return `left out: unknown marker ${marker}`;
  const [names, type, base64] = rest.trim().split(/[ \t]+/);
  if (!names || !type || !base64) return "left out: it is not `names type key`";
  const key = parseHostKey(`${type} ${base64}`);
  if (!key) return `left out: its key is not a valid ${type} key`;
  return { names: names.startsWith("|") ? [names] : names.split(","), key, use };
}

export interface KnownKeys {
  readonly trusted: readonly HostKey[];
  /** Keys of authorities whose certificates are trusted. */
  readonly authorities: readonly HostKey[];
  /** Never to be trusted for this host, whatever else says so. */
  readonly revoked: readonly HostKey[];
}

/** How a host is looked up. */
export interface KnownHostName {
  /** As the operator writes it: ssh looks for the name, not for what it resolves to. */
  readonly address: string;
  /** Default 22. */
  readonly port?: number;
  /** HostKeyAlias: looked up instead, without a port. */
  readonly hostKeyAlias?: string;
}

/**
 * The keys known for a host. As in OpenSSH an authority for a name is one on every port; so is a revocation. A host's own key
 * counts for its port alone: several hosts may be behind one address.
 */
export function matchKnownHosts(entries: readonly KnownHost[], name: KnownHostName): KnownKeys {
  const { address, port = 22, hostKeyAlias } = name;
  const own = hostKeyAlias?.toLowerCase() ?? hostPattern(address, port);
  const bare = hostKeyAlias?.toLowerCase() ?? hostPattern(address);
  const keys = (use: KnownHostUse) =>
    entries
      .filter(entry => entry.use === use && (matches(entry, own) || (use !== "host" && matches(entry, bare))))
      .map(entry => entry.key);
  const revoked = keys("revoked");
  const unrevoked = (key: HostKey) => !revoked.some(({ base64 }) => base64 === key.base64);
  return { trusted: keys("host").filter(unrevoked), authorities: keys("authority").filter(unrevoked), revoked };
}

/** How known_hosts writes a host: `name`, or `[name]:port` for any port but 22. */
export function hostPattern(address: string, port = 22): string {
  const name = address.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** One line for one key, without its newline. */
export function formatKnownHost(names: readonly KnownHostName[], key: HostKey): string {
  const patterns = names.map(({ address, port, hostKeyAlias }) => hostKeyAlias ?? hostPattern(address, port));
  return `${patterns.join(",")} ${formatHostKey(key)}`;
}

/** Whether the line is about a name, written as known_hosts writes it. */
export function matches({ names }: Pick<KnownHost, "names">, name: string): boolean {
  const [first] = names;
  if (first?.startsWith("|")) return matchesHash(first, name);
  return matchesPatternList(
    name,
    names.map(pattern => pattern.toLowerCase()),
  );
}

/** `|1|salt|hash`: HMAC-SHA1 of the name under the salt, both base64 (OpenSSH, hostfile.c). */
function matchesHash(pattern: string, name: string): boolean {
  const [, version, salt, hash] = pattern.split("|");
  if (version !== "1" || !salt || !hash) return false;
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
}

import { createHmac } from "node:crypto";
import { formatHostKey, type HostKey, parseHostKey } from "./host-key";

/** One line of a known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). */
export interface KnownHost {
  /** Name patterns, or one hashed name. */
  readonly names: readonly string[];
  readonly key: HostKey;
  readonly revoked: boolean;
  readonly line: number;
}

export interface KnownHostsFile {
  readonly entries: readonly KnownHost[];
  /** Lines that were left out, and why. For the operator. */
  readonly notes: readonly string[];
}

/** Reads a known_hosts file. A line that cannot be used becomes a note, never an entry. */
export function parseKnownHosts(text: string, file = "known_hosts"): KnownHostsFile {
  const entries: KnownHost[] = [];
  const notes: string[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const entry = parseLine(line, index + 1);
    if (typeof entry === "string") notes.push(`${file}:${index + 1}: ${entry}`);
    else entries.push(entry);
  }
  return { entries, notes };
}

function parseLine(line: string, number: number): KnownHost | string {
  const fields = line.split(/\s+/);
  const marker = fields[0]?.startsWith("@") ? fields.shift() : undefined;
  if (marker === "@cert-authority") return "left out: host certificates are not supported, pin the host's own key";
  if (marker !== undefined && marker !== "@revoked") return `left out: unknown marker ${marker}`;
  const [names, type, base64] = fields;
  if (!names || !type || !base64) return "left out: it is not `names type key`";
  const key = parseHostKey(`${type} ${base64}`);
  if (!key) return `left out: its key is not a valid ${type} key`;
  return { names: names.split(","), key, revoked: marker === "@revoked", line: number };
}

export interface KnownKeys {
  readonly trusted: readonly HostKey[];
  /** Never to be trusted for this host, whatever else says so. */
  readonly revoked: readonly HostKey[];
}

/** The keys known for a host. `address` is as the operator writes it: ssh looks for the name, not for what it resolves to. */
export function matchKnownHosts(entries: readonly KnownHost[], address: string, port = 22): KnownKeys {
  const name = hostPattern(address, port);
  const matching = entries.filter(entry => matches(entry.names, name));
  const revoked = matching.filter(entry => entry.revoked).map(entry => entry.key);
  const trusted = matching
    .filter(entry => !entry.revoked && !revoked.some(key => key.base64 === entry.key.base64))
    .map(entry => entry.key);
  return { trusted, revoked };
}

/** How known_hosts writes a host: `name`, or `[name]:port` for any port but 22. */
export function hostPattern(address: string, port = 22): string {
  const name = address.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** One line for one key, without its newline. */
export function formatKnownHost(addresses: readonly { address: string; port?: number }[], key: HostKey): string {
  return `${addresses.map(({ address, port }) => hostPattern(address, port)).join(",")} ${formatHostKey(key)}`;
}

/** A list matches when one of its patterns does and none of the negated ones does. */
function matches(patterns: readonly string[], name: string): boolean {
  let found = false;
  for (const pattern of patterns) {
    const negated = pattern.startsWith("!");
    if (!matchesOne(negated ? pattern.slice(1) : pattern, name)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

function matchesOne(pattern: string, name: string): boolean {
  if (pattern.startsWith("|")) return matchesHash(pattern, name);
  const expression = pattern
    .toLowerCase()
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${expression}$`).test(name);
}

/** `|1|salt|hash`: HMAC-SHA1 of the name under the salt, both base64 (OpenSSH, hostfile.c). */
function matchesHash(pattern: string, name: string): boolean {
  const [, version, salt, hash] = pattern.split("|");
  if (version !== "1" || !salt || !hash) return false;
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
}

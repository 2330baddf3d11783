/** How commands become root on a host. */
export type SudoMode = "none" | "passwordless" | "password";

/** Where a host is and how to get in. JSON-serialisable: private keys are paths, never their contents. */
export interface HostAddress {
  /** IP address or DNS name. */
  readonly address: string;
  /** Default 22. */
  readonly port?: number;
  readonly user: string;
  /** Path of a private key; `~/` is the operator's home. Without it the usual files of `~/.ssh` are tried. */
  readonly identityFile?: string;
  /** Secret. The text of a private key instead of a file; only for commands that bring their own connection, never in a host table. */
  readonly privateKey?: string;
  /** Socket of an ssh-agent. Default: `SSH_AUTH_SOCK`. "none": no agent. */
  readonly agent?: string;
  /** Secret. Password login is tried only if this is declared. */
  readonly password?: string;
  /** Secret. Opens the identity file. */
  readonly passphrase?: string;
  /** Another host to go through: its name in the table, or its address. */
  readonly bastion?: string | HostAddress;
  /** Pinned host keys, as `ssh-ed25519 AAAA…`. Without any the host is refused. */
  readonly hostKeys: readonly string[];
  /** Limit for reaching, checking and logging in to the host, retries included. Default 15. */
  readonly connectTimeoutSeconds?: number;
  /** The connection is given up after three signs of life, asked for this often, stay out. Default 15. */
  readonly keepaliveSeconds?: number;
}

/** One host of the table. */
export interface HostConnection extends HostAddress {
  /** The host's name in the cluster file. */
  readonly name: string;
  /** How commands become root. Default: found out once per connection. */
  readonly sudo?: SudoMode;
  /** Secret. Default: `password`. */
  readonly sudoPassword?: string;
}

export type HostTable = readonly HostConnection[];

/** A host of the table with its chain of bastions made explicit, nearest to the host first. */
export interface ResolvedAddress extends Omit<HostAddress, "bastion" | "port"> {
  readonly port: number;
  readonly bastion?: ResolvedAddress;
  /** Name for messages: the host's name, or `user@address` for a bastion without one. */
  readonly label: string;
}

/** Text for messages: `10.0.0.1:22`, `[fe80::1]:22`. */
export function endpoint(target: { readonly address: string; readonly port: number }): string {
  return target.address.includes(":") ? `[${target.address}]:${target.port}` : `${target.address}:${target.port}`;
}

/** Identity of a pooled connection: hosts with the same key share one. */
export function connectionKey(target: ResolvedAddress): string {
  const own = `${target.user}@${endpoint(target)}`;
  return target.bastion ? `${own} via ${connectionKey(target.bastion)}` : own;
}

/**
 * Looks up bastions by name.
 * @throws Error when a bastion is not in the table, or when bastions go round in a circle.
 */
export function resolveAddress(host: HostConnection, table: HostTable): ResolvedAddress {
  return resolve(host, host.name, table, [host.name]);
}

function resolve(host: HostAddress, label: string, table: HostTable, path: readonly string[]): ResolvedAddress {
  const { bastion, ...own } = host;
  const target = { ...own, port: host.port ?? 22, label };
  if (bastion === undefined) return target;
  if (typeof bastion !== "string") {
    return { ...target, bastion: resolve(bastion, `${bastion.user}@${bastion.address}`, table, path) };
  }
  const found = table.find(entry => entry.name === bastion);
  if (!found) throw new Error(`host ${label}: bastion "${bastion}" is not in the host table. Declare it as a host.`);
  if (path.includes(bastion))
    throw new Error(`host ${label}: its bastions go round in a circle: ${[...path, bastion].join(" -> ")}.`);
  return { ...target, bastion: resolve(found, found.name, table, [...path, bastion]) };
}

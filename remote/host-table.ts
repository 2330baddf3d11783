/** How commands become root on a host. */
export type SudoMode = "none" | "passwordless" | "password";

/**
 * Where a host is and how to get in. JSON-serialisable: private keys are paths, never their contents.
 * `Secret` is text where hosts are reached; elsewhere the name of a secret, or a value that the engine keeps.
 */
export interface HostAddress<Secret = string> {
  /** IP address or DNS name. */
  readonly address: string;
  /** Default 22. */
  readonly port?: number;
  readonly user: string;
  /** Paths of private keys; `~/` is the operator's home. Absent: the usual files of `~/.ssh` are tried. */
  readonly identityFile?: string | readonly string[];
  /** Paths of OpenSSH user certificates. `<identity file>-cert.pub` is found by itself. */
  readonly certificateFile?: string | readonly string[];
  /** Of the agent's keys only those of the identity files are offered. */
  readonly identitiesOnly?: boolean;
  /** Secret. The text of a private key instead of a file; only for commands that bring their own connection, never in a host table. */
  readonly privateKey?: string;
  /** Socket of an ssh-agent. Default: `SSH_AUTH_SOCK`. "none": no agent. */
  readonly agent?: string;
  /** Secret. Password login is tried only if this is declared. */
  readonly password?: Secret;
  /** Secret. Opens the identity files. */
  readonly passphrase?: Secret;
  /** Another host to go through: its name in the table, or its address. */
  readonly bastion?: string | HostAddress<Secret>;
  /** Pinned host keys, as `ssh-ed25519 AAAA…`. Without any, and without authorities, the host is refused. */
  readonly hostKeys: readonly string[];
  /** Keys of authorities whose host certificates are trusted for this host. */
  readonly hostAuthorities?: readonly string[];
  /** Host keys, and keys of authorities, that are never trusted. */
  readonly revokedHostKeys?: readonly string[];
  /** The name that a host certificate must be for. Default: the address. */
  readonly hostKeyAlias?: string;
  /** Limit for reaching, checking and logging in to the host, retries included. Default 15. */
  readonly connectTimeoutSeconds?: number;
  /** The connection is given up after three signs of life, asked for this often, stay out. Default 15. */
  readonly keepaliveSeconds?: number;
}

/** One host of the table. */
export interface HostConnection<Secret = string> extends HostAddress<Secret> {
  /** The host's name in the cluster file. */
  readonly name: string;
  /** How commands become root. Default: found out once per connection. */
  readonly sudo?: SudoMode;
  /** Secret. Default: `password`. */
  readonly sudoPassword?: Secret;
  /** Lines of ssh_config that the way to the host comes from, such as `HostName ~/.ssh/config:3`. For messages. */
  readonly origin?: string;
}

export type HostTable = readonly HostConnection[];

/** A host of the table with its chain of bastions made explicit, nearest to the host first. */
export interface ResolvedAddress<Secret = string> extends Omit<HostAddress<Secret>, "bastion" | "port"> {
  readonly port: number;
  readonly bastion?: ResolvedAddress<Secret>;
  readonly origin?: string;
  /** Name for messages: the host's name, or `user@address` for a bastion without one. */
  readonly label: string;
}

/** The host, its secrets opened; also those of its bastions. */
export function withSecrets<From, To>(host: HostConnection<From>, open: (secret: From) => To): HostConnection<To> {
  const { sudoPassword, ...rest } = host;
  return {
    ...addressWithSecrets(rest, open),
    name: host.name,
    ...(sudoPassword !== undefined && { sudoPassword: open(sudoPassword) }),
  };
}

function addressWithSecrets<From, To>(address: HostAddress<From>, open: (secret: From) => To): HostAddress<To> {
  const { password, passphrase, bastion, ...rest } = address;
  return {
    ...rest,
    ...(password !== undefined && { password: open(password) }),
    ...(passphrase !== undefined && { passphrase: open(passphrase) }),
    ...(bastion !== undefined && {
      bastion: typeof bastion === "string" ? bastion : addressWithSecrets(bastion, open),
    }),
  };
}

export function asList<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as T];
}

/** Text for messages: `10.0.0.1:22`, `[fe80::1]:22`. */
export function endpoint(target: { readonly address: string; readonly port: number }): string {
  return target.address.includes(":") ? `[${target.address}]:${target.port}` : `${target.address}:${target.port}`;
}

/** Identity of a pooled connection: hosts with the same key share one. */
export function connectionKey(target: ResolvedAddress<unknown>): string {
  const own = `${target.user}@${endpoint(target)}`;
  return target.bastion ? `${own} via ${connectionKey(target.bastion)}` : own;
}

/**
 * Looks up bastions by name.
 * @throws Error when a bastion is not in the table, or when bastions go round in a circle.
 */
export function resolveAddress<Secret>(
  host: HostConnection<Secret>,
  table: readonly HostConnection<Secret>[],
): ResolvedAddress<Secret> {
  return resolve(host, host.name, table, [host.name]);
}

function resolve<Secret>(
  host: HostAddress<Secret>,
  label: string,
  table: readonly HostConnection<Secret>[],
  path: readonly string[],
): ResolvedAddress<Secret> {
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

import { z } from "zod";
import type { HostConnection } from "../../remote/host-table";
import type { CheckFailure } from "../kind";

const endpoint = {
  host: z.string().min(1),
  port: z.number().int().optional(),
  user: z.string().optional(),
  hostKey: z.string().optional(),
  privateKey: z.string().optional(),
  privateKeyPassword: z.string().optional(),
  password: z.string().optional(),
  agentSocketPath: z.string().optional(),
  dialErrorLimit: z.number().optional(),
  perDialTimeout: z.number().optional(),
};

/** The connection of a remote command (@pulumi/command 1.2.1). */
export const connection = z.strictObject({ ...endpoint, proxy: z.strictObject(endpoint).optional() });

export type Connection = z.infer<typeof connection>;

/** @pulumi/command takes any host key when none is given; here that is refused. */
export function checkHostKeys(declared: Connection): CheckFailure[] {
  const reason = 'is required: the host\'s public key, such as "ssh-ed25519 AAAA…". `muster trust` shows it.';
  const missing = [
    ...(declared.hostKey ? [] : ["connection.hostKey"]),
    ...(declared.proxy && !declared.proxy.hostKey ? ["connection.proxy.hostKey"] : []),
  ];
  return missing.map(property => ({ property, reason }));
}

/** The same as an entry of a host table. */
export function hostOf(declared: Connection): HostConnection {
  const { proxy } = declared;
  return {
    ...addressOf(declared),
    name: declared.host,
    // The SDK's commands run as the login user.
    sudo: "none",
    ...(proxy ? { bastion: addressOf(proxy) } : {}),
  };
}

function addressOf(declared: Omit<Connection, "proxy">): Omit<HostConnection, "name"> {
  return {
    address: declared.host,
    user: declared.user ?? "root",
    hostKeys: declared.hostKey ? [declared.hostKey] : [],
    ...(declared.port === undefined ? {} : { port: declared.port }),
    ...(declared.privateKey ? { privateKey: declared.privateKey } : {}),
    ...(declared.privateKeyPassword ? { passphrase: declared.privateKeyPassword } : {}),
    ...(declared.password ? { password: declared.password } : {}),
    ...(declared.agentSocketPath ? { agent: declared.agentSocketPath } : {}),
    ...(declared.perDialTimeout ? { connectTimeoutSeconds: declared.perDialTimeout } : {}),
  };
}

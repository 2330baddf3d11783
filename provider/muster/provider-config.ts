import { z } from "zod";
import type { Ownership, StackIdentity } from "../../remote/ownership";
import type { Bag } from "../bag";
import type { CheckFailure } from "../kind";
import { isAllowed } from "../operation";
import type { Configuration, Services, Session } from "../provider-package";

const paths = z.union([z.string(), z.array(z.string())]);

const address = z.strictObject({
  address: z.string().min(1).describe("IP address or DNS name."),
  port: z.int().min(1).max(65_535).optional(),
  user: z.string().min(1),
  identityFile: paths.optional().describe("Paths of private keys."),
  certificateFile: paths.optional().describe("Paths of OpenSSH user certificates."),
  identitiesOnly: z.boolean().optional().describe("Offer only these keys, not all that the agent holds."),
  agent: z.string().optional().describe('Socket of an ssh-agent, or "none".'),
  password: z.string().optional().describe("Secret."),
  passphrase: z.string().optional().describe("Secret. Opens the identity files."),
  hostKeys: z.array(z.string()).describe("Pinned host keys."),
  hostAuthorities: z
    .array(z.string())
    .optional()
    .describe("Keys of authorities whose host certificates are trusted for this host."),
  revokedHostKeys: z.array(z.string()).optional().describe("Keys that are never trusted."),
  hostKeyAlias: z.string().optional().describe("The name that a host certificate must be for. Default: the address."),
  connectTimeoutSeconds: z.number().positive().optional(),
  keepaliveSeconds: z.number().positive().optional(),
});

/** Another host to go through: its name in the table, or its address. */
type BastionInput = string | (z.infer<typeof address> & { bastion?: BastionInput });

const bastion: z.ZodType<Exclude<BastionInput, string>> = address
  .extend({
    get bastion(): z.ZodType<BastionInput | undefined> {
      return z.union([z.string(), bastion]).optional();
    },
  })
  .meta({ id: "Bastion" });

const hostConnection = address.extend({
  name: z.string().min(1),
  bastion: z
    .union([z.string(), bastion])
    .optional()
    .describe("Another host to go through: its name in this table, or its address."),
  sudo: z.enum(["none", "passwordless", "password"]).optional(),
  sudoPassword: z.string().optional().describe("Secret. Default: the password."),
});

const inputs = z.strictObject({
  cluster: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,39}$/, "must be lower-case letters, digits and dashes, 40 at most")
    .describe("Name of the cluster: part of names and folders on the hosts."),
  hosts: z
    .array(hostConnection)
    .describe("How to reach each host: address, port, user, references to keys, bastion, pinned host keys."),
  formerHosts: z
    .array(hostConnection)
    .optional()
    .describe(
      "Hosts of earlier runs that are no longer declared: what is left on them can still be removed. Kept by itself.",
    ),
  nodes: z
    .array(
      z.strictObject({
        host: z.string().min(1),
        address: z.string().regex(/^[A-Za-z0-9:][A-Za-z0-9:._-]*$/, "must be an IP address or a host name"),
      }),
    )
    .optional()
    .describe("Where the nodes of the cluster reach each other. Here once, and not with each host: it has them all."),
  origins: z
    .record(z.string(), z.string())
    .optional()
    .describe("By a host's name, the lines of ssh_config that the way to it comes from. For messages."),
  auditLog: z.string().optional().describe("File that gets one line per change of a host."),
  connectTimeoutSeconds: z.number().positive().optional().describe("Limit for reaching and logging in to a host."),
});

export type ProviderConfig = z.infer<typeof inputs>;

export const musterConfiguration: Configuration = {
  inputs,
  fields: {
    cluster: { change: "update" },
    hosts: { change: "update" },
    formerHosts: { change: "update" },
    nodes: { change: "update" },
    origins: { change: "ignore" },
    auditLog: { change: "update" },
    connectTimeoutSeconds: { change: "update" },
  },
  secretLeaves: ["password", "passphrase", "sudoPassword"],
  check: checkHosts,
  carry: carryFormerHosts,
};

/**
 * A host that was taken out of the cluster file is needed once more, to remove what is on it. It stays known until it is
 * declared again, so that a second run finds the same configuration.
 */
function carryFormerHosts(old: Bag, news: Bag): Bag {
  const before = old as Partial<ProviderConfig>;
  const declared = new Set(((news as Partial<ProviderConfig>).hosts ?? []).map(host => host.name));
  const known = [...(before.hosts ?? []), ...(before.formerHosts ?? [])];
  const former = known.filter(
    (host, index) => !declared.has(host.name) && known.findIndex(one => one.name === host.name) === index,
  );
  return former.length === 0 ? {} : { formerHosts: former };
}

function checkHosts(known: Bag): CheckFailure[] {
  const { hosts = [] } = known as Partial<ProviderConfig>;
  const seen = new Set<string>();
  return hosts.flatMap((host, index) => {
    if (!seen.has(host.name)) {
      seen.add(host.name);
      return [];
    }
    return [{ property: `hosts[${index}].name`, reason: `"${host.name}" is declared twice.` }];
  });
}

/** Makes the hosts of a configuration reachable. Nothing is connected yet. */
export function openMuster(configuration: Bag, services: Services, stack?: StackIdentity): Session {
  const {
    cluster,
    hosts: declared,
    formerHosts = [],
    nodes,
    origins = {},
    auditLog,
    connectTimeoutSeconds,
  } = configuration as ProviderConfig;
  const hosts = [...declared, ...formerHosts].map(host => ({ ...host, origin: origins[host.name] }));
  const ownership: Ownership | undefined = stack && {
    folder: `/var/lib/muster/${cluster}`,
    stack,
    takesOver: host => isAllowed("MUSTER_TAKE_OVER", host) || isAllowed("MUSTER_TAKE_OVER", "all"),
  };
  return {
    cluster,
    ...(nodes ? { nodes } : {}),
    ...(ownership ? { ownership } : {}),
    hosts: services.transport.hosts({
      hosts,
      ...(auditLog ? { auditLog } : {}),
      ...(connectTimeoutSeconds ? { connectTimeoutSeconds } : {}),
      ...(ownership ? { ownership } : {}),
    }),
  };
}

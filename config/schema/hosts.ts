import { z } from "zod";
import { localPath, localPaths, nodeName, portNumber, quantity, secretRef } from "./values";

const address = z
  .string()
  .regex(/^[A-Za-z0-9.:_-]+$/, "an IP address or a host name, without user or port")
  .describe("Where the operator's SSH reaches the host: an IP address, a name, or a Host of the ssh config file.");

const port = portNumber.describe("Default: that of the ssh config file, else 22.");

/** How to log in. Everywhere: what is not said here comes from `ssh`, then from the ssh config file. */
const login = {
  user: z.string().min(1).optional().describe("Default: that of ssh, then that of the ssh config file."),
  identityFile: localPaths.optional().describe("Private key, or several. `~/` is the operator's home."),
  certificateFile: localPaths
    .optional()
    .describe("OpenSSH user certificate, or several. `<identityFile>-cert.pub` is found by itself."),
  identitiesOnly: z.boolean().optional().describe("Offer only the keys named here, not all that the agent holds."),
  agent: localPath.optional().describe("Socket of an ssh-agent, or none. Default: that of SSH_AUTH_SOCK."),
  passphrase: secretRef.optional().describe("Opens the identity files that are encrypted."),
  password: secretRef.optional().describe("Logs in where no key does. That of ssh is for hosts, not for bastions."),
};

const hostKeyAlias = z
  .string()
  .regex(/^[^\s,!*?|[\]]+$/, "a name, such as gpu-1")
  .optional()
  .describe("Name under which the host key is known, instead of address and port.");

/** How commands become root. */
const sudo = {
  sudo: z
    .enum(["auto", "none", "passwordless", "password"])
    .optional()
    .describe("How a user other than root becomes root: auto finds out. Default auto."),
  sudoPassword: secretRef.optional().describe("Default: the password."),
};

const nearBastion = z.strictObject({ address, port: port.optional(), ...login, hostKeyAlias });

export interface BastionSettings extends z.infer<typeof nearBastion> {
  bastion?: BastionChoice;
}

/** A bastion of its own, the name of a host, or `none`. */
export type BastionChoice = string | BastionSettings;

const bastion: z.ZodType<BastionSettings> = nearBastion
  .extend({
    get bastion(): z.ZodType<BastionChoice | undefined> {
      return through.optional();
    },
  })
  .meta({ id: "BastionSettings" });

const through: z.ZodType<BastionChoice> = z.union([z.string().min(1), bastion]).meta({
  id: "BastionChoice",
  description:
    "A host to jump through, whose key is pinned like any other; it may have a bastion itself. Or the name of another host here, or none.",
});

export const ssh = z
  .strictObject({
    port: port.optional(),
    ...login,
    user: z
      .string()
      .min(1)
      .optional()
      .describe("Who logs in on the hosts; needs root or sudo. Default: that of the ssh config file, else root."),
    ...sudo,
    connectTimeoutSeconds: quantity("seconds", "How long one connection may take. Default 15.").optional(),
    keepaliveSeconds: quantity(
      "seconds",
      "A silent connection is asked for a sign of life this often, and given up after three without an answer.",
    ).default(15),
    bastion: through.optional(),
    configFile: localPath
      .optional()
      .describe(
        "An ssh_config(5) file, or none. Default: ~/.ssh/config, if it is there. What is said here wins over it.",
      ),
  })
  .describe("How the operator reaches the hosts, unless a host says otherwise.");

export const host = z.strictObject({
  name: nodeName.describe("Name of the host, and of its node in the cluster."),
  address,
  port: portNumber.optional().describe("Default: that of ssh, then that of the ssh config file."),
  ...login,
  hostKeyAlias,
  ...sudo,
  bastion: through.optional(),
  clusterAddress: address
    .optional()
    .describe(
      "Where the other nodes reach it, if that is not where the operator does: behind NAT, or with several hosts on one IP. Default: address.",
    ),
  gpus: z.int().min(1).optional().describe("GPUs of this host, if it should be checked before it is reached."),
  interface: z
    .string()
    .min(1)
    .optional()
    .describe("Network interface to the other nodes. Default: by the route to them."),
});

export const inventory = z
  .strictObject({
    hosts: z.array(host).min(1),
    ssh: ssh.optional(),
    knownHosts: localPath.optional(),
  })
  .describe("Hosts that another tool has listed. Paths are relative to the inventory file.");

export type HostEntry = z.infer<typeof host>;
export type SshSettings = z.infer<typeof ssh>;

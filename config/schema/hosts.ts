import { z } from "zod";
import { localPath, nodeName, portNumber, quantity } from "./values";

const address = z
  .string()
  .regex(/^[A-Za-z0-9.:_-]+$/, "an IP address or a host name, without user or port")
  .describe("Where the operator's SSH reaches the host. An IP address or a name.");

export const bastion = z
  .strictObject({
    address,
    port: portNumber.default(22),
    user: z.string().min(1).optional().describe("Default: the user of ssh."),
    identityFile: localPath.optional().describe("Default: the identity file of ssh."),
  })
  .describe("A host to jump through. Its host key is pinned like any other.");

export const ssh = z
  .strictObject({
    user: z.string().min(1).default("root").describe("Who logs in on the hosts; needs root or sudo."),
    port: portNumber.default(22),
    identityFile: localPath.optional().describe("Private key. Without it the agent is asked."),
    connectTimeoutSeconds: quantity("seconds", "How long one connection may take.").default(15),
    keepaliveSeconds: quantity(
      "seconds",
      "A silent connection is asked for a sign of life this often, and given up after three without an answer.",
    ).default(15),
    bastion: bastion.optional(),
  })
  .describe("How the operator reaches the hosts, unless a host says otherwise.");

export const host = z.strictObject({
  name: nodeName.describe("Name of the host, and of its node in the cluster."),
  address,
  port: portNumber.optional(),
  user: z.string().min(1).optional(),
  identityFile: localPath.optional(),
  bastion: bastion.optional(),
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
export type BastionSettings = z.infer<typeof bastion>;

import type { Cluster, ClusterHost } from "../config/schema";
import { quote } from "../remote/shell";

/** Arguments of OpenSSH's client that reach a host as muster does: pinned keys only, its own user, port, key and bastion. */
export function sshArguments(cluster: Cluster, host: ClusterHost): string[] {
  const strict = ["-o", "StrictHostKeyChecking=yes", "-o", `UserKnownHostsFile=${cluster.knownHosts}`];
  const identity = (file: string | undefined): string[] => (file === undefined ? [] : ["-i", file]);
  const { bastion } = host;
  const through = bastion
    ? [
        "ssh",
        ...strict,
        ...identity(bastion.identityFile),
        "-p",
        String(bastion.port),
        "-W",
        "[%h]:%p",
        `${bastion.user}@${bastion.address}`,
      ]
    : undefined;
  return [
    ...strict,
    ...identity(host.identityFile),
    ...(through ? ["-o", `ProxyCommand=${through.map(quoteForProxy).join(" ")}`] : []),
    "-p",
    String(host.port),
    `${host.user}@${host.address}`,
  ];
}

/** ssh expands %h and %p itself, so these stay bare. */
function quoteForProxy(argument: string): string {
  return argument === "[%h]:%p" ? argument : quote(argument);
}

/** What to start at the other end: a shell in the node's container. */
export function containerShell(cluster: Cluster, host: ClusterHost): string {
  const sudo = host.user === "root" ? "" : "sudo ";
  return `${sudo}docker exec -it ${quote(cluster.container.name)} sh -c 'exec "$(command -v bash || command -v sh)" -l'`;
}

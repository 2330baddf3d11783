/** A node as the other nodes reach it. */
export interface MeshNode {
  readonly name: string;
  /** Address on the data network. */
  readonly address: string;
  /** Port of the sshd in the container. */
  readonly port: number;
}

/** Where the container's private key of the mesh lies. */
export const meshKeyPath = "/root/.ssh/id_ed25519";
export const meshKnownHostsPath = "/root/.ssh/known_hosts";

/** Where the client's files are. Default: those of a node container. */
export interface MeshPlaces {
  readonly key: string;
  readonly knownHosts: string;
}

/** /root/.ssh/config of every node: each other node by name, strict host keys, no agent, no password. */
export function renderSshConfig(
  nodes: readonly MeshNode[],
  places: MeshPlaces = { key: meshKeyPath, knownHosts: meshKnownHostsPath },
): string {
  const hosts = nodes.map(node =>
    [
      `Host ${node.name}`,
      `    HostName ${node.address}`,
      `    Port ${node.port}`,
      `    HostKeyAlias ${node.name}`,
    ].join("\n"),
  );
  const common = [
    `Host ${nodes.map(node => node.name).join(" ")}`,
    "    User root",
    `    IdentityFile ${places.key}`,
    "    IdentitiesOnly yes",
    `    UserKnownHostsFile ${places.knownHosts}`,
    "    StrictHostKeyChecking yes",
    "    PasswordAuthentication no",
    "    BatchMode yes",
    "    ConnectTimeout 15",
    "    ServerAliveInterval 15",
    "    ServerAliveCountMax 4",
  ].join("\n");
  return `${[managed, ...hosts, common].join("\n\n")}\n`;
}

const managed = "# Written by muster from the cluster file. Changes here are undone by the next up.";

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

/** /root/.ssh/config of every node: each other node by name, strict host keys, no agent, no password. */
export function renderSshConfig(nodes: readonly MeshNode[]): string {
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
    `    IdentityFile ${meshKeyPath}`,
    "    IdentitiesOnly yes",
    `    UserKnownHostsFile ${meshKnownHostsPath}`,
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

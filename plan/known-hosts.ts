/** A node with the public host key of its container's sshd. */
export interface NodeHostKey {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** `ssh-ed25519 AAAA…`, without comment or with. */
  readonly publicKey: string;
}

/** known_hosts of the mesh: each node by name (HostKeyAlias) and by address and port, so that any way of calling it is strict. */
export function renderKnownHosts(nodes: readonly NodeHostKey[]): string {
  return nodes
    .map(node => {
      const at = node.port === 22 ? node.address : `[${node.address}]:${node.port}`;
      const [type = "", key = ""] = node.publicKey.trim().split(/\s+/);
      return `${node.name},${at} ${type} ${key}\n`;
    })
    .join("");
}

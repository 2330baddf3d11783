/**
 * authorized_keys of the containers: the mesh key only from the nodes' addresses, then the people of the cluster file.
 * The mesh key opens containers only; no host has it.
 */
export function renderAuthorizedKeys(
  meshPublicKey: string,
  nodeAddresses: readonly string[],
  people: readonly string[],
): string {
  const from = [...new Set([...nodeAddresses, "127.0.0.1", "::1"])].join(",");
  const mesh = `from="${from}",no-agent-forwarding,no-X11-forwarding ${meshPublicKey.trim()}`;
  return [mesh, ...people.map(key => key.trim())].map(line => `${line}\n`).join("");
}

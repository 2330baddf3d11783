import { quote } from "../remote/shell";

/** A program named ssh that reads the mesh's configuration, for whatever calls ssh by its name. */
export function renderMeshSsh(config: string): string {
  return `#!/bin/sh
# Written by muster from the cluster file. Changes here are undone by the next up.
exec /usr/bin/ssh -F ${quote(config)} "$@"
`;
}

/** What runs the mesh's sshd on a host without a container. */
export function meshSshdCommand(config: string): string[] {
  return ["sh", "-c", `mkdir -p /run/sshd && exec /usr/sbin/sshd -D -e -f ${quote(config)}`];
}

/** Exit 0 once the mesh's sshd answers on its address. */
export function meshProbe(address: string, port: number): string {
  return `ssh-keyscan -T 5 -t ed25519 -p ${port} ${quote(address)} 2>/dev/null | grep -q ssh-ed25519\n`;
}

import { quote } from "../remote/shell";

/** Variables of a node, in the order in which later ones win: network, the container's env of the cluster file. */
export function nodeEnvironment(...layers: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const merged: Record<string, string> = Object.assign({}, ...layers);
  return Object.fromEntries(Object.entries(merged).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/**
 * /root/.ssh/environment: `NAME=value` lines that sshd gives to every session, also to `ssh node-2 env`.
 * Values are taken to the end of the line, without quotes; sshd has no way to write a line break.
 */
export function renderSshEnvironment(env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .map(([name, value]) => {
      if (/[\n\0]/.test(value)) throw new Error(`container.env.${name}: found a line break, expected one line`);
      return `${name}=${value}\n`;
    })
    .join("");
}

/** /etc/muster/profile.sh: the same variables for login shells and `docker exec`, and the proxy's functions. */
export function renderProfile(env: Readonly<Record<string, string>>): string {
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  return [
    "# Written by muster from the cluster file. Changes here are undone by the next up.\n",
    ...exports,
    "if [ -r /etc/muster/proxy.sh ]; then . /etc/muster/proxy.sh; fi\n",
  ].join("");
}

/** `~/.deepspeed_env`: DeepSpeed's launcher carries NCCL's variables to the other nodes, but not Gloo's and not ModelScope's. */
export function renderDeepspeedEnv(env: Readonly<Record<string, string>>): string {
  return renderSshEnvironment(env);
}

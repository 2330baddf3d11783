import { asList, type ResolvedAddress } from "../remote/host-table";

/** The name by which the host is called in the configuration of `sshClientConfig`. */
export const TARGET_ALIAS = "muster-hop-0";

/**
 * An ssh_config for OpenSSH's client that reaches a host as muster does: pinned keys and trusted authorities only, its own login, through
 * its bastions. `knownHosts` are files, the cluster's first.
 */
export function sshClientConfig(target: ResolvedAddress<unknown>, knownHosts: readonly string[]): string {
  const blocks: string[] = [];
  let hop = 0;
  for (let next: ResolvedAddress<unknown> | undefined = target; next; next = next.bastion) {
    blocks.push(block(next, hop, knownHosts));
    hop++;
  }
  return blocks.join("\n");
}

function block(hop: ResolvedAddress<unknown>, index: number, knownHosts: readonly string[]): string {
  const { address, port, user, identityFile, identitiesOnly, agent, hostKeyAlias, connectTimeoutSeconds } = hop;
  const identities = identityFile === undefined ? [] : asList(identityFile);
  const lines: (readonly [string, ...string[]])[] = [
    ["HostName", address.replaceAll("%", "%%")],
    ["Port", String(port)],
    ["User", user],
    ...(identityFile !== undefined && identities.length === 0 ? [["IdentityFile", "none"] as const] : []),
    ...identities.map(name => ["IdentityFile", pathText(name)] as const),
    ...asList(hop.certificateFile).map(name => ["CertificateFile", pathText(name)] as const),
    ...(identitiesOnly ? [["IdentitiesOnly", "yes"] as const] : []),
    ...(agent === undefined ? [] : [["IdentityAgent", pathText(agent)] as const]),
    ...(hostKeyAlias === undefined ? [] : [["HostKeyAlias", hostKeyAlias] as const]),
    ...(connectTimeoutSeconds === undefined
      ? []
      : [["ConnectTimeout", String(Math.ceil(connectTimeoutSeconds))] as const]),
    ["UserKnownHostsFile", ...knownHosts.map(pathText)],
    ["GlobalKnownHostsFile", "none"],
    ["StrictHostKeyChecking", "yes"],
    ["UpdateHostKeys", "no"],
    ["ProxyJump", hop.bastion ? `muster-hop-${index + 1}` : "none"],
  ];
  const text = lines.map(([keyword, ...values]) => `  ${keyword} ${valueText(keyword, values)}\n`).join("");
  return `Host muster-hop-${index}\n${text}`;
}

/** ProxyJump knows no quotes. */
function valueText(keyword: string, values: readonly string[]): string {
  return keyword === "ProxyJump" ? values.join(" ") : values.map(quoted).join(" ");
}

function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
}

/** In paths OpenSSH fills in tokens. */
function pathText(name: string): string {
  return name.replaceAll("%", "%%");
}

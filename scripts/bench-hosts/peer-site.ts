import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { output } from "./command";
import { keyFiles, OWN_NOTE } from "./host-state";
import type { NodePlace, Site } from "./place";
import type { SimulatedHosts } from "./simulated-hosts";

/**
 * What the operator of another tool would have in git: the hosts, and every file of every node but the keys. The files are those
 * that muster has just made there, so that all tools bring the hosts to the same end.
 */
export async function writePeerSite(
  site: Site,
  hosts: SimulatedHosts,
  keys: { identityFile: string; knownHosts: string },
): Promise<void> {
  rmSync(site.peers, { recursive: true, force: true });
  mkdirSync(site.peers, { recursive: true });
  const put = (file: string, text: string): void => writeFileSync(join(site.peers, file), text);
  put("hosts", site.nodes.map(({ name, address, port }) => `${name} ${address} ${port}\n`).join(""));
  put("ssh_config", sshConfigText(site.nodes, keys));
  put("inventory.ini", inventoryText(site.nodes, keys));
  await output({ program: "cp", args: [keys.identityFile, join(site.peers, "id_ed25519")] });
  await output({ program: "cp", args: [keys.knownHosts, join(site.peers, "known_hosts")] });
  const without = [...keyFiles, OWN_NOTE].map(file => `--exclude=./${file.replace(/^bench\//, "")}`).join(" ");
  await hosts.each(
    site.nodes.map(node => node.name),
    async name => {
      const folder = join(site.peers, "files", name);
      mkdirSync(folder, { recursive: true });
      const tree = await hosts.bytes(name, `tar -C /var/lib/muster/bench -c ${without} .`);
      await output({ program: "tar", args: ["-C", folder, "-xp"], input: tree });
    },
  );
}

/** The keys of the run before go, so that the next first run makes its own. */
export async function forgetKeys(site: Site): Promise<void> {
  for (const folder of ["keys", "archives", "facts"])
    rmSync(join(site.peers, folder), { recursive: true, force: true });
  for (const { name } of site.nodes) {
    for (const file of keyFiles) rmSync(join(site.peers, "files", name, file.replace(/^bench\//, "")), { force: true });
  }
}

/** Kept connections in a folder of each run: the script's own affair is to use them, ours that none outlives its run. */
function sshConfigText(nodes: readonly NodePlace[], keys: { identityFile: string; knownHosts: string }): string {
  const places = nodes.map(({ name, address, port }) => `Host ${name}\n  HostName ${address}\n  Port ${port}\n`);
  return `${places.join("")}Host *
  User root
  IdentityFile ${keys.identityFile}
  UserKnownHostsFile ${keys.knownHosts}
  StrictHostKeyChecking yes
  BatchMode yes
  ControlMaster auto
  ControlPath \${BENCH_SOCKETS}/%n
  ControlPersist 60
`;
}

function inventoryText(nodes: readonly NodePlace[], keys: { identityFile: string; knownHosts: string }): string {
  const hosts = nodes.map(({ name, address, port }) => `${name} ansible_host=${address} ansible_port=${port}\n`);
  return `[nodes]
${hosts.join("")}
[nodes:vars]
ansible_user=root
ansible_ssh_private_key_file=${keys.identityFile}
ansible_ssh_common_args=-o UserKnownHostsFile=${keys.knownHosts}
`;
}

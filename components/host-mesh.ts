import type { Cluster } from "../config/schema";

/** Files of the mesh between hosts without containers: an sshd of muster's own, beside the host's, with keys of its own. */
export interface HostMesh {
  readonly config: string;
  readonly key: string;
  readonly knownHosts: string;
  readonly authorizedKeys: string;
  readonly sshdConfig: string;
  readonly hostKey: string;
  /** Folder with an `ssh` that reads `config`. */
  readonly bin: string;
}

/** The paths, the same on every host. Nothing in /root/.ssh or /etc/ssh is touched. */
export function hostMesh({ name }: Pick<Cluster, "name">): HostMesh {
  const root = `/var/lib/muster/${name}`;
  return {
    config: `${root}/ssh/config`,
    key: `${root}/ssh/id_ed25519`,
    knownHosts: `${root}/ssh/known_hosts`,
    authorizedKeys: `${root}/ssh/authorized_keys`,
    sshdConfig: `${root}/node/sshd_config`,
    hostKey: `${root}/node/ssh_host_ed25519_key`,
    bin: `${root}/bin`,
  };
}

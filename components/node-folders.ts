import type { Cluster } from "../config/schema";
import { hostPathOf } from "../plan/mounts";

/** Where muster keeps things on a host, and where the node container sees them. docs/architecture.md has the table. */
export interface Folder {
  readonly host: string;
  readonly container: string;
}

export interface NodeFolders {
  /** sshd_config, host key, start.sh, proxy.sh, profile.sh */
  readonly node: Folder;
  /** Mesh key, authorized_keys, known_hosts, config, environment. */
  readonly ssh: Folder;
  readonly tools: Folder;
  /** Small result files of the pipeline's steps. */
  readonly results: Folder;
  /** Data sets that came from the operator's side. */
  readonly data: Folder;
  /** The working directory: the cluster file's own mount, if it has one there. */
  readonly workspace: Folder;
}

type Settings = Pick<Cluster, "name" | "container" | "runtime">;

/** Folders of a node. Where jobs run on the host itself, they see them at the host's own paths. */
export function nodeFolders(settings: Settings): NodeFolders {
  const root = `/var/lib/muster/${settings.name}`;
  if (settings.runtime === "host") {
    const own = (name: string): Folder => ({ host: `${root}/${name}`, container: `${root}/${name}` });
    return {
      node: own("node"),
      ssh: own("ssh"),
      tools: own("tools"),
      results: own("results"),
      data: own("data"),
      workspace: own("workspace"),
    };
  }
  const { workdir, mounts } = settings.container;
  const own = mounts.find(mount => mount.container === workdir);
  return {
    node: { host: `${root}/node`, container: "/etc/muster" },
    ssh: { host: `${root}/ssh`, container: "/root/.ssh" },
    tools: { host: `${root}/tools`, container: "/opt/muster" },
    results: { host: `${root}/results`, container: "/var/lib/muster/results" },
    data: { host: `${root}/data`, container: "/var/lib/muster/data" },
    workspace: { host: own?.host ?? `${root}/workspace`, container: workdir },
  };
}

/** Path on the host of a path in the container, if a mount leads there. */
export function hostPath(settings: Settings, path: string): string | undefined {
  if (settings.runtime === "host") return path;
  return hostPathOf(path, [...(Object.values(nodeFolders(settings)) as Folder[]), ...settings.container.mounts]);
}

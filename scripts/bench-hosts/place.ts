import { join, resolve } from "node:path";

/** Root of the checkout, from the sources and from dist. */
export const checkout = resolve(
  __dirname,
  __dirname.endsWith(join("dist", "scripts", "bench-hosts")) ? "../../.." : "../..",
);

/** The scripts and playbooks of the other tools. */
export const peersFolder = join(checkout, "scripts", "bench-hosts", "peers");

/** A node of the cluster, as all tools reach it. */
export interface NodePlace {
  readonly name: string;
  readonly address: string;
  /** Port of its ssh server, or of the relay in front of it. */
  readonly port: number;
}

/** Everything that one size needs lies in one folder. */
export interface Site {
  readonly nodes: readonly NodePlace[];
  /** muster's project: Pulumi.yaml, cluster file, state. */
  readonly project: string;
  /** The other tools' folder: `hosts`, `files/NODE/…`, `ssh_config`, `inventory.ini`. */
  readonly peers: string;
}

export function siteAt(folder: string, nodes: readonly NodePlace[]): Site {
  const own = join(folder, `${nodes.length}-hosts`);
  return { nodes, project: join(own, "project"), peers: join(own, "peers") };
}

import { hostTable } from "../config/host-table";
import { loadCluster } from "../config/load";
import { noPins, type Pins, readPins } from "../config/pins";
import { warningText } from "../config/problem";
import type { Cluster, ClusterHost } from "../config/schema";
import { ConnectionPool } from "../remote/pool";
import { Redactor } from "../remote/redact";
import { SshHosts } from "../remote/ssh-hosts";
import { OperatorError } from "../wire/operator-error";
import { clusterFileOf } from "./cluster-file";
import { openedTable } from "./connection-secrets";
import type { Console } from "./console";
import type { VerbCall } from "./verb";

/** A cluster and the way to its hosts. */
export interface ClusterAccess {
  readonly cluster: Cluster;
  readonly hosts: SshHosts;
}

/** Loads a cluster file, by default the stack's, and closes all connections when `act` is done. */
export async function withCluster<T>(
  call: VerbCall<object>,
  act: (access: ClusterAccess) => Promise<T>,
  file = clusterFileOf(call.folder, call.flags.stack, call.console.env),
): Promise<T> {
  const cluster = loadCluster(file);
  const pins = readPins(cluster);
  warn(call.console, cluster, pins);
  const table = await openedTable(call, file, hostTable(cluster, pins));
  const pool = new ConnectionPool();
  try {
    return await act({ cluster, hosts: new SshHosts({ table, pool, redactor: new Redactor() }) });
  } finally {
    await pool.close();
  }
}

/** Tells what is allowed and should be known. */
export function warn(console: Console, cluster: Cluster, pins: Pins = noPins): void {
  for (const note of [...cluster.warnings.map(warningText), ...pins.notes]) console.err.write(`warning: ${note}\n`);
}

/** A host of the cluster by its name. */
export function hostNamed(cluster: Cluster, name: string): ClusterHost {
  const host = cluster.hosts.find(each => each.name === name);
  if (host) return host;
  throw new OperatorError({
    summary: `there is no host ${name}`,
    where: cluster.file,
    remedy: `name one of ${cluster.hosts.map(each => each.name).join(", ")}`,
  });
}

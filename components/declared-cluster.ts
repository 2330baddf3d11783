import * as pulumi from "@pulumi/pulumi";
import { loadCluster } from "../config/load";
import { ConfigErrors, warningText } from "../config/problem";
import type { Cluster } from "../config/schema";
import { Stop } from "./stop";

/**
 * The cluster file of the stack (`muster:cluster`), checked.
 * @throws RunError with every problem of the file; the engine shows the text alone, without a stack trace
 */
export function declaredCluster(config: pulumi.Config): Cluster {
  try {
    const cluster = loadCluster(config.require("cluster"), { hasSecret: name => config.get(name) !== undefined });
    for (const warning of cluster.warnings) void pulumi.log.warn(warningText(warning));
    return cluster;
  } catch (error) {
    if (error instanceof ConfigErrors) throw new Stop(error.message);
    throw error;
  }
}

import type { Cluster } from "../config/schema";
import type { Finding } from "../plan/finding";
import { launcherFindings } from "../plan/launcher-environment";
import type { NetworkPlan } from "../plan/network";

/** Against a launcher that has one environment for all nodes. */
export function launcherFindingsOf({ pipeline }: Cluster, { nodes }: NetworkPlan): Finding[] {
  const train = pipeline?.train;
  if (train?.launcher !== "deepspeed") return [];
  return launcherFindings(nodes.filter(({ node }) => train.nodes.includes(node)));
}

import type { Cluster } from "../config/schema";
import { meshScript, parseMesh } from "../facts/mesh";
import { type MeshTrials, meshPairs } from "../plan/preflight/mesh";
import type { FailedPort } from "../plan/preflight/reach";
import type { Hosts } from "../remote/runner";
import { quote } from "../remote/shell";

const LOGIN_SECONDS = 10;
const TRIAL_SECONDS = 100;

/**
 * Logs in from node to node, strictly, where jobs run. A pair whose port does not answer is not tried: that is said already.
 * @param nodes those whose mesh is there
 */
export async function surveyMesh(
  hosts: Hosts,
  cluster: Cluster,
  nodes: readonly string[],
  options: { readonly isFull: boolean; readonly closed: readonly FailedPort[]; readonly told: (node: string) => void },
): Promise<MeshTrials> {
  const closed = options.closed.filter(({ port }) => port === cluster.container.sshPort);
  const tried = new Map<string, readonly string[]>();
  for (const [from, targets] of meshPairs(nodes, options.isFull)) {
    tried.set(
      from,
      targets.filter(to => !closed.some(trial => trial.from === from && trial.to === to)),
    );
  }
  const isHost = cluster.runtime === "host";
  const into = isHost ? "sh -c" : `docker exec ${quote(cluster.container.name)} sh -c`;
  const ssh = isHost ? quote(`/var/lib/muster/${cluster.name}/bin/ssh`) : "ssh";
  const failed: { from: string; to: string; reason: string }[] = [];
  const untried: { node: string; reason: string }[] = [];
  await Promise.all(
    [...tried].map(async ([from, targets]) => {
      if (targets.length === 0) return;
      try {
        const script = meshScript(into, ssh, targets, LOGIN_SECONDS);
        const { stdout } = await hosts.probe(from).query(script, { timeoutSeconds: TRIAL_SECONDS });
        failed.push(...parseMesh(stdout).map(({ node: to, reason }) => ({ from, to, reason })));
      } catch (error) {
        tried.delete(from);
        untried.push({ node: from, reason: error instanceof Error ? error.message : String(error) });
      }
      options.told(from);
    }),
  );
  return { failed, tried, untried };
}

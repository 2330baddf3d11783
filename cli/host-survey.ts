import { modelFindings, modelFolder } from "../components/model-findings";
import { networkSurroundings } from "../components/network-surroundings";
import type { Cluster, ClusterHost } from "../config/schema";
import { presentValue } from "../facts/fact";
import { hostFactsScript, parseHostFacts } from "../facts/host-facts";
import { type PassingAsked, type PassingFacts, parsePassingFacts, passingFactsScript } from "../facts/passing-facts";
import type { Finding } from "../plan/finding";
import { fitnessFactsOf, type KnownHost, networkFactsOf } from "../plan/known-facts";
import { planNetwork } from "../plan/network";
import { preflight } from "../plan/preflight";
import { unknownFacts } from "../plan/unknown-facts";
import { wayToRoot } from "../remote/access";
import { RemoteError } from "../remote/remote-error";
import type { Hosts } from "../remote/runner";
import { quote } from "../remote/shell";

/** A host that answered, with what is true of it only for now. */
export interface SurveyedHost extends KnownHost {
  readonly passing: PassingFacts;
  /** The node's container is there, or the mesh of hosts without one: ports that are taken may be its own. */
  readonly hasContainer: boolean;
  /** Difference to the operator's clock, in seconds. */
  readonly clockSkewSeconds?: number;
}

/** Asks one host for everything that doctor judges; changes nothing. */
export async function surveyHost(hosts: Hosts, cluster: Cluster, host: ClusterHost): Promise<SurveyedHost> {
  const probe = hosts.probe(host.name);
  const peers = cluster.hosts.filter(each => each.name !== host.name).map(each => each.clusterAddress);
  const asked = { peers, model: modelFolder(cluster) };
  const wanted = passingQuestions(cluster);
  const isOurs =
    cluster.runtime === "host"
      ? `[ -e ${quote(`/var/lib/muster/${cluster.name}/jobs/mesh-${host.name}/job.json`)} ]`
      : `docker inspect --type container ${quote(cluster.container.name)} >/dev/null 2>&1`;
  const began = Date.now();
  const [facts, passing, present, access] = await Promise.all([
    probe.query(hostFactsScript(asked)),
    probe.query(passingFactsScript(wanted)),
    probe.query(isOurs),
    probe.access(),
  ]);
  const now = parsePassingFacts(passing.stdout, wanted);
  const clock = presentValue(now.clock);
  const halfway = (began + Date.now()) / 2000;
  return {
    node: host.name,
    address: host.clusterAddress,
    facts: parseHostFacts(facts.stdout, asked),
    access: wayToRoot(access),
    // Doctor belongs to no stack.
    foreignOwner: "",
    passing: now,
    hasContainer: present.exitCode === 0,
    ...(clock && { clockSkewSeconds: clock.epochSeconds - halfway }),
  };
}

/** The disks behind what is mounted, and the Python that runs the jobs. */
function passingQuestions({ container, runtime, python }: Cluster): PassingAsked {
  const environment = python.environment?.path;
  const place =
    runtime === "host" ? environment && { python: `${environment}/bin/python` } : { container: container.name };
  return { folders: container.mounts.map(mount => mount.host), ...(place && { python: place }) };
}

/** A host that could not be asked is an error of its own, never a host without GPUs. */
export function unreachable(host: ClusterHost, error: unknown): Finding {
  const details = error instanceof RemoteError ? error.details : undefined;
  return {
    code: "unreachable",
    severity: "error",
    host: host.name,
    fact: details?.problem ?? (error instanceof Error ? error.message : String(error)),
    why: "nothing else about this host is known",
    remedy: details?.remedy ?? "check address, port, user and key in the cluster file",
  };
}

/** Everything that speaks against the cluster file on these hosts. */
export function findingsOf(cluster: Cluster, surveyed: readonly SurveyedHost[]): Finding[] {
  const facts = fitnessFactsOf(surveyed).map((fitness, index) => {
    const host = surveyed[index];
    const ports = host && !host.hasContainer ? presentValue(host.passing.listeningPorts) : undefined;
    return { ...fitness, listeningPorts: ports ?? [], ...(host && { clockSkewSeconds: host.clockSkewSeconds }) };
  });
  const wanted = {
    slots: cluster.slots,
    shmSizeGib: cluster.container.shmSizeGib,
    inContainers: cluster.runtime === "container",
    ports: (node: string) => wantedPorts(cluster, node),
    paths: () => [],
  };
  const isComplete = surveyed.length === cluster.hosts.length;
  return [
    ...unknownFacts(surveyed),
    ...(isComplete
      ? planNetwork(networkFactsOf(surveyed), cluster.network, networkSurroundings(cluster)).findings
      : []),
    ...preflight(facts, wanted),
    ...modelFindings(cluster, surveyed),
  ];
}

function wantedPorts(cluster: Cluster, node: string): { port: number; use: string }[] {
  const ports = [{ port: cluster.container.sshPort, use: "the sshd of the node's container" }];
  const serve = cluster.pipeline?.serve;
  if (serve && (serve.node ?? cluster.hosts[0]?.name) === node) ports.push({ port: serve.port, use: "serving" });
  return ports;
}

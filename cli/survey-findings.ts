import { gpuFindings } from "../components/gpu-findings";
import { launcherFindingsOf } from "../components/launcher-findings";
import { modelFindings, spaceWanted } from "../components/model-findings";
import { networkSurroundings } from "../components/network-surroundings";
import { wantedOf } from "../components/wanted";
import type { Cluster, ClusterHost } from "../config/schema";
import { type Fact, presentValue } from "../facts/fact";
import type { Finding } from "../plan/finding";
import { networkFactsOf, sightsOf } from "../plan/known-facts";
import { type NetworkPlan, planNetwork } from "../plan/network";
import { preflight } from "../plan/preflight";
import type { HostSight } from "../plan/preflight/host-sight";
import { fullDisks } from "../plan/space";
import { unknownFacts } from "../plan/unknown-facts";
import { RemoteError } from "../remote/remote-error";
import type { SurveyedHost } from "./host-survey";

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

/** The network plan of the hosts that answered. */
export function networkOf(cluster: Cluster, surveyed: readonly SurveyedHost[]): NetworkPlan {
  return planNetwork(networkFactsOf(surveyed), cluster.network, networkSurroundings(cluster));
}

/** Everything that the hosts' facts say against the cluster file. */
export function findingsOf(
  cluster: Cluster,
  surveyed: readonly SurveyedHost[],
  network = networkOf(cluster, surveyed),
): Finding[] {
  const sights = sightsOf(surveyed).map((sight, index): HostSight => {
    const host = surveyed[index];
    if (!host) return sight;
    const { gpuHolders, container, image, passing, clockAheadSeconds } = host;
    const { packages, folders: mounts } = passing;
    return {
      ...sight,
      gpuHolders,
      container,
      image,
      mounts,
      packages,
      ...(clockAheadSeconds !== undefined && { clockAheadSeconds }),
    };
  });
  const spaceOf = (node: string) => {
    const fact = surveyed.find(host => host.node === node)?.folderSpace;
    return (fact && presentValue(fact)) ?? [];
  };
  // Without all hosts the ways to the others are not known.
  const isComplete = surveyed.length === cluster.hosts.length;
  return [
    ...unknownFacts(surveyed, cluster.network.rdma !== "off"),
    ...surveyed.flatMap(unknownNow),
    ...(isComplete ? [...network.findings, ...launcherFindingsOf(cluster, network)] : []),
    ...preflight(sights, wantedOf(cluster), network.rdma.enabled),
    ...modelFindings(cluster, surveyed),
    ...gpuFindings(cluster, surveyed),
    ...fullDisks(spaceWanted(cluster, surveyed), spaceOf),
  ];
}

/** What doctor alone asks, and was not told. */
function unknownNow(host: SurveyedHost): Finding[] {
  const { gpuHolders, container, image, folderSpace } = host;
  const facts = { gpuHolders, container, image, packages: host.passing.packages, folderSpace } as Record<
    string,
    Fact<unknown>
  >;
  const { docker, gpus } = host.facts;
  return Object.entries(facts).flatMap(([topic, fact]) => {
    if (fact?.status !== "unknown") return [];
    // Where no engine or no nvidia-smi answers, that is the finding.
    if (docker.status !== "present" && ["container", "image", "packages"].includes(topic)) return [];
    if (gpus.status !== "present" && topic === "gpuHolders") return [];
    return [
      {
        code: "fact-unknown",
        severity: "warning" as const,
        host: host.node,
        fact: `${topic} could not be read: ${fact.reason}`,
        why: "a problem there would not be seen",
        remedy: `npx muster ssh ${host.node} --host, and look; then run again`,
      },
    ];
  });
}

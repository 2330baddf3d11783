import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../config/schema";
import { type Finding, formatFinding, splitAccepted } from "../plan/finding";
import { foreignHosts } from "../plan/foreign-hosts";
import { hasMoved, type KnownHost, networkFactsOf, sightsOf, wasAsked } from "../plan/known-facts";
import { type NetworkPlan, planNetwork, withUnaskedNodes } from "../plan/network";
import { preflight } from "../plan/preflight";
import { unknownFacts, unreachableHosts } from "../plan/unknown-facts";
import { gpuFindings } from "./gpu-findings";
import { launcherFindingsOf } from "./launcher-findings";
import { modelFindings } from "./model-findings";
import { networkSurroundings } from "./network-surroundings";
import { Stop } from "./stop";
import { wantedOf } from "./wanted";

/** Stops the program with every finding that stands; the engine shows the text alone, without a stack trace. */
export class Unfit extends Stop {
  constructor(findings: readonly Finding[]) {
    const errors = findings.filter(finding => finding.severity === "error");
    super(
      [
        `the hosts are not fit (${errors.length} ${errors.length === 1 ? "finding" : "findings"}); no host was changed`,
        ...errors.map(formatFinding),
        ...(errors.every(finding => finding.code === "unreachable")
          ? []
          : [
              "To accept a finding that you know, write it into the cluster file: doctor.accept: [{finding, host, reason}]",
            ]),
      ].join("\n"),
    );
  }
}

/**
 * The network plan of hosts that are fit for the cluster file. A host out of reach is left out of what is judged: its own resource
 * fails and names it, and the others go on without it.
 * @throws Unfit with all findings at once; also when no host at all could be asked, or one does not answer by a way that is new
 */
export function fitHosts(settings: Cluster, hosts: readonly KnownHost[]): NetworkPlan {
  const asked = hosts.filter(wasAsked);
  const silent = hosts.filter(host => !wasAsked(host));
  const network = planNetwork(networkFactsOf(asked), settings.network, networkSurroundings(settings));
  const findings = [
    ...unknownFacts(asked, settings.network.rdma !== "off"),
    ...network.findings,
    ...launcherFindingsOf(settings, network),
    ...preflight(sightsOf(asked), wantedOf(settings), network.rdma.enabled),
    ...modelFindings(settings, asked),
    ...gpuFindings(settings, asked),
  ];
  const { standing, accepted } = splitAccepted(findings, settings.doctor.accept);
  const outOfReach = unreachableHosts(silent);
  // Not for a cluster file to accept: it is the operator of the moment who knows that the other stack is gone.
  const foreign = foreignHosts(asked);
  const isUnfit = standing.some(finding => finding.severity === "error") || foreign.length > 0;
  if (isUnfit || asked.length === 0 || silent.some(hasMoved)) throw new Unfit([...outOfReach, ...foreign, ...standing]);
  for (const finding of standing) void pulumi.log.warn(formatFinding(finding));
  // A real run has the error of the host's own resource.
  if (pulumi.runtime.isDryRun()) for (const finding of outOfReach) void pulumi.log.warn(leftOut(finding));
  for (const finding of accepted)
    void pulumi.log.info(`accepted, ${finding.reason}: ${finding.host ?? ""} ${finding.fact}`);
  return withUnaskedNodes(
    network,
    silent,
    hosts.map(host => host.node),
  );
}

function leftOut(finding: Finding): string {
  return `${formatFinding({ ...finding, severity: "warning" })}\nThe plan for ${finding.host} is made without it; up would leave it out and end with an error.`;
}

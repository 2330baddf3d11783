import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../config/schema";
import { type Finding, formatFinding, splitAccepted } from "../plan/finding";
import { fitnessFactsOf, type KnownHost, networkFactsOf, wasAsked } from "../plan/known-facts";
import { type NetworkPlan, planNetwork } from "../plan/network";
import { preflight } from "../plan/preflight";
import { unknownFacts } from "../plan/unknown-facts";
import { Stop } from "./stop";

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
 * The network plan of hosts that are fit for the cluster file.
 * @throws Unfit with all findings at once
 */
export function fitHosts(settings: Cluster, hosts: readonly KnownHost[]): NetworkPlan {
  const asked = hosts.filter(wasAsked);
  const network = planNetwork(networkFactsOf(asked), settings.network);
  const wanted = {
    slots: settings.slots,
    shmSizeGib: settings.container.shmSizeGib,
    // Ports and folders change from run to run: `muster doctor` asks for them.
    ports: () => [],
    paths: () => [],
  };
  const findings = [
    ...unknownFacts(asked),
    // A network with hosts missing from it says nothing about the whole one.
    ...(asked.length === hosts.length ? network.findings : []),
    ...preflight(fitnessFactsOf(asked), wanted),
  ];
  const split = splitAccepted(findings, settings.doctor.accept);
  const { accepted } = split;
  // There is no plan with a host that nothing is known of, whatever the file accepts.
  const standing = [...unknownFacts(hosts.filter(host => !wasAsked(host))), ...split.standing];
  if (standing.some(finding => finding.severity === "error")) throw new Unfit(standing);
  for (const finding of standing) void pulumi.log.warn(formatFinding(finding));
  for (const finding of accepted)
    void pulumi.log.info(`accepted, ${finding.reason}: ${finding.host ?? ""} ${finding.fact}`);
  return network;
}

import type { Command } from "commander";
import { type Finding, splitAccepted } from "../../plan/finding";
import { type ClusterAccess, withCluster } from "../cluster-access";
import { givenClusterFile } from "../cluster-file";
import { printLine } from "../console";
import { findingsOf, surveyHost, unreachable } from "../host-survey";
import type { VerbCall, VerbTable } from "../verb";

interface DoctorFlags {
  readonly json?: boolean;
}

export function addDoctor(table: VerbTable, program: Command): void {
  table
    .add<DoctorFlags>(
      program,
      "doctor [file]",
      "Ask every host whether it is fit: exit 0 fit, 1 warnings, 2 errors",
      doctor,
    )
    .option("--json", "as JSON");
}

async function doctor(call: VerbCall<DoctorFlags>): Promise<number> {
  return await withCluster(call, access => diagnose(call, access), givenClusterFile(call));
}

async function diagnose(call: VerbCall<DoctorFlags>, { cluster, hosts }: ClusterAccess): Promise<number> {
  const answers = await Promise.allSettled(cluster.hosts.map(host => surveyHost(hosts, cluster, host)));
  const surveyed = answers.flatMap(answer => (answer.status === "fulfilled" ? [answer.value] : []));
  const silent = cluster.hosts.flatMap((host, index) => {
    const answer = answers[index];
    return answer?.status === "rejected" ? [unreachable(host, answer.reason)] : [];
  });
  const { standing, accepted } = splitAccepted([...silent, ...findingsOf(cluster, surveyed)], cluster.doctor.accept);
  const code = exitCodeOf(standing);
  if (call.flags.json) {
    const summary = { ok: code === 0, hosts: cluster.hosts.length, answered: surveyed.length };
    printLine(call.console, JSON.stringify({ ...summary, findings: standing, accepted }, null, 2));
  } else {
    printLine(call.console, [...standing.map(findingText), ...accepted.map(acceptedText)].join("\n") || "no findings");
    printLine(
      call.console,
      `${surveyed.length} of ${cluster.hosts.length} hosts asked, ${standing.length} findings, ${accepted.length} accepted`,
    );
  }
  return code;
}

export function exitCodeOf(findings: readonly Finding[]): number {
  if (findings.some(finding => finding.severity === "error")) return 2;
  return findings.some(finding => finding.severity === "warning") ? 1 : 0;
}

export function findingText(finding: Finding): string {
  const where = finding.host ?? "all hosts";
  const field = finding.path === undefined ? "" : `  (${finding.path})`;
  return [
    `${finding.severity.padEnd(7)}  ${where}  ${finding.code}: ${finding.fact}${field}`,
    `    why: ${finding.why}`,
    `    fix: ${finding.remedy}`,
  ].join("\n");
}

function acceptedText(finding: Finding & { readonly reason: string }): string {
  return `accepted ${finding.host ?? "all hosts"}  ${finding.code}: ${finding.fact} (${finding.reason})`;
}

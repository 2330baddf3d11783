import type { Command } from "commander";
import { wantedOf } from "../../components/wanted";
import { type Finding, splitAccepted } from "../../plan/finding";
import type { NetworkPlan } from "../../plan/network";
import { nodeList } from "../../plan/node-list";
import { meshFindings } from "../../plan/preflight/mesh";
import { reachFindings } from "../../plan/preflight/reach";
import { type ClusterAccess, withCluster } from "../cluster-access";
import { givenClusterFile } from "../cluster-file";
import { printLine } from "../console";
import { type SurveyedHost, surveyHost, surveySpace } from "../host-survey";
import { surveyMesh } from "../mesh-survey";
import { surveyReach } from "../reach-survey";
import { findingsOf, networkOf, unreachable } from "../survey-findings";
import { SurveyProgress } from "../survey-progress";
import type { VerbCall, VerbTable } from "../verb";

interface DoctorFlags {
  readonly json?: boolean;
  readonly full?: boolean;
}

/** Of the JSON output: docs/doctor.md. A field that goes or changes its meaning raises it. */
const FORMAT_VERSION = 1;

interface Diagnosis {
  readonly answered: number;
  readonly findings: readonly Finding[];
  /** How many pairs of nodes were tried. */
  readonly tried: { readonly tcp: number; readonly ssh: number };
}

export function addDoctor(table: VerbTable, program: Command): void {
  table
    .add<DoctorFlags>(
      program,
      "doctor [file]",
      "Ask every host whether it is fit: exit 0 fit, 1 warnings, 2 errors",
      doctor,
    )
    .option("--json", "as JSON")
    .option("--full", "ssh between all pairs of nodes, also of more than eight");
}

async function doctor(call: VerbCall<DoctorFlags>): Promise<number> {
  return await withCluster(call, access => report(call, access), givenClusterFile(call));
}

async function report(call: VerbCall<DoctorFlags>, access: ClusterAccess): Promise<number> {
  const { cluster } = access;
  const progress = new SurveyProgress(call.console);
  const { answered, findings, tried } = await diagnose(access, call.flags.full === true, progress);
  progress.end();
  const { standing, accepted } = splitAccepted(findings, cluster.doctor.accept);
  const code = exitCodeOf(standing);
  if (call.flags.json) {
    const summary = { formatVersion: FORMAT_VERSION, ok: code === 0, cluster: cluster.name };
    const hosts = { hosts: cluster.hosts.length, answered, tried };
    printLine(call.console, JSON.stringify({ ...summary, ...hosts, findings: standing, accepted }, null, 2));
    return code;
  }
  printLine(call.console, [...standing.map(findingText), ...accepted.map(acceptedText)].join("\n") || "no findings");
  printLine(
    call.console,
    `${answered} of ${cluster.hosts.length} hosts asked, ${tried.tcp} pairs tried by TCP and ${tried.ssh} by ssh, ` +
      `${standing.length} findings, ${accepted.length} accepted`,
  );
  return code;
}

async function diagnose(
  { cluster, hosts }: ClusterAccess,
  isFull: boolean,
  progress: SurveyProgress,
): Promise<Diagnosis> {
  progress.begin("asked", cluster.hosts.length);
  const answers = await Promise.allSettled(
    cluster.hosts.map(host => surveyHost(hosts, cluster, host).finally(() => progress.told(host.name))),
  );
  const silent = cluster.hosts.flatMap((host, index) => {
    const answer = answers[index];
    return answer?.status === "rejected" ? [unreachable(host, answer.reason)] : [];
  });
  const answered = answers.flatMap(answer => (answer.status === "fulfilled" ? [answer.value] : []));
  const surveyed = await surveySpace(hosts, cluster, answered);
  const network = networkOf(cluster, surveyed);
  const between = await tryBetween({ cluster, hosts }, surveyed, network, { isFull, progress });
  return {
    answered: surveyed.length,
    findings: gravestFirst([...silent, ...findingsOf(cluster, surveyed, network), ...between.findings]),
    tried: between.tried,
  };
}

/** Else in the order in which they were found: host by host. */
function gravestFirst(findings: readonly Finding[]): Finding[] {
  const order: readonly Finding["severity"][] = ["error", "warning", "info"];
  return [...findings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

async function tryBetween(
  { cluster, hosts }: ClusterAccess,
  surveyed: readonly SurveyedHost[],
  network: NetworkPlan,
  { isFull, progress }: { readonly isFull: boolean; readonly progress: SurveyProgress },
): Promise<Pick<Diagnosis, "findings" | "tried">> {
  const wanted = wantedOf(cluster);
  // A way that is wrong by the facts is told of already: trials over it would only say so again.
  const astray = new Set(
    network.findings.flatMap(({ severity, host }) => (severity === "error" && host ? [host] : [])),
  );
  const nodes = network.nodes.filter(({ node, address }) => address !== "" && !astray.has(node));
  if (nodes.length < 2) return { findings: [], tried: { tcp: 0, ssh: 0 } };
  const told = (node: string) => progress.told(node);
  progress.begin("ports tried", nodes.length);
  const reach = await surveyReach(
    hosts,
    nodes.map(({ node, address }) => ({ node, address, ports: wanted.ports(node) })),
    told,
  );
  const meshed = surveyed.filter(({ node, hasMesh }) => hasMesh && !astray.has(node)).map(({ node }) => node);
  progress.begin("ssh tried", meshed.length);
  const mesh = await surveyMesh(hosts, cluster, meshed.length < 2 ? [] : meshed, {
    isFull,
    closed: reach.failed,
    told,
  });
  return {
    findings: [...reachFindings(reach), ...meshFindings(mesh)],
    tried: { tcp: pairsIn(reach.tried), ssh: pairsIn(mesh.tried) },
  };
}

function pairsIn(tried: ReadonlyMap<string, readonly string[]>): number {
  return [...tried.values()].reduce((sum, targets) => sum + targets.length, 0);
}

export function exitCodeOf(findings: readonly Finding[]): number {
  if (findings.some(finding => finding.severity === "error")) return 2;
  return findings.some(finding => finding.severity === "warning") ? 1 : 0;
}

function placeOf({ host, hosts }: Finding): string {
  return host ?? (hosts ? nodeList(hosts) : "all hosts");
}

export function findingText(finding: Finding): string {
  const where = placeOf(finding);
  const field = finding.path === undefined ? "" : `  (${finding.path})`;
  return [
    `${finding.severity.padEnd(7)}  ${where}  ${finding.code}: ${finding.fact}${field}`,
    `    why: ${finding.why}`,
    `    fix: ${finding.remedy}`,
  ].join("\n");
}

function acceptedText(finding: Finding & { readonly reason: string }): string {
  return `accepted ${placeOf(finding)}  ${finding.code}: ${finding.fact} (${finding.reason})`;
}

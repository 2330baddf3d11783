import type { Command } from "commander";
import type { Cluster } from "../../config/schema";
import { elapsedText } from "../../engine/display/summary";
import { healthScriptPath } from "../../plan/health-script";
import { look, outputsOf } from "../../provider/muster/kinds/container/repair";
import { observationScript, parseObservation, progressOf, statusOf } from "../../provider/muster/kinds/job/observation";
import { visibleGpus } from "../../recipes/placement";
import { quote } from "../../remote/shell";
import type { SshHosts } from "../../remote/ssh-hosts";
import { OperatorError } from "../../wire/operator-error";
import { withCluster } from "../cluster-access";
import { printLine, table as textTable } from "../console";
import { problemsOf, renderProblem } from "../render-error";
import type { VerbTable } from "../verb";

interface StatusFlags {
  readonly json?: boolean;
}

interface JobLine {
  readonly job: string;
  readonly status: string;
  readonly progress?: string;
  readonly ageSeconds: number;
  readonly ranks: readonly string[];
}

interface HostStatus {
  readonly host: string;
  readonly reachable: boolean;
  /** Docker's word for the node's container, or absent, unhealthy, gpus lost. */
  readonly container?: string;
  readonly jobs: readonly JobLine[];
  readonly problem?: string;
}

export function addStatus(table: VerbTable, program: Command): void {
  table
    .add<StatusFlags>(program, "status", "Show hosts, containers and jobs as they are now", call =>
      withCluster(call, async ({ cluster, hosts }) => {
        const all = await Promise.all(cluster.hosts.map(host => hostStatus(hosts, cluster, host.name)));
        printLine(call.console, call.flags.json ? JSON.stringify(all, null, 2) : statusText(all));
        return all.every(each => each.reachable && each.problem === undefined) ? 0 : 1;
      }),
    )
    .option("--json", "as JSON");
}

async function hostStatus(hosts: SshHosts, cluster: Cluster, host: string): Promise<HostStatus> {
  const probe = hosts.probe(host);
  const jobsFolder = `/var/lib/muster/${cluster.name}/jobs`;
  try {
    const [container, listed] = await Promise.all([
      containerStatus(hosts, cluster, host),
      probe.query(
        `cd ${quote(jobsFolder)} 2>/dev/null && for f in */job.json; do [ -f "$f" ] && dirname "$f"; done; true`,
      ),
    ]);
    const names = listed.stdout.split("\n").filter(Boolean);
    const jobs = await Promise.all(
      names.map(async job => jobLine(job, (await probe.query(observationScript(`${jobsFolder}/${job}`, 8192))).stdout)),
    );
    return { host, reachable: true, ...container, jobs: jobs.filter(each => each !== undefined) };
  } catch (error) {
    return { host, reachable: false, jobs: [], problem: problemsOf(error).map(renderProblem).join("\n") };
  }
}

async function containerStatus(
  hosts: SshHosts,
  cluster: Cluster,
  host: string,
): Promise<Pick<HostStatus, "container" | "problem">> {
  if (cluster.runtime === "host") return {};
  const { name } = cluster.container;
  const healthProbe = { script: healthScriptPath, timeoutSeconds: 60 };
  try {
    const sight = await look({ hosts }, { host, name, gpus: visibleGpus(cluster), healthProbe });
    if (!sight) return { container: "absent" };
    const { status, problem } = outputsOf(sight);
    return { container: status, ...(problem && { problem: `container ${name} on ${host}: ${problem}` }) };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return { container: "unknown", problem: problemsOf(error).map(renderProblem).join("\n") };
  }
}

function jobLine(job: string, output: string): JobLine | undefined {
  const observation = parseObservation(output);
  if (!observation) return undefined;
  const progress = progressOf(observation);
  return {
    job,
    status: statusOf(observation),
    ...(progress && { progress: `step ${progress.step}${progress.of > 0 ? ` of ${progress.of}` : ""}` }),
    ageSeconds: observation.ageSeconds,
    ranks: observation.record.ranks.map(rank => rank.host),
  };
}

function statusText(all: readonly HostStatus[]): string {
  const hosts = all.map(each => [each.host, each.reachable ? "reachable" : "unreachable", each.container ?? ""]);
  const jobs = all.flatMap(each =>
    each.jobs.map(job => {
      const nodes = [...new Set(job.ranks)].join(",");
      return [
        job.job,
        job.status,
        job.progress ?? "",
        elapsedText(job.ageSeconds),
        `${job.ranks.length} ranks on ${nodes}`,
      ];
    }),
  );
  const problems = all.flatMap(each => (each.problem ? [each.problem] : []));
  return [
    textTable([["HOST", "SSH", "CONTAINER"], ...hosts]),
    ...(jobs.length > 0 ? ["", textTable([["JOB", "STATUS", "PROGRESS", "SINCE", "WHERE"], ...jobs])] : []),
    ...(problems.length > 0 ? ["", ...problems] : []),
  ].join("\n");
}

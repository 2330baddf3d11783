import type { Cluster } from "../config/schema";
import { type Disk, disks, type FreeDisk, freeDisks } from "../facts/disks";
import { factOf, presentValue } from "../facts/fact";
import { type GpuUse, gpuUse } from "../facts/gpu-use";
import { type Gpu, gpus } from "../facts/gpus";
import { type JobFolder, jobFolders } from "../facts/job-folders";
import { type JobProcesses, jobProcesses } from "../facts/job-processes";
import { parseProbe, topicsScript } from "../facts/probe";
import { healthScriptPath } from "../plan/health-script";
import { type Activity, activities } from "../plan/watch/activity";
import { look, outputsOf } from "../provider/muster/kinds/container/repair";
import { describeFailure } from "../provider/muster/kinds/job/diagnosis";
import { jobFolder } from "../provider/muster/kinds/job/gang-files";
import {
  type JobObservation,
  observationScript,
  parseObservation,
  problemOf,
  progressOf,
  rankEnds,
  statusOf,
} from "../provider/muster/kinds/job/observation";
import { visibleGpus } from "../recipes/placement";
import type { SshHosts } from "../remote/ssh-hosts";
import { OperatorError } from "../wire/operator-error";
import { problemsOf, renderProblem } from "./render-error";
import { secondsPerStep } from "./step-speed";

export interface JobStatusLine {
  readonly job: string;
  /** The run of it. */
  readonly incarnation: string;
  readonly status: string;
  /** Why it failed or was stopped. */
  readonly failure?: string;
  readonly step?: number;
  /** Steps in all; absent where the job does not say. */
  readonly steps?: number;
  readonly loss?: number;
  readonly secondsPerStep?: number;
  /** Tokens of all nodes in a second, if every row is as long as maxLength. */
  readonly tokensPerSecondAtMost?: number;
  readonly ageSeconds: number;
  /** Since a rank last printed something. */
  readonly silentSeconds?: number;
  /** Host of each rank. */
  readonly ranks: readonly string[];
}

export interface GpuStatus {
  readonly index: number;
  readonly usedMib: number;
  readonly totalMib?: number;
  readonly utilizationPercent?: number;
  readonly uncorrectedErrors?: number;
  /** Processes on it, as the host counts them. */
  readonly pids: readonly number[];
}

export interface DiskStatus {
  readonly mountPoint: string;
  readonly sizeGib: number;
  readonly freeGib: number;
}

export interface HostStatus {
  readonly host: string;
  readonly reachable: boolean;
  /** Docker's word for the node's container, or absent, unhealthy, gpus lost. */
  readonly container?: string;
  readonly gpus: readonly GpuStatus[];
  readonly disks: readonly DiskStatus[];
  readonly jobs: readonly JobStatusLine[];
  /** The processes of its jobs; absent where they could not be asked for. */
  readonly watched?: WatchedProcesses;
  /** What could not be asked, or what the container suffers from. */
  readonly problem?: string;
}

export interface WatchedProcesses extends JobProcesses {
  readonly processes: readonly Activity[];
}

/** Bytes of a log's end that are read for the last step. */
const TAIL_BYTES = 8192;

export async function hostStatus(hosts: SshHosts, cluster: Cluster, host: string): Promise<HostStatus> {
  const probe = hosts.probe(host);
  const folder = `/var/lib/muster/${cluster.name}/jobs`;
  const topics = { gpus, gpuUse, disks, freeDisks, jobs: jobFolders(folder), processes: jobProcesses(cluster.name) };
  try {
    const [container, asked] = await Promise.all([
      containerStatus(hosts, cluster, host),
      probe.query(topicsScript(topics)),
    ]);
    const answers = parseProbe(asked.stdout);
    const kept = presentValue(factOf(topics.jobs, answers.jobs)) ?? [];
    const jobs = await Promise.all(
      kept.map(async each => {
        const { stdout } = await probe.query(observationScript(jobFolder(cluster.name, each.job), TAIL_BYTES));
        return jobLine(cluster, each, stdout);
      }),
    );
    const [known, used] = [factOf(topics.gpus, answers.gpus), factOf(topics.gpuUse, answers.gpuUse)];
    const lost = known.status === "unknown" ? `${host}: nvidia-smi does not answer: ${known.reason}` : undefined;
    const problem = container.problem ?? lost;
    const processes = presentValue(factOf(topics.processes, answers.processes));
    return {
      host,
      reachable: true,
      ...container,
      gpus: gpuStatus(presentValue(known) ?? [], presentValue(used) ?? []),
      disks: diskStatus(
        presentValue(factOf(topics.disks, answers.disks)) ?? [],
        presentValue(factOf(topics.freeDisks, answers.freeDisks)) ?? [],
      ),
      jobs: jobs.filter(each => each !== undefined),
      ...(processes && { watched: watched(processes) }),
      ...(problem !== undefined && { problem }),
    };
  } catch (error) {
    const problem = problemsOf(error).map(renderProblem).join("\n");
    return { host, reachable: false, gpus: [], disks: [], jobs: [], problem };
  }
}

function watched(processes: JobProcesses): WatchedProcesses {
  return { ...processes, processes: activities(undefined, processes) };
}

/** Only what moves from moment to moment, of a host that was looked at before; as it was where that does not answer. */
export async function lookAgain(hosts: SshHosts, cluster: Cluster, before: HostStatus): Promise<HostStatus> {
  if (!before.watched?.processes.length) return before;
  const topics = { gpuUse, processes: jobProcesses(cluster.name) };
  const asked = await hosts
    .probe(before.host)
    .query(topicsScript(topics))
    .catch(() => undefined);
  const answers = parseProbe(asked?.stdout ?? "");
  const processes = presentValue(factOf(topics.processes, answers.processes));
  if (!processes) return before;
  const use = new Map(presentValue(factOf(topics.gpuUse, answers.gpuUse))?.map(gpu => [gpu.index, gpu]));
  const gpus = before.gpus.map(gpu => ({ ...gpu, ...utilization(use.get(gpu.index)) }));
  return { ...before, gpus, watched: watched(processes) };
}

function utilization(use: GpuUse | undefined): Pick<GpuStatus, "utilizationPercent"> {
  return use?.utilizationPercent === undefined ? {} : { utilizationPercent: use.utilizationPercent };
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

function gpuStatus(known: readonly Gpu[], used: readonly GpuUse[]): GpuStatus[] {
  return used.map(use => {
    const { index, usedMemoryMib, uncorrectedErrors, processes } = use;
    const total = known.find(gpu => gpu.index === index)?.memoryMib;
    return {
      index,
      usedMib: usedMemoryMib,
      ...(total !== undefined && { totalMib: total }),
      ...utilization(use),
      ...(uncorrectedErrors !== undefined && { uncorrectedErrors }),
      pids: processes.map(({ pid }) => pid),
    };
  });
}

function diskStatus(sized: readonly Disk[], free: readonly FreeDisk[]): DiskStatus[] {
  return sized.flatMap(({ mountPoint, sizeGib }) => {
    const left = free.find(disk => disk.mountPoint === mountPoint);
    return left ? [{ mountPoint, sizeGib, freeGib: left.freeGib }] : [];
  });
}

/** As the job's own error begins: the rank that others died of, and its words. */
function failureOf(observation: JobObservation): string {
  const { finished, record } = observation;
  if (statusOf(observation) !== "failed" || finished?.first === undefined) return problemOf(observation);
  const told = describeFailure(record.job, rankEnds(observation), finished.first, String);
  const [ended = "", cause = ""] = told.replace(`job ${record.job} failed: `, "").split("\n");
  return `${ended.replace(/ It was ended on all hosts\.$/, "")}${cause.startsWith("  cause: ") ? ` ${cause.trim()}` : ""}`;
}

function jobLine(cluster: Cluster, { job, silentSeconds }: JobFolder, output: string): JobStatusLine | undefined {
  const observation = parseObservation(output);
  if (!observation) return undefined;
  const progress = progressOf(observation);
  const speeds = observation.ranks.flatMap(rank => secondsPerStep(rank.log) ?? []);
  const speed = speeds.at(-1);
  const train = job === "train" ? cluster.pipeline?.train : undefined;
  const failure = failureOf(observation);
  return {
    job,
    incarnation: observation.record.incarnation,
    status: statusOf(observation),
    ...(failure !== "" && { failure }),
    ...(progress && {
      step: progress.step,
      ...(progress.of > 0 && { steps: progress.of }),
      ...(progress.loss !== undefined && { loss: progress.loss }),
    }),
    ...(speed !== undefined && { secondsPerStep: speed }),
    ...(speed !== undefined &&
      train?.maxLength !== undefined &&
      train.globalBatchSize !== undefined && {
        tokensPerSecondAtMost: Math.round((train.globalBatchSize * train.maxLength) / speed),
      }),
    ageSeconds: observation.ageSeconds,
    ...(silentSeconds !== undefined && { silentSeconds }),
    ranks: observation.record.ranks.map(rank => rank.host),
  };
}

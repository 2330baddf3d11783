import { elapsedText } from "../engine/display/summary";
import { table } from "./console";
import type { GpuStatus, HostStatus, JobStatusLine } from "./host-status";
import type { JobFinding } from "./rank-watch";
import { statusNotes, statusProblems } from "./status-problems";

/** All that one look has found. */
export interface Look {
  readonly hosts: readonly HostStatus[];
  readonly findings: readonly JobFinding[];
}

/** Tables of hosts and jobs, and what is wrong with them. */
export function statusText(all: readonly HostStatus[], findings: readonly JobFinding[] = []): string {
  const hosts = all.map(each => [
    each.host,
    each.reachable ? "reachable" : "unreachable",
    each.container ?? "",
    gpusText(each.gpus),
    fullestDisk(each),
  ]);
  const jobs = all.flatMap(each => each.jobs.map(jobCells));
  const problems = [
    ...statusProblems(all, findings).map(({ text }) => text),
    ...statusNotes(findings).map(({ text }) => `note: ${text}`),
  ];
  return [
    table([["HOST", "SSH", "CONTAINER", "GPUS", "DISK"], ...hosts]),
    ...(jobs.length > 0
      ? ["", table([["JOB", "STATUS", "PROGRESS", "LOSS", "SPEED", "SINCE", "LAST LINE", "WHERE"], ...jobs])]
      : []),
    ...(problems.length > 0 ? ["", ...problems] : []),
  ].join("\n");
}

/** `2: 95-98 %, 71 of 80 GiB`: the use of all, and the memory of the fullest. */
function gpusText(gpus: readonly GpuStatus[]): string {
  if (gpus.length === 0) return "";
  const use = gpus.flatMap(({ utilizationPercent }) => utilizationPercent ?? []);
  const fullest = [...gpus].sort((a, b) => b.usedMib - a.usedMib)[0];
  const [least, most] = [Math.min(...use), Math.max(...use)];
  const percent = use.length === 0 ? "" : ` ${least === most ? most : `${least}-${most}`} %,`;
  const gib = (mib: number) => (mib / 1024).toFixed(0);
  const of = fullest?.totalMib === undefined ? "" : ` of ${gib(fullest.totalMib)}`;
  return `${gpus.length}:${percent} ${gib(fullest?.usedMib ?? 0)}${of} GiB`;
}

/** `/data 120 GiB left` */
function fullestDisk({ disks }: HostStatus): string {
  const fullest = [...disks].sort((a, b) => a.freeGib - b.freeGib)[0];
  return fullest ? `${fullest.mountPoint} ${fullest.freeGib} GiB left` : "";
}

function jobCells(job: JobStatusLine): string[] {
  const { step, steps, loss, silentSeconds, ranks } = job;
  return [
    job.job,
    job.status,
    step === undefined ? "" : `step ${step}${steps === undefined ? "" : ` of ${steps}`}`,
    loss === undefined ? "" : loss.toPrecision(4),
    speedText(job),
    elapsedText(job.ageSeconds),
    silentSeconds === undefined ? "" : `${elapsedText(silentSeconds)} ago`,
    `${ranks.length} ranks on ${[...new Set(ranks)].join(",")}`,
  ];
}

function speedText({ secondsPerStep, tokensPerSecondAtMost }: JobStatusLine): string {
  if (secondsPerStep === undefined) return "";
  const tokens = tokensPerSecondAtMost === undefined ? "" : `, at most ${tokensPerSecondAtMost} tokens/s`;
  return `${secondsPerStep.toPrecision(3)} s/step${tokens}`;
}

/** What changed from one look to the next, a line each: for pipes and logs. */
export function statusChanges(before: Look, now: Look): string[] {
  const old = new Map(linesOf(before.hosts));
  const seen = linesOf(now.hosts);
  const [known, current] = [troubles(before), troubles(now)];
  return [
    ...seen.flatMap(([what, line]) => (old.get(what) === line ? [] : [`${what}: ${line}`])),
    ...[...old.keys()].filter(what => !seen.some(([name]) => name === what)).map(what => `${what}: gone`),
    ...[...current].flatMap(([about, line]) => (known.has(about) ? [] : [line])),
    ...[...known].flatMap(([about, line]) => (current.has(about) ? [] : [`no longer a ${line}`])),
  ];
}

/** Lines by what they are about. */
function troubles({ hosts, findings }: Look): Map<string, string> {
  return new Map([
    ...statusProblems(hosts, findings).map(({ about, text }) => [about, `problem: ${text}`] as const),
    ...statusNotes(findings).map(({ about, text }) => [about, `note: ${text}`] as const),
  ]);
}

/** What is worth a line when it changes: not memory, not seconds. */
function linesOf(all: readonly HostStatus[]): [what: string, line: string][] {
  return all.flatMap(each => [
    [
      `host ${each.host}`,
      `${each.reachable ? "reachable" : "unreachable"}${each.container === undefined ? "" : `, container ${each.container}`}, ${each.gpus.length} GPUs`,
    ],
    ...each.jobs.map(({ job, status, step, steps, loss }): [string, string] => [
      `job ${job} on ${each.host}`,
      `${status}${step === undefined ? "" : `, step ${step}${steps === undefined ? "" : ` of ${steps}`}`}${loss === undefined ? "" : `, loss ${loss.toPrecision(4)}`}`,
    ]),
  ]);
}

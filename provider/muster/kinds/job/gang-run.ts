import { randomBytes } from "node:crypto";
import { pause } from "../../../../remote/pause";
import type { Hosts } from "../../../../remote/runner";
import { quote } from "../../../../remote/shell";
import { expectSuccess } from "../../../command-failed";
import { InitFailed, type KindContext } from "../../../kind";
import { describeFailure } from "./diagnosis";
import { gangFiles, gangRecord, jobFolder, supervisorProgram } from "./gang-files";
import {
  claimScript,
  httpProbeScript,
  parseClaims,
  releaseScript,
  startScript,
  stopScript,
  sweepScript,
} from "./host-scripts";
import { identityDigest } from "./identity";
import {
  DEFAULT_START_TIMEOUT_SECONDS,
  DEFAULT_STOP_SECONDS,
  type JobInputs,
  type JobOutputs,
  leaderHost,
} from "./inputs";
import {
  type JobObservation,
  observationScript,
  parseObservation,
  progressOf,
  rankEnds,
  statusOf,
} from "./observation";
import { describeProgress } from "./progress";

/** Enough of each log's end for the last step line. */
const PROGRESS_TAIL_BYTES = 4096;
/** Within these a supervisor has noticed the end of a rank (supervisor/leader.sh: BEATS_MISSED and the time to stop the others). */
const NOTICE_SECONDS = 45;
/** Enough for several Python tracebacks and torchrun's report. */
const DIAGNOSIS_TAIL_BYTES = 131072;

export type GangContext = Pick<KindContext, "hosts" | "cluster" | "status" | "signal">;

/** All hosts that the job touches, the leader's first. */
export function hostsOf(inputs: JobInputs): string[] {
  return [...new Set([...inputs.ranks.map(rank => rank.host), ...(inputs.claims ?? []).map(claim => claim.host)])];
}

/** Asks what is there. Changes nothing. */
export async function observe(
  context: { readonly hosts: Pick<Hosts, "probe">; readonly cluster: string },
  inputs: JobInputs,
  tailBytes = PROGRESS_TAIL_BYTES,
): Promise<JobObservation | undefined> {
  const host = leaderHost(inputs);
  const atLeader = inputs.resultFile?.host === host ? inputs.resultFile.path : undefined;
  const script = observationScript(jobFolder(context.cluster, inputs.name), tailBytes, atLeader);
  const probe = context.hosts.probe(host);
  const seen = parseObservation(
    expectSuccess(await probe.query(script), { host, what: `reading the record of job ${inputs.name}` }).stdout,
  );
  if (!seen || !inputs.resultFile || atLeader !== undefined || seen.finished?.status !== "completed") return seen;
  const elsewhere = inputs.resultFile;
  const read = await context.hosts.probe(elsewhere.host).query(`head -c 65536 ${quote(elsewhere.path)}`);
  return read.exitCode === 0 ? { ...seen, result: read.stdout } : seen;
}

export function outputsOf(observation: JobObservation): JobOutputs {
  const status = statusOf(observation);
  return {
    status,
    incarnation: observation.record.incarnation,
    identityDigest: observation.record.identityDigest,
    startedAt: observation.startedAt,
    finishedAt: observation.finished?.at ?? "",
    result: status === "completed" ? (observation.result ?? "") : "",
    progress: progressOf(observation),
  };
}

async function onEach(hosts: readonly string[], act: (host: string) => Promise<void>): Promise<void> {
  const ends = await Promise.allSettled(hosts.map(act));
  const failures = ends.flatMap(end => (end.status === "rejected" ? [end.reason as Error] : []));
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new Error(failures.map(failure => failure.message).join("\n"));
}

/** Ends what is left of a job on every host, and proves that nothing is. */
export async function stopGang(context: GangContext, inputs: JobInputs): Promise<void> {
  const grace = inputs.stopSeconds ?? DEFAULT_STOP_SECONDS;
  const leader = leaderHost(inputs);
  const bound = grace * 2 + 45;
  const stop = await context.hosts
    .runner(leader)
    .mutate(`stop job ${inputs.name}`, stopScript(jobFolder(context.cluster, inputs.name), bound), {
      timeoutSeconds: bound + 30,
    });
  expectSuccess(stop, { host: leader, what: `stopping job ${inputs.name}` });
  await onEach(hostsOf(inputs), async host => {
    const what = `prove that no process of job ${inputs.name} is left`;
    const result = await context.hosts
      .runner(host)
      .mutate(what, sweepScript(inputs.name, grace), { timeoutSeconds: grace + 60 });
    const left = [...expectSuccess(result, { host, what }).stdout.matchAll(/^left (.*)$/gm)].map(match => match[1]);
    if (left.length === 0) return;
    throw new Error(
      `${host}: these processes of job ${inputs.name} do not die: ${left.join("; ")}. ` +
        "Remedy: a process that ignores SIGKILL waits for a device or a network disk; free that, or reboot the host",
    );
  });
}

export async function releaseClaims(context: GangContext, inputs: JobInputs): Promise<void> {
  const hosts = [...new Set((inputs.claims ?? []).map(claim => claim.host))];
  await onEach(hosts, async host => {
    const what = `release the GPUs of job ${inputs.name}`;
    expectSuccess(await context.hosts.runner(host).mutate(what, releaseScript(context.cluster, inputs.name)), {
      host,
      what,
    });
  });
}

async function takeClaims(context: GangContext, inputs: JobInputs, incarnation: string): Promise<void> {
  const conflicts: string[] = [];
  await onEach(
    (inputs.claims ?? []).map(claim => claim.host),
    async host => {
      const gpus = inputs.claims?.find(claim => claim.host === host)?.gpus ?? [];
      const what = `claim the GPUs ${gpus.join(", ")} for job ${inputs.name}`;
      const script = claimScript(context.cluster, inputs.name, incarnation, gpus);
      const answer = expectSuccess(await context.hosts.runner(host).mutate(what, script), { host, what });
      for (const { gpu, job } of parseClaims(answer.stdout))
        conflicts.push(`GPU ${gpu} of ${host} is held by job ${job}`);
    },
  );
  if (conflicts.length === 0) return;
  await releaseClaims(context, inputs);
  throw new Error(
    `job ${inputs.name} cannot start: ${conflicts.join("; ")}. Remedy: stop that job first, or give the two different GPUs`,
  );
}

async function start(context: GangContext, inputs: JobInputs): Promise<void> {
  const incarnation = randomBytes(6).toString("hex");
  await takeClaims(context, inputs, incarnation);
  const leader = leaderHost(inputs);
  const files: [string, string | Buffer][] = [
    ["supervisor", supervisorProgram],
    ...gangFiles(inputs, incarnation),
    ["job.json", `${JSON.stringify(gangRecord(context.cluster, inputs, incarnation))}\n`],
  ];
  const stdin = files.map(([name, content]) => `${name} ${Buffer.from(content).toString("base64")}\n`).join("");
  const what = `start job ${inputs.name}`;
  const script = startScript(jobFolder(context.cluster, inputs.name));
  expectSuccess(await context.hosts.runner(leader).mutate(what, script, { stdin, timeoutSeconds: 60 }), {
    host: leader,
    what,
  });
}

/** The error of a failed job: who, how, why, and where the log is. */
async function failure(context: GangContext, inputs: JobInputs): Promise<Error> {
  const seen = await observe(context, inputs, DIAGNOSIS_TAIL_BYTES);
  if (!seen)
    return new Error(
      `job ${inputs.name} vanished from ${leaderHost(inputs)} while it was watched. Remedy: run up again`,
    );
  const folder = jobFolder(context.cluster, inputs.name);
  if (!seen.finished) {
    return new Error(
      `job ${inputs.name}: its supervisor on ${leaderHost(inputs)} is gone without a last word (reboot, or killed). ` +
        `It was ended on all hosts. log: ${leaderHost(inputs)}:${folder}/rank-0.log. Remedy: run up again; the job starts anew`,
    );
  }
  const logPath = (rank: number) => `${leaderHost(inputs)}:${folder}/rank-${rank}.log`;
  return new Error(describeFailure(inputs.name, rankEnds(seen), seen.finished.first, logPath));
}

async function probeReady(context: GangContext, inputs: JobInputs): Promise<boolean> {
  const probe = inputs.probe;
  if (!probe) return true;
  const script = probe.script ?? (probe.http === undefined ? "true" : httpProbeScript(probe.http));
  return (await context.hosts.probe(probe.host).query(script, { timeoutSeconds: 30 })).exitCode === 0;
}

async function markReady(context: GangContext, inputs: JobInputs): Promise<void> {
  const host = leaderHost(inputs);
  const what = `record that job ${inputs.name} is ready`;
  expectSuccess(
    await context.hosts.runner(host).mutate(what, `: >${quote(`${jobFolder(context.cluster, inputs.name)}/ready`)}`),
    { host, what },
  );
}

/** Gives up on a start: the gang is ended, and the reason is told with the last lines. */
async function giveUp(context: GangContext, inputs: JobInputs, problem: string): Promise<never> {
  const seen = await observe(context, inputs, DIAGNOSIS_TAIL_BYTES);
  await stopGang(context, inputs);
  await releaseClaims(context, inputs);
  const tail = (seen?.ranks ?? []).flatMap((rank, index) =>
    rank.log
      .split(/[\r\n]+/)
      .filter(Boolean)
      .slice(-4)
      .map(line => `  rank ${index} | ${line.slice(0, 400)}`),
  );
  const log = `${leaderHost(inputs)}:${jobFolder(context.cluster, inputs.name)}`;
  throw new Error([`job ${inputs.name}: ${problem}. It was ended on all hosts.`, ...tail, `  logs: ${log}`].join("\n"));
}

/** One look. @returns outputs when there is nothing left to wait for. */
async function judge(context: GangContext, inputs: JobInputs, seen: JobObservation): Promise<JobOutputs | undefined> {
  const status = statusOf(seen);
  if (status === "completed") {
    await releaseClaims(context, inputs);
    return outputsOf(seen);
  }
  if (status === "ready") return outputsOf(seen);
  if (status === "failed" || status === "stopped") {
    const error = await failure(context, inputs);
    await stopGang(context, inputs);
    await releaseClaims(context, inputs);
    throw error;
  }
  const started = seen.ranks.every(rank => rank.started);
  if (inputs.mode === "ready" && started && (await probeReady(context, inputs))) {
    await markReady(context, inputs);
    return { ...outputsOf(seen), status: "ready" };
  }
  const startTimeout = inputs.startTimeoutSeconds ?? DEFAULT_START_TIMEOUT_SECONDS;
  if (!started && seen.ageSeconds > startTimeout) {
    const silent = seen.ranks.flatMap((rank, index) =>
      rank.started ? [] : [`${index} (${seen.record.ranks[index]?.host})`],
    );
    await giveUp(context, inputs, `rank ${silent.join(", ")} did not start within ${startTimeout} seconds`);
  }
  if (inputs.mode === "ready" && inputs.probe && seen.ageSeconds > inputs.probe.timeoutSeconds) {
    await giveUp(context, inputs, `it was not ready within ${inputs.probe.timeoutSeconds} seconds`);
  }
  return undefined;
}

function unfinished(inputs: JobInputs, seen: JobObservation, why: string): InitFailed<JobOutputs> {
  const how = inputs.mode === "ready" ? "not ready yet" : describeProgress(progressOf(seen));
  return new InitFailed(inputs.name, outputsOf(seen), [
    `job ${inputs.name} is running, ${how}; ${why}, it goes on. The next up re-attaches to it`,
  ]);
}

async function wait(context: GangContext, inputs: JobInputs): Promise<JobOutputs> {
  const from = Date.now();
  for (;;) {
    const seen = await observe(context, inputs);
    if (!seen) throw await failure(context, inputs);
    const outputs = await judge(context, inputs, seen);
    if (outputs) return outputs;
    if (context.signal.aborted) throw unfinished(inputs, seen, "cancelled here");
    const seconds = (Date.now() - from) / 1000;
    if (seconds >= inputs.waitSeconds)
      throw unfinished(inputs, seen, `not waited for longer than ${inputs.waitSeconds} s`);
    context.status(inputs.mode === "ready" ? "waiting until it answers" : describeProgress(progressOf(seen)));
    // Short jobs are noticed at once, long ones cost little.
    await pause(seconds < 20 ? 500 : 2000, context.signal).catch(() => undefined);
  }
}

/**
 * Whether a server that was ready once is so now. Its container may have been started anew a moment ago: then it does not
 * answer, and its supervisor will have noticed within the bound.
 */
async function stillServes(context: GangContext, inputs: JobInputs): Promise<boolean> {
  const from = Date.now();
  while (!(await probeReady(context, inputs))) {
    const seen = await observe(context, inputs);
    if (!seen || statusOf(seen) !== "ready") return false;
    // It lives and is slow to answer, as a server under load may be.
    if ((Date.now() - from) / 1000 > NOTICE_SECONDS) return true;
    context.status("waiting until it answers");
    await pause(1000, context.signal);
  }
  return true;
}

/** Makes the job be there: attaches to a live or completed one of the same identity, else starts it. Then waits. */
export async function converge(context: GangContext, inputs: JobInputs): Promise<JobOutputs> {
  const seen = await observe(context, inputs);
  const same = seen?.record.identityDigest === identityDigest(inputs);
  const status = seen ? statusOf(seen) : undefined;
  if (seen && !same && (status === "running" || status === "ready")) {
    throw new Error(
      `another job named ${inputs.name} (incarnation ${seen.record.incarnation}) runs on ${leaderHost(inputs)} with other ` +
        "arguments or data. Remedy: wait for it, or stop it by deleting its resource",
    );
  }
  const serves = same && status === "ready" && (await stillServes(context, inputs));
  const keep = serves || (same && (status === "running" || status === "completed"));
  if (!keep) {
    if (seen) await stopGang(context, inputs);
    await start(context, inputs);
  }
  return wait(context, inputs);
}

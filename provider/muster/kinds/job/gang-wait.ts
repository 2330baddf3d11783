import { pause } from "../../../../remote/pause";
import { quote } from "../../../../remote/shell";
import { expectSuccess } from "../../../command-failed";
import { errorText } from "../../../error-text";
import { InitFailed } from "../../../kind";
import { isUnreachable } from "../../../operation";
import { releaseClaims } from "./claims";
import { describeFailure } from "./diagnosis";
import { jobFolder } from "./gang-files";
import { type GangContext, stopGang } from "./gang-stop";
import { httpProbeScript } from "./host-scripts";
import { DEFAULT_START_TIMEOUT_SECONDS, type JobInputs, type JobOutputs, leaderHost } from "./inputs";
import { diagnose } from "./known-failure";
import { type JobObservation, progressOf, rankEnds, statusOf } from "./observation";
import { observe, outputsOf } from "./observe";
import { describeProgress } from "./progress";

/** Enough for several Python tracebacks and torchrun's report. */
const DIAGNOSIS_TAIL_BYTES = 131072;
/** How long a host may be out of reach while its job is waited for. The job does not need the operator. */
const SILENCE_SECONDS = 300;
const RETRY_SECONDS = 5;

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
  return new Error(describeFailure(inputs.name, rankEnds(seen), seen.finished.first, logPath, inputs.knownFailures));
}

export async function probeReady(context: GangContext, inputs: JobInputs): Promise<boolean> {
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
  const known = seen && suspicion(inputs, seen);
  const why = known ? [`  why: ${known}`] : [];
  throw new Error(
    [`job ${inputs.name}: ${problem}. It was ended on all hosts.`, ...why, ...tail, `  logs: ${log}`].join("\n"),
  );
}

/** What the log of a job that has not failed suggests: reason and remedy, of the first rank that shows any. */
function suspicion({ knownFailures = [] }: JobInputs, seen: JobObservation): string | undefined {
  for (const [index, { log }] of seen.ranks.entries()) {
    const known = diagnose(log, knownFailures);
    if (known) return `rank ${index} (${seen.record.ranks[index]?.host}): ${known.reason}. Remedy: ${known.remedy}`;
  }
  return undefined;
}

/** Ends what a failed job has left. What cannot be ended is told beside the failure, which it may well explain: a host that died. */
async function afterFailure(context: GangContext, inputs: JobInputs): Promise<Error> {
  const error = await failure(context, inputs);
  try {
    await stopGang(context, inputs);
    await releaseClaims(context, inputs);
    return error;
  } catch (left) {
    return new Error(`${error.message}\n${errorText(left)}`, { cause: left });
  }
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
    throw await afterFailure(context, inputs);
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
  const progress = progressOf(seen);
  const how = inputs.mode === "ready" ? "not ready yet" : describeProgress(progress);
  // A run that makes steps needs no explanation.
  const known = progress ? undefined : suspicion(inputs, seen);
  return new InitFailed(inputs.name, outputsOf(seen), [
    `job ${inputs.name} is running, ${how}; ${why}, it goes on. The next up re-attaches to it`,
    ...(known ? [`its log suggests: ${known}`] : []),
  ]);
}

/** Stays with a job until it is done, its time is over, or the operator goes. A link that is lost for a while ends nothing. */
export async function wait(context: GangContext, inputs: JobInputs): Promise<JobOutputs> {
  const waiting = new Waiting(context, inputs);
  for (;;) {
    const outputs = await waiting.look();
    if (outputs) return outputs;
    waiting.leaveInTime();
    await pause(waiting.pauseMilliseconds, context.signal).catch(() => undefined);
  }
}

class Waiting {
  private readonly from = performance.now();
  private lastAnswer = this.from;
  private last: JobObservation | undefined;
  private isSilent = false;

  constructor(
    private readonly context: GangContext,
    private readonly inputs: JobInputs,
  ) {}

  /** @returns outputs when there is nothing left to wait for. */
  async look(): Promise<JobOutputs | undefined> {
    const { context, inputs } = this;
    try {
      const seen = await observe(context, inputs);
      if (!seen) throw await failure(context, inputs);
      const outputs = await judge(context, inputs, seen);
      this.last = seen;
      this.lastAnswer = performance.now();
      this.isSilent = false;
      context.status(inputs.mode === "ready" ? "waiting until it answers" : describeProgress(progressOf(seen)));
      return outputs;
    } catch (error) {
      // A refused login or another host key will not mend itself.
      if (!isUnreachable(error) || /^(authentication|hostKey|sudo)/.test(error.kind) || !this.last) throw error;
      if (secondsSince(this.lastAnswer) > SILENCE_SECONDS)
        throw unfinished(inputs, this.last, `${error.message} As far as is known`);
      this.isSilent = true;
      context.status(`${error.host} does not answer; trying again`);
      return undefined;
    }
  }

  /** @throws InitFailed when the operator does not want to wait any longer. */
  leaveInTime(): void {
    const { inputs, last } = this;
    if (!last) return;
    if (this.context.signal.aborted) throw unfinished(inputs, last, "cancelled here");
    if (secondsSince(this.from) < inputs.waitSeconds) return;
    throw unfinished(inputs, last, `not waited for longer than ${inputs.waitSeconds} s`);
  }

  /** Short jobs are noticed at once, long ones cost little. */
  get pauseMilliseconds(): number {
    if (this.isSilent) return RETRY_SECONDS * 1000;
    return secondsSince(this.from) < 20 ? 500 : 2000;
  }
}

function secondsSince(moment: number): number {
  return (performance.now() - moment) / 1000;
}

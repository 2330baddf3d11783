import { randomBytes } from "node:crypto";
import { pause } from "../../../../remote/pause";
import { OperatorError } from "../../../../wire/operator-error";
import { expectSuccess } from "../../../command-failed";
import { errorText } from "../../../error-text";
import { InitFailed, type KindContext } from "../../../kind";
import { isUnreachable } from "../../../operation";
import { releaseClaims, takeClaims } from "./claims";
import { gangFiles, gangRecord, jobFolder, supervisorProgram } from "./gang-files";
import { stopGang, strayProcesses } from "./gang-stop";
import { probeReady, wait } from "./gang-wait";
import { startScript } from "./host-scripts";
import { identityDigest } from "./identity";
import { type JobInputs, type JobOutputs, leaderHost } from "./inputs";
import { type JobObservation, statusOf } from "./observation";
import { observe, outputsOf } from "./observe";

/** Within these a supervisor has noticed the end of a rank (supervisor/leader.sh: BEATS_MISSED and the time to stop the others). */
const NOTICE_SECONDS = 45;

/** `claimed`: from then on there is something of the job on its hosts. */
async function start(context: KindContext, inputs: JobInputs, claimed: () => void): Promise<void> {
  const incarnation = randomBytes(6).toString("hex");
  await takeClaims(context, inputs, incarnation);
  claimed();
  const leader = leaderHost(inputs);
  const files: [string, string | Buffer][] = [
    ["supervisor", supervisorProgram],
    ...gangFiles(context.cluster, inputs, incarnation),
    ["job.json", `${JSON.stringify(gangRecord(context.cluster, inputs, incarnation))}\n`],
  ];
  const stdin = files.map(([name, content]) => `${name} ${Buffer.from(content).toString("base64")}\n`).join("");
  const what = `start job ${inputs.name}`;
  const script = startScript(jobFolder(context.cluster, inputs.name));
  const started = await context.hosts.runner(leader).mutate(what, script, { stdin, timeoutSeconds: 60 });
  if (started.exitCode === 0) return;
  // A supervisor that was only slow would bring the job to life after all.
  await stopGang(context, inputs);
  await releaseClaims(context, inputs);
  expectSuccess(started, { host: leader, what, remedy: "mend what the host says, then run up again" });
}

/**
 * Whether a server that was ready once is so now. Its container may have been started anew a moment ago: then it does not
 * answer, and its supervisor will have noticed within the bound.
 */
async function stillServes(context: KindContext, inputs: JobInputs): Promise<boolean> {
  const from = performance.now();
  while (!(await probeReady(context, inputs))) {
    const seen = await observe(context, inputs);
    if (!seen || statusOf(seen) !== "ready") return false;
    // It lives and is slow to answer, as a server under load may be.
    if ((performance.now() - from) / 1000 > NOTICE_SECONDS) return true;
    context.status("waiting until it answers");
    await pause(1000, context.signal);
  }
  return true;
}

/**
 * As `converge`, for a job that the state does not know yet. Once something of it is on its hosts, every failure leaves a resource behind: the
 * next up starts it anew, and destroy finds its processes, its claims and its folder, in which secrets stand.
 * @throws InitFailed then
 */
export async function create(context: KindContext, inputs: JobInputs): Promise<JobOutputs> {
  let isThere = false;
  try {
    return await converge(context, inputs, () => {
      isThere = true;
    });
  } catch (error) {
    if (!isThere || error instanceof InitFailed) throw error;
    throw new InitFailed(inputs.name, await leftBehind(context, inputs, error), [errorText(error)]);
  }
}

/** What is known of a job that failed. A host that is out of reach is not waited for a second time. */
async function leftBehind(context: KindContext, inputs: JobInputs, error: unknown): Promise<JobOutputs> {
  const seen = isUnreachable(error) ? undefined : await observe(context, inputs).catch(() => undefined);
  if (seen) return outputsOf(seen);
  const nothing = { incarnation: "", startedAt: "", finishedAt: "", result: "", progress: null };
  return { ...nothing, status: "failed", problem: errorText(error), identityDigest: identityDigest(inputs) };
}

/**
 * Makes the job be there: attaches to a live or completed one of the same identity, else starts it. Then waits. `isThere` is called as soon
 * as something of it is on its hosts.
 */
export async function converge(
  context: KindContext,
  inputs: JobInputs,
  isThere: () => void = () => {},
): Promise<JobOutputs> {
  const seen = await observe(context, inputs);
  const same = seen?.record.identityDigest === identityDigest(inputs);
  const status = seen && statusOf(seen);
  const serves = same && status === "ready" && (await stillServes(context, inputs));
  const keep = serves || (same && (status === "running" || status === "completed"));
  if (!keep) {
    if (seen) refuseOther(context, inputs, seen, same);
    else await refuseStray(context, inputs);
    await stopGang(context, inputs);
    await refuseForeignServer(context, inputs);
    await start(context, inputs, isThere);
  }
  isThere();
  return wait(context, inputs);
}

/**
 * Something else answers where this server is to answer: it would be taken for this one, and be called ready, before this one
 * has even found that its port is taken.
 */
async function refuseForeignServer(context: KindContext, inputs: JobInputs): Promise<void> {
  const { probe } = inputs;
  if (inputs.mode !== "ready" || probe?.http === undefined || !(await probeReady(context, inputs))) return;
  const { host, port } = new URL(probe.http);
  throw new OperatorError({
    summary: `another server answers at ${host} already, so job ${inputs.name} cannot be started there`,
    where: `host ${probe.host}`,
    remedy: `ss -ltnp 'sport = :${port}' on that host shows whose it is: end it, or choose another port`,
  });
}

/** A live job of this name that computes something else is not ended unasked, unless it only serves. */
function refuseOther(context: KindContext, inputs: JobInputs, seen: JobObservation, same: boolean): void {
  const { incarnation, mode } = seen.record;
  if (same || statusOf(seen) !== "running" || mode === "ready") return;
  if (context.allowed("MUSTER_INTERRUPT", inputs.name)) return;
  throw new OperatorError({
    summary: `another job named ${inputs.name} (run ${incarnation}) runs with other arguments or data`,
    where: `host ${leaderHost(inputs)}`,
    remedy: `wait for it (muster logs -f ${inputs.name}), or allow to end it: MUSTER_INTERRUPT=${inputs.name} muster up`,
  });
}

/** Somebody has deleted the folder of a job that runs. Nobody can attach to it any more, and a second one must not start beside it. */
async function refuseStray(context: KindContext, inputs: JobInputs): Promise<void> {
  if (inputs.mode === "ready" || context.allowed("MUSTER_INTERRUPT", inputs.name)) return;
  const stray = await strayProcesses(context, inputs);
  if (stray.length === 0) return;
  throw new OperatorError({
    summary: `job ${inputs.name} runs, but its record is gone: somebody deleted its folder`,
    where: `host ${leaderHost(inputs)}, ${jobFolder(context.cluster, inputs.name)}`,
    detail: stray.join("\n"),
    remedy: `wait until its processes have ended, or allow to end them and start it anew: MUSTER_INTERRUPT=${inputs.name} muster up`,
  });
}

import { dirname } from "node:path";
import { baselineOf, comparableBaseline, judgeGate, leastBusbwGBps } from "../../../../plan/fabric/judge";
import { type GateReports, parseReports } from "../../../../plan/fabric/reports";
import { quote } from "../../../../remote/shell";
import { expectSuccess } from "../../../command-failed";
import { errorText } from "../../../error-text";
import { InitFailed, type KindContext } from "../../../kind";
import { CLAIMS_FOLDER, releaseClaims } from "../job/claims";
import { jobFolder } from "../job/gang-files";
import { converge } from "../job/gang-run";
import { stopGang } from "../job/gang-stop";
import { type JobInputs, type JobOutputs, leaderHost } from "../job/inputs";
import { type JobObservation, statusOf } from "../job/observation";
import { observe } from "../job/observe";
import { pruneScript } from "../prune";
import { type GateInputs, type GateOutputs, jobOf, judgedRow, limitsOf, runDigest } from "./inputs";

/** Enough for the pairs of a large fleet, and for the ends of the ranks that died. */
const LOG_BYTES = 262144;

/** The operator takes what is measured now as what the fabric is meant to be. */
const RENEW = "MUSTER_NEW_BASELINE";

/** A run that has ended, and that nobody has judged, tells of the fabric for so long after its start. */
const FRESH_SECONDS = 3600;

/**
 * Measures and judges. A run that another operator began or that nobody has judged yet is taken up, unless it is long ago; one that was
 * judged is not taken for a new one.
 * @throws InitFailed when the gate stays shut, with all faults
 */
export async function runGate(context: KindContext, inputs: GateInputs, old?: GateOutputs): Promise<GateOutputs> {
  const known = old?.baseline ?? undefined;
  const baseline = context.allowed(RENEW, inputs.name) ? undefined : comparableBaseline(known, judgedRow(inputs));
  const job = jobOf(inputs, leastBusbwGBps(limitsOf(inputs), baseline));
  const before = await observe(context, job, 0);
  if (before && isPast(before, old)) await removeRecord(context, job);
  const { seen, error } = await measured(watching(context), inputs, job, old, before);
  const reports = parseReports(seen.ranks.map(rank => rank.log));
  const verdict = judgeGate(reports, limitsOf(inputs), baseline);
  const outputs = outputsOf(inputs, seen, reports, verdict);
  if (outputs.status === "passed" && outputs.measured)
    return { ...outputs, baseline: baseline ?? baselineOf(inputs.nodes, outputs.measured, outputs.measuredAt) };
  const said = reports.died.length > 0 ? error : undefined;
  // What is not well is no new measure.
  throw new InitFailed(inputs.name, { ...outputs, baseline: known ?? null }, reasons(outputs, said));
}

function isPast(seen: JobObservation, old: GateOutputs | undefined): boolean {
  if (statusOf(seen) === "running") return false;
  // Of a clock that was set back nobody knows how long ago it is.
  const isFresh = seen.ageSeconds >= 0 && seen.ageSeconds < FRESH_SECONDS;
  return seen.record.incarnation === old?.incarnation || !isFresh;
}

/** A gate has no steps to count. */
function watching(context: KindContext): KindContext {
  return { ...context, status: () => context.status("measuring") };
}

/** The same measurement against other limits. */
export function judgeAgain(inputs: GateInputs, old: GateOutputs): GateOutputs {
  const { measured: measurement } = old;
  if (!measurement) return old;
  const baseline = comparableBaseline(old.baseline ?? undefined, judgedRow(inputs));
  const reports = { unreached: [], missing: [], died: [], stuck: [], transports: [], measured: measurement };
  const { faults, warnings } = judgeGate(reports, { ...limitsOf(inputs), expectsRdma: false }, baseline);
  if (faults.length === 0) return { ...old, status: "passed", faults, warnings };
  const outputs: GateOutputs = { ...old, status: "failed", faults, warnings };
  throw new InitFailed(inputs.name, outputs, reasons(outputs));
}

/** Runs the job to its end. Its failure is no error here if the reports of that very run say why. */
async function measured(
  context: KindContext,
  inputs: GateInputs,
  job: JobInputs,
  old: GateOutputs | undefined,
  before: JobObservation | undefined,
): Promise<{ seen: JobObservation; error?: Error }> {
  let error: Error | undefined;
  try {
    await converge(context, job);
  } catch (thrown) {
    if (thrown instanceof InitFailed) throw unfinished(inputs, thrown as InitFailed<JobOutputs>, old);
    error = thrown instanceof Error ? thrown : new Error(errorText(thrown));
  }
  const seen = await observe(context, job, LOG_BYTES);
  // What could not even be started has left the record as it was.
  const isOld = before && statusOf(before) !== "running" && before.record.incarnation === seen?.record.incarnation;
  if (error && (!seen || isOld || statusOf(seen) === "running" || !isTelling(seen))) throw error;
  if (!seen)
    throw new Error(
      `the record of ${job.name} vanished from ${leaderHost(job)} while it was watched. Remedy: run up again`,
    );
  return { seen, ...(error && { error }) };
}

function isTelling(seen: JobObservation): boolean {
  const { unreached, missing, died, stuck } = parseReports(seen.ranks.map(rank => rank.log));
  return unreached.length + missing.length + died.length + stuck.length > 0;
}

function outputsOf(
  inputs: GateInputs,
  seen: JobObservation,
  reports: GateReports,
  { faults, warnings }: Pick<GateOutputs, "faults" | "warnings">,
): Omit<GateOutputs, "baseline"> {
  return {
    status: faults.length === 0 ? "passed" : "failed",
    faults,
    warnings,
    measured: reports.measured ?? null,
    runDigest: runDigest(inputs),
    provenIn: inputs.incarnations,
    incarnation: seen.record.incarnation,
    measuredAt: seen.finished?.at ?? seen.startedAt,
  };
}

function unfinished(
  inputs: GateInputs,
  thrown: InitFailed<JobOutputs>,
  old: GateOutputs | undefined,
): InitFailed<GateOutputs> {
  const state: GateOutputs = {
    status: "running",
    faults: [],
    warnings: [],
    measured: null,
    baseline: old?.baseline ?? null,
    runDigest: runDigest(inputs),
    provenIn: {},
    // Not judged yet: the next up takes it up.
    incarnation: "",
    measuredAt: "",
  };
  return new InitFailed(inputs.name, state, thrown.reasons);
}

function reasons({ faults }: Pick<GateOutputs, "faults">, error?: Error): string[] {
  const [first = "", ...more] = faults;
  const log = error ? [`the log ends so: ${error.message}`] : [];
  return [`the fabric is not fit, so no job that waits for it is started: ${first}`, ...more, ...log];
}

/** Ends what runs of the gate and takes its record away. */
export async function removeGate(context: KindContext, job: JobInputs): Promise<void> {
  await stopGang(context, job);
  await releaseClaims(context, job);
  await removeRecord(context, job);
}

async function removeRecord(context: KindContext, { name, ...job }: JobInputs): Promise<void> {
  const host = leaderHost(job);
  const folder = jobFolder(context.cluster, name);
  const what = `remove the record of ${name}`;
  const script = `rm -rf -- ${quote(folder)} || exit 1\n${pruneScript([dirname(folder), CLAIMS_FOLDER])}exit 0\n`;
  expectSuccess(await context.hosts.runner(host).mutate(what, script, { signal: context.signal }), { host, what });
}

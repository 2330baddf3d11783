import { elapsedText } from "../engine/display/summary";
import type { HostStatus, JobStatusLine } from "./host-status";
import type { JobFinding } from "./rank-watch";

/** A job that prints steps prints each; one that loads weights or compiles may be silent for long. */
const SILENT_STEPS = 20;
const LEAST_SILENT_SECONDS = 120;
const SILENT_WITHOUT_STEPS_SECONDS = 1200;
/** A disk is filling when less than this share and less than so much is left. */
const LEAST_FREE_SHARE = 0.05;
const LEAST_FREE_GIB = 20;

/** What a person should look at. */
export interface Problem {
  /** What it is about: the same while it lasts, though numbers in the text change. */
  readonly about: string;
  readonly text: string;
}

/** One line each. */
export function statusProblems(all: readonly HostStatus[], findings: readonly JobFinding[] = []): Problem[] {
  const named = new Set(findings.filter(({ severity }) => severity === "problem").map(({ job }) => job));
  return [...all.flatMap(each => hostProblems(each, named)), ...ofSeverity(findings, "problem")];
}

/** What helps one who wonders; nobody has to act. */
export function statusNotes(findings: readonly JobFinding[]): Problem[] {
  return ofSeverity(findings, "note");
}

function ofSeverity(findings: readonly JobFinding[], wanted: JobFinding["severity"]): Problem[] {
  return findings.flatMap(({ severity, text, ...what }) =>
    severity === wanted ? [{ about: JSON.stringify(what), text }] : [],
  );
}

/** `named`: jobs of which it is known what keeps them. */
function hostProblems(each: HostStatus, named: ReadonlySet<string>): Problem[] {
  const { host, problem, gpus, disks, jobs } = each;
  return [
    ...(problem === undefined ? [] : [{ about: `${host}: ${problem}`, text: problem }]),
    ...gpus.flatMap(({ index, uncorrectedErrors = 0 }) => {
      const about = `${host}: GPU ${index}`;
      const text = `${about} has ${uncorrectedErrors} uncorrected memory errors: drain it, nvidia-smi -r, or have it replaced`;
      return uncorrectedErrors > 0 ? [{ about, text }] : [];
    }),
    ...disks.flatMap(({ mountPoint, sizeGib, freeGib }) => {
      const about = `${host}: ${mountPoint} is filling`;
      const isFilling = freeGib < LEAST_FREE_GIB && freeGib < sizeGib * LEAST_FREE_SHARE;
      return isFilling ? [{ about, text: `${about}: ${freeGib} of ${sizeGib} GiB left` }] : [];
    }),
    ...jobs.flatMap(job => [...failed(host, job), ...(named.has(job.job) ? [] : stalled(host, job))]),
  ];
}

/** Of a run that somebody stopped nobody has to be told. */
function failed(host: string, { job, status, failure = "it left no trace" }: JobStatusLine): Problem[] {
  const about = `${host}: job ${job} failed`;
  return status === "failed" ? [{ about, text: `${about}: ${failure.replace(/\.$/, "")}: muster logs ${job}` }] : [];
}

/** A running job of which no rank has printed anything for much longer than its steps take. A server waits in silence. */
function stalled(host: string, { job, status, step, secondsPerStep = 0, silentSeconds = 0 }: JobStatusLine): Problem[] {
  const limit =
    step === undefined ? SILENT_WITHOUT_STEPS_SECONDS : Math.max(LEAST_SILENT_SECONDS, SILENT_STEPS * secondsPerStep);
  if (status !== "running" || silentSeconds <= limit) return [];
  const about = `${host}: no rank of job ${job} has printed anything`;
  const since = step === undefined ? "" : ` since step ${step}`;
  const look = `muster logs ${job} --rank 0, and py-spy dump on the hosts`;
  return [{ about, text: `${about} for ${elapsedText(silentSeconds)}${since}: ${look}` }];
}

import { elapsedText } from "../engine/display/summary";
import type { HostStatus, JobStatusLine } from "./host-status";

/** A job that prints steps prints each; one that loads weights or compiles may be silent for long. */
const SILENT_STEPS = 20;
const LEAST_SILENT_SECONDS = 120;
const SILENT_WITHOUT_STEPS_SECONDS = 1200;
/** A disk is filling when less than this share and less than so much is left. */
const LEAST_FREE_SHARE = 0.05;
const LEAST_FREE_GIB = 20;

/** What a person should look at, one line each. */
export function statusProblems(all: readonly HostStatus[]): string[] {
  return all.flatMap(each => [
    ...(each.problem === undefined ? [] : [each.problem]),
    ...each.gpus.flatMap(({ index, uncorrectedErrors = 0 }) =>
      uncorrectedErrors > 0
        ? [
            `${each.host}: GPU ${index} has ${uncorrectedErrors} uncorrected memory errors: drain it, nvidia-smi -r, or have it replaced`,
          ]
        : [],
    ),
    ...each.disks.flatMap(({ mountPoint, sizeGib, freeGib }) =>
      freeGib < LEAST_FREE_GIB && freeGib < sizeGib * LEAST_FREE_SHARE
        ? [`${each.host}: ${mountPoint} is filling: ${freeGib} of ${sizeGib} GiB left`]
        : [],
    ),
    ...each.jobs.flatMap(job => stalled(each.host, job)),
  ]);
}

/** A running job of which no rank has printed anything for much longer than its steps take. A server waits in silence. */
function stalled(host: string, { job, status, step, secondsPerStep = 0, silentSeconds = 0 }: JobStatusLine): string[] {
  const limit =
    step === undefined ? SILENT_WITHOUT_STEPS_SECONDS : Math.max(LEAST_SILENT_SECONDS, SILENT_STEPS * secondsPerStep);
  if (status !== "running" || silentSeconds <= limit) return [];
  return [
    `${host}: no rank of job ${job} has printed anything for ${elapsedText(silentSeconds)}` +
      `${step === undefined ? "" : ` since step ${step}`}: muster logs ${job} --rank 0, and py-spy dump on the hosts`,
  ];
}

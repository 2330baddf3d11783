import type { Hosts } from "../../../../remote/runner";
import { quote } from "../../../../remote/shell";
import { expectSuccess } from "../../../command-failed";
import { jobFolder } from "./gang-files";
import { type JobInputs, type JobOutputs, leaderHost } from "./inputs";
import {
  type JobObservation,
  observationScript,
  parseObservation,
  problemOf,
  progressOf,
  statusOf,
} from "./observation";

/** Enough of each log's end for the last step line. */
const PROGRESS_TAIL_BYTES = 4096;

/** Asks what is there. Changes nothing. */
export async function observe(
  context: { readonly hosts: Pick<Hosts, "probe">; readonly cluster: string },
  inputs: Pick<JobInputs, "name" | "ranks" | "resultFile">,
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

/** The same for a job of which only its name and its host are known. */
export async function observeRecord(
  context: { readonly hosts: Pick<Hosts, "probe">; readonly cluster: string },
  host: string,
  job: string,
): Promise<JobObservation | undefined> {
  const script = observationScript(jobFolder(context.cluster, job), 0);
  const what = `reading the record of job ${job}`;
  return parseObservation(expectSuccess(await context.hosts.probe(host).query(script), { host, what }).stdout);
}

export function outputsOf(observation: JobObservation): JobOutputs {
  const status = statusOf(observation);
  return {
    status,
    problem: problemOf(observation),
    incarnation: observation.record.incarnation,
    identityDigest: observation.record.identityDigest,
    startedAt: observation.startedAt,
    finishedAt: observation.finished?.at ?? "",
    result: status === "completed" ? (observation.result ?? "") : "",
    progress: progressOf(observation),
  };
}

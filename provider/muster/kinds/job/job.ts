import { dirname } from "node:path";
import { quote } from "../../../../remote/shell";
import { OperatorError } from "../../../../wire/operator-error";
import { expectSuccess } from "../../../command-failed";
import type { CheckFailure, Kind, KindContext, PreviewContext, PropertyChange } from "../../../kind";
import { isUnreachable } from "../../../operation";
import { pruneScript } from "../prune";
import { CLAIMS_FOLDER, refuseHeldGpus, releaseClaims } from "./claims";
import { jobFolder } from "./gang-files";
import { converge, create } from "./gang-run";
import { hostsOf, onEach, stopGang, strayProcesses } from "./gang-stop";
import { canonical, identityDigest } from "./identity";
import { type JobInputs, type JobOutputs, jobInputsSchema } from "./inputs";
import { patternProblem } from "./known-failure";
import { progressOf, statusOf } from "./observation";
import { observe, outputsOf } from "./observe";
import { refuseUnmet } from "./precondition";
import { describeProgress } from "./progress";

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

function checkEnvironment(property: string, variables: Readonly<Record<string, string>> | undefined): CheckFailure[] {
  return Object.keys(variables ?? {})
    .filter(name => !NAME.test(name) || name === "MUSTER_JOB")
    .map(name => ({ property: `${property}.${name}`, reason: `"${name}" cannot be the name of a variable of a job` }));
}

/** Where a new job's result would differ from the old one's. */
function identityChanges(old: JobInputs & JobOutputs, news: Partial<JobInputs>): PropertyChange[] {
  const { ranks, identity } = news;
  if (!ranks || !identity) {
    const missing = [...(ranks ? [] : ["ranks"]), ...(identity ? [] : ["identity"])];
    return missing.map(path => ({ path, mode: "update", replace: true }));
  }
  if (identityDigest({ ranks, identity }) === old.identityDigest) return [];
  const changes: PropertyChange[] = [];
  for (let index = 0; index < Math.max(ranks.length, old.ranks.length); index++) {
    const before = old.ranks[index];
    const after = ranks[index];
    if (before && after && before.host === after.host && before.argv.join("\0") === after.argv.join("\0")) continue;
    const part = before?.host === after?.host ? ".argv" : "";
    changes.push({ path: `ranks[${index}]${part}`, mode: "update", replace: true });
  }
  for (const key of new Set([...Object.keys(identity), ...Object.keys(old.identity)])) {
    if (identity[key] !== old.identity[key]) changes.push({ path: `identity.${key}`, mode: "update", replace: true });
  }
  return changes.length > 0 ? changes : [{ path: "identityDigest", mode: "update", replace: true }];
}

/** A job over nodes: its ranks live and die together, and it outlives the operator. */
export const job: Kind<JobInputs, JobOutputs> = {
  token: "muster:index:Job",
  description:
    "Runs one process per node under a supervisor that outlives the operator, until it has completed or is ready to serve.",
  inputs: jobInputsSchema,
  deleteBeforeReplace: true,
  fields: {
    name: { change: "replace" },
    sshConfig: { change: "ignore" },
    // What of the ranks changes the result is decided in diff; their environment is not part of it.
    ranks: { change: "update" },
    identity: { change: "replace" },
    transportEnv: { change: "ignore" },
    secretEnv: { change: "ignore", secret: true },
    // Only of a server: decided in diff.
    reviveOn: { change: "ignore" },
    mayStop: { change: "ignore" },
    // Read when a run fails: a better explanation is no reason to touch one that runs.
    knownFailures: { change: "ignore" },
    precondition: { change: "ignore" },
    claims: { change: "update" },
    mode: { change: "replace" },
    probe: { change: "update" },
    waitSeconds: { change: "update" },
    startTimeoutSeconds: { change: "update" },
    resultFile: { change: "update" },
    outputs: { change: "update" },
    deleteOutputs: { change: "update" },
    stopSeconds: { change: "update" },
  },
  outputs: {
    status: {
      description: "running, completed, ready, failed, stopped, or unrecorded when somebody deleted its record",
    },
    problem: { description: "why it is not what it should be; empty if nothing is wrong" },
    incarnation: { description: "names one run of the job; changes at each start" },
    identityDigest: { description: "SHA-256 of what the result depends on" },
    startedAt: { description: "ISO 8601, by the clock of rank 0's host" },
    finishedAt: { description: "ISO 8601; empty while it runs" },
    result: { description: "text of the declared result file, once completed" },
    progress: { description: "last step, number of steps and loss that the log shows; null if it shows none" },
  },

  check(inputs) {
    const failures: CheckFailure[] = [
      ...checkEnvironment("secretEnv", inputs.secretEnv),
      ...(inputs.ranks ?? []).flatMap((rank, index) => checkEnvironment(`ranks[${index}].env`, rank.env)),
      ...Object.entries(inputs.transportEnv ?? {}).flatMap(([host, variables]) =>
        checkEnvironment(`transportEnv.${host}`, variables),
      ),
    ];
    inputs.knownFailures?.forEach((failure, index) => {
      const reason = patternProblem(failure);
      if (reason) failures.push({ property: `knownFailures[${index}].pattern`, reason });
    });
    if (inputs.probe && (inputs.probe.script === undefined) === (inputs.probe.http === undefined)) {
      failures.push({ property: "probe", reason: "exactly one of script and http must be given" });
    }
    const leader = inputs.ranks?.[0];
    inputs.ranks?.forEach((rank, index) => {
      const isMeshed = leader?.container !== undefined || inputs.sshConfig !== undefined;
      if (leader && !isMeshed && rank.host !== leader.host && rank.container !== undefined) {
        const reason = "is reached through the mesh of rank 0's container; give rank 0 a container too";
        failures.push({ property: `ranks[${index}].host`, reason });
      }
    });
    return failures;
  },

  diff(old, news) {
    const changes = identityChanges(old, news);
    const settled = old.mode === "ready" ? old.status === "ready" : old.status === "completed";
    const found = (path: string): PropertyChange => ({ path, mode: "update", replace: false, inputDiff: false });
    if (!settled) return [...changes, found("status"), ...(old.problem ? [found("problem")] : [])];
    return isSameLife(old, news) ? changes : [...changes, { path: "reviveOn", mode: "update", replace: false }];
  },

  async predict(context, news, old) {
    const { ranks, identity } = news;
    if (!ranks || !identity) return {};
    const digest = identityDigest({ ranks, identity });
    if (!old) {
      await refusePlan(context, news);
      return { identityDigest: digest };
    }
    if (digest !== old.identityDigest) {
      await refuseUnmet(context, news);
      return {};
    }
    // The same run goes on: nothing of it changes, so nothing that depends on it has to.
    const settled = old.status === "completed" || old.status === "ready";
    if (settled && isSameLife(old, news)) return outputsIn(old);
    if (!settled && old.status !== "running") {
      await refuseUnmet(context, news);
      await refuseHeldGpus(context, news);
    }
    return { identityDigest: digest };
  },

  async read(context, id, old) {
    if (!old) throw notImported(id);
    const seen = await observe(context, old);
    // The schema leaves the outputs out.
    const inputs = jobInputsSchema.parse(old);
    if (seen) return { inputs, state: outputsOf(seen) };
    const stray = await strayProcesses(context, old);
    if (stray.length === 0) return undefined;
    const problem = `its record was deleted, and its processes live: ${stray.join("; ")}`;
    return { inputs, state: { ...outputsIn(old), status: "unrecorded", problem } };
  },

  async create(context, inputs) {
    return { id: inputs.name, state: await create(context, inputs) };
  },

  async update(context, _id, inputs) {
    return converge(context, inputs);
  },

  async delete(context, _id, old) {
    await refuseLoss(context, old);
    await stopGang(context, old);
    await releaseClaims(context, old);
    const folder = jobFolder(context.cluster, old.name);
    await onEach(context, hostsOf(old), async host => {
      const outputs = old.deleteOutputs ? (old.outputs ?? []).filter(output => output.host === host) : [];
      const results = old.resultFile?.host === host ? [old.resultFile.path] : [];
      const paths = [folder, ...results, ...outputs.map(output => output.path)];
      // The folder of the result file is somebody else's, and may be mounted: made anew, a container would not see it.
      const emptied = [dirname(folder), CLAIMS_FOLDER];
      const what = `remove the files of job ${old.name}`;
      const script = `rm -rf -- ${paths.map(quote).join(" ")} || exit 1\n${pruneScript(emptied)}exit 0\n`;
      const { hosts, signal } = context;
      expectSuccess(await hosts.runner(host).mutate(what, script, { signal }), { host, what });
    });
  },
};

/** What a server does not outlive is as it was when it was looked after last. */
function isSameLife(old: JobInputs, news: Partial<JobInputs>): boolean {
  return old.mode !== "ready" || canonical(old.reviveOn ?? null) === canonical(news.reviveOn ?? null);
}

/** A training that runs is not lost unasked; a server is. */
async function refuseLoss(context: KindContext, old: JobInputs): Promise<void> {
  if (old.mode === "ready" || context.allowed("MUSTER_INTERRUPT", old.name)) return;
  const isForgotten = (error: unknown) => isUnreachable(error) && context.allowed("MUSTER_FORGET_HOSTS", error.host);
  try {
    const seen = await observe(context, old);
    const isLive = seen ? statusOf(seen) === "running" : (await strayProcesses(context, old)).length > 0;
    if (!isLive) return;
    throw new OperatorError({
      summary: `job ${old.name} is running (${describeProgress(seen && progressOf(seen))}) and would be lost`,
      where: `host ${hostsOf(old).join(", ")}`,
      remedy: `wait for it (muster logs -f ${old.name}), or allow it: MUSTER_INTERRUPT=${old.name} muster up`,
    });
  } catch (error) {
    if (!isForgotten(error)) throw error;
  }
}

/** Of a job that is to be started: see refuseHeldGpus. A host that is out of reach is told by others. */
async function refusePlan(context: PreviewContext, news: Partial<JobInputs>): Promise<void> {
  const { ranks, identity, name } = news;
  if (!ranks || !identity || name === undefined) return;
  try {
    const seen = await observe(context, { ranks, name });
    if (seen && seen.record.identityDigest !== identityDigest({ ranks, identity })) {
      await refuseUnmet(context, news);
      return;
    }
    const status = seen && statusOf(seen);
    if (status === "running" || status === "ready" || status === "completed") return;
    await refuseUnmet(context, news);
    await refuseHeldGpus(context, news);
  } catch (error) {
    if (!isUnreachable(error)) throw error;
  }
}

function notImported(id: string): OperatorError {
  return new OperatorError({
    summary: `job ${id} cannot be imported: what it was started with is not all known on the hosts`,
    remedy:
      "declare it with the same arguments and data; up then adopts the job that runs or has completed, and starts no other",
  });
}

function outputsIn(state: JobInputs & JobOutputs): JobOutputs {
  const { status, problem, incarnation, identityDigest: digest, startedAt, finishedAt, result, progress } = state;
  return { status, problem, incarnation, identityDigest: digest, startedAt, finishedAt, result, progress };
}

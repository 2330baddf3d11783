import { dirname } from "node:path";
import { quote } from "../../../../remote/shell";
import type { CheckFailure, Kind, PropertyChange } from "../../../kind";
import { pruneScript } from "../prune";
import { jobFolder } from "./gang-files";
import { converge, hostsOf, observe, outputsOf, releaseClaims, stopGang } from "./gang-run";
import { claimsFolder } from "./host-scripts";
import { canonical, identityDigest } from "./identity";
import { type JobInputs, type JobOutputs, jobInputsSchema } from "./inputs";
import { statusOf } from "./observation";
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
    // What of the ranks changes the result is decided in diff; their environment is not part of it.
    ranks: { change: "update" },
    identity: { change: "replace" },
    transportEnv: { change: "ignore" },
    secretEnv: { change: "ignore", secret: true },
    // Of what has completed nothing is lost with its container: decided in diff.
    starts: { change: "ignore" },
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
    status: { description: "running, completed, ready, failed or stopped" },
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
    if (inputs.probe && (inputs.probe.script === undefined) === (inputs.probe.http === undefined)) {
      failures.push({ property: "probe", reason: "exactly one of script and http must be given" });
    }
    const leader = inputs.ranks?.[0];
    inputs.ranks?.forEach((rank, index) => {
      if (leader && leader.container === undefined && rank.host !== leader.host && rank.container !== undefined) {
        const reason = "is reached through the mesh of rank 0's container; give rank 0 a container too";
        failures.push({ property: `ranks[${index}].host`, reason });
      }
    });
    return failures;
  },

  diff(old, news) {
    const changes = identityChanges(old, news);
    const settled = old.mode === "ready" ? old.status === "ready" : old.status === "completed";
    if (!settled) return [...changes, { path: "status", mode: "update", replace: false, inputDiff: false }];
    if (old.mode !== "ready" || canonical(old.starts) === canonical(news.starts)) return changes;
    return [...changes, { path: "starts", mode: "update", replace: false }];
  },

  predict(_context, news, old) {
    if (!old || !news.ranks || !news.identity) return {};
    if (identityDigest({ ranks: news.ranks, identity: news.identity }) !== old.identityDigest) return {};
    // The same run goes on: nothing of it changes, so nothing that depends on it has to.
    if (old.status === "completed") return outputsIn(old);
    if (old.status === "ready" && canonical(old.starts) === canonical(news.starts)) return outputsIn(old);
    return { identityDigest: old.identityDigest };
  },

  async read(context, id, old) {
    if (!old)
      throw new Error(
        `job ${id} cannot be imported: its hosts are not known. Remedy: declare it; up adopts a live job`,
      );
    const seen = await observe(context, old);
    if (!seen) return undefined;
    // The schema leaves the outputs out.
    return { inputs: jobInputsSchema.parse(old), state: outputsOf(seen) };
  },

  async create(context, inputs) {
    return { id: inputs.name, state: await converge(context, inputs) };
  },

  async update(context, _id, inputs) {
    return converge(context, inputs);
  },

  async delete(context, _id, old) {
    const seen = await observe(context, old);
    if (
      seen &&
      statusOf(seen) === "running" &&
      old.mode === "completed" &&
      !context.allowed("MUSTER_INTERRUPT", old.name)
    ) {
      const progress = describeProgress(outputsOf(seen).progress);
      throw new Error(
        `job ${old.name} is running (${progress}) on ${hostsOf(old).join(", ")} and would be lost. ` +
          `Remedy: wait for it, or allow it: MUSTER_INTERRUPT=${old.name}`,
      );
    }
    await stopGang(context, old);
    await releaseClaims(context, old);
    const folder = jobFolder(context.cluster, old.name);
    await Promise.all(
      hostsOf(old).map(async host => {
        const outputs = old.deleteOutputs ? (old.outputs ?? []).filter(output => output.host === host) : [];
        const results = old.resultFile?.host === host ? [old.resultFile.path] : [];
        const paths = [folder, ...results, ...outputs.map(output => output.path)];
        const emptied = [dirname(folder), claimsFolder(context.cluster), ...results.map(dirname)];
        const what = `remove the files of job ${old.name}`;
        const script = `rm -rf -- ${paths.map(quote).join(" ")} || exit 1\n${pruneScript(emptied)}exit 0\n`;
        const result = await context.hosts.runner(host).mutate(what, script);
        if (result.exitCode !== 0) throw new Error(`${host}: ${what} failed: ${result.stderr.trim()}`);
      }),
    );
  },
};

function outputsIn(state: JobInputs & JobOutputs): JobOutputs {
  const { status, incarnation, identityDigest: digest, startedAt, finishedAt, result, progress } = state;
  return { status, incarnation, identityDigest: digest, startedAt, finishedAt, result, progress };
}

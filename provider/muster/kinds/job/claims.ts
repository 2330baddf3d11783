import { quote } from "../../../../remote/shell";
import { OperatorError } from "../../../../wire/operator-error";
import { expectSuccess } from "../../../command-failed";
import type { KindContext, PreviewContext } from "../../../kind";
import { processMark } from "./gang-files";
import { type GangContext, onEach, stopGang } from "./gang-stop";
import type { JobInputs } from "./inputs";
import { observeRecord } from "./observe";

/** Seconds in which a claimed GPU without any process of its job counts as one that is being started. */
const CLAIM_START_SECONDS = 60;

/** Of all clusters together: they may share a host. */
export const CLAIMS_FOLDER = "/var/lib/muster/.claims";

/** A GPU that another live job holds. */
export interface Holder {
  readonly host: string;
  readonly gpu: number;
  readonly cluster: string;
  readonly job: string;
}

/**
 * Shell function `holder GPU`: sets `other` to the mark of the job that holds it, if that is another one than $job and lives. A claim is a
 * folder with a file `owner`: mark, seconds after boot, boot id (clocks may jump, the time since the boot does not).
 */
function holderFunction(cluster: string, job: string): string {
  return `c=${CLAIMS_FOLDER} job=${quote(processMark(cluster, job))}
boot=$(cat /proc/sys/kernel/random/boot_id) now=$(cut -d. -f1 /proc/uptime)
holder() {
  other='' since=0 then_boot='' tries=4
  # Between its folder and its file a claim is being made, if nobody died there.
  until { read -r other since then_boot <"$c/gpu-$1/owner"; } 2>/dev/null; do
    tries=$((tries - 1))
    [ -d "$c/gpu-$1" ] && [ "$tries" -gt 0 ] || return 0
    sleep 0.25
  done
  case $other in "$job"*) other='' && return 0 ;; esac
  if [ "$then_boot" = "$boot" ] && [ $((now - since)) -lt ${CLAIM_START_SECONDS} ]; then return 0; fi
  grep -qslF "MUSTER_JOB=$other" /proc/[0-9]*/environ || other=''
}
`;
}

/** Takes GPUs of one host: a folder each, made by mkdir, which only one can do. A stale claim is taken over. All or none. */
export function claimScript(cluster: string, job: string, incarnation: string, gpus: readonly number[]): string {
  return `${holderFunction(cluster, job)}umask 077
mkdir -p "$c"
owner=${quote(processMark(cluster, job, incarnation))} taken='' held='' gpus=${quote(gpus.join(" "))}
for g in $gpus; do
  if ! mkdir "$c/gpu-$g" 2>/dev/null; then
    holder "$g"
    if [ -n "$other" ]; then
      held="$held $g"
      echo "held $g $other"
      continue
    fi
  fi
  echo "$owner $now $boot" >"$c/gpu-$g/owner.new" && mv "$c/gpu-$g/owner.new" "$c/gpu-$g/owner" || exit 1
  taken="$taken $g"
done
if [ -n "$held" ]; then
  for g in $taken; do rm -rf "$c/gpu-$g"; done
fi
exit 0
`;
}

/** Who holds the GPUs now. Changes nothing. */
export function holdersScript(cluster: string, job: string, gpus: readonly number[]): string {
  return `${holderFunction(cluster, job)}gpus=${quote(gpus.join(" "))}
for g in $gpus; do
  holder "$g"
  [ -z "$other" ] || echo "held $g $other"
done
exit 0
`;
}

export function releaseScript(cluster: string, job: string): string {
  return `for claim in ${CLAIMS_FOLDER}/gpu-*; do
  [ -f "$claim/owner" ] || continue
  read -r owner _ <"$claim/owner"
  case $owner in ${quote(processMark(cluster, job))}*) rm -rf "$claim" ;; esac
done
exit 0
`;
}

/** @returns the GPUs that another live job holds. */
export function parseHolders(output: string, host: string): Holder[] {
  return [...output.matchAll(/^held (\d+) ([^:\s]+):([^/\s]+)\/\S*$/gm)].map(([, gpu, job = "", cluster = ""]) => ({
    host,
    gpu: Number(gpu),
    cluster,
    job,
  }));
}

export async function releaseClaims(context: GangContext, inputs: Pick<JobInputs, "name" | "claims">): Promise<void> {
  await onEach(context, new Set((inputs.claims ?? []).map(claim => claim.host)), async host => {
    const what = `release the GPUs of job ${inputs.name}`;
    const script = releaseScript(context.cluster, inputs.name);
    expectSuccess(await context.hosts.runner(host).mutate(what, script), { host, what });
  });
}

/**
 * Takes all GPUs that the job claims, or none. Servers that it may stop are stopped for them.
 * @throws OperatorError that names who holds them.
 */
export async function takeClaims(context: KindContext, inputs: JobInputs, incarnation: string): Promise<void> {
  const first = await claimOnce(context, inputs, incarnation).catch(async error => {
    // The others' hosts must not wait for the one that failed.
    await releaseClaims(context, inputs).catch(() => {});
    throw error;
  });
  const stoppable = first.filter(holder => mayBeStopped(context, inputs, holder));
  const servers = new Map(stoppable.map(holder => [holder.job, holder]));
  if (first.length > stoppable.length) throw await refused(context, inputs, first);
  if (servers.size === 0) return;
  await releaseClaims(context, inputs);
  for (const holder of servers.values()) await stopServer(context, holder, inputs.name);
  const second = await claimOnce(context, inputs, incarnation);
  if (second.length > 0) throw await refused(context, inputs, second);
}

async function claimOnce(context: GangContext, inputs: JobInputs, incarnation: string): Promise<Holder[]> {
  const holders: Holder[] = [];
  await onEach(context, new Set((inputs.claims ?? []).map(claim => claim.host)), async host => {
    const gpus = gpusOf(inputs, host);
    const what = `claim the GPUs ${gpus.join(", ")} for job ${inputs.name}`;
    const script = claimScript(context.cluster, inputs.name, incarnation, gpus);
    const answer = expectSuccess(await context.hosts.runner(host).mutate(what, script), { host, what });
    holders.push(...parseHolders(answer.stdout, host));
  });
  return holders;
}

async function refused(context: GangContext, inputs: JobInputs, holders: readonly Holder[]): Promise<OperatorError> {
  await releaseClaims(context, inputs);
  return claimError(context.cluster, inputs.name, holders);
}

/** A server gives its GPUs to a job that may stop it. What is no server is never stopped this way. */
async function stopServer(context: KindContext, holder: Holder, by: string): Promise<void> {
  const { host, job } = holder;
  const seen = await observeRecord(context, host, job);
  if (seen && seen.record.mode !== "ready") throw claimError(context.cluster, by, [holder]);
  context.status(`stopping job ${job}`);
  const { ranks = [{ host, argv: [""] }], claims = [] } = seen?.record ?? {};
  const server = { name: job, ranks: ranks.map(rank => ({ ...rank, argv: [...rank.argv], env: {} })), claims };
  await stopGang(context, server);
  await releaseClaims(context, server);
}

/**
 * In a plan: two live claims on one GPU are refused before anything is done. Not for a job that takes the place of one with
 * other arguments: what depends on that is deleted first, a server of its weights among it.
 */
export async function refuseHeldGpus(context: PreviewContext, inputs: Partial<JobInputs>): Promise<void> {
  const { name } = inputs;
  const holders = await heldGpus(context, inputs);
  if (name !== undefined && holders.length > 0) throw claimError(context.cluster, name, holders);
}

/** GPUs that the job claims and that another live one holds which it may not stop. Changes nothing. */
export async function heldGpus(
  context: Pick<PreviewContext, "hosts" | "cluster">,
  inputs: Partial<Pick<JobInputs, "name" | "claims" | "mayStop">>,
): Promise<Holder[]> {
  const { name, claims = [] } = inputs;
  if (name === undefined) return [];
  const found = await Promise.all(
    claims.map(async ({ host, gpus }) => {
      const script = holdersScript(context.cluster, name, gpus);
      const what = `ask who holds the GPUs ${gpus.join(", ")}`;
      return parseHolders(expectSuccess(await context.hosts.probe(host).query(script), { host, what }).stdout, host);
    }),
  );
  return found.flat().filter(holder => !mayBeStopped(context, inputs, holder));
}

function gpusOf(inputs: JobInputs, host: string): number[] {
  return (inputs.claims ?? []).filter(claim => claim.host === host).flatMap(claim => claim.gpus);
}

function mayBeStopped(
  context: Pick<PreviewContext, "cluster">,
  { mayStop = [] }: Partial<JobInputs>,
  { cluster, job }: Holder,
): boolean {
  return cluster === context.cluster && mayStop.includes(job);
}

function claimError(cluster: string, name: string, holders: readonly Holder[]): OperatorError {
  const places = holders.map(({ host, gpu, job, cluster: other }) => {
    const whose = other === cluster ? "" : ` of cluster ${other}`;
    return `GPU ${gpu} of ${host} is held by job ${job}${whose}`;
  });
  return new OperatorError({
    summary: `job ${name} cannot start: ${places.sort().join("; ")}`,
    remedy:
      "wait for that job or delete it, or give the two different GPUs; a server may be stopped for a training if the " +
      "cluster file says serve.stopForTraining: true",
  });
}

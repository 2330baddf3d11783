import type { Hosts } from "../../../../remote/runner";
import { command, quote } from "../../../../remote/shell";
import { OperatorError } from "../../../../wire/operator-error";
import { expectSuccess } from "../../../command-failed";
import { errorText } from "../../../error-text";
import { InitFailed, type KindContext } from "../../../kind";
import { MANAGED_LABEL, SPEC_LABEL, specDigest } from "./arguments";
import { busyError, refuseWhenBusy, whoIsBusy } from "./busy";
import type { ContainerInputs, ContainerOutputs } from "./inputs";
import { limitsOf, updateArguments } from "./limits";
import { type Asked, parseSight, readScript, type Sight } from "./reading";
import { explainRunFailure, runScript } from "./scripts";
import { undeclaredOptions } from "./undeclared";

export interface Place {
  readonly host: string;
  readonly name: string;
}

/** How long the service may take to answer after it was started anew. Then the container itself has its turn. */
const SERVICE_SECONDS = 20;
/** What `docker stop` gives the processes before it kills them. */
const STOP_SECONDS = 10;

/** @returns undefined: docker answered that there is none. @throws OperatorError with docker's words when it did not answer. */
export async function look(
  { hosts, signal }: { readonly hosts: Pick<Hosts, "probe">; readonly signal?: AbortSignal },
  asked: Asked & Place,
  patienceSeconds?: number,
): Promise<Sight | undefined> {
  const options = { timeoutSeconds: 180 + 2 * (patienceSeconds ?? 0), ...(signal && { signal }) };
  const result = await hosts.probe(asked.host).query(readScript(asked, patienceSeconds), options);
  const what = `asking docker for container ${asked.name}`;
  const remedy = "docker ps on the host must work; muster doctor tells what is missing";
  const { stdout } = expectSuccess(result, { host: asked.host, what, remedy });
  try {
    return parseSight(stdout, asked);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new OperatorError(
      { summary: `${what} failed`, where: `host ${asked.host}`, detail, remedy },
      { cause: error },
    );
  }
}

export function outputsOf({ container, image, unhealthy, gpusLost }: Sight): ContainerOutputs {
  const problems = [gpusLost, unhealthy].filter(problem => problem !== undefined);
  return {
    incarnation: container.Id,
    status: gpusLost !== undefined ? "gpus lost" : unhealthy !== undefined ? "unhealthy" : container.State.Status,
    problem: problems.join("\n"),
    undeclared: undeclaredOptions(container, image),
    startedAt: container.State.StartedAt,
    imageId: container.Image,
  };
}

export async function remove(context: KindContext, place: Place, doing: string): Promise<void> {
  await refuseWhenBusy(context, place, doing);
  const name = quote(place.name);
  const gone = `docker rm -f ${name} >/dev/null || ! docker inspect --type container ${name} >/dev/null 2>&1`;
  await mutate(context, place.host, `remove container ${place.name}`, gone);
}

/** Makes the container be there, or completes what an interrupted run began. */
export async function create(context: KindContext, inputs: ContainerInputs): Promise<ContainerOutputs> {
  const sight = await look(context, inputs);
  if (!sight) return make(context, inputs);
  const labels = sight.container.Config.Labels ?? {};
  if (labels[MANAGED_LABEL] !== context.cluster) throw foreign(inputs, sight);
  // Its service may have been started with other files than those of now.
  if (labels[SPEC_LABEL] === specDigest(inputs)) return converge(context, inputs, sight, true);
  // Left by a run that was interrupted: made by us, but as another declaration wanted it.
  await remove(context, inputs, "replaced");
  return make(context, inputs);
}

/** Makes what is there be as declared, as far as docker can change a container; by the least that does it. */
export async function update(
  context: KindContext,
  inputs: ContainerInputs,
  old: ContainerInputs & Pick<ContainerOutputs, "incarnation">,
): Promise<ContainerOutputs> {
  if (old.name !== inputs.name) await rename(context, inputs, old);
  const sight = await look(context, inputs);
  if (!sight) return make(context, inputs);
  return converge(context, inputs, sight, old.service?.digest !== inputs.service?.digest);
}

async function make(context: KindContext, inputs: ContainerInputs): Promise<ContainerOutputs> {
  context.status("starting");
  const runner = context.hosts.runner(inputs.host);
  const { signal } = context;
  const result = await runner.mutate(`start container ${inputs.name}`, runScript(inputs, context.cluster), { signal });
  if (result.exitCode !== 0) throw explainRunFailure(inputs, result.stderr);
  return settle(context, inputs, false);
}

async function converge(
  context: KindContext,
  inputs: ContainerInputs,
  sight: Sight,
  isServiceOld: boolean,
): Promise<ContainerOutputs> {
  const { host } = inputs;
  const name = quote(inputs.name);
  const { container, processors } = sight;
  const state = container.State.Status;
  if (state === "dead") {
    await remove(context, inputs, "replaced");
    return make(context, inputs);
  }
  const limits = updateArguments(limitsOf(container.HostConfig, processors), inputs, processors);
  if (limits.length > 0) {
    const words = limits.map(option => option.replace(/^--([a-z-]+)=.*$/, "$1")).join(", ");
    await mutate(
      context,
      host,
      `update ${words} of container ${inputs.name}`,
      command(["docker", "update", ...limits, inputs.name]),
    );
  }
  if (state === "paused") await mutate(context, host, `unpause container ${inputs.name}`, `docker unpause ${name}`);
  else if (state !== "running") await mutate(context, host, `start container ${inputs.name}`, `docker start ${name}`);
  else if (sight.gpusLost !== undefined) await restart(context, inputs);
  else if (isServiceOld || sight.unhealthy !== undefined) await restartService(context, inputs);
  else return limits.length > 0 ? settle(context, inputs, true) : outputsOf(sight);
  return settle(context, inputs, state === "running");
}

/** The container's writable layer stays, and with it all that steps have installed: it is the same incarnation. */
async function restart(context: KindContext, inputs: ContainerInputs): Promise<void> {
  await refuseWhenBusy(context, inputs, "restarted");
  context.status("restarting");
  const script = `docker restart -t ${STOP_SECONDS} ${quote(inputs.name)}`;
  await mutate(context, inputs.host, `restart container ${inputs.name}`, script);
}

async function restartService(context: KindContext, inputs: ContainerInputs): Promise<void> {
  if (!inputs.service) return;
  const script = `docker exec ${quote(inputs.name)} sh -c ${quote(inputs.service.restartScript)}`;
  const what = `restart the service in container ${inputs.name}`;
  // Whether it helped is told by the probe, and more than by the exit code of this.
  await context.hosts.runner(inputs.host).mutate(what, script, { timeoutSeconds: 60, signal: context.signal });
}

/** Waits until it is healthy. A container that ran before and does not answer is started anew, if nobody works in it. */
async function settle(context: KindContext, inputs: ContainerInputs, mayRestart: boolean): Promise<ContainerOutputs> {
  const timeoutSeconds = inputs.healthProbe?.timeoutSeconds ?? 0;
  const patience = mayRestart ? Math.min(SERVICE_SECONDS, timeoutSeconds) : timeoutSeconds;
  if (inputs.healthProbe) context.status("waiting until it is healthy");
  const sight = await lookAgain(context, inputs, patience);
  const outputs = outputsOf(sight);
  const problem = whyNotHealthy(sight, inputs);
  if (problem === undefined) {
    if (sight.gpusLost !== undefined) throw stillWithoutGpus(inputs, outputs, sight.gpusLost);
    return outputs;
  }
  const busy = await whoIsBusy(context, inputs);
  const isBusy = busy.jobs.length + busy.gpuProcesses.length > 0;
  if (mayRestart && !isBusy) {
    await restart(context, inputs);
    return settle(context, inputs, false);
  }
  const { stdout: logs } = await context.hosts
    .probe(inputs.host)
    .query(`docker logs --tail 5 ${quote(inputs.name)} 2>&1`, { signal: context.signal });
  const reason =
    `${inputs.host}: container ${inputs.name} was started, but was not healthy within ${patience} seconds: ${problem}` +
    `${logs.trim() && `\n${logs.trim().slice(-800)}`}. Remedy: docker logs ${inputs.name} on the host`;
  const kept = mayRestart ? [errorText(busyError(inputs, busy, "restarted"))] : [];
  throw new InitFailed(containerId(inputs), outputs, [reason, ...kept]);
}

/** One that does not run any more was not asked. */
function whyNotHealthy({ unhealthy, container }: Sight, { healthProbe }: ContainerInputs): string | undefined {
  const { Status: status } = container.State;
  return unhealthy ?? (healthProbe && status !== "running" ? `it is ${status}` : undefined);
}

function stillWithoutGpus(inputs: ContainerInputs, outputs: ContainerOutputs, why: string): Error {
  return new InitFailed(containerId(inputs), outputs, [
    `${inputs.host}: container ${inputs.name} still does not see its GPUs after its start: ${why}. Remedy: on the host ` +
      `nvidia-ctk system create-dev-char-symlinks --create-all, then docker restart ${inputs.name}; docs/security.md says why`,
  ]);
}

async function lookAgain(context: KindContext, inputs: ContainerInputs, patienceSeconds: number): Promise<Sight> {
  const sight = await look(context, inputs, patienceSeconds);
  if (sight) return sight;
  throw new OperatorError({
    summary: `container ${inputs.name} ended at once and is gone`,
    where: `host ${inputs.host}`,
    remedy: "somebody removes it; find out who, then run up again",
  });
}

async function rename(
  context: KindContext,
  inputs: ContainerInputs,
  old: ContainerInputs & Pick<ContainerOutputs, "incarnation">,
): Promise<void> {
  const there = await look(context, { ...inputs, healthProbe: undefined, gpus: "none" });
  // An interrupted run may have renamed it already.
  if (there && there.container.Id === old.incarnation) return;
  if (there) throw foreign(inputs, there);
  if (!(await look(context, { ...old, healthProbe: undefined, gpus: "none" }))) return;
  const script = command(["docker", "rename", old.name, inputs.name]);
  await mutate(context, inputs.host, `rename container ${old.name} to ${inputs.name}`, script);
}

function foreign({ host, name }: Place, { container }: Sight): OperatorError {
  return new OperatorError({
    summary: `there is a container named ${name} that this cluster did not make`,
    where: `host ${host}`,
    detail: `image ${container.Config.Image}, ${container.State.Status}`,
    remedy: `docker rm -f ${name} on the host if it is not needed, or choose another name (container.name)`,
  });
}

async function mutate(context: KindContext, host: string, what: string, script: string): Promise<void> {
  const remedy = "docker ps -a and journalctl -u docker on the host tell more; then run up again";
  const { hosts, signal } = context;
  expectSuccess(await hosts.runner(host).mutate(what, script, { signal }), { host, what, remedy });
}

export function containerId({ host, name }: Place): string {
  return `${host}/${name}`;
}

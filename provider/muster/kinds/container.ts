import type { Hosts } from "../../../remote/runner";
import { quote } from "../../../remote/shell";
import { InitFailed, type Kind, type KindContext } from "../../kind";
import { MANAGED_LABEL, SPEC_LABEL, specDigest } from "./container-arguments";
import { type ContainerInputs, type ContainerOutputs, containerInputsSchema } from "./container-inputs";
import { type ContainerInspect, observedInputs, outputsFrom, parseInspect } from "./container-observation";
import { busyScript, explainRunFailure, healthScript, parseBusy, runScript } from "./container-scripts";

const ABSENT: ContainerOutputs = { incarnation: "", status: "absent", startedAt: "", imageId: "" };

function containerId({ host, name }: Place): string {
  return `${host}/${name}`;
}

type Place = Pick<ContainerInputs, "host" | "name">;

/** @returns undefined: docker answered that there is none. @throws when docker did not answer. */
async function inspect(hosts: Pick<Hosts, "probe">, { host, name }: Place): Promise<ContainerInspect | undefined> {
  const result = await hosts.probe(host).query(`docker inspect --type container ${quote(name)}`);
  if (result.exitCode === 0) return parseInspect(result.stdout);
  if (/No such (?:container|object)/i.test(result.stderr)) return undefined;
  throw new Error(
    `${host}: docker could not be asked for container ${name}: ${result.stderr.trim() || `exit code ${result.exitCode}`}. ` +
      "Remedy: docker ps on the host must work; muster doctor tells what is missing",
  );
}

async function mutate(context: KindContext, host: string, what: string, script: string): Promise<void> {
  const result = await context.hosts.runner(host).mutate(what, script);
  if (result.exitCode !== 0)
    throw new Error(`${host}: ${what} failed: ${result.stderr.trim() || `exit code ${result.exitCode}`}`);
}

/** Refuses to end a container in which somebody works, unless the operator named it. */
async function refuseWhenBusy(context: KindContext, { host, name }: Place): Promise<void> {
  const busy = parseBusy((await context.hosts.probe(host).query(busyScript(name))).stdout);
  if (busy.jobs.length === 0 && busy.gpuProcesses.length === 0) return;
  if (context.allowed("MUSTER_INTERRUPT", name)) return;
  if (busy.jobs.length > 0 && busy.jobs.every(job => context.allowed("MUSTER_INTERRUPT", job))) return;
  const who = [
    ...busy.jobs.map(job => `job ${job} runs in it`),
    ...busy.gpuProcesses.map(process => `process ${process} uses a GPU`),
  ];
  throw new Error(
    `${host}: container ${name} is not ended: ${who.join("; ")}. ` +
      `Remedy: wait, or allow it: MUSTER_INTERRUPT=${busy.jobs[0] ?? name}`,
  );
}

async function remove(context: KindContext, place: Place): Promise<void> {
  await refuseWhenBusy(context, place);
  const name = quote(place.name);
  const gone = `docker rm -f ${name} >/dev/null || ! docker inspect --type container ${name} >/dev/null 2>&1`;
  await mutate(context, place.host, `remove container ${place.name}`, gone);
}

/** The container as it is now, once it is healthy. Both are asked in one command. @throws InitFailed when it is not in time */
async function healthy(context: KindContext, inputs: ContainerInputs): Promise<ContainerOutputs> {
  const probe = inputs.healthProbe;
  if (!probe) return outputsNow(context, inputs);
  context.status("waiting until it is healthy");
  const gone = new AbortController();
  const asked = outputsNow(context, inputs);
  const waited = context.hosts.probe(inputs.host).query(healthScript(inputs.name, probe), {
    timeoutSeconds: probe.timeoutSeconds + 30,
    signal: AbortSignal.any([context.signal, gone.signal]),
  });
  // One that is gone will not become healthy. Whoever awaits `waited` sees its own error.
  asked.catch(() => gone.abort());
  waited.catch(() => {});
  const outputs = await asked;
  const result = await waited;
  if (result.exitCode === 0) return outputs;
  throw new InitFailed(containerId(inputs), outputs, [
    `${inputs.host}: container ${inputs.name} runs, but was not healthy within ${probe.timeoutSeconds} seconds: ` +
      `${(result.stdout + result.stderr).trim().slice(-800)}. Remedy: docker logs ${inputs.name} on the host`,
  ]);
}

async function run(context: KindContext, inputs: ContainerInputs): Promise<void> {
  context.status("starting");
  const runner = context.hosts.runner(inputs.host);
  const result = await runner.mutate(`start container ${inputs.name}`, runScript(inputs, context.cluster));
  if (result.exitCode !== 0) throw new Error(explainRunFailure(inputs, result.stderr));
}

async function outputsNow(context: KindContext, inputs: ContainerInputs): Promise<ContainerOutputs> {
  const actual = await inspect(context.hosts, inputs);
  if (!actual) throw new Error(`${inputs.host}: container ${inputs.name} ended at once and is gone`);
  return outputsFrom(actual);
}

/** Makes an existing container run, with its restart policy as declared. */
async function revive(context: KindContext, inputs: ContainerInputs, actual: ContainerInspect): Promise<void> {
  const restart = inputs.restart ?? "no";
  const name = quote(inputs.name);
  const steps: string[] = [];
  if ((actual.HostConfig.RestartPolicy?.Name || "no") !== restart)
    steps.push(`docker update --restart=${restart} ${name}`);
  if (actual.State.Status === "paused") steps.push(`docker unpause ${name}`);
  else if (actual.State.Status !== "running") steps.push(`docker start ${name}`);
  if (steps.length === 0) return;
  await mutate(
    context,
    inputs.host,
    `${steps.map(step => step.split(" ")[1]).join(", ")} container ${inputs.name}`,
    steps.join(" && "),
  );
}

/** The same function serves create and update: whatever is there becomes what is declared. */
async function converge(context: KindContext, inputs: ContainerInputs, owned: boolean): Promise<ContainerOutputs> {
  const actual = await inspect(context.hosts, inputs);
  const labels = actual?.Config.Labels ?? {};
  if (actual && !owned && labels[MANAGED_LABEL] !== context.cluster) {
    throw new Error(
      `${inputs.host}: there is a container named ${inputs.name} that this cluster did not make (image ${actual.Config.Image}, ` +
        `${actual.State.Status}). Remedy: docker rm -f ${inputs.name} on the host if it is not needed, or choose another name`,
    );
  }
  if (actual && !owned && labels[SPEC_LABEL] !== specDigest(inputs)) {
    // Left by a run that was interrupted: made by us, but as another declaration wanted it.
    await remove(context, inputs);
    await run(context, inputs);
  } else if (actual) await revive(context, inputs, actual);
  else await run(context, inputs);
  return healthy(context, inputs);
}

const replace = { change: "replace" } as const;
const update = { change: "update" } as const;

/** A node's container. What docker can change in a living one, changes there; the rest makes a new one. */
export const container: Kind<ContainerInputs, ContainerOutputs> = {
  token: "muster:index:Container",
  description: "Keeps a container running on a host; never ends one in which a job runs without leave.",
  inputs: containerInputsSchema,
  deleteBeforeReplace: true,
  fields: {
    host: replace,
    name: replace,
    image: replace,
    gpus: replace,
    shmSizeMib: replace,
    network: replace,
    hostname: replace,
    workdir: replace,
    mounts: replace,
    env: replace,
    command: replace,
    entrypoint: replace,
    restart: update,
    init: replace,
    ulimits: replace,
    devices: replace,
    capAdd: replace,
    privileged: replace,
    securityOpt: replace,
    healthProbe: update,
    // Docker cannot change them in place, and nothing depends on them.
    labels: { change: "ignore" },
  },
  outputs: {
    incarnation: { description: "the container's id; changes whenever it is made anew; empty while it is not there" },
    status: { description: "running, exited, … as docker says it, or absent" },
    startedAt: { description: "as docker says it" },
    imageId: { description: "id of the image that it runs" },
  },

  diff(old) {
    return old.status === "running" ? [] : [{ path: "status", mode: "update", replace: false }];
  },

  predict(_context, _news, old) {
    if (!old?.incarnation) return { status: "running" };
    return { incarnation: old.incarnation, imageId: old.imageId, status: "running" };
  },

  async read(context, id, old) {
    const place = old ?? placeOf(id);
    const actual = await inspect(context.hosts, place);
    if (!actual) return old && { inputs: containerInputsSchema.parse(old), state: ABSENT };
    const declared = old ? containerInputsSchema.parse(old) : imported(place, actual);
    return { inputs: observedInputs(actual, declared, old?.imageId || undefined), state: outputsFrom(actual) };
  },

  async create(context, inputs) {
    return { id: containerId(inputs), state: await converge(context, inputs, false) };
  },

  async update(context, _id, inputs) {
    return converge(context, inputs, true);
  },

  async delete(context, _id, old) {
    if (await inspect(context.hosts, old)) await remove(context, old);
  },
};

function placeOf(id: string): Place {
  const [host, name] = id.split("/");
  if (!host || !name) throw new Error(`"${id}" names no container. Remedy: import it as HOST/CONTAINER`);
  return { host, name };
}

/** What import starts from; `observedInputs` fills in the rest from the container itself. */
function imported(place: Place, actual: ContainerInspect): ContainerInputs {
  return { ...place, image: actual.Config.Image, gpus: "none", network: "host" };
}

import { z } from "zod";
import type { Kind, PropertyChange } from "../../../kind";
import { type ContainerInputs, type ContainerOutputs, containerInputsSchema } from "./inputs";
import type { ContainerInspect } from "./inspect";
import { normalInputs } from "./normal";
import { observedInputs } from "./observation";
import { containerId, create, look, outputsOf, type Place, remove, update } from "./repair";

const ABSENT: ContainerOutputs = {
  incarnation: "",
  status: "absent",
  problem: "",
  undeclared: [],
  startedAt: "",
  imageId: "",
};

const replaces = { change: "replace" } as const;
const updates = { change: "update" } as const;

/** A node's container. What docker can change in a living one, changes there; the rest makes a new one. */
export const container: Kind<ContainerInputs, ContainerOutputs> = {
  token: "muster:index:Container",
  description: "Keeps a container running on a host; never ends one in which a job runs without leave.",
  inputs: containerInputsSchema,
  deleteBeforeReplace: true,
  fields: {
    host: replaces,
    name: updates,
    image: replaces,
    gpus: replaces,
    shmSizeMib: replaces,
    network: replaces,
    hostname: replaces,
    workdir: replaces,
    mounts: replaces,
    env: replaces,
    command: replaces,
    entrypoint: replaces,
    restart: updates,
    init: replaces,
    ulimits: replaces,
    devices: replaces,
    capAdd: replaces,
    capDrop: replaces,
    privileged: replaces,
    securityOpt: replaces,
    memoryMib: updates,
    memorySwapMib: updates,
    cpus: updates,
    cpusetCpus: updates,
    pidsLimit: updates,
    healthProbe: updates,
    healthCommand: replaces,
    service: updates,
    // Docker cannot change them in place, and nothing depends on them.
    labels: { change: "ignore" },
  },
  outputs: {
    incarnation: { description: "the container's id; changes whenever it is made anew; empty while it is not there" },
    status: { description: "running, exited, … as docker says it; or absent, unhealthy, gpus lost" },
    problem: { description: "what is wrong with a running container; empty if nothing is" },
    undeclared: {
      description: "options that it has and that nobody declared, as docker run would have them",
      schema: z.array(z.string()),
    },
    startedAt: { description: "as docker says it; changes at each start, also of the same container" },
    imageId: { description: "id of the image that it runs" },
  },

  complete: news => normalInputs(news),

  diff(old) {
    const found = (path: string, replace: boolean): PropertyChange => ({
      path,
      mode: "update",
      replace,
      inputDiff: false,
    });
    return [
      ...(old.status === "running" ? [] : [found("status", false)]),
      ...(old.problem ? [found("problem", false)] : []),
      ...(old.undeclared?.length > 0 ? [found("undeclared", true)] : []),
    ];
  },

  predict(_context, _news, old) {
    const well = { status: "running", problem: "", undeclared: [] };
    if (!old?.incarnation) return well;
    const keepsRunning = old.status === "running" || old.status === "unhealthy" || old.status === "paused";
    const { incarnation, imageId, startedAt } = old;
    return { ...well, incarnation, imageId, ...(keepsRunning && { startedAt }) };
  },

  async read(context, id, old) {
    const place = old ?? placeOf(id);
    const asked = { healthProbe: undefined, gpus: "none" as const, ...place };
    const found = await look(context, asked);
    if (!found) return old && { inputs: containerInputsSchema.parse(old), state: ABSENT };
    const declared = old ? containerInputsSchema.parse(old) : imported(place, found.container);
    return { inputs: observedInputs(found, declared, old?.imageId || undefined), state: outputsOf(found) };
  },

  async create(context, inputs) {
    return { id: containerId(inputs), state: await create(context, inputs) };
  },

  async update(context, _id, inputs, old) {
    return update(context, inputs, old);
  },

  async delete(context, _id, old) {
    const { host, name } = old;
    if (await look(context, { host, name, gpus: "none" })) await remove(context, old, "removed");
  },
};

function placeOf(id: string): Place {
  const [host, name] = id.split("/");
  if (!host || !name) throw new Error(`"${id}" names no container. Remedy: import it as HOST/CONTAINER`);
  return { host, name };
}

/** What import starts from: `docker run` without options. `observedInputs` fills in the rest from the container itself. */
function imported(place: Place, actual: ContainerInspect): ContainerInputs {
  return { ...place, image: actual.Config.Image, gpus: "none", network: "bridge" };
}

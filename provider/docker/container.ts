import type { FieldPolicy, Kind } from "../kind";
import { automaticName } from "./automatic-name";
import { type ContainerInputs, connectArguments, containerInputs, createArguments } from "./container-arguments";
import { docker, dockerRemove, inspect } from "./docker-cli";

interface ContainerOutputs {
  status: string;
}

interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly State: { readonly Status: string };
  readonly Config: { readonly Image: string };
}

/** These say how to end or watch a container; the container itself stays as it is. */
const ABOUT_ENDING = new Set(["mustRun", "stopTimeout", "destroyGraceSeconds", "removeVolumes"]);

const fields = Object.fromEntries(
  Object.keys(containerInputs.shape).map(name => [name, { change: ABOUT_ENDING.has(name) ? "update" : "replace" }]),
) as { readonly [K in keyof Required<ContainerInputs>]: FieldPolicy };

export const container: Kind<ContainerInputs, ContainerOutputs> = {
  token: "docker:index/container:Container",
  description: "A container on the daemon that the provider names.",
  inputs: containerInputs,
  fields,
  outputs: { status: { description: "running, exited, … as docker says it" } },
  deleteBeforeReplace: true,

  async complete(news, naming) {
    return { name: automaticName(news.name, naming) };
  },
  diff(old, news) {
    const stopped = old.status !== "running" && news.mustRun !== false;
    return stopped ? [{ path: "status", mode: "update", replace: false, inputDiff: false }] : [];
  },
  async read(context, id, old) {
    const found = await inspect<Inspected>(context, "container", id);
    if (!found) return undefined;
    const imported = { name: found.Name.replace(/^\//, ""), image: found.Config.Image };
    return { inputs: old ?? imported, state: { status: found.State.Status } };
  },
  async create(context, news) {
    const id = await docker(context, createArguments(news));
    try {
      for (const argv of connectArguments(news, id)) await docker(context, argv);
      await docker(context, ["container", "start", id]);
    } catch (error) {
      await dockerRemove(context, ["container", "rm", "--force", id]);
      throw error;
    }
    return { id, state: { status: "running" } };
  },
  async update(context, id, news) {
    if (news.mustRun !== false) await docker(context, ["container", "start", id]);
    return { status: "running" };
  },
  async delete(context, id, old) {
    const grace = old.destroyGraceSeconds;
    if (grace) await dockerRemove(context, ["container", "stop", "--time", String(grace), id]);
    await dockerRemove(context, [
      "container",
      "rm",
      "--force",
      ...(old.removeVolumes === false ? [] : ["--volumes"]),
      id,
    ]);
  },
};

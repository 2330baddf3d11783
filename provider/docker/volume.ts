import { z } from "zod";
import type { Kind } from "../kind";
import { automaticName } from "./automatic-name";
import { docker, dockerRemove, inspect } from "./docker-cli";

const inputs = z.strictObject({
  name: z.string().optional(),
  driver: z.string().optional(),
  driverOpts: z.record(z.string(), z.string()).optional(),
  labels: z.array(z.strictObject({ label: z.string(), value: z.string() })).optional(),
});

type VolumeInputs = z.infer<typeof inputs>;

interface VolumeOutputs {
  mountpoint: string;
}

interface Inspected {
  readonly Name: string;
  readonly Mountpoint: string;
}

export const volume: Kind<VolumeInputs, VolumeOutputs> = {
  token: "docker:index/volume:Volume",
  description: "A volume on the daemon that the provider names.",
  inputs,
  fields: {
    name: { change: "replace" },
    driver: { change: "replace" },
    driverOpts: { change: "replace" },
    labels: { change: "replace" },
  },
  outputs: { mountpoint: { description: "Where the daemon keeps it." } },
  deleteBeforeReplace: true,

  async complete(news, naming) {
    return { name: automaticName(news.name, naming) };
  },
  async read(context, id, old) {
    const found = await inspect<Inspected>(context, "volume", id);
    return found && { inputs: old ?? { name: found.Name }, state: { mountpoint: found.Mountpoint } };
  },
  async create(context, news) {
    const id = await docker(context, volumeArguments(news));
    const made = await inspect<Inspected>(context, "volume", id);
    return { id, state: { mountpoint: made?.Mountpoint ?? "" } };
  },
  async delete(context, id) {
    await dockerRemove(context, ["volume", "rm", id]);
  },
};

/** Arguments of `docker` for making the volume. */
export function volumeArguments(news: VolumeInputs): string[] {
  return [
    "volume",
    "create",
    ...(news.driver ? ["--driver", news.driver] : []),
    ...Object.entries(news.driverOpts ?? {}).flatMap(([key, value]) => ["--opt", `${key}=${value}`]),
    ...(news.labels ?? []).flatMap(({ label, value }) => ["--label", `${label}=${value}`]),
    news.name ?? "",
  ];
}

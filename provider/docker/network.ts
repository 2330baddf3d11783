import { z } from "zod";
import type { Kind } from "../kind";
import { automaticName } from "./automatic-name";
import { docker, dockerRemove, inspect } from "./docker-cli";

const inputs = z.strictObject({
  name: z.string().optional(),
  driver: z.string().optional(),
  internal: z.boolean().optional(),
  attachable: z.boolean().optional(),
  options: z.record(z.string(), z.string()).optional(),
  ipamConfigs: z
    .array(z.strictObject({ subnet: z.string(), gateway: z.string().optional(), ipRange: z.string().optional() }))
    .optional(),
  labels: z.array(z.strictObject({ label: z.string(), value: z.string() })).optional(),
});

type NetworkInputs = z.infer<typeof inputs>;

interface NetworkOutputs {
  scope: string;
}

interface Inspected {
  readonly Name: string;
  readonly Driver: string;
  readonly Internal: boolean;
  readonly Scope: string;
}

export const network: Kind<NetworkInputs, NetworkOutputs> = {
  token: "docker:index/network:Network",
  description: "A network on the daemon that the provider names.",
  inputs,
  fields: {
    name: { change: "replace" },
    driver: { change: "replace" },
    internal: { change: "replace" },
    attachable: { change: "replace" },
    options: { change: "replace" },
    ipamConfigs: { change: "replace" },
    labels: { change: "replace" },
  },
  outputs: { scope: { description: "local, swarm or global" } },
  deleteBeforeReplace: true,

  async complete(news, naming) {
    return { name: automaticName(news.name, naming) };
  },
  async read(context, id, old) {
    const found = await inspect<Inspected>(context, "network", id);
    if (!found) return undefined;
    const seen = { name: found.Name, internal: found.Internal, driver: found.Driver };
    return { inputs: { ...seen, ...declaredOnly(old, seen) }, state: { scope: found.Scope } };
  },
  async create(context, news) {
    const id = await docker(context, networkArguments(news));
    return { id, state: { scope: "local" } };
  },
  async delete(context, id) {
    await dockerRemove(context, ["network", "rm", id]);
  },
};

/** Arguments of `docker` for making the network. */
export function networkArguments(news: NetworkInputs): string[] {
  return [
    "network",
    "create",
    ...(news.driver ? ["--driver", news.driver] : []),
    ...(news.internal ? ["--internal"] : []),
    ...(news.attachable ? ["--attachable"] : []),
    ...Object.entries(news.options ?? {}).flatMap(([key, value]) => ["--opt", `${key}=${value}`]),
    ...(news.ipamConfigs ?? []).flatMap(({ subnet, gateway, ipRange }) => [
      "--subnet",
      subnet,
      ...(gateway ? ["--gateway", gateway] : []),
      ...(ipRange ? ["--ip-range", ipRange] : []),
    ]),
    ...(news.labels ?? []).flatMap(({ label, value }) => ["--label", `${label}=${value}`]),
    news.name ?? "",
  ];
}

/** What was not declared is not compared: the daemon's own defaults are no drift. */
function declaredOnly(old: NetworkInputs | undefined, seen: Partial<NetworkInputs>): Partial<NetworkInputs> {
  if (!old) return {};
  return {
    ...old,
    ...(old.driver === undefined ? { driver: undefined } : { driver: seen.driver }),
    ...(old.internal === undefined ? { internal: undefined } : { internal: seen.internal }),
  };
}

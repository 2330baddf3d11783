import { z } from "zod";

const text = z.string();

/** The inputs of docker.Container (@pulumi/docker 5.2.0) that are carried out here. */
export const containerInputs = z.strictObject({
  name: text.optional(),
  image: text.min(1),
  hostname: text.optional(),
  privileged: z.boolean().optional(),
  restart: z.enum(["no", "always", "on-failure", "unless-stopped"]).optional(),
  mustRun: z.boolean().optional(),
  stopTimeout: z.int().nonnegative().optional(),
  destroyGraceSeconds: z.int().nonnegative().optional(),
  removeVolumes: z.boolean().optional(),
  envs: z.array(text).optional(),
  command: z.array(text).optional(),
  entrypoints: z.array(text).optional(),
  networksAdvanced: z
    .array(z.strictObject({ name: text, aliases: z.array(text).optional(), ipv4Address: text.optional() }))
    .optional(),
  volumes: z
    .array(
      z.strictObject({
        volumeName: text.optional(),
        hostPath: text.optional(),
        containerPath: text,
        readOnly: z.boolean().optional(),
      }),
    )
    .optional(),
  hosts: z.array(z.strictObject({ host: text, ip: text })).optional(),
  ports: z
    .array(
      z.strictObject({
        internal: z.int(),
        external: z.int().optional(),
        ip: text.optional(),
        protocol: text.optional(),
      }),
    )
    .optional(),
  labels: z.array(z.strictObject({ label: text, value: text })).optional(),
  tmpfs: z.record(text, text).optional(),
  capabilities: z.strictObject({ adds: z.array(text).optional(), drops: z.array(text).optional() }).optional(),
  logDriver: text.optional(),
  logOpts: z.record(text, text).optional(),
  init: z.boolean().optional(),
  shmSize: z.int().positive().optional(),
});

export type ContainerInputs = z.infer<typeof containerInputs>;

/** Arguments of `docker` for making the container; it is started by itself afterwards. */
export function createArguments(inputs: ContainerInputs): string[] {
  const [network] = inputs.networksAdvanced ?? [];
  const [entrypoint, ...entrypointRest] = inputs.entrypoints ?? [];
  return [
    "container",
    "create",
    ...option("--name", inputs.name),
    ...option("--hostname", inputs.hostname),
    ...flag("--privileged", inputs.privileged),
    ...flag("--init", inputs.init),
    ...option("--restart", inputs.restart),
    ...option("--stop-timeout", inputs.stopTimeout?.toString()),
    ...option("--shm-size", inputs.shmSize === undefined ? undefined : `${inputs.shmSize}m`),
    ...each("--env", inputs.envs ?? []),
    ...(network ? networkArguments(network, "--network", [network.name]) : []),
    ...each("--volume", (inputs.volumes ?? []).map(volumeText)),
    ...each(
      "--add-host",
      (inputs.hosts ?? []).map(({ host, ip }) => `${host}:${ip}`),
    ),
    ...each("--publish", (inputs.ports ?? []).map(portText)),
    ...each(
      "--label",
      (inputs.labels ?? []).map(({ label, value }) => `${label}=${value}`),
    ),
    ...each(
      "--tmpfs",
      Object.entries(inputs.tmpfs ?? {}).map(([path, options]) => (options ? `${path}:${options}` : path)),
    ),
    ...each("--cap-add", inputs.capabilities?.adds ?? []),
    ...each("--cap-drop", inputs.capabilities?.drops ?? []),
    ...option("--log-driver", inputs.logDriver),
    ...each(
      "--log-opt",
      Object.entries(inputs.logOpts ?? {}).map(([key, value]) => `${key}=${value}`),
    ),
    ...option("--entrypoint", entrypoint),
    inputs.image,
    ...entrypointRest,
    ...(inputs.command ?? []),
  ];
}

/** One `docker network connect` for each network after the first. */
export function connectArguments(inputs: ContainerInputs, id: string): string[][] {
  return (inputs.networksAdvanced ?? [])
    .slice(1)
    .map(network => ["network", "connect", ...networkArguments(network), network.name, id]);
}

type NetworkOf = NonNullable<ContainerInputs["networksAdvanced"]>[number];

function networkArguments(network: NetworkOf, ...chosen: [] | [string, string[]]): string[] {
  const [name, values = []] = chosen;
  const alias = name === undefined ? "--alias" : "--network-alias";
  return [
    ...(name === undefined ? [] : each(name, values)),
    ...option("--ip", network.ipv4Address),
    ...each(alias, network.aliases ?? []),
  ];
}

function volumeText(volume: NonNullable<ContainerInputs["volumes"]>[number]): string {
  const source = volume.volumeName ?? volume.hostPath;
  const place = source === undefined ? volume.containerPath : `${source}:${volume.containerPath}`;
  return volume.readOnly ? `${place}:ro` : place;
}

function portText(port: NonNullable<ContainerInputs["ports"]>[number]): string {
  const outside = port.external === undefined ? "" : `${port.external}:`;
  const address = port.ip === undefined ? "" : `${port.ip}:${outside === "" ? ":" : ""}`;
  return `${address}${outside}${port.internal}${port.protocol ? `/${port.protocol}` : ""}`;
}

function option(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [name, value];
}

function flag(name: string, value: boolean | undefined): string[] {
  return value ? [name] : [];
}

function each(name: string, values: readonly string[]): string[] {
  return values.flatMap(value => [name, value]);
}

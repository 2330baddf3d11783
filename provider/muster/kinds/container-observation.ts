import { z } from "zod";
import type { ContainerInputs, ContainerOutputs } from "./container-inputs";

const inspectSchema = z.object({
  Id: z.string(),
  Image: z.string(),
  State: z.object({ Status: z.string(), StartedAt: z.string() }),
  Config: z.object({
    Image: z.string(),
    Hostname: z.string().nullish(),
    Env: z.array(z.string()).nullish(),
    Cmd: z.array(z.string()).nullish(),
    Labels: z.record(z.string(), z.string()).nullish(),
    WorkingDir: z.string().nullish(),
  }),
  HostConfig: z.object({
    NetworkMode: z.string(),
    RestartPolicy: z.object({ Name: z.string() }).nullish(),
    ShmSize: z.number().nullish(),
    Privileged: z.boolean().nullish(),
    Init: z.boolean().nullish(),
    CapAdd: z.array(z.string()).nullish(),
    Devices: z.array(z.object({ PathOnHost: z.string() })).nullish(),
    DeviceRequests: z
      .array(z.object({ Count: z.number(), DeviceIDs: z.array(z.string()).nullish(), Capabilities: z.unknown() }))
      .nullish(),
    Ulimits: z.array(z.object({ Name: z.string(), Soft: z.number(), Hard: z.number() })).nullish(),
  }),
  Mounts: z
    .array(z.object({ Type: z.string(), Source: z.string(), Destination: z.string(), RW: z.boolean() }))
    .nullish(),
});

export type ContainerInspect = z.infer<typeof inspectSchema>;

/** One container of `docker inspect`, docker 20.10 to 28. @returns undefined for an empty list. */
export function parseInspect(json: string): ContainerInspect | undefined {
  return z.array(inspectSchema).parse(JSON.parse(json))[0];
}

export function outputsFrom(actual: ContainerInspect): ContainerOutputs {
  return {
    incarnation: actual.Id,
    status: actual.State.Status,
    startedAt: actual.State.StartedAt,
    imageId: actual.Image,
  };
}

function gpusOf(actual: ContainerInspect): ContainerInputs["gpus"] {
  const request = actual.HostConfig.DeviceRequests?.[0];
  if (!request) return "none";
  if (request.DeviceIDs?.length) return request.DeviceIDs.map(Number);
  return request.Count === -1 ? "all" : Array.from({ length: request.Count }, (_, index) => index);
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && [...a].sort().join("\0") === [...b].sort().join("\0");
}

const capability = (name: string) => name.toUpperCase().replace(/^CAP_/, "");

function mountsOf(actual: ContainerInspect): NonNullable<ContainerInputs["mounts"]> {
  return (actual.Mounts ?? [])
    .filter(mount => mount.Type === "bind")
    .map(({ Source, Destination, RW }) => ({
      source: Source,
      target: Destination,
      ...(RW ? {} : { readOnly: true }),
    }));
}

/** A value as declared where the container has it so, else as the container has it. */
function pick<T>(declared: T, agrees: boolean, actual: T): T {
  return agrees ? declared : actual;
}

function flag(declared: boolean | undefined, actual: boolean | null | undefined): boolean | undefined {
  return pick(declared, (actual ?? false) === (declared ?? false), actual ?? false);
}

/** Docker sets these itself when nobody asked. */
function unlessUnset(declared: string | undefined, actual: string): string | undefined {
  return declared === undefined ? undefined : actual;
}

type Fields = Partial<ContainerInputs>;

function hardware(actual: ContainerInspect, declared: ContainerInputs): Fields {
  const host = actual.HostConfig;
  const gpus = gpusOf(actual);
  const shmSizeMib = host.ShmSize ? host.ShmSize / 1024 ** 2 : undefined;
  const ulimits = (host.Ulimits ?? []).map(({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard }));
  const ulimitText = (list: ContainerInputs["ulimits"]) => (list ?? []).map(u => `${u.name} ${u.soft} ${u.hard}`);
  const devices = (host.Devices ?? []).map(device => device.PathOnHost);
  const declaredDevices = (declared.devices ?? []).map(device => device.split(":", 1)[0] ?? device);
  const caps = (host.CapAdd ?? []).map(capability);
  const sameShm = declared.shmSizeMib === undefined || declared.shmSizeMib === shmSizeMib;
  return {
    gpus: pick(declared.gpus, JSON.stringify(gpus) === JSON.stringify(declared.gpus), gpus),
    shmSizeMib: pick(declared.shmSizeMib, sameShm, shmSizeMib),
    ulimits: pick(declared.ulimits, sameSet(ulimitText(ulimits), ulimitText(declared.ulimits)), ulimits),
    devices: pick(declared.devices, declared.privileged === true || sameSet(devices, declaredDevices), devices),
    capAdd: pick(declared.capAdd, sameSet(caps, (declared.capAdd ?? []).map(capability)), caps),
    privileged: flag(declared.privileged, host.Privileged),
  };
}

function placement({ Config: config, HostConfig: host }: ContainerInspect, declared: ContainerInputs): Fields {
  const restart = (host.RestartPolicy?.Name || "no") as NonNullable<ContainerInputs["restart"]>;
  const network = host.NetworkMode === "host" || host.NetworkMode === "none" ? host.NetworkMode : "bridge";
  return {
    network: pick(declared.network, network === declared.network, network),
    hostname: unlessUnset(declared.hostname, config.Hostname ?? ""),
    workdir: unlessUnset(declared.workdir, config.WorkingDir ?? ""),
    restart: pick(declared.restart, restart === (declared.restart ?? "no"), restart),
    init: flag(declared.init, host.Init),
  };
}

function program(actual: ContainerInspect, declared: ContainerInputs, knownImageId: string | undefined): Fields {
  const mounts = mountsOf(actual);
  const mountText = (list: ContainerInputs["mounts"]) =>
    (list ?? []).map(({ source, target, readOnly }) => `${source}\n${target}\n${readOnly ?? false}`);
  const pairs = (actual.Config.Env ?? []).map(
    pair => [pair.split("=", 1)[0] ?? "", pair.replace(/^[^=]*=/, "")] as const,
  );
  const declaredEnv = declared.env ?? {};
  const env = Object.fromEntries(pairs.filter(([name]) => name in declaredEnv));
  const sameEnv = Object.entries(declaredEnv).every(([name, value]) => env[name] === value);
  const command = actual.Config.Cmd ?? [];
  const sameCommand = declared.command === undefined || command.join("\0") === declared.command.join("\0");
  return {
    image: pick(declared.image, actual.Image === (knownImageId ?? actual.Image), actual.Config.Image),
    mounts: pick(declared.mounts, sameSet(mountText(mounts), mountText(declared.mounts)), mounts),
    env: pick(declared.env, sameEnv, env),
    command: pick(declared.command, sameCommand, command),
  };
}

/**
 * The inputs that would make the container as it is. Fields that agree are given back as they were declared, so that
 * only real drift shows. What the image or docker adds by itself (variables, capabilities' prefixes) is no drift.
 */
export function observedInputs(
  actual: ContainerInspect,
  declared: ContainerInputs,
  knownImageId: string | undefined,
): ContainerInputs {
  return {
    ...declared,
    ...program(actual, declared, knownImageId),
    ...placement(actual, declared),
    ...hardware(actual, declared),
  };
}

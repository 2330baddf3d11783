import { HEALTH_SECONDS } from "./arguments";
import type { ContainerInputs } from "./inputs";
import type { ContainerInspect, ImageConfig } from "./inspect";
import { limitDrift, limitsOf, type Processors } from "./limits";
import { capability, device, normalInputs, security } from "./normal";

type Fields = Partial<ContainerInputs>;

/** What there is to compare with the declaration. */
export interface Found {
  readonly container: ContainerInspect;
  /** Undefined: the image is not on the host any more; what came from it cannot be told from what was asked for. */
  readonly image: ImageConfig | undefined;
  readonly processors: Processors;
}

/**
 * The inputs that would make the container as it is. Fields that agree are given back as they were declared, so that
 * only real drift shows. What the image or docker adds by itself (variables, capabilities' prefixes) is no drift.
 * `knownImageId`: of the image that it was made from; undefined on import.
 */
export function observedInputs(
  found: Found,
  declared: ContainerInputs,
  knownImageId: string | undefined,
): ContainerInputs {
  return normalInputs({
    ...declared,
    ...program(found, declared, knownImageId),
    ...placement(found, declared),
    ...hardware(found, declared, knownImageId === undefined),
    ...limits(found, declared),
  });
}

/** A value as declared where the container has it so, else as the container has it. */
function pick<T>(declared: T, agrees: boolean, actual: T): T {
  return agrees ? declared : actual;
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && [...a].sort().join("\0") === [...b].sort().join("\0");
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.join("\0") === b.join("\0");
}

function pickSet(declared: string[] | undefined, actual: readonly string[], word: (text: string) => string) {
  return pick(declared, sameSet(actual.map(word), (declared ?? []).map(word)), [...actual]);
}

function flag(declared: boolean | undefined, actual: boolean | null | undefined): boolean | undefined {
  return pick(declared, (actual ?? false) === (declared ?? false), actual ?? false);
}

function gpusOf({ HostConfig: host }: ContainerInspect): ContainerInputs["gpus"] {
  const request = host.DeviceRequests?.find(asksForGpus);
  if (!request) return "none";
  if (request.DeviceIDs?.length) return request.DeviceIDs.map(Number);
  return request.Count === -1 ? "all" : Array.from({ length: request.Count }, (_, index) => index);
}

type DeviceRequest = NonNullable<ContainerInspect["HostConfig"]["DeviceRequests"]>[number];

/** A request as `--gpus` makes it, without further capabilities. */
export function asksForGpus({ Driver: driver, Capabilities: capabilities }: DeviceRequest): boolean {
  return (driver || "nvidia") === "nvidia" && sameList((capabilities ?? [["gpu"]]).flat(), ["gpu"]);
}

function hardware({ container }: Found, declared: ContainerInputs, isImport: boolean): Fields {
  const host = container.HostConfig;
  const gpus = gpusOf(container);
  const shmSizeMib = host.ShmSize ? host.ShmSize / 1024 ** 2 : undefined;
  // When nobody asked it is the engine's own choice; who imports wants to see it.
  const unasked = declared.shmSizeMib === undefined && (!isImport || shmSizeMib === 64);
  const sameShm = unasked || shmSizeMib === declared.shmSizeMib;
  const ulimits = (host.Ulimits ?? []).map(({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard }));
  const ulimitText = (all: ContainerInputs["ulimits"]) => (all ?? []).map(u => `${u.name} ${u.soft} ${u.hard}`);
  const devices = (host.Devices ?? []).map(({ PathOnHost, PathInContainer, CgroupPermissions }) =>
    [PathOnHost, PathInContainer || PathOnHost, CgroupPermissions || "rwm"].join(":"),
  );
  return {
    gpus: pick(declared.gpus, JSON.stringify(gpus) === JSON.stringify(declared.gpus), gpus),
    shmSizeMib: pick(declared.shmSizeMib, sameShm, shmSizeMib),
    ulimits: pick(declared.ulimits, sameSet(ulimitText(ulimits), ulimitText(declared.ulimits)), ulimits),
    devices: declared.privileged ? declared.devices : pickSet(declared.devices, devices, device),
    capAdd: pickSet(declared.capAdd, host.CapAdd ?? [], capability),
    capDrop: pickSet(declared.capDrop, host.CapDrop ?? [], capability),
    privileged: flag(declared.privileged, host.Privileged),
  };
}

function placement({ container, image }: Found, declared: ContainerInputs): Fields {
  const { Config: config, HostConfig: host } = container;
  const mode = host.NetworkMode === "default" ? "bridge" : (host.NetworkMode as ContainerInputs["network"]);
  // Docker names a container itself when nobody asked: by the host, or by its id.
  const hostname = declared.hostname === undefined ? undefined : (config.Hostname ?? "");
  const workdir = config.WorkingDir ?? "";
  const asked = declared.workdir ?? (image ? image.WorkingDir || "" : workdir);
  return {
    network: mode,
    hostname,
    workdir: pick(declared.workdir, workdir === asked, workdir),
    init: flag(declared.init, host.Init),
    // A privileged container gets this one by itself.
    securityOpt: pickSet(
      declared.securityOpt,
      (host.SecurityOpt ?? []).filter(option => !(host.Privileged && option === "label=disable")),
      security,
    ),
  };
}

function program({ container, image }: Found, declared: ContainerInputs, knownImageId: string | undefined): Fields {
  const { Config: config, Image: imageId } = container;
  const shownImage = config.Image === declared.image ? imageId : config.Image;
  const entrypoint = config.Entrypoint ?? [];
  const askedEntrypoint = declared.entrypoint === undefined ? image && (image.Entrypoint ?? []) : [declared.entrypoint];
  const command = config.Cmd ?? [];
  // An entrypoint of one's own takes the image's command away.
  const askedCommand = declared.command ?? (declared.entrypoint === undefined ? image && (image.Cmd ?? []) : []);
  return {
    image: pick(declared.image, imageId === (knownImageId ?? imageId), shownImage),
    mounts: mounts(container, image, declared.mounts),
    env: environment(config.Env ?? [], image?.Env ?? undefined, declared.env),
    entrypoint: pick(declared.entrypoint, sameList(entrypoint, askedEntrypoint ?? entrypoint), entrypoint.join(" ")),
    command: pick(declared.command, sameList(command, askedCommand ?? command), command),
    healthCommand: healthCommand(config.Healthcheck, image?.Healthcheck, declared.healthCommand),
  };
}

function mounts(
  container: ContainerInspect,
  image: ImageConfig | undefined,
  declared: ContainerInputs["mounts"],
): ContainerInputs["mounts"] {
  const actual = (container.Mounts ?? [])
    // A volume for a path that the image declares is docker's own doing.
    .filter(({ Type, Destination }) => !(Type === "volume" && (!image || Destination in (image.Volumes ?? {}))))
    .filter(({ Type }) => Type !== "tmpfs")
    .map(({ Source, Name, Destination, RW }) => ({
      source: Source || Name || "",
      target: Destination,
      ...(RW ? {} : { readOnly: true }),
    }));
  const text = (all: ContainerInputs["mounts"]) =>
    (all ?? []).map(({ source, target, readOnly }) => `${source}\n${target}\n${readOnly ?? false}`);
  return pick(declared, sameSet(text(actual), text(declared)), actual);
}

/** Declared variables, and those that neither the image nor the declaration has. */
function environment(
  actual: readonly string[],
  ofImage: readonly string[] | undefined,
  declared: ContainerInputs["env"],
): ContainerInputs["env"] {
  const own = new Set(ofImage ?? []);
  const name = (pair: string) => pair.split("=", 1)[0] ?? "";
  // Docker adds a PATH where the image has none.
  const ignored = [...own].some(pair => name(pair) === "PATH") ? undefined : "PATH";
  const isAsked = (pair: string) => name(pair) in (declared ?? {});
  const env = Object.fromEntries(
    actual
      .filter(pair => isAsked(pair) || (ofImage !== undefined && !own.has(pair) && name(pair) !== ignored))
      .map(pair => [name(pair), pair.slice(name(pair).length + 1)]),
  );
  const text = (all: ContainerInputs["env"]) => Object.entries(all ?? {}).map(([key, value]) => `${key}=${value}`);
  return pick(declared, sameSet(text(env), text(declared)), env);
}

type Healthcheck = ContainerInspect["Config"]["Healthcheck"];

function healthCommand(actual: Healthcheck, ofImage: Healthcheck, declared: string | undefined): string | undefined {
  const seconds = (actual?.Interval ?? 0) / 1e9;
  const test = (actual?.Test ?? []).join("\0");
  if (declared !== undefined) {
    const agrees = test === `CMD-SHELL\0${declared}` && seconds === HEALTH_SECONDS.interval;
    return pick(declared, agrees, `${(actual?.Test ?? []).slice(1).join(" ")} (every ${seconds} s)`);
  }
  return test === (ofImage?.Test ?? []).join("\0") ? undefined : (actual?.Test ?? []).slice(1).join(" ");
}

function limits({ container, processors }: Found, declared: ContainerInputs): Fields {
  const actual = limitsOf(container.HostConfig, processors);
  const drift = limitDrift(actual, declared, processors);
  return Object.fromEntries(drift.map(field => [field, actual[field]]));
}

import { z } from "zod";

const list = z.array(z.string()).nullish();
const names = z.record(z.string(), z.unknown()).nullish();
const healthcheck = z.object({ Test: list, Interval: z.number().nullish() }).nullish();

const inspectSchema = z.object({
  Id: z.string(),
  Image: z.string(),
  State: z.object({ Status: z.string(), StartedAt: z.string() }),
  Config: z.object({
    Image: z.string(),
    Hostname: z.string().nullish(),
    User: z.string().nullish(),
    Env: list,
    Cmd: list,
    Entrypoint: list,
    Labels: z.record(z.string(), z.string()).nullish(),
    WorkingDir: z.string().nullish(),
    Healthcheck: healthcheck,
    StopSignal: z.string().nullish(),
  }),
  HostConfig: z.object({
    NetworkMode: z.string(),
    RestartPolicy: z.object({ Name: z.string() }).nullish(),
    ShmSize: z.number().nullish(),
    Privileged: z.boolean().nullish(),
    Init: z.boolean().nullish(),
    CapAdd: list,
    CapDrop: list,
    SecurityOpt: list,
    Devices: z
      .array(
        z.object({
          PathOnHost: z.string(),
          PathInContainer: z.string().nullish(),
          CgroupPermissions: z.string().nullish(),
        }),
      )
      .nullish(),
    DeviceRequests: z
      .array(
        z.object({
          Driver: z.string().nullish(),
          Count: z.number(),
          DeviceIDs: list,
          Capabilities: z.array(z.array(z.string())).nullish(),
        }),
      )
      .nullish(),
    Ulimits: z.array(z.object({ Name: z.string(), Soft: z.number(), Hard: z.number() })).nullish(),
    Memory: z.number().nullish(),
    MemorySwap: z.number().nullish(),
    NanoCpus: z.number().nullish(),
    CpusetCpus: z.string().nullish(),
    PidsLimit: z.number().nullish(),
    IpcMode: z.string().nullish(),
    PidMode: z.string().nullish(),
    UTSMode: z.string().nullish(),
    UsernsMode: z.string().nullish(),
    ReadonlyRootfs: z.boolean().nullish(),
    AutoRemove: z.boolean().nullish(),
    PublishAllPorts: z.boolean().nullish(),
    PortBindings: names,
    Tmpfs: names,
    Sysctls: names,
    GroupAdd: list,
    ExtraHosts: list,
    Dns: list,
    VolumesFrom: list,
    DeviceCgroupRules: list,
  }),
  Mounts: z
    .array(
      z.object({
        Type: z.string(),
        Name: z.string().nullish(),
        Source: z.string().nullish(),
        Destination: z.string(),
        RW: z.boolean(),
      }),
    )
    .nullish(),
});

const imageSchema = z.object({
  Config: z
    .object({
      User: z.string().nullish(),
      Env: list,
      Cmd: list,
      Entrypoint: list,
      WorkingDir: z.string().nullish(),
      Volumes: names,
      Healthcheck: healthcheck,
      StopSignal: z.string().nullish(),
    })
    .nullish(),
});

/** What docker tells of a container, as far as it is looked at (docker 20.10 to 28). */
export type ContainerInspect = z.infer<typeof inspectSchema>;
/** What an image asks for by itself: none of it is anybody's option. */
export type ImageConfig = NonNullable<z.infer<typeof imageSchema>["Config"]>;

/** One container of `docker inspect`. @throws ZodError, SyntaxError: it is not docker's. */
export function parseInspect(json: string): ContainerInspect {
  const [found] = z.array(inspectSchema).length(1).parse(JSON.parse(json));
  return found as ContainerInspect;
}

/** One image of `docker image inspect`. */
export function parseImage(json: string): ImageConfig {
  return z.array(imageSchema).length(1).parse(JSON.parse(json))[0]?.Config ?? {};
}

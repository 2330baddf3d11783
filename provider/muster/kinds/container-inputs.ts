import { z } from "zod";

const absolutePath = z.string().regex(/^\//, "must be an absolute path");

export const containerInputsSchema = z.object({
  host: z.string().min(1),
  name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/, "must be a container name of at least two characters"),
  /** An image's id (`sha256:…`) or reference, already on the host. */
  image: z.string().min(1),
  gpus: z.union([z.literal("all"), z.literal("none"), z.array(z.number().int().nonnegative()).min(1)]),
  shmSizeMib: z.number().int().positive().optional(),
  network: z.enum(["host", "bridge", "none"]),
  hostname: z.string().optional(),
  workdir: absolutePath.optional(),
  mounts: z
    .array(z.object({ source: absolutePath, target: absolutePath, readOnly: z.boolean().optional() }))
    .optional(),
  env: z.record(z.string(), z.string()).optional(),
  command: z.array(z.string()).optional(),
  entrypoint: z.string().optional(),
  restart: z.enum(["no", "always", "unless-stopped", "on-failure"]).optional(),
  /** A small init as process 1, which reaps what jobs leave behind. */
  init: z.boolean().optional(),
  /** -1: unlimited. */
  ulimits: z.array(z.object({ name: z.string(), soft: z.number().int(), hard: z.number().int() })).optional(),
  devices: z.array(z.string()).optional(),
  capAdd: z.array(z.string()).optional(),
  privileged: z.boolean().optional(),
  securityOpt: z.array(z.string()).optional(),
  /** Run inside after each start until it exits 0. */
  healthProbe: z.object({ script: z.string(), timeoutSeconds: z.number().positive() }).optional(),
  labels: z.record(z.string(), z.string()).optional(),
});

export type ContainerInputs = z.infer<typeof containerInputsSchema>;

export interface ContainerOutputs {
  /** The container's id: changes whenever it is made anew. Empty: it is not there. */
  readonly incarnation: string;
  /** running, exited, … as docker says it; `absent` when it is gone, `gpus lost` when it no longer sees its GPUs. */
  readonly status: string;
  readonly startedAt: string;
  readonly imageId: string;
}

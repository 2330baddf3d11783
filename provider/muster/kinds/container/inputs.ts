import { z } from "zod";

const absolutePath = z.string().regex(/^\//, "must be an absolute path");

export const containerInputsSchema = z.object({
  host: z.string().min(1),
  name: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/, "must be a container name of at least two characters")
    .describe("Another name renames the container; nothing in it notices."),
  image: z.string().min(1).describe("An image's id (`sha256:…`) or reference, already on the host."),
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
  init: z.boolean().optional().describe("A small init as process 1, which reaps what jobs leave behind."),
  ulimits: z
    .array(z.object({ name: z.string(), soft: z.number().int(), hard: z.number().int() }))
    .optional()
    .describe("-1: unlimited."),
  devices: z.array(z.string()).optional(),
  capAdd: z.array(z.string()).optional(),
  capDrop: z.array(z.string()).optional(),
  privileged: z.boolean().optional(),
  securityOpt: z.array(z.string()).optional(),
  memoryMib: z.number().positive().optional().describe("Most memory. Changes in place. Absent: no limit."),
  memorySwapMib: z
    .number()
    .positive()
    .optional()
    .describe("Most memory and swap together. Changes in place. Absent: twice memoryMib, as Docker has it."),
  cpus: z.number().positive().optional().describe("Processors' worth of time. Changes in place. Absent: no limit."),
  cpusetCpus: z.string().optional().describe("Processors to run on, such as 0-15. Changes in place. Absent: all."),
  pidsLimit: z.number().int().positive().optional().describe("Most processes and threads. Changes in place."),
  healthProbe: z
    .object({ script: z.string(), timeoutSeconds: z.number().positive() })
    .optional()
    .describe(
      "Run inside after each start until it exits 0, and at each read; a container that fails it is not healthy.",
    ),
  healthCommand: z
    .string()
    .optional()
    .describe("Run inside once a minute by Docker itself: `docker ps` shows the result to people."),
  service: z
    .object({
      digest: z.string().describe("Of what the service reads only when it starts."),
      restartScript: z.string().describe("Run inside: starts the service anew, and nothing else."),
    })
    .optional()
    .describe("What runs in it beside jobs. Restarted alone when its digest changes or the probe fails; jobs go on."),
  labels: z.record(z.string(), z.string()).optional(),
});

export type ContainerInputs = z.infer<typeof containerInputsSchema>;

/** `unhealthy`: the probe fails. `gpus lost`: it runs, but no longer sees its GPUs, which the host does. */
export type ContainerStatus = "running" | "unhealthy" | "gpus lost" | "absent" | (string & {});

export interface ContainerOutputs {
  /** The container's id: changes whenever it is made anew. Empty: it is not there. */
  readonly incarnation: string;
  readonly status: ContainerStatus;
  /** What is wrong with a running container; empty if nothing is. */
  readonly problem: string;
  /** Options that it has and that nobody declared, as `docker run` would have them. */
  readonly undeclared: readonly string[];
  readonly startedAt: string;
  readonly imageId: string;
}

import { z } from "zod";
import { knownFailureSchema } from "./known-failure";
import { preconditionSchema } from "./precondition";

const absolutePath = z.string().regex(/^\//, "must be an absolute path");

/** One launcher process on one host. Its workers are its own affair. */
const rankSchema = z.object({
  host: z.string().min(1),
  /** Container of that host in which the rank runs; absent: on the host itself. */
  container: z.string().min(1).optional(),
  argv: z.array(z.string()).min(1),
  env: z.record(z.string(), z.string()),
  workdir: absolutePath.optional(),
});

const probeSchema = z.object({
  host: z.string().min(1),
  /** POSIX sh that exits 0 once the job serves. It must not change the host. */
  script: z.string().optional(),
  /** Asked from `host`; any 2xx answer means ready. */
  http: z.string().optional(),
  timeoutSeconds: z.number().positive(),
});

const fileSchema = z.object({ host: z.string().min(1), path: absolutePath });

export const jobInputsSchema = z.object({
  /** Also the folder's name on the hosts. */
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, "must be lower-case letters, digits, dots, dashes"),
  /** Rank 0 first: its host keeps the job's record and logs. */
  ranks: z.array(rankSchema).min(1),
  sshConfig: absolutePath
    .optional()
    .describe("ssh_config on rank 0's host, by which it reaches the others. Only for ranks that run in no container."),
  /** What changes the result beside argv: digests of data and model, the image's id. */
  identity: z.record(z.string(), z.string()),
  /** Per host; used at the next start, never a reason to run again. */
  transportEnv: z.record(z.string(), z.record(z.string(), z.string())).optional(),
  secretEnv: z.record(z.string(), z.string()).optional(),
  claims: z.array(z.object({ host: z.string().min(1), gpus: z.array(z.number().int().nonnegative()) })).optional(),
  mayStop: z
    .array(z.string())
    .optional()
    .describe("Jobs of mode ready that are stopped when they hold GPUs that this one claims."),
  mode: z.enum(["completed", "ready"]),
  reviveOn: z
    .record(z.string(), z.string())
    .optional()
    .describe(
      "Of a server (mode ready): values that change when it may be gone, such as the start of its container, or the run of a job that may stop it. It is looked after again then.",
    ),
  probe: probeSchema.optional(),
  /** How long create and update stay with an unfinished job. It goes on without them. */
  waitSeconds: z.number().nonnegative(),
  /** How long a start may take until every rank has reported. Default 60. */
  startTimeoutSeconds: z.number().positive().optional(),
  precondition: preconditionSchema
    .optional()
    .describe(
      "A program that is asked in a plan that starts the job. It refuses with exit code 10 and a line for each reason; anything else is no refusal.",
    ),
  knownFailures: z
    .array(knownFailureSchema)
    .optional()
    .describe(
      "What the program's log is known to say when it fails, the likeliest first. The job's error then tells reason and remedy.",
    ),
  /** A small text file that the job writes; becomes the output `result` (at most 64 KiB). */
  resultFile: fileSchema.optional(),
  outputs: z.array(fileSchema).optional(),
  deleteOutputs: z.boolean().optional(),
  /** Between SIGTERM and SIGKILL. Default 10. */
  stopSeconds: z.number().int().positive().optional(),
});

export type JobInputs = z.infer<typeof jobInputsSchema>;
export type Rank = JobInputs["ranks"][number];

/** `unrecorded`: its processes live, but somebody has deleted its record. */
export type JobStatus = "running" | "completed" | "ready" | "failed" | "stopped" | "unrecorded";

export interface Progress {
  readonly step: number;
  readonly of: number;
  readonly loss?: number;
}

export interface JobOutputs {
  readonly status: JobStatus;
  /** Why it is not what it should be; empty if nothing is wrong. */
  readonly problem: string;
  /** One run of the job: changes at each start. */
  readonly incarnation: string;
  readonly identityDigest: string;
  /** ISO 8601, by the clock of rank 0's host. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly result: string;
  readonly progress: Progress | null;
}

/** The host that keeps the job's record, logs and gang. */
export function leaderHost(inputs: Pick<JobInputs, "ranks">): string {
  const [first] = inputs.ranks;
  if (!first) throw new Error("a job has at least one rank");
  return first.host;
}

export const DEFAULT_STOP_SECONDS = 10;
export const DEFAULT_START_TIMEOUT_SECONDS = 60;

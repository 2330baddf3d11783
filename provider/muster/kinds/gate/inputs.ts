import { createHash } from "node:crypto";
import { z } from "zod";
import type { Baseline, GateLimits } from "../../../../plan/fabric/judge";
import type { Measurement } from "../../../../plan/fabric/reports";
import { canonical } from "../job/identity";
import { type JobInputs, jobInputsSchema } from "../job/inputs";

const ofJob = jobInputsSchema.pick({
  name: true,
  ranks: true,
  sshConfig: true,
  identity: true,
  transportEnv: true,
  claims: true,
  mayStop: true,
  waitSeconds: true,
  knownFailures: true,
});

export const gateInputsSchema = ofJob.extend({
  nodes: z.array(z.string().min(1)).min(1).describe("In rank order: one launcher each."),
  ranksPerNode: z.number().int().positive(),
  sizesMib: z.array(z.number().int().positive()).min(1).describe("Message sizes; the largest is judged."),
  masterPort: z.number().int().positive().describe("Where the ranks meet, on the first node."),
  incarnations: z
    .record(z.string(), z.string())
    .describe("Container of each node: in a new one the fabric is proven anew."),
  consumer: z
    .record(z.string(), z.string())
    .describe(
      "The run of the job that waits for the gate. Before another one, a gate that was left out is made up for.",
    ),
  trigger: z.string().optional().describe("Any text. Another one runs the gate again."),
  requiresNcclTests: z.boolean().optional().describe("Without a measurement by nccl-tests the gate fails."),
  expectsRdma: z.boolean().describe("RDMA is planned: NCCL must not take sockets."),
  floorGBps: z
    .number()
    .positive()
    .optional()
    .describe("Least bus bandwidth in GB/s (1e9 bytes); below it the gate fails."),
  expectedGBps: z.number().positive().optional().describe("Least by the line rates, in GB/s; below it the gate warns."),
  tolerancePercent: z
    .number()
    .positive()
    .max(99)
    .describe("How much slower than the baseline, or than the other pairs of nodes, is still well."),
});

export type GateInputs = z.infer<typeof gateInputsSchema>;

export interface GateOutputs {
  readonly status: "passed" | "failed" | "running";
  /** What is wrong, who is at fault, and the remedy; empty if the gate is open. */
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
  /** Of the last run that measured anything. */
  readonly measured: Measurement | null;
  /** What the next run is compared with. */
  readonly baseline: Baseline | null;
  /** Digest of what was measured: another one needs another run. */
  readonly runDigest: string;
  /** Containers in which it was measured. */
  readonly provenIn: Readonly<Record<string, string>>;
  /** The run of the job that measured. */
  readonly incarnation: string;
  /** ISO 8601, by the clock of the first node's host. */
  readonly measuredAt: string;
}

/** What a measurement is of: another one needs another run. */
export function runDigest(inputs: GateInputs): string {
  const { name, ranks, identity, transportEnv, incarnations, trigger, nodes, ranksPerNode, sizesMib } = inputs;
  const parts = { name, ranks, identity, transportEnv, incarnations, trigger, nodes, ranksPerNode, sizesMib };
  return createHash("sha256").update(canonical(parts)).digest("hex");
}

export function limitsOf(inputs: GateInputs): GateLimits {
  const { nodes, masterPort, expectsRdma, floorGBps, expectedGBps, tolerancePercent } = inputs;
  return {
    requiresNcclTests: inputs.requiresNcclTests ?? false,
    nodes,
    masterPort,
    expectsRdma,
    tolerancePercent,
    ...(floorGBps !== undefined && { floorGBps }),
    ...(expectedGBps !== undefined && { expectedGBps }),
  };
}

/** Size and number of ranks that the judged row has. */
export function judgedRow({ nodes, ranksPerNode, sizesMib }: GateInputs): {
  nodes: string[];
  ranks: number;
  sizeMib: number;
} {
  return { nodes, ranks: nodes.length * ranksPerNode, sizeMib: Math.max(...sizesMib) };
}

/** Slowest bus bandwidth that needs no look at the pairs; recipes/tools/all_reduce.py reads it. Empty: nothing is known yet. */
const LEAST_VARIABLE = "MUSTER_GATE_LEAST_GBPS";
const TOLERANCE_VARIABLE = "MUSTER_GATE_TOLERANCE_PERCENT";

/** The job that measures. */
export function jobOf(inputs: GateInputs, leastGBps?: number): JobInputs {
  const { name, ranks, sshConfig, identity, transportEnv, claims, mayStop, waitSeconds, knownFailures } = inputs;
  const least = leastGBps === undefined ? "" : String(leastGBps);
  return {
    name,
    ranks: ranks.map(rank => ({
      ...rank,
      env: { ...rank.env, [LEAST_VARIABLE]: least, [TOLERANCE_VARIABLE]: String(inputs.tolerancePercent) },
    })),
    identity: { ...identity, run: runDigest(inputs) },
    mode: "completed",
    waitSeconds,
    ...(sshConfig !== undefined && { sshConfig }),
    ...(transportEnv && { transportEnv }),
    ...(claims && { claims }),
    ...(mayStop && { mayStop }),
    ...(knownFailures && { knownFailures }),
  };
}

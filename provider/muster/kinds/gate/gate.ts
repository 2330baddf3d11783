import { z } from "zod";
import { OperatorError } from "../../../../wire/operator-error";
import type { Kind, PreviewContext } from "../../../kind";
import { isUnreachable } from "../../../operation";
import { type Holder, heldGpus, refuseHeldGpus } from "../job/claims";
import { canonical } from "../job/identity";
import { job } from "../job/job";
import { type GateInputs, type GateOutputs, gateInputsSchema, jobOf, runDigest } from "./inputs";
import { judgeAgain, removeGate, runGate } from "./run";

/** The fabric of a cluster, proven by all-reduces over all ranks before any job needs it. docs/design/0017. */
export const gate: Kind<GateInputs, GateOutputs> = {
  token: "muster:index:Gate",
  description:
    "Proves the fabric by all-reduces over all ranks: exact sums, and bus bandwidth against a floor and the baseline of this cluster.",
  inputs: gateInputsSchema,
  // Nothing replaces it: the baseline stays.
  fields: {
    name: { change: "replace" },
    nodes: { change: "update" },
    ranksPerNode: { change: "update" },
    sizesMib: { change: "update" },
    masterPort: { change: "update" },
    ranks: { change: "update" },
    sshConfig: { change: "ignore" },
    identity: { change: "update" },
    transportEnv: { change: "update" },
    incarnations: { change: "update" },
    // Only where a gate was left out: decided in diff.
    consumer: { change: "ignore" },
    trigger: { change: "update" },
    claims: { change: "ignore" },
    mayStop: { change: "ignore" },
    waitSeconds: { change: "ignore" },
    knownFailures: { change: "ignore" },
    requiresNcclTests: { change: "update" },
    expectsRdma: { change: "update" },
    floorGBps: { change: "update" },
    expectedGBps: { change: "update" },
    tolerancePercent: { change: "update" },
  },
  outputs: {
    status: { description: "passed, failed, or running" },
    faults: {
      description: "What is wrong, who is at fault, and the remedy; empty if the gate is open.",
      schema: z.array(z.string()),
    },
    warnings: { description: "What is well and should be known.", schema: z.array(z.string()) },
    measured: {
      description: "Bus bandwidth of each size and pair of nodes, in GB/s (1e9 bytes).",
      typescript: { name: "Measurement", from: "../../../plan/fabric/reports" },
    },
    baseline: {
      description: "What the next run is compared with.",
      typescript: { name: "Baseline", from: "../../../plan/fabric/judge" },
    },
    runDigest: { description: "SHA-256 of what was measured" },
    provenIn: {
      description: "Containers in which it was measured, by node.",
      schema: z.record(z.string(), z.string()),
    },
    incarnation: { description: "names the run of the job that measured" },
    measuredAt: { description: "ISO 8601, by the clock of the first node's host" },
  },

  check: (inputs, unknown) => job.check?.(inputs, unknown) ?? [],

  diff(old, news) {
    if (old.status !== "passed") return [{ path: "status", mode: "update", replace: false, inputDiff: false }];
    const isLeftOut = runDigest(old) !== old.runDigest;
    if (!isLeftOut || isSameConsumer(old, news)) return [];
    return [{ path: "consumer", mode: "update", replace: false }];
  },

  async predict(context, news, old) {
    const inputs = gateInputsSchema.safeParse(news);
    if (!inputs.success) return {};
    if (isDue(inputs.data, old) === "yes") await refuseHeld(context, inputs.data);
    return {};
  },

  async read(_context, id, old) {
    if (!old) {
      throw new OperatorError({
        summary: `gate ${id} cannot be imported: its baseline is in no other place than the state`,
        remedy: "declare it; up measures the fabric",
      });
    }
    // A measurement is of its moment: there is nothing on the hosts that could drift.
    return { inputs: gateInputsSchema.parse(old), state: outputsIn(old) };
  },

  async create(context, inputs) {
    return { id: inputs.name, state: await runGate(context, inputs) };
  },

  async update(context, _id, inputs, old) {
    const before = outputsIn(old);
    const due = isDue(inputs, old);
    if (due === "no") return judgeAgain(inputs, before);
    if (due === "new containers") {
      // Not even a server that might be stopped: nothing waits for the gate.
      const [holder] = await heldGpus(context, { name: inputs.name, claims: inputs.claims });
      if (holder) return { ...before, warnings: [leftOut(holder)] };
    }
    return runGate(context, inputs, before);
  },

  async delete(context, _id, old) {
    await removeGate(context, jobOf(old));
  },
};

/**
 * Whether it has to run. `new containers`: for no other reason, and nothing that waits for it is about to start; then a job that has
 * the GPUs is not disturbed.
 */
function isDue(inputs: GateInputs, old: (GateInputs & GateOutputs) | undefined): "no" | "yes" | "new containers" {
  if (old?.status !== "passed") return "yes";
  if (runDigest(inputs) === old.runDigest) return "no";
  const isProven = runDigest({ ...inputs, incarnations: { ...old.provenIn } }) === old.runDigest;
  return isProven && isSameConsumer(old, inputs) ? "new containers" : "yes";
}

function isSameConsumer(old: Pick<GateInputs, "consumer">, news: Partial<Pick<GateInputs, "consumer">>): boolean {
  return canonical(old.consumer) === canonical(news.consumer ?? null);
}

function leftOut({ host, gpu, job: holder }: Holder): string {
  return `not measured in the new containers, for job ${holder} has GPU ${gpu} of ${host}; it is made up for before another training`;
}

/** In a plan: it never runs while a job has the GPUs. A host that is out of reach is told by others. */
async function refuseHeld(context: PreviewContext, inputs: GateInputs): Promise<void> {
  try {
    await refuseHeldGpus(context, jobOf(inputs));
  } catch (error) {
    if (!isUnreachable(error)) throw error;
  }
}

function outputsIn(state: GateInputs & GateOutputs): GateOutputs {
  const { status, faults, warnings, measured, baseline, runDigest: digest, provenIn, incarnation, measuredAt } = state;
  return { status, faults, warnings, measured, baseline, runDigest: digest, provenIn, incarnation, measuredAt };
}

import { z } from "zod";
import { absolutePath, isDistinct, quantity } from "./values";

export const gate = z
  .strictObject({
    enabled: z.boolean().optional().describe("Default: with a training over two nodes or more."),
    sizesMib: z
      .array(z.int().min(1))
      .min(1)
      .refine(isDistinct, "each size once")
      .default([8, 128, 1024])
      .describe("Messages that are summed over all ranks. The largest is judged. Unit: MiB."),
    floorGBps: z
      .number()
      .positive()
      .optional()
      .describe(
        "Least bus bandwidth of the largest size, as nccl-tests counts it; below it the gate fails. Unit: GB/s, which is 8 Gb/s.",
      ),
    tolerancePercent: z
      .number()
      .positive()
      .max(99)
      .default(30)
      .describe("How much slower than the baseline of this cluster, or than the other pairs of nodes, is still well."),
    pairs: z
      .enum(["auto", "always", "never"])
      .default("auto")
      .describe(
        "Whether pairs of nodes are measured too, which names the slow one. auto: at the first gate, and when all together are slow. " +
          "always: as many pairs as time allows; `muster stack output fabric` shows them.",
      ),
    ncclTests: z
      .enum(["auto", "off", "require"])
      .default("auto")
      .describe(
        "Whether all_reduce_perf of nccl-tests measures too. auto: where the nodes have it. require: the gate fails where it cannot measure. " +
          "Over several nodes it needs a build with MPI, and Open MPI.",
      ),
    ncclTestsPath: absolutePath
      .optional()
      .describe("Where all_reduce_perf is, for the ranks. Default: in the PATH, /opt/nccl-tests and the like."),
    timeoutSeconds: quantity("seconds", "How long it may take; then it fails and names who hangs.").default(300),
    trigger: z.string().min(1).optional().describe("Any text, such as a date. Another one runs the gate again."),
  })
  .describe("All-reduces over all ranks before the first job: a fabric that is wrong, slow or broken stops it.");

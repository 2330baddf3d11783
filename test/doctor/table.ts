import type { Batch } from "./row";
import { containerBatches } from "./rows/container";
import { gpuBatches } from "./rows/gpus";
import { hostBatches } from "./rows/host";
import { networkBatches } from "./rows/network";

/** All faults that are planted for doctor. */
export const batches: readonly Batch[] = [...hostBatches, ...gpuBatches, ...containerBatches, ...networkBatches];

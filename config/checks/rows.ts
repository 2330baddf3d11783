import { isMegatron } from "../../recipes/ms-swift/start";
import type { Check } from "../check";
import type { Cluster } from "../schema";

/**
 * Whether the rows of a data set make one step at least. Megatron drops what does not fill a round of all ranks
 * (ms-swift 3.7.1, swift/megatron/trainers/base.py), and a training of no steps ends without a word. Packed rows are fewer than rows,
 * by how much is not known here.
 */
export function checkRows(cluster: Cluster, rows: number): Check[] {
  const train = cluster.pipeline?.train;
  if (!train || train.epochs === undefined || rows === 0) return [];
  const split = Number(train.args.split_dataset_ratio ?? 0);
  const left = Math.floor(rows * (1 - split));
  const modelParallel = train.tensorParallel * train.pipelineParallel * train.contextParallel;
  const ranks = Math.max(1, Math.floor((train.nodes.length * cluster.slots) / modelParallel));
  const round = train.microBatchSize * ranks;
  const kept = isMegatron(train) ? Math.floor(left / round) * round : left;
  const steps = Math.floor((kept * train.epochs) / train.globalBatchSize);
  if (steps >= 1 || !isMegatron(train)) return [];
  return [
    {
      code: "no-steps",
      severity: "error",
      path: ["pipeline", "train", "globalBatchSize"],
      found: `${rows} rows, of which ${kept} fill rounds of ${round} (microBatchSize ${train.microBatchSize} x ${ranks} ranks)`,
      expected: `${train.globalBatchSize} at least in ${train.epochs} epochs: one step of globalBatchSize`,
      remedy: "add rows, raise epochs, or lower globalBatchSize",
    },
  ];
}

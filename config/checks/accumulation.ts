import type { Check, ModelShape } from "../check";
import type { Cluster } from "../schema";
import type { TrainSettings } from "../schema/pipeline";

/** Batch and length of Hugging Face's trainer: every process is a data-parallel rank, but for Ulysses' groups. */
export function checkAccumulation(cluster: Cluster, train: TrainSettings, model: ModelShape | undefined): Check[] {
  return [...batch(cluster, train), ...(model ? tooLong(train, model) : [])];
}

function batch(cluster: Cluster, train: TrainSettings): Check[] {
  const size = train.nodes.length * cluster.slots;
  const ulysses = Number(train.args.sequence_parallel_size ?? 1);
  if (!Number.isInteger(ulysses) || ulysses < 1 || size % ulysses !== 0) {
    return [
      {
        code: "world-not-divisible",
        severity: "error",
        path: ["pipeline", "train", "args", "sequence_parallel_size"],
        found: `sequence_parallel_size ${String(train.args.sequence_parallel_size)}`,
        expected: `a divisor of ${size}, the number of processes`,
        remedy: `write ${largestDivisor(size, ulysses)}`,
      },
    ];
  }
  const ranks = size / ulysses;
  const unit = train.microBatchSize * ranks;
  if (train.globalBatchSize % unit === 0) return [];
  return [
    {
      code: "batch-not-divisible",
      severity: "error",
      path: ["pipeline", "train", "globalBatchSize"],
      found: `globalBatchSize ${train.globalBatchSize}`,
      expected: `a multiple of ${unit} (microBatchSize ${train.microBatchSize} x ${ranks} data-parallel ranks)`,
      remedy: `write ${Math.ceil(train.globalBatchSize / unit) * unit}`,
    },
  ];
}

function largestDivisor(of: number, limit: number): number {
  const candidates = Array.from({ length: of }, (_, i) => i + 1).filter(n => of % n === 0 && n <= limit);
  return candidates.at(-1) ?? 1;
}

export function tooLong({ maxLength, args }: TrainSettings, { maxPositions }: ModelShape): Check[] {
  if (maxLength === undefined || maxPositions === undefined || maxLength <= maxPositions) return [];
  if (args.rope_scaling !== undefined) return [];
  return [
    {
      code: "length-above-model",
      severity: "error",
      path: ["pipeline", "train", "maxLength"],
      found: `maxLength ${maxLength}`,
      expected: `at most ${maxPositions}, the positions of the model`,
      remedy: `write ${maxPositions}, or set rope_scaling in args`,
    },
  ];
}

import { profile3 } from "./profile-3";
import { profile4 } from "./profile-4";

/** What the arguments of the notes and of other versions are called in the cluster file. */
const renamed = {
  mcoreModel: "train.weights",
  reference: "train.rlhf.reference",
  adapter: "train.adapter",
  epochs: "train.epochs",
  output: "train.output",
  saveEverySteps: "train.saveEverySteps",
  logEverySteps: "train.logEverySteps",
  tuner: "train.tuner",
} as const;

const ofMegatron: ReadonlyMap<string, string> = new Map(
  [profile3, profile4].flatMap(({ names }) =>
    Object.entries(renamed).map(([key, setting]): [string, string] => [names[key as keyof typeof names], setting]),
  ),
);

/** Hugging Face's names and Megatron's, each for the tools that have the other's. */
const ofSwift: ReadonlyMap<string, string> = new Map([
  ["train_type", "train.tuner"],
  ["tuner_type", "train.tuner"],
  ["lr", "train.learningRate"],
  ["min_lr", "train.minLearningRate"],
  ["lr_warmup_fraction", "train.warmupFraction"],
  ["micro_batch_size", "train.microBatchSize"],
  ["global_batch_size", "train.globalBatchSize"],
  ["max_epochs", "train.epochs"],
  ["train_iters", "train.iterations"],
  ["save", "train.output"],
  ["save_interval", "train.saveEverySteps"],
  ["log_interval", "train.logEverySteps"],
]);

const ofTransformers: readonly [string, string][] = [
  ["learning_rate", "train.learningRate"],
  ["warmup_ratio", "train.warmupFraction"],
  ["per_device_train_batch_size", "train.microBatchSize"],
  ["gradient_accumulation_steps", "train.globalBatchSize"],
  ["max_steps", "train.iterations"],
];

const ofExports: ReadonlyMap<string, string> = new Map([
  ["mcore_adapters", "export.checkpoint"],
  ["mcore_adapter", "export.checkpoint"],
  ["adapter_load", "export.checkpoint"],
  ["load", "export.checkpoint"],
  ["mcore_model", "export.checkpoint"],
  ["save", "export.output"],
  ["output_dir", "export.output"],
]);

/** Settings by the names that their arguments have in other versions, or in the other tools. */
export function settingNames(command: string): ReadonlyMap<string, string> {
  const table = command.endsWith(" export")
    ? ofExports
    : command.startsWith("megatron")
      ? new Map([...ofMegatron, ...ofTransformers])
      : ofSwift;
  return new Map([...table].map(([name, setting]) => [name, `pipeline.${setting}`]));
}

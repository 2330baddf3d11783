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

/** Arguments without a setting that ms-swift 3 and 4 call differently: [3, 4]. */
const pairs: readonly (readonly [string, string])[] = [
  ["num_workers", "dataloader_num_workers"],
  ["eval_interval", "eval_steps"],
  ["manual_gc_interval", "manual_gc_steps"],
  ["extra_megatron_kwargs", "megatron_extra_kwargs"],
  ["distributed_backend", "ddp_backend"],
  ["no_initialization", "perform_initialization"],
  ["no_masked_softmax_fusion", "masked_softmax_fusion"],
  ["no_bias_dropout_fusion", "bias_dropout_fusion"],
  ["no_bias_swiglu_fusion", "bias_activation_fusion"],
  ["no_rope_fusion", "apply_rope_fusion"],
  ["no_gradient_accumulation_fusion", "gradient_accumulation_fusion"],
  ["no_data_sharding", "data_sharding"],
  ["num_layers_per_virtual_pipeline_stage", "virtual_pipeline_model_parallel_size"],
  ["ref_adapter_load", "mcore_ref_adapter"],
];

/** What an argument is called in the other line of ms-swift, with `: false` where it says the opposite. */
export function otherName(name: string, known: ReadonlyMap<string, unknown>): string | undefined {
  const pair = pairs.find(names => names.includes(name));
  const other = pair?.find(each => each !== name);
  if (other === undefined || !known.has(other)) return undefined;
  return /^no_/.test(name) !== /^no_/.test(other) ? `${other} with the opposite value` : other;
}

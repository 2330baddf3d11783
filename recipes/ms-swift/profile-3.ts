import type { Profile } from "./profile";

/** ms-swift 3.7 to 3.12: Megatron's own argument names, Megatron-LM as a checkout. Read at tag v3.7.1. */
export const profile3: Profile = {
  name: "ms-swift 3",
  argumentsVersion: "3.7.1",
  needsMegatronLm: true,
  trainArguments: (train, places) => ({
    // Model, type and template come from its args.json, which is read only when no model is given beside it.
    load: places.weights,
    dataset: places.dataset,
    train_type: train.tuner,
    agent_template: train.agentTemplate,
    loss_scale: train.lossScale,
    tensor_model_parallel_size: train.tensorParallel,
    pipeline_model_parallel_size: train.pipelineParallel,
    context_parallel_size: train.contextParallel,
    expert_model_parallel_size: train.expertParallel,
    expert_tensor_parallel_size: train.expertTensorParallel,
    sequence_parallel: train.sequenceParallel,
    micro_batch_size: train.microBatchSize,
    global_batch_size: train.globalBatchSize,
    recompute_granularity: train.recompute?.granularity,
    recompute_method: train.recompute?.method,
    recompute_num_layers: train.recompute?.layers,
    max_epochs: train.epochs,
    train_iters: train.iterations,
    // Weights alone are loaded, no optimizer state: without it Megatron looks for the optimizer of the conversion.
    finetune: true,
    lr: train.learningRate ?? defaultRates[train.tuner].learningRate,
    min_lr: train.minLearningRate ?? defaultRates[train.tuner].minLearningRate,
    lr_warmup_fraction: train.warmupFraction,
    max_length: train.maxLength,
    packing: train.packing,
    save: train.output,
    // The folder is the one that the file names, so that the next step knows it before this one has run.
    add_version: false,
    save_interval: train.saveEverySteps,
    log_interval: train.logEverySteps,
  }),
  expertTensorParallelDefault: (version, tensorParallel) => (minorOf(version) <= 8 ? tensorParallel : 1),
  agentTemplates: version => (minorOf(version) >= 8 ? [...templates37, "glm4_5"] : templates37),
  lossScales: [
    "default",
    "all",
    "last_round",
    "ignore_empty_think",
    "last_round_with_ignore_empty_think",
    "react",
    "hermes",
    "qwen",
    "agentflan",
    "alpha_umi",
  ],
};

/** Rates of the notes. */
export const defaultRates = {
  full: { learningRate: 1e-5, minLearningRate: 1e-6 },
  lora: { learningRate: 1e-4, minLearningRate: 1e-5 },
} as const;

/** swift/plugin/agent_template at v3.7.1. glm4_5 came with 3.8.0. */
const templates37: readonly string[] = [
  "react_en",
  "react_zh",
  "qwen_en",
  "qwen_zh",
  "qwen_en_parallel",
  "qwen_zh_parallel",
  "hermes",
  "hunyuan_hermes",
  "toolbench",
  "glm4",
  "glm4_0414",
  "llama3",
  "llama4",
  "react_grpo",
  "mistral",
];

function minorOf(version: string): number {
  return Number(version.split(".")[1] ?? 0);
}

/** Upstream arguments that a setting of the cluster file stands for. */
const trainSettings: Readonly<Record<string, string>> = {
  load: "train.weights",
  dataset: "data.path",
  train_type: "train.tuner",
  agent_template: "train.agentTemplate",
  loss_scale: "train.lossScale",
  tensor_model_parallel_size: "train.tensorParallel",
  pipeline_model_parallel_size: "train.pipelineParallel",
  context_parallel_size: "train.contextParallel",
  expert_model_parallel_size: "train.expertParallel",
  expert_tensor_parallel_size: "train.expertTensorParallel",
  sequence_parallel: "train.sequenceParallel",
  micro_batch_size: "train.microBatchSize",
  global_batch_size: "train.globalBatchSize",
  recompute_granularity: "train.recompute.granularity",
  recompute_method: "train.recompute.method",
  recompute_num_layers: "train.recompute.layers",
  max_epochs: "train.epochs",
  train_iters: "train.iterations",
  lr: "train.learningRate",
  min_lr: "train.minLearningRate",
  lr_warmup_fraction: "train.warmupFraction",
  max_length: "train.maxLength",
  packing: "train.packing",
  save: "train.output",
  save_interval: "train.saveEverySteps",
  log_interval: "train.logEverySteps",
};

const exportSettings: Readonly<Record<string, string>> = {
  model: "model.path",
  model_type: "model.type",
  output_dir: "output",
  test_convert_precision: "testPrecision",
  thread_count: "convert.threadCount",
  mcore_model: "train.output",
};

/** The setting of the cluster file that stands for an upstream argument of a command. */
export function settingOf(command: string, argument: string): string | undefined {
  const table = command === "swift export" ? exportSettings : trainSettings;
  const setting = Object.hasOwn(table, argument) ? table[argument] : undefined;
  return setting === undefined ? undefined : `pipeline.${setting}`;
}

import type { TrainSettings } from "../../config/schema/pipeline";
import type { TrainContext } from "./context";
import { defaultRates } from "./default-rates";
import { loraRows } from "./megatron-rows";
import { swiftReport } from "./report";
import { swiftRlhf } from "./rlhf";
import { type Row, row } from "./rows";

/** Arguments of `swift sft`, `pt` and `rlhf`: Hugging Face's trainer. Only the tuner's name differs between the lines. */
export function swiftRows(train: TrainSettings, context: TrainContext): Row[] {
  const { model } = context;
  return [
    row("model", context.weights?.path, "model.path"),
    row("model_type", model.type, "model.type"),
    row("template", model.template, "model.template"),
    row("adapters", train.adapter, "train.adapter"),
    row("dataset", context.data.dataset, "data.path"),
    row("val_dataset", context.data.val_dataset, "data.validation"),
    row("split_dataset_ratio", context.data.split_dataset_ratio, "data.validationShare"),
    ...(train.tool === "swift rlhf" ? swiftRlhf(train.rlhf) : []),
    row(context.profile.tunerArgument, train.tuner, "train.tuner"),
    ...loraRows(train),
    row("torch_dtype", "bfloat16"),
    row("agent_template", train.agentTemplate, "train.agentTemplate"),
    row("loss_scale", train.lossScale, "train.lossScale"),
    row("per_device_train_batch_size", train.microBatchSize, "train.microBatchSize"),
    row("gradient_accumulation_steps", accumulationSteps(train, context.worldSize), "train.globalBatchSize"),
    row("num_train_epochs", train.epochs, "train.epochs"),
    row("max_steps", train.iterations, "train.iterations"),
    row("learning_rate", train.learningRate ?? defaultRates[train.tuner].learningRate, "train.learningRate"),
    ...leastRate(train),
    row("warmup_ratio", train.warmupFraction, "train.warmupFraction"),
    row("max_length", train.maxLength, "train.maxLength"),
    row("packing", train.packing, "train.packing"),
    row("gradient_checkpointing", recomputes(train), "train.recompute.granularity"),
    row("deepspeed", train.deepspeed, "train.deepspeed"),
    row("output_dir", train.output, "train.output"),
    row("add_version", false, "train.output"),
    row("resume_from_checkpoint", train.resumeFrom, "train.resumeFrom"),
    row("save_steps", train.saveEverySteps, "train.saveEverySteps"),
    row("logging_steps", train.logEverySteps, "train.logEverySteps"),
    row("save_total_limit", train.keepCheckpoints, "train.keepCheckpoints"),
    // trainer_state.json is on the first node alone without it, and a resume on disks of their own fails on the others.
    row("save_on_each_node", context.hasOwnDisks ? true : undefined, "sharedFolders"),
    ...(train.report ? swiftReport(train.report, train) : []),
    row("load_from_cache_file", context.readsCache),
  ];
}

/** Steps of the accumulation that make up the global batch; a check refuses what does not divide. */
function accumulationSteps(train: TrainSettings, worldSize: number): number {
  const ulysses = Number(train.args.sequence_parallel_size ?? 1);
  return Math.max(1, Math.floor((train.globalBatchSize * ulysses) / (train.microBatchSize * worldSize)));
}

/** Hugging Face's cosine ends at zero; another end is a scheduler of its own (transformers 4.41 and newer). */
function leastRate(train: TrainSettings): Row[] {
  const least = train.minLearningRate ?? defaultRates[train.tuner].minLearningRate;
  const setting = "train.minLearningRate";
  if (train.args.lr_scheduler_type !== undefined && train.minLearningRate === undefined) {
    return [row("lr_scheduler_kwargs", undefined)];
  }
  return [
    row("lr_scheduler_type", "cosine_with_min_lr", train.minLearningRate === undefined ? undefined : setting),
    row(
      "lr_scheduler_kwargs",
      JSON.stringify({ min_lr: least }),
      train.minLearningRate === undefined ? undefined : setting,
    ),
  ];
}

function recomputes(train: TrainSettings): boolean | undefined {
  return train.recompute === undefined ? undefined : train.recompute.granularity !== "none";
}

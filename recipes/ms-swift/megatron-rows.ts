import type { TrainSettings } from "../../config/schema/pipeline";
import type { TrainContext } from "./context";
import { defaultRates } from "./default-rates";
import { megatronReport } from "./report";
import { megatronRlhf } from "./rlhf";
import { type Row, row } from "./rows";

/** Arguments whose names differ between ms-swift 3 and 4. */
export interface MegatronNames {
  readonly mcoreModel: string;
  readonly reference: string;
  readonly adapter: string;
  readonly epochs: string;
  readonly output: string;
  readonly saveEverySteps: string;
  readonly logEverySteps: string;
  readonly tuner: string;
}

/** Arguments of `megatron sft`, `pt` and `rlhf`, in the order in which they are written. */
export function megatronRows(train: TrainSettings, context: TrainContext): Row[] {
  const { profile } = context;
  const { names } = profile;
  return [
    ...start(train, context),
    row("dataset", context.data.dataset, "data.path"),
    row("val_dataset", context.data.val_dataset, "data.validation"),
    row("split_dataset_ratio", context.data.split_dataset_ratio, "data.validationShare"),
    ...(train.tool === "megatron rlhf" ? megatronRlhf(train.rlhf, context) : []),
    row(names.tuner, train.tuner, "train.tuner"),
    ...loraRows(train),
    row("agent_template", train.agentTemplate, "train.agentTemplate"),
    row("loss_scale", train.lossScale, "train.lossScale"),
    row("tensor_model_parallel_size", train.tensorParallel, "train.tensorParallel"),
    row("pipeline_model_parallel_size", train.pipelineParallel, "train.pipelineParallel"),
    row("context_parallel_size", train.contextParallel, "train.contextParallel"),
    row("expert_model_parallel_size", train.expertParallel, "train.expertParallel"),
    row("expert_tensor_parallel_size", train.expertTensorParallel, "train.expertTensorParallel"),
    row("sequence_parallel", train.sequenceParallel, "train.sequenceParallel"),
    row("micro_batch_size", train.microBatchSize, "train.microBatchSize"),
    row("global_batch_size", train.globalBatchSize, "train.globalBatchSize"),
    row("recompute_granularity", train.recompute?.granularity, "train.recompute.granularity"),
    row("recompute_method", train.recompute?.method, "train.recompute.method"),
    row("recompute_num_layers", train.recompute?.layers, "train.recompute.layers"),
    row("recompute_modules", train.recompute?.modules, "train.recompute.modules"),
    row(names.epochs, train.epochs, "train.epochs"),
    row("train_iters", train.iterations, "train.iterations"),
    ...continuation(train, context),
    row("lr", train.learningRate ?? defaultRates[train.tuner].learningRate, "train.learningRate"),
    row("min_lr", train.minLearningRate ?? defaultRates[train.tuner].minLearningRate, "train.minLearningRate"),
    row("lr_warmup_fraction", train.warmupFraction, "train.warmupFraction"),
    row("max_length", train.maxLength, "train.maxLength"),
    row("packing", train.packing, "train.packing"),
    row(names.output, train.output, "train.output"),
    // The folder is the one that the file names, so that the next step knows it before this one has run.
    row("add_version", false, "train.output"),
    row(names.saveEverySteps, train.saveEverySteps, "train.saveEverySteps"),
    row(names.logEverySteps, train.logEverySteps, "train.logEverySteps"),
    row("save_total_limit", train.keepCheckpoints, "train.keepCheckpoints"),
    // Before 3.10 there is nothing to turn off.
    row("save_safetensors", savesNever(context) ? undefined : train.saveSafetensors, "train.saveSafetensors"),
    ...(train.report ? megatronReport(train.report, train, context) : []),
    row("load_from_cache_file", context.readsCache),
  ];
}

function savesNever({ profile, version }: TrainContext): boolean {
  return profile.savesSafetensors(version) === "never";
}

function start(train: TrainSettings, context: TrainContext): Row[] {
  const { profile, version, weights, model } = context;
  const from = train.resumeFrom ?? (weights?.format === "mcore" ? weights.path : undefined);
  const isBridged = from === undefined && weights !== undefined;
  // Model, type and template come from the args.json of converted weights in 3.7, and are read there only when no model is
  // given beside them; later versions take the model from it and nothing else.
  const isTold = isBridged || !profile.loadsArguments(version);
  return [
    row(profile.names.mcoreModel, from, "train.weights"),
    row("model", isBridged ? weights.path : undefined, "model.path"),
    row(
      "load_safetensors",
      isBridged && profile.readsHuggingFace(version) === "flag" ? true : undefined,
      "train.weights",
    ),
    row("model_type", isTold ? model.type : undefined, "model.type"),
    row("template", isTold ? model.template : undefined, "model.template"),
    row(profile.names.adapter, train.adapter, "train.adapter"),
  ];
}

/** A new training takes weights alone; one that goes on also takes optimizer, random state and step count. */
function continuation(train: TrainSettings, { profile }: TrainContext): Row[] {
  const goesOn = train.resumeFrom !== undefined;
  return [
    // Without it Megatron looks for the optimizer of the conversion (the default of ms-swift 3 is false).
    row("finetune", !goesOn, "train.resumeFrom"),
    ...(goesOn && !profile.needsMegatronLm ? [row("no_load_optim", false), row("no_load_rng", false)] : []),
  ];
}

/** LoRA's arguments; they have the same names for all tools. */
export function loraRows({ lora }: Pick<TrainSettings, "lora">): Row[] {
  return [
    row("lora_rank", lora?.rank, "train.lora.rank"),
    row("lora_alpha", lora?.alpha, "train.lora.alpha"),
    row("lora_dropout", lora?.dropout, "train.lora.dropout"),
    row("target_modules", lora?.targetModules, "train.lora.targetModules"),
    row("use_rslora", lora?.rankStabilized, "train.lora.rankStabilized"),
  ];
}

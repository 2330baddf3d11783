import { requireProfile } from "../../recipes/ms-swift/profile";
import { isMegatron } from "../../recipes/ms-swift/start";
import type { CheckRule, ModelShape } from "../check";
import type { Cluster } from "../schema";
import type { TrainSettings } from "../schema/pipeline";
import type { ArgumentValue } from "../schema/values";
import { brokenRules, isOn, type Rule } from "./problem-at";

type Args = Readonly<Record<string, ArgumentValue>>;

/**
 * Arguments that need, or exclude, each other: ms-swift and Megatron raise on every rank, after the imports (ms-swift 3.7.1 and 4.6.0,
 * swift/megatron/argument/; Megatron-LM core_r0.13.0, training/arguments.py).
 */
export const checkArgumentRules: CheckRule = (cluster, model) => {
  const train = cluster.pipeline?.train;
  if (!train) return [];
  const args = Object.fromEntries(
    Object.entries(train.args).map(([name, value]) => [name.replaceAll("-", "_"), value]),
  );
  const ofTool = isMegatron(train) ? [...ofMegatron(cluster, train, args, model)] : [];
  return brokenRules([...ofData(train, args), ...ofTool]);
};

function needs(name: string, isBroken: boolean, need: string): Rule {
  const remedy = `add ${need} to args`;
  return [isBroken, `train.args.${name}`, "argument-needs-another", `${name} without ${need}`, need, remedy];
}

function excludes(name: string, isBroken: boolean, other: string): Rule {
  const remedy = `remove ${name}, or ${other}`;
  return [isBroken, `train.args.${name}`, "arguments-exclude", `${name} with ${other}`, "one of the two", remedy];
}

function ofData(train: TrainSettings, args: Args): Rule[] {
  return [
    excludes("lazy_tokenize", isOn(args, "lazy_tokenize") && train.packing, "packing"),
    excludes("lazy_tokenize", isOn(args, "lazy_tokenize") && isOn(args, "streaming"), "streaming"),
    [
      isOn(args, "streaming") && train.iterations === undefined,
      "train.args.streaming",
      "streaming-without-iterations",
      "streaming without iterations",
      "iterations: the length of a stream is not known",
      "write iterations instead of epochs",
    ],
  ];
}

function ofMegatron({ image }: Cluster, train: TrainSettings, args: Args, model: ModelShape | undefined): Rule[] {
  const profile = requireProfile(image.swift);
  const isMixture = model ? model.experts !== undefined : train.expertParallel > 1;
  const hasGroupedGemm = isOn(args, "moe_grouped_gemm", profile.groupedGemmDefault(image.swift));
  const isHalf = isOn(args, "fp16") || args.torch_dtype === "float16";
  const modules = train.recompute?.modules ?? [];
  const freeze = Number(args.freeze_parameters_ratio ?? 0);
  const given = ["decoder_first_pipeline_num_layers", "decoder_last_pipeline_num_layers"].filter(
    name => args[name] !== undefined,
  );
  const hasFsdp = isOn(args, "use_megatron_fsdp");
  return [
    needs(
      "optimizer_cpu_offload",
      // megatron-core 0.13, which ms-swift 3 trains with.
      profile.needsMegatronLm && isOn(args, "optimizer_cpu_offload") && !isOn(args, "use_precision_aware_optimizer"),
      "use_precision_aware_optimizer: true",
    ),
    needs(
      "overlap_param_gather",
      isOn(args, "overlap_param_gather") && !isOn(args, "overlap_grad_reduce"),
      "overlap_grad_reduce: true",
    ),
    needs(
      "overlap_param_gather",
      isOn(args, "overlap_param_gather") && !isOn(args, "use_distributed_optimizer", true),
      "use_distributed_optimizer: true",
    ),
    needs(
      "moe_enable_deepep",
      isOn(args, "moe_enable_deepep") && args.moe_token_dispatcher_type !== "flex",
      "moe_token_dispatcher_type: flex",
    ),
    excludes("fp16", isHalf && isMixture && hasGroupedGemm, "moe_grouped_gemm, which computes in bfloat16"),
    excludes("fp16", isHalf && train.expertParallel > 1, "expertParallel above 1"),
    excludes("group_by_length", isOn(args, "group_by_length") && isOn(args, "padding_free", true), "padding_free"),
    excludes("mlp_padding_free", isOn(args, "mlp_padding_free") && train.sequenceParallel, "sequenceParallel"),
    excludes("async_save", isOn(args, "async_save") && train.keepCheckpoints !== undefined, "keepCheckpoints"),
    excludes("freeze_parameters_ratio", freeze > 0 && train.pipelineParallel > 1, "pipelineParallel above 1"),
    ...given.map(name => excludes(name, train.pipelineParallel === 1, "pipelineParallel 1")),
    [
      hasFsdp && (train.env.CUDA_DEVICE_MAX_CONNECTIONS ?? "1") === "1",
      "train.args.use_megatron_fsdp",
      "argument-needs-another",
      "use_megatron_fsdp without CUDA_DEVICE_MAX_CONNECTIONS, which ms-swift sets to 1",
      "a number above 1",
      "write env: {CUDA_DEVICE_MAX_CONNECTIONS: 32}",
    ],
    [
      modules.length > 0 && train.recompute?.granularity !== "selective",
      "train.recompute.modules",
      "recompute-too-much",
      `modules with granularity ${train.recompute?.granularity}`,
      "granularity: selective",
      "remove modules",
    ],
    ...modules
      .filter(module => !recomputable.includes(module))
      .map(
        (module): Rule => [
          true,
          "train.recompute.modules",
          "recompute-unknown",
          `module ${module}`,
          `some of ${recomputable.join(", ")}`,
          "write core_attn",
        ],
      ),
    [
      modules.includes("moe_act") && !hasGroupedGemm,
      "train.recompute.modules",
      "argument-needs-another",
      "moe_act without moe_grouped_gemm: true",
      "moe_grouped_gemm: true",
      "add moe_grouped_gemm: true to args",
    ],
  ];
}

/** Megatron-LM core_r0.13.0, transformer_config.py. */
const recomputable: readonly string[] = ["core_attn", "moe_act", "layernorm", "mla_up_proj", "mlp", "moe"];

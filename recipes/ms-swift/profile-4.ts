import { isAtLeast } from "../version";
import type { Profile } from "./profile";

/**
 * ms-swift 4: megatron-core and mcore-bridge as packages, Hugging Face weights without a conversion, names like those of
 * transformers. Read in the wheels of 4.0.4, 4.2.3 and 4.6.0.
 */
export const profile4: Profile = {
  name: "ms-swift 4",
  needsMegatronLm: false,
  names: {
    mcoreModel: "mcore_model",
    reference: "mcore_ref_model",
    adapter: "mcore_adapter",
    epochs: "num_train_epochs",
    output: "output_dir",
    saveEverySteps: "save_steps",
    logEverySteps: "logging_steps",
    tuner: "tuner_type",
  },
  tunerArgument: "tuner_type",
  exportNames: {
    mcoreModel: "mcore_model",
    output: "output_dir",
    swiftAdapter: "mcore_adapter",
    megatronAdapter: "mcore_adapter",
  },
  readsHuggingFace: () => "yes",
  savesSafetensors: () => "on",
  safetensorsNode: "first",
  hasCheckpointFolders: () => true,
  readsCacheByDefault: () => false,
  reports: () => "several",
  hasKeepLimit: () => true,
  hasNoRecompute: () => true,
  hasMegatronExport: () => true,
  rlhfTypes: () => ["dpo", "kto", "rm", "grpo", "gkd"],
  loadsArguments: () => false,
  expertTensorParallelDefault: () => 1,
  groupedGemmDefault: () => true,
  agentTemplates: version => [
    ...templates40,
    ...(isAtLeast(version, "4.2") ? ["hy_v3", "glm5_1", "deepseek_v4", "kimi_k25", "minicpm5"] : []),
    ...(isAtLeast(version, "4.5") ? ["hy_v3_preview", "minimax_m3", "gemma4", "kimi_k3"] : []),
    ...(isAtLeast(version, "4.6") ? ["deepseek_v41", "spark2_5", "xing4_0", "ling3"] : []),
  ],
  lossScales: version => [...bases, ...typesOf(version)],
  acceptsLossScale: (version, scale) => {
    const parts = scale.split("+");
    const types = parts[0] !== undefined && bases.includes(parts[0]) ? parts.slice(1) : parts;
    const longest = isAtLeast(version, "4.3.1") ? Number.POSITIVE_INFINITY : 1;
    return types.length <= longest && types.every(type => typesOf(version).includes(type));
  },
};

/** swift/agent_template/mapping.py at v4.0.4; glm4 means the dialect of GLM-4-0414 there. */
const templates40: readonly string[] = [
  "react_en",
  "react_zh",
  "qwen_en",
  "qwen_zh",
  "qwen_en_parallel",
  "qwen_zh_parallel",
  "qwen3_coder",
  "qwen3_5",
  "hermes",
  "hunyuan_hermes",
  "toolbench",
  "chatglm4",
  "glm4",
  "glm4_5",
  "glm4_7",
  "llama3",
  "llama4",
  "deepseek_v3_1",
  "minimax_m2",
  "seed_oss",
  "react_grpo",
  "mistral",
  "youtu",
];

const bases: readonly string[] = ["default", "last_round", "all"];

/** swift/loss_scale/mapping.py. */
function typesOf(version: string): readonly string[] {
  const types = ["base", "ignore_empty_think", "react", "hermes", "qwen", "agentflan", "alpha_umi"];
  return isAtLeast(version, "4.5") ? [...types, "ignore_think_prefix"] : types;
}

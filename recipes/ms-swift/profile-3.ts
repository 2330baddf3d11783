import { isAtLeast } from "../version";
import type { Profile } from "./profile";

/**
 * ms-swift 3.7 to 3.12: Megatron's own argument names, Megatron-LM as a checkout. Read in the wheels of 3.7.1, 3.8.3, 3.9.3,
 * 3.10.3, 3.11.3 and 3.12.6.
 */
export const profile3: Profile = {
  name: "ms-swift 3",
  needsMegatronLm: true,
  names: {
    mcoreModel: "load",
    reference: "ref_load",
    adapter: "adapter_load",
    epochs: "max_epochs",
    output: "save",
    saveEverySteps: "save_interval",
    logEverySteps: "log_interval",
    tuner: "train_type",
  },
  tunerArgument: "train_type",
  exportNames: { mcoreModel: "load", output: "save", swiftAdapter: "mcore_adapters", megatronAdapter: "adapter_load" },
  readsHuggingFace: version => (isAtLeast(version, "3.12") ? "yes" : isAtLeast(version, "3.10") ? "flag" : "no"),
  savesSafetensors: version => (isAtLeast(version, "3.12") ? "on" : isAtLeast(version, "3.10") ? "off" : "never"),
  // swift/megatron/utils/io_utils.py at 3.12.6: save_rank is 'last'; 3.10.3: only_last_rank.
  safetensorsNode: "last",
  hasCheckpointFolders: version => isAtLeast(version, "3.12"),
  readsCacheByDefault: version => !isAtLeast(version, "3.9"),
  reports: version => (isAtLeast(version, "3.12") ? "one" : "wandb"),
  hasKeepLimit: () => false,
  hasNoRecompute: version => isAtLeast(version, "3.12"),
  hasMegatronExport: version => isAtLeast(version, "3.10"),
  rlhfTypes: version => [
    "dpo",
    ...(isAtLeast(version, "3.9") ? ["kto", "rm"] : []),
    ...(isAtLeast(version, "3.11") ? ["grpo"] : []),
    ...(isAtLeast(version, "3.12") ? ["gkd"] : []),
  ],
  loadsArguments: version => !isAtLeast(version, "3.8"),
  expertTensorParallelDefault: (version, tensorParallel) => (isAtLeast(version, "3.9") ? 1 : tensorParallel),
  groupedGemmDefault: version => isAtLeast(version, "3.10"),
  agentTemplates: version => [
    ...templates37,
    ...(isAtLeast(version, "3.8") ? ["glm4_5"] : []),
    ...(isAtLeast(version, "3.9") ? ["qwen3_coder", "deepseek_v3_1"] : []),
    ...(isAtLeast(version, "3.10") ? ["seed_oss"] : []),
    ...(isAtLeast(version, "3.12") ? ["glm4_7", "youtu"] : []),
  ],
  lossScales: version => (isAtLeast(version, "3.12") ? [...bases, ...types] : [...bases, ...types, ...fixed]),
  acceptsLossScale: (version, scale) => {
    if (!isAtLeast(version, "3.12")) return [...bases, ...types, ...fixed].includes(scale);
    const [first = "", second] = scale.split(/\+(.*)/s);
    return second === undefined
      ? [...bases, ...types].includes(first)
      : bases.includes(first) && types.includes(second);
  },
};

/** swift/plugin/agent_template at v3.7.1. */
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

/** swift/plugin/loss_scale: from 3.12 on a base and a type are written base+type. */
const bases: readonly string[] = ["default", "last_round", "all"];
const types: readonly string[] = ["ignore_empty_think", "react", "hermes", "qwen", "agentflan", "alpha_umi"];
const fixed: readonly string[] = ["last_round_with_ignore_empty_think"];

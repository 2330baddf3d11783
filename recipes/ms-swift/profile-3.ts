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
};

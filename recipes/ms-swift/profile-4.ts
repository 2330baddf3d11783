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
};

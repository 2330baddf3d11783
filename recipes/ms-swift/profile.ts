import type { MegatronNames } from "./megatron-rows";
import { profile3 } from "./profile-3";
import { profile4 } from "./profile-4";

/** How one line of ms-swift versions writes the settings of the cluster file, and what its versions have. */
export interface Profile {
  readonly name: string;
  /** Whether MEGATRON_LM_PATH is read. */
  readonly needsMegatronLm: boolean;
  /** Megatron's arguments whose names differ between the lines. */
  readonly names: MegatronNames;
  /** Name of the argument that chooses between full training and LoRA. */
  readonly tunerArgument: string;
  /** Arguments of an export that differ between the lines. */
  readonly exportNames: ExportNames;
  /** Whether Megatron starts from Hugging Face weights: not at all, when a flag asks for it, or by the model alone. */
  readsHuggingFace(version: string): "no" | "flag" | "yes";
  /** Whether Megatron's trainings save Hugging Face weights: never, when asked, or unless told not to. */
  savesSafetensors(version: string): "never" | "off" | "on";
  /** The training node on whose disk Megatron's trainings save Hugging Face weights: that of the first rank, or of the last. */
  readonly safetensorsNode: "first" | "last";
  /** Whether a checkpoint is a folder of its own, checkpoint-K, when no Hugging Face weights are saved. */
  hasCheckpointFolders(version: string): boolean;
  /** Whether preprocessed data are read from the cache when nothing is said. */
  readsCacheByDefault(version: string): boolean;
  /** How Megatron's trainings report: by names for wandb alone, to one place, or to several. */
  reports(version: string): "wandb" | "one" | "several";
  /** Whether `megatron` deletes old checkpoints. */
  hasKeepLimit(version: string): boolean;
  /** Whether recompute_granularity knows none. */
  hasNoRecompute(version: string): boolean;
  hasMegatronExport(version: string): boolean;
  /** Types of `megatron rlhf`. */
  rlhfTypes(version: string): readonly string[];
  /** Whether the arguments of converted weights are read for a training: their model's type among them. */
  loadsArguments(version: string): boolean;
  /** Degree of tensor parallelism of experts when it is not given. */
  expertTensorParallelDefault(version: string, tensorParallel: number): number;
  /** Value of moe_grouped_gemm when it is not given. */
  groupedGemmDefault(version: string): boolean;
}

export interface ExportNames {
  /** Of `megatron export`: Megatron weights, and where the result goes. `swift export` says mcore_model and output_dir always. */
  readonly mcoreModel: string;
  readonly output: string;
  /** The adapter, of swift export and of megatron export. */
  readonly swiftAdapter: string;
  readonly megatronAdapter: string;
}

/** The profile of a version, or why there is none. */
export function profileOf(version: string): Profile | { readonly refused: string } {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major === 3 && minor >= 7 && minor <= 12) return profile3;
  if (major === 4) return profile4;
  return { refused: `ms-swift ${version} is not supported; 3.7 to 3.12 and 4 are` };
}

/** The profile of a version that has been checked. */
export function requireProfile(version: string): Profile {
  const profile = profileOf(version);
  if ("refused" in profile) throw new Error(`image.swift: ${profile.refused}`);
  return profile;
}

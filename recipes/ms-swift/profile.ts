import type { TrainSettings } from "../../config/schema/pipeline";
import type { ArgumentMap } from "../arguments";
import { profile3 } from "./profile-3";

export { isAtLeast } from "../version";

/** How one line of ms-swift versions writes the settings of the cluster file. */
export interface Profile {
  readonly name: string;
  /** Version whose argument list is used for checks. */
  readonly argumentsVersion: string;
  /** Training arguments in upstream's names. `weights` is where the training starts. */
  trainArguments(train: TrainSettings, places: TrainPlaces): ArgumentMap;
  /** Whether MEGATRON_LM_PATH is read. */
  readonly needsMegatronLm: boolean;
  /** Degree of tensor parallelism of experts when it is not given. */
  expertTensorParallelDefault(version: string, tensorParallel: number): number;
  /** Dialects of tool calls that the version can train. */
  agentTemplates(version: string): readonly string[];
  /** Loss scales by name. */
  readonly lossScales: readonly string[];
}

export interface TrainPlaces {
  readonly weights: string;
  readonly dataset?: string;
}

/** The profile of a version, or why there is none. */
export function profileOf(version: string): Profile | { readonly refused: string } {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major === 3 && minor >= 7) return profile3;
  return { refused: `ms-swift ${version} is not supported; 3.7 to 3.12 are` };
}

/** The profile of a version that has been checked. */
export function requireProfile(version: string): Profile {
  const profile = profileOf(version);
  if ("refused" in profile) throw new Error(`image.swift: ${profile.refused}`);
  return profile;
}

import type { Cluster } from "../../config/schema";
import type { ArgumentValue } from "../../config/schema/values";
import { requireProfile } from "./profile";
import { isMegatron } from "./start";

/**
 * GPUs whose compute capability is below 8, by the names that nvidia-smi gives them: Turing 7.5, Volta 7.0, Pascal 6, Maxwell 5, Kepler 3
 * (NVIDIA, CUDA GPU Compute Capability). What is not named here may be new.
 */
const below8: readonly (readonly [RegExp, string])[] = [
  [/\bT4G?\b|\bRTX 20[678]0\b|\bGTX 16\d0\b|\bQuadro RTX \d+\b|\bTITAN RTX\b/i, "7.5"],
  [/\bV100\b|\bTITAN V\b|\bGV100\b/i, "7.0"],
  [/\bP100\b/i, "6.0"],
  [/\bP(?:4|6|40)\b|\bGTX 10\d0\b|\bTITAN Xp?\b/i, "6.1"],
  [/\bM(?:4|6|40|60)\b/i, "5.2"],
  [/\bK80\b/i, "3.7"],
];

/** The compute capability of a GPU that is too old for grouped GEMMs; undefined for any other. */
export function capabilityBelow8(gpu: string): string | undefined {
  return below8.find(([name]) => name.test(gpu))?.[1];
}

/**
 * Whether a training computes its experts by grouped GEMMs, which need bfloat16 and compute capability 8 (Megatron-LM core_r0.13.0).
 * `isMixture`: whether the model has experts.
 */
export function usesGroupedGemm({ image, pipeline }: Pick<Cluster, "image" | "pipeline">, isMixture: boolean): boolean {
  const train = pipeline?.train;
  if (!train || !isMegatron(train) || !isMixture) return false;
  const given: ArgumentValue | undefined = train.args.moe_grouped_gemm ?? train.args["moe-grouped-gemm"];
  return given === undefined
    ? requireProfile(image.swift).groupedGemmDefault(image.swift)
    : /^(true|yes|t|y|1)$/i.test(String(given));
}

import type { Cluster } from "../../config/schema";
import type { ArgumentValue } from "../../config/schema/values";
import { requireProfile } from "./profile";
import { isMegatron } from "./start";

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

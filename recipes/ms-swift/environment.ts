import type { Cluster } from "../../config/schema";
import { requireProfile } from "./profile";

/** Variables that every ms-swift command of the pipeline shares. */
export function swiftEnvironment(cluster: Cluster): Record<string, string> {
  const { pipeline, image } = cluster;
  const env: Record<string, string> = {};
  if (pipeline?.modelscopeCache !== undefined) env.MODELSCOPE_CACHE = pipeline.modelscopeCache;
  if (pipeline?.megatronLm !== undefined && requireProfile(image.swift).needsMegatronLm) {
    env.MEGATRON_LM_PATH = pipeline.megatronLm;
  }
  return env;
}

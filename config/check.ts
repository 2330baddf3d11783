import type { FieldPath } from "./problem";
import type { Cluster } from "./schema";

/** A rule that the file breaks although every field by itself is right. */
export interface Check {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly path: FieldPath;
  readonly found: string;
  readonly expected: string;
  readonly remedy: string;
}

/** Numbers of the model's config.json that the checks use. */
export interface ModelShape {
  /** num_hidden_layers */
  readonly layers: number;
  /** num_attention_heads */
  readonly heads: number;
  /** num_key_value_heads; absent: as many as heads. */
  readonly keyValueHeads?: number;
  readonly vocabulary: number;
  /** Experts of a mixture; absent in dense models. */
  readonly experts?: number;
  /** max_position_embeddings */
  readonly maxPositions?: number;
  /** model_type of config.json, such as glm4_moe. */
  readonly modelType?: string;
}

/** The numbers of a model's config.json, which has several spellings for experts. */
export function modelShapeOf(config: Readonly<Record<string, unknown>>): ModelShape | undefined {
  const number = (...names: string[]): number | undefined => {
    const value = names.map(name => config[name]).find(v => typeof v === "number");
    return typeof value === "number" ? value : undefined;
  };
  const layers = number("num_hidden_layers");
  const heads = number("num_attention_heads");
  const vocabulary = number("vocab_size");
  if (layers === undefined || heads === undefined || vocabulary === undefined) return undefined;
  return {
    layers,
    heads,
    vocabulary,
    keyValueHeads: number("num_key_value_heads"),
    experts: number("n_routed_experts", "num_experts", "num_local_experts"),
    maxPositions: number("max_position_embeddings"),
    modelType: typeof config.model_type === "string" ? config.model_type : undefined,
  };
}

export type CheckRule = (cluster: Cluster, model: ModelShape | undefined) => Check[];

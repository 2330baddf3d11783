import { isAtLeast } from "../ms-swift/profile";

/**
 * Name of the parser that reads a dialect, in this version of the engine.
 * GLM-4.5's is glm4_moe in vLLM 0.10.0 alone and glm45 from 0.10.1 on; SGLang says glm45.
 * Undefined: no parser reads that dialect.
 */
export function toolParserFor(
  dialect: string,
  engine: "vllm" | "sglang",
  vllmVersion: string | undefined,
): string | undefined {
  if (dialect === "glm4_5") {
    if (engine === "sglang") return "glm45";
    return vllmVersion !== undefined && !isAtLeast(vllmVersion, "0.10.1") ? "glm4_moe" : "glm45";
  }
  if (dialect === "llama3") return engine === "vllm" ? "llama3_json" : "llama3";
  const same: Readonly<Record<string, string>> = {
    hermes: "hermes",
    hunyuan_hermes: "hermes",
    mistral: "mistral",
    glm4_7: "glm47",
    qwen3_coder: "qwen3_coder",
  };
  return same[dialect];
}

/** Version of vLLM in ModelScope's tags: `…-vllm0.10.0-…`. */
export function vllmVersionOf(image: { readonly reference: string; readonly vllm?: string }): string | undefined {
  return image.vllm ?? /vllm(\d+\.\d+\.\d+)/.exec(image.reference)?.[1];
}

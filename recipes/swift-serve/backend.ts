import type { ArgumentMap } from "../arguments";
import { isAtLeast } from "../version";

export type InferBackend = "vllm" | "sglang" | "pt";

/** What `swift infer` and `swift deploy` tell their backend; each has names of its own. */
export interface BackendSettings {
  readonly backend: InferBackend;
  readonly tensorParallel: number;
  readonly pipelineParallel?: number;
  readonly dataParallel?: number;
  readonly expertParallel?: boolean;
  readonly maxModelLen?: number;
  readonly memoryFraction?: number;
  readonly reasoningParser?: string;
}

/**
 * Arguments of the backend. The length is always vllm_max_model_len: plain `--max_model_len` was an alias of it in ms-swift 3
 * and is still accepted by 4, where it means something else (the RoPE arguments) and vLLM never hears of it.
 */
export function backendArguments(settings: BackendSettings, swiftVersion: string): ArgumentMap {
  const { backend, tensorParallel } = settings;
  const above1 = (value: number | undefined): number | undefined =>
    value !== undefined && value > 1 ? value : undefined;
  switch (backend) {
    case "vllm":
      return {
        infer_backend: "vllm",
        vllm_tensor_parallel_size: tensorParallel,
        vllm_pipeline_parallel_size: above1(settings.pipelineParallel),
        vllm_data_parallel_size: above1(settings.dataParallel),
        vllm_enable_expert_parallel: settings.expertParallel || undefined,
        vllm_max_model_len: settings.maxModelLen,
        vllm_gpu_memory_utilization: settings.memoryFraction,
        vllm_reasoning_parser: settings.reasoningParser,
      };
    case "sglang":
      return {
        infer_backend: "sglang",
        sglang_tp_size: tensorParallel,
        sglang_pp_size: above1(settings.pipelineParallel),
        sglang_dp_size: above1(settings.dataParallel),
        sglang_ep_size: settings.expertParallel ? tensorParallel : undefined,
        sglang_context_length: settings.maxModelLen,
        sglang_mem_fraction_static: settings.memoryFraction,
      };
    case "pt":
      // Renamed in 4.0, which still takes the old name and warns.
      return { infer_backend: isAtLeast(swiftVersion, "4.0.0") ? "transformers" : "pt" };
  }
}

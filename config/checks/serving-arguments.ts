import type { Check, CheckRule } from "../check";

/** Arguments of the servers that a setting of the cluster file stands for, without dashes; by engine. */
const settings: Readonly<Record<"vllm" | "sglang" | "swift", Readonly<Record<string, string>>>> = {
  vllm: {
    served_model_name: "servedModelName",
    tensor_parallel_size: "tensorParallel",
    pipeline_parallel_size: "pipelineParallel",
    data_parallel_size: "dataParallel",
    data_parallel_size_local: "gpus",
    data_parallel_address: "nodes",
    data_parallel_rpc_port: "masterPort",
    data_parallel_start_rank: "nodes",
    enable_expert_parallel: "expertParallel",
    distributed_executor_backend: "executor",
    nnodes: "nodes",
    node_rank: "nodes",
    master_addr: "nodes",
    master_port: "masterPort",
    headless: "nodes",
    max_model_len: "maxModelLen",
    gpu_memory_utilization: "memoryFraction",
    enable_auto_tool_choice: "toolCallParser",
    tool_call_parser: "toolCallParser",
    reasoning_parser: "reasoningParser",
    host: "nodes",
    port: "port",
    api_key: "apiKey",
  },
  sglang: {
    model_path: "model",
    model: "model",
    served_model_name: "servedModelName",
    tp_size: "tensorParallel",
    tensor_parallel_size: "tensorParallel",
    tp: "tensorParallel",
    pp_size: "pipelineParallel",
    pipeline_parallel_size: "pipelineParallel",
    dp_size: "dataParallel",
    data_parallel_size: "dataParallel",
    nnodes: "nodes",
    node_rank: "nodes",
    dist_init_addr: "masterPort",
    nccl_init_addr: "masterPort",
    context_length: "maxModelLen",
    mem_fraction_static: "memoryFraction",
    tool_call_parser: "toolCallParser",
    reasoning_parser: "reasoningParser",
    host: "nodes",
    port: "port",
    api_key: "apiKey",
  },
  swift: {
    model: "model",
    served_model_name: "servedModelName",
    infer_backend: "backend",
    vllm_tensor_parallel_size: "tensorParallel",
    vllm_pipeline_parallel_size: "pipelineParallel",
    vllm_data_parallel_size: "dataParallel",
    vllm_max_model_len: "maxModelLen",
    max_model_len: "maxModelLen",
    vllm_gpu_memory_utilization: "memoryFraction",
    vllm_reasoning_parser: "reasoningParser",
    sglang_tp_size: "tensorParallel",
    sglang_pp_size: "pipelineParallel",
    sglang_dp_size: "dataParallel",
    sglang_context_length: "maxModelLen",
    sglang_mem_fraction_static: "memoryFraction",
    host: "nodes",
    port: "port",
    api_key: "apiKey",
  },
};

/** The same for `swift infer`. */
const inferSettings: Readonly<Record<string, string>> = {
  model: "model",
  adapters: "adapters",
  infer_backend: "backend",
  val_dataset: "data",
  result_path: "output",
  max_new_tokens: "maxTokens",
  temperature: "temperature",
  top_p: "topP",
  top_k: "topK",
  max_batch_size: "batchSize",
  enable_thinking: "enableThinking",
  vllm_tensor_parallel_size: "tensorParallel",
  vllm_max_model_len: "maxModelLen",
  max_model_len: "maxModelLen",
  vllm_gpu_memory_utilization: "memoryFraction",
  sglang_tp_size: "tensorParallel",
  sglang_dp_size: "dataParallel",
  sglang_context_length: "maxModelLen",
  sglang_mem_fraction_static: "memoryFraction",
};

/** Arguments under `args` that would change behind the back of checks, probes and the key. */
export const checkServingArguments: CheckRule = ({ pipeline }) => [
  ...(pipeline?.serve ? misplaced("serve", pipeline.serve.args, settings[pipeline.serve.engine]) : []),
  ...(pipeline?.infer ? misplaced("infer", pipeline.infer.args, inferSettings) : []),
];

function misplaced(
  part: "serve" | "infer",
  args: Readonly<Record<string, unknown>>,
  known: Readonly<Record<string, string>>,
): Check[] {
  return Object.keys(args).flatMap((name): Check[] => {
    const plain = name.replaceAll("-", "_");
    const setting = Object.hasOwn(known, plain) ? known[plain] : undefined;
    if (setting === undefined) return [];
    return [
      {
        code: "argument-is-setting",
        severity: "error",
        path: ["pipeline", part, "args", name],
        found: `${name} under args`,
        expected: `the setting pipeline.${part}.${setting}, on which checks and later steps depend`,
        remedy: `move it: pipeline.${part}.${setting}`,
      },
    ];
  });
}

import { diagnose } from "../../provider/muster/kinds/job/known-failure";
import { inferenceFailures, servingFailures, smokeFailures } from "../../recipes/serving/known-failures";
import { expectGolden } from "../support/golden";

/**
 * Lines as the engines write them: texts of vLLM's, SGLang's, torch's and flashinfer's sources, with the frame that each puts
 * around them.
 */
const vllm: Readonly<Record<string, string>> = {
  "a length that does not fit, 0.11": `(EngineCore_DP0 pid=71) ERROR 08-18 07:56:28 [core.py:708] ValueError: To serve at least one request with the models's max seq len (131072), (34.00 GiB KV cache is needed, which is larger than the available KV cache memory (21.50 GiB). Based on the available memory, the estimated maximum model length is 82944. Try increasing \`gpu_memory_utilization\` or decreasing \`max_model_len\` when initializing the engine.
(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}`,
  "a length that does not fit, 0.13": `ValueError: To serve at least one request with the model's max seq len (131072), 8.18 GiB KV cache is needed, which is larger than the available KV cache memory (7.04 GiB). Based on the available memory, the estimated maximum model length is 112896. Try increasing`,
  "a length that does not fit, before there was a number": `ValueError: To serve at least one request with the models's max seq len (1048576), (24.00 GiB KV cache is needed, which is larger than the available KV cache memory (9.97 GiB). Try increasing`,
  "no room for the cache": `(EngineCore_0 pid=99) ValueError: No available memory for the cache blocks. Try increasing \`gpu_memory_utilization\` when initializing the engine.`,
  "a GPU that is not free": `ValueError: Free memory on device cuda:0 (7.34/79.11 GiB) on startup is less than desired GPU memory utilization (0.9, 71.2 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.`,
  "a GPU that is not free, 0.10": `ValueError: Free memory on device (6.06/79.11 GiB) on startup is less than desired GPU memory utilization (0.9, 71.2 GiB). Decrease`,
  "a length above the model's": `ValueError: User-specified max_model_len (200000) is greater than the derived max_model_len (max_position_embeddings=131072 or model_max_length=None in model's config.json). This may lead to incorrect`,
  "a parser of another version": `KeyError: 'invalid tool call parser: glm4_moe (chose from { deepseek_v3,glm45,hermes })'`,
  "a reasoning parser of another version": `KeyError: "Reasoning parser 'glm4_moe' not found"`,
  "a parser that is no choice": `vllm serve: error: argument --reasoning-parser: invalid choice: 'glm45' (choose from 'deepseek_r1', 'glm4_moe')`,
  "arguments of another version": `vllm: error: unrecognized arguments: --nnodes 2 --node-rank 0`,
  "more GPUs than there are": `Value error, World size (16) is larger than the number of available GPUs (8) in this node. If this is intentional and you are using:`,
  "heads that do not divide": `ValueError: Total number of attention heads (96) must be divisible by tensor parallel size (5).`,
  "a node that ray misses": `error: node 172.16.16.3 did not join ray within 300 seconds`,
  "addresses that differ": `RuntimeError: Every node should have a unique IP address. Got 2 nodes with node ids ['a', 'b'] and 3 unique IP addresses {'10.0.0.1'}. Please check your network configuration.`,
  "no ray": `ValueError: Failed to import Ray: No module named 'ray'.Please install Ray with \`pip install ray\`.`,
  "a model that is not supported": `Value error, Model architectures ['Glm5ForCausalLM'] are not supported for now. Supported architectures: dict_keys(['ApertusForCausalLM'])`,
  "a model that transformers does not know": `ValueError: The checkpoint you are trying to load has model type \`glm4_moe\` but Transformers does not recognize this architecture.`,
  "no weights": `OSError: /models/glm does not appear to have a file named config.json. Checkout 'https://huggingface.co//models/glm/main' for available files.`,
  "no toolkit": `RuntimeError: Could not find nvcc and default cuda_home='/usr/local/cuda' doesn't exist`,
  "no ninja": `FileNotFoundError: [Errno 2] No such file or directory: 'ninja'`,
  "a port that is taken": `OSError: [Errno 98] Address already in use`,
  "a GPU that is full": `torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 MiB. GPU 0 has a total capacity of 79.11 GiB of which 1.00 MiB is free.`,
  NCCL: `RuntimeError: NCCL error: unhandled system error (run with NCCL_DEBUG=INFO for details)`,
};

const sglang: Readonly<Record<string, string>> = {
  "no room for the cache": `RuntimeError: Not enough memory. Please try to increase --mem-fraction-static. Current value: mem_fraction_static=0.6`,
  "the notes' CUDA_HOME": `OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.`,
  "a length above the model's": `ValueError: Warning: User-specified context_length (65536) is greater than the derived context_length (32768). This may lead to incorrect model outputs or CUDA errors.`,
  "no router": `/usr/bin/python3: Error while finding module specification for 'sglang_router.launch_router' (ModuleNotFoundError: No module named 'sglang_router')`,
  "a parser that is no choice": `launch_server.py: error: argument --tool-call-parser: invalid choice: 'glm4_moe' (choose from 'qwen25', 'glm45')`,
};

const swift: Readonly<Record<string, string>> = {
  "a port that is taken": "error: port 8000 is taken, and swift deploy would move to another one without a word",
};

const smoke: Readonly<Record<string, string>> = {
  "no chat template": `error: chat: POST /v1/chat/completions: 400: {"message":"As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template"}`,
  "an answer that does not fit": `error: chat: POST /v1/chat/completions: 400: {"message":"This model's maximum context length is 1024 tokens. However, you requested 8202 tokens"}`,
};

test("each known failure has its reason and its remedy", () => {
  const sections = [
    ["vllm", vllm, servingFailures("vllm")],
    ["sglang", sglang, servingFailures("sglang")],
    ["swift", swift, inferenceFailures],
    ["smoke", smoke, smokeFailures],
  ] as const;
  const texts = sections.flatMap(([engine, logs, failures]) =>
    Object.entries(logs).map(([name, log]) => {
      const found = diagnose(`INFO 08-18 07:50:00 loading\n${log}\nINFO shutting down\n`, failures);
      return `## ${engine}: ${name}\n${found ? `${found.name}: ${found.reason}\n  remedy: ${found.remedy}` : "unknown"}\n`;
    }),
  );
  expect(texts.filter(text => text.endsWith("unknown\n"))).toEqual([]);
  expect(texts.filter(text => /\{\w+\}/.test(text.replace(/: \{[^}]*: [^}]*\}/g, "")))).toEqual([]);
  expectGolden("serving/known-failures.txt", texts.join("\n"));
});

test("a log of a server that starts well suggests nothing", () => {
  const well = [
    "INFO 08-18 07:55:02 [api_server.py:1395] vLLM API server version 0.10.0",
    "INFO 08-18 07:55:30 [core.py:455] Waiting for init message from front-end.",
    "INFO 08-18 07:56:10 [gpu_worker.py:276] Available KV cache memory: 21.50 GiB",
    "INFO 08-18 07:56:40 [kv_cache_utils.py:849] Maximum concurrency for 32,768 tokens per request: 15.70x",
    "INFO:     Application startup complete.",
  ].join("\n");
  expect(diagnose(well, servingFailures("vllm"))).toBeUndefined();
});

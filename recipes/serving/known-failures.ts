import type { ServeSettings } from "../../config/schema/pipeline";
import type { KnownFailure } from "../diagnosis/known-failure";
import { machineFailures } from "../diagnosis/machine";
import { meetingFailures } from "../diagnosis/meeting";

/** What vLLM refuses or lacks at its start (vLLM 0.10 to 0.23, whose engine's lines begin with its name and the time). */
const vllmFailures: readonly KnownFailure[] = [
  {
    // v1/core/kv_cache_utils.py; older ones name no number, and have their parentheses elsewhere.
    name: "length-does-not-fit",
    pattern:
      "max seq len\\s+\\((?<asked>\\d+)\\),\\s+\\(?(?<needed>[\\d.]+) GiB KV\\s+cache is needed[^]{0,200}?estimated\\s+maximum model length is (?<fits>\\d+)",
    reason:
      "one request of {asked} tokens needs {needed} GiB of cache, which is not left beside the weights; {fits} fit",
    remedy: "write pipeline.serve.maxModelLen: {fits} or less; or raise memoryFraction, or claim more gpus",
  },
  {
    name: "length-does-not-fit",
    pattern:
      "max seq len \\((?<asked>\\d+)\\)(?:[^\\n]{0,120}KV cache is needed| is larger than the maximum number of tokens that can be stored in KV cache \\((?<fits>\\d+)\\))",
    reason: "the cache that is left beside the weights is too small for one request of {asked} tokens",
    remedy: "lower pipeline.serve.maxModelLen, raise memoryFraction, or claim more gpus",
  },
  {
    name: "no-room-for-cache",
    pattern: "No available memory for the cache blocks",
    reason: "the weights fill the share of the GPUs' memory that the server may take: nothing is left for the cache",
    remedy:
      "raise pipeline.serve.memoryFraction (0.9 is the default), or spread the weights: more gpus, or serve.nodes; args: {enforce_eager: true} saves a little",
  },
  {
    // v1/worker/gpu_worker.py
    name: "gpu-not-free",
    pattern:
      "Free memory on device[^\\n]{0,20}? \\((?<free>[\\d.]+)/(?<total>[\\d.]+) GiB\\) on startup is less than desired GPU memory utilization \\((?<share>[\\d.]+)",
    reason:
      "only {free} of a GPU's {total} GiB are free at the start, and the share {share} was asked for: another process is on that GPU",
    remedy:
      "nvidia-smi on that host shows whose it is: end it, or choose other gpus; memoryFraction is a share of all the memory",
  },
  {
    // config.py; the same check is in the simulated vLLM.
    name: "length-above-model",
    pattern:
      "User-specified max_model_len \\((?<asked>\\d+)\\) is greater than the derived max_model_len \\([^\\n]*?=(?<limit>[\\d.]+)",
    reason: "maxModelLen {asked} is above the {limit} positions that the model was made for",
    remedy: "write pipeline.serve.maxModelLen: {limit}, or give rope scaling (hf_overrides) in serve.args",
  },
  {
    name: "more-gpus-than-there-are",
    pattern: "World size \\((?<world>\\d+)\\) is larger than the number of available GPUs \\((?<there>\\d+)\\)",
    reason: "the server wants {world} GPUs on one node, and {there} are visible to it",
    remedy: "name the nodes in pipeline.serve.nodes, or lower tensorParallel x pipelineParallel",
  },
  {
    name: "heads-uneven",
    pattern: "attention heads \\((?<heads>\\d+)\\) must be divisible by tensor parallel size \\((?<degree>\\d+)\\)",
    reason: "{heads} attention heads cannot be divided over tensorParallel {degree}",
    remedy: "choose a divisor of {heads} for pipeline.serve.tensorParallel, and gpus to match",
  },
];

/** What keeps the nodes of one server apart. */
const rayFailures: readonly KnownFailure[] = [
  {
    // recipes/tools/ray_cluster.py
    name: "ray-node-missing",
    pattern: "^error: (?<said>node [^\\n]{1,400} within \\S+ seconds)",
    reason: "{said}",
    remedy:
      "see that node's log (muster logs), and let the firewall pass serve.masterPort and ray's ports between the nodes; an address of another interface: network.interface",
  },
  {
    // executor/ray_distributed_executor.py
    name: "ray-addresses-differ",
    pattern: "Every node should have a unique IP address[^\\n]{0,300}",
    reason: "ray and vLLM know a node by different addresses",
    remedy:
      "leave VLLM_HOST_IP out of serve.env and container.env: muster sets each node's own; network.interface chooses it",
  },
  {
    name: "ray-not-installed",
    pattern: "Failed to import Ray|there is no ray in this image|No module named 'ray'",
    reason: "the image has no ray",
    remedy: "write python.packages: [ray], or serve.executor: mp with vLLM 0.11.2 or newer",
  },
  {
    // executor/ray_utils.py
    name: "ray-too-few-gpus",
    pattern:
      "The number of required GPUs exceeds the total number of available GPUs|Cannot provide a placement group|Waiting for creating a placement group[^\\n]{0,200}",
    reason: "ray has fewer free GPUs than the server needs, or knows the nodes by other addresses than VLLM_HOST_IP",
    remedy:
      "see that nothing else uses that ray (serve.masterPort chooses one of its own), and that every node lends its gpus",
  },
];

/** SGLang 0.4 to 0.5. */
const sglangFailures: readonly KnownFailure[] = [
  {
    name: "no-room-for-cache",
    pattern: "Not enough memory\\. Please try to increase --mem-fraction-static",
    reason: "the weights fill the share of the GPUs' memory that the server may take: nothing is left for the cache",
    remedy: "raise pipeline.serve.memoryFraction, or spread the weights: more gpus, or serve.nodes",
  },
  {
    name: "gpu-not-free",
    pattern: "The memory capacity is unbalanced",
    reason: "another process is on one of the GPUs",
    remedy: "nvidia-smi on that host shows whose it is: end it, or choose other gpus",
  },
  {
    name: "length-above-model",
    pattern:
      "User-specified context_length \\((?<asked>\\d+)\\) is greater than the derived context_length \\((?<limit>\\d+)\\)",
    reason: "maxModelLen {asked} is above the {limit} positions that the model was made for",
    remedy: "write pipeline.serve.maxModelLen: {limit}, or serve.env: {SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN: 1}",
  },
  {
    name: "graph-does-not-fit",
    pattern: "Capture cuda graph failed",
    reason: "the CUDA graphs did not fit beside weights and cache",
    remedy:
      "lower pipeline.serve.memoryFraction, or write args: {cuda_graph_max_bs: 16}, or {disable_cuda_graph: true}",
  },
  {
    name: "router-not-installed",
    pattern: "No module named '?sglang_router",
    reason: "the image has no sglang-router",
    remedy: "write python.packages: [sglang-router]",
  },
];

/** What every engine says of weights and compilers. */
const commonFailures: readonly KnownFailure[] = [
  {
    // entrypoints/openai/api_server.py, reasoning/abs_reasoning_parsers.py; argparse where the names are choices.
    name: "parser-unknown",
    pattern:
      "(?:invalid (?:tool call|reasoning) parser: |Reasoning parser '|argument --(?:tool-call|reasoning)-parser: invalid choice: ')(?<parser>[\\w-]+)",
    reason: "this version does not have the parser {parser}",
    remedy:
      "names change with the version (GLM-4.5: glm4_moe in vLLM 0.10.0, glm45 from 0.10.1 on and in SGLang): the line above lists them; image.vllm must be the image's own version",
  },
  {
    name: "argument-unknown",
    pattern: "error: unrecognized arguments: (?<words>[^\\n]{1,200})",
    reason: "this version does not know the arguments {words}",
    remedy: "image.vllm must be the version that the image has (`vllm --version` in it); then correct serve.args",
  },
  {
    // recipes/tools/deploy.py
    name: "port-in-use",
    pattern: "^error: (?<said>port \\d+ is taken|the server went to port \\d+)",
    reason: "{said}: swift deploy would serve on another port without a word",
    remedy: "`ss -ltnp` on that host shows whose the port is: end it, or choose another serve.port",
  },
  {
    name: "architecture-unsupported",
    pattern:
      "(?:Model architectures \\[(?=[^\\n]* are not supported)|has model type `(?=[^\\n]* does not recognize))(?<name>[^\\]`\\n]{1,120})",
    reason: "this version of the engine or of transformers does not know the model: {name}",
    remedy:
      "use an image with a newer engine and transformers: GLM-4.5 needs vLLM 0.10.0 and transformers 4.54 at least",
  },
  {
    name: "model-missing",
    pattern:
      "does not appear to have a file named (?<file>config\\.json)|(?:Repo id must|Invalid repository ID or local directory)[^\\n]{0,200}|Cannot find any model weights with|is not a local folder",
    reason: "there are no weights in the folder that the server was given",
    remedy:
      "ls it in the container of every node that serves: config.json and *.safetensors; serve.model, else export.output, names it",
  },
  {
    name: "remote-code",
    pattern: "trust_remote_code=True",
    reason: "the model brings code of its own, which the engine runs only when it is told to",
    remedy: "look at that code, then write serve.args: {trust_remote_code: true}",
  },
  {
    // torch/utils/cpp_extension.py, flashinfer/jit: both compile kernels at the start.
    name: "no-cuda-toolkit",
    pattern:
      "CUDA_HOME environment variable is not set|Could not find nvcc and default cuda_home|Ninja is required to load C\\+\\+ extensions|No such file or directory: 'ninja'|Ninja build failed|ninja: build stopped",
    reason:
      "the engine compiles kernels at its start (flashinfer), and finds no CUDA toolkit, or no ninja, in the container",
    remedy:
      "with a toolkit in the image: serve.env: {CUDA_HOME: /usr/local/cuda-VERSION}; without: python.packages: [flashinfer-python, ninja], or install the toolkit; vLLM alone: serve.env: {VLLM_USE_FLASHINFER_SAMPLER: 0}",
  },
  {
    name: "nccl",
    pattern: "NCCL error[^\\n]{0,200}|unhandled (?:system|cuda) error",
    reason: "NCCL could not set up its connections",
    remedy:
      "see container.shmSizeGib and network.interface; serve.env: {NCCL_DEBUG: INFO} tells more, and whether [send] via NET/IB or NET/Socket is used",
  },
  {
    name: "module-missing",
    pattern: "(?:ModuleNotFoundError|ImportError): No module named '(?<module>[^'\\n]+)'",
    reason: "the image has no Python package {module}",
    remedy: "install it in the image, or with python.packages",
  },
];

const memory: readonly KnownFailure[] = machineFailures.map(failure =>
  failure.name === "gpu-memory-full"
    ? {
        ...failure,
        remedy:
          "nvidia-smi on that host shows whether somebody else is on the GPU; else claim more gpus or nodes, or lower memoryFraction, which leaves more for what is outside of the cache",
      }
    : failure,
);

/** What the log of a server is known to say, the likeliest first. */
export function servingFailures(engine: ServeSettings["engine"]): KnownFailure[] {
  const own = engine === "sglang" ? sglangFailures : [...vllmFailures, ...rayFailures];
  const backends = engine === "swift" ? [...vllmFailures, ...sglangFailures] : own;
  return [...backends, ...commonFailures, ...memory, ...meetingFailures];
}

/** The same of `swift infer`, which starts the same engines. */
export const inferenceFailures: readonly KnownFailure[] = servingFailures("swift");

/** What a server says to the first request, not at its start. */
export const smokeFailures: readonly KnownFailure[] = [
  {
    name: "no-chat-template",
    pattern: "default chat template is no longer allowed|must provide a chat template",
    reason: "the weights have no chat template, so the server cannot make a prompt of messages",
    remedy:
      "copy chat_template.jinja or tokenizer_config.json of the model that was trained beside the weights, or give chat_template in serve.args",
  },
  {
    name: "auto-tool-choice",
    pattern: "tool choice requires --enable-auto-tool-choice",
    reason: "the server reads no tool calls",
    remedy: "write serve.toolCallParser",
  },
  {
    name: "answer-does-not-fit",
    pattern: "maximum context length is (?<limit>\\d+) tokens",
    reason: "question and answer together are longer than the server's {limit} tokens",
    remedy: "write smoke.maxTokens below {limit}, with room for the question, or raise serve.maxModelLen",
  },
  {
    name: "key-differs",
    pattern: "API key is not the server's|API key error",
    reason: "the server has another API key than the stack",
    remedy: "run up again: a server whose key has changed is started anew",
  },
];

import type { Cluster } from "../../config/schema";
import type { ServeSettings } from "../../config/schema/pipeline";
import { renderFlags } from "../arguments";
import type { NodeCommand, NodeTransport } from "../command";
import { servedModel, servedModelName, singleNode } from "../placement";
import { gpuVariable } from "../torchrun";

/** `vllm serve` on one node. The API key comes as VLLM_API_KEY, which the job sets; never as an argument. */
export function vllmCommand(
  cluster: Cluster,
  serve: ServeSettings,
  transportOf: (node: string) => NodeTransport,
): NodeCommand {
  const node = singleNode(cluster, "serve");
  const { address, env } = transportOf(node);
  const flags = renderFlags(
    {
      served_model_name: servedModelName(cluster),
      tensor_parallel_size: serve.gpus.length,
      max_model_len: serve.maxModelLen,
      gpu_memory_utilization: serve.memoryFraction,
      enable_auto_tool_choice: serve.toolCallParser === undefined ? undefined : true,
      tool_call_parser: serve.toolCallParser,
      reasoning_parser: serve.reasoningParser,
      // The cluster's address and not 0.0.0.0: the network is the host's, which may face the world.
      host: address,
      port: serve.port,
    },
    serve.args,
  );
  return {
    node,
    argv: ["vllm", "serve", servedModel(cluster), ...flags],
    env: { CUDA_VISIBLE_DEVICES: gpuVariable(serve.gpus), ...serve.env },
    transport: { VLLM_HOST_IP: address, ...env },
  };
}

/** Name of the variable from which the server takes its API key. */
export const apiKeyVariable = "VLLM_API_KEY";

import type { Cluster } from "../../config/schema";
import type { ServeSettings } from "../../config/schema/pipeline";
import { type ArgumentMap, renderFlags } from "../arguments";
import type { NodeCommand, NodeTransport } from "../command";
import { servedModel, servedModelName } from "../placement";
import { type ServingLayout, servingLayout } from "../serving/layout";
import { toolsFolder } from "../tools";
import { gpuVariable } from "../torchrun";
import { defaultMasterPorts, type VllmExecutor, vllmExecutor } from "./executor";
import { vllmVersionOf } from "./parsers";

/**
 * `vllm serve`, one command a node, the API on the first. The API key comes as VLLM_API_KEY, which the job sets; never as an
 * argument. VLLM_HOST_IP is each node's own address, and it is there before ray starts: otherwise vLLM takes the address of
 * the route to the internet, and nodes that ray knows by another one are waited for for ever.
 */
export function vllmCommands(
  cluster: Cluster,
  serve: ServeSettings,
  nodes: readonly string[],
  transportOf: (node: string) => NodeTransport,
): NodeCommand[] {
  const layout = servingLayout(serve, nodes.length);
  const executor = vllmExecutor(serve, layout, vllmVersionOf(cluster.image));
  const port = serve.masterPort ?? defaultMasterPorts[executor];
  const addresses = nodes.map(node => transportOf(node).address);
  const head = { address: addresses[0] ?? "", port };
  return nodes.map((node, rank) => {
    const { address, env } = transportOf(node);
    const isHead = rank === 0;
    const flags = renderFlags(
      {
        ...common(cluster, serve, layout),
        ...spread(executor, layout, rank, head),
        // The cluster's address and not 0.0.0.0: the network is the host's, which may face the world.
        ...(isHead && { host: address, port: serve.port }),
      },
      serve.args,
    );
    const argv = ["vllm", "serve", servedModel(cluster), ...flags];
    return {
      node,
      argv: executor === "ray" ? underRay(argv, isHead, address, addresses, port, layout) : argv,
      env: { CUDA_VISIBLE_DEVICES: gpuVariable(serve.gpus), ...serve.env },
      transport: { VLLM_HOST_IP: address, ...env },
    };
  });
}

function common(cluster: Cluster, serve: ServeSettings, layout: ServingLayout): ArgumentMap {
  return {
    served_model_name: servedModelName(cluster),
    tensor_parallel_size: layout.tensorParallel,
    pipeline_parallel_size: layout.pipelineParallel > 1 ? layout.pipelineParallel : undefined,
    data_parallel_size: layout.dataParallel > 1 ? layout.dataParallel : undefined,
    enable_expert_parallel: serve.expertParallel || undefined,
    max_model_len: serve.maxModelLen,
    gpu_memory_utilization: serve.memoryFraction,
    enable_auto_tool_choice: serve.toolCallParser === undefined ? undefined : true,
    tool_call_parser: serve.toolCallParser,
    reasoning_parser: serve.reasoningParser,
  };
}

/** What makes one server of several nodes. */
function spread(
  executor: VllmExecutor,
  layout: ServingLayout,
  rank: number,
  head: { readonly address: string; readonly port: number },
): ArgumentMap {
  const headless = rank > 0 ? true : undefined;
  if (executor === "mp") {
    return { nnodes: layout.nodes, node_rank: rank, master_addr: head.address, master_port: head.port, headless };
  }
  if (executor === "data") {
    const local = layout.gpusPerNode / (layout.tensorParallel * layout.pipelineParallel);
    return {
      data_parallel_size_local: local,
      data_parallel_address: head.address,
      data_parallel_rpc_port: head.port,
      headless,
      data_parallel_start_rank: rank > 0 ? rank * local : undefined,
    };
  }
  return executor === "ray" ? { distributed_executor_backend: "ray" } : {};
}

/** recipes/tools/ray_cluster.py: the first node waits for all others, then serves; the others only lend their GPUs. */
function underRay(
  argv: readonly string[],
  isHead: boolean,
  address: string,
  addresses: readonly string[],
  port: number,
  layout: ServingLayout,
): string[] {
  const shared = ["--address", address, "--port", String(port), "--gpus", String(layout.gpusPerNode)];
  const tool = ["python3", `${toolsFolder}/ray_cluster.py`];
  if (!isHead) return [...tool, "worker", "--head", addresses[0] ?? "", ...shared];
  return [...tool, "head", ...shared, ...addresses.slice(1).flatMap(other => ["--worker", other]), "--", ...argv];
}

/** Name of the variable from which the server takes its API key. */
export const apiKeyVariable = "VLLM_API_KEY";

import type { Cluster } from "../../config/schema";
import type { ServeSettings } from "../../config/schema/pipeline";
import { renderFlags } from "../arguments";
import type { NodeCommand, NodeTransport } from "../command";
import { servedModel, servedModelName } from "../placement";
import { servingLayout } from "../serving/layout";
import { gpuVariable } from "../torchrun";
import { defaultMasterPorts } from "../vllm/executor";

/**
 * `python3 -m sglang.launch_server`, one command a node, the API on the first. Long option names: `--tp` works only as an
 * abbreviation, and it counts the GPUs of all nodes together, not of one (sglang 0.5).
 */
export function sglangCommands(
  cluster: Cluster,
  serve: ServeSettings,
  nodes: readonly string[],
  transportOf: (node: string) => NodeTransport,
): NodeCommand[] {
  const layout = servingLayout(serve, nodes.length);
  const head = transportOf(nodes[0] ?? "").address;
  const port = serve.masterPort ?? defaultMasterPorts.sglang;
  return nodes.map((node, rank) => {
    const { address, env } = transportOf(node);
    const flags = renderFlags(
      {
        model_path: servedModel(cluster),
        served_model_name: servedModelName(cluster),
        context_length: serve.maxModelLen,
        tp_size: layout.tensorParallel,
        pp_size: layout.pipelineParallel > 1 ? layout.pipelineParallel : undefined,
        dp_size: layout.dataParallel > 1 ? layout.dataParallel : undefined,
        ep_size: serve.expertParallel ? layout.tensorParallel : undefined,
        ...(nodes.length > 1 && { nnodes: nodes.length, node_rank: rank, dist_init_addr: hostAndPort(head, port) }),
        tool_call_parser: serve.toolCallParser,
        reasoning_parser: serve.reasoningParser,
        mem_fraction_static: serve.memoryFraction,
        // The others serve a /health of their own there (sglang 0.5).
        host: address,
        port: serve.port,
      },
      serve.args,
    );
    return {
      node,
      argv: ["python3", "-m", "sglang.launch_server", ...flags],
      env: { CUDA_VISIBLE_DEVICES: gpuVariable(serve.gpus), ...serve.env },
      transport: env,
    };
  });
}

function hostAndPort(address: string, port: number): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

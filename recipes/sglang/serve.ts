import type { Cluster } from "../../config/schema";
import type { ServeSettings } from "../../config/schema/pipeline";
import { renderFlags } from "../arguments";
import type { NodeCommand, NodeTransport } from "../command";
import { servedModel, servedModelName, singleNode } from "../placement";
import { gpuVariable } from "../torchrun";

/**
 * `python3 -m sglang.launch_server` on one node. Long option names: `--tp` works only as an abbreviation (sglang 0.5).
 */
export function sglangCommand(
  cluster: Cluster,
  serve: ServeSettings,
  transportOf: (node: string) => NodeTransport,
): NodeCommand {
  const node = singleNode(cluster, "serve");
  const { address, env } = transportOf(node);
  const flags = renderFlags(
    {
      model_path: servedModel(cluster),
      served_model_name: servedModelName(cluster),
      context_length: serve.maxModelLen,
      tp_size: serve.gpus.length,
      tool_call_parser: serve.toolCallParser,
      reasoning_parser: serve.reasoningParser,
      mem_fraction_static: serve.memoryFraction,
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
}

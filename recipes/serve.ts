import type { Cluster } from "../config/schema";
import type { ServeSettings } from "../config/schema/pipeline";
import type { NodeCommand, NodeTransport } from "./command";
import { sglangCommand } from "./sglang/serve";
import { vllmCommand } from "./vllm/serve";

/** The server's command, by the engine of the cluster file. */
export function serveCommand(
  cluster: Cluster,
  serve: ServeSettings,
  transportOf: (node: string) => NodeTransport,
): NodeCommand {
  return serve.engine === "vllm"
    ? vllmCommand(cluster, serve, transportOf)
    : sglangCommand(cluster, serve, transportOf);
}

/** URL that answers 200 when the server is ready, from inside the cluster. */
export function readyUrl(address: string, serve: ServeSettings): string {
  return `http://${address.includes(":") ? `[${address}]` : address}:${serve.port}/v1/models`;
}

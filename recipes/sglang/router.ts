import type { ServeSettings } from "../../config/schema/pipeline";
import type { NodeCommand, NodeTransport } from "../command";
import { origin } from "../serving/readiness";

/**
 * sglang-router (0.3) in front of several servers, on the node of the first. A worker is the API of one replica, which is on
 * the first of its nodes. `sglang_router.launch_server` would start the servers itself, on this host only.
 */
export function routerCommand(
  serve: ServeSettings,
  router: NonNullable<ServeSettings["router"]>,
  heads: readonly string[],
  transportOf: (node: string) => NodeTransport,
): NodeCommand {
  const node = heads[0];
  if (node === undefined) throw new Error("a router over no server; the schema asks for one node at least");
  const workers = heads.map(head => origin(transportOf(head).address, serve.port));
  return {
    node,
    argv: [
      ...["python3", "-m", "sglang_router.launch_router"],
      ...["--worker-urls", ...workers],
      ...["--policy", router.policy],
      ...["--host", transportOf(node).address],
      ...["--port", String(router.port)],
    ],
    env: {},
    transport: {},
  };
}

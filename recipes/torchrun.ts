import type { NodeCommand, NodeTransport } from "./command";

export interface TorchrunLayout {
  /** In rank order: the first one is the master. */
  readonly nodes: readonly string[];
  readonly processesPerNode: number;
  readonly masterPort: number;
}

/**
 * The variables from which `swift` and `megatron` build their torchrun line (ms-swift 3.7.1, swift/cli/main.py).
 * NNODES without NPROC_PER_NODE would start one process a node, so all five are always set.
 */
export function torchrunCommands(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  layout: TorchrunLayout,
  transportOf: (node: string) => NodeTransport,
): NodeCommand[] {
  const [first] = layout.nodes;
  if (first === undefined) throw new Error("a job over no nodes; the schema asks for one at least");
  const master = transportOf(first).address;
  return layout.nodes.map((node, rank) => ({
    node,
    argv,
    env: {
      NNODES: String(layout.nodes.length),
      NODE_RANK: String(rank),
      NPROC_PER_NODE: String(layout.processesPerNode),
      // Megatron wants as many devices as processes.
      CUDA_VISIBLE_DEVICES: gpuVariable(range(layout.processesPerNode)),
      ...env,
    },
    transport: { MASTER_ADDR: master, MASTER_PORT: String(layout.masterPort), ...transportOf(node).env },
  }));
}

export function gpuVariable(gpus: readonly number[]): string {
  return gpus.join(",");
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

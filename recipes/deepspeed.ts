import type { NodeCommand, NodeTransport } from "./command";
import { range, type TorchrunLayout } from "./torchrun";

export interface DeepspeedLayout extends TorchrunLayout {
  /** `node-1 slots=8` lines. */
  readonly hostfile: string;
  readonly sshPort: number;
}

/**
 * `deepspeed` on the first node, which starts the others by pdsh. It carries variables by prefix alone (NCCL, PYTHON, PATH …), so
 * the others stand in .deepspeed_env of the working directory. `--include` also chooses the GPUs: CUDA_VISIBLE_DEVICES would be ignored.
 */
export function deepspeedCommands(
  program: readonly string[],
  env: Readonly<Record<string, string>>,
  layout: DeepspeedLayout,
  transportOf: (node: string) => NodeTransport,
): NodeCommand[] {
  const [first] = layout.nodes;
  if (first === undefined) throw new Error("a job over no nodes; the schema asks for one at least");
  const own = transportOf(first);
  const gpus = range(layout.processesPerNode).join(",");
  return [
    {
      node: first,
      argv: [
        "deepspeed",
        ...["--hostfile", layout.hostfile],
        ...["--include", layout.nodes.map(node => `${node}:${gpus}`).join("@")],
        ...["--ssh_port", String(layout.sshPort)],
        ...["--master_addr", own.address],
        ...["--master_port", String(layout.masterPort)],
        ...program,
      ],
      env: { ...env },
      transport: { ...own.env },
    },
  ];
}

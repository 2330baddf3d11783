import { presentValue } from "../../facts/fact";
import type { Finding } from "../finding";
import type { HostSight } from "./host-sight";

/** A driver keeps up to some hundred MiB for itself on an idle GPU. */
const IDLE_MIB = 1024;

/** GPUs that somebody else uses, whether his processes are seen or only the memory that they hold. */
export function busyGpuFindings({ node, gpuHolders }: HostSight): Finding[] {
  const busy = (gpuHolders && presentValue(gpuHolders))?.flatMap(({ index, usedMemoryMib, isOurs, others }) => {
    if (others.length > 0) return [`GPU ${index} by process ${others.join(", ")} (${usedMemoryMib} MiB)`];
    if (isOurs || usedMemoryMib <= IDLE_MIB) return [];
    return [`GPU ${index}, ${usedMemoryMib} MiB by a process that is not seen`];
  });
  if (!busy || busy.length === 0) return [];
  return [
    {
      code: "gpus-busy",
      severity: "error",
      host: node,
      fact: `in use by others: ${busy.join("; ")}`,
      why: "a job on the same GPU ends for lack of memory, or halves its speed and that of all nodes",
      remedy: "nvidia-smi names the processes; end them, or wait: kill PID",
    },
  ];
}

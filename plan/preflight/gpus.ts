import type { Finding } from "../finding";
import type { HostSight, Wanted } from "./host-sight";
import { parityFindings } from "./parity";

/** Whether the host has the GPUs that jobs take. */
export function gpuFindings({ node, gpus }: HostSight, { slots }: Pick<Wanted, "slots">): Finding[] {
  if (!gpus || slots <= gpus.length) return [];
  return [
    {
      code: "slots-above-gpus",
      severity: "error",
      host: node,
      path: "slots",
      fact: `${gpus.length} GPUs found, slots is ${slots}`,
      why: "ranks above the last GPU fail with 'invalid device ordinal'",
      remedy:
        gpus.length === 0
          ? "nvidia-smi must list the GPUs; install the driver"
          : `write slots: ${gpus.length}, or leave the host out`,
    },
  ];
}

/** Count, model and driver. A host that has too few is told of by gpuFindings. */
export function gpuParity(hosts: readonly HostSight[], { slots }: Pick<Wanted, "slots">): Finding[] {
  const told = hosts.flatMap(({ node, gpus }) => (gpus ? [{ node, gpus }] : []));
  const enough = told.filter(({ gpus }) => gpus.length >= slots);
  const modelsOf = ({ gpus }: (typeof told)[number]): string =>
    [...new Set(gpus.map(gpu => `${gpu.name} ${gpu.memoryMib} MiB`))].join(" and ");
  return [
    ...parityFindings(
      "GPUs:",
      enough.map(host => ({ node: host.node, value: String(host.gpus.length) })),
      {
        code: "gpu-counts-differ",
        severity: "warning",
        why: `each node has slots: ${slots} ranks, so the GPUs above that stand idle; one that is missing may have fallen off the bus`,
        remedy: "nvidia-smi -L and dmesg | grep -i xid on the host",
      },
    ),
    ...parityFindings(
      "GPUs are",
      enough.map(host => ({ node: host.node, value: modelsOf(host) })),
      {
        code: "gpu-models-differ",
        severity: "warning",
        why: "the slowest GPU sets the speed of all, and the smallest memory the largest batch",
        remedy: "leave the host out, or make a cluster of its own of equal hosts",
      },
    ),
    ...parityFindings(
      "driver",
      told.map(({ node, gpus }) => ({ node, value: gpus[0]?.driverVersion })),
      {
        code: "drivers-differ",
        severity: "warning",
        why: "NCCL works best, and is tested, between equal drivers",
        remedy: "apt-get install the version that the others have, then reboot",
      },
    ),
  ];
}

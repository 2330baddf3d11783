import { presentValue } from "../../facts/fact";
import type { Finding } from "../finding";
import type { HostSight, Wanted } from "./host-sight";

/** NCCL's own need among eight GPUs, where no container has a /dev/shm of its own. */
const SMALLEST_HOST_MIB = 1024;

/** /dev/shm: what is asked for fits the memory, and what is there is what was asked for. */
export function shmFindings(host: HostSight, { shmSizeGib, inContainers }: Wanted): Finding[] {
  if (!inContainers) return hostShm(host);
  const { memoryGib } = host;
  if (memoryGib !== undefined && shmSizeGib >= memoryGib) {
    return [
      {
        code: "shm-above-memory",
        severity: "error",
        host: host.node,
        path: "container.shmSizeGib",
        fact: `${memoryGib} GiB of memory, shmSizeGib is ${shmSizeGib}`,
        why: "/dev/shm lies in memory: filling it would end processes for lack of memory",
        remedy: `write shmSizeGib: ${Math.max(1, Math.floor(memoryGib / 2))}`,
      },
    ];
  }
  const inside = (host.container && presentValue(host.container))?.inside;
  if (!inside || inside.shmMib >= Math.floor(shmSizeGib * 1024)) return [];
  return [
    {
      code: "shm-too-small",
      severity: "error",
      host: host.node,
      path: "container.shmSizeGib",
      fact: `/dev/shm of the container has ${inside.shmMib} MiB, shmSizeGib is ${shmSizeGib}`,
      why: "NCCL and data loaders fail with 'unhandled system error' or 'bus error' when it is full",
      remedy: "docker restart the container; if it comes back like that, docker rm -f it, then muster up",
    },
  ];
}

function hostShm({ node, hostShmMib }: HostSight): Finding[] {
  if (hostShmMib === undefined || hostShmMib >= SMALLEST_HOST_MIB) return [];
  return [
    {
      code: "shm-too-small",
      severity: "warning",
      host: node,
      fact: `/dev/shm has ${hostShmMib} MiB`,
      why: "NCCL and data loaders fail with 'unhandled system error' or 'bus error' when it is full",
      remedy: "mount -o remount,size=50% /dev/shm, and the same in /etc/fstab",
    },
  ];
}

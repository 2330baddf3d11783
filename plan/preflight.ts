import type { Finding } from "./finding";
import { accessFindings } from "./preflight/access";
import { busyGpuFindings } from "./preflight/busy-gpus";
import { clockFindings } from "./preflight/clock";
import { containerFindings } from "./preflight/container";
import { dockerFindings, dockerParity } from "./preflight/docker";
import { gpuFindings, gpuParity } from "./preflight/gpus";
import type { HostSight, Wanted } from "./preflight/host-sight";
import { imageFindings } from "./preflight/image";
import { memlockFindings } from "./preflight/memlock";
import { mountFindings } from "./preflight/mounts";
import { packageParity } from "./preflight/packages";
import { pathFindings } from "./preflight/paths";
import { portFindings } from "./preflight/ports";
import { rdmaFindings } from "./preflight/rdma";
import { shmFindings } from "./preflight/shm";

/**
 * Findings against the facts of all hosts, before anything is changed. Pure; what was not asked (preview asks less than doctor) is
 * not judged. Network findings come from planNetwork, those of trials between hosts from preflight/reach and preflight/mesh.
 * @param usesRdma whether the network plan has RDMA on
 */
export function preflight(hosts: readonly HostSight[], wanted: Wanted, usesRdma = false): Finding[] {
  return [
    ...hosts.flatMap(host => [
      ...accessFindings(host),
      ...(wanted.inContainers ? dockerFindings(host) : []),
      ...gpuFindings(host, wanted),
      ...busyGpuFindings(host),
      ...shmFindings(host, wanted),
      ...memlockFindings(host, wanted, usesRdma),
      ...mountFindings(host),
      ...portFindings(host, wanted),
      ...pathFindings(host, wanted),
    ]),
    ...clockFindings(hosts),
    ...(wanted.inContainers ? dockerParity(hosts) : []),
    ...gpuParity(hosts, wanted),
    ...rdmaFindings(hosts, wanted),
    ...imageFindings(hosts, wanted),
    ...containerFindings(hosts, wanted),
    ...packageParity(hosts),
  ];
}

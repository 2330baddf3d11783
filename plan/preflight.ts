import type { Finding } from "./finding";
import { byValue } from "./node-list";

/** Facts of one host that decide whether the cluster can be built on it. facts/ provides more. */
export interface HostFacts {
  readonly node: string;
  readonly gpuCount: number;
  /** Absent: no Docker engine answers. */
  readonly dockerVersion?: string;
  /** Docker can give GPUs to containers: the NVIDIA runtime, or CDI. */
  readonly hasGpuRuntime: boolean;
  readonly memoryGib: number;
  readonly freeDiskGib?: number;
  readonly driverVersion?: string;
  /** Listening TCP ports that are not this cluster's own. */
  readonly listeningPorts: readonly number[];
  /** Of the paths that the plan asked for, those that are there. */
  readonly existingPaths: readonly string[];
  readonly canBecomeRoot: boolean;
  /** Asked only of who cannot become root. */
  readonly isInDockerGroup?: boolean;
  /** Difference to the operator's clock. */
  readonly clockSkewSeconds?: number;
}

/** What the cluster wants of every host. */
export interface Wanted {
  readonly slots: number;
  readonly shmSizeGib: number;
  /** False: jobs run on the hosts themselves, and nobody needs Docker. */
  readonly inContainers: boolean;
  /** TCP ports that this node will listen on, with what for. */
  readonly ports: (node: string) => readonly { readonly port: number; readonly use: string }[];
  /** Folders or files that must be there before, as host paths. */
  readonly paths: (node: string) => readonly { readonly path: string; readonly use: string }[];
}

/** Findings against the facts of all hosts, before anything is changed. Pure; network findings come from planNetwork. */
export function preflight(facts: readonly HostFacts[], wanted: Wanted): Finding[] {
  return [
    ...facts.flatMap(host => [
      ...access(host),
      ...(wanted.inContainers ? docker(host) : []),
      ...size(host, wanted),
      ...places(host, wanted),
    ]),
    ...parity(facts),
  ];
}

function access(host: HostFacts): Finding[] {
  const findings: Finding[] = [];
  if (!host.canBecomeRoot) {
    findings.push({
      code: "no-root",
      severity: "error",
      host: host.node,
      fact: `the user is not root and sudo asks for a password or is missing${host.isInDockerGroup ? "; it is in the docker group, which is not enough" : ""}`,
      why: "containers, mounts and files of the cluster belong to root",
      remedy:
        "log in as root (ssh.user), allow sudo without a password for this user, or declare sudoPassword: {secret: NAME}",
    });
  }
  const skew = Math.abs(host.clockSkewSeconds ?? 0);
  if (skew > 60) {
    findings.push({
      code: "clock-skew",
      severity: "warning",
      host: host.node,
      fact: `the clock is ${Math.round(skew)} s away from the operator's`,
      why: "logs cannot be compared, and caches by time go wrong",
      remedy: "timedatectl set-ntp true",
    });
  }
  return findings;
}

function docker(host: HostFacts): Finding[] {
  if (host.dockerVersion === undefined) {
    return [
      {
        code: "no-docker",
        severity: "error",
        host: host.node,
        fact: "no Docker engine answers",
        why: "every node is a container",
        remedy: "apt-get install -y docker.io, then systemctl enable --now docker",
      },
    ];
  }
  if (host.hasGpuRuntime) return [];
  return [
    {
      code: "no-gpu-runtime",
      severity: "error",
      host: host.node,
      fact: "Docker has no NVIDIA runtime and no CDI devices",
      why: "the container would start without GPUs or not at all",
      remedy:
        "apt-get install -y nvidia-container-toolkit, then nvidia-ctk runtime configure --runtime=docker, then systemctl restart docker",
    },
  ];
}

function size(host: HostFacts, wanted: Wanted): Finding[] {
  const findings: Finding[] = [];
  if (wanted.slots > host.gpuCount) {
    findings.push({
      code: "slots-above-gpus",
      severity: "error",
      host: host.node,
      path: "slots",
      fact: `${host.gpuCount} GPUs found, slots is ${wanted.slots}`,
      why: "ranks above the last GPU fail with 'invalid device ordinal'",
      remedy:
        host.gpuCount === 0
          ? "nvidia-smi must list the GPUs; install the driver"
          : `write slots: ${host.gpuCount}, or leave the host out`,
    });
  }
  if (wanted.inContainers && wanted.shmSizeGib >= host.memoryGib) {
    const half = Math.max(1, Math.floor(host.memoryGib / 2));
    findings.push({
      code: "shm-above-memory",
      severity: "error",
      host: host.node,
      path: "container.shmSizeGib",
      fact: `${host.memoryGib} GiB of memory, shmSizeGib is ${wanted.shmSizeGib}`,
      why: "/dev/shm lies in memory: filling it would end processes for lack of memory",
      remedy: `write shmSizeGib: ${half}`,
    });
  }
  return findings;
}

function places(host: HostFacts, wanted: Wanted): Finding[] {
  const taken = wanted.ports(host.node).filter(({ port }) => host.listeningPorts.includes(port));
  const absent = wanted.paths(host.node).filter(({ path }) => !host.existingPaths.includes(path));
  return [
    ...taken.map(
      ({ port, use }): Finding => ({
        code: "port-taken",
        severity: "error",
        host: host.node,
        fact: `something listens on port ${port}`,
        why: `it is wanted for ${use}`,
        remedy: `ss -lntp 'sport = :${port}' names the program; stop it, or choose another port`,
      }),
    ),
    ...absent.map(
      ({ path, use }): Finding => ({
        code: "path-missing",
        severity: "error",
        host: host.node,
        fact: `${path} is not there`,
        why: `it is ${use}`,
        remedy: "copy it there, or correct the path or the mount",
      }),
    ),
  ];
}

function parity(facts: readonly HostFacts[]): Finding[] {
  const versions = facts.map(host => ({ node: host.node, value: host.driverVersion ?? "none" }));
  if (new Set(versions.map(each => each.value)).size < 2) return [];
  return [
    {
      code: "drivers-differ",
      severity: "warning",
      fact: `drivers ${byValue(versions)}`,
      why: "NCCL works best, and is tested, between equal drivers",
      remedy: "install one version on all hosts",
    },
  ];
}

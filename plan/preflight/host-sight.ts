import type { Fact } from "../../facts/fact";
import type { Folder } from "../../facts/folders";
import type { GpuHolder } from "../../facts/gpu-holders";
import type { NodeContainer } from "../../facts/node-container";
import type { NodeImage } from "../../facts/node-image";
import type { Packages } from "../../facts/packages";
import type { PortHolder } from "../../facts/port-holders";
import type { Rdma } from "../../facts/rdma";

/** Facts of one host that decide whether the cluster can be built on it. What was not asked is left out. */
export interface HostSight {
  readonly node: string;
  /** Left out, like all that follows, where it could not be told: that is a finding of its own, and nothing can be said about it. */
  readonly gpus?: readonly SightedGpu[];
  readonly docker?: SightedDocker;
  readonly memoryGib?: number;
  readonly canBecomeRoot: boolean;
  /** Asked only of who cannot become root. */
  readonly isInDockerGroup?: boolean;
  readonly rdma: Fact<Rdma>;
  /** Of the NVIDIA Container Toolkit; absent where there is none. */
  readonly toolkitVersion?: string;
  /** /dev/shm of the host itself. */
  readonly hostShmMib?: number;
  /** KiB that a login of the host may lock. */
  readonly hostMemlockKib?: number | "unlimited";
  /** Ports of the cluster that others hold. */
  readonly portHolders?: Fact<readonly PortHolder[]>;
  /** Of the paths that must be there, those that are. */
  readonly existingPaths?: Fact<readonly string[]>;

  /** How far its clock is ahead of the operator's at the least, negative behind, in seconds. */
  readonly clockAheadSeconds?: number;
  readonly gpuHolders?: Fact<readonly GpuHolder[]>;
  readonly container?: Fact<NodeContainer>;
  readonly image?: Fact<NodeImage>;
  readonly packages?: Fact<Packages>;
  /** The disks behind what the cluster file mounts for writing. */
  readonly mounts?: Fact<readonly Folder[]>;
}

export interface SightedDocker {
  /** Absent: Docker is not installed. */
  readonly version?: string;
  /** It can give GPUs to containers: the NVIDIA runtime, or CDI. */
  readonly hasGpuRuntime: boolean;
}

export interface SightedGpu {
  readonly name: string;
  readonly memoryMib: number;
  readonly driverVersion: string;
}

/** What the cluster wants of every host. */
export interface Wanted {
  readonly slots: number;
  readonly shmSizeGib: number;
  /** False: jobs run on the hosts themselves, and nobody needs Docker. */
  readonly inContainers: boolean;
  /** GPUs that the container shall see; absent: all. */
  readonly containerGpus?: number;
  /** Bytes that processes in the container may lock; -1 is no limit. */
  readonly memlockBytes: number;
  readonly rdma: "auto" | "on" | "off";
  /** The image must be on the hosts already. */
  readonly imageMustBeThere: boolean;
  readonly imageReference: string;
  /** TCP ports that this node will listen on. */
  readonly ports: (node: string) => readonly WantedPort[];
  /** Folders or files that must be there before, as host paths. */
  readonly paths: (node: string) => readonly WantedPath[];
}

export interface WantedPort {
  readonly port: number;
  /** `the containers' sshd` */
  readonly use: string;
  /** Setting in the cluster file. */
  readonly path: string;
}

export interface WantedPath {
  /** On the host. */
  readonly path: string;
  /** `the data of the training` */
  readonly use: string;
  /** Setting in the cluster file. */
  readonly setting: string;
  /** The cluster file has steps of its own, which may make it. */
  readonly mayCome: boolean;
}

import { specDigest } from "../../provider/muster/kinds/container/arguments";
import type { ContainerInputs } from "../../provider/muster/kinds/container/inputs";

export const declaredContainer: ContainerInputs = {
  host: "node-1",
  name: "ms",
  image: "node:dev",
  gpus: "all",
  shmSizeMib: 131072,
  network: "host",
  restart: "unless-stopped",
  init: true,
  workdir: "/work",
  mounts: [
    { source: "/models", target: "/models", readOnly: true },
    { source: "/var/lib/muster/dev/ssh", target: "/root/.ssh" },
  ],
  env: { NOTE: "it's" },
  ulimits: [{ name: "memlock", soft: -1, hard: -1 }],
  devices: ["/dev/infiniband"],
  capAdd: ["IPC_LOCK"],
  capDrop: ["NET_RAW"],
  securityOpt: ["no-new-privileges"],
  entrypoint: "/bin/sh",
  command: ["/etc/muster/start.sh"],
  pidsLimit: 65536,
  healthProbe: { script: "/health", timeoutSeconds: 5 },
  healthCommand: "/health",
  service: { digest: "one", restartScript: "/start restart" },
};

export interface Deviation {
  readonly id?: string;
  readonly status?: string;
  readonly host?: object;
  readonly config?: object;
  readonly mounts?: object[];
  readonly imageId?: string;
  /** Exit code and words of the health probe. */
  readonly health?: readonly [number, string];
  /** What nvidia-smi -L says, on the host and inside. */
  readonly gpus?: { readonly host: readonly [number, string]; readonly inside: readonly [number, string] };
}

/** Two GPUs, as nvidia-smi -L lists them. */
export const TWO_GPUS = "GPU 0: NVIDIA H100 (UUID: GPU-a)\nGPU 1: NVIDIA H100 (UUID: GPU-b)\n";

/** The image's own variables, command and volume. */
export const inspectedImage = {
  Config: {
    User: "",
    Env: ["PATH=/usr/bin", "LANG=C.UTF-8"],
    Cmd: ["bash"],
    Entrypoint: null,
    WorkingDir: "/root",
    Volumes: { "/cache": {} },
  },
};

/** What docker 26 tells of the container above. */
export function inspected(deviation: Deviation = {}): object {
  return {
    Id: deviation.id ?? "c0ffee",
    Image: deviation.imageId ?? "sha256:aa",
    State: { Status: deviation.status ?? "running", StartedAt: "2026-01-01T00:00:00Z" },
    Config: {
      Image: "node:dev",
      Hostname: "node-1",
      User: "",
      Env: ["NOTE=it's", "PATH=/usr/bin", "LANG=C.UTF-8"],
      Cmd: ["/etc/muster/start.sh"],
      Entrypoint: ["/bin/sh"],
      WorkingDir: "/work",
      Labels: { "muster.cluster": "dev", "muster.spec": specDigest(declaredContainer) },
      Healthcheck: { Test: ["CMD-SHELL", "/health"], Interval: 60_000_000_000 },
      ...deviation.config,
    },
    HostConfig: {
      NetworkMode: "host",
      RestartPolicy: { Name: "unless-stopped", MaximumRetryCount: 0 },
      ShmSize: 131072 * 1024 ** 2,
      Privileged: false,
      Init: true,
      CapAdd: ["CAP_IPC_LOCK"],
      CapDrop: ["NET_RAW"],
      SecurityOpt: ["no-new-privileges"],
      Devices: [{ PathOnHost: "/dev/infiniband", PathInContainer: "/dev/infiniband", CgroupPermissions: "rwm" }],
      DeviceRequests: [{ Driver: "", Count: -1, DeviceIDs: null, Capabilities: [["gpu"]], Options: {} }],
      Ulimits: [{ Name: "memlock", Soft: -1, Hard: -1 }],
      Memory: 0,
      MemorySwap: 0,
      NanoCpus: 0,
      CpusetCpus: "",
      PidsLimit: 65536,
      IpcMode: "private",
      PidMode: "",
      UTSMode: "",
      UsernsMode: "",
      ...deviation.host,
    },
    Mounts: [
      { Type: "bind", Source: "/models", Destination: "/models", RW: false },
      { Type: "bind", Source: "/var/lib/muster/dev/ssh", Destination: "/root/.ssh", RW: true },
      { Type: "volume", Name: "f00", Source: "/var/lib/docker/volumes/f00/_data", Destination: "/cache", RW: true },
      ...(deviation.mounts ?? []),
    ],
  };
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** What the host answers to one look at the container above (container/reading.ts). */
export function sight(deviation: Deviation = {}): string {
  const [healthCode, healthText] = deviation.health ?? [0, ""];
  const gpus = deviation.gpus ?? { host: [0, TWO_GPUS], inside: [0, TWO_GPUS] };
  return [
    `container 0 ${base64(JSON.stringify([inspected(deviation)]))}`,
    `image 0 ${base64(JSON.stringify([inspectedImage]))}`,
    `processors 4 ${base64("0-3\n")}`,
    ...((deviation.status ?? "running") === "running"
      ? [
          `health ${healthCode} ${base64(healthText)}`,
          `host-gpus ${gpus.host[0]} ${base64(gpus.host[1])}`,
          `gpus ${gpus.inside[0]} ${base64(gpus.inside[1])}`,
        ]
      : []),
    "",
  ].join("\n");
}

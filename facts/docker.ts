import { ABSENT, type Topic } from "./fact";

export interface Docker {
  readonly version: string;
  /** `systemd` or `cgroupfs`. */
  readonly cgroupDriver: string;
  /** `1` or `2`. */
  readonly cgroupVersion: string;
  /** The engine itself is not root: it cannot give devices, nor ports below 1024. */
  readonly isRootless: boolean;
  readonly rootDirectory: string;
  readonly storageDriver: string;
  readonly runtimes: readonly string[];
  /** Containers get GPUs by the NVIDIA runtime, or by the toolkit's hook. */
  readonly hasNvidiaRuntime: boolean;
  /** Devices by the Container Device Interface, such as `nvidia.com/gpu=0`. */
  readonly cdiDevices: readonly string[];
}

interface Info {
  readonly ServerVersion?: string;
  readonly CgroupDriver?: string;
  readonly CgroupVersion?: string;
  readonly SecurityOptions?: readonly string[];
  readonly DockerRootDir?: string;
  readonly Driver?: string;
  readonly Runtimes?: Readonly<Record<string, unknown>>;
  readonly DiscoveredDevices?: readonly { readonly ID?: string }[];
  readonly ServerErrors?: readonly string[];
}

const HOOK = "nvidia-container-runtime-hook";

export const docker: Topic<Docker> = {
  // Up to moby 28 `--gpus` needs the hook on dockerd's PATH; the runtime named nvidia is one way to GPUs, the hook the other.
  snippet: `command -v docker >/dev/null || exit ${ABSENT}
command -v nvidia-container-runtime-hook >/dev/null && echo ${HOOK}
timeout 20 docker info --format '{{json .}}'`,
  parse(output) {
    const json = output.split("\n").find(line => line.startsWith("{"));
    if (!json) throw new Error(`docker info said: ${output.trim().slice(0, 300)}`);
    const info = JSON.parse(json) as Info;
    if (!info.ServerVersion) throw new Error(info.ServerErrors?.join("; ") || "docker's daemon gave no version");
    const runtimes = Object.keys(info.Runtimes ?? {}).sort();
    return {
      version: info.ServerVersion,
      cgroupDriver: info.CgroupDriver ?? "",
      cgroupVersion: info.CgroupVersion ?? "1",
      isRootless: (info.SecurityOptions ?? []).some(option => option.startsWith("name=rootless")),
      rootDirectory: info.DockerRootDir ?? "",
      storageDriver: info.Driver ?? "",
      runtimes,
      hasNvidiaRuntime: runtimes.includes("nvidia") || output.split("\n").includes(HOOK),
      cdiDevices: (info.DiscoveredDevices ?? []).flatMap(device => (device.ID ? [device.ID] : [])),
    };
  },
};

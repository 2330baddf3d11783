import type { Batch } from "../row";

const driver = (edit: string) => ({
  plant: `cp /usr/bin/nvidia-smi /run/nvidia-smi.kept && sed -i '${edit}' /usr/bin/nvidia-smi`,
  lift: "cat /run/nvidia-smi.kept >/usr/bin/nvidia-smi",
});

export const gpuBatches: readonly Batch[] = [
  {
    name: "what the driver shows",
    rows: [
      {
        fault: "one GPU of two is gone (simulated)",
        on: "node-1",
        code: "slots-above-gpus",
        says: /^1 GPUs found, slots is 2$/,
        plant: "cp /etc/simgpu/devices /run/devices.kept && head -n 1 /run/devices.kept >/etc/simgpu/devices",
        lift: "cat /run/devices.kept >/etc/simgpu/devices",
      },
      {
        fault: "another driver (simulated)",
        on: "node-2",
        code: "drivers-differ",
        says: /^driver 999.99-SIMULATED; most hosts have 000.00-SIMULATED$/,
        ...driver("s/000.00-SIMULATED/999.99-SIMULATED/"),
      },
      {
        fault: "another GPU model (simulated)",
        on: "node-3",
        code: "gpu-models-differ",
        says: /^GPUs are SIMULATED-A100 81559 MiB; most hosts have SIMULATED-H100 81559 MiB$/,
        ...driver("s/SIMULATED-H100/SIMULATED-A100/"),
      },
      {
        fault: "a GPU more than the others (simulated)",
        on: "node-4",
        code: "gpu-counts-differ",
        says: /^GPUs: 3; most hosts have 2$/,
        plant:
          "cp /etc/simgpu/devices /run/devices.kept && echo GPU-51310000-0000-4000-8000-000000000000 >>/etc/simgpu/devices && : >/run/simgpu/2.lock",
        lift: "cat /run/devices.kept >/etc/simgpu/devices; rm /run/simgpu/2.lock",
      },
    ],
  },
  {
    name: "GPUs in use and out of sight",
    rows: [
      {
        fault: "the container has lost its GPUs (simulated: as after a daemon-reload)",
        on: "node-1",
        code: "gpus-lost",
        says: /Failed to initialize NVML/,
        plant: "simulated-gpu-loss ms",
        lift: "docker exec ms rm /run/simgpu/lost",
      },
      {
        fault: "somebody else's process is on a GPU",
        on: "node-2",
        code: "gpus-busy",
        says: /^in use by others: GPU 1 by process \d+ .*\(78000 MiB\)$/,
        plant: `setsid flock /run/simgpu/1.lock tail -f /dev/null </dev/null >/dev/null 2>&1 & echo $! >/run/planted-gpu
until nvidia-smi --query-compute-apps=pid --format=csv,noheader | grep -q .; do kill -0 "$(cat /run/planted-gpu)" || exit 1; done`,
        lift: `kill -- -"$(cat /run/planted-gpu)"; while nvidia-smi --query-compute-apps=pid --format=csv,noheader | grep -q .; do :; done`,
      },
      {
        fault: "Docker cannot give GPUs",
        on: "node-3",
        code: "no-gpu-runtime",
        says: /no NVIDIA runtime and no CDI devices/,
        plant: `mv /etc/cdi/nvidia.yaml /run/nvidia.yaml.kept; mv /usr/bin/nvidia-container-runtime-hook /run/hook.kept
while docker info --format '{{json .DiscoveredDevices}}' | grep -q nvidia; do :; done`,
        lift: `cp /run/nvidia.yaml.kept /etc/cdi/nvidia.yaml; cp -p /run/hook.kept /usr/bin/nvidia-container-runtime-hook`,
      },
      {
        fault: "nvidia-smi fails",
        on: "node-4",
        code: "fact-unknown",
        says: /^gpus could not be read: Unable to determine the device handle/,
        plant: `cp /usr/bin/nvidia-smi /run/nvidia-smi.kept
printf '#!/bin/sh\\necho "Unable to determine the device handle for GPU0: 0000:01:00.0: Unknown Error"; exit 255\\n' >/usr/bin/nvidia-smi`,
        lift: "cat /run/nvidia-smi.kept >/usr/bin/nvidia-smi",
      },
    ],
  },
];

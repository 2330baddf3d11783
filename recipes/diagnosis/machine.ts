import type { KnownFailure } from "./known-failure";

/** torchrun's report of the worker that failed first (torch 2.6 to 2.11). It kills the others itself, with -15 and then -9. */
function rootCause(exitCode: string): string {
  return `Root Cause \\(first observed failure\\):\\n(?:[^\\n]*\\n){1,6}\\s*exitcode\\s*: ${exitCode} \\(pid`;
}

/** What a host, its driver or its memory refuses, whatever runs. Those of /dev/shm come first: they too say "No space left". */
export const machineFailures: readonly KnownFailure[] = [
  {
    // NCCL 2.20 to 2.30, src/misc/shmutils.cc; torch's DataLoader; torch/multiprocessing.
    name: "shared-memory-full",
    pattern:
      "Error while creating shared memory segment /dev/shm/|out of shared memory|unable to (?:write to|mmap \\d+ bytes from) file </torch_|" +
      rootCause("-7"),
    reason: "the container's shared memory (/dev/shm) is full",
    remedy: "raise container.shmSizeGib (NCCL and the data loaders' workers share it), or lower the number of workers",
  },
  {
    name: "disk-full",
    pattern: "No space left on device|StorageFull|\\[enforce fail at inline_container\\.cc[^\\n]*unexpected pos",
    reason: "a disk is full",
    remedy:
      "df -h on that host shows which; delete old checkpoints, or save less often (pipeline.train.saveEverySteps)",
  },
  {
    // torch 2.6 to 2.11: torch.OutOfMemoryError; 2.4: torch.cuda.OutOfMemoryError.
    name: "gpu-memory-full",
    pattern: "OutOfMemoryError: (?<said>CUDA out of memory[^\\n]{0,160})",
    reason: "a GPU's memory is full: {said}",
    remedy:
      "see with nvidia-smi that nobody else is on the GPU; else spread the model over more GPUs or make a step smaller",
  },
  {
    name: "invalid-device",
    pattern: "CUDA error: invalid device ordinal",
    reason: "a process was given a GPU that the container does not have: there are more processes than GPUs",
    remedy: "nvidia-smi -L in the container counts them; lower slots to that, or let it see more (container.gpus)",
  },
  {
    // NCCL, src/init.cc.
    name: "duplicate-gpu",
    pattern: "Duplicate GPU detected : rank (?<one>\\d+) and rank (?<other>\\d+) both on CUDA device (?<device>\\S+)",
    reason: "ranks {one} and {other} were given the same GPU (bus {device})",
    remedy:
      "one rank for each GPU: are two hosts of the cluster file one machine, or does train.env set CUDA_VISIBLE_DEVICES?",
  },
  {
    name: "driver-too-old",
    pattern: "CUDA driver version is insufficient for CUDA runtime version|The NVIDIA driver on your system is too old",
    reason: "the host's NVIDIA driver is too old for the image's CUDA",
    remedy: "update the driver on that host, or use an image with an older CUDA; nvidia-smi shows what the driver can",
  },
  {
    name: "no-driver",
    pattern: "Found no NVIDIA driver on your system|No CUDA GPUs are available",
    reason: "the process sees no GPU",
    remedy: "run `nvidia-smi` on the host and in the container: `muster doctor` tells which of the two lacks it",
  },
  {
    name: "host-memory-full",
    pattern: `${rootCause("-9")}|^(?:was ended by|ended with exit code \\d+ \\(its child:) SIGKILL`,
    reason: "a process was killed from outside: by the kernel for lack of memory, or by somebody",
    remedy: "on that host `dmesg -T | grep -i 'killed process'` tells; give it more memory or fewer processes",
  },
];

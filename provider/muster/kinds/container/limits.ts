import type { ContainerInputs } from "./inputs";

/** What docker changes in a living container. */
export type Limits = Pick<
  ContainerInputs,
  "memoryMib" | "memorySwapMib" | "cpus" | "cpusetCpus" | "pidsLimit" | "restart"
>;

export interface HostLimits {
  readonly Memory?: number | null | undefined;
  readonly MemorySwap?: number | null | undefined;
  readonly NanoCpus?: number | null | undefined;
  readonly CpusetCpus?: string | null | undefined;
  readonly PidsLimit?: number | null | undefined;
  readonly RestartPolicy?: { readonly Name: string } | null | undefined;
}

const MIB = 1024 ** 2;

/**
 * `docker update` (20.10 to 28) takes 0 for "as it is", and hands no negative memory to the kernel: a limit goes away by one
 * above all that there is. This is the largest that cgroups take (PAGE_COUNTER_MAX of 4 KiB pages).
 */
const NO_MEMORY_LIMIT_BYTES = 2n ** 63n - 4096n;

/** Of `docker run`: a limit that is not declared is left out. */
export function limitArguments(limits: Limits): string[] {
  return [
    ...(limits.memoryMib === undefined ? [] : [`--memory=${bytes(limits.memoryMib)}`]),
    ...(limits.memorySwapMib === undefined ? [] : [`--memory-swap=${bytes(limits.memorySwapMib)}`]),
    ...(limits.cpus === undefined ? [] : [`--cpus=${limits.cpus}`]),
    ...(limits.cpusetCpus === undefined ? [] : [`--cpuset-cpus=${limits.cpusetCpus}`]),
    ...(limits.pidsLimit === undefined ? [] : [`--pids-limit=${limits.pidsLimit}`]),
    ...(limits.restart === undefined ? [] : [`--restart=${limits.restart}`]),
  ];
}

/** Processors of a host: how many, and their numbers as the kernel lists them (`0-63`). */
export interface Processors {
  readonly count: number;
  readonly list: string;
}

/** What a container has, in the words of the inputs. A limit that limits nothing on this host is none. */
export function limitsOf(host: HostLimits, processors: Processors): Limits {
  return effective(
    {
      memoryMib: mebibytes(host.Memory),
      memorySwapMib: mebibytes(host.MemorySwap),
      cpus: host.NanoCpus ? host.NanoCpus / 1e9 : undefined,
      cpusetCpus: host.CpusetCpus || undefined,
      pidsLimit: host.PidsLimit && host.PidsLimit > 0 ? host.PidsLimit : undefined,
      restart: (host.RestartPolicy?.Name || "no") as NonNullable<Limits["restart"]>,
    },
    processors,
  );
}

/** The fields in which a container's limits are not the declared ones. */
export function limitDrift(found: Limits, declared: Limits, processors: Processors): (keyof Limits)[] {
  const wanted = effective(declared, processors);
  const keys = ["memoryMib", "memorySwapMib", "cpus", "cpusetCpus", "pidsLimit", "restart"] as const;
  return keys.filter(key => found[key] !== wanted[key]);
}

/** Options of `docker update` that make a container's limits the declared ones; none, if they are. */
export function updateArguments(found: Limits, wanted: Limits, processors: Processors): string[] {
  const drift = new Set(limitDrift(found, wanted, processors));
  const options: string[] = [];
  if (drift.has("memoryMib") || drift.has("memorySwapMib")) {
    const memory = wanted.memoryMib === undefined ? NO_MEMORY_LIMIT_BYTES : BigInt(bytes(wanted.memoryMib));
    const twice = wanted.memoryMib === undefined ? memory : 2n * memory;
    const swap = wanted.memorySwapMib === undefined ? twice : BigInt(bytes(wanted.memorySwapMib));
    // Both at once: docker refuses a limit of memory above the one of memory and swap that it had.
    options.push(`--memory=${memory}`, `--memory-swap=${swap}`);
  }
  if (drift.has("cpus")) options.push(`--cpus=${wanted.cpus ?? processors.count}`);
  if (drift.has("cpusetCpus")) options.push(`--cpuset-cpus=${wanted.cpusetCpus ?? processors.list}`);
  if (drift.has("pidsLimit")) options.push(`--pids-limit=${wanted.pidsLimit ?? -1}`);
  if (drift.has("restart")) options.push(`--restart=${wanted.restart ?? "no"}`);
  return options;
}

/** Limits that limit nothing left out, and each said in one way. */
function effective(limits: Limits, processors: Processors): Limits {
  const { memoryMib, memorySwapMib, cpus, cpusetCpus, pidsLimit, restart = "no" } = limits;
  const set = numbersOf(cpusetCpus ?? processors.list);
  return {
    ...(memoryMib !== undefined && { memoryMib }),
    ...(memoryMib !== undefined && memorySwapMib !== undefined && memorySwapMib !== 2 * memoryMib && { memorySwapMib }),
    ...(cpus !== undefined && cpus < processors.count && { cpus }),
    ...(set.join() !== numbersOf(processors.list).join() && { cpusetCpus: set.join() }),
    ...(pidsLimit !== undefined && { pidsLimit }),
    restart,
  };
}

function bytes(mib: number): number {
  return Math.round(mib * MIB);
}

/** Undefined for 0 (docker's "none"), for a negative number, and for one above all memory. */
function mebibytes(count: number | null | undefined): number | undefined {
  return count === null || count === undefined || count <= 0 || count > 2 ** 60 ? undefined : count / MIB;
}

/** `0-2,7` as 0, 1, 2, 7. */
function numbersOf(list: string): number[] {
  return list
    .trim()
    .split(",")
    .flatMap(part => {
      const [first = 0, last = first] = part.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    })
    .sort((a, b) => a - b);
}

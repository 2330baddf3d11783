import type { Topic } from "./fact";

export interface Memory {
  readonly totalMib: number;
}

export interface AvailableMemory {
  readonly availableMib: number;
}

export const memory: Topic<Memory> = {
  snippet: "grep '^MemTotal:' /proc/meminfo",
  parse: output => ({ totalMib: mib(output, "MemTotal") }),
};

export const availableMemory: Topic<AvailableMemory> = {
  snippet: "grep '^MemAvailable:' /proc/meminfo",
  parse: output => ({ availableMib: mib(output, "MemAvailable") }),
};

function mib(output: string, name: string): number {
  const [, kib] = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(output) ?? [];
  if (kib === undefined) throw new Error(`/proc/meminfo has no ${name}`);
  return Math.floor(Number(kib) / 1024);
}

import { readFileSync } from "node:fs";

/** Whether a process lives, and is not only waiting to be fetched by its parent. */
export function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

import type { Topic } from "./fact";

/** Limits of a login; containers get their own from Docker. */
export interface Limits {
  /** `-l`: KiB that may be locked, which RDMA needs. */
  readonly memlockKib: number | "unlimited";
  /** `-n` */
  readonly openFiles: number | "unlimited";
}

export const limits: Topic<Limits> = {
  // dash has -l and -n, though POSIX promises only -f.
  snippet: "ulimit -l && ulimit -n",
  parse(output) {
    const [memlock = "", files = ""] = output.trim().split("\n");
    return { memlockKib: limit(memlock), openFiles: limit(files) };
  },
};

function limit(text: string): number | "unlimited" {
  if (text === "unlimited") return text;
  if (!/^\d+$/.test(text)) throw new Error(`ulimit gave "${text}"`);
  return Number(text);
}

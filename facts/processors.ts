import type { Topic } from "./fact";

export interface Processors {
  /** Logical processors that are online. */
  readonly count: number;
  readonly model: string;
  readonly numaNodes: number;
}

export const processors: Topic<Processors> = {
  snippet: `nproc --all
ls -d /sys/devices/system/node/node[0-9]* 2>/dev/null | wc -l
sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1`,
  parse(output) {
    const [count = "", nodes = "", model = ""] = output.split("\n");
    if (!/^\d+$/.test(count.trim())) throw new Error(`nproc gave "${count}"`);
    return { count: Number(count), model: model.trim(), numaNodes: Math.max(1, Number(nodes.trim()) || 0) };
  },
};

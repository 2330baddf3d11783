import { ABSENT, type Topic } from "./fact";

export interface Gpu {
  readonly index: number;
  readonly name: string;
  readonly uuid: string;
  readonly memoryMib: number;
  readonly driverVersion: string;
}

export interface GpuUse {
  readonly index: number;
  readonly usedMemoryMib: number;
}

/** nvidia-smi waits for ever when a GPU has fallen off the bus. */
const ASK = "timeout 20 nvidia-smi --format=csv,noheader,nounits --query-gpu";

const FIND = `command -v nvidia-smi >/dev/null || {
  [ -e /dev/nvidiactl ] || exit ${ABSENT}
  echo "there are NVIDIA devices, but nvidia-smi is not installed"; exit 1
}`;

export const gpus: Topic<readonly Gpu[]> = {
  snippet: `${FIND}\n${ASK}=index,name,uuid,memory.total,driver_version`,
  parse: output =>
    rows(output, 5).map(([index = "", name = "", uuid = "", memory = "", driverVersion = ""]) => ({
      index: whole(index),
      name,
      uuid,
      memoryMib: whole(memory),
      driverVersion,
    })),
};

export const gpuUse: Topic<readonly GpuUse[]> = {
  snippet: `${FIND}\n${ASK}=index,memory.used`,
  parse: output =>
    rows(output, 2).map(([index = "", used = ""]) => ({ index: whole(index), usedMemoryMib: whole(used) })),
};

function rows(output: string, columns: number): string[][] {
  const lines = output.split("\n").filter(line => line.trim() !== "");
  return lines.map(line => {
    const cells = line.split(",").map(cell => cell.trim());
    if (cells.length !== columns) throw new Error(`nvidia-smi said: ${line.trim()}`);
    return cells;
  });
}

function whole(text: string): number {
  const digits = text.replace(/ MiB$/, "");
  if (!/^\d+$/.test(digits)) throw new Error(`nvidia-smi gave "${text}" for a number`);
  return Number(digits);
}
